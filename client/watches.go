package client

import (
	"context"
	"io"
	"net/http"

	"frontline/wire"
)

// SendCounts sends counts to a watch: JSON, or CSV where kind is text/csv. The same key again counts nothing.
func (c *Client) SendCounts(ctx context.Context, watch, key, kind string, body io.Reader) (wire.WatchTaken, error) {
	return ask[wire.WatchTaken](ctx, c, request{method: http.MethodPost, path: []string{"watches", watch, "counts"}, file: body, kind: kind, key: key})
}
