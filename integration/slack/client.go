// Package slack is Slack, all of it: people ask in it, are answered and paged there, approve and coordinate. Slack calls us at one address with
// signed requests, or over a socket that we open (Socket Mode); we call its Web API.
package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	api "github.com/slack-go/slack"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// Settings are the server-wide settings of Slack.
type Settings struct {
	Token   secret.Text   // of the bot: xoxb-…
	Signing secret.Text   // proves that a call over HTTP is Slack's; empty: no call over HTTP is taken
	App     secret.Text   // of the app, for Socket Mode: xapp-…; empty: no socket is opened
	Guests  bool          // guests of the workspace whose address belongs to somebody may come in
	API     string        // Slack's own address when empty
	Timeout time.Duration // of one call of ours; 8 seconds when zero
}

// Client calls Slack's Web API.
type Client struct {
	settings Settings
	api      *api.Client
	http     *http.Client
	clock    clock.Clock

	mu    sync.Mutex
	users map[string]knownUser
	self  *api.AuthTestResponse
}

// New returns a client. It calls nobody before there is something to say.
func New(s Settings, c clock.Clock) *Client {
	if s.Timeout <= 0 {
		s.Timeout = 8 * time.Second
	}
	dialer := &net.Dialer{Timeout: s.Timeout}
	client := &Client{settings: s, clock: c, users: map[string]knownUser{}, http: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second},
		// Slack redirects nothing; whoever does wants the token.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	client.api = api.New(s.Token.Reveal(), api.OptionHTTPClient(client.http), api.OptionAPIURL(cmp.Or(s.API, api.APIURL)), api.OptionAppLevelToken(s.App.Reveal()), api.OptionLog(silent{}))
	return client
}

// silent keeps what the library would log out of our log: it may hold what people wrote.
type silent struct{}

// Output implements the library's logger.
func (silent) Output(int, string) error { return nil }

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.settings.Timeout)
}

// said is what one message says: a line for notifications, and its blocks. Without blocks the text is all of it.
type said struct {
	text   string // mrkdwn
	blocks []api.Block
	thread string // the message that it answers; empty: it stands by itself
	loud   bool   // of an answer in a thread: the channel sees it too
}

func (m said) options() []api.MsgOption {
	out := []api.MsgOption{api.MsgOptionText(m.text, false), api.MsgOptionDisableLinkUnfurl(), api.MsgOptionDisableMediaUnfurl()}
	if len(m.blocks) > 0 {
		out = append(out, api.MsgOptionBlocks(m.blocks...))
	}
	if m.thread != "" {
		out = append(out, api.MsgOptionTS(m.thread))
	}
	if m.loud {
		out = append(out, api.MsgOptionBroadcast())
	}
	return out
}

// place is where a message stands.
type place struct{ channel, ts string }

// String is how places are written down: "C0123/1700000000.000100".
func (p place) String() string { return p.channel + "/" + p.ts }

func placeOf(s string) (place, bool) {
	channel, ts, ok := strings.Cut(s, "/")
	return place{channel, ts}, ok && channel != "" && ts != "" && !strings.Contains(ts, "/")
}

// post says something in a channel, or to a person when it is a user's id.
func (c *Client) post(ctx context.Context, channel string, m said) (place, error) {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	in, ts, err := c.api.PostMessageContext(ctx, channel, m.options()...)
	if err == nil && (in == "" || ts == "") {
		err = errors.New("no receipt")
	}
	return place{in, ts}, failure(err)
}

// rewrite changes a message of ours.
func (c *Client) rewrite(ctx context.Context, at place, m said) error {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	options := m.options()
	if len(m.blocks) == 0 {
		options = append(options, api.MsgOptionBlocks())
	}
	_, _, _, err := c.api.UpdateMessageContext(ctx, at.channel, at.ts, options...)
	return failure(err)
}

