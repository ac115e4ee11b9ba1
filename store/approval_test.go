package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// staffed is what is configured, with the people of Verity.
type staffed struct {
	book
	crew map[string]people.Person
}

func (h staffed) Person(id string) (people.Person, bool) { p, ok := h.crew[id]; return p, ok }
func (h staffed) People() []people.Person {
	var all []people.Person
	for _, id := range []string{"aisha", "karl", "liis", "marika", "rasmus", "wanjiru"} {
		if p, ok := h.crew[id]; ok {
			all = append(all, p)
		}
	}
	return all
}

// newStaffed is a desk with more people and actions: one of each risk, one whose owners want two others, and one with a budget.
func newStaffed(t *testing.T, db *DB, c *clock.Moved) (*workplace, staffed) {
	t.Helper()
	d := newDesk(t, db, c)
	h := staffed{book: d.book, crew: map[string]people.Person{}}
	for id, role := range map[string]people.Role{"liis": people.Support, "rasmus": people.Member, "karl": people.Lead, "wanjiru": people.Lead, "aisha": people.Lead, "marika": people.Admin} {
		h.crew[id] = people.Person{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Role: role, Email: id + "@verity.example", Teams: []string{"support"}}
	}
	define := func(id string, change func(*action.Definition)) {
		a := takeMessage()
		a.ID, a.Limits = id, action.Limits{Timeout: time.Minute}
		change(&a)
		if wrong := a.Check(); len(wrong) > 0 {
			t.Fatalf("%s: %v", id, wrong)
		}
		d.book[id] = a
	}
	define("shelf/look", func(a *action.Definition) { a.Risk = action.RiskRead })
	define("shelf/move", func(a *action.Definition) {})
	define("shelf/tidy", func(a *action.Definition) { a.Approval = &action.Approval{Count: 1} })
	define("shelf/burn", func(a *action.Definition) { a.Risk = action.RiskDanger })
	define("shelf/sell", func(a *action.Definition) { a.Approval = &action.Approval{Count: 2}; a.Limits.OneAtATime = true })
	define("shelf/pick", func(a *action.Definition) { a.Limits.Budget = &action.Budget{Most: 3} })
	d.Runner.Book = func(context.Context) (action.Directory, error) { return h, nil }
	d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
		return action.Result{Done: true, Summary: "Done."}, led.Commit(ctx, "done", nil)
	}
	return d, h
}

// screen is the person at a screen who has just typed their password.
func (h staffed) screen(id string, c clock.Clock) people.Actor {
	a := people.As(h.crew[id], "screen")
	a.ConfirmedAt = c.Now()
	return a
}

func (d *workplace) planOf(t *testing.T, by people.Actor, id string) action.Run {
	t.Helper()
	r, err := d.Plan(t.Context(), by, action.PlanRequest{Action: id, Inputs: map[string]any{"message": "m1"}, Reason: "it loops"})
	if err != nil {
		t.Fatalf("Plan of %s: %v", id, err)
	}
	return r
}

func (d *workplace) click(t *testing.T, by people.Actor, r action.Run, glass string) (action.Run, error) {
	t.Helper()
	return d.Start(t.Context(), by, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "click " + r.ID, Glass: glass})
}

// asked is a run that waits.
func (d *workplace) asked(t *testing.T, by people.Actor, id string) action.Run {
	t.Helper()
	r, err := d.click(t, by, d.planOf(t, by, id), "")
	if err != nil || r.State != action.Waiting {
		t.Fatalf("Start of %s: %s, %v, want it to wait", id, r.State, err)
	}
	return r
}

// rights is the approval matrix: what becomes of a caller's own start of a read, a change, a change that needs a yes, and a danger; of their yes to
// somebody else's change, to somebody else's danger, and to their own run. runs: it begins; waits: for others; yes: it counts; pw: the password is
// asked for first; no: forbidden; 401: sign in.
const rights = `
screen member    no   no   no    no     no  no  no
screen support   runs runs waits no     no  no  no
screen lead      runs runs waits waits  yes yes no
screen admin     runs runs waits waits  yes yes no
stale  support   runs runs waits no     no  no  no
stale  lead      runs runs waits pw     yes pw  no
stale  admin     runs runs waits pw     yes pw  no
token  member    no   no   no    no     no  no  no
token  support   runs runs waits no     no  no  no
token  lead      runs runs waits no     yes no  no
token  admin     runs runs waits no     yes no  no
bare   support   runs runs waits no     no  no  no
bare   admin     runs runs waits waits  no  no  no
rule   member    no   no   no    no     no  no  no
rule   support   runs runs waits no     no  no  no
rule   lead      runs runs waits waits  no  no  no
rule   admin     runs runs waits waits  no  no  no
source admin     no   no   no    no     no  no  no
link   admin     no   no   no    no     no  no  no
system -         runs runs waits waits  no  no  no
nobody -         401  401  401   401    401 401 401
`

