package incident

import (
	"context"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Service is the wing's commands and readings. Each command takes who asks, begins with people.May and is one transaction.
type Service struct {
	DB      Database
	Book    func(context.Context) (Directory, error) // what is configured now
	Groups  Groups
	Runs    Runs
	Watches Watches // may be nil: nothing is watched
	Mailer  Mailer
	Link    func(incident Incident) string // the incident's address, for mails and pages
}

// Declaration is what somebody says who declares an incident.
type Declaration struct {
	Title    string
	Severity Severity
	Services []string
}

// Declare opens an incident without alerts. Every employee may.
func (s *Service) Declare(ctx context.Context, a people.Actor, d Declaration) (Incident, error) {
	if err := people.May(a, people.DeclareIncident, topic("")); err != nil {
		return Incident{}, err
	}
	inc, _, err := s.open(ctx, a, "", opening{title: journal.Salted(plain.Line(d.Title)), severity: d.Severity, services: d.Services})
	return inc, err
}

// OpenFromGroup opens an incident from an alert group, named after it and with its service. A group belongs to at most one open incident:
// when there is one already, that one is returned.
func (s *Service) OpenFromGroup(ctx context.Context, a people.Actor, group string) (Incident, error) {
	if err := people.May(a, people.DeclareIncident, topic("")); err != nil {
		return Incident{}, err
	}
	g, err := s.Groups.Group(ctx, group)
	if err != nil {
		return Incident{}, err
	}
	if err := people.May(a, people.SeeAlerts, g.Topic()); err != nil {
		return Incident{}, err
	}
	o := opening{title: journal.Salted(plain.Clip(plain.Line(g.Title), longestTitle)), severity: severityOf(g.Severity), group: &g}
	if g.Routed() {
		o.services = []string{g.Service}
	}
	inc, _, err := s.open(ctx, a, group, o)
	return inc, err
}

func (s *Service) open(ctx context.Context, a people.Actor, group string, o opening) (Incident, bool, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return Incident{}, false, err
	}
	inc, fresh, err := s.DB.OpenIncident(ctx, group, func(cur Current) (Change, error) {
		t := newTurn(a, book, cur)
		err := t.open(o)
		return t.done(), err
	})
	return withCustomers(book, inc), fresh, err
}

// severityOf maps the alerts' severities. It can be set otherwise at any time.
func severityOf(s alert.Severity) Severity {
	switch s {
	case alert.Critical:
		return Critical
	case alert.Error:
		return Major
	}
	return Minor
}

