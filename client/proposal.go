package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// Proposals lists the groups of requests that nobody could name, the largest first; those that were decided about too when all is set.
func (c *Client) Proposals(ctx context.Context, all bool, p Page) (wire.List[wire.Proposal], error) {
	v := p.into(url.Values{})
	set(v, "all", all)
	return ask[wire.List[wire.Proposal]](ctx, c, read(v, "proposals"))
}

// Proposal shows a proposal, such as P-17, with its requests that nobody has coded.
func (c *Client) Proposal(ctx context.Context, id string) (wire.Proposal, error) {
	return ask[wire.Proposal](ctx, c, read(nil, "proposals", id))
}

// PromoteProposal makes a demand of a proposal.
func (c *Client) PromoteProposal(ctx context.Context, id string, p wire.PromoteProposal) (wire.Demand, error) {
	return ask[wire.Demand](ctx, c, post(p, "proposals", id, "promote"))
}

// DismissProposal says that a proposal is no demand.
func (c *Client) DismissProposal(ctx context.Context, id, reason string) (wire.Proposal, error) {
	return ask[wire.Proposal](ctx, c, post(wire.DismissProposal{Reason: reason}, "proposals", id, "dismiss"))
}

// CodeProposal confirms that requests of a promoted proposal are of its demand.
func (c *Client) CodeProposal(ctx context.Context, id string, requests []string) (wire.CodedProposal, error) {
	return ask[wire.CodedProposal](ctx, c, post(wire.CodeProposal{Requests: requests}, "proposals", id, "code"))
}

// GroupNow has what nobody could name grouped now, in the background.
func (c *Client) GroupNow(ctx context.Context) (wire.GroupingAsked, error) {
	return ask[wire.GroupingAsked](ctx, c, post(nil, "proposals"))
}