// whisper says something that one person sees in a channel. Where we are no member, they get it as a direct message.
func (c *Client) whisper(ctx context.Context, channel, user string, m said) error {
	if channel != "" {
		limited, cancel := c.limited(ctx)
		defer cancel()
		_, err := c.api.PostEphemeralContext(limited, channel, user, m.options()...)
		if code := codeOf(err); err == nil || code != "channel_not_found" && code != "not_in_channel" && code != "user_not_in_channel" && code != "is_archived" {
			return failure(err)
		}
	}
	m.thread = ""
	_, err := c.post(ctx, user, m)
	return err
}

func codeOf(err error) string {
	if e, ok := errors.AsType[api.SlackErrorResponse](err); ok {
		return e.Err
	}
	return ""
}

// coded is how Slack writes its codes of errors. What is written otherwise is not told: it may repeat what it was told.
var coded = regexp.MustCompile(`^[a-z_]{1,60}$`)

const (
	mostAfter = time.Hour
	troubled  = "Slack has trouble of its own, or cannot be reached. It is tried again; if that stays, look at status.slack.com and at this server's way to the internet."
)

// failure makes an error of Slack's Web API ours. Its cause holds nothing but Slack's code.
func failure(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*api.RateLimitedError](err); ok {
		return &fault.Error{Kind: fault.TooMany, After: min(max(e.RetryAfter, 0), mostAfter), Cause: errors.New("slack: rate limited"),
			Say: "Slack takes no more from us for now. It is tried again when it says so."}
	}
	if e, ok := errors.AsType[api.StatusCodeError](err); ok {
		return ofStatus(e.Code)
	}
	if e, ok := errors.AsType[api.SlackErrorResponse](err); ok {
		return ofCode(e.Err)
	}
	return fault.Wrap(errors.New("slack: no answer"), fault.Unavailable, troubled)
}

func ofStatus(code int) error {
	cause := fmt.Errorf("slack: HTTP %d", code)
	switch {
	case code >= 500, code == http.StatusRequestTimeout:
		return fault.Wrap(cause, fault.Unavailable, troubled)
	case code == http.StatusUnauthorized:
		return fault.Wrap(cause, fault.Unauthenticated, badToken)
	case code == http.StatusForbidden:
		return fault.Wrap(cause, fault.Forbidden, "Slack does not let us do this. Look at the app's permissions in Slack.")
	}
	return fault.Wrap(cause, fault.Invalid, "What answers is not Slack, or it refuses this for good. Look at the address in --slack-api.")
}

const badToken = "Slack does not accept our token. Install the app anew and set its token with --slack (FRONTLINE_SLACK)."

func ofCode(code string) error {
	if !coded.MatchString(code) {
		code = "refused"
	}
	cause := errors.New("slack: " + code)
	switch code {
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		return fault.Wrap(cause, fault.TooMany, "Slack takes no more from us for now. It is tried again.")
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "accesslimited":
		return fault.Wrap(cause, fault.Unavailable, troubled)
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired":
		return fault.Wrap(cause, fault.Unauthenticated, badToken)
	case "missing_scope", "not_allowed_token_type", "no_permission":
		return fault.Wrap(cause, fault.Forbidden, "The Slack app lacks a permission for this. Compare it with the manifest in docs/slack.md and install it anew.")
	case "channel_not_found", "not_in_channel", "is_archived":
		return fault.Wrap(cause, fault.NotFound, "The Slack app is not in that channel, or it is gone. Invite the app there.")
	case "users_not_found", "user_not_found", "user_disabled", "cannot_dm_bot":
		return fault.Wrap(cause, fault.NotFound, "Slack knows nobody with that id or address. Correct it in the person's contacts.")
	case "expired_trigger_id", "trigger_expired", "trigger_exchanged":
		return fault.Wrap(cause, fault.Conflict, "It took too long. Do it again.")
	}
	return fault.Wrap(cause, fault.Invalid, "Slack refuses this (%s). Give this word to your administrator.", code)
}

// myself is the app's own user, as Slack says.
func (c *Client) myself(ctx context.Context) (api.AuthTestResponse, error) {
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	if self != nil {
		return *self, nil
	}
	ctx, cancel := c.limited(ctx)
	defer cancel()
	got, err := c.api.AuthTestContext(ctx)
	if err != nil {
		return api.AuthTestResponse{}, failure(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self = got
	return *got, nil
}
