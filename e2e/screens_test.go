package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
	"frontline/watch"
)

// watched is what the company keeps an eye on.
const watched = `watches:
  - {id: decisions, name: Decisions that fail, service: decision-pipeline, bucket: 5m, learn: 24h, labels: [customer, country], customer: customer, source: {push: {}}}
`

// observe sends the watch a day and a half of counts, with a change that was over long ago, and waits until that is found: its name.
func observe(t *testing.T, d *verity.Desk) string {
	t.Helper()
	now := time.Now().Truncate(5 * time.Minute)
	var counts []watch.Count
	for at := now.Add(-36 * time.Hour); at.Before(now); at = at.Add(5 * time.Minute) {
		for i, customer := range []string{"nordpank", "lumo", "arco", "kivi"} {
			for j, country := range []string{"EE", "ES"} {
				c := watch.Count{At: at, Labels: map[string]string{"customer": customer, "country": country}, Total: 300, Errors: float64((int(at.Unix()/300)*7+i*3+j)%5 + 1)}
				if ago := now.Sub(at); customer == "arco" && country == "ES" && ago < 8*time.Hour && ago > 5*time.Hour {
					c.Errors += 40
				}
				counts = append(counts, c)
			}
		}
	}
	if err := d.App.Watches().Push(t.Context(), verity.Marika(), "decisions", "history", counts); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		all, err := d.App.Watches().Findings(t.Context(), verity.Marika(), watch.Filter{Watch: "decisions"})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.Over() && !f.AssessedAt.IsZero() {
				return f.Name()
			}
		}
	}
	t.Fatal("what was found in the history is not there after two minutes")
	return ""
}

// TestScreens opens every screen of a company in the middle of a night in Chromium, in both themes, on a desk and on a phone. axe-core finds
// nothing, and the browser complains about nothing. With FRONTLINE_SHOTS=FOLDER each is kept as a picture to look at.
func TestScreens(t *testing.T) {
	d := verity.Open(t, verity.Options{Real: true, Config: watched})
	b := d.SignIn(neighbour.Chromium(t))
	t.Run("empty", func(t *testing.T) {
		visitAll(t, d, b, "empty", "/", "/alerts", "/incidents", "/oncall", "/actions", "/postmortems", "/status", "/journal", "/me", "/me/tokens", "/people", "/requests", "/requests/triage", "/requests?mine", "/types",
			"/search", "/answers", "/escalations", "/thanks", "/thanks/new", "/thanks/months/2026-11", "/insight", "/insight/demands", "/insight/proposals", "/rules", "/handover", "/quarantine", "/system/runners", "/system/secrets", "/system/clusters", "/system/privacy", "/watches", "/watches/honesty", "/watches/decisions")
	})
	past := observe(t, d)
	d.Alert("firing", "DecisionQueueStuck")
	d.Liis.Expect("Decisions have stopped")
	t.Run("busy", func(t *testing.T) {
		b.Open(d.URL + "/alerts/G-1")
		b.Click("form[action$='/incident'] button")
		b.SeeText("Decisions have stopped")
		b.Open(d.URL + "/actions/queue/look")
		b.Click("main form .first")
		b.SeeText("Run it")
		b.Click("form[action$='/start'] button")
		b.SeeText("512 decisions wait")
		b.SeeText("Done")
		b.Open(d.URL + "/requests/new")
		b.Fill("#f-title", "Nordpank gets no decisions")
		b.Fill("#f-text", "Since 02:40, for everybody.")
		b.Click("main form button.first")
		b.SeeText("You read the answer here.")
		visitAll(t, d, b, "busy", "/requests", "/requests/triage", "/requests/R-1", "/requests/new", "/types/new?from=access", "/", "/alerts", "/alerts/G-1", "/incidents", "/incidents/INC-1", "/incidents/INC-1/hurt", "/incidents/new", "/oncall", "/system", "/sources", "/config", "/config/service/decision-pipeline", "/actions", "/actions/queue/look", "/runs/RUN-1", "/postmortems", "/status", "/journal", "/debug/style",
			"/search?q=decisions", "/customers/nordpank", "/services/decision-pipeline", "/answers/new", "/thanks/new?about=R-1", "/insight/service-levels", "/insight/time-to-first-reply", "/runs/RUN-1/output", "/watches", "/watches/honesty", "/watches/decisions", "/watches/decisions/findings/"+past)
		visitAll(t, d, b, "link", strings.TrimPrefix(d.Liis.Screen()[0].Tap(), d.URL))
	})
}

func visitAll(t *testing.T, d *verity.Desk, b *neighbour.Browser, label string, paths ...string) {
	for _, path := range paths {
		name := label + strings.NewReplacer("/", "-", ".", "-", "?", "-", "=", "-").Replace(path)
		if strings.HasPrefix(path, "/p/") {
			name = label + "-page"
		}
		t.Run(name, func(t *testing.T) {
			for _, theme := range []string{"light", "dark"} {
				for _, size := range []string{"desk", "phone"} {
					look(t, d, b, path, theme, size, name)
				}
			}
		})
	}
}

func look(t *testing.T, d *verity.Desk, b *neighbour.Browser, path, theme, size, name string) {
	t.Helper()
	b.Scheme(theme)
	b.Desktop()
	if size == "phone" {
		b.Phone()
	}
	b.Open(d.URL + path)
	b.See("main")
	inspect(t, b, name, theme, size)
}

// inspect keeps a picture of what the browser shows, and asks axe-core and the browser what is wrong with it.
func inspect(t *testing.T, b *neighbour.Browser, name, theme, size string) {
	t.Helper()
	if dir := os.Getenv("FRONTLINE_SHOTS"); dir != "" {
		b.Screenshot(filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", name, size, theme)))
	}
	for _, v := range b.Axe() {
		t.Errorf("%s, %s, %s: %s", name, theme, size, v)
	}
	if wide := b.Overflow(); wide != "" {
		t.Errorf("%s, %s, %s: the screen is wider than its window, because of %s", name, theme, size, wide)
	}
	for _, c := range b.Complaints() {
		if !strings.Contains(c, "409 (Conflict)") { // the answer to who writes second, which is a screen of its own
			t.Errorf("%s, %s, %s: the browser says %s", name, theme, size, c)
		}
	}
}
