package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// Handovers lists morning hand-overs, newest first; those of one team when it is not empty.
func (c *Client) Handovers(ctx context.Context, team string, p Page) (wire.List[wire.Handover], error) {
	v := p.into(url.Values{})
	set(v, "team", team)
	return ask[wire.List[wire.Handover]](ctx, c, read(v, "handovers"))
}

// Handover shows a morning hand-over, such as support-2026-11-24.
func (c *Client) Handover(ctx context.Context, id string) (wire.HandoverShown, error) {
	return ask[wire.HandoverShown](ctx, c, read(nil, "handovers", id))
}

// AskAboutHandover makes a morning hand-over a request to its team; asked again, it answers with the same request.
func (c *Client) AskAboutHandover(ctx context.Context, id string) (wire.Request, error) {
	return ask[wire.Request](ctx, c, post(nil, "handovers", id, "request"))
}
