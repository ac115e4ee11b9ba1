package api

import (
	"context"
	"net/http"

	"frontline/alert"
	"frontline/journal"
	"frontline/people"
	"frontline/wire"
)

// Alerts is where alerts are read.
type Alerts interface {
	Groups(ctx context.Context, actor people.Actor, q alert.Query) ([]alert.Group, error)
	Group(ctx context.Context, actor people.Actor, ref string) (alert.Group, error)
	Alerts(ctx context.Context, actor people.Actor, g alert.Group, limit int) ([]alert.Alert, error)
	History(ctx context.Context, actor people.Actor, g alert.Group, limit int) ([]journal.Entry, error)
	Message(ctx context.Context, actor people.Actor, ref string) (alert.Alert, []byte, error)
}

var _ Alerts = (*alert.Board)(nil)

// Handling is what is done with alerts.
type Handling interface {
	Acknowledge(ctx context.Context, actor people.Actor, group string) (alert.Group, error)
	Resolve(ctx context.Context, actor people.Actor, group string) (alert.Group, error)
}

var _ Handling = (*alert.Handling)(nil)

const (
	alertsShown  = 200
	historyShown = 500
)

func (s *server) alerts() {
	add(s, route{Method: http.MethodGet, Path: "/alerts", ID: "listAlerts", Verb: people.SeeAlerts, Summary: "List alerts",
		Say: "Lists groups, which are alerts that are worked on as one, newest first."}, s.listAlerts)
	add(s, route{Method: http.MethodGet, Path: "/alerts/{id}", ID: "showAlert", Verb: people.SeeAlerts, Summary: "Show a group of alerts",
		Say: "With its alerts, its pages with every attempt to deliver them, and what happened to it."}, s.showAlert)
	add(s, route{Method: http.MethodGet, Path: "/alerts/{id}/message", ID: "showMessage", Verb: people.SeeAlerts, Summary: "Show the message as it was received",
		Say: "The raw message of the monitoring system that last changed the alert. It is kept for 7 days."}, s.showMessage)
	add(s, route{Method: http.MethodPost, Path: "/alerts/{id}/acknowledge", ID: "acknowledgeAlert", Verb: people.HandleAlerts, Summary: "Acknowledge an alert",
		Say: "You have it: the escalation stops. Doing it twice is once; somebody else may take it over."}, s.acknowledgeAlert)
	add(s, route{Method: http.MethodPost, Path: "/alerts/{id}/resolve", ID: "resolveAlert", Verb: people.HandleAlerts, Summary: "Resolve an alert by hand",
		Say: "Closes the group with its alerts. A source that says later that one still fires opens a new one."}, s.resolveAlert)
	add(s, route{Method: http.MethodPost, Path: "/alerts/{id}/escalate", ID: "escalateAlert", Verb: people.HandleAlerts, Summary: "Escalate an alert now",
		Say: "Fires the next step of its page without waiting."}, s.escalateAlert)
}

// byAlert names a group, or one of its alerts.
type byAlert struct {
	ID string `path:"id" maxLength:"100" doc:"The group's id, such as G-12, or that of one of its alerts, such as A-31." example:"G-12"`
}

type listAlerts struct {
	Paging
	State    string `query:"state" enum:"live,open,acknowledged,resolved,all" default:"live" doc:"live is open and acknowledged."`
	Service  string `query:"service" maxLength:"100" doc:"Only of this service." example:"decision-pipeline"`
	Unrouted bool   `query:"unrouted" doc:"Only those that no service was found for."`
}

func (s *server) listAlerts(ctx context.Context, by people.Actor, in *listAlerts) (wire.List[wire.Group], error) {
	at, err := in.place()
	if err != nil {
		return wire.List[wire.Group]{}, err
	}
	q := alert.Query{State: alert.State(in.State), Service: in.Service, Unrouted: in.Unrouted, Before: at.Below, Limit: in.Limit + 1}
	if in.State == "all" {
		q.State = ""
	}
	all, err := s.deps.Alerts.Groups(ctx, by, q)
	if err != nil {
		return wire.List[wire.Group]{}, err
	}
	n, err := s.names(ctx)
	return page(all, in.Limit, n.group, func(g alert.Group) place { return place{Below: g.Number} }), err
}

