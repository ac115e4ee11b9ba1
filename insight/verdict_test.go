package insight

import (
	"math"
	"testing"
	"time"

	"frontline/insight/stat"
)

// An escalation counts once, and for each demand by the mean share of its requests; the four verdicts add up to one.
func TestVerdictsCountEscalationsOnce(t *testing.T) {
	scope := quarter(t)
	hung := func(escalation, tracker, verdict string, parts ...stat.Part) Fact {
		return Fact{Arrived: scope.From.Add(time.Hour), Escalated: true, Escalation: escalation, Tracker: tracker, Verdict: verdict, Confirmed: len(parts) > 0, Demands: parts}
	}
	hooks, reviews := stat.Part{Demand: "hooks", Share: 1}, stat.Part{Demand: "reviews", Share: 1}
	facts := []Fact{
		hung("a", "pipeline", "fixed", hooks), hung("a", "pipeline", "fixed", stat.Part{Demand: "hooks", Share: 0.5}, stat.Part{Demand: "reviews", Share: 0.5}), hung("a", "pipeline", "fixed"),
		hung("b", "pipeline", "not_a_bug", hooks), hung("c", "payments", "", reviews), hung("d", "payments", "duplicate"),
		{Arrived: scope.From.Add(time.Hour), Escalated: true}, // developers were asked in another way
	}
	r, err := EscalationVerdicts(facts, scope)
	if err != nil {
		t.Fatal(err)
	}
	if r.N != 6 {
		t.Errorf("it stands on %d requests, want 6", r.N)
	}
	want := map[string][5]float64{ // confirmed, not a bug, duplicate, open, escalations
		"all all": {0.25, 0.25, 0.25, 0.25, 4}, "tracker payments": {0, 0, 0.5, 0.5, 2}, "tracker pipeline": {0.5, 0.5, 0, 0, 2},
		"demand hooks": {0.75 / 1.75, 1 / 1.75, 0, 0, 2}, "demand reviews": {0.25 / 1.25, 0, 0, 1 / 1.25, 2},
	}
	if len(r.Rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(r.Rows), len(want))
	}
	for _, row := range r.Rows {
		name := row[0].Text() + " " + row[1].Text()
		for i, w := range want[name] {
			e := row[2+i].Estimate()
			if math.Abs(e.Value-w) > 1e-9 || i < 4 && (e.Low > e.Value || e.High < e.Value || e.Low < 0 || e.High > 1 || e.Low == e.High) {
				t.Errorf("%s, column %d: %+v, want %v", name, i, e, w)
			}
		}
	}
	plain, err := stat.Share(1, 4, stat.Level)
	if got := r.Rows[0][2].Estimate(); err != nil || math.Abs(got.Low-plain.Low) > 1e-12 || math.Abs(got.High-plain.High) > 1e-12 {
		t.Errorf("of all: %+v, want Wilson's %+v, %v", got, plain, err)
	}
}
