package alertmanager

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/alert"
	"frontline/alert/alerttest"
	"frontline/fault"
)

func TestSource(t *testing.T) {
	alerttest.Run(t, alerttest.Source{
		Parse:   Parse,
		Handler: Handler,
		Path:    Path,
		Token:   "am7kq2x9w4m1c8v5b3n6",
		Request: func(token string, body []byte) *http.Request {
			return httptest.NewRequest(http.MethodPost, "/in/alertmanager/"+token, bytes.NewReader(body))
		},
		Body: func(string) []byte {
			return []byte(`{"version":"4","groupKey":"{}","alerts":[{"status":"firing","labels":{"alertname":"DiskFull"}}]}`)
		},
		Folder: "testdata",
		Refused: map[string]string{
			"":                    "body",
			" \n":                 "body",
			"{":                   "body",
			"status=firing":       "byte 1",
			`[]`:                  "body",
			`"firing"`:            "body",
			`null`:                "alerts",
			`{}`:                  "alerts",
			`{"alerts":null}`:     "alerts",
			`{"alerts":[]}`:       "alerts",
			`{"alerts":"firing"}`: "alerts",
			`{"alerts":[{"status":"firing","labels":{"alertname":"A"}}]} trailing`:                           "body",
			`{"alerts":[{"status":"firing","labels":{"alertname":"A"}},{"status":"ok","labels":{"a":"b"}}]}`: "alerts[1].status",
			`{"alerts":[{"status":"firing","labels":{"alertname":"A"}},{"labels":{"a":"b"}}]}`:               "alerts[1].status",
			`{"alerts":[{"status":"resolved"}]}`:                                                             "alerts[0].labels",
			`{"alerts":[null]}`:                                                                              "alerts[0].status",
			`{"alerts":[{"status":"firing","labels":{"alertname":7}}]}`:                                      "alerts.labels",
			`{"alerts":[{"status":"firing","labels":{"alertname":"A"}}],"truncatedAlerts":"three"}`:          "truncatedAlerts",
			`{"alerts":[{"status":"firing","labels":{"alertname":"A"}}],"groupKey":{"alertname":"A"}}`:       "groupKey",
		},
		Limit:   4 << 20,
		Taken:   http.StatusOK,
		Unknown: http.StatusNotFound,
	})
}

// Every genuine payload carries the fingerprint that Alertmanager computed; ours is the same.
func TestFingerprintIsPrometheus(t *testing.T) {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var p payload
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatal(err)
		}
		for _, n := range p.Alerts {
			seen++
			if got := fingerprint(n.Labels); got != n.Fingerprint {
				t.Errorf("%s: fingerprint of %v = %s, want %s", name, n.Labels, got, n.Fingerprint)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d fingerprints compared", seen)
	}
}

