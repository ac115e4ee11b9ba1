package incident_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"frontline/fault"
	"frontline/incident"
	"frontline/people"
)

// TestGate asks each command and reading as nobody, as a source and as the least role. The service has no database: a command that
// does not begin with people.May breaks here.
func TestGate(t *testing.T) {
	s := &incident.Service{}
	ctx := context.Background()
	d := incident.Draft{Body: "We look into it."}
	type call = func(people.Actor) error
	one := func(_ any, err error) error { return err }
	open := map[string]call{ // to every employee
		"Incident":       func(a people.Actor) error { return one(s.Incident(ctx, a, "i1")) },
		"Incidents":      func(a people.Actor) error { return one(s.Incidents(ctx, a, incident.Filter{})) },
		"Room":           func(a people.Actor) error { return one(s.Room(ctx, a, "i1")) },
		"Measurable":     func(a people.Actor) error { return one(s.Measurable(ctx, a)) },
		"Harm":           func(a people.Actor) error { return one(s.Harm(ctx, a, "i1")) },
		"Timeline":       func(a people.Actor) error { return one(s.Timeline(ctx, a, "i1")) },
		"IncidentOf":     func(a people.Actor) error { _, _, err := s.IncidentOf(ctx, a, "g1"); return err },
		"Declare":        func(a people.Actor) error { return one(s.Declare(ctx, a, incident.Declaration{})) },
		"OpenFromGroup":  func(a people.Actor) error { return one(s.OpenFromGroup(ctx, a, "g1")) },
		"Postmortem":     func(a people.Actor) error { return one(s.Postmortem(ctx, a, "i1")) },
		"Postmortems":    func(a people.Actor) error { return one(s.Postmortems(ctx, a, 0, 10)) },
		"FollowUps":      func(a people.Actor) error { return one(s.FollowUps(ctx, a, incident.FollowUpFilter{})) },
		"FinishFollowUp": func(a people.Actor) error { return one(s.FinishFollowUp(ctx, a, "f1", true)) },
	}
	support := map[string]call{
		"SetSeverity":       func(a people.Actor) error { return one(s.SetSeverity(ctx, a, "i1", incident.Minor, 0)) },
		"SetState":          func(a people.Actor) error { return one(s.SetState(ctx, a, "i1", incident.Fixing, 0)) },
		"SetLead":           func(a people.Actor) error { return one(s.SetLead(ctx, a, "i1", "liis", 0)) },
		"Rename":            func(a people.Actor) error { return one(s.Rename(ctx, a, "i1", "x", 0)) },
		"SetImpact":         func(a people.Actor) error { return one(s.SetImpact(ctx, a, "i1", incident.Impact{}, 0)) },
		"SetMeasures":       func(a people.Actor) error { return one(s.SetMeasures(ctx, a, "i1", false, nil, 0)) },
		"NameCustomers":     func(a people.Actor) error { return one(s.NameCustomers(ctx, a, "i1", nil, nil)) },
		"SetCustomers":      func(a people.Actor) error { return one(s.SetCustomers(ctx, a, "i1", nil, 0)) },
		"CustomersOfRun":    func(a people.Actor) error { return one(s.CustomersOfRun(ctx, a, "RUN-1")) },
		"AddService":        func(a people.Actor) error { return one(s.AddService(ctx, a, "i1", "x")) },
		"Join":              func(a people.Actor) error { return one(s.Join(ctx, a, "i1", "", incident.Fixer)) },
		"WriteNote":         func(a people.Actor) error { return one(s.WriteNote(ctx, a, "i1", "x")) },
		"WriteUpdate":       func(a people.Actor) error { return one(s.WriteUpdate(ctx, a, "i1", d)) },
		"Publish":           func(a people.Actor) error { return one(s.Publish(ctx, a, "i1", d)) },
		"PreviewUpdate":     func(a people.Actor) error { return one(s.PreviewUpdate(ctx, a, "i1", d, time.Now())) },
		"PromiseNext":       func(a people.Actor) error { return one(s.PromiseNext(ctx, a, "i1", time.Now())) },
		"Resolve":           func(a people.Actor) error { return one(s.Resolve(ctx, a, "i1", nil)) },
		"Resolve, publicly": func(a people.Actor) error { return one(s.Resolve(ctx, a, "i1", &d)) },
		"Reopen":            func(a people.Actor) error { return one(s.Reopen(ctx, a, "i1")) },
		"LinkGroup":         func(a people.Actor) error { return one(s.LinkGroup(ctx, a, "i1", "g1")) },
		"LinkRun":           func(a people.Actor) error { return one(s.LinkRun(ctx, a, "i1", "r1")) },
		"EditPostmortem":    func(a people.Actor) error { return one(s.EditPostmortem(ctx, a, "i1", "x", 1)) },
		"PublishPostmortem": func(a people.Actor) error { return one(s.PublishPostmortem(ctx, a, "i1", 1)) },
		"AddFollowUp":       func(a people.Actor) error { return one(s.AddFollowUp(ctx, a, "i1", incident.NewFollowUp{})) },
		"EditFollowUp":      func(a people.Actor) error { return one(s.EditFollowUp(ctx, a, "f1", incident.NewFollowUp{}, 1)) },
		"ArrangePage":       func(a people.Actor) error { return s.ArrangePage(ctx, a, incident.Page{}) },
	}
	methods := reflect.TypeFor[*incident.Service]()
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		asked := m.Type.NumIn() > 2 && m.Type.In(2) == reflect.TypeFor[people.Actor]()
		if asked && open[m.Name] == nil && support[m.Name] == nil {
			t.Errorf("%s is not held against the gate here", m.Name)
		}
	}
	member := people.Actor{Kind: people.ByPerson, ID: "rasmus", Role: people.Member}
	source := people.Actor{Kind: people.BySource, ID: "prometheus"}
	for name, f := range open {
		if err := f(people.Anonymous("screen")); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s by nobody: %v", name, err)
		}
		if err := f(source); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s by a source: %v", name, err)
		}
	}
	for name, f := range support {
		if err := f(people.Anonymous("screen")); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s by nobody: %v", name, err)
		}
		if err := f(member); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s by an employee outside support: %v", name, err)
		}
	}
}
