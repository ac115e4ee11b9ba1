package store

import (
	"cmp"
	"context"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/form"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// flow defines one over the actions of a staffed desk.
func (d *workplace) flow(t *testing.T, id string, risk action.Risk, steps ...map[string]any) {
	t.Helper()
	list := make([]any, len(steps))
	for i, s := range steps {
		list[i] = s
	}
	f := action.Definition{ID: id, Title: "Rescue the shelf", Team: "support", Risk: risk, Kind: action.FlowKind, Settings: map[string]any{"steps": list},
		Inputs: []form.Input{{Name: "message", Type: form.Text, Required: true}}}
	if wrong := append(d.Kinds.Check(f), f.CheckFlow(d.book.Action)...); len(wrong) > 0 {
		t.Fatalf("%s: %v", id, wrong)
	}
	d.book[id] = f
}

type table = map[string]any

func runs(id, action string, more ...string) table {
	s := table{"id": id, "action": action, "inputs": table{"message": "{inputs.message}"}}
	for i := 0; i < len(more); i += 2 {
		s[more[i]] = more[i+1]
	}
	return s
}

func asks(id string, more ...string) table {
	s := table{"id": id, "ask": "Is the shelf in order?"}
	for i := 0; i < len(more); i += 2 {
		s[more[i]] = more[i+1]
	}
	return s
}

// flowing plans and starts a flow.
func (d *workplace) flowing(t *testing.T, by people.Actor, id string) action.Run {
	t.Helper()
	r, err := d.click(t, by, d.planOf(t, by, id), "")
	if err != nil {
		t.Fatalf("Start of %s: %v", id, err)
	}
	return r
}

// steps tells how far the steps of a flow are: "take done, look asked".
func steps(r action.Run) string {
	out := make([]string, len(r.Course.Stages))
	for i, s := range r.Course.Stages {
		state := string(s.State)
		if s.State == action.StageAhead {
			state = "ahead"
		}
		out[i] = s.Step + " " + state
	}
	return string(r.State) + ": " + strings.Join(out, ", ")
}

func (d *workplace) wantSteps(t *testing.T, r action.Run, want string) action.Run {
	t.Helper()
	now := d.now(t, r)
	if got := steps(now); got != want {
		for _, s := range now.Course.Stages {
			t.Logf("%s: %s", s.Step, s.Why)
		}
		t.Fatalf("the flow is %q, want %q: %s", got, want, now.Result.Summary)
	}
	return now
}

// child is the run of a step.
func (d *workplace) child(t *testing.T, flow action.Run, step string) action.Run {
	t.Helper()
	for _, s := range d.now(t, flow).Course.Stages {
		if s.Step == step && s.Run != "" {
			return d.now(t, action.Run{ID: s.Run})
		}
	}
	t.Fatalf("%s has no run of %s", flow.Ref(), step)
	return action.Run{}
}

// Given a flow of two actions with a question between them, when Liis starts it, the first step does exactly the plan that she saw; the second one
// waits for Karl's yes; Wanjiru answers; what the condition rules out is skipped.
func TestFlowFromPlanToEnd(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		d.flow(t, "shelf/rescue", action.RiskChange, runs("take", "shelf/move"), runs("tidy", "shelf/tidy", "when", "steps.take.facts.messages > 0"),
			asks("look", "when", "steps.tidy.done"), runs("again", "shelf/move", "when", `steps.look.answer == "no"`), runs("last", "shelf/look"))
		d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			return action.Result{Done: true, Summary: "Done.", Facts: map[string]any{"messages": 1}}, led.Commit(ctx, "done", nil)
		}
		liis, karl, wanjiru := h.screen("liis", c), h.screen("karl", c), h.screen("wanjiru", c)
		planned, err := d.Plan(t.Context(), liis, action.PlanRequest{Action: "shelf/rescue", Inputs: table{"message": "m1"}, For: disturbance, Reason: "it loops"})
		if err != nil {
			t.Fatal(err)
		}
		if p := planned.Plan; len(p.Changes) != 1 || p.Changes[0].What != "m1" || p.Tables[0].Rows[1][1] != "runs shelf/tidy" || !strings.Contains(p.Summary, "The 4 steps after it are planned when their turn comes") {
			t.Errorf("the plan is %+v", p)
		}
		r, err := d.click(t, liis, planned, "")
		if err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		d.wantSteps(t, r, "running: take done, tidy running, look ahead, again ahead, last ahead")
		take, tidy := d.child(t, r, "take"), d.child(t, r, "tidy")
		if take.In != (action.Place{Flow: r.ID, Step: "take"}) || take.StartedBy.ID != "liis" || take.StartedBy.Via != "flow" || take.For != disturbance || take.Plan.Changes[0] != planned.Plan.Changes[0] {
			t.Errorf("the first step's run is %+v", take)
		}
		if tidy.State != action.Waiting {
			t.Fatalf("what needs a yes is %s: %s", tidy.State, tidy.Result.Summary)
		}
		if held := held(t, db); held != 0 {
			t.Errorf("%d jobs are held while the flow waits for a yes", held)
		}
		if _, err := d.Approve(t.Context(), liis, tidy.ID, tidy.PlanHash, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("her own yes to a step of her flow: %v", err)
		}
		if _, err := d.Approve(t.Context(), karl, tidy.ID, tidy.PlanHash, ""); err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		r = d.wantSteps(t, r, "running: take done, tidy done, look asked, again ahead, last ahead")
		if s, st, ok := r.Asking(); !ok || s.ID != "look" || !st.Until.Equal(c.Now().Add(time.Hour)) {
			t.Errorf("it asks %v until %v, %v", s, st.Until, ok)
		}
		if asking, err := d.List(t.Context(), wanjiru, action.RunFilter{Asking: true}); err != nil || len(asking) != 1 || asking[0].ID != r.ID {
			t.Errorf("flows that ask: %v, %v", asking, err)
		}
		if held := held(t, db); held != 0 {
			t.Errorf("%d jobs are held while the flow waits for an answer", held)
		}
		for range 2 { // pressed twice
			if _, err := d.Answer(t.Context(), wanjiru, r.Ref(), "look", "yes", "The queue moves"); err != nil {
				t.Fatal(err)
			}
		}
		d.shelf.messages = nil
		d.work(t, r)
		r = d.wantSteps(t, r, "failed: take done, tidy done, look done, again skipped, last nothing")
		if st := r.Course.Stages[2]; st.By.ID != "wanjiru" || st.Words != "The queue moves" || st.Answer != "yes" {
			t.Errorf("the answer is %+v", st)
		}
		want := []string{"run.planned", "run.started", "run.step_running", "run.step_done", "run.step_running", "run.step_done", "run.step_asked", "run.step_answered", "run.step_skipped", "run.step_running", "run.step_nothing", "run.failed"}
		if diff := gocmp.Diff(want, happened(t, db, r)); diff != "" {
			t.Errorf("the flow's journal (-want +got):\n%s", diff)
		}
		if n := d.shelf.done(); n != 2 {
			t.Errorf("%d steps were done, want 2", n)
		}
	})
}

