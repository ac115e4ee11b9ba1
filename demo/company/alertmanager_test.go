package company

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/alert"
	"frontline/e2e/neighbour"
	"frontline/integration/alertmanager"
)

var errDay = errors.New("field born: day out of range")

// receiver takes webhooks in memory.
type hooks struct {
	mu    sync.Mutex
	took  []hook
	fails int // how many of the next are answered 503
	times []time.Time
}

// RoundTrip implements http.RoundTripper.
func (h *hooks) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	answer := func(status int) (*http.Response, error) {
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	}
	if h.fails > 0 {
		h.fails--
		return answer(http.StatusServiceUnavailable)
	}
	var got hook
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
		return nil, err
	}
	h.took, h.times = append(h.took, got), append(h.times, time.Now())
	return answer(http.StatusOK)
}

// said is what was told since the last time, as "firing(2)".
func (h *hooks) said() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for _, w := range h.took {
		s := w.Status + ":"
		for _, a := range w.Alerts {
			s += " " + a.Labels["queue"] + "=" + a.Status
		}
		all = append(all, s)
	}
	h.took = nil
	return strings.Join(all, "; ")
}

func stopped(queue string, ends time.Time) Alert {
	return Alert{Labels: map[string]string{"alertname": "DecisionQueueStopped", "service": "decision-pipeline", "queue": queue, "instance": queue},
		Annotations: map[string]string{"summary": "The decision queue has stopped"}, StartsAt: now, EndsAt: ends}
}

// Alertmanager speaks after group_wait, tells changes after group_interval, repeats, and tells that all is over once.
func TestAlertmanagerSpeaksInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hooks{}
		a := NewAlertmanager("http://frontline.example/in", "http://verity.example", AlertPace{Wait: 2 * time.Second, Interval: 10 * time.Second, Repeat: time.Minute}, nil)
		a.client.Transport = h
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { a.Run(ctx) })
		later := func() time.Time { return time.Now().Add(time.Hour) }
		send := func(alerts ...Alert) {
			if err := a.Send(ctx, alerts); err != nil {
				t.Error(err)
			}
		}
		expect := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := h.said(); got != want {
				t.Errorf("said %q, want %q", got, want)
			}
		}
		send(stopped("in", later()))
		expect(time.Second, "")
		expect(time.Second, "firing: in=firing")
		send(stopped("in", later()))
		expect(15*time.Second, "")
		send(stopped("out", later()))
		expect(10*time.Second, "firing: in=firing out=firing")
		expect(time.Minute, "firing: in=firing out=firing")
		send(stopped("out", time.Now()))
		expect(10*time.Second, "firing: in=firing out=resolved")
		h.fails = 2 // the receiver is down: it is told until it takes it
		send(stopped("in", time.Now()))
		expect(15*time.Second, "resolved: in=resolved")
		expect(2*time.Minute, "")
		send(stopped("never", time.Now())) // over before anybody was told
		expect(2*time.Minute, "")
		if len(a.groups) != 0 {
			t.Errorf("%d groups are still remembered", len(a.groups))
		}
		stop()
		running.Wait()
	})
}

// What it sends is what the genuine Alertmanager sends about the same alerts, and Frontline understands both alike.
func TestAlertmanagerIsLikeTheGenuineOne(t *testing.T) {
	neighbour.Need(t)
	hooks := make(chan []byte, 20)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			hooks <- body
		}
	}))
	defer server.Close()
	pace := AlertPace{Wait: 50 * time.Millisecond, Interval: 200 * time.Millisecond, Repeat: time.Hour}
	genuine, err := StartAlertmanager(t.Context(), t.TempDir(), server.URL, pace)
	if err != nil {
		t.Fatal(err)
	}
	defer genuine.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	played := NewAlertmanager(server.URL, genuine.URL(), pace, nil)
	var running sync.WaitGroup
	running.Go(func() { played.Run(ctx) })

	start := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	say := func(ends time.Time) []Alert {
		out := []Alert{stopped("decisions.in", ends), stopped("decisions.retry", ends)}
		for i := range out {
			out[i].StartsAt, out[i].GeneratorURL = start, "http://verity.example/#queue"
		}
		return out
	}
	for _, ends := range []time.Time{time.Now().Add(time.Hour).UTC(), time.Now().Add(-time.Second).UTC().Truncate(time.Millisecond)} {
		var bodies []map[string]any
		var batches []alert.Batch
		for _, to := range []Alerts{genuine, played} {
			if err := to.Send(ctx, say(ends)); err != nil {
				t.Fatal(err)
			}
			body := wait(t, hooks)
			var m map[string]any
			if err := json.Unmarshal(body, &m); err != nil {
				t.Fatal(err)
			}
			delete(m, "externalURL") // the genuine one says its machine's name
			b, err := alertmanager.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			b.Raw = nil
			bodies, batches = append(bodies, m), append(batches, b)
		}
		if d := cmp.Diff(bodies[0], bodies[1]); d != "" {
			t.Errorf("the webhook (-genuine +played):\n%s", d)
		}
		if d := cmp.Diff(batches[0], batches[1]); d != "" {
			t.Errorf("as Frontline reads it (-genuine +played):\n%s", d)
		}
	}
	stop()
	running.Wait()
}

func wait(t *testing.T, hooks <-chan []byte) []byte {
	t.Helper()
	select {
	case b := <-hooks:
		return b
	case <-time.After(60 * time.Second):
		t.Fatal("no webhook came")
		return nil
	}
}
