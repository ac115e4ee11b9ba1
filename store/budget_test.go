package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/people"
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

// TestPurseHoldsAtOnce takes more than one person's budget over all actions, with different actions at the same moment, on both replicas. What does not
// begin is given back, what reads takes nothing, a flow counts by its steps, and break-glass goes by it.
func TestPurseHoldsAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := clock.NewMoved(start)
		first, h := newStaffed(t, a, c)
		second, _ := newStaffed(t, b, c)
		first.Budget = &action.Budget{Most: 5, Per: 12 * time.Hour}
		second.Budget = first.Budget
		liis, karl := h.screen("liis", c), h.screen("karl", c)
		var runs []action.Run
		for range 3 {
			for _, id := range []string{"shelf/move", "shelf/pick", "shelf/look"} {
				runs = append(runs, first.planOf(t, liis, id))
			}
		}
		more := second.book["shelf/move"] // one more that both replicas know
		more.ID = "shelf/more"
		first.book[more.ID], second.book[more.ID] = more, more
		for range 4 {
			runs = append(runs, second.planOf(t, liis, more.ID))
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
		began, waiting := 0, action.Run{}
		for _, r := range runs {
			switch {
			case r.Definition.Risk == action.RiskRead:
				if r.State != action.Running {
					t.Errorf("what reads is %s", r.State)
				}
			case r.State == action.Running:
				began++
			case r.State != action.Waiting || r.Consent.Need != 1 || r.Consent.Over == nil || !r.Consent.Over.All:
				t.Errorf("a run over the budget is %s and needs %+v", r.State, r.Consent)
			default:
				waiting = r
			}
		}
		if began != 5 {
			t.Errorf("%d runs began on a budget of 5", began)
		}
		start := func(by people.Actor, id, glass string) action.Run {
			t.Helper()
			r, err := first.click(t, by, first.planOf(t, by, id), glass)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := start(karl, more.ID, ""); r.State != action.Running {
			t.Errorf("somebody else's run is %s", r.State)
		}
		if r, err := first.Approve(t.Context(), karl, waiting.ID, waiting.PlanHash, ""); err != nil || r.State != action.Running {
			t.Errorf("with another's yes it is %s, %v", r.State, err)
		}
		if r := start(liis, more.ID, "It burns, and nobody answers"); r.State != action.Running || r.Consent.Over != nil {
			t.Errorf("by break-glass it is %s and needs %+v", r.State, r.Consent)
		}
	})
}

func TestPurseRollsAlong(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		start := func(id string) action.Run {
			t.Helper()
			r, err := d.click(t, h.screen("liis", c), d.planOf(t, h.screen("liis", c), id), "")
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		is := func(what string, r action.Run, want action.State) {
			t.Helper()
			if r.State != want {
				t.Errorf("%s: %s, want %s", what, r.State, want)
			}
		}
		is("without a budget", start("shelf/move"), action.Running)
		c.Move(time.Hour)
		d.Budget = &action.Budget{Most: 3, Per: 12 * time.Hour} // what was done before counts
		is("the second", start("shelf/pick"), action.Running)
		d.flow(t, "flow/two", action.RiskChange, runs("one", "shelf/move"), runs("two", "shelf/move"))
		f := start("flow/two")
		d.work(t, f)
		is("the flow's first step", d.child(t, f, "one"), action.Succeeded)
		is("the flow's second step", d.child(t, f, "two"), action.Waiting)
		over := start("shelf/move")
		is("over it", over, action.Waiting)
		for _, id := range []string{over.ID, d.child(t, f, "two").ID} { // what never began is given back
			if _, err := d.Refuse(t.Context(), h.screen("karl", c), id, "Enough for tonight"); err != nil {
				t.Fatal(err)
			}
		}
		is("over it still", start("shelf/pick"), action.Waiting)
		c.Move(11*time.Hour + time.Minute) // the first is more than 12 h ago; what waits is there still, until its time is up
		d.work(t, f)
		is("after the first has left the window", start("shelf/move"), action.Running)
		is("over it again", start("shelf/move"), action.Waiting)
	})
}
