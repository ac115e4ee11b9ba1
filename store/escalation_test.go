package store

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/clock"
	"frontline/desk"
	"frontline/desk/trackertest"
	"frontline/e2e/played"
	"frontline/fault"
	"frontline/insight"
	"frontline/integration/github"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// workbench is technical support with developers who have a GitHub.
type workbench struct {
	*frontdesk
	esc    *desk.Escalations
	hub    *played.GitHub
	clock  *clock.Moved
	kind   *dying
	db     *DB
	shut   []string // the only teams whose requests the tracker takes
	absent bool     // the tracker is not configured
}

// Tracker implements desk.TrackerBook.
func (w *workbench) Tracker(id string) (desk.TrackerDefinition, bool) {
	d := w.hub.Definition("pipeline")
	d.Teams = w.shut
	return d, id == d.ID && !w.absent
}

// Trackers implements desk.TrackerBook.
func (w *workbench) Trackers() []desk.TrackerDefinition {
	d, _ := w.Tracker("pipeline")
	return []desk.TrackerDefinition{d}
}

// dying is GitHub as a process sees it that is killed after the answer and before it writes it down.
type dying struct {
	desk.Tracker
	dies int // how many of the next writes it does not survive
}

func (d *dying) Open(ctx context.Context, t desk.Target, n desk.NewIssue) (desk.Issue, error) {
	i, err := d.Tracker.Open(ctx, t, n)
	d.die(err)
	return i, err
}

func (d *dying) Comment(ctx context.Context, t desk.Target, key string, n desk.NewComment) (string, error) {
	id, err := d.Tracker.Comment(ctx, t, key, n)
	d.die(err)
	return id, err
}

func (d *dying) die(err error) {
	if err == nil && d.dies > 0 {
		d.dies--
		panic("killed") // the runner takes it for a broken job: nothing after this line happens
	}
}

func eachWorkbench(t *testing.T, f func(t *testing.T, w *workbench)) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		w := &workbench{frontdesk: newFrontdesk(t, db, c), hub: played.OpenGitHub(t), clock: c, db: db}
		w.hub.SetNow(c.Now())
		w.kind = &dying{Tracker: github.New()}
		w.esc = &desk.Escalations{Desk: w.Service, DB: db, Kinds: map[string]desk.Tracker{"github": w.kind},
			Trackers: func(context.Context) (desk.TrackerBook, error) { return w, nil },
			Secret: func(_ context.Context, _ string, ref secret.Ref) (secret.Text, error) {
				return ref.Resolve(func(name string) string {
					return map[string]string{"GITHUB_TOKEN": "ghp_played", "GITHUB_HOOK": trackertest.Shared}[name]
				})
			}}
		var err error
		w.jobs, err = job.NewRunner(db, c, slog.New(slog.DiscardHandler), slices.Concat(w.Handlers(), w.esc.Handlers())...)
		w.must(err)
		f(t, w)
	})
}

// pass lets time pass, and does what is due then.
func (w *workbench) pass(d time.Duration) {
	w.clock.Move(d)
	w.hub.SetNow(w.clock.Now())
	w.work()
}

// escalates asks developers about a request.
func (w *workbench) escalates(r desk.Request) desk.Escalation {
	w.t.Helper()
	ctx, liis := w.t.Context(), w.actor("liis")
	p, err := w.esc.Pack(ctx, liis, r.ID)
	w.must(err)
	e, err := w.esc.Escalate(ctx, liis, r.ID, desk.Ask{Tracker: "pipeline", Title: p.Title, Text: p.Text})
	w.must(err)
	return e
}

func (w *workbench) view(e desk.Escalation) desk.EscalationView {
	w.t.Helper()
	v, err := w.esc.View(w.t.Context(), w.actor("liis"), e.Name())
	w.must(err)
	return v
}

// notes are what the desk alone reads in a request.
func (w *workbench) notes(r desk.Request) (out []string) {
	w.t.Helper()
	c, err := w.Conversation(w.t.Context(), w.actor("liis"), r.ID)
	w.must(err)
	for _, m := range c.Messages {
		if m.Kind == desk.Note {
			out = append(out, m.Text.Body)
		}
	}
	return out
}

func (w *workbench) calls(key string) error {
	h, body := w.hub.Call(key)
	return w.esc.Hear(w.t.Context(), "pipeline", h.Get, body)
}

