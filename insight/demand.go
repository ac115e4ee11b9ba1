package insight

import (
	"fmt"
	"math"
	"strings"

	"frontline/insight/stat"
)

// DemandByHours ranks demands by the hours they took (stat.Pareto). Only confirmed demands count; a note says how many requests wait to be
// confirmed. Errors: facts with impossible hours or shares.
func DemandByHours(facts []Fact, scope Scope) (Report, error) {
	in := scope.within(facts)
	works, waiting := make([]stat.Work, len(in)), 0
	for i, f := range in {
		works[i] = stat.Work{Hours: f.Hours, Asker: f.Asker, Customer: f.Customer}
		if f.Confirmed {
			works[i].Parts = f.Demands
		} else {
			waiting++
		}
	}
	bars, err := stat.Pareto(works, scope.level(), scope.Seed)
	if err != nil {
		return Report{}, err
	}
	r := scope.begin("demand-hours", "Demand by hours", "Which demands take most of our time?",
		"H_d = Σ touch hours · share over confirmed requests; interval: bootstrap-t of whole requests, 1,000 resamples; rank: the same resamples", 1, len(in))
	r.Columns = []Column{{"demand", "Demand", Text}, {"hours", "Hours", Hours}, {"share", "Share of hours", Share}, {"cumulated", "Cumulated", Share},
		{"rank", "Rank", Score}, {"requests", "Requests", Count}, {"askers", "Askers", Count}, {"customers", "Customers", Count}}
	line := Series{Name: "hours", Unit: Hours}
	total := Series{Name: "cumulated", Unit: Share}
	for i, b := range bars {
		rank := stat.Estimate{Value: float64(i + 1), Interval: b.Rank, N: b.Requests}
		r.Rows = append(r.Rows, []Cell{Word(b.Demand), Figure(b.Hours), Plain(b.Share, "see hours"), Plain(b.Cumulated, "depends on the order"),
			Figure(rank), Counted(b.Requests), Counted(b.Askers), Counted(b.Customers)})
		line.Points = append(line.Points, pointOf(b.Demand, b.Hours))
		total.Points = append(total.Points, Point{At: b.Demand, Value: b.Cumulated, Low: math.NaN(), High: math.NaN()})
	}
	r.Series = []Series{line, total}
	if guessed := guesses(in); len(guessed.Points) > 0 {
		r.Series = append(r.Series, guessed)
		r.Notes = append(r.Notes, "Suggested hours are those of requests that nobody has coded, under the demand that is likeliest by their words. They are counted nowhere.")
	}
	if waiting > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d of %d requests have no confirmed demand and are not counted in any.", waiting, len(in)))
	}
	r.Answer = "No request has a confirmed demand yet."
	if len(bars) > 0 {
		r.Answer = fmt.Sprintf("%s took most: %s", bars[0].Demand, measured(bars[0].Hours, worked))
	}
	return r, nil
}

// guesses are the hours of what nobody has coded, under the demands that are suggested.
func guesses(facts []Fact) Series {
	by := map[string]float64{}
	for _, f := range facts {
		if !f.Confirmed && f.Guess != "" {
			by[f.Guess] += f.Hours
		}
	}
	s := Series{Name: "suggested", Unit: Hours}
	for _, d := range sortedKeys(by) {
		s.Points = append(s.Points, Point{At: d, Value: by[d], Low: math.NaN(), High: math.NaN()})
	}
	return s
}

// measured is a figure with its interval as a sentence's end.
func measured(e stat.Estimate, write func(float64) string) string {
	switch {
	case !finite(e.Value) && !e.Known():
		return "nothing is known yet (" + e.Why + ")."
	case !e.Known():
		return write(e.Value) + " (no interval: " + e.Why + ")."
	case math.IsInf(e.Value, 1):
		return "not yet reached (at least " + write(e.Low) + ")."
	}
	return write(e.Value) + " (" + span(e.Interval, write) + ")."
}

// pointOf is an estimate as a point of a chart.
func pointOf(at string, e stat.Estimate) Point {
	p := Point{At: at, Value: e.Value, Low: math.NaN(), High: math.NaN()}
	if e.Known() {
		p.Low, p.High = e.Low, e.High
	}
	return p
}

// EscalatedShare is how many requests went to developers: of all, and week by week as a p′ chart (stat.Share, stat.Prime). Errors: none of its
// own.
func EscalatedShare(facts []Fact, scope Scope) (Report, error) {
	in := scope.within(facts)
	whole := countEscalated(in)
	all, err := stat.Share(whole.K, whole.N, scope.level())
	if err != nil {
		return Report{}, err
	}
	r := scope.begin("escalated-share", "Escalated share", "How many requests do developers get?",
		"k/n with Wilson's interval; weeks as Laney p′: p̄ ± 3·σ_z·√(p̄(1−p̄)/n_i)", 1, len(in))
	r.Answer = "Escalated are " + measured(all, percent)
	if all.TooFew() && all.N > 0 {
		r.Answer += " That is too few to judge by."
	}
	r.Columns = []Column{{"week", "Week of arrival", Text}, {"share", "Escalated", Share}, {"escalated", "Requests escalated", Count}, {"requests", "Requests", Count}, {"signal", "Signal", Text}}
	weeks, by := grouped(in, func(f Fact) string { return scope.week(f.Arrived) })
	counts := make([]stat.Count, len(weeks))
	for i, w := range weeks {
		counts[i] = countEscalated(by[w])
	}
	var chart stat.Chart
	if len(weeks) >= 2 {
		if chart, err = stat.Prime(counts, 0); err != nil {
			return Report{}, err
		}
	}
	limits := Series{Name: "escalated", Unit: Share}
	for i, w := range weeks {
		share, err := stat.Share(counts[i].K, counts[i].N, scope.level())
		if err != nil {
			return Report{}, err
		}
		point := Point{At: w, Value: share.Value, Low: math.NaN(), High: math.NaN()}
		if chart.Points != nil {
			point.Low, point.High = chart.Points[i].Limits.Low, chart.Points[i].Limits.High
			for _, s := range chart.Points[i].Signals {
				point.Marks = append(point.Marks, string(s))
			}
		}
		limits.Points = append(limits.Points, point)
		r.Rows = append(r.Rows, []Cell{Word(w), Figure(share), Counted(counts[i].K), Counted(counts[i].N), Word(strings.Join(point.Marks, ", "))})
	}
	r.Series = []Series{limits}
	r.Notes = []string{"On the chart low and high are control limits (three sigma), in the table the interval of each week's share."}
	return r, nil
}

