package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// management reads the broker's management API (rabbitmq.com/docs/http-api-reference).
type management struct {
	base     string // without a slash at the end
	user     string
	password secret.Text
	http     *http.Client
	clock    clock.Clock
}

// queue is what the management API says about a queue. Counts are a few seconds old (collect_statistics_interval, 5 s unless
// the broker is set otherwise); AMQP knows the fresh ones.
type queue struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"` // "classic", "quorum", "stream"
	Durable    bool           `json:"durable"`
	AutoDelete bool           `json:"auto_delete"`
	Exclusive  bool           `json:"exclusive"`
	Arguments  map[string]any `json:"arguments"`
	Policy     definition     `json:"effective_policy_definition"`
	PolicyName *string        `json:"policy"`
	State      string         `json:"state"`
	Messages   *int           `json:"messages"` // nil until the queue has reported for the first time
	policyFree bool           // certainly no policy applies, whether it has reported or not
	Ready      int            `json:"messages_ready"`
	Returned   int            `json:"messages_ready_returned"` // of Ready, those that a quorum queue was given back; told since 4.0
	Unacked    int            `json:"messages_unacknowledged"`
	Bytes      int            `json:"message_bytes"`
	Exclusives *string        `json:"exclusive_consumer_tag"`
	Consumers  []consumer     `json:"consumer_details"`
	Rates      struct {
		Publish     rate `json:"publish_details"`
		Ack         rate `json:"ack_details"`
		Redeliver   rate `json:"redeliver_details"`
		Finished    int  `json:"ack"`            // in all, as the next two
		NoAck       int  `json:"deliver_no_ack"` // by consumers that need not acknowledge
		Redelivered int  `json:"redeliver"`
	} `json:"message_stats"`
}

type rate struct {
	PerSecond float64 `json:"rate"`
}

// definition is a policy's table. Erlang writes an empty one as a list.
type definition map[string]any

// UnmarshalJSON implements json.Unmarshaler.
func (d *definition) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		*d = definition{}
		return nil
	}
	return json.Unmarshal(b, (*map[string]any)(d))
}

// consumer is one subscription to the queue and the connection that it came over.
type consumer struct {
	Tag       string `json:"consumer_tag"`
	Exclusive bool   `json:"exclusive"`
	Prefetch  int    `json:"prefetch_count"`
	Channel   struct {
		Connection string `json:"connection_name"`
		User       string `json:"user"`
		Host       string `json:"peer_host"`
	} `json:"channel_details"`
}

