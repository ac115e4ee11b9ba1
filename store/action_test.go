package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/form"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// shelf is a kind of action whose neighbour is a shelf of messages in memory. A test may play its part in place of the usual one.
type shelf struct {
	mu        sync.Mutex
	messages  []string
	does      int // how often Do was called
	do        func(context.Context, action.Call, action.Ledger) (action.Result, error)
	reconcile func(context.Context, action.Call, []action.Step) (action.Result, error)
}

var _ action.Kind = (*shelf)(nil)

func (s *shelf) Name() string                { return "shelf.take" }
func (s *shelf) Check(json.RawMessage) error { return nil }

func (s *shelf) Plan(_ context.Context, c action.Call) (action.Plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.messages, fmt.Sprint(c.Inputs["message"])) {
		return action.Plan{Summary: "The message is not there.", Nothing: true}, nil
	}
	return action.Plan{Summary: "Takes one message off.", Private: []byte(`{"tag":9007199254740993}`),
		Changes: []action.Change{{What: fmt.Sprint(c.Inputs["message"]), Now: "on the shelf", After: "in quarantine", Count: 1}}}, nil
}

func (s *shelf) Do(ctx context.Context, c action.Call, p action.Plan, led action.Ledger) (action.Result, error) {
	s.mu.Lock()
	s.does++
	do := s.do
	s.mu.Unlock()
	if string(p.Private) != `{"tag":9007199254740993}` {
		return action.Result{}, fault.New(fault.Internal, "The plan came back as %s.", p.Private)
	}
	if do != nil {
		return do(ctx, c, led)
	}
	return s.take(ctx, c, led)
}

// take is what the kind does usually: copy, commit, take off, commit.
func (s *shelf) take(ctx context.Context, c action.Call, led action.Ledger) (action.Result, error) {
	message := fmt.Sprint(c.Inputs["message"])
	led.Printf("take %s as %s", message, c.Actor)
	led.Progress(0, 1, "copying")
	id, err := led.Quarantine(ctx, "captured", action.Quarantined{Kind: "shelf.message", Origin: "shelf", Fingerprint: message, Envelope: []byte(message), Facts: map[string]string{"size": "12"}})
	if err != nil {
		return action.Result{}, err
	}
	s.mu.Lock()
	s.messages = slices.DeleteFunc(s.messages, func(m string) bool { return m == message })
	s.mu.Unlock()
	if err := led.Removed(ctx, "removed", id); err != nil {
		return action.Result{}, err
	}
	led.Progress(1, 1, "done")
	led.Printf("taken")
	return action.Result{Summary: "One message was taken off.", Done: true, Facts: map[string]any{"messages": 1, "words": "free text stays out"}}, nil
}

func (s *shelf) Reconcile(ctx context.Context, c action.Call, _ action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if s.reconcile != nil {
		return s.reconcile(ctx, c, steps)
	}
	return action.Result{Unknown: true, Summary: "The shelf cannot say."}, nil
}

func (s *shelf) done() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.does
}

// book is what is configured.
type book map[string]action.Definition

func (b book) Action(id string) (action.Definition, bool) { d, ok := b[id]; return d, ok }
func (b book) Actions() []action.Definition               { return slices.Collect(maps.Values(b)) }
func (b book) Service(string) (catalog.Service, bool) {
	return catalog.Service{ID: "decision-pipeline", Actions: []string{"shelf/take"}}, true
}

func takeMessage() action.Definition {
	return action.Definition{ID: "shelf/take", Title: "Take a message off the shelf", Team: "support", Risk: action.RiskChange, Kind: "shelf.take",
		Settings: map[string]any{"password": "env:SHELF_PASSWORD"},
		Inputs:   []form.Input{{Name: "message", Type: form.Text, Required: true}, {Name: "pin", Type: form.Secret}},
		Limits:   action.Limits{Timeout: time.Minute, OneAtATime: true}}
}

// desk is the action wing on a database, with one person at it.
type desk struct {
	*action.Runner
	db    *DB
	jobs  *job.Runner
	clock *clock.Moved
	shelf *shelf
	book  book
	liis  people.Actor
}

const password = `p"ss/wörd&1`

