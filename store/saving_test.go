package store

import (
	"context"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/form"
	"frontline/journal"
	"frontline/people"
)

// takesByHand says how long the work takes by hand, and whom it is for.
func takesByHand(d time.Duration) action.Definition {
	x := takeMessage()
	x.Takes = d
	x.Inputs = append(x.Inputs, form.Input{Name: "customer", Type: form.Customer})
	return x
}

// What a run saved is counted at its end, and stays when the definition says something else. What failed, did not help or was taken back saves
// nothing.
func TestRunsCountWhatTheySave(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		d.book["shelf/take"] = takesByHand(15 * time.Minute)
		d.Given.Catalog = func(context.Context) (action.Catalog, error) { return nil, nil }
		message := 0
		run := func(by people.Actor, about journal.Subject, result action.Result) action.Run {
			t.Helper()
			message++
			d.shelf.messages = []string{"m"}
			r, err := d.Plan(t.Context(), by, action.PlanRequest{Action: "shelf/take", Inputs: map[string]any{"message": "m"}, For: about})
			if err != nil {
				t.Fatal(err)
			}
			c.Move(3 * time.Minute)
			if r, err = d.Start(t.Context(), by, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: r.ID}); err != nil {
				t.Fatal(err)
			}
			d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) { return result, nil }
			return d.work(t, r)
		}
		since, done := c.Now().Add(-time.Hour), action.Result{Done: true, Summary: "Taken."}
		rule := people.Actor{Kind: people.ByRule, ID: "clean", Role: people.Support, Teams: []string{"support"}, Via: "rule"}
		if got := run(d.liis, disturbance, done).Saving; got != (action.Saving{Origin: action.FromIncident, Counts: true, ByHand: 15 * time.Minute, Own: 3 * time.Minute, Saved: 12 * time.Minute}) {
			t.Errorf("a run for an incident saved %+v", got)
		}
		if got := run(rule, journal.Subject{}, done).Saving; got.Origin != action.FromRule || got.Own != 0 || got.Saved != 15*time.Minute {
			t.Errorf("a rule's run saved %+v", got)
		}
		if got := run(d.liis, journal.Subject{}, action.Result{Summary: "It was not there."}); got.State != action.Failed || got.Saving.Counts || got.Saving.Saved != 0 || got.Saving.ByHand == 0 {
			t.Errorf("a %s run saved %+v", got.State, got.Saving)
		}
		d.book["shelf/take"] = takesByHand(time.Minute) // the next version is faster by hand than by reading the plan
		if got := run(d.liis, journal.Subject{}, done).Saving; got.Origin != action.FromPerson || !got.Counts || got.Saved != 0 {
			t.Errorf("a run that takes longer than by hand saved %+v", got)
		}
		all, err := d.Savings(t.Context(), d.liis, "", since, time.UTC)
		if err != nil || len(all) != 1 {
			t.Fatalf("savings: %+v, %v", all, err)
		}
		if s := all[0]; s.Runs != 3 || s.Saved != 27*time.Minute || s.Own != 6*time.Minute || s.ByHand != 31*time.Minute || s.Origins[action.FromRule] != 1 || s.Say() != "3 runs, 27 min saved" {
			t.Errorf("savings are %+v: %s", s, s.Say())
		}
		if m := all[0].Months; len(m) != 1 || m[0].Runs != 3 || m[0].Saved != 27*time.Minute {
			t.Errorf("months are %+v", m)
		}
		entries, err := db.JournalOf(t.Context(), []journal.Subject{disturbance}, 10)
		if last := entries[len(entries)-1]; err != nil || last.Verb != "run.succeeded" || last.Facts["saved_s"] != 720.0 || last.Facts["origin"] != "incident" {
			t.Errorf("the journal says %+v, %v", last, err)
		}
		hidden := takesByHand(time.Minute)
		hidden.Visibility, hidden.Team = people.TeamOnly, "pipeline"
		d.book["shelf/take"] = hidden
		if all, err := d.Savings(t.Context(), d.liis, "", since, time.UTC); err != nil || len(all) != 0 {
			t.Errorf("another team's savings: %+v, %v", all, err)
		}
	})
}
