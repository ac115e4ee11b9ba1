package client

import (
	"context"
	"net/http"
	"net/url"

	"frontline/wire"
)

// ThanksFilter narrows a list of thanks. Empty parts do not narrow.
type ThanksFilter struct {
	Given  bool   // only what one gave
	Got    bool   // only what one, or a team of one's own, is thanked for
	Team   string // that is thanked
	Action string // that is thanked
}

// Thanks lists what people are thankful for, the newest first.
func (c *Client) Thanks(ctx context.Context, f ThanksFilter, p Page) (wire.List[wire.Thanks], error) {
	v := p.into(url.Values{})
	set(v, "given", f.Given)
	set(v, "got", f.Got)
	set(v, "team", f.Team)
	set(v, "action", f.Action)
	return ask[wire.List[wire.Thanks]](ctx, c, read(v, "thanks"))
}

// ThanksOne shows one thanks, such as T-12.
func (c *Client) ThanksOne(ctx context.Context, id string) (wire.Thanks, error) {
	return ask[wire.Thanks](ctx, c, read(nil, "thanks", id))
}

// SayThanks says thank you.
func (c *Client) SayThanks(ctx context.Context, t wire.SayThanks) (wire.Thanks, error) {
	return ask[wire.Thanks](ctx, c, post(t, "thanks"))
}

// RewordThanks changes the words of a thanks within ten minutes.
func (c *Client) RewordThanks(ctx context.Context, id, reason string) (wire.Thanks, error) {
	return ask[wire.Thanks](ctx, c, request{method: http.MethodPatch, path: []string{"thanks", id}, body: wire.RewordThanks{Reason: reason}})
}

// TakeThanksBack takes a thanks off the wall.
func (c *Client) TakeThanksBack(ctx context.Context, id string) error {
	_, err := ask[struct{}](ctx, c, post(nil, "thanks", id, "take-back"))
	return err
}

// ThanksOfMonth shows what people were thankful for in a month such as 2026-11.
func (c *Client) ThanksOfMonth(ctx context.Context, month string) (wire.ThanksMonth, error) {
	return ask[wire.ThanksMonth](ctx, c, read(nil, "thanks", "months", month))
}