func TestParse(t *testing.T) {
	one := func(alertJSON string) string { return `{"alerts":[` + alertJSON + `]}` }
	for _, c := range []struct {
		name, body string
		want       alert.Signal
	}{
		{
			name: "key from the labels when there is no fingerprint",
			body: one(`{"status":"firing","labels":{"alertname":"Watchdog","severity":"none"}}`),
			want: alert.Signal{Key: "448881ef475b9b26", Status: alert.Firing, Severity: alert.Info, Title: "Watchdog",
				Labels: map[string]string{"alertname": "Watchdog", "severity": "none"}},
		},
		{
			name: "title from the labels when nobody wrote one",
			body: one(`{"status":"firing","fingerprint":"f","labels":{"alertname":"QueueStuck","pod":"p","instance":"w-3:9100","service":"decision-pipeline","job":"workers"}}`),
			want: alert.Signal{Key: "f", Status: alert.Firing, Severity: alert.Error, Host: "w-3:9100",
				Title:  "QueueStuck: service decision-pipeline, job workers, instance w-3:9100",
				Labels: map[string]string{"alertname": "QueueStuck", "pod": "p", "instance": "w-3:9100", "service": "decision-pipeline", "job": "workers"}},
		},
		{
			name: "no name at all",
			body: one(`{"status":"firing","fingerprint":"f","labels":{"zone":"ee","app":"ocr"}}`),
			want: alert.Signal{Key: "f", Status: alert.Firing, Severity: alert.Error, Title: "Alert without a name: app ocr, zone ee",
				Labels: map[string]string{"zone": "ee", "app": "ocr"}},
		},
		{
			name: "only a fingerprint",
			body: one(`{"status":"firing","fingerprint":"f"}`),
			want: alert.Signal{Key: "f", Status: alert.Firing, Severity: alert.Error, Title: "Alert without a name", Labels: map[string]string{}},
		},
		{
			name: "a link that is not one is left out, an odd time counts as not said",
			body: one(`{"status":"resolved","fingerprint":"f","startsAt":"yesterday","endsAt":"2026-11-23T03:00:00Z","generatorURL":"javascript:alert(1)",
				"labels":{"alertname":"A"},"annotations":{"summary":" ","title":"B","runbook_url":"see the wiki","runbook":"","dashboard":"http://g.verity.example/d"}}`),
			want: alert.Signal{Key: "f", Status: alert.Resolved, Severity: alert.Error, Title: "B",
				Labels: map[string]string{"alertname": "A"}, Links: []alert.Link{{Title: "Dashboard", URL: "http://g.verity.example/d"}},
				EndedAt: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)},
		},
		{
			name: "an end time in the past does not resolve what is listed as firing",
			body: one(`{"status":"firing","fingerprint":"f","endsAt":"2020-01-01T00:00:00Z","labels":{"alertname":"A"}}`),
			want: alert.Signal{Key: "f", Status: alert.Firing, Severity: alert.Error, Title: "A", Labels: map[string]string{"alertname": "A"}},
		},
		{
			name: "Grafana's webhook, as its documentation shows it",
			body: `{"receiver":"desk","status":"firing","orgId":1,"version":"1","state":"alerting","title":"[FIRING:1] OCR slow","message":"...","truncatedAlerts":0,
				"groupKey":"{}:{alertname=\"OCR slow\"}","externalURL":"https://grafana.verity.example/","alerts":[{"status":"firing",
				"labels":{"alertname":"OCR slow","grafana_folder":"Documents","severity":"warning"},
				"annotations":{"summary":"Reading a document takes 9 s","description":"Usually 2 s"},
				"startsAt":"2026-11-23T10:21:13.000+02:00","endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://grafana.verity.example/alerting/grafana/ocr/view",
				"fingerprint":"c6eadffa33fcdf37","silenceURL":"https://grafana.verity.example/alerting/silence/new","dashboardURL":"https://grafana.verity.example/d/ocr",
				"panelURL":"https://grafana.verity.example/d/ocr?viewPanel=2","values":{"B":9.04,"C":1},"valueString":"[ var='B' value=9.04 ]","orgId":1}]}`,
			want: alert.Signal{Key: "c6eadffa33fcdf37", Group: `{}:{alertname="OCR slow"}`, Status: alert.Firing, Severity: alert.Warning,
				Title: "Reading a document takes 9 s", Text: "Usually 2 s",
				Labels: map[string]string{"alertname": "OCR slow", "grafana_folder": "Documents", "severity": "warning"},
				Links: []alert.Link{
					{Title: "Dashboard", URL: "https://grafana.verity.example/d/ocr"},
					{Title: "Panel", URL: "https://grafana.verity.example/d/ocr?viewPanel=2"},
					{Title: "Rule", URL: "https://grafana.verity.example/alerting/grafana/ocr/view"},
					{Title: "Silence at the source", URL: "https://grafana.verity.example/alerting/silence/new"},
				},
				StartedAt: time.Date(2026, 11, 23, 8, 21, 13, 0, time.UTC)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Parse([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]alert.Signal{c.want}, b.Signals); d != "" {
				t.Errorf("signals (-want +got):\n%s", d)
			}
		})
	}
}

// A truncated list says of the alerts it leaves out that there are some, and nothing else.
func TestTruncatedNeverResolves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		firing := rapid.IntRange(0, 5).Draw(t, "firing")
		resolved := rapid.IntRange(0, 5).Draw(t, "resolved")
		left := rapid.IntRange(-1, 300).Draw(t, "left")
		if firing+resolved == 0 {
			firing = 1
		}
		var alerts []string
		for i := range firing + resolved {
			status := "firing"
			if i >= firing {
				status = "resolved"
			}
			alerts = append(alerts, fmt.Sprintf(`{"status":%q,"labels":{"alertname":"A","n":"%d"}}`, status, i))
		}
		b, err := Parse(fmt.Appendf(nil, `{"status":"resolved","alerts":[%s],"truncatedAlerts":%d}`, strings.Join(alerts, ","), left))
		if err != nil {
			t.Fatal(err)
		}
		got := map[alert.Status]int{}
		for _, s := range b.Signals {
			got[s.Status]++
		}
		if got[alert.Firing] != firing || got[alert.Resolved] != resolved || b.Left != max(0, left) || b.Partial != (left > 0) {
			t.Errorf("%d firing and %d resolved with %d left out became %v, left %d, partial %t", firing, resolved, left, got, b.Left, b.Partial)
		}
	})
}

func FuzzParse(f *testing.F) {
	alerttest.Seed(f, "testdata")
	f.Add([]byte(`{"alerts":[{"status":"firing","fingerprint":"f","annotations":{"summary":"\u0007","title":"\u200b"},"labels":{"alertname":"\u0000"}}]}`))
	f.Add([]byte(`{"alerts":[{"status":"resolved","fingerprint":"\u0000","startsAt":"0001-01-01T00:00:00Z","labels":{"\n":"\u0007"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := Parse(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("kind %s: %v", fault.KindOf(err), err)
			}
			return
		}
		if err := alerttest.Check(b); err != nil {
			t.Fatalf("%v\nfrom %q", err, body)
		}
	})
}