func newDesk(t *testing.T, db *DB, c *clock.Moved) *desk {
	t.Helper()
	d := &desk{db: db, clock: c, shelf: &shelf{messages: []string{"m1", "m2", "m3"}}, book: book{"shelf/take": takeMessage()},
		liis: people.As(people.Person{ID: "liis", Name: "Liis Tamm", Role: people.Support, Teams: []string{"support"}}, "screen")}
	kinds, err := action.NewKinds(d.shelf)
	if err != nil {
		t.Fatal(err)
	}
	d.Runner = &action.Runner{Runs: db, Records: db, Shelf: db, Kinds: kinds, Clock: c, Log: slog.New(slog.DiscardHandler), Box: reversed{},
		Book:   func(context.Context) (action.Directory, error) { return d.book, nil },
		Getenv: func(name string) string { return map[string]string{"SHELF_PASSWORD": password}[name] }}
	if d.jobs, err = job.NewRunner(db, c, d.Log, d.Handlers()...); err != nil {
		t.Fatal(err)
	}
	return d
}

// reversed stands in for the box that seals under the installation's key.
type reversed struct{}

func (reversed) Seal(b []byte) ([]byte, error) { b = slices.Clone(b); slices.Reverse(b); return b, nil }
func (reversed) Open(b []byte) ([]byte, error) { return reversed{}.Seal(b) }

var disturbance = journal.Of("incident", "inc-31")

func (d *desk) plan(t *testing.T, inputs map[string]any) action.Run {
	t.Helper()
	r, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "shelf/take", Inputs: inputs, For: disturbance, Reason: "consumer loops on it"})
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	return r
}

func (d *desk) start(t *testing.T, r action.Run) action.Run {
	t.Helper()
	started, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "click-" + r.ID})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return started
}

// work lets the jobs run that are due, and returns the run.
func (d *desk) work(t *testing.T, r action.Run) action.Run {
	t.Helper()
	d.working(t)()
	return d.now(t, r)
}

// working lets jobs run until the function it returns is called, which waits for those that are due.
func (d *desk) working(t *testing.T) func() {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.jobs.Run(ctx) }()
	return func() {
		t.Helper()
		limited, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := d.jobs.Settle(limited); err != nil {
			t.Errorf("jobs do not come to an end: %v", err)
		}
		stop()
		<-ended
	}
}

func (d *desk) now(t *testing.T, r action.Run) action.Run {
	t.Helper()
	now, err := d.Run(t.Context(), d.liis, r.ID)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return now
}

// told is the incident's timeline in verbs.
func (d *desk) told(t *testing.T) []string {
	t.Helper()
	entries, err := d.db.JournalOf(t.Context(), []journal.Subject{disturbance}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	for _, e := range entries {
		verbs = append(verbs, e.Verb)
	}
	return verbs
}

func TestRunFromPlanToResult(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		planned := d.plan(t, map[string]any{"message": "m2"})
		if planned.State != action.Planned || planned.Plan.Changes[0].What != "m2" || d.shelf.done() != 0 {
			t.Fatalf("planned %+v, want a plan and nothing done", planned)
		}
		c.Move(time.Minute)
		if r := d.start(t, planned); r.State != action.Running {
			t.Fatalf("state after Start = %s", r.State)
		}
		r := d.work(t, planned)
		if r.State != action.Succeeded || r.Result.Summary != "One message was taken off." || r.Steps != 2 || r.Progress.Done != 1 {
			t.Errorf("run = %+v, want it succeeded with 2 steps", r)
		}
		if r.Ref() != "RUN-1" || r.StartedBy.ID != "liis" || r.Definition.Title != "Take a message off the shelf" {
			t.Errorf("run = %s by %s of %q", r.Ref(), r.StartedBy.ID, r.Definition.Title)
		}
		if got := []string{"m1", "m3"}; !cmp.Equal(d.shelf.messages, got) {
			t.Errorf("shelf = %v, want %v", d.shelf.messages, got)
		}
		if byRef, err := d.Run(t.Context(), d.liis, "run-1"); err != nil || byRef.ID != r.ID {
			t.Errorf("Run(run-1) = %v, %v", byRef.ID, err)
		}
		lines, err := d.Output(t.Context(), d.liis, r.ID, 2)
		if err != nil || len(lines) != 1 || lines[0].Text != "taken" || lines[0].Number != 2 {
			t.Errorf("Output from line 2 = %+v, %v", lines, err)
		}
		kept, err := d.Quarantine(t.Context(), d.liis, action.KeptFilter{Run: r.ID})
		if err != nil || len(kept) != 1 || kept[0].State != action.Removed || kept[0].Owner != "support" || kept[0].Envelope != nil {
			t.Fatalf("Quarantine = %+v, %v", kept, err)
		}
		if !kept[0].ExpiresAt.Equal(c.Now().Add(7 * 24 * time.Hour)) {
			t.Errorf("kept until %v, want a week", kept[0].ExpiresAt)
		}
		if item, err := db.QuarantineItem(t.Context(), kept[0].ID); err != nil || string(item.Envelope) != "m2" {
			t.Errorf("QuarantineItem = %q, %v", item.Envelope, err)
		}
		want := []string{"run.planned", "run.started", "run.step", "run.step", "run.succeeded"}
		if diff := cmp.Diff(want, d.told(t)); diff != "" {
			t.Errorf("the incident's timeline (-want +got):\n%s", diff)
		}
		if runs, err := d.RunsFor(t.Context(), d.liis, disturbance); err != nil || len(runs) != 1 || runs[0].ID != r.ID {
			t.Errorf("RunsFor = %v, %v", runs, err)
		}
	})
}

