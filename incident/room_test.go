package incident_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/clock"
	"frontline/e2e/database"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/incident"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/store"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

var night = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

// room is the whole wing on a real database; mail, alert groups and runs are played.
type room struct {
	*incident.Service
	t      *testing.T
	verity *incident.Verity
	db     *store.DB
	other  *incident.Service // the same wing in a second process, where the database allows one
	clock  *clock.Moved
	runner *job.Runner
	post   *post
	groups groups
	runs   *runs
}

// each runs a test on both databases.
func each(t *testing.T, f func(*room)) {
	t.Run("sqlite", func(t *testing.T) {
		c := clock.NewMoved(night)
		db := open(t, database.SQLite(t), c)
		f(furnish(t, c, db, db))
	})
	t.Run("postgres", func(t *testing.T) {
		c := clock.NewMoved(night)
		address := database.Postgres(t)
		f(furnish(t, c, open(t, address, c), open(t, address, c)))
	})
}

func open(t *testing.T, address string, c clock.Clock) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), address, store.Options{Clock: c, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func furnish(t *testing.T, c *clock.Moved, db, second *store.DB) *room {
	t.Helper()
	r := &room{t: t, verity: incident.NewVerity(), db: db, clock: c, post: &post{broken: map[string]error{}}, groups: groups{}, runs: &runs{}}
	r.Service = r.service(db)
	r.other = r.service(second)
	handlers := append(r.Handlers(), oncall.JobStep().Handle(func(context.Context, oncall.StepArgs) error { return nil }))
	var err error
	if r.runner, err = job.NewRunner(db, c, slog.New(slog.DiscardHandler), handlers...); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.runner.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	page := incident.Page{ID: "verity", Name: "Verity status", URL: "https://status.verity.example", Zone: "Europe/Tallinn"}
	r.ok(r.ArrangePage(t.Context(), people.System("start"), page))
	return r
}

func (r *room) service(db *store.DB) *incident.Service {
	return &incident.Service{
		DB: db, Book: func(context.Context) (incident.Directory, error) { return r.verity, nil }, Groups: r.groups, Runs: r.runs, Mailer: r.post,
		Link: func(i incident.Incident) string { return "https://frontline.verity.example/incidents/" + i.Name() },
	}
}

func (r *room) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// inc returns what a command left, which must have worked.
func (r *room) inc(i incident.Incident, err error) incident.Incident {
	r.t.Helper()
	r.ok(err)
	return i
}

func (r *room) as(person string) people.Actor { r.t.Helper(); return r.verity.As(r.t, person) }

// pass lets time go by and the jobs that are due by then be done.
func (r *room) pass(d time.Duration) {
	r.t.Helper()
	r.clock.Move(d)
	r.ok(r.runner.Settle(r.t.Context()))
}

// letter is a mail that arrived.
type letter struct{ to, subject, text, ref string }

// post plays a mail server.
type post struct {
	mu      sync.Mutex
	arrived []letter
	broken  map[string]error // by address
}

func (p *post) Mail(_ context.Context, to, subject, text, ref string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.broken[to]; err != nil {
		return "", err
	}
	p.arrived = append(p.arrived, letter{to, subject, text, ref})
	return fmt.Sprintf("250 queued as %d", len(p.arrived)), nil
}

func (p *post) fail(to string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken[to] = err
}

// take returns what arrived since it was last asked, as "who: subject" sorted by arrival.
func (p *post) take() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.arrived
	p.arrived = nil
	return out
}

// groups plays the alert wing.
type groups map[string]alert.Group

func (g groups) Group(_ context.Context, id string) (alert.Group, error) {
	if x, ok := g[id]; ok {
		return x, nil
	}
	return alert.Group{}, fault.New(fault.NotFound, "There is no such group.")
}

// runs plays the action wing.
type runs struct{ all []action.Run }

func (r *runs) RunsFor(_ context.Context, _ people.Actor, s journal.Subject) (out []action.Run, _ error) {
	for _, x := range r.all {
		if x.For == s {
			out = append(out, x)
		}
	}
	return out, nil
}

func (r *runs) Run(_ context.Context, _ people.Actor, ref string) (action.Run, error) {
	for _, x := range r.all {
		if x.ID == ref {
			return x, nil
		}
	}
	return action.Run{}, fault.New(fault.NotFound, "There is no such run.")
}

// sentences writes a timeline as people read it.
func sentences(lines []incident.Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s\n", l.At.Format("15:04"), strings.TrimSpace(l.Actor+" "+l.Sentence))
	}
	return b.String()
}