func caller(how string, role people.Role, c clock.Clock) people.Actor {
	p := people.Person{ID: "tonis", Name: "Tõnis Kask", Role: role, Teams: []string{"support"}}
	kinds := map[string]people.ActorKind{"bare": people.ByToken, "rule": people.ByRule, "source": people.BySource, "link": people.ByLink}
	a := people.As(p, "screen")
	switch how {
	case "screen":
		a.ConfirmedAt = c.Now()
	case "stale":
		a.ConfirmedAt = c.Now().Add(-people.ConfirmedFor - time.Second)
	case "token":
		a.Via = "api"
	case "system":
		return people.System("job")
	case "nobody":
		return people.Anonymous("screen")
	default:
		a.Kind, a.Via, a.ConfirmedAt = kinds[how], "api", c.Now()
	}
	return a
}

func TestApprovalMatrix(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		for line := range strings.Lines(strings.TrimSpace(rights)) {
			w := strings.Fields(line)
			by, other := caller(w[0], people.Role(w[1]), c), h.screen("wanjiru", c)
			h.crew["tonis"] = people.Person{ID: "tonis", Name: "Tõnis Kask", Role: people.Role(w[1]), Teams: []string{"support"}}
			for i, id := range []string{"shelf/look", "shelf/move", "shelf/tidy", "shelf/burn"} {
				_, planErr := d.Plan(t.Context(), by, action.PlanRequest{Action: id, Inputs: map[string]any{"message": "m1"}, Reason: "r"})
				r := d.planOf(t, h.screen("marika", c), id) // the start must hold by itself, whoever planned
				r, err := d.click(t, by, r, "")
				if got := became(r, err); got != w[2+i] {
					t.Errorf("%s %s starts %s: %s (%v), want %s", w[0], w[1], id, got, err, w[2+i])
				}
				if may := w[2+i] != "no" && w[2+i] != "401"; w[2+i] != "pw" && may != (planErr == nil) && (w[0] != "token" || id != "shelf/burn") {
					t.Errorf("%s %s plans %s: %v", w[0], w[1], id, planErr)
				}
			}
			for i, id := range []string{"shelf/tidy", "shelf/burn"} {
				r := d.asked(t, other, id)
				r, err := d.Approve(t.Context(), by, r.ID, r.PlanHash, "")
				if got := became(r, err); strings.Replace(got, "runs", "yes", 1) != w[6+i] {
					t.Errorf("%s %s approves %s: %s (%v), want %s", w[0], w[1], id, got, err, w[6+i])
				}
			}
			own := d.asked(t, other, "shelf/tidy")
			if _, err := d.Approve(t.Context(), by, d.mine(t, own, by).ID, own.PlanHash, ""); became(action.Run{}, err) != w[8] {
				t.Errorf("%s %s approves their own: %v, want %s", w[0], w[1], err, w[8])
			}
		}
	})
}