// A bug goes to developers while their tracker is down, gets there, is joined, discussed and fixed, and everybody who asked is told.
func TestBugIsEscalatedAndItsLoopClosed(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		ctx, liis := t.Context(), w.actor("liis")
		first := w.asked("wanjiru", "webhooks", "No webhooks for Nordpank", "Nothing since 10:40, says anna@nordpank.example. See https://logs.verity.example/q/1", map[string]any{"customer": "nordpank", "since": "10:40"})
		for range 2 {
			w.hub.Weather().Fail(http.StatusServiceUnavailable, nil, "")
		}
		e := w.escalates(first)
		if r := w.now(first); r.State != desk.Waiting || r.WaitsFor != desk.Developers {
			t.Errorf("the request is %s for %s", r.State, r.WaitsFor)
		}
		w.work()
		if v := w.view(e); v.State != desk.ToBeOpened || v.Trouble == "" || !v.TroubleAt.Equal(w.clock.Now()) || len(w.hub.Issues()) != 0 {
			t.Errorf("while it is down: %+v", v.Escalation)
		}
		w.pass(time.Minute)
		w.pass(time.Minute)
		v := w.view(e)
		if v.State != desk.IssueOpen || v.Key == "" || v.Trouble != "" || v.Text != "" || len(w.hub.Issues()) != 1 {
			t.Fatalf("once it is up: %+v", v.Escalation)
		}
		_, text, _ := w.hub.Shown(v.Key)
		for _, want := range []string{"Nothing since 10:40", "Nordpank", "https://logs.verity.example/q/1", "`10:40`", first.Name()} {
			if !strings.Contains(text, want) {
				t.Errorf("the evidence lacks %q:\n%s", want, text)
			}
		}
		if strings.Contains(text, "anna@") || strings.Contains(text, "Wanjiru") {
			t.Errorf("the evidence names people:\n%s", text)
		}

		second := w.asked("tonis", "question", "Lumo gets nothing either", "Since eleven.", nil)
		for range 2 { // a second press changes nothing
			_, err := w.esc.Join(ctx, liis, second.ID, e.Name())
			w.must(err)
		}
		w.work()
		if all := w.hub.Comments(v.Key); len(all) != 1 || !strings.Contains(all[0], "**2** by now") {
			t.Errorf("below the issue: %q", all)
		}

		w.clock.Move(time.Minute)
		w.hub.SetNow(w.clock.Now())
		w.hub.Says(v.Key, "rasmus-p", "Which consumer group?", false)
		w.hub.Says(v.Key, "ci", "Build passed.", true)
		w.must(w.calls(v.Key))
		w.work()
		for _, r := range []desk.Request{first, second} {
			if n := w.notes(r); len(n) != 1 || !strings.Contains(n[0], "rasmus-p") || !strings.Contains(n[0], "Which consumer group?") {
				t.Errorf("%s has the notes %q, want what the developer wrote alone", r.Name(), n)
			}
		}
		if !w.view(e).Ours() {
			t.Error("developers wrote last, and the next move is not ours")
		}
		w.clock.Move(time.Second)
		_, err := w.esc.WriteTo(ctx, liis, e.ID, second.ID, "webhook-sender-2.")
		w.must(err)
		w.work()
		w.pass(6 * time.Minute) // the look comes by, and brings nothing of ours back
		if all := w.hub.Comments(v.Key); len(all) != 4 || !strings.Contains(all[3], "webhook-sender-2.") || !strings.Contains(all[3], "Liis Tamm") {
			t.Errorf("below the issue: %q", all)
		}
		if n := w.notes(first); len(n) != 1 {
			t.Errorf("our own words came back: %q", n)
		}

		w.hub.Settle(v.Key, desk.FixedBug, "2.14.0", true)
		w.pass(6 * time.Minute) // no call came: the look finds it
		v = w.view(e)
		if v.State != desk.IssueEnded || v.Verdict != desk.FixedBug || v.Version != "2.14.0" || !v.Loose() {
			t.Fatalf("fixed: %+v", v.Escalation)
		}
		if r := w.now(first); r.State != desk.Open {
			t.Errorf("the next move is not ours: %s", r.State)
		}
		loops, err := w.esc.Loops(ctx, liis)
		w.must(err)
		if len(loops) != 1 || loops[0].Untold != 2 {
			t.Errorf("loops: %+v", loops)
		}
		say, err := w.esc.Prepare(ctx, liis, e.ID, first.ID, "")
		w.must(err)
		if !strings.Contains(say, "Hello Wanjiru Kamau") || !strings.Contains(say, "version 2.14.0, which is out") || !strings.Contains(say, first.Name()) {
			t.Errorf("prepared: %q", say)
		}
		_, err = w.esc.TellAsker(ctx, liis, e.ID, first.ID, "")
		w.must(err)
		if _, err = w.esc.TellAsker(ctx, liis, e.ID, first.ID, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("told twice: %v", err)
		}
		all, err := w.esc.TellAll(ctx, liis, e.ID, "Hello {asker}, it is fixed.")
		w.must(err)
		if all.Told != 1 || len(all.Not) != 0 {
			t.Errorf("told all: %+v", all)
		}
		w.work()
		for _, r := range []desk.Request{first, second} {
			if r = w.now(r); r.State != desk.Closed || r.Outcome != desk.Fixed || r.FirstReplyAt.IsZero() {
				t.Errorf("%s is %s %s", r.Name(), r.State, r.Outcome)
			}
		}
		if len(w.sent) != 2 {
			t.Errorf("%d mails went out, want one to each asker", len(w.sent))
		}
		facts, err := w.db.Facts(ctx, start.Add(-time.Hour), start.Add(24*time.Hour))
		w.must(err)
		for _, f := range facts {
			if !f.Escalated || f.Verdict != "fixed" || f.Tracker != "pipeline" || f.Escalation != e.ID {
				t.Errorf("fact %+v", f)
			}
		}
		if found := w.report(w.figures(), "escalation-verdicts", insight.Asked{}); found.N != 2 || len(found.Rows) < 2 || found.Rows[0][2].Estimate().Value != 1 || found.Rows[0][6].Estimate().Value != 1 {
			t.Errorf("two requests on one escalation: %+v", found)
		}
	})
}

