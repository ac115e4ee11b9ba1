package api

import (
	"context"
	"net/http"

	"frontline/fault"
	"frontline/incident"
	"frontline/people"
	"frontline/wire"
)

// Incidents is the whole of the incident wing, in parts.
type Incidents interface {
	Rooms
	Opening
	Editing
	Links
	Saying
	Ending
	Papers
	FollowUps
	Harms
}

var _ Incidents = (*incident.Service)(nil)

// Rooms is where incidents are read.
type Rooms interface {
	Incidents(ctx context.Context, a people.Actor, f incident.Filter) ([]incident.Incident, error)
	Room(ctx context.Context, a people.Actor, id string) (incident.Room, error)
	Incident(ctx context.Context, a people.Actor, id string) (incident.Incident, error)
	IncidentOf(ctx context.Context, a people.Actor, group string) (incident.Incident, bool, error)
}

// Opening is how an incident begins.
type Opening interface {
	Declare(ctx context.Context, a people.Actor, d incident.Declaration) (incident.Incident, error)
	OpenFromGroup(ctx context.Context, a people.Actor, group string) (incident.Incident, error)
}

// Editing is what is changed about an incident.
type Editing interface {
	Rename(ctx context.Context, a people.Actor, id, title string, seen int64) (incident.Incident, error)
	SetSeverity(ctx context.Context, a people.Actor, id string, to incident.Severity, seen int64) (incident.Incident, error)
	SetState(ctx context.Context, a people.Actor, id string, to incident.State, seen int64) (incident.Incident, error)
	SetLead(ctx context.Context, a people.Actor, id, person string, seen int64) (incident.Incident, error)
	SetImpact(ctx context.Context, a people.Actor, id string, to incident.Impact, seen int64) (incident.Incident, error)
}

// Links is who and what belongs to an incident.
type Links interface {
	Join(ctx context.Context, a people.Actor, id, person string, part incident.Part) (incident.Incident, error)
	LinkGroup(ctx context.Context, a people.Actor, id, group string) (incident.Incident, error)
	LinkRun(ctx context.Context, a people.Actor, id, run string) (incident.Incident, error)
}

func (s *server) incidents() {
	add(s, route{Method: http.MethodGet, Path: "/incidents", ID: "listIncidents", Verb: people.SeeIncidents, Summary: "List incidents", Say: "Newest first."}, s.listIncidents)
	add(s, route{Method: http.MethodGet, Path: "/incidents/{id}", ID: "showIncident", Verb: people.SeeIncidents, Summary: "Show an incident's room",
		Say: "With everything that was said and done about it."}, s.showIncident)
	add(s, route{Method: http.MethodPost, Path: "/incidents", ID: "declareIncident", Verb: people.DeclareIncident, Status: http.StatusCreated, Summary: "Declare an incident",
		Say: "Everybody may."}, s.declareIncident)
	add(s, route{Method: http.MethodPost, Path: "/alerts/{id}/incident", ID: "openIncident", Verb: people.DeclareIncident, Summary: "Open an incident from an alert",
		Say: "It is named after the alert and knows its service, its people and its customers. When one is open already, that one is returned."}, s.openIncident)
	add(s, edit("/title", "renameIncident", "Change the internal title"), s.renameIncident)
	add(s, edit("/severity", "setSeverity", "Change the severity"), s.setSeverity)
	add(s, edit("/state", "setState", "Change the state"), s.setState)
	add(s, edit("/lead", "setLead", "Change who leads"), s.setLead)
	add(s, edit("/impact", "setImpact", "Change what is affected"), s.setImpact)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/participants", ID: "joinIncident", Verb: people.WorkIncident, Summary: "Give a person a part"}, s.joinIncident)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/alerts", ID: "linkAlert", Verb: people.WorkIncident, Summary: "Work on an alert in this incident"}, s.linkAlert)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/runs", ID: "linkRun", Verb: people.WorkIncident, Summary: "Make a run a part of this incident",
		Say: "For one that was started for something else; those that are started for the incident belong to it anyway."}, s.linkRun)
	s.harms()
}

func edit(path, id, summary string) route {
	return route{Method: http.MethodPut, Path: "/incidents/{id}" + path, ID: id, Verb: people.WorkIncident, Summary: summary}
}

// byIncident names an incident.
type byIncident struct {
	ID string `path:"id" maxLength:"100" doc:"The incident's id." example:"INC-3"`
}

// forIncident is a request about an incident with a body.
type forIncident[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The incident's id." example:"INC-3"`
	Body T
}

type listIncidents struct {
	Paging
	State string `query:"state" enum:"open,resolved,all" default:"all" doc:"open is everything that is not resolved."`
}

func (s *server) listIncidents(ctx context.Context, by people.Actor, in *listIncidents) (wire.List[wire.Incident], error) {
	at, err := in.place()
	if err != nil {
		return wire.List[wire.Incident]{}, err
	}
	f := incident.Filter{State: in.State, Before: at.Below, Limit: in.Limit + 1}
	if in.State == "all" {
		f.State = ""
	}
	all, err := s.deps.Incidents.Incidents(ctx, by, f)
	if err != nil {
		return wire.List[wire.Incident]{}, err
	}
	n, err := s.names(ctx)
	return page(all, in.Limit, n.incident, func(i incident.Incident) place { return place{Below: i.Number} }), err
}

