package api

import (
	"context"
	"net/http"
	"time"

	"frontline/fault"
	"frontline/incident"
	"frontline/people"
	"frontline/wire"
)

// Saying is what is said about an incident, inside and to customers.
type Saying interface {
	WriteNote(ctx context.Context, a people.Actor, id, body string) (incident.Incident, error)
	WriteUpdate(ctx context.Context, a people.Actor, id string, d incident.Draft) (incident.Incident, error)
	Publish(ctx context.Context, a people.Actor, id string, d incident.Draft) (incident.Incident, error)
	PromiseNext(ctx context.Context, a people.Actor, id string, at time.Time) (incident.Incident, error)
}

// Ending is how an incident ends, and goes on.
type Ending interface {
	Resolve(ctx context.Context, a people.Actor, id string, say *incident.Draft) (incident.Incident, error)
	Reopen(ctx context.Context, a people.Actor, id string) (incident.Incident, error)
}

func (s *server) sayings() {
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/notes", ID: "writeNote", Verb: people.WorkIncident, Status: http.StatusCreated, Summary: "Put a remark on the timeline",
		Say: "It is for the inside, and nobody is told."}, s.writeNote)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/updates", ID: "writeUpdate", Verb: people.WorkIncident, Status: http.StatusCreated, Summary: "Send an internal update",
		Say: "The stakeholders of its services get it by mail."}, s.writeUpdate)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/publications", ID: "publishUpdate", Verb: people.PublishUpdate, Status: http.StatusCreated, Summary: "Publish to customers",
		Say: "On the status page. Nothing else ever gets there."}, s.publishUpdate)
	add(s, route{Method: http.MethodPut, Path: "/incidents/{id}/promise", ID: "promiseUpdate", Verb: people.WorkIncident, Summary: "Promise the next internal update",
		Say: "What customers were promised moves with a publication only."}, s.promiseUpdate)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/resolve", ID: "resolveIncident", Verb: people.WorkIncident, Summary: "Resolve an incident",
		Say: "Stakeholders are told and a post-mortem is drafted. Customers are told in the same step when publish is given."}, s.resolveIncident)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/reopen", ID: "reopenIncident", Verb: people.WorkIncident, Summary: "Reopen an incident", Say: "It was not over."}, s.reopenIncident)
}

func (s *server) writeNote(ctx context.Context, by people.Actor, in *forIncident[wire.Note]) (wire.Incident, error) {
	inc, err := s.deps.Incidents.WriteNote(ctx, by, in.ID, in.Body.Body)
	return s.said(ctx, inc, err)
}

func (s *server) writeUpdate(ctx context.Context, by people.Actor, in *forIncident[wire.Say]) (wire.Incident, error) {
	next, err := s.next(in.Body.NextBy, in.Body.NextIn)
	if err != nil {
		return wire.Incident{}, err
	}
	inc, err := s.deps.Incidents.WriteUpdate(ctx, by, in.ID, incident.Draft{Body: in.Body.Body, NextBy: next, Seen: orAny(in.Body.Seen)})
	return s.said(ctx, inc, err)
}

func (s *server) publishUpdate(ctx context.Context, by people.Actor, in *forIncident[wire.Publish]) (wire.Incident, error) {
	d, err := s.draft(in.Body)
	if err != nil {
		return wire.Incident{}, err
	}
	inc, err := s.deps.Incidents.Publish(ctx, by, in.ID, d)
	return s.said(ctx, inc, err)
}

func (s *server) draft(p wire.Publish) (incident.Draft, error) {
	next, err := s.next(p.NextBy, p.NextIn)
	return incident.Draft{Title: p.Title, State: incident.Word(p.State), Body: p.Body, NextBy: next, Seen: orAny(p.Seen),
		Components: every(p.Statuses, func(x wire.Status) incident.Affected {
			return incident.Affected{Component: x.Component, Status: incident.Status(x.Status)}
		})}, err
}

// orAny is how many updates were seen; a negative number when nobody looked.
func orAny(seen *int) int {
	if seen == nil {
		return -1
	}
	return *seen
}

// next is until when the next update is promised; zero for no promise.
func (s *server) next(by time.Time, in wire.Duration) (time.Time, error) {
	switch {
	case in != 0 && !by.IsZero():
		return by, fault.Wrong("next_in", "The next update is promised by next_by or by next_in. Leave out one of the two.")
	case in < 0:
		return by, fault.Wrong("next_in", "The next update can only be promised for later than now. Write a span such as 30m.")
	case in > 0:
		return s.deps.Clock.Now().Add(time.Duration(in)), nil
	case by.IsZero():
		return by, nil
	}
	return by.UTC(), nil
}

func (s *server) promiseUpdate(ctx context.Context, by people.Actor, in *forIncident[wire.NextUpdate]) (wire.Incident, error) {
	next, err := s.next(in.Body.NextBy, in.Body.NextIn)
	if err != nil {
		return wire.Incident{}, err
	}
	inc, err := s.deps.Incidents.PromiseNext(ctx, by, in.ID, next)
	return s.said(ctx, inc, err)
}

type resolveIncident struct {
	ID   string        `path:"id" maxLength:"100" doc:"The incident's id." example:"INC-3"`
	Body *wire.Resolve // may be left out
}

func (s *server) resolveIncident(ctx context.Context, by people.Actor, in *resolveIncident) (wire.Incident, error) {
	var say *incident.Draft
	if in.Body != nil && in.Body.Publish != nil {
		d, err := s.draft(*in.Body.Publish)
		if err != nil {
			return wire.Incident{}, err
		}
		say = &d
	}
	inc, err := s.deps.Incidents.Resolve(ctx, by, in.ID, say)
	return s.said(ctx, inc, err)
}

func (s *server) reopenIncident(ctx context.Context, by people.Actor, in *byIncident) (wire.Incident, error) {
	inc, err := s.deps.Incidents.Reopen(ctx, by, in.ID)
	return s.said(ctx, inc, err)
}

func (n names) update(u incident.Update) wire.Update {
	return wire.Update{N: u.N, To: string(u.Audience), State: string(u.State), Body: u.Text.Body, By: *n.person(u.By), At: u.At,
		Statuses: every(u.Components, statusName), NextBy: u.NextBy, Late: wire.Duration(u.Late())}
}

func toldOf(t incident.Told) wire.Told {
	return wire.Told{About: string(t.About), N: t.N, At: t.At, Sent: t.Sent, Failed: t.Failed, Waiting: t.Waiting}
}
