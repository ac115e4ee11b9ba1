package insight

import (
	"frontline/insight/stat"
)

// issueFound is one escalation with what its requests say of it.
type issueFound struct {
	tracker, verdict string
	coded            int                // of its requests, those whose demands somebody confirmed
	demands          map[string]float64 // sums of their shares
}

// answer is a verdict as it is counted: what is fixed was confirmed, and what has no verdict is open.
func (e issueFound) answer() string {
	switch e.verdict {
	case "fixed":
		return "confirmed"
	case "":
		return "open"
	}
	return e.verdict
}

// verdictAnswers are the four that add up to all.
func verdictAnswers() []string { return []string{"confirmed", "not_a_bug", "duplicate", "open"} }

// EscalationVerdicts is what developers found of what was escalated to them: of all, by tracker and by demand. An escalation counts once, however many
// requests hang on it; for a demand it counts by the mean share of its coded requests (stat.Weighted). Errors: none of its own.
func EscalationVerdicts(facts []Fact, scope Scope) (Report, error) {
	all, requests := escalationsOf(scope.within(facts))
	r := scope.begin("escalation-verdicts", "What developers found", "Do we escalate what developers can use?",
		"Σw of the verdict / Σw with Wilson's interval for (Σw)²/Σw²; w = 1 for all and for trackers, for demands the mean share of the escalation's coded requests", 1, requests)
	r.Columns = []Column{{"by", "By", Text}, {"name", "Name", Text}, {"confirmed", "Confirmed or fixed", Share}, {"not_a_bug", "Not a bug", Share}, {"duplicate", "Known already", Share},
		{"open", "No verdict yet", Share}, {"escalations", "Escalations", Count}}
	whole, trackers, demands := &tally{}, map[string]*tally{}, map[string]*tally{}
	for _, id := range sortedKeys(all) {
		e := all[id]
		whole.add(e.answer(), 1)
		tallyOf(trackers, e.tracker).add(e.answer(), 1)
		for d, sum := range e.demands {
			if sum > 0 {
				tallyOf(demands, d).add(e.answer(), sum/float64(e.coded))
			}
		}
	}
	r.Answer = "Nothing was escalated to a tracker."
	if len(all) > 0 {
		useful, err := whole.share("confirmed", scope.level())
		if err != nil {
			return Report{}, err
		}
		if r.Answer = "Confirmed are " + measured(useful, percent); useful.TooFew() {
			r.Answer += " That is too few to judge by."
		}
		if err := whole.line(&r, "all", "all"); err != nil {
			return Report{}, err
		}
	}
	for _, name := range sortedKeys(trackers) {
		if err := trackers[name].line(&r, "tracker", name); err != nil {
			return Report{}, err
		}
	}
	for _, name := range sortedKeys(demands) {
		if err := demands[name].line(&r, "demand", name); err != nil {
			return Report{}, err
		}
	}
	r.Notes = []string{"An escalation counts once, however many requests hang on it. By demand it counts in part, and only demands that somebody confirmed are there."}
	return r, nil
}

// escalationsOf gathers the escalations on which requests hang, and counts those requests.
func escalationsOf(facts []Fact) (all map[string]issueFound, requests int) {
	all = map[string]issueFound{}
	for _, f := range facts {
		if f.Escalation == "" {
			continue
		}
		requests++
		e, ok := all[f.Escalation]
		if !ok {
			e = issueFound{tracker: f.Tracker, verdict: f.Verdict, demands: map[string]float64{}}
		}
		if f.Confirmed && len(f.Demands) > 0 {
			e.coded++
			for _, p := range f.Demands {
				e.demands[p.Demand] += p.Share
			}
		}
		all[f.Escalation] = e
	}
	return all, requests
}

// tally is verdicts with what each counts.
type tally struct {
	weights []float64
	answers []string
}

func tallyOf(all map[string]*tally, name string) *tally {
	if all[name] == nil {
		all[name] = &tally{}
	}
	return all[name]
}

func (t *tally) add(answer string, weight float64) {
	t.weights, t.answers = append(t.weights, weight), append(t.answers, answer)
}

func (t *tally) share(answer string, level float64) (stat.Estimate, error) {
	in := make([]bool, len(t.answers))
	for i, a := range t.answers {
		in[i] = a == answer
	}
	return stat.Weighted(t.weights, in, level)
}

// line adds a row to the report.
func (t *tally) line(r *Report, by, name string) error {
	cells := []Cell{Word(by), Word(name)}
	for _, answer := range verdictAnswers() {
		share, err := t.share(answer, r.Level)
		if err != nil {
			return err
		}
		cells = append(cells, Figure(share))
	}
	r.Rows = append(r.Rows, append(cells, Counted(len(t.answers))))
	return nil
}
