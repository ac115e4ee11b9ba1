package api

import (
	"context"
	"net/http"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
	"frontline/wire"
)

// Savings is where what actions save is counted.
type Savings interface {
	Savings(ctx context.Context, by people.Actor, action string, since time.Time, zone *time.Location) ([]action.Savings, error)
}

func (s *server) savings() {
	add(s, route{Method: http.MethodGet, Path: "/savings", ID: "listSavings", Verb: people.SeeActions, Summary: "Say what actions saved",
		Say: "How often each ran and helped, and the time that saved against doing it by hand. Failed runs, those that did not help and those that were taken back save nothing."}, s.listSavings)
}

type listSavings struct {
	Since  string `query:"since" maxLength:"20" default:"8760h" doc:"How far to look back; five years at most." example:"720h"`
	Action string `query:"action" maxLength:"100" doc:"Only of this action." example:"queue/park-message"`
}

func (s *server) listSavings(ctx context.Context, by people.Actor, in *listSavings) (wire.Savings, error) {
	back, err := parseBack(in.Since)
	if err != nil {
		return wire.Savings{}, err
	}
	since := s.deps.Clock.Now().Add(-back)
	all, err := s.deps.Actions.Savings(ctx, by, in.Action, since, time.UTC)
	out := wire.Savings{Since: since, Actions: []wire.Saved{}}
	for _, x := range all {
		out.Runs += x.Runs
		out.Saved += wire.Duration(x.Saved)
		one := wire.Saved{Action: wire.Ref{ID: x.Action, Name: x.Title}, Runs: x.Runs, ByHand: wire.Duration(x.ByHand), Own: wire.Duration(x.Own), Saved: wire.Duration(x.Saved), Customers: x.Customers,
			Origins: map[string]int{}, Months: every(x.Months, func(m action.MonthSaved) wire.MonthSaved {
				return wire.MonthSaved{Month: m.Month.Format("2006-01"), Runs: m.Runs, Saved: wire.Duration(m.Saved)}
			})}
		for origin, n := range x.Origins {
			one.Origins[string(origin)] = n
		}
		out.Actions = append(out.Actions, one)
	}
	return out, err
}

// parseBack reads how far to look back.
func parseBack(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fault.Wrong("since", "%q is no while to look back. Write it as 720h, which is 30 days.", s)
	}
	return d, nil
}
