package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

func TestBreakGlass(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		ctx, karl, wanjiru := t.Context(), h.screen("karl", c), h.screen("wanjiru", c)
		want := func(what string, kind fault.Kind, err error) {
			t.Helper()
			if !fault.Is(err, kind) {
				t.Errorf("%s: %v, want %s", what, err, kind)
			}
		}
		glass := func(by people.Actor, r action.Run) error {
			_, err := d.click(t, by, r, "Every decision fails")
			return err
		}
		review := func(by people.Actor, r action.Run) error {
			_, err := d.Review(ctx, by, r.ID, "It was right.")
			return err
		}
		r := d.planOf(t, karl, "shelf/burn")
		stale := karl
		stale.ConfirmedAt = time.Time{}
		if err := glass(stale, r); !people.MustConfirm(err) {
			t.Errorf("without a password: %v", err)
		}
		want("with a token", fault.Forbidden, glass(people.As(h.crew["karl"], "api"), r))
		want("by a rule", fault.Forbidden, glass(people.Actor{Kind: people.ByRule, ID: "night", Role: people.Admin, Via: "job"}, r))
		want("by who may not run it", fault.Forbidden, glass(h.screen("liis", c), r))
		if err := glass(karl, r); err != nil {
			t.Fatal(err)
		}
		if err := glass(karl, r); err != nil {
			t.Errorf("the same click again: %v", err)
		}
		second := d.planOf(t, wanjiru, "shelf/burn")
		err := glass(wanjiru, second)
		if want("a second of the same action", fault.Conflict, err); !strings.Contains(fault.Sentence(err), r.Ref()) {
			t.Errorf("%q does not name %s", fault.Sentence(err), r.Ref())
		}
		other := d.planOf(t, karl, "shelf/tidy")
		want("a second by the same person", fault.Conflict, glass(karl, other))
		want("a review while it runs", fault.Conflict, review(wanjiru, r))
		if r = d.work(t, r); r.State != action.Succeeded || !r.Glass.Open() || r.Glass.Reason != "Every decision fails" {
			t.Fatalf("it is %s, %+v", r.State, r.Glass)
		}
		open, err := d.List(ctx, wanjiru, action.RunFilter{Open: true})
		if err != nil || len(open) != 1 || open[0].ID != r.ID {
			t.Errorf("open reviews: %v, %v", open, err)
		}
		want("one's own review", fault.Forbidden, review(karl, r))
		want("a review of nothing", fault.Conflict, review(wanjiru, second))
		outside := people.As(people.Person{ID: "rasmus", Role: people.Support, Teams: []string{"fraud"}}, "screen")
		want("a review by another team", fault.Forbidden, review(outside, r))
		if _, err := d.Review(ctx, wanjiru, r.ID, " "); len(fault.FieldsOf(err)) != 1 {
			t.Errorf("a review without words: %v", err)
		}
		if err := review(h.screen("rasmus", c), r); err != nil { // a member of the owning team
			t.Fatal(err)
		}
		want("a second review", fault.Conflict, review(wanjiru, r))
		if err := glass(wanjiru, second); err != nil {
			t.Errorf("after the review: %v", err)
		}
		if got := verbsOf(t, db, r); !slices.Equal(got, []string{"run.planned", "run.glass_broken", "run.started", "run.step", "run.succeeded", "run.reviewed"}) {
			t.Errorf("the journal holds %v", got)
		}
	})
}

// TestGlassAtOnce breaks glass for two runs of one action at the same moment: one starts.
func TestGlassAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := clock.NewMoved(start)
		first, h := newStaffed(t, a, c)
		second, _ := newStaffed(t, b, c)
		for _, id := range []string{"shelf/burn", "shelf/tidy"} { // of one action by two people; of two actions, which the first left open for both
			var wg sync.WaitGroup
			began := make([]bool, 4)
			for i := range began {
				d, by := []*workplace{first, second}[i%2], h.screen([]string{"karl", "wanjiru"}[i/2], c)
				r := d.planOf(t, by, id)
				wg.Go(func() {
					_, err := d.Start(t.Context(), by, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: fmt.Sprint(i), Glass: "Every decision fails"})
					if began[i] = err == nil; err != nil && !fault.Is(err, fault.Conflict) {
						t.Errorf("refused with %v", err)
					}
				})
			}
			wg.Wait()
			if n := len(slices.DeleteFunc(began, func(b bool) bool { return !b })); n != 1 {
				t.Errorf("%d of 4 broke glass for %s at once", n, id)
			}
		}
	})
}