func (s *server) showAlert(ctx context.Context, by people.Actor, in *byAlert) (out wire.GroupShown, err error) {
	g, err := s.deps.Alerts.Group(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	alerts, err := s.deps.Alerts.Alerts(ctx, by, g, alertsShown)
	if err != nil {
		return out, err
	}
	entries, err := s.deps.Alerts.History(ctx, by, g, historyShown)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	if out.Pages, err = s.pagesAbout(ctx, by, n, g.Self()); err != nil {
		return out, err
	}
	inc, found, err := s.deps.Incidents.IncidentOf(ctx, by, g.ID)
	if found {
		out.Incident = &wire.Ref{ID: inc.Name(), Name: inc.Title}
	}
	out.Group, out.Alerts, out.History = n.group(g), every(alerts, alertOf), n.history(entries, g)
	return out, err
}

func (s *server) showMessage(ctx context.Context, by people.Actor, in *byAlert) (wire.Received, error) {
	a, raw, err := s.deps.Alerts.Message(ctx, by, in.ID)
	return wire.Received{Alert: a.Short(), Body: string(raw)}, err
}

func (s *server) acknowledgeAlert(ctx context.Context, by people.Actor, in *byAlert) (wire.Group, error) {
	return s.handle(ctx, by, in.ID, s.deps.Handling.Acknowledge)
}

func (s *server) resolveAlert(ctx context.Context, by people.Actor, in *byAlert) (wire.Group, error) {
	return s.handle(ctx, by, in.ID, s.deps.Handling.Resolve)
}

// handle runs one command on a group that is named by any of its names.
func (s *server) handle(ctx context.Context, by people.Actor, ref string, do func(context.Context, people.Actor, string) (alert.Group, error)) (wire.Group, error) {
	g, err := s.deps.Alerts.Group(ctx, by, ref)
	if err != nil {
		return wire.Group{}, err
	}
	if g, err = do(ctx, by, g.ID); err != nil {
		return wire.Group{}, err
	}
	n, err := s.names(ctx)
	return n.group(g), err
}

func (s *server) escalateAlert(ctx context.Context, by people.Actor, in *byAlert) (wire.Page, error) {
	g, err := s.deps.Alerts.Group(ctx, by, in.ID)
	if err != nil {
		return wire.Page{}, err
	}
	p, err := s.deps.Pages.EscalateAbout(ctx, by, g.Self())
	if err != nil {
		return wire.Page{}, err
	}
	return s.showPage(ctx, by, &byPage{p.ID})
}

func (n names) group(g alert.Group) wire.Group {
	return wire.Group{
		ID: g.Short(), UID: g.ID, Title: g.Title, Severity: string(g.Severity), State: string(g.State),
		Source: *n.ref("source", g.Source), Service: n.ref("service", g.Service), Team: n.ref("team", g.Team),
		Open: g.Open, Total: g.Total, LeftOut: g.Left, Paged: g.Paged, OpenedAt: g.OpenedAt, BeganAt: g.BeganAt,
		AcknowledgedAt: g.AckedAt, AcknowledgedBy: n.actor(g.AckedBy), ResolvedAt: g.ResolvedAt,
	}
}

func alertOf(a alert.Alert) wire.Alert {
	return wire.Alert{
		ID: a.Short(), UID: a.ID, Key: a.Key, State: string(a.State), Severity: string(a.Severity), Title: a.Title, Text: a.Text, Host: a.Host,
		Labels: a.Labels, Links: every(a.Links, func(l alert.Link) wire.Link { return wire.Link(l) }), Signals: a.Count, BeganAt: a.Episode,
		OpenedAt: a.OpenedAt, LastAt: a.LastAt, ResolvedAt: a.ResolvedAt,
	}
}
