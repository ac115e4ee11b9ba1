package client

import (
	"context"
	"net/http"
	"net/url"

	"frontline/wire"
)

// Secrets lists stored secrets, without their values.
func (c *Client) Secrets(ctx context.Context, p Page) (wire.List[wire.Secret], error) {
	return ask[wire.List[wire.Secret]](ctx, c, read(p.into(url.Values{}), "secrets"))
}

// SetSecret stores a secret, or replaces it.
func (c *Client) SetSecret(ctx context.Context, name string, s wire.SetSecret) error {
	_, err := ask[struct{}](ctx, c, put(s, "secrets", name))
	return err
}

// RemoveSecret removes a stored secret; with force also one that actions use.
func (c *Client) RemoveSecret(ctx context.Context, name string, force bool) error {
	v := url.Values{}
	set(v, "force", force)
	_, err := ask[struct{}](ctx, c, request{method: http.MethodDelete, path: []string{"secrets", name}, query: v})
	return err
}
