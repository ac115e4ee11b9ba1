package web

import (
	"context"

	"frontline/action"
	"frontline/alert"
	"frontline/fault"
	"frontline/people"
)

// foundRun is a run for an alert with what it found.
type foundRun struct {
	runRow
	By     string
	Found  string
	Tables []action.Table // with their first rows
	Lines  []string       // the last ones, where there is no table
}

// How much of what a run found is shown beside an alert; the run has the rest.
const (
	foundRuns  = 5
	foundRows  = 5
	foundLines = 3
)

// alertRuns adds what was run for the group, by people and by rules, with what it found.
func (s *Server) alertRuns(ctx context.Context, v *visit, book Book, g alert.Group, scr *alertScreen) error {
	runs, err := s.deps.Runs.List(ctx, v.Actor, action.RunFilter{For: g.Self(), Limit: foundRuns})
	if fault.Is(err, fault.Forbidden) {
		return nil
	}
	for _, x := range runs {
		one := foundOf(v, book, x)
		if len(one.Tables) == 0 && x.Lines > 0 && !x.EndedAt.IsZero() {
			lines, err := s.deps.Runs.Output(ctx, v.Actor, x.ID, max(x.Lines-foundLines+1, 1))
			if err != nil {
				return err
			}
			for _, l := range lines {
				one.Lines = append(one.Lines, l.Text)
			}
		}
		scr.Runs = append(scr.Runs, one)
	}
	return err
}

// foundOf is a run with its summary and the beginning of its first table.
func foundOf(v *visit, book Book, x action.Run) foundRun {
	one := foundRun{runRow: runRowOf(v, book, x), By: askedBy(book, x), Found: x.Result.Summary}
	for _, t := range x.Result.Tables[:min(len(x.Result.Tables), 1)] {
		t.Rows = t.Rows[:min(len(t.Rows), foundRows)]
		one.Tables = append(one.Tables, t)
	}
	return one
}

// askedBy is who or what asked for a run.
func askedBy(book Book, x action.Run) string {
	by := x.PlannedBy
	if x.StartedBy.ID != "" {
		by = x.StartedBy
	}
	if by.Kind == people.ByRule {
		return "by the rule " + book.Name("rule", by.ID)
	}
	return "by " + book.Name("person", by.ID)
}