// happened is the flow's own journal in verbs; it names every step, and holds no words of people.
func happened(t *testing.T, db *DB, r action.Run) (verbs []string) {
	t.Helper()
	entries, err := db.JournalOf(t.Context(), []journal.Subject{journal.Of("run", r.ID)}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		verbs = append(verbs, e.Verb)
		if s := e.FactsJSON(); strings.Contains(s, "moves") || strings.HasPrefix(e.Verb, "run.step_") && e.Facts["step"] == nil {
			t.Errorf("%s says %s", e.Verb, s)
		}
	}
	return verbs
}

func held(t *testing.T, db *DB) int64 {
	t.Helper()
	n, _, err := row(t.Context(), db.read, value[int64], `SELECT COUNT(*) FROM job WHERE state = 'leased'`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestHowFlowsEnd(t *testing.T) {
	two := []table{runs("one", "shelf/move"), runs("two", "shelf/move")}
	lenient := []table{runs("one", "shelf/move", "if_fails", "go on"), runs("two", "shelf/move")}
	question := []table{runs("one", "shelf/move"), asks("look", "within", "10m"), runs("two", "shelf/move")}
	patient := []table{asks("look", "within", "10m", "if_fails", "go on"), runs("two", "shelf/move")}
	fails := func(d *workplace) {
		d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) {
			return action.Result{}, fault.New(fault.Conflict, "The shelf has moved. Plan again.")
		}
	}
	answer := func(word string) func(t *testing.T, d *workplace, h staffed, r action.Run) {
		return func(t *testing.T, d *workplace, h staffed, r action.Run) {
			if _, err := d.Answer(t.Context(), h.screen("karl", d.clock), r.ID, "look", word, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		steps  []table
		before func(d *workplace)
		by     string // liis when empty
		then   func(t *testing.T, d *workplace, h staffed, r action.Run)
		want   string
		says   string
	}{
		"every step is done": {steps: two, want: "succeeded: one done, two done", says: "2 steps are done."},
		"a step fails":       {steps: two, before: fails, want: "failed: one failed, two ahead", says: "It stopped at one: The shelf has moved."},
		"it goes on":         {steps: lenient, before: fails, want: "failed: one failed, two failed", says: "It went on although one failed."},
		"the world has moved": { // the first step goes from the plan that was seen, and its kind says whether that still holds
			steps: two, before: func(d *workplace) { d.shelf.messages = nil }, want: "failed: one done, two nothing", says: "which found nothing to do: The message is not there."},
		"somebody says no":     {steps: question, then: answer("no"), want: "failed: one done, look declined, two ahead", says: "the answer was no"},
		"somebody says yes":    {steps: question, then: answer("yes"), want: "succeeded: one done, look done, two done"},
		"nobody answers":       {steps: question, then: later(11 * time.Minute), want: "failed: one done, look failed, two ahead", says: "Nobody answered in time."},
		"nobody has to answer": {steps: patient, then: later(11 * time.Minute), want: "succeeded: look failed, two done", says: "It went on although look failed."},
		"it is cancelled": {steps: question, then: func(t *testing.T, d *workplace, h staffed, r action.Run) {
			if _, err := d.Cancel(t.Context(), h.screen("karl", d.clock), r.ID); err != nil {
				t.Fatal(err)
			}
		}, want: "cancelled: one done, look cancelled, two ahead", says: "The flow was cancelled at look."},
		"its action is gone": {steps: question, then: func(t *testing.T, d *workplace, h staffed, r action.Run) {
			delete(d.book, "shelf/move")
			answer("yes")(t, d, h, r)
		}, want: "failed: one done, look done, two failed", says: "There is no action"},
		"its action is more dangerous by now": {steps: question, by: "wanjiru", then: func(t *testing.T, d *workplace, h staffed, r action.Run) {
			a := d.book["shelf/move"]
			a.Risk = action.RiskDanger
			d.book["shelf/move"] = a
			answer("yes")(t, d, h, r)
		}, want: "failed: one done, look done, two failed", says: "has the risk danger by now"},
		"its starter is gone": {steps: question, then: func(t *testing.T, d *workplace, h staffed, r action.Run) {
			delete(h.crew, "liis")
			answer("yes")(t, d, h, r)
		}, want: "failed: one done, look done, two failed", says: "is not here any more"},
		"its starter may not any more": {steps: question, then: func(t *testing.T, d *workplace, h staffed, r action.Run) {
			p := h.crew["liis"]
			p.Role = people.Member
			h.crew["liis"] = p
			answer("yes")(t, d, h, r)
		}, want: "failed: one done, look done, two failed", says: "needs the role support"},
	}
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		for name, x := range tests {
			t.Run(name, func(t *testing.T) {
				d, h := newStaffed(t, db, c)
				d.flow(t, "shelf/rescue", action.RiskChange, x.steps...)
				by := h.screen(cmp.Or(x.by, "liis"), c)
				r := d.planOf(t, by, "shelf/rescue")
				if x.before != nil {
					x.before(d)
				}
				if _, err := d.click(t, by, r, ""); err != nil {
					t.Fatal(err)
				}
				d.work(t, r)
				if x.then != nil {
					x.then(t, d, h, r)
					d.work(t, r)
				}
				r = d.wantSteps(t, r, x.want)
				if !strings.Contains(r.Result.Summary, x.says) {
					t.Errorf("it says %q, want %q", r.Result.Summary, x.says)
				}
				if r.EndedAt.IsZero() || r.Key == "" {
					t.Errorf("it ended at %v", r.EndedAt)
				}
			})
		}
	})
}

func later(pass time.Duration) func(t *testing.T, d *workplace, h staffed, r action.Run) {
	return func(_ *testing.T, d *workplace, _ staffed, _ action.Run) { d.clock.Move(pass) }
}

// TestFlowThatIsCancelledStopsItsStep cancels a flow while its step waits for a yes: nobody can start the step any more.
func TestFlowThatIsCancelledStopsItsStep(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		d.flow(t, "shelf/rescue", action.RiskChange, runs("tidy", "shelf/tidy"), runs("two", "shelf/move"))
		r := d.flowing(t, h.screen("liis", c), "shelf/rescue")
		d.work(t, r)
		tidy := d.child(t, r, "tidy")
		if _, err := d.Cancel(t.Context(), h.screen("liis", c), r.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Approve(t.Context(), h.screen("karl", c), tidy.ID, tidy.PlanHash, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a yes to a step of a flow that is being stopped: %v", err)
		}
		d.work(t, r)
		d.wantSteps(t, r, "cancelled: tidy cancelled, two ahead")
		if tidy = d.now(t, tidy); tidy.State != action.Cancelled || d.shelf.done() != 0 {
			t.Errorf("its step is %s, %d were done", tidy.State, d.shelf.done())
		}
	})
}