func (s *server) showIncident(ctx context.Context, by people.Actor, in *byIncident) (out wire.Room, err error) {
	r, err := s.deps.Incidents.Room(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	out = wire.Room{Incident: n.incident(r.Incident), Said: every(r.Updates, n.update), Told: every(r.Told, toldOf), Timeline: every(r.Timeline, lineOf),
		Alerts: []wire.Group{}, Runs: every(r.Runs, n.run), FollowUps: every(r.FollowUps, n.followUp)}
	if r.Postmortem != nil {
		head := n.postmortem(*r.Postmortem)
		out.Postmortem = &head
	}
	for _, id := range r.Incident.Groups {
		switch g, err := s.deps.Alerts.Group(ctx, by, id); {
		case err == nil:
			out.Alerts = append(out.Alerts, n.group(g))
		case !fault.Is(err, fault.NotFound): // one that is not open to them is left out
			return out, err
		}
	}
	return out, nil
}

type declareIncident struct{ Body wire.Declare }

func (s *server) declareIncident(ctx context.Context, by people.Actor, in *declareIncident) (wire.Incident, error) {
	inc, err := s.deps.Incidents.Declare(ctx, by, incident.Declaration{Title: in.Body.Title, Severity: incident.Severity(in.Body.Severity), Services: in.Body.Services})
	return s.said(ctx, inc, err)
}

func (s *server) openIncident(ctx context.Context, by people.Actor, in *byAlert) (wire.Incident, error) {
	g, err := s.deps.Alerts.Group(ctx, by, in.ID)
	if err != nil {
		return wire.Incident{}, err
	}
	inc, err := s.deps.Incidents.OpenFromGroup(ctx, by, g.ID)
	return s.said(ctx, inc, err)
}

func (s *server) renameIncident(ctx context.Context, by people.Actor, in *forIncident[wire.SetTitle]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.Rename(ctx, by, in.ID, in.Body.Title, in.Body.Version)
	return s.said(ctx, inc, err)
}

func (s *server) setSeverity(ctx context.Context, by people.Actor, in *forIncident[wire.SetSeverity]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.SetSeverity(ctx, by, in.ID, incident.Severity(in.Body.Severity), in.Body.Version)
	return s.said(ctx, inc, err)
}

func (s *server) setState(ctx context.Context, by people.Actor, in *forIncident[wire.SetState]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.SetState(ctx, by, in.ID, incident.State(in.Body.State), in.Body.Version)
	return s.said(ctx, inc, err)
}

func (s *server) setLead(ctx context.Context, by people.Actor, in *forIncident[wire.SetLead]) (wire.Incident, error) {
	if in.Body.Person == "me" {
		in.Body.Person = by.ID
	}
	inc, err := s.deps.Incidents.SetLead(ctx, by, in.ID, in.Body.Person, in.Body.Version)
	return s.said(ctx, inc, err)
}

func (s *server) setImpact(ctx context.Context, by people.Actor, in *forIncident[wire.SetImpact]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.SetImpact(ctx, by, in.ID, incident.Impact{Services: in.Body.Services, Components: in.Body.Components}, in.Body.Version)
	return s.said(ctx, inc, err)
}

func (s *server) joinIncident(ctx context.Context, by people.Actor, in *forIncident[wire.Join]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.Join(ctx, by, in.ID, in.Body.Person, incident.Part(in.Body.Part))
	return s.said(ctx, inc, err)
}

func (s *server) linkAlert(ctx context.Context, by people.Actor, in *forIncident[wire.LinkAlert]) (wire.Incident, error) {
	g, err := s.deps.Alerts.Group(ctx, by, in.Body.Alert)
	if err != nil {
		return wire.Incident{}, err
	}
	inc, err := s.deps.Incidents.LinkGroup(ctx, by, in.ID, g.ID)
	return s.said(ctx, inc, err)
}

func (s *server) linkRun(ctx context.Context, by people.Actor, in *forIncident[wire.LinkRun]) (wire.Incident, error) {
	r, err := s.deps.Actions.Run(ctx, by, in.Body.Run)
	if err != nil {
		return wire.Incident{}, err
	}
	inc, err := s.deps.Incidents.LinkRun(ctx, by, in.ID, r.ID)
	return s.said(ctx, inc, err)
}

// said is the answer to every command about an incident.
func (s *server) said(ctx context.Context, inc incident.Incident, err error) (wire.Incident, error) {
	if err != nil {
		return wire.Incident{}, err
	}
	n, err := s.names(ctx)
	return n.incident(inc), err
}

func (n names) incident(i incident.Incident) wire.Incident {
	out := wire.Incident{
		ID: i.Name(), UID: i.ID, Title: i.Title, Severity: string(i.Severity), State: string(i.State), Lead: n.person(i.Lead),
		Participants: every(i.Participants, func(p incident.Participant) wire.Participant {
			return wire.Participant{Person: *n.person(p.Person), Part: string(p.Part), Since: p.At}
		}),
		Services: n.refs("service", i.Services), Components: n.refs("component", i.Components), Customers: every(i.Customers, n.affected),
		OpenedAt: i.OpenedAt, OpenedBy: n.person(i.OpenedBy), BeganAt: i.BeganAt, DetectedAt: i.DetectedAt, AcknowledgedAt: i.AcknowledgedAt,
		MitigatedAt: i.MitigatedAt, ResolvedAt: i.ResolvedAt, Updates: i.Said, Version: i.Version,
		Promises: every(i.Promises, func(p incident.Promise) wire.Promise {
			return wire.Promise{To: string(p.Audience), DueAt: p.At, By: *n.person(p.By)}
		}),
	}
	if i.Public.State != "" {
		out.Public = &wire.Public{Title: i.Public.Title, State: string(i.Public.State), Updates: i.Public.Said, Statuses: every(i.Public.Components, statusName)}
	}
	return out
}

func (n names) affected(c incident.Customer) wire.Affected {
	return wire.Affected{ID: c.ID, Name: c.Name, Tier: c.Tier, Owner: n.person(c.Owner), Components: n.refs("component", c.Components)}
}

func statusName(a incident.Affected) wire.Status {
	return wire.Status{Component: a.Component, Status: string(a.Status)}
}
