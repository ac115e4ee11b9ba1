package api

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"

	"frontline/incident"
	"frontline/insight/stat"
	"frontline/people"
	"frontline/watch"
	"frontline/watch/locate"
	"frontline/wire"
)

// Harms is whom incidents hurt.
type Harms interface {
	Harm(ctx context.Context, a people.Actor, id string) (incident.Harm, error)
	SetMeasures(ctx context.Context, a people.Actor, id string, own bool, to []watch.Scope, seen int64) (incident.Incident, error)
	SetCustomers(ctx context.Context, a people.Actor, id string, to []string, seen int64) (incident.Incident, error)
}

func (s *server) harms() {
	add(s, route{Method: http.MethodGet, Path: "/incidents/{id}/impact", ID: "showHarm", Verb: people.SeeIncidents, Summary: "Show whom an incident hurts",
		Say: "As it is now, or as it was when the incident was resolved."}, s.showHarm)
	add(s, route{Method: http.MethodGet, Path: "/incidents/{id}/impact/table", ID: "showHarmTable", Verb: people.SeeIncidents, Summary: "Show whom an incident hurts as CSV",
		Say: "One customer a line, the surest first."}, s.showHarmTable)
	add(s, edit("/impact/measures", "setMeasures", "Change how it is measured whom the incident hurts"), s.setMeasures)
	add(s, edit("/impact/customers", "setCustomers", "Change which customers are named as hurt"), s.setCustomers)
}

func (s *server) showHarm(ctx context.Context, by people.Actor, in *byIncident) (out wire.Harm, err error) {
	h, err := s.deps.Incidents.Harm(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	return n.harm(h), err
}

func (s *server) showHarmTable(ctx context.Context, by people.Actor, in *byIncident) (out wire.ReportTable, err error) {
	h, err := s.deps.Incidents.Harm(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	var text bytes.Buffer
	err = h.WriteCSV(&text)
	return wire.ReportTable{Name: in.ID + "-customers.csv", CSV: text.String()}, err
}

func (s *server) setMeasures(ctx context.Context, by people.Actor, in *forIncident[wire.SetMeasures]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.SetMeasures(ctx, by, in.ID, !in.Body.Follow, every(in.Body.Measures, scopeOf), in.Body.Version)
	return s.said(ctx, inc, err)
}

func (s *server) setCustomers(ctx context.Context, by people.Actor, in *forIncident[wire.SetCustomers]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.SetCustomers(ctx, by, in.ID, in.Body.Customers, in.Body.Version)
	return s.said(ctx, inc, err)
}

func scopeOf(m wire.Measure) watch.Scope {
	q := watch.Scope{Watch: m.Watch, From: m.From, Until: m.Until}
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		q.Labels = append(q.Labels, locate.Label{Name: name, Value: m.Labels[name]})
	}
	return q
}

func (n names) harm(h incident.Harm) wire.Harm {
	return wire.Harm{Summary: h.Say(), At: h.At, Frozen: h.Frozen, Follows: !h.Own,
		Certainly: h.Count(incident.Certainly), Probably: h.Count(incident.Probably), Asked: h.Count(incident.AskedUs),
		Measures: every(h.Measures, measuredOf), Customers: every(h.Customers, func(c incident.Hurt) wire.HurtCustomer {
			return wire.HurtCustomer{ID: c.ID, Name: c.Name, Tier: c.Tier, Owner: n.person(c.Owner), Certainty: string(c.Certainty), Named: c.Named,
				Errors: c.Errors, Requests: c.Requests, Expected: c.Expected, Chance: c.Chance, Asked: c.Asked}
		})}
}

func measuredOf(m incident.Measured) wire.Measured {
	out := wire.Measured{Measure: wire.Measure{Watch: m.Watch, From: m.Scope.From, Until: m.Scope.Until}, Finding: m.Finding, Missing: m.Missing, Hourly: m.Hourly,
		Errors: m.Errors, Requests: m.Requests, Expected: m.Expected, Excess: estimated(m.Excess), Exposed: m.Customers.Exposed, Hit: estimated(m.Customers.Hit)}
	for _, l := range m.Labels {
		if out.Labels == nil {
			out.Labels = map[string]string{}
		}
		out.Labels[l.Name] = l.Value
	}
	return out
}

func estimated(e stat.Estimate) wire.Estimated {
	return wire.Estimated{Value: e.Value, Low: e.Low, High: e.High}
}