// mine makes the run look as if the caller had planned it.
func (d *workplace) mine(t *testing.T, r action.Run, by people.Actor) action.Run {
	t.Helper()
	err := d.db.write(t.Context(), func(x *tx) error {
		_, err := x.exec(t.Context(), `UPDATE run SET planned_by = $2 WHERE id = $1`, r.ID, asJSON(journal.By(by)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func became(r action.Run, err error) string {
	switch {
	case people.MustConfirm(err):
		return "pw"
	case fault.Is(err, fault.Unauthenticated):
		return "401"
	case fault.Is(err, fault.Forbidden):
		return "no"
	case err != nil:
		return "broken"
	case r.State == action.Running:
		return "runs"
	}
	return "waits"
}

// TestWaysAroundAnApproval tries them one after the other on one run that waits.
func TestWaysAroundAnApproval(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		ctx, karl, wanjiru, marika := t.Context(), h.screen("karl", c), h.screen("wanjiru", c), h.screen("marika", c)
		token := people.As(h.crew["karl"], "api")
		want := func(what string, kind fault.Kind, err error) {
			t.Helper()
			if !fault.Is(err, kind) {
				t.Errorf("%s: %v, want %s", what, err, kind)
			}
		}
		approve := func(by people.Actor, r action.Run, hash string) error {
			_, err := d.Approve(ctx, by, r.ID, hash, "")
			return err
		}
		start := func(by people.Actor, r action.Run, hash, key string) error {
			_, err := d.Start(ctx, by, action.StartRequest{Run: r.ID, PlanHash: hash, Key: key})
			return err
		}
		planned := d.planOf(t, karl, "shelf/sell")
		want("a yes to a plan that nobody asked for", fault.Conflict, approve(wanjiru, planned, planned.PlanHash))
		want("a start of another plan", fault.Conflict, start(karl, planned, "0000", "k"))
		r := d.asked(t, karl, "shelf/sell")
		want("the same wish with another click", fault.Conflict, start(karl, r, r.PlanHash, "another click"))
		want("the same wish by another person", fault.Conflict, start(wanjiru, r, r.PlanHash, "another click"))
		if again, err := d.click(t, karl, r, ""); err != nil || again.State != action.Waiting {
			t.Errorf("the same click again: %s, %v, want it to wait still", again.State, err)
		}
		want("one's own yes", fault.Forbidden, approve(karl, r, r.PlanHash))
		want("one's own yes with a token", fault.Forbidden, approve(token, r, r.PlanHash))
		want("one's own no", fault.Forbidden, func() error { _, err := d.Refuse(ctx, karl, r.ID, "no"); return err }())
		want("a yes to another plan", fault.Conflict, approve(wanjiru, r, "0000"))
		for range 3 { // one person is one yes
			if err := approve(wanjiru, r, r.PlanHash); err != nil {
				t.Errorf("a yes given again: %v", err)
			}
			if err := approve(people.As(h.crew["wanjiru"], "api"), r, r.PlanHash); err != nil {
				t.Errorf("the same yes with a token: %v", err)
			}
		}
		if now := d.now(t, r); now.State != action.Waiting || len(now.Consent.Approvals) != 1 {
			t.Fatalf("after one person's yes it is %s with %d", now.State, len(now.Consent.Approvals))
		}
		changed := d.book["shelf/sell"]
		before := changed
		changed.Purpose = "Something else."
		d.book["shelf/sell"] = changed
		want("a yes after the action was changed", fault.Conflict, approve(marika, r, r.PlanHash))
		d.book["shelf/sell"] = before
		gone := h.crew["karl"]
		delete(h.crew, "karl")
		want("a yes to somebody who is gone", fault.Conflict, approve(marika, r, r.PlanHash))
		gone.Role = people.Member
		h.crew["karl"] = gone
		want("a yes to somebody who may not run it any more", fault.Conflict, approve(marika, r, r.PlanHash))
		gone.Role = people.Lead
		h.crew["karl"] = gone
		if _, err := d.Cancel(ctx, karl, r.ID); err != nil {
			t.Fatal(err)
		}
		want("a yes after it was withdrawn", fault.Conflict, approve(marika, r, r.PlanHash))
		want("a start after it was withdrawn", fault.Conflict, start(karl, r, r.PlanHash, "k"))

		r = d.asked(t, karl, "shelf/sell")
		c.Move(time.Hour)
		want("a yes when its time is up", fault.Conflict, approve(marika, r, r.PlanHash))
		if r = d.work(t, r); r.State != action.Expired || r.Charged != "" {
			t.Errorf("when its time is up it is %s", r.State)
		}
		want("a yes when it is over", fault.Conflict, approve(marika, r, r.PlanHash))
		if n := d.shelf.done(); n != 0 {
			t.Errorf("it was done %d times", n)
		}
	})
}

// TestApproversAtOnce lets everybody say yes at the same moment, on both replicas: it starts once.
func TestApproversAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := clock.NewMoved(start)
		first, h := newStaffed(t, a, c)
		second, _ := newStaffed(t, b, c)
		second.shelf, second.Kinds, second.Runner.Book = first.shelf, first.Kinds, first.Runner.Book
		for range 5 {
			r := first.asked(t, h.screen("liis", c), "shelf/sell")
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				by := h.screen([]string{"karl", "wanjiru", "aisha", "marika"}[i/2], c)
				d := []*workplace{first, second}[i%2]
				wg.Go(func() { _, errs[i] = d.Approve(t.Context(), by, r.ID, r.PlanHash, "") })
			}
			wg.Wait()
			for _, err := range errs {
				if err != nil && !fault.Is(err, fault.Conflict) {
					t.Errorf("refused with %v", err)
				}
			}
			if r = first.work(t, r); r.State != action.Succeeded || len(r.Consent.Approvals) != 2 || r.Consent.Approvals[0].By.ID == r.Consent.Approvals[1].By.ID {
				t.Errorf("it is %s with %+v", r.State, r.Consent.Approvals)
			}
			if got := verbsOf(t, a, r); !slices.Equal(got, []string{"run.planned", "run.approval_requested", "run.approved", "run.approved", "run.started", "run.step", "run.succeeded"}) {
				t.Errorf("the journal holds %v", got)
			}
		}
		if n := first.shelf.done(); n != 5 {
			t.Errorf("5 runs were done %d times", n)
		}
	})
}

