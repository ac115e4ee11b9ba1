package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// Incidents lists incidents, newest first. The state is open, resolved, or empty for all.
func (c *Client) Incidents(ctx context.Context, state string, p Page) (wire.List[wire.Incident], error) {
	v := p.into(url.Values{})
	set(v, "state", state)
	return ask[wire.List[wire.Incident]](ctx, c, read(v, "incidents"))
}

// Incident shows an incident's room.
func (c *Client) Incident(ctx context.Context, id string) (wire.Room, error) {
	return ask[wire.Room](ctx, c, read(nil, "incidents", id))
}

// DeclareIncident opens an incident without alerts.
func (c *Client) DeclareIncident(ctx context.Context, d wire.Declare) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(d, "incidents"))
}

// RenameIncident changes the internal title.
func (c *Client) RenameIncident(ctx context.Context, id string, to wire.SetTitle) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(to, "incidents", id, "title"))
}

// SetSeverity changes the severity.
func (c *Client) SetSeverity(ctx context.Context, id string, to wire.SetSeverity) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(to, "incidents", id, "severity"))
}

// SetState changes the state, except to resolved.
func (c *Client) SetState(ctx context.Context, id string, to wire.SetState) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(to, "incidents", id, "state"))
}

// SetLead changes who leads.
func (c *Client) SetLead(ctx context.Context, id string, to wire.SetLead) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(to, "incidents", id, "lead"))
}

// SetImpact changes what is affected.
func (c *Client) SetImpact(ctx context.Context, id string, to wire.SetImpact) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(to, "incidents", id, "impact"))
}

// JoinIncident gives a person a part.
func (c *Client) JoinIncident(ctx context.Context, id string, j wire.Join) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(j, "incidents", id, "participants"))
}

// LinkAlert works on an alert in this incident.
func (c *Client) LinkAlert(ctx context.Context, id string, l wire.LinkAlert) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(l, "incidents", id, "alerts"))
}

// LinkRun makes a run a part of this incident.
func (c *Client) LinkRun(ctx context.Context, id string, l wire.LinkRun) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(l, "incidents", id, "runs"))
}

// WriteNote puts a remark on the timeline.
func (c *Client) WriteNote(ctx context.Context, id string, n wire.Note) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(n, "incidents", id, "notes"))
}

// WriteUpdate sends an internal update.
func (c *Client) WriteUpdate(ctx context.Context, id string, s wire.Say) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(s, "incidents", id, "updates"))
}

// PublishUpdate says something to customers.
func (c *Client) PublishUpdate(ctx context.Context, id string, p wire.Publish) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(p, "incidents", id, "publications"))
}

// PromiseUpdate promises the next internal update.
func (c *Client) PromiseUpdate(ctx context.Context, id string, n wire.NextUpdate) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, put(n, "incidents", id, "promise"))
}

// ResolveIncident ends an incident.
func (c *Client) ResolveIncident(ctx context.Context, id string, r wire.Resolve) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(r, "incidents", id, "resolve"))
}

// ReopenIncident takes a resolved incident up again.
func (c *Client) ReopenIncident(ctx context.Context, id string) (wire.Incident, error) {
	return ask[wire.Incident](ctx, c, post(nil, "incidents", id, "reopen"))
}

// Postmortems lists post-mortems without their text, newest first.
func (c *Client) Postmortems(ctx context.Context, p Page) (wire.List[wire.PostmortemHead], error) {
	return ask[wire.List[wire.PostmortemHead]](ctx, c, read(p.into(url.Values{}), "postmortems"))
}

// Postmortem reads an incident's post-mortem.
func (c *Client) Postmortem(ctx context.Context, incident string) (wire.Postmortem, error) {
	return ask[wire.Postmortem](ctx, c, read(nil, "incidents", incident, "postmortem"))
}

// EditPostmortem saves another text.
func (c *Client) EditPostmortem(ctx context.Context, incident string, e wire.EditPostmortem) (wire.Postmortem, error) {
	return ask[wire.Postmortem](ctx, c, put(e, "incidents", incident, "postmortem"))
}

// PublishPostmortem says that the text is done.
func (c *Client) PublishPostmortem(ctx context.Context, incident string, p wire.PublishPostmortem) (wire.Postmortem, error) {
	return ask[wire.Postmortem](ctx, c, post(p, "incidents", incident, "postmortem", "publish"))
}

// FollowUpQuery narrows a list of follow-ups.
type FollowUpQuery struct {
	Incident string
	Owner    string // "me" is yourself
	Open     bool
}

// FollowUps lists follow-ups, the one that is due first before the others.
func (c *Client) FollowUps(ctx context.Context, q FollowUpQuery, p Page) (wire.List[wire.FollowUp], error) {
	v := p.into(url.Values{})
	set(v, "incident", q.Incident)
	set(v, "owner", q.Owner)
	set(v, "open", q.Open)
	return ask[wire.List[wire.FollowUp]](ctx, c, read(v, "follow-ups"))
}

// AddFollowUp writes down what is to be done.
func (c *Client) AddFollowUp(ctx context.Context, incident string, w wire.WriteFollowUp) (wire.FollowUp, error) {
	return ask[wire.FollowUp](ctx, c, post(w, "incidents", incident, "follow-ups"))
}

// EditFollowUp changes a follow-up.
func (c *Client) EditFollowUp(ctx context.Context, id string, w wire.WriteFollowUp) (wire.FollowUp, error) {
	return ask[wire.FollowUp](ctx, c, put(w, "follow-ups", id))
}

// FinishFollowUp says that a follow-up is done, or that it is not.
func (c *Client) FinishFollowUp(ctx context.Context, id string, f wire.Finish) (wire.FollowUp, error) {
	return ask[wire.FollowUp](ctx, c, post(f, "follow-ups", id, "finish"))
}
