package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// Held says what is held about somebody.
func (c *Client) Held(ctx context.Context, whom string) (wire.Held, error) {
	return ask[wire.Held](ctx, c, read(url.Values{"whom": {whom}}, "privacy", "held"))
}

// Archive fetches all that is held about somebody; about the token's owner when whom is empty.
func (c *Client) Archive(ctx context.Context, whom string) (wire.Archive, error) {
	v := url.Values{}
	if whom != "" {
		v.Set("whom", whom)
	}
	return ask[wire.Archive](ctx, c, read(v, "privacy", "archive"))
}

// ListErasures lists the receipts of erasures.
func (c *Client) ListErasures(ctx context.Context, p Page) (wire.List[wire.Erasure], error) {
	return ask[wire.List[wire.Erasure]](ctx, c, read(p.into(url.Values{}), "privacy", "erasures"))
}

// Erase begins to erase a person.
func (c *Client) Erase(ctx context.Context, e wire.Erase) (wire.Erasure, error) {
	return ask[wire.Erasure](ctx, c, post(e, "privacy", "erasures"))
}
