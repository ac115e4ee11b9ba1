// Package ntfy reaches people through ntfy (https://ntfy.sh or a server of one's own): a push to the phone with priority and buttons.
// It publishes as JSON to the root of the topic's server, as ntfy's documentation describes.
package ntfy

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/oncall"
	"frontline/plain"
	"frontline/secret"
)

// What ntfy takes. A message beyond its limit becomes an attachment that nobody reads at night; a title or a request beyond its own is refused.
const (
	maxTitle   = 1024
	maxMessage = 4096
	maxRequest = 2 * maxMessage // of JSON, escapes and links included
	maxLabel   = 64             // our own: a phone shows about twenty characters
	maxAnswer  = 64 << 10
	maxAfter   = time.Hour
)

// Settings are the server-wide settings of the channel.
type Settings struct {
	Tokens  map[string]secret.Text // access tokens by server: "ntfy.sh", "push.verity.example:8443"
	Servers []string               // when not empty, topics may only be on these: people cannot make Frontline call anything else
	Timeout time.Duration          // of one message; 10 seconds when zero
}

// Channel is the ntfy channel. An address is a topic's URL; the topic is as good as a password, so it is never shown.
type Channel struct {
	settings Settings
	client   *http.Client
}

var _ oncall.Channel = (*Channel)(nil)

// New returns the channel. It keeps connections open between messages; Close lets them go.
func New(s Settings) *Channel {
	if s.Timeout <= 0 {
		s.Timeout = 10 * time.Second
	}
	dialer := &net.Dialer{Timeout: s.Timeout}
	return &Channel{settings: s, client: &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: maxAnswer,
		},
		// A redirect turns the POST into a GET or leads the token elsewhere. Either way nobody is reached.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets idle connections go.
func (c *Channel) Close() { c.client.CloseIdleConnections() }

// Name implements oncall.Channel.
func (c *Channel) Name() string { return "ntfy" }

// Check implements oncall.Channel.
func (c *Channel) Check(address string) error {
	_, err := c.topic(address)
	return err
}

// topic is an address, understood.
type topic struct {
	server *url.URL // its root, where JSON is published
	name   string   // as good as a password
}

func (c *Channel) topic(address string) (topic, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
		return topic{}, fault.Wrong("address", "That is not a topic's address. Write it like https://ntfy.sh/verity-liis-x7k2.")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(address, "#") {
		return topic{}, fault.Wrong("address", "A topic's address holds no user, no ? and no #. Write only the server and the topic, like https://ntfy.sh/verity-liis-x7k2.")
	}
	name := strings.TrimPrefix(u.EscapedPath(), "/")
	if !named(name) {
		return topic{}, fault.Wrong("address", "A topic has 1 to 64 letters, digits, - or _. Write the server and the topic, like https://ntfy.sh/verity-liis-x7k2.")
	}
	server := &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: "/"}
	if !c.allowed(server.Host) {
		return topic{}, fault.Wrong("address", "Topics on %s are not allowed here. Use one of %s.", server.Host, strings.Join(c.settings.Servers, ", "))
	}
	return topic{server: server, name: name}, nil
}

// named says whether ntfy takes s as the name of a topic or of a sequence.
func named(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	return s != "" && len(s) <= 64 && strings.Trim(s, letters) == ""
}

func (c *Channel) allowed(host string) bool {
	for _, s := range c.settings.Servers {
		if strings.EqualFold(s, host) {
			return true
		}
	}
	return len(c.settings.Servers) == 0
}

