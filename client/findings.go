package client

import (
	"context"
	"net/url"
	"time"

	"frontline/wire"
)

// Watches lists watches: those with something open first, then the nearest to an alarm.
func (c *Client) Watches(ctx context.Context, p Page) (wire.List[wire.Watch], error) {
	return ask[wire.List[wire.Watch]](ctx, c, read(p.into(url.Values{}), "watches"))
}

// Watch shows a watch with the evidence of its series.
func (c *Client) Watch(ctx context.Context, id string) (wire.WatchShown, error) {
	return ask[wire.WatchShown](ctx, c, read(nil, "watches", id))
}

// WatchChart shows what a series of a watch counted between two times; zero times are the last two days, no values are everything together.
func (c *Client) WatchChart(ctx context.Context, id string, values []string, from, until time.Time) (wire.WatchChart, error) {
	v := url.Values{}
	for _, x := range values {
		v.Add("series", x)
	}
	set(v, "from", from)
	set(v, "until", until)
	return ask[wire.WatchChart](ctx, c, read(v, "watches", id, "chart"))
}

// Findings lists what watches found, the newest first: of one watch, or of all when it is empty.
func (c *Client) Findings(ctx context.Context, watch string, open bool, p Page) (wire.List[wire.WatchFinding], error) {
	v := p.into(url.Values{})
	set(v, "watch", watch)
	set(v, "open", open)
	return ask[wire.List[wire.WatchFinding]](ctx, c, read(v, "findings"))
}

// Finding shows one, such as F-12, with whom it hit.
func (c *Client) Finding(ctx context.Context, id string) (wire.WatchFinding, error) {
	return ask[wire.WatchFinding](ctx, c, read(nil, "findings", id))
}

// JudgeFinding says what a finding was: real, known or not_a_problem; empty takes it back.
func (c *Client) JudgeFinding(ctx context.Context, id, feedback string) (wire.WatchFinding, error) {
	return ask[wire.WatchFinding](ctx, c, post(wire.JudgeFinding{Feedback: feedback}, "findings", id, "judge"))
}

// AcceptFinding takes the level since the change as the usual one.
func (c *Client) AcceptFinding(ctx context.Context, id string) (wire.WatchFinding, error) {
	return ask[wire.WatchFinding](ctx, c, post(nil, "findings", id, "accept"))
}
