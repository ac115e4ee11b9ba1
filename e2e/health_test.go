package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"frontline/e2e/verity"
)

// What Frontline tells of itself: alive, ready, and in figures what came in and went out.
func TestFrontlineTellsOfItself(t *testing.T) {
	everywhere(t, func(t *testing.T, d *verity.Desk) {
		d.Alert("firing", "DecisionQueueStuck")
		d.Liis.Expect("Decisions have stopped")
		for path, says := range map[string][]string{
			"/healthz": {`"alive"`},
			"/readyz":  {`"ready"`},
			"/metrics": {`frontline_signals_total{became="opened",source="alertmanager"} 1`, `frontline_attempts_total{channel="ntfy",outcome="sent"} 1`,
				"frontline_pages_overdue 0", `frontline_send_seconds_count{channel="ntfy"} 1`, "go_goroutines"},
		} {
			res, err := http.Get(d.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("%s: %s %v", path, res.Status, err)
			}
			for _, s := range says {
				if !strings.Contains(string(text), s) {
					t.Errorf("%s does not say %s", path, s)
				}
			}
			_ = res.Body.Close()
		}
	})
}