// Send implements oncall.Channel. The receipt's id is ntfy's id of the message. Sending the same attempt again replaces the notification on
// the phone instead of adding one (ntfy's sequence id, from server 2.16 on).
func (c *Channel) Send(ctx context.Context, address string, m oncall.Message) (oncall.Receipt, error) {
	t, err := c.topic(address)
	if err != nil {
		return oncall.Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.settings.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.server.String(), bytes.NewReader(request(t.name, m.Tidy())))
	if err != nil {
		return oncall.Receipt{}, fault.New(fault.Invalid, "The topic's server cannot be called. Correct the contact's address.")
	}
	req.Header.Set("Content-Type", "application/json")
	if token := c.settings.Tokens[t.server.Host]; !token.Empty() {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	res, err := c.client.Do(req)
	if err != nil {
		return oncall.Receipt{}, unreached(t, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return oncall.Receipt{}, unreached(t, err)
	}
	return receipt(t, res, body)
}

// unreached is the fault of an exchange that did not come to its end. Nearly all of it passes; only a certificate that nobody trusts stays
// as it is. The cause holds no URL but the server's.
func unreached(t topic, err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return fault.Wrap(err, fault.Internal, "The certificate of %s is not trusted. Ask whoever runs that ntfy server to renew it.", t.server.Host)
	}
	return fault.Wrap(err, fault.Unavailable, "The ntfy server %s cannot be reached. It is tried again; if that stays, look whether the server is up.", t.server.Host)
}

// answer is what ntfy says: a message that it took, or an error with a code of its own.
type answer struct {
	ID    string `json:"id"`
	Event string `json:"event"`
	Code  int    `json:"code"`
}

// receipt reads ntfy's answer. Only an answer with an id is a receipt: a proxy's or another site's 200 is not. What the server wrote stays
// out of the fault, since it may repeat the topic; its numbers say enough.
func receipt(t topic, res *http.Response, body []byte) (oncall.Receipt, error) {
	var a answer
	readable := json.Unmarshal(body, &a) == nil
	host := t.server.Host
	cause := fmt.Errorf("%s answered HTTP %d, ntfy's code %d", host, res.StatusCode, a.Code)
	switch status := res.StatusCode; {
	case status == http.StatusOK && readable && a.ID != "":
		id := plain.Cut(plain.Line(a.ID), maxLabel)
		return oncall.Receipt{ID: id, Detail: "200 " + host + " took it as " + id}, nil
	case status == http.StatusTooManyRequests:
		return oncall.Receipt{}, &fault.Error{Kind: fault.TooMany, After: after(res.Header), Cause: cause,
			Say: fmt.Sprintf("%s takes no more messages from us for now. It is tried again; if it stays, give Frontline an access token there.", host)}
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return oncall.Receipt{}, &fault.Error{Kind: fault.Unavailable, After: after(res.Header), Cause: cause,
			Say: fmt.Sprintf("%s has trouble of its own. It is tried again; if it stays, look whether the server is well.", host)}
	case status == http.StatusUnauthorized:
		return oncall.Receipt{}, fault.Wrap(cause, fault.Unauthenticated, "%s does not accept our access token. Set a valid one in the server's ntfy settings.", host)
	case status == http.StatusForbidden:
		return oncall.Receipt{}, fault.Wrap(cause, fault.Forbidden, "%s does not let us publish to that topic. Allow it there, or set an access token in the server's ntfy settings.", host)
	case status == http.StatusRequestEntityTooLarge:
		return oncall.Receipt{}, fault.Wrap(cause, fault.TooLarge, "The message is too large for %s. Raise its message size limit.", host)
	case status == http.StatusBadRequest:
		return oncall.Receipt{}, fault.Wrap(cause, fault.Invalid, "%s refuses the message. Look at the contact's topic and the server's version.", host)
	case status >= 300 && status < 400:
		return oncall.Receipt{}, fault.Wrap(cause, fault.NotFound, "%s sends us elsewhere. Write the topic's final address in the contact, with https.", host)
	}
	return oncall.Receipt{}, fault.Wrap(cause, fault.NotFound, "What answers at %s is not an ntfy server. Correct the contact's address.", host)
}

// after reads Retry-After in both its forms. The time of day is the server's, so it is compared with the server's own clock.
func after(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	d := time.Duration(0)
	if seconds, err := strconv.Atoi(v); err == nil {
		d = time.Duration(min(seconds, int(maxAfter/time.Second))) * time.Second
	} else if until, err := http.ParseTime(v); err == nil {
		if now, err := http.ParseTime(h.Get("Date")); err == nil {
			d = until.Sub(now)
		}
	}
	return min(max(d, 0), maxAfter)
}
