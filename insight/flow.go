package insight

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"frontline/insight/stat"
)

// Until is what is waited for.
type Until string

// What is waited for. The words are part of reports' names.
const (
	FirstReply Until = "first-reply"
	Resolution Until = "resolution"
)

// life is how long a fact has waited, in hours.
func (u Until) life(f Fact, scope Scope) stat.Life {
	end := f.Resolved
	if u == FirstReply {
		end = f.Replied
		if end.IsZero() {
			end = f.Resolved // what was resolved without a word was replied to at that moment
		}
	}
	if end.IsZero() || end.After(scope.Now) {
		return stat.Life{Span: max(0, scope.Now.Sub(f.Arrived).Hours())}
	}
	return stat.Life{Span: max(0, end.Sub(f.Arrived).Hours()), Ended: true}
}

func (u Until) lives(facts []Fact, scope Scope) []stat.Life {
	lives := make([]stat.Life, len(facts))
	for i, f := range facts {
		lives[i] = u.life(f, scope)
	}
	return lives
}

// TimeUntil is how long requests wait, by month of arrival, with those that still wait counted (stat.Survival). Its chart is the curve of all.
// Errors: none of its own.
func TimeUntil(u Until, facts []Fact, scope Scope) (Report, error) {
	in := scope.within(facts)
	arrivals := make([]stat.Arrival, len(in))
	for i, f := range in {
		arrivals[i] = stat.Arrival{Cohort: scope.month(f.Arrived), Life: u.life(f, scope)}
	}
	cohorts, test, err := stat.Cohorts(arrivals, scope.level())
	if err != nil {
		return Report{}, err
	}
	all, err := stat.Survival(u.lives(in, scope), scope.level())
	if err != nil {
		return Report{}, err
	}
	title, question := "Time to resolution", "How long until a request is solved?"
	if u == FirstReply {
		title, question = "Time to first reply", "How long until somebody answers?"
	}
	r := scope.begin("time-to-"+string(u), title, question,
		"Kaplan–Meier with open requests as censored: S(t) = Π(1 − d_i/n_i); intervals on log(−log S), Greenwood; quantiles: Brookmeyer–Crowley; wall-clock hours", 1, len(in))
	r.Columns = []Column{{"cohort", "Arrived in", Text}, {"median", "Half within (hours)", Hours}, {"p75", "Three quarters within (hours)", Hours},
		{"p90", "Nine of ten within (hours)", Hours}, {"requests", "Requests", Count}, {"open", "Still waiting", Count}}
	for _, c := range append([]stat.Cohort{{Name: "all", Curve: all}}, cohorts...) {
		row := []Cell{Word(c.Name)}
		for _, share := range []float64{0.5, 0.75, 0.9} {
			q, err := c.Quantile(share)
			if err != nil {
				return Report{}, err
			}
			row = append(row, Figure(q.Estimate))
		}
		r.Rows = append(r.Rows, append(row, Counted(c.N), Counted(c.N-c.Ended)))
	}
	r.Answer = "Half of them are done after: " + measured(r.Rows[0][1].Estimate(), hours)
	r.Series = []Series{curve(all)}
	if len(cohorts) > 1 {
		r.Notes = append(r.Notes, fmt.Sprintf("Log-rank test that the months are alike: χ² = %.2f, %d degrees of freedom, p = %.3f.", test.Statistic, test.Freedom, test.P))
	}
	return r, nil
}

// curve is a survival curve as a line of at most 200 points.
func curve(c stat.Curve) Series {
	const most = 200
	s := Series{Name: "still waiting", Unit: Share, Points: []Point{{At: "0", Value: 1, Low: math.NaN(), High: math.NaN()}}}
	for i := range min(most, len(c.Steps)) {
		step := c.Steps[(i+1)*len(c.Steps)/min(most, len(c.Steps))-1]
		s.Points = append(s.Points, Point{At: number(step.At, Hours), Value: step.S, Low: step.Low, High: step.High})
	}
	return s
}

// ServiceLevels is how many service levels were kept, by type of request (stat.Attain). What is overdue counts as missed now. Errors: a target
// without a due time.
func ServiceLevels(facts []Fact, scope Scope) (Report, error) {
	in := scope.within(facts)
	types, by := grouped(in, func(f Fact) string { return f.Type })
	r := scope.begin("service-levels", "Service levels", "Do we keep what we promise?",
		"met/(met + missed) with Wilson's interval; pending past its due time is missed, pending before it counts on neither side", 1, len(in))
	r.Columns = []Column{{"type", "Type of request", Text}, {"kept", "Kept", Share}, {"met", "Met", Count}, {"missed", "Missed", Count}, {"overdue", "Of those still pending", Count}, {"pending", "Not due yet", Count}}
	for i, t := range append([]string{"all"}, types...) {
		these := by[t]
		if i == 0 {
			these = in
		}
		var targets []stat.Target
		for _, f := range these {
			targets = append(targets, f.Targets...)
		}
		a, err := stat.Attain(targets, scope.Now, scope.level())
		if err != nil {
			return Report{}, err
		}
		r.Rows = append(r.Rows, []Cell{Word(t), Figure(a.Share), Counted(a.Met), Counted(a.Missed), Counted(a.Overdue), Counted(a.Pending)})
	}
	r.Answer = "Promises kept: " + measured(r.Rows[0][1].Estimate(), percent)
	return r, nil
}