func TestJournalHoldsNoWords(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m2"})
		d.start(t, r)
		d.work(t, r)
		entries, err := db.JournalOf(t.Context(), []journal.Subject{disturbance}, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if s := e.FactsJSON(); strings.Contains(s, "free text") || strings.Contains(s, "loops") || strings.Contains(s, "m2") {
				t.Errorf("%s holds words: %s", e.Verb, s)
			}
		}
		if last := entries[len(entries)-1]; last.Facts["messages"] != 1.0 || last.Facts["number"] != 1.0 {
			t.Errorf("facts of %s = %v, want the kind's numbers", last.Verb, last.Facts)
		}
		if entries[0].Text == "" {
			t.Error("run.planned does not seal the reason")
		}
	})
}

func TestDoubleClickStartsOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1"})
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "one click"})
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Errorf("the same click again: %v", err)
		}
		if _, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "another click"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("another click: %v, want a conflict", err)
		}
		if got := d.work(t, r); got.State != action.Succeeded || d.shelf.done() != 1 {
			t.Errorf("%s after %d starts, want one", got.State, d.shelf.done())
		}
		if again, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "one click"}); err != nil || again.State != action.Succeeded {
			t.Errorf("the same click after the end = %s, %v; want the run as it is", again.State, err)
		}
		if d.work(t, r); d.shelf.done() != 1 {
			t.Errorf("done %d times", d.shelf.done())
		}
	})
}

func TestStartRefusesWhatNobodySaw(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*desk)
		hash   string
		want   string
	}{
		"an old plan":      {func(d *desk) { d.clock.Move(16 * time.Minute) }, "", "Plan again"},
		"another plan":     {func(d *desk) {}, "0000", "plan again"},
		"another version":  {func(d *desk) { x := takeMessage(); x.Title = "Take it"; d.book["shelf/take"] = x }, "", "Plan again"},
		"a removed action": {func(d *desk) { delete(d.book, "shelf/take") }, "", "removed"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				r := d.plan(t, map[string]any{"message": "m1"})
				c.before(d)
				hash := r.PlanHash
				if c.hash != "" {
					hash = c.hash
				}
				_, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: hash, Key: "k"})
				if err == nil || !strings.Contains(fault.Sentence(err), c.want) {
					t.Errorf("Start = %v, want a refusal that says %q", err, c.want)
				}
				if got := d.work(t, r); got.State != action.Planned || d.shelf.done() != 0 {
					t.Errorf("run is %s after a refused start", got.State)
				}
			})
		})
	}
}

func TestNothingToDoIsNotStarted(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "gone"})
		if _, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "k"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("Start of an empty plan = %v, want a conflict", err)
		}
	})
}