// A process that is killed after the tracker's answer leaves one issue and one comment, not two.
func TestKilledBetweenCreateAndReceipt(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		r := w.asked("wanjiru", "question", "Broken", "It breaks.", nil)
		w.kind.dies = 2
		e := w.escalates(r)
		w.work()
		if v := w.view(e); v.State != desk.ToBeOpened || len(w.hub.Issues()) != 1 {
			t.Fatalf("after the kill: %+v, %d issues", v.Escalation, len(w.hub.Issues()))
		}
		w.pass(3 * time.Minute) // it finds the issue, and is killed again
		w.pass(3 * time.Minute)
		v := w.view(e)
		if v.State != desk.IssueOpen || len(w.hub.Issues()) != 1 || v.Key != w.hub.Issues()[0] {
			t.Errorf("issues %v, escalation %+v; want one that is known", w.hub.Issues(), v.Escalation)
		}
		w.kind.dies = 1
		_, err := w.esc.WriteTo(t.Context(), w.actor("liis"), e.ID, r.ID, "More.")
		w.must(err)
		w.work()
		w.pass(3 * time.Minute)
		if all := w.hub.Comments(v.Key); len(all) != 1 || len(w.view(e).Out) != 0 {
			t.Errorf("comments %q, waiting %+v; want one, and nothing", all, w.view(e).Out)
		}
	})
}

// A tracker that wants no more calls gets none until its time has come, whatever is due.
func TestRateLimitIsHeeded(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		r := w.asked("wanjiru", "question", "Broken", "It breaks.", nil)
		other := w.asked("tonis", "question", "Also broken", "It breaks.", nil)
		w.hub.Weather().Fail(http.StatusTooManyRequests, http.Header{"Retry-After": {"1200"}}, "")
		e := w.escalates(r)
		w.work()
		calls := w.hub.Weather().Calls()
		o := w.escalates(other)
		for range 3 {
			w.pass(6 * time.Minute)
		}
		if got := w.hub.Weather().Calls(); got != calls || w.view(o).Trouble == "" {
			t.Errorf("%d calls during the pause, want none", got-calls)
		}
		w.pass(10 * time.Minute)
		if a, b := w.view(e), w.view(o); a.State != desk.IssueOpen || b.State != desk.IssueOpen {
			t.Errorf("after the pause: %s, %s", a.State, b.State)
		}
	})
}

