package incident_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/alert"
	"frontline/fault"
	"frontline/incident"
	"frontline/insight/stat"
	"frontline/people"
	"frontline/watch"
	"frontline/watch/detect"
	"frontline/watch/locate"
)

// tower plays the watches: one, that found something.
type tower struct {
	found []watch.Finding
	hit   []locate.Hurt
	asked []watch.Scope
	wrong error
}

func (x *tower) Watch(_ context.Context, _ people.Actor, id string) (watch.Sight, error) {
	if id != "decisions" {
		return watch.Sight{}, fault.New(fault.NotFound, "There is no such watch.")
	}
	return watch.Sight{Definition: watch.Definition{ID: id, Name: "Decisions that fail", Labels: []string{"customer", "country"}, Customer: "customer"}}, nil
}

func (x *tower) Watches(ctx context.Context, a people.Actor) ([]watch.Sight, error) {
	one, err := x.Watch(ctx, a, "decisions")
	return []watch.Sight{one}, err
}

func (x *tower) Findings(context.Context, people.Actor, watch.Filter) ([]watch.Finding, error) {
	return x.found, nil
}

func (x *tower) Reach(_ context.Context, _ people.Actor, q watch.Scope) (watch.Reach, error) {
	x.asked = append(x.asked, q)
	return watch.Reach{From: q.From, Until: q.Until, NamesCustomers: true, Errors: 212, Customers: locate.Customers{Exposed: 9, List: x.hit,
		Hit: stat.Estimate{Value: float64(len(x.hit)), Interval: stat.Interval{Low: 1, High: 3}}}}, x.wrong
}

// TestWhomItHurts: an incident opened from a watch's alert says whom it hurts from the first moment, follows what is found, stays as it was from the
// resolution on, and is computed anew once it is taken up again.
func TestWhomItHurts(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		seen := &tower{found: []watch.Finding{{Number: 12, Watch: "decisions", Direction: detect.Up, State: watch.Open, RaisedAt: night.Add(-4 * time.Minute),
			Evidence: watch.Evidence{AssessedAt: night.Add(-3 * time.Minute), Start: night.Add(-10 * time.Minute), Causes: []locate.Cause{{Labels: []locate.Label{{Name: "customer", Value: "nordpank"}}}}}}},
			hit: []locate.Hurt{{Customer: "nordpank", Errors: 40, Requests: 1000, Expected: 10, Chance: 1}}}
		r.Watches, r.other.Watches = seen, seen
		r.groups["g1"] = alert.Group{ID: "g1", Number: 1, Source: "watch", Key: "watch/decisions", Title: "Decisions that fail", Service: "decision-pipeline", OpenedAt: night, BeganAt: night.Add(-10 * time.Minute), Severity: alert.Error}
		inc := r.inc(r.OpenFromGroup(ctx, liis, "g1"))
		if !inc.BeganAt.Equal(night.Add(-10 * time.Minute)) {
			r.t.Errorf("began %s", inc.BeganAt)
		}
		names := func(h incident.Harm) (out []string) {
			for _, c := range h.Customers {
				out = append(out, c.Name+" "+string(c.Certainty))
			}
			return out
		}
		harm := func() incident.Harm {
			r.t.Helper()
			h, err := r.Harm(ctx, r.as("tonis"), inc.Name())
			r.ok(err)
			return h
		}
		want := func(when string, h incident.Harm, frozen bool, customers ...string) {
			r.t.Helper()
			if diff := cmp.Diff(customers, names(h)); diff != "" || h.Frozen != frozen {
				r.t.Errorf("%s: frozen %t, %s", when, h.Frozen, diff)
			}
		}
		h := harm()
		want("at once", h, false, "Nordpank certainly")
		if len(h.Measures) != 1 || h.Measures[0].Finding != "F-12" || h.Measures[0].Name != "Decisions that fail" || h.Measures[0].Errors != 212 || len(h.Measures[0].Labels) != 1 {
			r.t.Errorf("measured %+v", h.Measures)
		}
		seen.hit = append(seen.hit, locate.Hurt{Customer: "lumo", Errors: 3, Requests: 900, Expected: 2, Chance: 0.7})
		want("grown", harm(), false, "Nordpank certainly", "Lumo Exchange probably")
		r.inc(r.NameCustomers(ctx, liis, inc.ID, []string{"Arco Móvil"}, nil))
		if _, err := r.NameCustomers(ctx, r.as("tonis"), inc.ID, []string{"kivi"}, nil); !fault.Is(err, fault.Forbidden) {
			r.t.Errorf("a member names customers: %v", err)
		}

		// One that is not in the catalog is named; then it is over, and nothing changes it any more.
		r.inc(r.Resolve(ctx, liis, inc.ID, nil))
		asked := len(seen.asked)
		seen.hit = nil
		r.pass(time.Minute)
		want("resolved", harm(), true, "Nordpank certainly", "Arco Móvil certainly", "Lumo Exchange probably")
		if len(seen.asked) != asked {
			r.t.Error("it was measured after the end")
		}
		paper := must[incident.Postmortem](r.t)(r.Postmortem(ctx, liis, inc.ID))
		if !strings.Contains(paper.Text.Body, "2 certainly, 1 probably.") || !strings.Contains(paper.Text.Body, "| Arco Móvil |  |  | certainly |") {
			r.t.Errorf("the post-mortem says:\n%s", paper.Text.Body)
		}
		if _, err := r.NameCustomers(ctx, liis, inc.ID, []string{"kivi"}, nil); !fault.Is(err, fault.Conflict) {
			r.t.Errorf("named after the end: %v", err)
		}
		r.inc(r.Reopen(ctx, liis, inc.ID))
		want("reopened", harm(), false, "Arco Móvil certainly")

		// A watch that cannot be read keeps no incident open.
		seen.wrong = fault.New(fault.Internal, "What was counted cannot be read. Report this.")
		r.inc(r.Resolve(ctx, liis, inc.ID, nil))
		h = harm()
		if want("resolved again", h, true, "Arco Móvil certainly"); h.Measures[0].Missing != "What was counted cannot be read. Report this." {
			r.t.Errorf("measured %+v", h.Measures)
		}
	})
}

