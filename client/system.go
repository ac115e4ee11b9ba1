package client

import (
	"context"
	"net/http"
	"net/url"

	"frontline/wire"
)

// Me says who you are to Frontline.
func (c *Client) Me(ctx context.Context) (wire.Me, error) {
	return ask[wire.Me](ctx, c, read(nil, "me"))
}

// Tokens lists your API tokens.
func (c *Client) Tokens(ctx context.Context, p Page) (wire.List[wire.Token], error) {
	return ask[wire.List[wire.Token]](ctx, c, read(p.into(url.Values{}), "me", "tokens"))
}

// RevokeToken ends one of your API tokens.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	_, err := ask[struct{}](ctx, c, request{method: http.MethodDelete, path: []string{"me", "tokens", id}})
	return err
}

// People lists people.
func (c *Client) People(ctx context.Context, p Page) (wire.List[wire.Person], error) {
	return ask[wire.List[wire.Person]](ctx, c, read(p.into(url.Values{}), "people"))
}

// Services lists services.
func (c *Client) Services(ctx context.Context, p Page) (wire.List[wire.Service], error) {
	return ask[wire.List[wire.Service]](ctx, c, read(p.into(url.Values{}), "services"))
}

// Components lists the parts of the product in customers' words.
func (c *Client) Components(ctx context.Context, p Page) (wire.List[wire.Component], error) {
	return ask[wire.List[wire.Component]](ctx, c, read(p.into(url.Values{}), "components"))
}

// Customers lists customers.
func (c *Client) Customers(ctx context.Context, p Page) (wire.List[wire.Customer], error) {
	return ask[wire.List[wire.Customer]](ctx, c, read(p.into(url.Values{}), "customers"))
}

// JournalQuery narrows the journal.
type JournalQuery struct {
	Verb  string // one that ends with a dot means all that begin with it
	Actor string
}

// Journal reads what happened, newest first.
func (c *Client) Journal(ctx context.Context, q JournalQuery, p Page) (wire.List[wire.Entry], error) {
	v := p.into(url.Values{})
	set(v, "verb", q.Verb)
	set(v, "actor", q.Actor)
	return ask[wire.List[wire.Entry]](ctx, c, read(v, "journal"))
}

// System says how Frontline itself does.
func (c *Client) System(ctx context.Context) (wire.System, error) {
	return ask[wire.System](ctx, c, read(nil, "system"))
}

// Apply makes a folder's definitions be those in the files.
func (c *Client) Apply(ctx context.Context, a wire.Apply) (wire.Applied, error) {
	return ask[wire.Applied](ctx, c, post(a, "config", "apply"))
}

// Export writes back what a folder owns; everything for "*", what the screens own for "screens".
func (c *Client) Export(ctx context.Context, folder string) (wire.Exported, error) {
	v := url.Values{}
	set(v, "folder", folder)
	return ask[wire.Exported](ctx, c, read(v, "config", "export"))
}