// change runs one decision about an incident.
func (s *Service) change(ctx context.Context, a people.Actor, v people.Verb, id string, scope Scope, decide func(*turn) error) (Incident, error) {
	if err := people.May(a, v, topic(id)); err != nil {
		return Incident{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Incident{}, err
	}
	inc, err := s.DB.ChangeIncident(ctx, id, scope, func(cur Current) (Change, error) {
		t := newTurn(a, book, cur)
		err := decide(t)
		return t.done(), err
	})
	return withCustomers(book, inc), err
}

// guarded is change for edits that two people may do at once: seen is the Version that the person looked at, 0 when they did not.
func (s *Service) guarded(ctx context.Context, a people.Actor, id string, seen int64, decide func(*turn) error) (Incident, error) {
	return s.change(ctx, a, people.WorkIncident, id, Scope{}, func(t *turn) error {
		if err := t.unmoved(seen); err != nil {
			return err
		}
		return decide(t)
	})
}

// SetSeverity changes the severity. seen is the Incident.Version that the person looked at, or 0.
func (s *Service) SetSeverity(ctx context.Context, a people.Actor, id string, to Severity, seen int64) (Incident, error) {
	return s.guarded(ctx, a, id, seen, func(t *turn) error { return t.setSeverity(to) })
}

// SetState changes the state, except to Resolved. seen is the Incident.Version that the person looked at, or 0.
func (s *Service) SetState(ctx context.Context, a people.Actor, id string, to State, seen int64) (Incident, error) {
	return s.guarded(ctx, a, id, seen, func(t *turn) error { return t.setState(to) })
}

// SetLead changes who leads; empty for nobody. seen is the Incident.Version that the person looked at, or 0.
func (s *Service) SetLead(ctx context.Context, a people.Actor, id, person string, seen int64) (Incident, error) {
	return s.guarded(ctx, a, id, seen, func(t *turn) error { return t.setLead(person) })
}

// Rename changes the internal title. seen is the Incident.Version that the person looked at, or 0.
func (s *Service) Rename(ctx context.Context, a people.Actor, id, title string, seen int64) (Incident, error) {
	text := journal.Salted(plain.Line(title))
	return s.guarded(ctx, a, id, seen, func(t *turn) error { return t.rename(text) })
}

// SetImpact changes what is affected. seen is the Incident.Version that the person looked at, or 0.
func (s *Service) SetImpact(ctx context.Context, a people.Actor, id string, to Impact, seen int64) (Incident, error) {
	return s.guarded(ctx, a, id, seen, func(t *turn) error { return t.setImpact(to) })
}

// AddService says that one more service is affected, with its components. Its stakeholders are told.
func (s *Service) AddService(ctx context.Context, a people.Actor, id, service string) (Incident, error) {
	return s.change(ctx, a, people.WorkIncident, id, Scope{}, func(t *turn) error { return t.addService(service) })
}

// Join gives a person a part; the actor's own when person is empty.
func (s *Service) Join(ctx context.Context, a people.Actor, id, person string, part Part) (Incident, error) {
	if person == "" {
		person = a.ID
	}
	return s.change(ctx, a, people.WorkIncident, id, Scope{}, func(t *turn) error { return t.join(person, part) })
}

// WriteNote puts a remark on the timeline.
func (s *Service) WriteNote(ctx context.Context, a people.Actor, id, body string) (Incident, error) {
	text := journal.Salted(plain.Prose(body))
	return s.change(ctx, a, people.WorkIncident, id, Scope{}, func(t *turn) error { return t.writeNote(text) })
}

// WriteUpdate sends an internal update: stakeholders get it by mail.
func (s *Service) WriteUpdate(ctx context.Context, a people.Actor, id string, d Draft) (Incident, error) {
	d.Body = plain.Prose(d.Body)
	text := journal.Salted(d.Body)
	return s.change(ctx, a, people.WorkIncident, id, Scope{}, func(t *turn) error { return t.write(d, text) })
}

// Publish says something to customers, on the status page.
func (s *Service) Publish(ctx context.Context, a people.Actor, id string, d Draft) (Incident, error) {
	d, text := public(d)
	return s.change(ctx, a, people.PublishUpdate, id, Scope{Page: true}, func(t *turn) error { return t.publish(d, text) })
}

func public(d Draft) (Draft, journal.Text) {
	d.Body, d.Title = plain.Prose(d.Body), plain.Line(d.Title)
	return d, journal.Salted(d.Body)
}

// PromiseNext promises the stakeholders an update by a time. What customers were promised moves with Publish only.
func (s *Service) PromiseNext(ctx context.Context, a people.Actor, id string, at time.Time) (Incident, error) {
	return s.change(ctx, a, people.WorkIncident, id, Scope{}, func(t *turn) error { return t.promiseNext(at) })
}

// Resolve ends the incident: stakeholders are told and a post-mortem is drafted. With a draft, customers are told in the same step.
func (s *Service) Resolve(ctx context.Context, a people.Actor, id string, say *Draft) (Incident, error) {
	if say == nil {
		return s.end(ctx, a, id, people.WorkIncident, Scope{}, (*turn).resolve)
	}
	if err := people.May(a, people.PublishUpdate, topic(id)); err != nil {
		return Incident{}, err
	}
	d, text := public(*say)
	d.State = WordResolved
	return s.end(ctx, a, id, people.WorkIncident, Scope{Page: true}, func(t *turn) error {
		if err := t.publish(d, text); err != nil {
			return err
		}
		return t.resolve()
	})
}

// Reopen takes a resolved incident up again: it was not over.
func (s *Service) Reopen(ctx context.Context, a people.Actor, id string) (Incident, error) {
	if err := people.May(a, people.WorkIncident, topic(id)); err != nil {
		return Incident{}, err
	}
	inc, err := s.DB.Incident(ctx, id)
	if err != nil {
		return Incident{}, err
	}
	return s.change(ctx, a, people.WorkIncident, inc.ID, Scope{Groups: inc.Groups, Harm: true}, (*turn).reopen)
}

// LinkGroup says that an alert group is worked on here.
func (s *Service) LinkGroup(ctx context.Context, a people.Actor, id, group string) (Incident, error) {
	if err := people.May(a, people.WorkIncident, topic(id)); err != nil {
		return Incident{}, err
	}
	if _, err := s.Groups.Group(ctx, group); err != nil {
		return Incident{}, err
	}
	return s.change(ctx, a, people.WorkIncident, id, Scope{Groups: []string{group}}, func(t *turn) error { return t.linkGroup(group) })
}

// LinkRun says that a run belongs to this incident although it was started for something else; its result is then part of the timeline.
// Runs that are started for the incident belong to it anyway.
func (s *Service) LinkRun(ctx context.Context, a people.Actor, id, run string) (Incident, error) {
	return s.change(ctx, a, people.WorkIncident, id, Scope{}, func(t *turn) error { return t.linkRun(run) })
}

// ArrangePage publishes the head of the status page and its components as they are configured now. Starting the server and applying a
// configuration do it; it writes nothing when nothing changed.
func (s *Service) ArrangePage(ctx context.Context, a people.Actor, page Page) error {
	if err := people.May(a, people.Configure, people.Subject{Kind: "status", ID: page.ID}); err != nil {
		return err
	}
	if wrong := page.Check(); len(wrong) > 0 {
		return &fault.Error{Kind: fault.Invalid, Say: "The status page is not configured right. Correct the fields.", Fields: wrong}
	}
	book, err := s.Book(ctx)
	if err != nil {
		return err
	}
	return s.DB.ChangeStatusPage(ctx, func(p Published, now time.Time) (Publication, journal.Consequences, error) {
		var out journal.Consequences
		pub := p.arrange(page, book.Components(), now)
		if pub.Page != nil {
			out.Add(journal.Note(a, "status.arranged", journal.Of("status", page.ID), map[string]any{"components": len(pub.Components), "version": pub.Page.Version}))
		}
		return pub, out, nil
	})
}
