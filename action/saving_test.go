package action

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/form"
	"frontline/journal"
	"frontline/people"
)

func TestWhatARunSaved(t *testing.T) {
	began := time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)
	liis := journal.Actor{Kind: people.ByPerson, ID: "liis", Via: "screen"}
	good := func() Run {
		return Run{State: Succeeded, PlannedAt: began, StartedAt: began.Add(2 * time.Minute), PlannedBy: liis, StartedBy: liis, Inputs: map[string]any{"who": "nordpank"},
			Definition: Definition{Takes: 20 * time.Minute, Inputs: []form.Input{{Name: "note"}, {Name: "who", Type: form.Customer}}}}
	}
	want := Saving{Origin: FromPerson, Counts: true, ByHand: 20 * time.Minute, Own: 2 * time.Minute, Saved: 18 * time.Minute, Customer: "nordpank"}
	nothing := want
	nothing.Counts, nothing.Saved = false, 0
	for name, c := range map[string]struct {
		change func(*Run)
		want   func(Saving) Saving
	}{
		"a person's":         {func(*Run) {}, func(Saving) Saving { return want }},
		"it helped":          {func(r *Run) { r.Result.Check = &Finding{Helped: true} }, func(Saving) Saving { return want }},
		"it did not help":    {func(r *Run) { r.Result.Check = &Finding{} }, func(Saving) Saving { return nothing }},
		"failed":             {func(r *Run) { r.State = Failed }, func(Saving) Saving { return nothing }},
		"unknown":            {func(r *Run) { r.State = Unknown }, func(Saving) Saving { return nothing }},
		"takes another back": {func(r *Run) { r.Undoes = "run" }, func(Saving) Saving { return nothing }},
		"waited for others": {func(r *Run) {
			r.StartedAt = began.Add(time.Hour)
			r.Consent = Consent{Need: 1, AskedAt: began.Add(2 * time.Minute)}
		}, func(Saving) Saving { return want }},
		"a program's":           {func(r *Run) { r.PlannedBy.Via, r.StartedBy.Via = "api", "api" }, func(s Saving) Saving { s.Origin, s.Own, s.Saved = FromToken, 0, 20*time.Minute; return s }},
		"a rule's for a group":  {func(r *Run) { r.StartedBy.Kind, r.For = people.ByRule, journal.Of("group", "g") }, func(s Saving) Saving { s.Origin, s.Own, s.Saved = FromRule, 0, 20*time.Minute; return s }},
		"for an alert":          {func(r *Run) { r.For = journal.Of("group", "g") }, func(s Saving) Saving { s.Origin = FromAlert; return s }},
		"in place of a request": {func(r *Run) { r.For = journal.Of(Asking, "webhooks") }, func(s Saving) Saving { s.Origin = FromAsking; return s }},
		"for a request":         {func(r *Run) { r.For = journal.Of("request", "r") }, func(s Saving) Saving { s.Origin = FromRequest; return s }},
		"longer than by hand":   {func(r *Run) { r.StartedAt = began.Add(time.Hour) }, func(s Saving) Saving { s.Own, s.Saved = time.Hour, 0; return s }},
	} {
		r := good()
		c.change(&r)
		if d := cmp.Diff(c.want(want), r.counted()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestSavingsAreAddedUp(t *testing.T) {
	tallinn, err := time.LoadLocation("Europe/Tallinn")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time { x, _ := time.Parse(time.RFC3339, s); return x }
	run := func(action, ended, customer string, saved time.Duration) SavedRun {
		return SavedRun{Action: action, EndedAt: at(ended), Saving: Saving{Origin: FromPerson, Counts: true, ByHand: saved, Saved: saved, Customer: customer}}
	}
	got := sumSavings([]SavedRun{
		run("small", "2026-11-02T10:00:00Z", "", time.Minute),
		run("large", "2026-09-30T22:30:00Z", "lumo", time.Hour), // in Tallinn it is October
		run("large", "2026-11-24T00:41:00Z", "lumo", time.Hour),
		run("large", "2026-11-24T00:42:00Z", "kivi", 2*time.Hour),
	}, at("2026-09-15T00:00:00Z"), at("2026-11-24T03:00:00Z"), tallinn)
	if len(got) != 2 || got[0].Action != "large" || got[0].Runs != 3 || got[0].Customers != 2 || got[0].Saved != 4*time.Hour || got[1].Customers != 0 {
		t.Fatalf("sums are %+v", got)
	}
	var months []string
	for _, m := range got[0].Months {
		months = append(months, m.Month.Format("2006-01")+" "+m.Saved.String())
	}
	if d := cmp.Diff([]string{"2026-09 0s", "2026-10 1h0m0s", "2026-11 3h0m0s"}, months); d != "" {
		t.Errorf("months (-want +got):\n%s", d)
	}
	if say := got[0].Say(); say != "3 runs, 4 h saved" {
		t.Errorf("it says %q", say)
	}
}