// TestMeasuresOfPeople: people may choose what is measured, of watches and labels that exist, and go back to what was found.
func TestMeasuresOfPeople(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		seen := &tower{hit: []locate.Hurt{{Customer: "kivi", Errors: 4, Requests: 100, Expected: 1, Chance: 0.96}}}
		r.Watches = seen
		inc := r.inc(r.Declare(ctx, liis, incident.Declaration{Title: "Decisions fail", Severity: incident.Major}))
		scope := watch.Scope{Watch: "decisions", Labels: []locate.Label{{Name: "country", Value: "KE"}}, From: night.Add(-time.Hour)}
		inc = r.inc(r.SetMeasures(ctx, liis, inc.ID, true, []watch.Scope{scope}, inc.Version))
		if _, err := r.SetMeasures(ctx, liis, inc.ID, true, nil, inc.Version-1); !fault.Is(err, fault.Conflict) {
			r.t.Errorf("with an older version: %v", err)
		}
		for name, m := range map[string]watch.Scope{
			"no such watch": {Watch: "nothing", From: night},
			"no such label": {Watch: "decisions", Labels: []locate.Label{{Name: "sdk", Value: "5"}}, From: night},
			"no beginning":  {Watch: "decisions"},
		} {
			if _, err := r.SetMeasures(ctx, liis, inc.ID, true, []watch.Scope{m}, 0); !fault.Is(err, fault.Invalid) {
				r.t.Errorf("%s: %v", name, err)
			}
		}
		h, err := r.Harm(ctx, liis, inc.ID)
		r.ok(err)
		if diff := cmp.Diff([]watch.Scope{scope}, seen.asked); diff != "" || !h.Own || len(h.Customers) != 1 || h.Customers[0].ID != "kivi" {
			r.t.Errorf("%+v %s", h, diff)
		}
		r.inc(r.SetCustomers(ctx, liis, inc.ID, []string{"lumo", "Nordpank"}, 0))
		r.inc(r.SetCustomers(ctx, liis, inc.ID, []string{"nordpank"}, 0))
		r.inc(r.SetMeasures(ctx, liis, inc.ID, false, nil, 0))
		h, err = r.Harm(ctx, liis, inc.ID)
		r.ok(err)
		if len(h.Measures) != 0 || h.Own || len(h.Customers) != 1 || h.Customers[0].ID != "nordpank" || !h.Customers[0].Named {
			r.t.Errorf("%+v", h)
		}
		r.runs.all = []action.Run{{ID: "run1", Number: 7, Definition: action.Definition{Risk: action.RiskRead}, Result: action.Result{Tables: []action.Table{
			{Columns: []string{"session"}}, {Columns: []string{"Session", "Customer"}, Rows: [][]string{{"vs_1", "kivi"}, {"vs_2", ""}, {"vs_3", "lumo"}}}}}},
			{ID: "run2", Number: 8, Definition: action.Definition{Risk: action.RiskChange}}}
		if got, err := r.CustomersOfRun(ctx, liis, "run1"); err != nil || !cmp.Equal(got, []string{"kivi", "lumo"}) {
			r.t.Errorf("of a run: %q %v", got, err)
		}
		if _, err := r.CustomersOfRun(ctx, liis, "run2"); !fault.Is(err, fault.Invalid) {
			r.t.Errorf("of a run that changed something: %v", err)
		}
	})
}