// TestUnknownStepHoldsTheFlow lets the process vanish in the middle of a step: the flow is unknown as well, and goes on when people have found out.
func TestUnknownStepHoldsTheFlow(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		d.flow(t, "shelf/rescue", action.RiskChange, runs("one", "shelf/move"), runs("two", "shelf/move"))
		usual := d.shelf.do
		d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			return action.Result{Unknown: true, Summary: "The shelf does not answer."}, led.Commit(ctx, "sent", nil)
		}
		liis := h.screen("liis", c)
		r := d.flowing(t, liis, "shelf/rescue")
		d.work(t, r)
		r = d.wantSteps(t, r, "unknown: one unknown, two ahead")
		d.shelf.do = usual
		for what, err := range map[string]error{
			"settling the flow": func() error { _, err := d.Settle(t.Context(), liis, r.ID, true, "It is done."); return err }(),
			"looking at it":     func() error { _, err := d.Look(t.Context(), liis, r.ID); return err }(),
		} {
			if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), d.child(t, r, "one").Ref()) {
				t.Errorf("%s: %v, want it to name the step's run", what, err)
			}
		}
		if _, err := d.Settle(t.Context(), liis, d.child(t, r, "one").ID, true, "It is off the shelf."); err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		r = d.wantSteps(t, r, "succeeded: one done, two done")
		if d.shelf.done() != 2 || r.Result.Unknown {
			t.Errorf("%d were done; %+v", d.shelf.done(), r.Result)
		}
	})
}

