package client

import (
	"context"
	"net/http"
	"net/url"

	"frontline/wire"
)

// Runners lists the runners in other networks.
func (c *Client) Runners(ctx context.Context, p Page) (wire.List[wire.Runner], error) {
	return ask[wire.List[wire.Runner]](ctx, c, read(p.into(url.Values{}), "runners"))
}

// AddRunner makes a token with which a runner enrols.
func (c *Client) AddRunner(ctx context.Context, r wire.NewRunner) (wire.RunnerToken, error) {
	return ask[wire.RunnerToken](ctx, c, post(r, "runners"))
}

// RevokeRunner ends a runner at once and for good.
func (c *Client) RevokeRunner(ctx context.Context, id string) error {
	_, err := ask[struct{}](ctx, c, request{method: http.MethodDelete, path: []string{"runners", id}})
	return err
}
