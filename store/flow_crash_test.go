package store

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
)

// shaky is a database that fails once, at the nth write of a flow's job: before it is written, or after it, when only the answer is lost.
type shaky struct {
	*DB
	mu    sync.Mutex
	left  int
	after bool
	fell  bool
}

var errShaky = fault.New(fault.Unavailable, "The power went off.")

func (s *shaky) falls(ctx context.Context) bool {
	claim, ok := job.ClaimOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || claim.Kind != "action.flow" {
		return false
	}
	s.left--
	s.fell = s.fell || s.left == 0
	return s.left == 0
}

func shake[T any](ctx context.Context, s *shaky, write func() (T, error)) (T, error) {
	var none T
	falls := s.falls(ctx)
	if falls && !s.after {
		return none, errShaky
	}
	out, err := write()
	if falls {
		return none, errors.Join(errShaky, err)
	}
	return out, err
}

func (s *shaky) AddRun(ctx context.Context, r action.Run, follows func(action.Run) journal.Consequences) (action.Run, error) {
	return shake(ctx, s, func() (action.Run, error) { return s.DB.AddRun(ctx, r, follows) })
}

func (s *shaky) ChangeRun(ctx context.Context, id string, decide func(action.Current) (action.Run, journal.Consequences, error)) (action.Run, error) {
	return shake(ctx, s, func() (action.Run, error) { return s.DB.ChangeRun(ctx, id, decide) })
}

func (s *shaky) StartRun(ctx context.Context, id string, who action.Starter, decide func(action.Current) (action.Run, journal.Consequences, error)) (action.Run, error) {
	return shake(ctx, s, func() (action.Run, error) { return s.DB.StartRun(ctx, id, who, decide) })
}

// TestFlowCrashesAnywhere lets the process fall at every single write of a flow, before and after it: nothing is done twice, and nothing is lost.
func TestFlowCrashesAnywhere(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		d.flow(t, "shelf/rescue", action.RiskChange, runs("one", "shelf/move"), asks("look"), runs("two", "shelf/move", "when", "steps.one.done"), runs("three", "shelf/move", "when", "not steps.two.done"))
		liis := h.screen("liis", c)
		for _, after := range []bool{false, true} {
			fell := true
			for n := 1; fell; n++ {
				s := &shaky{DB: db, left: n, after: after}
				d.Runs = s
				before := d.shelf.done()
				r := d.flowing(t, liis, "shelf/rescue")
				d.mend(t, r)
				if _, err := d.Answer(t.Context(), liis, r.ID, "look", "yes", ""); err != nil {
					t.Fatalf("write %d, after: %v: %v: %s", n, after, err, steps(d.now(t, r)))
				}
				d.mend(t, r)
				d.wantSteps(t, r, "succeeded: one done, look done, two done, three skipped")
				if done := d.shelf.done() - before; done != 2 {
					t.Errorf("write %d, after: %v: %d steps were done, want 2", n, after, done)
				}
				children, err := d.Children(t.Context(), liis, r.ID)
				if err != nil || len(children) != 2 {
					t.Errorf("write %d, after: %v: %d runs, %v", n, after, len(children), err)
				}
				if fell = s.fell; !fell && n < 8 {
					t.Errorf("the flow made %d writes only", n)
				}
			}
		}
	})
}

// mend lets the jobs run, again after a pause, until what was tried again is done.
func (d *workplace) mend(t *testing.T, r action.Run) {
	t.Helper()
	for range 4 {
		d.work(t, r)
		d.clock.Move(3 * time.Second)
	}
	d.work(t, r)
}

// TestReplicasWalkTogether lets several processes take the same flow on at the same moment, again and again.
func TestReplicasWalkTogether(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := clock.NewMoved(start)
		first, h := newStaffed(t, a, c)
		second, _ := newStaffed(t, b, c)
		second.shelf, second.Kinds, second.book = first.shelf, first.Kinds, first.book
		first.flow(t, "shelf/rescue", action.RiskChange, runs("one", "shelf/move"), runs("two", "shelf/move"))
		second.Runner.Book = first.Runner.Book
		for range 3 {
			before := first.shelf.done()
			r := first.flowing(t, h.screen("liis", c), "shelf/rescue")
			for round := 0; round < 20 && first.now(t, r).State == action.Running; round++ {
				args, err := json.Marshal(action.JobFlow{Run: r.ID})
				if err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				for i := range 6 {
					d := []*workplace{first, second}[i%2]
					wg.Go(func() {
						for _, handler := range d.Handlers() {
							if handler.Name == "action.flow" {
								if err := handler.Do(t.Context(), job.Claim{Kind: "action.flow", Args: args}); err != nil && !fault.Is(err, fault.Conflict) {
									t.Errorf("walking: %v", err)
								}
							}
						}
					})
				}
				wg.Wait()
				first.work(t, r)
			}
			first.wantSteps(t, r, "succeeded: one done, two done")
			if done := first.shelf.done() - before; done != 2 {
				t.Fatalf("%d steps were done, want 2", done)
			}
		}
	})
}

// TestIdleFlowIsWoken loses every job: the sweep takes the flow on again.
func TestIdleFlowIsWoken(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		d.flow(t, "shelf/rescue", action.RiskChange, runs("one", "shelf/move"), asks("look"))
		r := d.flowing(t, h.screen("liis", c), "shelf/rescue")
		loseJobs(t, db)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.work(t, r)
		d.wantSteps(t, r, "running: one done, look asked")
		if idle, err := db.IdleFlows(t.Context()); err != nil || len(idle) != 0 {
			t.Errorf("flows that wait for an answer are idle: %v, %v", idle, err)
		}
		if stray, err := db.StrayRuns(t.Context()); err != nil || len(stray) != 0 {
			t.Errorf("flows are stray: %v, %v", stray, err)
		}
	})
}
