package client

import (
	"context"
	"net/url"

	"frontline/wire"
)

// Clusters lists what actions reach, with what was found out there last.
func (c *Client) Clusters(ctx context.Context, p Page) (wire.List[wire.Cluster], error) {
	return ask[wire.List[wire.Cluster]](ctx, c, read(p.into(url.Values{}), "clusters"))
}

// Cluster returns one.
func (c *Client) Cluster(ctx context.Context, id string) (wire.Cluster, error) {
	return ask[wire.Cluster](ctx, c, read(nil, "clusters", id))
}

// LookAtCluster asks it now.
func (c *Client) LookAtCluster(ctx context.Context, id string) (wire.Cluster, error) {
	return ask[wire.Cluster](ctx, c, post(nil, "clusters", id, "look"))
}
