package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"frontline/wire"
)

// AlertQuery narrows a list of alerts.
type AlertQuery struct {
	State    string // live when empty; open, acknowledged, resolved or all
	Service  string
	Unrouted bool
}

// Alerts lists groups of alerts, newest first.
func (c *Client) Alerts(ctx context.Context, q AlertQuery, p Page) (wire.List[wire.Group], error) {
	v := p.into(url.Values{})
	set(v, "state", q.State)
	set(v, "service", q.Service)
	set(v, "unrouted", q.Unrouted)
	return ask[wire.List[wire.Group]](ctx, c, read(v, "alerts"))
}

// Alert shows a group, by its id ("G-12") or that of one of its alerts ("A-31").
func (c *Client) Alert(ctx context.Context, id string) (wire.GroupShown, error) {
	return ask[wire.GroupShown](ctx, c, read(nil, "alerts", id))
}

// Message shows the message of the monitoring system as it was received.
func (c *Client) Message(ctx context.Context, id string) (wire.Received, error) {
	return ask[wire.Received](ctx, c, read(nil, "alerts", id, "message"))
}

// AcknowledgeAlert says that you have it.
func (c *Client) AcknowledgeAlert(ctx context.Context, id string) (wire.Group, error) {
	r := post(nil, "alerts", id, "acknowledge")
	r.again = true
	return ask[wire.Group](ctx, c, r)
}

// ResolveAlert closes a group by hand.
func (c *Client) ResolveAlert(ctx context.Context, id string) (wire.Group, error) {
	r := post(nil, "alerts", id, "resolve")
	r.again = true
	return ask[wire.Group](ctx, c, r)
}

// EscalateAlert fires the next step of the group's page now.
func (c *Client) EscalateAlert(ctx context.Context, id string) (wire.Page, error) {
	return ask[wire.Page](ctx, c, post(nil, "alerts", id, "escalate"))
}

// OpenIncident opens an incident from an alert, or returns the one that is open.
func (c *Client) OpenIncident(ctx context.Context, alert string) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(nil, "alerts", alert, "incident"))
}

// Page shows a page with its attempts.
func (c *Client) Page(ctx context.Context, id string) (wire.Page, error) {
	return ask[wire.Page](ctx, c, read(nil, "pages", id))
}

// AcknowledgePage says that you have what a page is about.
func (c *Client) AcknowledgePage(ctx context.Context, id string) (wire.Page, error) {
	r := post(nil, "pages", id, "acknowledge")
	r.again = true
	return ask[wire.Page](ctx, c, r)
}

// EscalatePage fires a page's next step now.
func (c *Client) EscalatePage(ctx context.Context, id string) (wire.Page, error) {
	return ask[wire.Page](ctx, c, post(nil, "pages", id, "escalate"))
}

// PagePerson pages one person.
func (c *Client) PagePerson(ctx context.Context, p wire.PagePerson) (wire.Page, error) {
	return ask[wire.Page](ctx, c, post(p, "pages"))
}

// TestPage pages yourself over all your contacts.
func (c *Client) TestPage(ctx context.Context) (wire.Page, error) {
	return ask[wire.Page](ctx, c, post(nil, "pages", "test"))
}

// OnCall says who is on call at a time; now when it is zero.
func (c *Client) OnCall(ctx context.Context, at time.Time) (wire.List[wire.Post], error) {
	v := url.Values{}
	set(v, "at", at)
	return ask[wire.List[wire.Post]](ctx, c, read(v, "oncall"))
}

// Week says who is on call between two times; the next seven days when they are zero.
func (c *Client) Week(ctx context.Context, from, to time.Time) (wire.List[wire.Lane], error) {
	v := url.Values{}
	set(v, "from", from)
	set(v, "to", to)
	return ask[wire.List[wire.Lane]](ctx, c, read(v, "oncall", "week"))
}

// Standing says when a person is on call; "me" is yourself.
func (c *Client) Standing(ctx context.Context, person string) (wire.Standing, error) {
	return ask[wire.Standing](ctx, c, read(nil, "oncall", "people", person))
}

// WhatIf returns every message that a page by the policy would send.
func (c *Client) WhatIf(ctx context.Context, policy string, at time.Time) (wire.List[wire.Reach], error) {
	v := url.Values{}
	set(v, "at", at)
	return ask[wire.List[wire.Reach]](ctx, c, read(v, "oncall", "policies", policy, "what-if"))
}

// TakeOver puts somebody on call in place of another.
func (c *Client) TakeOver(ctx context.Context, o wire.TakeOver) (wire.Override, error) {
	return ask[wire.Override](ctx, c, post(o, "oncall", "overrides"))
}

// GiveBack ends an override now.
func (c *Client) GiveBack(ctx context.Context, id string) (wire.Override, error) {
	return ask[wire.Override](ctx, c, request{method: http.MethodDelete, path: []string{"oncall", "overrides", id}})
}