func TestOneAtATimeUnderRace(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		runs := make([]action.Run, 6)
		for i := range runs {
			runs[i] = d.plan(t, map[string]any{"message": "m1"})
		}
		var wg sync.WaitGroup
		errs := make([]error, len(runs))
		for i, r := range runs {
			wg.Go(func() {
				_, errs[i] = d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "k"})
			})
		}
		wg.Wait()
		started := 0
		for _, err := range errs {
			if err == nil {
				started++
			} else if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "RUN-") || !strings.Contains(fault.Sentence(err), "liis") {
				t.Errorf("refused with %v, want a conflict that names the run and who started it", err)
			}
		}
		if started != 1 {
			t.Errorf("%d of %d started, want one", started, len(runs))
		}
		d.work(t, runs[0])
		next := d.plan(t, map[string]any{"message": "m3"})
		if r := d.start(t, next); r.State != action.Running {
			t.Errorf("after the first has ended the next is %s", r.State)
		}
	})
}

// crash starts a run in a process that vanishes in the middle of it, and returns what that process would still write.
func (d *desk) crash(t *testing.T, r action.Run) (still func() error) {
	t.Helper()
	d.start(t, r)
	claims, err := d.db.Claim(t.Context(), job.Bulk, 1)
	if err != nil || len(claims) != 1 {
		t.Fatalf("Claim = %v, %v", claims, err)
	}
	committed, resume, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
		if err := led.Commit(ctx, "captured", []byte("m1")); err != nil {
			return action.Result{}, err
		}
		close(committed)
		<-resume
		err := led.Commit(context.WithoutCancel(ctx), "removed", nil)
		result <- err
		return action.Result{Done: true, Summary: "Written by a process that nobody waits for."}, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.Handlers()[0].Do(job.WithClaim(context.Background(), claims[0]), claims[0])
	}()
	<-committed
	d.clock.Move(time.Hour) // the lease ends
	return func() error { close(resume); <-ended; return <-result }
}

func TestCrashIsLookedAtAndNeverStartedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		found action.Result
		err   error
		want  action.State
		told  string
	}{
		"it had its effect":  {found: action.Result{Done: true, Summary: "The message is gone."}, want: action.Succeeded, told: "run.succeeded"},
		"it had none":        {found: action.Result{Summary: "The message is still there."}, want: action.Failed, told: "run.failed"},
		"nobody can say":     {found: action.Result{Unknown: true, Summary: "Look at the shelf."}, want: action.Unknown, told: "run.unknown"},
		"it does not answer": {err: fault.New(fault.Unavailable, "The shelf does not answer."), want: action.Unknown, told: "run.unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				r := d.plan(t, map[string]any{"message": "m1"})
				still := d.crash(t, r)
				var looked []action.Step
				d.shelf.reconcile = func(_ context.Context, _ action.Call, steps []action.Step) (action.Result, error) {
					looked = steps
					return c.found, c.err
				}
				got := d.work(t, r)
				if got.State != c.want || d.shelf.done() != 1 {
					t.Errorf("run is %s (%s) after %d starts, want %s after one", got.State, got.Result.Summary, d.shelf.done(), c.want)
				}
				if len(looked) != 1 || looked[0].Name != "captured" || string(looked[0].Payload) != "m1" {
					t.Errorf("Reconcile saw %+v, want the committed step", looked)
				}
				if err := still(); !fault.Is(err, fault.Conflict) {
					t.Errorf("the vanished process's next step: %v, want a conflict", err)
				}
				if after := d.now(t, r); !cmp.Equal(after.Result, got.Result) {
					t.Errorf("the vanished process wrote %q", after.Result.Summary)
				}
				if told := d.told(t); told[len(told)-1] != c.told {
					t.Errorf("timeline %v, want it to end with %s", told, c.told)
				}
			})
		})
	}
}

func TestUnknownRunIsLookedAtAgain(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1"})
		still := d.crash(t, r)
		away := fault.New(fault.Unavailable, "The shelf does not answer.")
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) { return action.Result{}, away }
		if got := d.work(t, r); got.State != action.Unknown {
			t.Fatalf("run is %s, want unknown", got.State)
		}
		c.Move(time.Minute) // looked at again by itself, and again in vain
		if got := d.work(t, r); got.State != action.Unknown {
			t.Fatalf("run is %s, want unknown still", got.State)
		}
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) {
			return action.Result{Done: true, Summary: "The message is gone."}, nil
		}
		if _, err := d.Look(t.Context(), d.liis, r.ID); err != nil {
			t.Fatalf("Look: %v", err)
		}
		got := d.work(t, r)
		if got.State != action.Succeeded || d.shelf.done() != 1 {
			t.Errorf("run is %s after %d starts, want succeeded after one", got.State, d.shelf.done())
		}
		if _, err := d.Look(t.Context(), d.liis, r.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("Look at a run that is known = %v, want a conflict", err)
		}
		_ = still()
	})
}

