package company

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/e2e/neighbour"
)

// remedy takes the message out as a person with the right tool would.
type remedy func(t *testing.T, c *Company, session string)

// night is one night at the company: the worker fails on the poisoned message and on nothing else, the alert is sent, the message is taken out,
// decisions are made again, and the alert resolves.
func night(t *testing.T, c *Company, take remedy) {
	statuses := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var h hook
		if err := json.NewDecoder(r.Body).Decode(&h); err != nil {
			t.Error(err)
		}
		statuses <- h.Status
	}))
	defer server.Close()
	alerts := NewAlertmanager(server.URL, c.URL(), fast().Alerts, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { alerts.Run(ctx); ended <- nil }()
	go func() { ended <- c.Run(ctx, alerts) }()

	until(t, c, "decisions are made", func(o Observed) bool { return o.Decided > 10 })
	session, err := c.Poison(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o := until(t, c, "the queue stops and the monitoring fires", func(o Observed) bool { return o.Stuck() && o.Firing && o.Trouble.Tries > 3 })
	if o.Trouble.Session != session || !strings.Contains(o.Trouble.Why, "day out of range") {
		t.Errorf("trouble = %+v, want %s", o.Trouble, session)
	}
	before := o.Decided
	o = until(t, c, "sessions pile up", func(o Observed) bool { return o.Waiting() > 3 })
	if o.Decided != before {
		t.Errorf("%d decisions were made although the queue had stopped", o.Decided-before)
	}
	if got := <-statuses; got != "firing" {
		t.Errorf("Frontline was told %s", got)
	}
	take(t, c, session)
	until(t, c, "decisions are made again and the alert is over", func(o Observed) bool { return !o.Stuck() && o.Decided > before+10 && !o.Firing })
	for got := range statuses {
		if got == "resolved" {
			break
		}
	}
	stop()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestNightWithFiles(t *testing.T) {
	c := open(t, nil)
	night(t, c, func(t *testing.T, c *Company, session string) {
		q := c.queue.(*files)
		var name string
		until(t, c, "the message can be moved", func(Observed) bool {
			found, _ := filepath.Glob(filepath.Join(q.dir, readyFolder, "*-"+session+".json"))
			if len(found) != 1 {
				return false
			}
			name = filepath.Base(found[0])
			return os.Rename(found[0], filepath.Join(q.dir, parkedFolder, name)) == nil
		})
		tries, err := os.ReadFile(filepath.Join(q.dir, triesFolder, name))
		if n := strings.Count(string(tries), "\n"); n < 3 || err != nil {
			t.Errorf("%d tries are noted (%v)", n, err)
		}
	})
}

func TestNightWithRabbitMQ(t *testing.T) {
	b := neighbour.RabbitMQ(t)
	c := open(t, func(o *Options) { o.AMQP, o.Queue = b.AMQP, "decisions.in" })
	night(t, c, func(t *testing.T, _ *Company, session string) {
		conn, err := amqp.Dial(b.AMQP)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }() // whatever else is in hand goes back
		ch, err := conn.Channel()
		if err != nil {
			t.Fatal(err)
		}
		held, err := ch.Consume("decisions.in", "", false, false, false, false, amqp.Table{"x-priority": 100})
		if err != nil {
			t.Fatal(err)
		}
		for d := range held {
			if d.MessageId == session {
				if err := d.Ack(false); err != nil {
					t.Error(err)
				}
				return
			}
		}
		t.Error("the message never came")
	})
}

// The doors tell a browser from elsewhere, and a name that was led here, to go away.
func TestDoorsAreForThisMachine(t *testing.T) {
	c := open(t, nil)
	ask := func(change func(*http.Request)) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL()+"/", strings.NewReader(`{"topic":"verity-karl","message":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(res.Body)
		return res, string(body)
	}
	if res, said := ask(func(*http.Request) {}); res.StatusCode != http.StatusOK {
		t.Errorf("a push: %s %s", res.Status, said)
	}
	if res, _ := ask(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); res.StatusCode != http.StatusForbidden {
		t.Errorf("a push by another site's page: %s", res.Status)
	}
	if res, _ := ask(func(r *http.Request) { r.Host = "verity.attacker.example" }); res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %s", res.Status)
	}
	res, page := ask(func(r *http.Request) { r.Method, r.Body, r.ContentLength = http.MethodGet, nil, 0 })
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if strings.Contains(page, "style=") || strings.Contains(page, "<script>") {
		t.Error("the screen has styles or scripts in its text")
	}
}
