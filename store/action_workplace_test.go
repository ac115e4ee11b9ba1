package store

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

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
	looks     int // how often a look afterwards was taken
	enough    int // looks until it has helped
	do        func(context.Context, action.Call, action.Ledger) (action.Result, error)
	reconcile func(context.Context, action.Call, []action.Step) (action.Result, error)
}

var _ action.Kind = (*shelf)(nil)

func (s *shelf) Name() string                { return "shelf.take" }
func (s *shelf) Check(json.RawMessage) error { return nil }

func (s *shelf) Plan(_ context.Context, c action.Call) (action.Plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.Inputs["message"] == "tell me your password" {
		return action.Plan{}, fault.New(fault.Forbidden, "The shelf refused %s.", c.Secrets["password"].Reveal())
	}
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

func (b book) Person(id string) (people.Person, bool) {
	return people.Person{ID: id, Name: "Liis Tamm"}, id == "liis"
}

func (b book) People() []people.Person { return nil }

func takeMessage() action.Definition {
	return action.Definition{ID: "shelf/take", Title: "Take a message off the shelf", Team: "support", Risk: action.RiskChange, Kind: "shelf.take",
		Settings: map[string]any{"password": "env:SHELF_PASSWORD"},
		Inputs:   []form.Input{{Name: "message", Type: form.Text, Required: true}, {Name: "pin", Type: form.Secret}},
		Limits:   action.Limits{Timeout: time.Minute, OneAtATime: true}}
}

// workplace is the action wing on a database, with one person at it.
type workplace struct {
	*action.Runner
	db    *DB
	jobs  *job.Runner
	clock *clock.Moved
	shelf *shelf
	book  book
	liis  people.Actor
}

const password = `p"ss/wörd&1`

func newDesk(t *testing.T, db *DB, c *clock.Moved) *workplace {
	t.Helper()
	d := &workplace{db: db, clock: c, shelf: &shelf{messages: []string{"m1", "m2", "m3"}}, book: book{"shelf/take": takeMessage()},
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

func (d *workplace) plan(t *testing.T, inputs map[string]any) action.Run {
	t.Helper()
	r, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "shelf/take", Inputs: inputs, For: disturbance, Reason: "consumer loops on it"})
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	return r
}

func (d *workplace) start(t *testing.T, r action.Run) action.Run {
	t.Helper()
	started, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "click-" + r.ID})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return started
}

// work lets the jobs run that are due, and returns the run.
func (d *workplace) work(t *testing.T, r action.Run) action.Run {
	t.Helper()
	d.working(t)()
	return d.now(t, r)
}

// settleTime is when jobs that do not come to an end count as hanging. Nothing is measured with it: a flow takes dozens of transactions, on whatever machine.
const settleTime = 10 * time.Minute

// working lets jobs run until the function it returns is called, which waits for those that are due.
func (d *workplace) working(t *testing.T) func() {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.jobs.Run(ctx) }()
	return func() {
		t.Helper()
		limited, cancel := context.WithTimeout(t.Context(), settleTime)
		defer cancel()
		if err := d.jobs.Settle(limited); err != nil {
			t.Errorf("jobs do not come to an end: %v", err)
		}
		stop()
		<-ended
	}
}

func (d *workplace) now(t *testing.T, r action.Run) action.Run {
	t.Helper()
	now, err := d.Run(t.Context(), d.liis, r.ID)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return now
}

// await returns when the run is as wanted, which another process may bring about.
func (d *workplace) await(t *testing.T, r action.Run, wanted func(action.Run) bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	changed := d.db.Subscribe(ctx)
	for !wanted(d.now(t, r)) {
		if _, more := <-changed; !more {
			t.Fatalf("the run stays as it is: %+v", d.now(t, r))
		}
	}
}

// told is the incident's timeline in verbs.
func (d *workplace) told(t *testing.T) []string {
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

// crash starts a run in a process that vanishes in the middle of it, and returns what that process would still write.
func (d *workplace) crash(t *testing.T, r action.Run) (still func() error) {
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

func loseJobs(t *testing.T, db *DB) {
	t.Helper()
	if err := db.write(t.Context(), func(x *tx) error {
		_, err := x.exec(t.Context(), `UPDATE job SET state = 'buried'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
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