func TestCancel(t *testing.T) {
	waits := func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
		if err := led.Commit(ctx, "began", nil); err != nil {
			return action.Result{}, err
		}
		<-ctx.Done()
		return action.Result{}, ctx.Err()
	}
	for name, c := range map[string]struct {
		found action.Result
		want  action.State
	}{
		"in time":  {action.Result{Summary: "The message stayed."}, action.Cancelled},
		"too late": {action.Result{Done: true, Summary: "The message is gone."}, action.Succeeded},
		"unclear":  {action.Result{Unknown: true, Summary: "Look at the shelf."}, action.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				d.shelf.do = waits
				d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) { return c.found, nil }
				r := d.plan(t, map[string]any{"message": "m1"})
				feed := db.Subscribe(t.Context())
				d.start(t, r)
				settle := d.working(t)
				for d.now(t, r).Steps == 0 {
					<-feed
				}
				if _, err := d.Cancel(t.Context(), d.liis, r.ID); err != nil {
					t.Fatalf("Cancel: %v", err)
				}
				settle()
				if got := d.now(t, r); got.State != c.want || got.CancelledBy.ID != "liis" {
					t.Errorf("run is %s (%s), want %s", got.State, got.Result.Summary, c.want)
				}
			})
		})
	}
}

func TestCancelBeforeItBegan(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		planned, started := d.plan(t, map[string]any{"message": "m1"}), d.plan(t, map[string]any{"message": "m2"})
		d.start(t, started)
		for _, r := range []action.Run{planned, started} {
			if _, err := d.Cancel(t.Context(), d.liis, r.ID); err != nil {
				t.Fatalf("Cancel: %v", err)
			}
		}
		for _, r := range []action.Run{planned, started} {
			if got := d.work(t, r); got.State != action.Cancelled || d.shelf.done() != 0 {
				t.Errorf("run is %s after %d starts, want cancelled before any", got.State, d.shelf.done())
			}
		}
		if _, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: planned.ID, PlanHash: planned.PlanHash, Key: "k"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("Start of a discarded plan = %v, want a conflict", err)
		}
	})
}

// TestSecretsAreNowhere prints the secrets through every hole there is and then reads the whole database.
func TestSecretsAreNowhere(t *testing.T) {
	const pin = "4711-0815"
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		d.shelf.do = func(ctx context.Context, call action.Call, led action.Ledger) (action.Result, error) {
			p, pin := call.Secrets["password"].Reveal(), call.Secrets["pin"].Reveal()
			if p != password || pin != "4711-0815" || call.Inputs["pin"] != nil {
				return action.Result{}, fault.New(fault.Internal, "The secrets did not arrive.")
			}
			led.Printf("signing in with %s and %q\nand %s", p, p, pin)
			led.Progress(1, 2, "pin "+pin)
			if err := led.Commit(ctx, "began", nil); err != nil {
				return action.Result{}, err
			}
			return action.Result{Done: true, Summary: "used " + p, Tables: []action.Table{{Rows: [][]string{{pin}}}}, Links: map[string]string{pin: p},
				Facts: map[string]any{"pin": pin}}, nil
		}
		r := d.plan(t, map[string]any{"message": "m1", "pin": pin})
		if r.Inputs["pin"] != "***" {
			t.Errorf("inputs = %v, want the pin masked", r.Inputs)
		}
		d.start(t, r)
		if got := d.work(t, r); got.State != action.Succeeded || got.Result.Summary != "used ***" || got.Progress.What != "pin ***" || got.Sealed != nil {
			t.Errorf("run = %+v", got)
		}
		d.shelf.do = func(_ context.Context, call action.Call, _ action.Ledger) (action.Result, error) {
			return action.Result{}, fault.Wrap(errors.New(call.Secrets["pin"].Reveal()), fault.Forbidden, "The shelf refused %s.", call.Secrets["password"].Reveal())
		}
		failed := d.plan(t, map[string]any{"message": "m1", "pin": pin})
		d.start(t, failed)
		if got := d.work(t, failed); got.State != action.Failed || got.Result.Summary != "The shelf refused ***. Nothing was done." {
			t.Errorf("run is %s: %s", got.State, got.Result.Summary)
		}
		for _, table := range []string{"run", "run_step", "run_output", "quarantine", "journal", "job", "action_version"} {
			for _, cell := range cells(t, db, table) {
				for _, s := range []string{password, pin, `p\"ss`, "p%22ss"} {
					if strings.Contains(cell, s) {
						t.Errorf("table %s holds a secret: %s", table, cell)
					}
				}
			}
		}
	})
}