func verbsOf(t *testing.T, db *DB, r action.Run) []string {
	t.Helper()
	entries, err := db.JournalOf(t.Context(), []journal.Subject{journal.Of("run", r.ID)}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Verb)
		if e.Verb != "run.step" && e.Verb != "run.succeeded" && e.Facts["plan"] != r.PlanHash {
			t.Errorf("%s does not say which plan: %v", e.Verb, e.Facts)
		}
	}
	return out
}

// TestAskingTellsThoseWhoMay mails everybody who may say yes but whoever asked, and says which plan.
func TestAskingTellsThoseWhoMay(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		post := &postOffice{}
		d.Mailer, d.Link = post, func(r action.Run) string { return "https://frontline.verity.example/runs/" + r.Ref() }
		r := d.asked(t, h.screen("karl", c), "shelf/burn")
		d.work(t, r)
		slices.Sort(post.to)
		if want := []string{"aisha@verity.example", "marika@verity.example", "wanjiru@verity.example"}; !slices.Equal(post.to, want) {
			t.Errorf("mailed %v, want %v", post.to, want)
		}
		if !strings.Contains(post.text, "Takes one message off.") || !strings.Contains(post.text, "/runs/"+r.Ref()) || strings.Contains(post.text, password) {
			t.Errorf("the mail says:\n%s", post.text)
		}
		lonely := people.Person{ID: "wanjiru", Name: "Wanjiru", Role: people.Lead}
		for id := range h.crew {
			delete(h.crew, id)
		}
		h.crew["wanjiru"] = lonely
		own := h.screen("wanjiru", c)
		if _, err := d.click(t, own, d.planOf(t, own, "shelf/burn"), ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("asked where nobody else may say yes: %v, want a conflict", err)
		}
	})
}

type postOffice struct {
	mu   sync.Mutex
	to   []string
	text string
}

// Mail implements action.Mailer.
func (p *postOffice) Mail(_ context.Context, to, _, text, _ string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to, p.text = append(p.to, to), text
	return "250 queued", nil
}

// TestListsSayWho lets a definition's lists take the place of the roles.
func TestListsSayWho(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		ctx := t.Context()
		a := takeMessage()
		a.ID, a.Risk, a.Limits = "shelf/own", action.RiskDanger, action.Limits{}
		a.Allow = action.Allow{See: []people.Who{"team:support"}, Run: []people.Who{"person:rasmus"}, Approve: []people.Who{"person:liis"}}
		d.book[a.ID] = a
		outside := people.As(people.Person{ID: "tonis", Role: people.Lead, Teams: []string{"fraud"}}, "screen")
		r := d.asked(t, h.screen("rasmus", c), a.ID) // a member, who is in the list
		if _, err := d.Run(ctx, outside, r.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("who may not see it: %v", err)
		}
		if _, err := d.Approve(ctx, outside, r.ID, r.PlanHash, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("who may not see it approves: %v", err)
		}
		if _, err := d.Plan(ctx, h.screen("karl", c), action.PlanRequest{Action: a.ID, Inputs: map[string]any{"message": "m1"}, Reason: "r"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a lead who is not in the list plans: %v", err)
		}
		if _, err := d.Approve(ctx, h.screen("karl", c), r.ID, r.PlanHash, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a lead who is not in the list approves: %v", err)
		}
		if r, err := d.Approve(ctx, h.screen("liis", c), r.ID, r.PlanHash, "Go on"); err != nil || r.State != action.Running || r.StartedBy.ID != "rasmus" {
			t.Errorf("support who is in the list approves: %s, %v", r.State, err)
		}
		d.shelf.do = nil // it takes the message out
		if r = d.work(t, r); r.State != action.Succeeded {
			t.Fatalf("it is %s", r.State)
		}
		if kept, err := d.Runner.Quarantine(ctx, outside, action.KeptFilter{Run: r.ID}); err != nil || len(kept) != 0 {
			t.Errorf("another team finds what a hidden action keeps: %v, %v", kept, err)
		}
		own := d.planOf(t, h.screen("rasmus", c), a.ID)
		if _, err := d.Cancel(ctx, h.screen("rasmus", c), own.ID); !fault.Is(err, fault.Conflict) && err != nil {
			t.Errorf("who may run it may discard it: %v", err)
		}
	})
}
