// Package doors holds the outside doors against real neighbours: signals from a genuine Alertmanager, and messages to the neighbours' phones
// and mailboxes. The folders' own tests have the details.
package doors

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"frontline/alert"
	"frontline/clock"
	"frontline/door"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/integration/alertmanager"
	"frontline/integration/email"
	"frontline/integration/ntfy"
	"frontline/integration/pagerduty"
	"frontline/oncall/channeltest"
	"frontline/secret"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

const (
	hookToken  = "am7kq2x9w4m1c8v5b3n6z0r2y8u4i6o1"
	routingKey = "k7wq2m9x4c8v1n5b3z6t0r2y8u4i6o1p"
)

// intake is what came through the doors and was committed.
type intake chan taken

type taken struct {
	door, token string
	batch       alert.Batch
}

// accept commits what a door takes in, but for the first delivery: then the database is busy.
func (in intake) accept(name string) door.Accept {
	seen := make(chan struct{}, 1)
	return func(ctx context.Context, token secret.Text, b alert.Batch) error {
		select {
		case seen <- struct{}{}:
			return fault.New(fault.Unavailable, "The database cannot commit now. Try again.")
		default:
		}
		select {
		case in <- taken{name, token.Reveal(), b}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestAlertmanager has a genuine Alertmanager send through both doors. It comes again after a 503, and what it sends is understood.
func TestAlertmanager(t *testing.T) {
	in := make(intake, 20)
	mux := http.NewServeMux()
	log := slog.New(slog.DiscardHandler)
	mux.Handle(alertmanager.Path, alertmanager.Handler(in.accept("alertmanager"), log))
	mux.Handle(pagerduty.Path, pagerduty.Handler(in.accept("pagerduty"), log))
	server := httptest.NewServer(mux)
	defer server.Close()

	am := neighbour.Alertmanager(t, fmt.Sprintf(`
route:
  receiver: frontline
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 1s
receivers:
  - name: frontline
    webhook_configs:
      - url: %s/in/alertmanager/%s
    pagerduty_configs:
      - url: %s/v2/enqueue
        routing_key: %s
        severity: '{{ .CommonLabels.severity }}'
`, server.URL, hookToken, server.URL, routingKey))
	stopped := neighbour.Alert{
		Labels:      map[string]string{"alertname": "DecisionQueueStopped", "service": "decision-pipeline", "severity": "critical"},
		Annotations: map[string]string{"summary": "The decision queue has not moved for 6 minutes"},
		StartsAt:    time.Now().Add(-6 * time.Minute),
	}
	am.Send(stopped)
	keys := map[string]string{}
	for range 2 {
		got := next(t, in)
		s := got.batch.Signals[0]
		keys[got.door] = s.Key
		if s.Status != alert.Firing || s.Severity != alert.Critical || s.Title == "" {
			t.Errorf("through the door %s came %s", got.door, s.Title)
		}
		if want := map[string]string{"alertmanager": hookToken, "pagerduty": routingKey}[got.door]; got.token != want {
			t.Errorf("the door %s took the token %q", got.door, got.token)
		}
	}
	stopped.EndsAt = time.Now().Add(-time.Second)
	am.Send(stopped)
	for range 2 {
		got := next(t, in)
		if s := got.batch.Signals[0]; s.Status != alert.Resolved || s.Key != keys[got.door] {
			t.Errorf("through the door %s came %s of %s, want resolved of %s", got.door, s.Status, s.Key, keys[got.door])
		}
	}
}

func next(t *testing.T, in intake) taken {
	t.Helper()
	select {
	case got := <-in:
		return got
	case <-time.After(60 * time.Second):
		t.Fatal("Alertmanager sent nothing")
		return taken{}
	}
}

// TestPhone presses the button of a push: it posts, and the notification goes.
func TestPhone(t *testing.T) {
	acknowledged := make(chan string, 1)
	frontline := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { acknowledged <- r.Method + " " + r.URL.Path }))
	defer frontline.Close()
	phone := neighbour.Phone(t)
	phone.Server.RequireToken("tk_q7v3m9x2k5w8c1b4n6z0r2y8u4i6o")
	host := strings.TrimPrefix(phone.Server.URL, "http://")
	c := ntfy.New(ntfy.Settings{Tokens: map[string]secret.Text{host: secret.New("tk_q7v3m9x2k5w8c1b4n6z0r2y8u4i6o")}})
	defer c.Close()
	m := channeltest.Page()
	m.Buttons[0].URL = frontline.URL + "/p/token/ack"
	address := phone.Server.URL + "/" + phone.Topic

	phone.Server.Fail(neighbour.TooMany(7*time.Second), 1)
	if _, err := c.Send(t.Context(), address, m); !fault.Is(err, fault.TooMany) {
		t.Errorf("over the limit: %v", err)
	}
	r, err := c.Send(t.Context(), address, m)
	if err != nil {
		t.Fatal(err)
	}
	n := phone.Expect(m.Title)
	if n.ID != r.ID || n.Priority != 5 || n.Tap() != m.Link {
		t.Errorf("the phone shows %+v, the receipt is %+v", n, r)
	}
	if a := n.Press("Acknowledge"); a.Status != http.StatusOK || !n.Cleared {
		t.Errorf("the press was answered with %+v", a)
	}
	if got := <-acknowledged; got != "POST /p/token/ack" {
		t.Errorf("the press asked for %s", got)
	}
	phone.ExpectNothingMore()
}

// TestMailbox reads a page in a mailbox that is reached in each of three ways.
func TestMailbox(t *testing.T) {
	server := neighbour.Mail(t)
	for way, address := range map[email.TLS]string{email.StartTLS: server.StartTLS, email.Implicit: server.TLS, email.None: server.Open} {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		s := email.Settings{Host: host, TLS: way, From: "Verity Frontline <frontline@verity.example>", Roots: server.CA}
		if s.Port, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
		if way != email.None {
			s.Username, s.Password = server.User, secret.New(server.Password)
		}
		c, err := email.New(s, clock.Real{})
		if err != nil {
			t.Fatal(err)
		}
		m := channeltest.Page()
		m.Attempt = "attempt-" + string(way)
		if _, err := c.Send(t.Context(), "liis.tamm@verity.example", m); err != nil {
			t.Errorf("%s: %v", way, err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		got, err := server.WaitMail(ctx, "liis.tamm@verity.example")
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if got.Secure != (way != email.None) || got.User != s.Username || !strings.Contains(got.Subject, m.Title) || len(got.Links()) == 0 || got.Links()[0] != m.Link {
			t.Errorf("%s: secure %t, signed in as %q, %q with %q", way, got.Secure, got.User, got.Subject, got.Links())
		}
	}
}