// cells returns everything a table holds.
func cells(t *testing.T, db *DB, table string) []string {
	t.Helper()
	rs, err := db.read.QueryContext(t.Context(), `SELECT * FROM `+table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rs.Close() }()
	columns, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rs.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rs.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			out = append(out, fmt.Sprintf("%s", v))
		}
	}
	return out
}

func TestMissingSecretIsNamedWithoutValue(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		d.Getenv = func(string) string { return "" }
		_, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "shelf/take", Inputs: map[string]any{"message": "m1"}})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "SHELF_PASSWORD") {
			t.Errorf("Plan = %v, want it to name SHELF_PASSWORD", err)
		}
	})
}

func TestHowRunsEnd(t *testing.T) {
	began := func(then func(context.Context) (action.Result, error)) func(context.Context, action.Call, action.Ledger) (action.Result, error) {
		return func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			if err := led.Commit(ctx, "began", nil); err != nil {
				return action.Result{}, err
			}
			return then(ctx)
		}
	}
	for name, c := range map[string]struct {
		do    func(context.Context, action.Call, action.Ledger) (action.Result, error)
		found action.Result
		want  action.State
		say   string
	}{
		"the world moved": {do: func(context.Context, action.Call, action.Ledger) (action.Result, error) {
			return action.Result{}, fault.New(fault.Conflict, "The message is not where it was. Plan again.")
		}, want: action.Failed, say: "The message is not where it was. Plan again. Nothing was done."},
		"a final error after a step": {do: began(func(context.Context) (action.Result, error) {
			return action.Result{}, fault.New(fault.Forbidden, "The shelf is locked. Ask its owner.")
		}), want: action.Failed, say: "The shelf is locked. Ask its owner."},
		"a doubtful error after a step": {do: began(func(context.Context) (action.Result, error) {
			return action.Result{}, fault.New(fault.Unavailable, "The shelf does not answer.")
		}), found: action.Result{Done: true, Summary: "The message is gone."}, want: action.Succeeded, say: "The message is gone."},
		"a panic": {do: began(func(context.Context) (action.Result, error) { panic("nil shelf") }),
			found: action.Result{Unknown: true, Summary: "Look at the shelf."}, want: action.Unknown, say: "Look at the shelf."},
		"no effect": {do: began(func(context.Context) (action.Result, error) {
			return action.Result{Summary: "The program ended with code 3."}, nil
		}), want: action.Failed, say: "The program ended with code 3."},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				d.shelf.do = c.do
				d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) { return c.found, nil }
				r := d.plan(t, map[string]any{"message": "m1"})
				d.start(t, r)
				if got := d.work(t, r); got.State != c.want || got.Result.Summary != c.say {
					t.Errorf("run is %s: %q; want %s: %q", got.State, got.Result.Summary, c.want, c.say)
				}
			})
		})
	}
}

func TestTimeLimitAndStoppedServer(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		begun := make(chan struct{})
		d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			if err := led.Commit(ctx, "began", nil); err != nil {
				return action.Result{}, err
			}
			begun <- struct{}{}
			<-ctx.Done()
			return action.Result{}, ctx.Err()
		}
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) {
			return action.Result{Summary: "The message is still there."}, nil
		}
		late := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, late)
		settle := d.working(t)
		<-begun
		c.Move(61 * time.Second)
		settle()
		if got := d.now(t, late); got.State != action.Failed || got.Result.Summary != "The run took longer than 1m0s and was stopped. The message is still there." {
			t.Errorf("run is %s: %q", got.State, got.Result.Summary)
		}

		stopped := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, stopped)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); d.jobs.Run(ctx) }()
		<-begun
		stop()
		<-ended
		if got := d.now(t, stopped); got.State != action.Failed || got.Result.Summary != "The server was stopped during the run. The message is still there." {
			t.Errorf("run is %s: %q", got.State, got.Result.Summary)
		}
	})
}

