// Package gotify reaches people through a Gotify server.
package gotify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/oncall"
)

// Channel is the Gotify channel. An address is the one that Gotify shows for an application: https://HOST/message?token=TOKEN. The token
// is as good as a password, so it travels in a header and no error holds it.
type Channel struct{ client *http.Client }

var _ oncall.Channel = (*Channel)(nil)

// New returns the channel. A redirect would turn the POST into a GET, so none is followed.
func New() *Channel {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Channel{client: &http.Client{Timeout: 10 * time.Second, CheckRedirect: stay}}
}

// Name implements oncall.Channel.
func (c *Channel) Name() string { return "gotify" }

// Check implements oncall.Channel.
func (c *Channel) Check(address string) error {
	_, _, err := split(address)
	return err
}

// split returns where to post, without the token, and the token.
func split(address string) (server *url.URL, token string, err error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.Path != "/message" || u.Query().Get("token") == "" {
		return nil, "", fault.Wrong("address", "That is not a Gotify application's address. Write it like https://push.verity.example/message?token=TOKEN.")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}, u.Query().Get("token"), nil
}

// Send implements oncall.Channel.
func (c *Channel) Send(ctx context.Context, address string, m oncall.Message) (oncall.Receipt, error) {
	server, token, err := split(address)
	if err != nil {
		return oncall.Receipt{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.String(), bytes.NewReader(request(m.Tidy())))
	if err != nil {
		return oncall.Receipt{}, fault.New(fault.Invalid, "The server cannot be called. Correct the contact's address.")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Gotify-Key", token)
	res, err := c.client.Do(req)
	if err != nil {
		return oncall.Receipt{}, fault.Wrap(err, fault.Unavailable, "The Gotify server %s cannot be reached. It is tried again; if it stays, look whether the server is up.", server.Host)
	}
	defer func() { _ = res.Body.Close() }()
	return receipt(server.Host, res)
}

// request is the message in Gotify's JSON. Gotify has no buttons: what can be opened stands in the text.
func request(m oncall.Message) []byte {
	priority := 4
	if m.Urgency == oncall.High {
		priority = 10
	}
	lines := []string{m.Body, m.Began()}
	for _, b := range m.Buttons {
		if !b.Post { // a link must not act by being opened; the page's own link shows the screen that acts
			lines = append(lines, b.Label+": "+b.URL)
		}
	}
	lines = slices.DeleteFunc(append(lines, m.Link), func(l string) bool { return l == "" })
	body, _ := json.Marshal(map[string]any{ // strings and numbers always encode
		"title":    strings.TrimSpace(m.Page + " " + m.Title),
		"message":  cmp.Or(strings.Join(lines, "\n"), m.Title), // Gotify refuses an empty one
		"priority": priority,
		"extras":   map[string]any{"client::notification": map[string]any{"click": map[string]string{"url": m.Link}}},
	})
	return body
}

// receipt reads the answer. Only an answer with an id is a receipt. What the server wrote stays out of the fault: it may repeat the token.
func receipt(host string, res *http.Response) (oncall.Receipt, error) {
	var taken struct {
		ID int64 `json:"id"`
	}
	err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&taken)
	cause := fmt.Errorf("%s answered HTTP %d", host, res.StatusCode)
	switch status := res.StatusCode; {
	case status == http.StatusOK && err == nil && taken.ID > 0:
		return oncall.Receipt{ID: fmt.Sprint(taken.ID), Detail: fmt.Sprintf("200 %s took it as %d", host, taken.ID)}, nil
	case status >= 500 || status == http.StatusTooManyRequests:
		return oncall.Receipt{}, fault.Wrap(cause, fault.Unavailable, "The Gotify server %s has trouble of its own. It is tried again; if it stays, look whether the server is well.", host)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return oncall.Receipt{}, fault.Wrap(cause, fault.Unauthenticated, "The Gotify server %s does not accept the token. Correct the contact's address.", host)
	}
	return oncall.Receipt{}, fault.Wrap(cause, fault.NotFound, "What answers at %s is not Gotify. Correct the contact's address.", host)
}
