package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// handed is a night with a run that needs somebody, and one that not everybody may know of.
func handed(team string) action.Handed {
	shut := action.Run{Number: 885, Definition: action.Definition{ID: "keys/rotate", Title: "Rotate the keys", Team: team, Visibility: people.TeamOnly, Services: []string{"webhooks"}}, State: action.Succeeded,
		Result: action.Result{Done: true, Summary: "The key AKIA-1 was rotated."}}
	open := action.Run{Number: 884, Definition: action.Definition{ID: "queue/park", Title: "Take the poisoned message out", Team: team, Risk: action.RiskChange, Services: []string{"webhooks"}}, State: action.Unknown,
		Reason: "Its consumer\nloops", Result: action.Result{Unknown: true, Summary: "The broker fell silent.", Tables: []action.Table{{Title: "Taken", Columns: []string{"message", "customer"}, Rows: [][]string{{"m-4711", "Nordpank"}}}},
			Files: []action.File{{Name: "envelope.json"}}, Links: map[string]string{"The queue": "https://rabbit.verity.example/#/queues", "Restart": "action:pods/restart"}}}
	return action.Handed{Handover: action.Handover{Team: team, Night: people.Night{Day: "2026-11-24", From: start.Add(-12 * time.Hour), Until: start}}, Runs: []action.Run{open, shut},
		Address: "https://desk.verity.example/handover/" + team + "-2026-11-24", RunAddress: func(r action.Run) string { return "https://desk.verity.example/runs/" + r.Ref() }}
}

// One press makes a hand-over a request to its team, with the evidence that everybody may read; the second press, whoever's, finds that request.
func TestHandoverIsMadeARequest(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		k := newFrontdesk(t, db, c)
		h := handed("frontline")
		if _, ok, err := k.TakenUp(t.Context(), k.actor("liis"), h.Handover); ok || err != nil {
			t.Fatalf("before: %v, %v", ok, err)
		}
		r, fresh, err := k.TakeUp(t.Context(), k.actor("liis"), h)
		k.must(err)
		if !fresh || r.Team != "frontline" || r.Channel != desk.FromHandover || r.State != desk.New || !strings.Contains(r.Title, "2026-11-24: 2 runs, 1 to look at") {
			t.Errorf("the request is %+v, fresh %v", r, fresh)
		}
		again, fresh, err := k.TakeUp(t.Context(), k.actor("karl"), h)
		if err != nil || fresh || again.ID != r.ID {
			t.Errorf("the second press: %s, %v, %v", again.Name(), fresh, err)
		}
		if known, ok, err := k.TakenUp(t.Context(), k.actor("karl"), h.Handover); err != nil || !ok || known.ID != r.ID {
			t.Errorf("the button leads to %s, %v, %v", known.Name(), ok, err)
		}
		talk, err := k.Conversation(t.Context(), k.actor("karl"), r.Name())
		k.must(err)
		if len(talk.Messages) != 1 {
			t.Fatalf("%d messages", len(talk.Messages))
		}
		body := talk.Messages[0].Text.Body
		for _, want := range []string{"RUN-884  Take the poisoned message out: unknown", "Nobody knows what became of it", "Why it was run: Its consumer loops", "The broker fell silent.", "m-4711, Nordpank", "envelope.json",
			"The queue: https://rabbit.verity.example", "https://desk.verity.example/runs/RUN-884", "RUN-885: succeeded. What it did is open to its team.", "https://desk.verity.example/handover/frontline-2026-11-24"} {
			if !strings.Contains(body, want) {
				t.Errorf("the request does not say %q:\n%s", want, body)
			}
		}
		for _, never := range []string{"AKIA-1", "Rotate the keys", "action:pods"} {
			if strings.Contains(body, never) {
				t.Errorf("the request says %q:\n%s", never, body)
			}
		}
		k.must(errOf(k.Reply(t.Context(), k.actor("liis"), r.Name(), desk.Words{Body: "We look."})))
		quiet := action.Handed{Handover: action.Handover{Team: "frontline", Night: people.Night{Day: "2026-11-25"}}}
		if _, _, err := k.TakeUp(t.Context(), k.actor("liis"), quiet); !fault.Is(err, fault.Invalid) {
			t.Errorf("a quiet night: %v", err)
		}
		if _, _, err := k.TakeUp(t.Context(), people.Actor{Kind: people.Nobody}, handed("pipeline")); !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.Forbidden) {
			t.Errorf("nobody presses: %v", err)
		}
	})
}

// Two who press at the same moment, on two replicas, make one request.
func TestHandoverIsMadeOneRequest(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		k := newFrontdesk(t, a, a.clock.(*clock.Moved))
		l := &desk.Service{DB: b, Book: k.Book, Now: b.Now, Channels: k.Channels, Link: k.Link}
		var wg sync.WaitGroup
		made := make([]desk.Request, 6)
		fresh := make([]bool, 6)
		for i := range made {
			wg.Go(func() {
				var err error
				if made[i], fresh[i], err = []*desk.Service{k.Service, l}[i%2].TakeUp(t.Context(), k.actor([]string{"liis", "karl"}[i%2]), handed("frontline")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		for i := range made {
			if fresh[i] {
				n++
			}
			if made[i].ID != made[0].ID {
				t.Errorf("%s and %s", made[i].Name(), made[0].Name())
			}
		}
		if n != 1 {
			t.Errorf("%d presses were the first", n)
		}
	})
}

func errOf(_ desk.Request, err error) error { return err }