func TestOutputIsLiveAndBatched(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		printed, more := make(chan struct{}), make(chan struct{})
		d.shelf.do = func(_ context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			for i := range 250 {
				led.Printf("line %d", i+1)
			}
			led.Printf("%s", strings.Repeat("x", 10_000))
			close(printed)
			<-more
			return action.Result{Done: true, Summary: "Printed."}, nil
		}
		r := d.plan(t, map[string]any{"message": "m1"})
		feed := db.Subscribe(t.Context())
		d.start(t, r)
		settle := d.working(t)
		<-printed
		for d.now(t, r).Lines < 251 { // while it runs
			c.Move(250 * time.Millisecond)
			<-feed
		}
		lines, err := d.Output(t.Context(), d.liis, r.ID, 249)
		if err != nil || len(lines) != 3 || lines[0].Text != "line 249" || !strings.HasSuffix(lines[2].Text, "x… (1808 more bytes)") {
			t.Errorf("Output from line 249 = %d lines, %v", len(lines), err)
		}
		close(more)
		settle()
		all, err := d.Output(t.Context(), d.liis, r.ID, 0)
		if err != nil || len(all) != 251 || all[99].Number != 100 || all[100].Text != "line 101" {
			t.Errorf("Output = %d lines, %v", len(all), err)
		}
		batches, _, err := row(t.Context(), db.read, value[int], `SELECT COUNT(*) FROM run_output`)
		if err != nil || batches > 12 {
			t.Errorf("251 lines in %d rows, want batches", batches)
		}
	})
}

func TestStrayRunsAreFound(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		never, cut := d.plan(t, map[string]any{"message": "m1"}), d.plan(t, map[string]any{"message": "m2"})
		d.start(t, never)
		loseJobs(t, db)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.now(t, never); got.State != action.Failed {
			t.Errorf("a run that was never begun is %s, want failed", got.State)
		}
		still := d.crash(t, cut)
		loseJobs(t, db)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.now(t, cut); got.State != action.Unknown {
			t.Errorf("a run that was cut off is %s, want unknown", got.State)
		}
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) {
			return action.Result{Done: true, Summary: "The message is gone."}, nil
		}
		if got := d.work(t, cut); got.State != action.Succeeded {
			t.Errorf("after looking it is %s, want succeeded", got.State)
		}
		_ = still()
	})
}