// What the tracker refuses waits for people, and the request is theirs again; a missing right waits for an administrator, and nothing is lost.
func TestRefusedIssue(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		ctx, liis := t.Context(), w.actor("liis")
		r := w.asked("wanjiru", "question", "Broken", "It breaks.", nil)
		w.hub.Weather().Fail(http.StatusUnprocessableEntity, nil, `{"message":"Validation Failed","errors":[{"field":"title","code":"invalid"}]}`)
		e := w.escalates(r)
		w.work()
		if v := w.view(e); v.State != desk.IssueNever || !strings.Contains(v.Trouble, "Validation Failed") || !v.Ours() {
			t.Errorf("refused: %+v", v.Escalation)
		}
		if got := w.now(r); got.State != desk.Open {
			t.Errorf("the request is %s, want it ours", got.State)
		}
		w.hub.Weather().Fail(http.StatusForbidden, nil, `{"message":"Resource not accessible"}`)
		_, err := w.esc.Again(ctx, liis, e.ID, "Broken", "It breaks, said better.")
		w.must(err)
		w.work()
		if v := w.view(e); v.State != desk.ToBeOpened || v.Trouble == "" {
			t.Errorf("forbidden: %+v", v.Escalation)
		}
		w.pass(6 * time.Minute)
		if v := w.view(e); v.State != desk.IssueOpen || v.Trouble != "" {
			t.Errorf("allowed again: %+v", v.Escalation)
		}
		if got := w.now(r); got.State != desk.Waiting || got.WaitsFor != desk.Developers {
			t.Errorf("the request is %s, want it with developers", got.State)
		}
	})
}

// A call is believed by its signature alone, and counts once.
func TestTrackersCalls(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		ctx := t.Context()
		e := w.escalates(w.asked("wanjiru", "question", "Broken", "It breaks.", nil))
		w.work()
		key := w.view(e).Key
		h, body := w.hub.Call(key)
		before := w.hub.Weather().Calls()
		for range 3 {
			w.must(w.esc.Hear(ctx, "pipeline", h.Get, body))
			w.work()
		}
		if n := w.hub.Weather().Calls() - before; n != 2 {
			t.Errorf("one call heard three times asked the tracker %d times, want one look of two requests", n)
		}
		h.Set("X-Hub-Signature-256", "sha256=00")
		if err := w.esc.Hear(ctx, "pipeline", h.Get, body); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("forged: %v", err)
		}
		if err := w.esc.Hear(ctx, "elsewhere", h.Get, body); !fault.Is(err, fault.NotFound) {
			t.Errorf("no such tracker: %v", err)
		}
		fresh, err := w.db.HearOnce(ctx, "pipeline", "old", journal.Consequences{})
		w.must(err)
		w.must(w.db.ForgetHeard(ctx, w.clock.Now().Add(time.Hour)))
		again, err := w.db.HearOnce(ctx, "pipeline", "old", journal.Consequences{})
		w.must(err)
		if !fresh || !again {
			t.Errorf("fresh %v, forgotten and fresh %v", fresh, again)
		}
	})
}

