package web

import (
	"context"
	"time"

	"frontline/action"
)

// savedPart is what an action saved in a year.
type savedPart struct {
	Runs    int
	Figures []figure
	Chart   *chart
	Say     string
	Origins []fact
}

// yearAgo is the first day of the month a year ago, so that the chart has whole months.
func yearAgo(v *visit) time.Time {
	now := v.Now.In(v.Zone)
	return time.Date(now.Year(), now.Month()-11, 1, 0, 0, 0, 0, v.Zone)
}

// savedByAction is what each action saved, in a few words, and all of them.
func (s *Server) savedByAction(ctx context.Context, v *visit) (map[string]string, string, error) {
	all, err := s.deps.Actions.Savings(ctx, v.Actor, "", yearAgo(v), v.Zone)
	out, total := map[string]string{}, action.Savings{}
	for _, x := range all {
		if x.Saved > 0 {
			out[x.Action] = x.Say()
		}
		total.Runs, total.Saved = total.Runs+x.Runs, total.Saved+x.Saved
	}
	if total.Saved == 0 {
		return out, "", err
	}
	return out, total.Say(), err
}

// worthAScreen is from when on the product itself should rather offer what the action does.
const (
	worthRuns  = 20
	worthSaved = 5 * time.Hour
)

func (s *Server) savedPart(ctx context.Context, v *visit, d action.Definition) (*savedPart, error) {
	all, err := s.deps.Actions.Savings(ctx, v.Actor, d.ID, yearAgo(v), v.Zone)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		if d.Takes == 0 {
			return nil, nil
		}
		return &savedPart{Say: "By hand it takes " + duration(d.Takes) + ". What runs save is counted from the first that helps."}, nil
	}
	x := all[0]
	part := &savedPart{Runs: x.Runs, Figures: []figure{{Name: "Runs that helped", Value: number(x.Runs)}}}
	if x.Customers > 0 {
		part.Figures = append(part.Figures, figure{Name: "Customers", Value: number(x.Customers)})
	}
	if x.ByHand == 0 {
		part.Say = "Its definition does not say how long the same work takes by hand (by_hand), so nothing is counted as saved."
		return part, nil
	}
	part.Figures = append([]figure{{Name: "Saved", Value: action.Hours(x.Saved)}}, part.Figures...)
	part.Say = "By hand it would have taken " + duration(x.ByHand.Round(time.Minute)) + "; those who ran it took " + duration(x.Own.Round(time.Second)) + " from the plan to the start."
	if x.Runs >= worthRuns && x.Saved >= worthSaved {
		part.Say += " " + x.Say() + ": worth a screen in the product itself."
	}
	c := drawn(savedChart(x))
	part.Chart, part.Origins = &c, originFacts(x.Origins)
	return part, nil
}

// savedChart shows months in hours.
func savedChart(x action.Savings) action.Chart {
	c := action.Chart{Title: "Saved by month", Unit: "hours", Bars: true, Series: []action.Series{{Name: "Saved"}}}
	for _, m := range x.Months {
		c.Labels = append(c.Labels, m.Month.Format("Jan 2006"))
		c.Series[0].Values = append(c.Series[0].Values, float64(m.Saved.Round(6*time.Minute))/float64(time.Hour))
	}
	return c
}

func originFacts(all map[action.Origin]int) []fact {
	var out []fact
	for _, o := range []struct {
		origin action.Origin
		word   string
	}{{action.FromPerson, "A person"}, {action.FromAlert, "A person, for an alert"}, {action.FromIncident, "A person, for an incident"}, {action.FromRequest, "A person, for a request"}, {action.FromAsking, "A person, in place of a request"},
		{action.FromRule, "A rule"}, {action.FromToken, "A program"}} {
		if n := all[o.origin]; n > 0 {
			out = append(out, fact{Name: o.word, Value: plural(n, "run", "runs")})
		}
	}
	return out
}
