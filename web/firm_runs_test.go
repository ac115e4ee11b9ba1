package web

import (
	"context"
	"slices"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

// firmRuns are the runs that a test puts there.
type firmRuns struct {
	firm    *firm
	clock   clock.Clock
	runs    []action.Run
	lines   map[string][]action.Line
	steps   map[string][]action.Step
	kept    []action.Kept
	figures map[string]action.Figures
}

func (f *firmRuns) Run(_ context.Context, a people.Actor, ref string) (action.Run, error) {
	for _, r := range f.runs {
		if r.ID == ref || r.Ref() == ref {
			return r, people.May(a, people.SeeActions, r.Subject())
		}
	}
	return action.Run{}, fault.New(fault.NotFound, "There is no run %q. Look at the list of runs.", ref)
}

func (f *firmRuns) List(_ context.Context, _ people.Actor, q action.RunFilter) ([]action.Run, error) {
	var out []action.Run
	for _, r := range f.runs {
		if (len(q.States) == 0 || slices.Contains(q.States, r.State)) && (q.Action == "" || q.Action == r.Definition.ID) && (q.For.ID == "" || q.For == r.For) && (q.Before == 0 || r.Number < q.Before) && (!q.Open || r.Glass.Open()) {
			out = append(out, r)
		}
	}
	if q.Limit > 0 {
		out = out[:min(len(out), q.Limit)]
	}
	return out, nil
}

func (f *firmRuns) Output(_ context.Context, _ people.Actor, ref string, from int64) ([]action.Line, error) {
	var out []action.Line
	for _, l := range f.lines[ref] {
		if l.Number >= from {
			out = append(out, l)
		}
	}
	return out, nil
}

func (f *firmRuns) Steps(_ context.Context, _ people.Actor, ref string) ([]action.Step, error) {
	return f.steps[ref], nil
}

var (
	_ Book     = (*firmBook)(nil)
	_ Alerts   = (*firm)(nil)
	_ Handling = (*firm)(nil)
	_ Trouble  = (*firm)(nil)
	_ Upkeep   = (*firm)(nil)
	_ Runs     = (*firmRuns)(nil)
	_ Journal  = (*firm)(nil)
)