// Who may not work on requests escalates nothing, and a tracker takes requests of its teams only.
func TestEscalatingNeedsTheRight(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		ctx, liis, tonis := t.Context(), w.actor("liis"), w.actor("tonis")
		r := w.asked("tonis", "question", "Broken", "It breaks.", nil)
		pay := w.asked("tonis", "salary", "My pay", "Less than it was.", nil)
		ask := desk.Ask{Tracker: "pipeline", Title: "Broken", Text: "It breaks."}
		if _, err := w.esc.Escalate(ctx, tonis, r.ID, ask); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the asker: %v", err)
		}
		if _, err := w.esc.List(ctx, tonis, desk.EscalationFilter{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the asker's list: %v", err)
		}
		if _, err := w.esc.Escalate(ctx, liis, pay.ID, ask); !fault.Is(err, fault.NotFound) {
			t.Errorf("a request that is not there for her: %v", err)
		}
		e, err := w.esc.Escalate(ctx, liis, r.ID, ask)
		w.must(err)
		if _, err := w.esc.Escalate(ctx, liis, r.ID, ask); !fault.Is(err, fault.Conflict) {
			t.Errorf("twice: %v", err)
		}
		if _, err := w.esc.Join(ctx, w.actor("marika"), pay.ID, e.ID); err != nil {
			t.Errorf("an admin: %v", err)
		}
		v := w.view(e)
		if len(v.Links) != 1 || v.Hidden != 1 {
			t.Errorf("she sees %d, and %d are hidden", len(v.Links), v.Hidden)
		}
		w.work()
		w.work()
		for _, c := range w.hub.Comments(w.view(e).Key) {
			if strings.Contains(c, pay.Name()) {
				t.Errorf("developers read of a request that is for its team only: %q", c)
			}
		}
		w.shut = []string{"payments"}
		if _, err := w.esc.Escalate(ctx, liis, w.asked("tonis", "question", "x", "y", nil).ID, ask); !fault.Is(err, fault.Invalid) {
			t.Errorf("a team that may not: %v", err)
		}
		if _, err := w.esc.Escalate(ctx, people.Anonymous("screen"), r.ID, ask); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// An issue that developers have already is joined and not opened; leaving, judging and skipping are kept.
func TestIssueThatIsThere(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		ctx, liis := t.Context(), w.actor("liis")
		there, err := github.New().Open(ctx, w.hub.Target(), desk.NewIssue{Mark: "none", Title: "Known", Text: "Known."})
		w.must(err)
		a, b := w.asked("wanjiru", "question", "Broken", "It breaks.", nil), w.asked("tonis", "question", "Broken too", "It breaks.", nil)
		e, err := w.esc.Escalate(ctx, liis, a.ID, desk.Ask{Tracker: "pipeline", Title: "Broken", Text: "What we know.", Issue: "#" + there.Key})
		w.must(err)
		same, err := w.esc.Escalate(ctx, liis, b.ID, desk.Ask{Tracker: "pipeline", Title: "Broken", Text: "What we know.", Issue: there.Key})
		w.must(err)
		w.work()
		if len(w.hub.Issues()) != 1 || same.ID != e.ID || len(w.hub.Comments(there.Key)) != 2 || w.view(e).Address == "" {
			t.Errorf("issues %v, escalations %s and %s, comments %q", w.hub.Issues(), e.Name(), same.Name(), w.hub.Comments(there.Key))
		}
		_, err = w.esc.Leave(ctx, liis, b.ID, e.ID)
		w.must(err)
		if r := w.now(b); r.State != desk.Open || w.view(e).Requests != 1 {
			t.Errorf("after leaving: %s, %d requests", r.State, w.view(e).Requests)
		}
		_, err = w.esc.Judge(ctx, liis, e.ID, desk.NotABug)
		w.must(err)
		w.hub.Settle(there.Key, desk.FixedBug, "", false)
		w.pass(6 * time.Minute)
		if v := w.view(e); v.Verdict != desk.NotABug || v.State != desk.IssueEnded {
			t.Errorf("judged by hand: %+v", v.Escalation)
		}
		if _, err := w.esc.SkipAsker(ctx, liis, e.ID, a.ID, " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		_, err = w.esc.SkipAsker(ctx, liis, e.ID, a.ID, "They left the company.")
		w.must(err)
		if v := w.view(e); v.Untold != 0 || v.Links[0].Reason != "They left the company." || v.Links[0].Told != desk.WasSkipped {
			t.Errorf("skipped: %+v", v.Links)
		}
		w.hub.Reopen(there.Key)
		w.pass(6 * time.Minute)
		if v := w.view(e); v.State != desk.IssueOpen {
			t.Errorf("reopened: %s", v.State)
		}
	})
}

// Erasing the words of a request takes away what was written to developers about it, and leaves the verdict.
func TestErasedRequestLeavesNoWordsInItsEscalation(t *testing.T) {
	eachWorkbench(t, func(t *testing.T, w *workbench) {
		ctx, liis := t.Context(), w.actor("liis")
		r := w.asked("wanjiru", "question", "Xylophone is broken", "Xylophone breaks.", nil)
		e := w.escalates(r)
		w.work()
		key := w.view(e).Key
		w.hub.Says(key, "rasmus-p", "Which Xylophone?", false)
		w.must(w.calls(key))
		w.work()
		w.hub.Weather().Fail(http.StatusServiceUnavailable, nil, "")
		_, err := w.esc.WriteTo(ctx, liis, e.ID, r.ID, "The Xylophone of Nordpank.")
		w.must(err)
		w.work()
		w.must(w.db.write(ctx, func(x *tx) error { return x.eraseEscalated(ctx, r.ID) }))
		v := w.view(e)
		said := v.Title + v.Text
		for _, m := range v.Said {
			said += m.Text.Body
		}
		if strings.Contains(said, "Xylophone") || len(v.Out) != 0 || len(v.Said) != 1 {
			t.Errorf("what is left: %q, %d on their way, %d heard", said, len(v.Out), len(v.Said))
		}
		w.pass(time.Minute)
		if all := w.hub.Comments(key); len(all) != 1 {
			t.Errorf("below the issue: %q", all)
		}
	})
}
