// Package client asks a Frontline server over its JSON API: one method for each operation, the types of package wire, and errors as the
// server meant them.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
	"frontline/wire"
)

// Client asks one server as one person. It is safe for use by several goroutines.
type Client struct {
	base  *url.URL
	token secret.Text
	agent string
	http  http.Client
	clock clock.Clock
}

// Options are what New needs besides the address.
type Options struct {
	Token secret.Text
	Agent string       // User-Agent; one that begins with wire.CLI is noted in the journal as the command line
	HTTP  *http.Client // nil: one that gives an answer a minute
	Clock clock.Clock  // for waiting before a request is sent again; nil: the real one
}

// New returns a client of the server at an address such as https://frontline.verity.example.
func New(server string, o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(server, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fault.Wrong("server", "%q is no address of a Frontline server. Write it as https://frontline.example.com.", server)
	}
	if o.Token.Empty() {
		return nil, fault.New(fault.Unauthenticated, "There is no API token. Make one on your settings screen, %s.", u.JoinPath("me", "tokens"))
	}
	c := &Client{base: u.JoinPath(wire.Prefix), token: o.Token, agent: o.Agent, clock: o.Clock, http: http.Client{Timeout: time.Minute}}
	if o.HTTP != nil {
		c.http = *o.HTTP
	}
	if c.clock == nil {
		c.clock = clock.Real{}
	}
	// Elsewhere is told and not followed: the token is for this server alone.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// String names the server. It is there so that a client that is printed does not print its token.
func (c *Client) String() string { return "client of " + c.host() }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Page says which page of a list is wanted; the zero one is the first, of the usual length.
type Page struct {
	Limit  int    // at most 200
	Cursor string // the Next of the page before
}

func (p Page) into(q url.Values) url.Values {
	set(q, "limit", p.Limit)
	set(q, "cursor", p.Cursor)
	return q
}

// All goes through a whole list, page by page. It ends after the first error.
func All[T any](ctx context.Context, list func(context.Context, Page) (wire.List[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for p := (Page{Limit: 200}); ; {
			l, err := list(ctx, p)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, x := range l.Items {
				if !yield(x, nil) {
					return
				}
			}
			if p.Cursor = l.Next; p.Cursor == "" {
				return
			}
		}
	}
}

// set adds a parameter unless it is zero.
func set[T comparable](q url.Values, name string, value T) {
	var zero T
	if value == zero {
		return
	}
	if t, ok := any(value).(time.Time); ok {
		q.Set(name, t.UTC().Format(time.RFC3339Nano))
		return
	}
	q.Set(name, fmt.Sprint(value))
}

// request is one thing to ask.
type request struct {
	method string
	path   []string // each is one part, whatever letters it has
	query  url.Values
	body   any       // nil for none
	file   io.Reader // in place of body: sent as it is, as long as it takes
	kind   string    // of the file; its media type
	key    string    // Idempotency-Key
	again  bool      // sending it twice is sending it once, although it is no GET
}

func read(query url.Values, path ...string) request {
	return request{method: http.MethodGet, path: path, query: query}
}

func post(body any, path ...string) request {
	return request{method: http.MethodPost, path: path, body: body}
}

func put(body any, path ...string) request {
	return request{method: http.MethodPut, path: path, body: body}
}

// tries is how often a request is sent at most.
const tries = 4

// longestPause is how long the client waits at most before it sends a request again.
const longestPause = 10 * time.Second

// ask sends the request and reads the answer into T. One that may be sent twice is sent again when the server says that it cannot answer now
// and when to try again.
func ask[T any](ctx context.Context, c *Client, r request) (T, error) {
	var out T
	for n := 1; ; n++ {
		after, err := c.send(ctx, r, &out)
		if err == nil || after == 0 || n == tries || !r.again && r.method != http.MethodGet {
			return out, err
		}
		tick, stop := c.clock.After(min(after, longestPause))
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return out, err
		}
	}
}

// send sends the request once. With an error it returns when to try again, which is zero unless the server said so.
func (c *Client) send(ctx context.Context, r request, out any) (time.Duration, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return 0, err
	}
	asks := c.http
	if r.file != nil {
		asks.Timeout = 0
	}
	res, err := asks.Do(req)
	if err != nil {
		return 0, c.unreached(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return 0, c.unreached(ctx, err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		err := c.refusal(res, raw)
		if res.StatusCode == http.StatusServiceUnavailable {
			return err.After, err
		}
		return 0, err
	}
	if res.StatusCode == http.StatusNoContent {
		return 0, nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return 0, fault.Wrap(err, fault.Internal, "The server at %s answered with what is not its API's JSON. Check the address.", c.host())
	}
	return 0, nil
}

// longestAnswer is how much of an answer is read, in bytes.
const longestAnswer = 64 << 20

func (c *Client) request(ctx context.Context, r request) (*http.Request, error) {
	u := *c.base
	for _, part := range r.path {
		u.RawPath, u.Path = u.EscapedPath()+"/"+url.PathEscape(part), u.Path+"/"+part
	}
	u.RawQuery = r.query.Encode()
	body := r.file
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "This cannot be written as JSON. Correct it.")
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "The request cannot be made. Report this.")
	}
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	req.Header.Set("Accept", "application/json")
	if r.file != nil {
		req.Header.Set("Content-Type", cmp.Or(r.kind, "application/octet-stream"))
	}
	if c.agent != "" {
		req.Header.Set("User-Agent", c.agent)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	return req, nil
}

// host names the server in messages.
func (c *Client) host() string { return c.base.Scheme + "://" + c.base.Host }

func (c *Client) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.Wrap(err, fault.Unavailable, "The server at %s cannot be reached. Check the address, and that it runs.", c.host())
}

// refusal is the problem that the server answered with, as it meant it.
func (c *Client) refusal(res *http.Response, raw []byte) *fault.Error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	var p wire.Problem
	if kind != "application/problem+json" || json.Unmarshal(raw, &p) != nil || p.Kind == "" {
		return c.stranger(res)
	}
	f := &fault.Error{Kind: fault.Kind(p.Kind), Say: p.Detail}
	if p.Reference != "" {
		f.Say += " Reference " + p.Reference + "."
		f.Cause = errors.New("reference " + p.Reference)
	}
	for _, w := range p.Errors {
		f.Fields = append(f.Fields, fault.Field{Name: w.Field, Say: w.Say})
	}
	f.After = after(res)
	return f
}

// stranger is an answer that is not Frontline's: of a proxy before it, or of something else at the address.
func (c *Client) stranger(res *http.Response) *fault.Error {
	if to := res.Header.Get("Location"); to != "" && res.StatusCode < http.StatusBadRequest {
		return fault.New(fault.Invalid, "The server at %s sends us to %s. Use that address if it is yours.", c.host(), to)
	}
	f := fault.New(fault.Internal, "What answers at %s is not Frontline's API: it said %s. Check the address.", c.host(), res.Status)
	if res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusBadGateway || res.StatusCode == http.StatusGatewayTimeout {
		f.Kind, f.Say = fault.Unavailable, fmt.Sprintf("The server at %s is not there right now (%s). Try again in a moment.", c.host(), res.Status)
		f.After = after(res)
	}
	return f
}

func after(res *http.Response) time.Duration {
	seconds, err := strconv.ParseUint(res.Header.Get("Retry-After"), 10, 16) // 65,535 s are 18 hours; nobody means more
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
