package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
)

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
		if item, err := d.Item(t.Context(), d.liis, kept[0].ID); err != nil || string(item.Envelope) != "m2" {
			t.Errorf("Item = %q, %v", item.Envelope, err)
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

// TestTwoReplicasStartOnce clicks on both replicas at once, and lets both look for work.
func TestTwoReplicasStartOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := clock.NewMoved(start)
		first, second := newDesk(t, a, c), newDesk(t, b, c)
		second.shelf = first.shelf
		second.Kinds = first.Kinds
		for n := range 10 {
			r := first.plan(t, map[string]any{"message": "m1"})
			first.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
				return action.Result{Done: true, Summary: "Done."}, led.Commit(ctx, "began", nil)
			}
			var wg sync.WaitGroup
			errs := make([]error, 6)
			for i := range errs {
				d := []*workplace{first, second}[i%2]
				wg.Go(func() {
					_, errs[i] = d.Start(t.Context(), d.liis, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: fmt.Sprint("click ", i)})
				})
			}
			wg.Wait()
			started := 0
			for _, err := range errs {
				if err == nil {
					started++
				} else if !fault.Is(err, fault.Conflict) {
					t.Errorf("refused with %v, want a conflict", err)
				}
			}
			work, stop := context.WithCancel(t.Context())
			var both sync.WaitGroup
			both.Go(func() { first.jobs.Run(work) })
			both.Go(func() { second.jobs.Run(work) })
			first.await(t, r, func(r action.Run) bool { return r.State == action.Succeeded })
			stop()
			both.Wait()
			if got := first.now(t, r); started != 1 || got.State != action.Succeeded || first.shelf.done() != n+1 || got.Steps != 1 {
				t.Fatalf("%d clicks started %s, which is %s after %d starts in all, want one each", started, r.Ref(), got.State, first.shelf.done())
			}
		}
	})
}

func TestStartRefusesWhatNobodySaw(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*workplace)
		hash   string
		want   string
	}{
		"an old plan":      {func(d *workplace) { d.clock.Move(16 * time.Minute) }, "", "Plan again"},
		"another plan":     {func(d *workplace) {}, "0000", "plan again"},
		"another version":  {func(d *workplace) { x := takeMessage(); x.Title = "Take it"; d.book["shelf/take"] = x }, "", "Plan again"},
		"a removed action": {func(d *workplace) { delete(d.book, "shelf/take") }, "", "removed"},
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
			} else if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "RUN-") || !strings.Contains(fault.Sentence(err), "Liis Tamm") {
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