// AgeOfOpen is a work list: the open requests of each type by how many of their kind were done sooner (stat.Curve.Older), worst first, at most
// 100 lines. name says what people call a request, such as R-1042. Errors: none of its own.
func AgeOfOpen(facts []Fact, scope Scope, name func(Fact) string) (Report, error) {
	in := scope.within(facts)
	types, by := grouped(in, func(f Fact) string { return f.Type })
	type line struct {
		fact  Fact
		age   float64
		older stat.Estimate
	}
	var open []line
	for _, t := range types {
		c, err := stat.Survival(Resolution.lives(by[t], scope), scope.level())
		if err != nil {
			return Report{}, err
		}
		for _, f := range by[t] {
			if l := Resolution.life(f, scope); !l.Ended {
				open = append(open, line{f, l.Span, c.Older(l.Span)})
			}
		}
	}
	rank := func(v float64) float64 { // what has nothing to be compared with comes last
		if math.IsNaN(v) {
			return -1
		}
		return v
	}
	slices.SortStableFunc(open, func(a, b line) int {
		return cmp.Or(cmp.Compare(rank(b.older.Value), rank(a.older.Value)), cmp.Compare(b.age, a.age))
	})
	r := scope.begin("age-of-open", "Age of what is open", "Which open requests are older than their kind ever gets?",
		"1 − S(age) on the Kaplan–Meier curve of the request's type", 1, len(in))
	r.Columns = []Column{{"request", "Request", Text}, {"type", "Type", Text}, {"age", "Age (hours)", Hours}, {"older_than", "Older than", Share}}
	const most = 100
	for _, l := range open[:min(most, len(open))] {
		r.Rows = append(r.Rows, []Cell{Word(name(l.fact)), Word(l.fact.Type), Plain(l.age, "measured"), Figure(l.older)})
	}
	r.Answer = "Nothing is open."
	if len(open) > 0 {
		r.Answer = fmt.Sprintf("%d are open; %s is the one to look at first: older than %s", len(open), name(open[0].fact), measured(open[0].older, percent))
	}
	return r, nil
}

// WhatChanged splits the change of the escalated share between the time before the scope, as long as the scope, and the scope (stat.Decompose).
// Errors: none of its own.
func WhatChanged(facts []Fact, scope Scope) (Report, error) {
	earlier := scope
	earlier.From, earlier.To = scope.From.Add(-scope.To.Sub(scope.From)), scope.From
	observe := func(facts []Fact) []stat.Observation {
		all := make([]stat.Observation, len(facts))
		for i, f := range facts {
			all[i].Group = f.Type
			if f.Escalated {
				all[i].Value = 1
			}
		}
		return all
	}
	before, after := earlier.within(facts), scope.within(facts)
	s, err := stat.Decompose(observe(before), observe(after), scope.level(), scope.Seed)
	if err != nil {
		return Report{}, err
	}
	r := scope.begin("what-changed", "What changed", "Did the escalated share change because other things came, or because the same things went differently?",
		"mix = Σ(s¹ − s⁰)(m⁰ + m¹)/2, within = Σ(m¹ − m⁰)(s⁰ + s¹)/2 over types of request; interval: percentiles of 1,000 resamples", 1, len(before)+len(after))
	r.Columns = []Column{{"part", "Part", Text}, {"change", "Change", Share}}
	for _, part := range []struct {
		name string
		e    stat.Estimate
	}{{"all", s.Change}, {"mix: other things came", s.Mix}, {"within: the same things went differently", s.Within}} {
		r.Rows = append(r.Rows, []Cell{Word(part.name), Figure(part.e)})
	}
	for _, g := range s.Groups {
		if math.IsNaN(g.Mix) { // one side counted nothing: there is no sum for it to be a part of
			break
		}
		r.Rows = append(r.Rows, []Cell{Word("mix: " + g.Group), Plain(g.Mix, "part of a sum")}, []Cell{Word("within: " + g.Group), Plain(g.Within, "part of a sum")})
	}
	r.Answer = "Change of the escalated share: " + measured(s.Change, points)
	if s.Simpson {
		r.Notes = append(r.Notes, "Careful: every type moved the other way than the whole (Simpson). The mix of requests made the change, not the work.")
	}
	return r, nil
}

// points is a difference of shares as people read it: "+2.1 points".
func points(v float64) string { return fmt.Sprintf("%+.1f points", 100*v) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