// TestBusyLaneIsWaitedFor lets another run hold the lane of a step: the step starts when that has ended, and its plan is made anew when it is too old.
func TestBusyLaneIsWaitedFor(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		slow := d.book["shelf/take"]
		slow.Limits.Timeout = time.Hour
		d.book["shelf/take"] = slow
		d.flow(t, "shelf/rescue", action.RiskChange, runs("one", "shelf/take"))
		liis := h.screen("liis", c)
		other := d.planOf(t, liis, "shelf/take")
		r := d.planOf(t, liis, "shelf/rescue")
		if _, err := d.click(t, liis, other, ""); err != nil {
			t.Fatal(err)
		}
		claims, err := db.Claim(t.Context(), job.Bulk, 1) // the other run begins and does not end yet
		if err != nil || len(claims) != 1 {
			t.Fatal(claims, err)
		}
		if _, err := d.click(t, liis, r, ""); err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		d.wantSteps(t, r, "running: one running")
		first := d.child(t, r, "one")
		c.Move(16 * time.Minute)
		d.work(t, r)
		again := d.child(t, r, "one")
		if now := d.now(t, first); first.ID == again.ID || now.State != action.Cancelled || again.In.Try != 1 {
			t.Fatalf("after its plan is too old it is %s, and the step's run is %s", now.State, again.Ref())
		}
		if err := d.Handlers()[0].Do(job.WithClaim(t.Context(), claims[0]), claims[0]); err != nil {
			t.Fatal(err)
		}
		c.Move(6 * time.Second)
		d.work(t, r)
		d.wantSteps(t, r, "succeeded: one done")
		if n := d.shelf.done(); n != 2 {
			t.Errorf("%d were done, want the other run and the step", n)
		}
	})
}

