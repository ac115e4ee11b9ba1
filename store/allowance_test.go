package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// bounded is a shelf that says what it allows.
type bounded struct {
	*shelf
	asked []string // the passwords it was asked with
	say   func(action.Call) (action.Allowance, error)
}

var _ action.Bounded = (*bounded)(nil)

func (b *bounded) Neighbour(action.Call) string { return "https://shelf.verity.example" }

func (b *bounded) Allowed(_ context.Context, c action.Call) (action.Allowance, error) {
	b.asked = append(b.asked, c.Secrets["password"].Reveal())
	return b.say(c)
}

// reach is a workplace with three actions that reach one shelf, one of them through a runner, and one that only its team may know of.
func reach(t *testing.T, db *DB, c *clock.Moved) (*workplace, *bounded) {
	t.Helper()
	d := newDesk(t, db, c)
	b := &bounded{shelf: d.shelf, say: func(c action.Call) (action.Allowance, error) {
		return action.Allowance{Account: "frontline with " + c.Secrets["password"].Reveal(), Version: "v3", Rights: []action.Right{{Where: "shelf", What: "take", Must: true, Allowed: c.Risk == action.RiskChange}}}, nil
	}}
	kinds, err := action.NewKinds(b)
	if err != nil {
		t.Fatal(err)
	}
	d.Kinds, d.Allowances = kinds, db
	for id, change := range map[string]func(*action.Definition){
		"shelf/empty":  func(x *action.Definition) { x.Risk = action.RiskDanger },
		"shelf/berlin": func(x *action.Definition) { x.Runner = map[string]string{"network": "berlin"} },
		"shelf/secret": func(x *action.Definition) { x.Team, x.Visibility = "pipeline", people.TeamOnly },
	} {
		x := takeMessage()
		x.ID = id
		change(&x)
		d.book[id] = x
	}
	return d, b
}

// What a neighbour allows each action is asked with its own secrets, kept for every replica, masked, and written down; what somebody may not know of is not
// shown to them, and what only a runner reaches is not asked from here.
func TestAllowancesAreKept(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, b := reach(t, db, c)
		all, err := d.Neighbours(t.Context(), d.liis)
		if err != nil || len(all) != 2 || len(all[0].Actions)+len(all[1].Actions) != 3 {
			t.Fatalf("before anybody looked: %+v, %v", all, err)
		}
		here, there := all[0], all[1]
		if len(here.Runner) > 0 {
			here, there = there, here
		}
		if here.Actions[0].Verdict() != action.NotAsked || !here.LookedAt().IsZero() || here.ID == there.ID {
			t.Errorf("before anybody looked: %+v", here)
		}
		if _, err := d.LookAt(t.Context(), d.liis, there.ID); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "Only a runner") {
			t.Errorf("what a runner reaches: %v", err)
		}
		rasmus := people.As(people.Person{ID: "rasmus", Role: people.Member}, "screen")
		if _, err := d.LookAt(t.Context(), rasmus, here.ID); !fault.Is(err, fault.Forbidden) || len(b.asked) > 0 {
			t.Errorf("a member asks: %v, %v", err, b.asked)
		}
		now, err := d.LookAt(t.Context(), d.liis, here.Address)
		if err != nil || len(now.Actions) != 2 || now.Actions[0].Verdict() != action.AllowedNot || now.Actions[1].Verdict() != action.AllowedAll || now.LookedBy().ID != "liis" ||
			!now.LookedAt().Equal(c.Now()) || now.Version() != "v3" {
			t.Fatalf("after the look: %+v, %v", now, err)
		}
		if len(b.asked) != 2 || b.asked[0] != password || strings.Contains(now.Actions[0].Looked.Allowance.Account, password) {
			t.Errorf("asked with %q, and it says %q", b.asked, now.Actions[0].Looked.Allowance.Account)
		}
		entries, err := db.JournalOf(t.Context(), []journal.Subject{journal.Of("action", "shelf/empty")}, 10)
		if err != nil || len(entries) != 1 || entries[0].Verb != "action.allowance" || entries[0].Actor.ID != "liis" {
			t.Errorf("the journal says %+v, %v", entries, err)
		}
		x := d.book["shelf/empty"]
		x.Settings = map[string]any{"password": "env:ANOTHER"}
		d.book["shelf/empty"] = x
		if n, err := d.Neighbour(t.Context(), d.liis, here.ID); err != nil || n.Actions[0].Verdict() != action.NotAsked {
			t.Errorf("of an action that has changed: %+v, %v", n, err)
		}
		if _, err := d.Neighbour(t.Context(), d.liis, "nowhere"); !fault.Is(err, fault.NotFound) {
			t.Errorf("what nothing reaches: %v", err)
		}
	})
}

// A neighbour that is silent is waited for once, not for each of its actions; another mistake is that of one action alone.
func TestSilentNeighbourIsAskedOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, b := reach(t, db, c)
		b.say = func(action.Call) (action.Allowance, error) {
			return action.Allowance{}, fault.New(fault.Unavailable, "The shelf does not answer to %s.", password)
		}
		n, err := d.LookAt(t.Context(), d.liis, "https://shelf.verity.example")
		if err != nil || len(b.asked) != 1 || n.Actions[0].Verdict() != action.Unreached || n.Actions[1].Verdict() != action.Unreached || !strings.Contains(n.Fault(), "does not answer") || strings.Contains(n.Fault(), password) {
			t.Errorf("asked %d times: %+v, %v", len(b.asked), n, err)
		}
		c.Move(time.Minute)
		b.say = func(c action.Call) (action.Allowance, error) {
			if c.Risk == action.RiskDanger {
				panic("a broken kind")
			}
			return action.Allowance{}, nil
		}
		n, err = d.LookAt(t.Context(), d.liis, n.ID)
		if err != nil || n.Actions[0].Verdict() != action.Unreached || n.Actions[1].Verdict() != action.AllowedAll || n.Fault() != "" || !n.LookedAt().Equal(c.Now()) {
			t.Errorf("a minute later: %+v, %v", n, err)
		}
	})
}
