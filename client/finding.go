package client

import (
	"context"
	"net/url"
	"strconv"

	"frontline/wire"
)

// Search looks for something in everything that you may see; docs/search.md says what to type.
func (c *Client) Search(ctx context.Context, typed string, limit int) (wire.Found, error) {
	return ask[wire.Found](ctx, c, read(url.Values{"q": {typed}, "limit": {strconv.Itoa(limit)}}, "search"))
}

// SimilarRequests lists requests that are like one, the likest first.
func (c *Client) SimilarRequests(ctx context.Context, id string, limit int) (wire.List[wire.Near], error) {
	return ask[wire.List[wire.Near]](ctx, c, read(url.Values{"limit": {strconv.Itoa(limit)}}, "requests", id, "similar"))
}

// RebuildSearch writes the text index anew.
func (c *Client) RebuildSearch(ctx context.Context) error {
	_, err := ask[struct{}](ctx, c, post(nil, "search", "rebuild"))
	return err
}
