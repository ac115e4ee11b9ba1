package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
)

// TestBudgetHoldsAtOnce splits what is over a budget into many starts at the same moment, on both replicas.
func TestBudgetHoldsAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := clock.NewMoved(start)
		first, h := newStaffed(t, a, c)
		second, _ := newStaffed(t, b, c)
		liis := h.screen("liis", c)
		runs := make([]action.Run, 8)
		for i := range runs {
			runs[i] = first.planOf(t, liis, "shelf/pick")
		}
		var wg sync.WaitGroup
		for i := range runs {
			d := []*workplace{first, second}[i%2]
			wg.Go(func() {
				r, err := d.Start(t.Context(), liis, action.StartRequest{Run: runs[i].ID, PlanHash: runs[i].PlanHash, Key: fmt.Sprint("click ", i)})
				if err != nil {
					t.Errorf("Start: %v", err)
				}
				runs[i] = r
			})
		}
		wg.Wait()
		began := 0
		for _, r := range runs {
			if r.State == action.Running {
				began++
			} else if r.State != action.Waiting || r.Consent.Need != 1 || r.Consent.Over == nil {
				t.Errorf("a run over the budget is %s and needs %+v", r.State, r.Consent)
			}
		}
		if began != 3 {
			t.Errorf("%d runs began on a budget of 3", began)
		}
		if r, err := first.click(t, h.screen("karl", c), first.planOf(t, h.screen("karl", c), "shelf/pick"), ""); err != nil || r.State != action.Running {
			t.Errorf("somebody else's budget: %s, %v", r.State, err)
		}
	})
}

func TestBudgetRollsAlong(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		state := func() action.State {
			t.Helper()
			r, err := d.click(t, h.screen("liis", c), d.planOf(t, h.screen("liis", c), "shelf/pick"), "")
			if err != nil {
				t.Fatal(err)
			}
			return r.State
		}
		for range 3 {
			if s := state(); s != action.Running {
				t.Fatalf("within the budget: %s", s)
			}
			c.Move(time.Hour)
		}
		over := d.asked(t, h.screen("liis", c), "shelf/pick")
		if _, err := d.Refuse(t.Context(), h.screen("karl", c), over.ID, "Enough for tonight"); err != nil {
			t.Fatal(err)
		}
		c.Move(9*time.Hour + time.Minute) // the first is more than 12 h ago; what was refused counts for nothing
		if s := state(); s != action.Running {
			t.Errorf("after the first has left the window: %s", s)
		}
		if s := state(); s != action.Waiting {
			t.Errorf("over it again: %s", s)
		}
	})
}