func countEscalated(facts []Fact) stat.Count {
	c := stat.Count{N: len(facts)}
	for _, f := range facts {
		if f.Escalated {
			c.K++
		}
	}
	return c
}

// EscalatedByDemand is the escalated share of each confirmed demand, drawn toward the common one (stat.Shrink). A request of several demands
// counts for each. Errors: fewer than 3 demands.
func EscalatedByDemand(facts []Fact, scope Scope) (Report, error) {
	var coded []Fact
	by := map[string][]Fact{}
	for _, f := range scope.within(facts) {
		if f.Confirmed && len(f.Demands) > 0 {
			coded = append(coded, f)
			for _, p := range f.Demands {
				by[p.Demand] = append(by[p.Demand], f)
			}
		}
	}
	names := sortedKeys(by)
	counts := make([]stat.Count, len(names))
	for i, d := range names {
		counts[i] = countEscalated(by[d])
	}
	shrunk, err := stat.Shrink(counts, scope.level())
	if err != nil {
		return Report{}, err
	}
	r := scope.begin("escalated-by-demand", "Escalated share by demand", "Which demands still need developers?",
		"p̃_d = (k_d + α·m)/(n_d + α), beta-binomial with α and m by maximum likelihood; credible interval over all likely α and m", 1, len(coded))
	r.Columns = []Column{{"demand", "Demand", Text}, {"share", "Escalated, shrunk", Share}, {"plain", "Escalated, plain", Share}, {"escalated", "Requests escalated", Count}, {"requests", "Requests", Count}}
	top := 0
	for i, d := range names {
		plain, err := stat.Share(counts[i].K, counts[i].N, scope.level())
		if err != nil {
			return Report{}, err
		}
		r.Rows = append(r.Rows, []Cell{Word(d), Figure(shrunk.Parts[i]), Figure(plain), Counted(counts[i].K), Counted(counts[i].N)})
		if shrunk.Parts[i].Value > shrunk.Parts[top].Value {
			top = i
		}
	}
	r.Answer = fmt.Sprintf("%s needs developers most: %s", names[top], measured(shrunk.Parts[top], percent))
	r.Notes = []string{fmt.Sprintf("The common share is %s and weighs as much as %.0f requests of a demand's own.", percent(shrunk.M), shrunk.Alpha)}
	return r, nil
}

// DeveloperHoursSaved is what the desk kept away from developers (stat.DeveloperHours): requests resolved without one, times what one
// of the same type costs a developer in the middle. Errors: negative minutes.
func DeveloperHoursSaved(facts []Fact, scope Scope) (Report, error) {
	in := scope.within(facts)
	types, by := grouped(in, func(f Fact) string { return f.Type })
	var kept []stat.Kept
	for _, t := range types {
		k := stat.Kept{Type: t}
		for _, f := range by[t] {
			if !f.Escalated && !f.Resolved.IsZero() {
				k.Resolved++
			}
			if f.Escalated && f.DeveloperMinutes > 0 {
				k.Minutes = append(k.Minutes, f.DeveloperMinutes)
			}
		}
		kept = append(kept, k)
	}
	saved, err := stat.DeveloperHours(kept, scope.level(), scope.Seed)
	if err != nil {
		return Report{}, err
	}
	r := scope.begin("developer-hours-saved", "Developer hours saved", "How much developers' time has the desk kept free?",
		"Σ over types of requests resolved without a developer · median developer minutes of escalated requests of the type / 60; interval: bootstrap of the minutes, 1,000 resamples", 1, len(in))
	r.Columns = []Column{{"type", "Type of request", Text}, {"hours", "Hours saved", Hours}, {"minutes", "Minutes an escalated one costs", Minutes}, {"resolved", "Resolved without a developer", Count}}
	for _, t := range saved.Types {
		r.Rows = append(r.Rows, []Cell{Word(t.Type), Figure(t.Hours), Figure(t.Minutes), Counted(t.Resolved)})
	}
	r.Answer = "Developer hours kept free: " + measured(saved.Hours, worked)
	if len(saved.Left) > 0 {
		r.Notes = append(r.Notes, "Left out, for fewer than 6 escalated requests with a known time: "+strings.Join(saved.Left, ", ")+".")
	}
	return r, nil
}
