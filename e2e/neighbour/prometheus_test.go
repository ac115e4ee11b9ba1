package neighbour

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// webhook is what this test reads of Alertmanager's webhook, version 4.
type webhook struct {
	Version string
	Status  string
	Alerts  []struct {
		Status string
		Labels map[string]string
	}
}

// receiver takes webhooks and hands them on.
func receiver(t *testing.T) (string, <-chan webhook) {
	t.Helper()
	got := make(chan webhook, 10)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var w webhook
		if err := json.NewDecoder(r.Body).Decode(&w); err != nil {
			t.Errorf("a webhook that is not JSON: %v", err)
		}
		got <- w
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func route(url string) string {
	return fmt.Sprintf(`
route: {receiver: frontline, group_by: [alertname], group_wait: 1ms, group_interval: 100ms, repeat_interval: 1h}
receivers:
- name: frontline
  webhook_configs: [{url: %q, send_resolved: true}]
`, url)
}

func next(t *testing.T, got <-chan webhook) webhook {
	t.Helper()
	select {
	case w := <-got:
		return w
	case <-time.After(60 * time.Second):
		t.Fatal("no webhook came")
		return webhook{}
	}
}

// TestAlertmanagerDelivers sends an alert as Prometheus would and receives the genuine webhook, firing and then resolved,
// before and after a restart.
func TestAlertmanagerDelivers(t *testing.T) {
	url, got := receiver(t)
	a := Alertmanager(t, route(url))
	queue := map[string]string{"alertname": "DecisionQueueStuck", "service": "decision-pipeline"}
	a.Send(Alert{Labels: queue, StartsAt: time.Now()})
	if w := next(t, got); w.Version != "4" || w.Status != "firing" || w.Alerts[0].Labels["service"] != "decision-pipeline" {
		t.Fatalf("got %+v", w)
	}
	a.Send(Alert{Labels: queue, StartsAt: time.Now().Add(-time.Minute), EndsAt: time.Now()})
	if w := next(t, got); w.Status != "resolved" {
		t.Fatalf("got %+v", w)
	}
	a.Stop()
	a.Start()
	a.Reload(route(url) + "# again\n")
	a.Send(Alert{Labels: map[string]string{"alertname": "Other"}, StartsAt: time.Now()})
	if w := next(t, got); w.Alerts[0].Labels["alertname"] != "Other" {
		t.Fatalf("got %+v", w)
	}
}

// TestPrometheusFiresThroughAlertmanager lets a rule of a real Prometheus fire and receives its alert from Alertmanager.
func TestPrometheusFiresThroughAlertmanager(t *testing.T) {
	url, got := receiver(t)
	a := Alertmanager(t, route(url))
	config := fmt.Sprintf(`
global: {evaluation_interval: 100ms, scrape_interval: 1s}
rule_files: ["rules-*.yml"]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
`, a.URL[len("http://"):])
	Prometheus(t, config, `
groups:
- name: decisions
  rules: [{alert: AlwaysWrong, expr: vector(1), labels: {service: decision-pipeline}}]
`)
	if w := next(t, got); w.Alerts[0].Labels["alertname"] != "AlwaysWrong" {
		t.Fatalf("got %+v", w)
	}
}