// UnmarshalJSON implements json.Unmarshaler. The channel's details are an empty list until the channel has reported.
func (c *consumer) UnmarshalJSON(b []byte) error {
	type plain consumer
	var v struct {
		plain
		Channel json.RawMessage `json:"channel_details"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*c = consumer(v.plain)
	if len(v.Channel) > 0 && v.Channel[0] == '{' {
		return json.Unmarshal(v.Channel, &c.Channel)
	}
	return nil
}

const (
	answerAtMost = 4 << 20          // bytes of an answer
	reportsAfter = 12 * time.Second // a quorum queue reports every 5 s, and the management plug-in collects every 5 s
	askReport    = 500 * time.Millisecond
)

// version returns the broker's version.
func (m management) version(ctx context.Context) (version, error) {
	var overview struct {
		Version string `json:"rabbitmq_version"`
	}
	if err := m.read(ctx, "/api/overview", &overview); err != nil {
		return version{}, err
	}
	return parseVersion(overview.Version)
}

// runs says whether the queue can be worked with, as far as it has reported.
func (q queue) runs() bool { return slices.Contains([]string{"", "running", "idle", "flow"}, q.State) }

// queue returns what the broker says about the queue. One that was made a moment ago has not reported its policy yet: unless the
// virtual host has no policy at all, it is given the time that takes. One that is said to be down gets it too: a busy broker says so when
// the queue's leader does not answer the question within a second, and does not ask again before its next report.
func (m management) queue(ctx context.Context, vhost, name string) (queue, error) {
	for waited := time.Duration(0); ; waited += askReport {
		q := queue{}
		err := m.read(ctx, "/api/queues/"+url.PathEscape(vhost)+"/"+url.PathEscape(name), &q)
		if fault.Is(err, fault.NotFound) {
			return q, fault.Wrap(err, fault.NotFound, "The broker has no queue %s in the virtual host %s. Check the names in the action's settings.", name, vhost)
		}
		if err != nil || q.Messages != nil && q.runs() {
			return q, err
		}
		if q.Messages == nil && waited == 0 && m.noPolicies(ctx, vhost) {
			q.policyFree = true
			return q, nil
		}
		if waited >= reportsAfter {
			return q, nil
		}
		if err := wait(ctx, m.clock, askReport); err != nil {
			return q, err
		}
	}
}

// noPolicies says whether certainly no policy applies to any queue of the virtual host.
func (m management) noPolicies(ctx context.Context, vhost string) bool {
	for _, path := range []string{"/api/policies/", "/api/operator-policies/"} {
		var all []struct{}
		if err := m.read(ctx, path+url.PathEscape(vhost), &all); err != nil || len(all) > 0 {
			return false
		}
	}
	return true
}

// disconnect closes a connection, with the reason for the broker's log and the client's error. One that is gone already is fine.
func (m management) disconnect(ctx context.Context, connection, reason string) error {
	req, err := m.request(ctx, http.MethodDelete, "/api/connections/"+url.PathEscape(connection))
	if err != nil {
		return err
	}
	req.Header.Set("X-Reason", strings.ToValidUTF8(strings.Join(strings.FieldsFunc(reason, unicode.IsControl), " "), ""))
	err = m.do(req, nil)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if fault.Is(err, fault.Forbidden) {
		return fault.Wrap(err, fault.Forbidden, "The broker's user %s may not close other users' connections. Give it the administrator tag, or stop the consumer yourself.", m.user)
	}
	return err
}

func (m management) read(ctx context.Context, path string, into any) error {
	req, err := m.request(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	return m.do(req, into)
}

func (m management) request(ctx context.Context, method, path string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, m.base+path, nil)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "The address of the broker's management API cannot be used. Check the setting broker.")
	}
	req.SetBasicAuth(m.user, m.password.Reveal())
	return req, nil
}

func (m management) do(req *http.Request, into any) error {
	res, err := m.http.Do(req)
	if err != nil {
		if req.Context().Err() != nil {
			return stopped(req.Context())
		}
		return fault.Wrap(err, fault.Unavailable, "The broker's management API at %s does not answer. Check that the broker runs, then try again.", req.URL.Host)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerAtMost))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The broker's management API broke off in the middle of its answer. Try again.")
	}
	if res.StatusCode/100 != 2 {
		return m.refused(req, res.StatusCode, body)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Wrap(err, fault.Internal, "The address in the setting broker answers, but not as a RabbitMQ management API. Check the address.")
	}
	return nil
}

func (m management) refused(req *http.Request, status int, body []byte) error {
	cause := fmt.Errorf("%s %s: %d: %.200s", req.Method, req.URL.Path, status, body)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fault.Wrap(cause, fault.Forbidden, "The broker does not let the user %s in. Check user and password, and that the user has the management tag and access to the virtual host.", m.user)
	case status == http.StatusNotFound:
		return fault.Wrap(cause, fault.NotFound, "The broker knows no such thing. Check the names in the action's settings.")
	case status >= 500:
		return fault.Wrap(cause, fault.Unavailable, "The broker's management API is in trouble itself. Try again in a moment.")
	}
	return fault.Wrap(cause, fault.Internal, "The broker's management API refused the question. Check that the setting broker points at a RabbitMQ broker.")
}

// stopped is the error of a call whose time ran out or whose caller went away.
func stopped(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fault.Wrap(context.Cause(ctx), fault.Unavailable, "The broker took too long. Try again.")
	}
	return fault.Wrap(context.Cause(ctx), fault.Unavailable, "This was stopped on request. Start it again when you want it.")
}
