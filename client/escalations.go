package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// EscalationFilter narrows a list of escalations. Empty parts do not narrow.
type EscalationFilter struct {
	State   string // waiting, open, closed, refused or all
	Tracker string
	Request string // that hangs on it
	Untold  bool   // askers wait to be told what became of it
}

// Escalations lists what developers were asked, the newest first.
func (c *Client) Escalations(ctx context.Context, f EscalationFilter, p Page) (wire.List[wire.Escalation], error) {
	v := p.into(url.Values{})
	set(v, "state", f.State)
	set(v, "tracker", f.Tracker)
	set(v, "request", f.Request)
	set(v, "untold", f.Untold)
	return ask[wire.List[wire.Escalation]](ctx, c, read(v, "escalations"))
}

// Escalation shows an escalation with its requests and what developers said.
func (c *Client) Escalation(ctx context.Context, id string) (wire.EscalationShown, error) {
	return ask[wire.EscalationShown](ctx, c, read(nil, "escalations", id))
}

// Evidence shows what developers would get of a request.
func (c *Client) Evidence(ctx context.Context, request string) (wire.Evidence, error) {
	return ask[wire.Evidence](ctx, c, read(nil, "requests", request, "evidence"))
}

// Escalate asks developers about a request.
func (c *Client) Escalate(ctx context.Context, request string, k wire.Escalate) (wire.Escalation, error) {
	return ask[wire.Escalation](ctx, c, post(k, "requests", request, "escalate"))
}

// JoinEscalation says that developers know a request's issue already.
func (c *Client) JoinEscalation(ctx context.Context, request string, j wire.JoinEscalation) (wire.Escalation, error) {
	return ask[wire.Escalation](ctx, c, post(j, "requests", request, "escalation"))
}

// LeaveEscalation takes that back.
func (c *Client) LeaveEscalation(ctx context.Context, request string, j wire.JoinEscalation) (wire.Escalation, error) {
	return ask[wire.Escalation](ctx, c, post(j, "requests", request, "escalation", "leave"))
}

// TellDevelopers writes below their issue.
func (c *Client) TellDevelopers(ctx context.Context, id string, t wire.TellDevelopers) (wire.Escalation, error) {
	return ask[wire.Escalation](ctx, c, post(t, "escalations", id, "comments"))
}

// JudgeEscalation says what developers found.
func (c *Client) JudgeEscalation(ctx context.Context, id string, j wire.JudgeEscalation) (wire.Escalation, error) {
	return ask[wire.Escalation](ctx, c, put(j, "escalations", id, "verdict"))
}

// EscalateAgain tries once more what the tracker refused.
func (c *Client) EscalateAgain(ctx context.Context, id string, a wire.EscalateAgain) (wire.Escalation, error) {
	return ask[wire.Escalation](ctx, c, post(a, "escalations", id, "again"))
}

// TellAskers tells who asked what became of it.
func (c *Client) TellAskers(ctx context.Context, id string, t wire.TellAskers) (wire.ToldAskers, error) {
	return ask[wire.ToldAskers](ctx, c, post(t, "escalations", id, "tell"))
}

// SkipAsker says that an asker need not be told.
func (c *Client) SkipAsker(ctx context.Context, id string, s wire.SkipAsker) (wire.Escalation, error) {
	return ask[wire.Escalation](ctx, c, post(s, "escalations", id, "skip"))
}