func loseJobs(t *testing.T, db *DB) {
	t.Helper()
	if err := db.write(t.Context(), func(x *tx) error {
		_, err := x.exec(t.Context(), `UPDATE job SET state = 'buried'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestSecretsOfOldPlansAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1", "pin": "4711-0815"})
		if d.now(t, r).Sealed == nil {
			t.Fatal("the pin is not kept for the run")
		}
		c.Move(16 * time.Minute)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d.now(t, r).Sealed != nil {
			t.Error("the pin of a plan that cannot be started any more is kept")
		}
		d.Box = nil
		if _, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "shelf/take", Inputs: map[string]any{"message": "m1", "pin": "4711-0815"}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("Plan with a secret and no key = %v, want a refusal", err)
		}
	})
}

func TestPermissionIsAskedFirst(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1"})
		hidden, danger := takeMessage(), takeMessage()
		hidden.ID, hidden.Visibility = "shelf/hidden", people.TeamOnly
		danger.ID, danger.Risk = "shelf/burn", action.RiskDanger
		d.book[hidden.ID], d.book[danger.ID] = hidden, danger
		person := func(role people.Role, teams ...string) people.Actor {
			return people.As(people.Person{ID: "karl", Role: role, Teams: teams}, "api")
		}
		plan := func(id string) func(people.Actor) error {
			return func(by people.Actor) error {
				_, err := d.Plan(t.Context(), by, action.PlanRequest{Action: id, Inputs: map[string]any{"message": "m1"}, Reason: "r"})
				return err
			}
		}
		start := func(by people.Actor) error {
			_, err := d.Start(t.Context(), by, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "k"})
			return err
		}
		cancel := func(by people.Actor) error { _, err := d.Cancel(t.Context(), by, r.ID); return err }
		see := func(by people.Actor) error { _, err := d.Run(t.Context(), by, r.ID); return err }
		kept := func(by people.Actor) error {
			_, err := d.Runner.Quarantine(t.Context(), by, action.KeptFilter{})
			return err
		}
		for name, x := range map[string]struct {
			by   people.Actor
			do   func(people.Actor) error
			want fault.Kind
		}{
			"nobody plans":             {people.Anonymous("api"), plan("shelf/take"), fault.Unauthenticated},
			"nobody sees":              {people.Anonymous("api"), see, fault.Unauthenticated},
			"a source plans":           {people.Actor{Kind: people.BySource, ID: "am"}, plan("shelf/take"), fault.Forbidden},
			"a member plans":           {person(people.Member), plan("shelf/take"), fault.Forbidden},
			"a member starts":          {person(people.Member), start, fault.Forbidden},
			"a member cancels":         {person(people.Member), cancel, fault.Forbidden},
			"a member sees":            {person(people.Member), see, ""},
			"a member opens":           {person(people.Member), kept, fault.Forbidden},
			"support plans danger":     {person(people.Support), plan("shelf/burn"), fault.Forbidden},
			"a lead plans danger":      {person(people.Lead), plan("shelf/burn"), ""},
			"another team":             {person(people.Lead, "fraud"), plan("shelf/hidden"), fault.NotFound},
			"its team":                 {person(people.Support, "support"), plan("shelf/hidden"), ""},
			"an action that is not":    {person(people.Admin), plan("shelf/none"), fault.NotFound},
			"a run that is not, as no": {people.Anonymous("api"), func(by people.Actor) error { _, err := d.Run(t.Context(), by, "RUN-99"); return err }, fault.Unauthenticated},
		} {
			if err := x.do(x.by); fault.KindOf(err) != x.want {
				t.Errorf("%s: %v, want %q", name, err, x.want)
			}
		}
		list, err := d.Actions(t.Context(), person(people.Member, "fraud"), "")
		if err != nil || len(list) != 2 {
			t.Errorf("Actions = %d, %v, want the two that are open to everyone", len(list), err)
		}
		if list, err = d.Actions(t.Context(), d.liis, "decision-pipeline"); err != nil || len(list) != 1 {
			t.Errorf("Actions of a service = %d, %v, want its one", len(list), err)
		}
		if _, err := d.Plan(t.Context(), person(people.Lead), action.PlanRequest{Action: danger.ID, Inputs: map[string]any{"message": "m1"}}); len(fault.FieldsOf(err)) != 1 {
			t.Errorf("danger without a reason = %v, want the field named", err)
		}
	})
}

func TestOldVersionsAndFigures(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		took := []time.Duration{2, 4, 6, 8, 10, 12, 14, 16, 18, 20}
		for _, s := range took {
			r := d.plan(t, map[string]any{"message": "m1"})
			d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) {
				c.Move(s * time.Second)
				return action.Result{Done: true, Summary: "Done."}, nil
			}
			d.start(t, r)
			d.work(t, r)
		}
		changed := takeMessage()
		changed.Title = "Take it"
		d.book["shelf/take"] = changed
		r := d.plan(t, map[string]any{"message": "m1"})
		d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) {
			return action.Result{Summary: "In vain."}, nil
		}
		d.start(t, r)
		d.work(t, r)
		got, err := d.Figures(t.Context(), d.liis, "")
		want := map[string]action.Figures{"shelf/take": {Action: "shelf/take", Succeeded: 10, Failed: 1, Usual: 10 * time.Second, NineInTen: 18 * time.Second}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Figures (-want +got): %v\n%s", err, diff)
		}
		versions, err := d.Versions(t.Context(), d.liis, "shelf/take")
		if err != nil || len(versions) != 2 || versions[0].Title != "Take it" || versions[0].Version != changed.Version() {
			t.Errorf("Versions = %+v, %v", versions, err)
		}
		first, err := d.Run(t.Context(), d.liis, "RUN-1")
		if err != nil || first.Definition.Title != "Take a message off the shelf" || first.Version == r.Version {
			t.Errorf("an old run is of %q, %v; want the version it was", first.Definition.Title, err)
		}
		page, err := d.List(t.Context(), d.liis, action.RunFilter{Action: "shelf/take", States: []action.State{action.Succeeded, action.Failed}, Before: 11, Limit: 3})
		if err != nil || len(page) != 3 || page[0].Number != 10 {
			t.Errorf("List before 11 = %v, %v", page, err)
		}
	})
}

func (b book) Person(string) (people.Person, bool) { return people.Person{}, false }