// TestFlowIsTakenBack takes back what a stopped flow did: the last step first, each by a run of its own.
func TestFlowIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		d.flow(t, "shelf/rescue", action.RiskChange, runs("one", "shelf/move"), runs("two", "shelf/move"), asks("look"), runs("three", "shelf/move"))
		var order []string
		d.shelf.do = func(ctx context.Context, call action.Call, led action.Ledger) (action.Result, error) {
			order = append(order, string(call.Settings))
			return action.Result{Done: true, Summary: "Done.", Undo: &action.Undo{Say: "Put it back.", Kind: "shelf.take", Settings: table{"back": len(order)}, Inputs: table{"message": "m1"}, Within: time.Hour}}, led.Commit(ctx, "done", nil)
		}
		liis := h.screen("liis", c)
		r := d.flowing(t, liis, "shelf/rescue")
		d.work(t, r)
		if _, err := d.Answer(t.Context(), liis, r.ID, "look", "no", "It is worse now"); err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		r = d.wantSteps(t, r, "failed: one done, two done, look declined, three ahead")
		if u := r.Result.Undo; u == nil || u.Say != "Take back two, then one, in this order." {
			t.Fatalf("it offers %+v", u)
		}
		c.Move(10 * time.Minute)
		back, err := d.Undo(t.Context(), liis, r.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(back.Plan.Summary, "First two: ") || len(back.Plan.Changes) != 1 {
			t.Errorf("the way back is planned as %+v", back.Plan)
		}
		if _, err := d.click(t, liis, back, ""); err != nil {
			t.Fatal(err)
		}
		d.work(t, back)
		back = d.wantSteps(t, back, "succeeded: two done, one done")
		if r = d.now(t, r); r.UndoneBy != back.ID || d.child(t, r, "one").UndoneBy == "" || d.child(t, r, "two").UndoneBy == "" || back.Result.Undo != nil {
			t.Errorf("taken back by %q; its own way back is %v", r.UndoneBy, back.Result.Undo)
		}
		if diff := gocmp.Diff([]string{`{"back":2}`, `{"back":1}`}, order[2:]); diff != "" {
			t.Errorf("taken back in the order (-want +got):\n%s", diff)
		}
		if _, err := d.Undo(t.Context(), liis, r.ID, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("once more: %v", err)
		}
	})
}

// TestFlowWithinAFlow runs one inside another: the inner one is a step like any other.
func TestFlowWithinAFlow(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		d.flow(t, "flow/inner", action.RiskChange, runs("one", "shelf/move"), asks("look"))
		d.flow(t, "flow/outer", action.RiskChange, runs("inner", "flow/inner"), runs("two", "shelf/move", "when", "steps.inner.facts.steps_done == 2"))
		liis := h.screen("liis", c)
		r := d.flowing(t, liis, "flow/outer")
		d.work(t, r)
		d.wantSteps(t, r, "running: inner running, two ahead")
		inner := d.child(t, r, "inner")
		if inner.Plan.Changes[0] != r.Plan.Changes[0] {
			t.Errorf("the inner flow does not go from the plan that was seen: %+v", inner.Plan)
		}
		if _, err := d.Answer(t.Context(), liis, inner.ID, "look", "yes", ""); err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		d.wantSteps(t, r, "succeeded: inner done, two done")
	})
}

// TestQuestionIsMailed tells those who are named, or else whoever started the flow.
func TestQuestionIsMailed(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		post := &postOffice{}
		d.Mailer, d.Link = post, func(r action.Run) string { return "https://frontline.verity.example/runs/" + r.Ref() }
		d.flow(t, "flow/asks", action.RiskChange, asks("look"), table{"id": "sure", "ask": "Are you sure?", "who": []any{"person:karl", "role:lead"}})
		liis := h.screen("liis", c)
		r := d.flowing(t, liis, "flow/asks")
		d.work(t, r)
		if _, err := d.Answer(t.Context(), liis, r.ID, "look", "yes", ""); err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		if diff := gocmp.Diff([]string{"liis@verity.example", "karl@verity.example"}, post.to); diff != "" || !strings.Contains(post.text, "Are you sure?") {
			t.Errorf("mailed (-want +got):\n%s\n%s", diff, post.text)
		}
	})
}
