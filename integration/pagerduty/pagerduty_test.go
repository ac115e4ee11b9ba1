package pagerduty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	client "github.com/PagerDuty/go-pagerduty"
	"github.com/google/go-cmp/cmp"

	"frontline/alert"
	"frontline/alert/alerttest"
	"frontline/fault"
	"frontline/secret"
)

const key = "k7wq2m9x4c8v1n5b3z6t0r2y8u4i6o1p"

func TestSource(t *testing.T) {
	alerttest.Run(t, alerttest.Source{
		Parse: func(body []byte) (alert.Batch, error) {
			e, err := Parse(body)
			return e.Batch, err
		},
		Handler: Handler,
		Path:    Path,
		Token:   key,
		Request: func(_ string, body []byte) *http.Request {
			return httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(body))
		},
		Body: func(token string) []byte {
			return fmt.Appendf(nil, `{"routing_key":%q,"event_action":"trigger","payload":{"summary":"Disk full","source":"db-1","severity":"error"}}`, token)
		},
		Folder: "testdata",
		Refused: map[string]string{
			"":                     "JSON parse error",
			"{":                    "JSON parse error",
			"[]":                   "JSON parse error",
			"null":                 "JSON parse error",
			`"trigger"`:            "JSON parse error",
			`{"payload":"broken"}`: "JSON parse error",
			`{}`:                   "'routing_key' is missing or blank",
		},
		Limit:   1 << 20,
		Taken:   http.StatusAccepted,
		Unknown: http.StatusBadRequest,
	})
}

// The answers are PagerDuty's, byte for byte: clients compare and show them.
func TestAnswers(t *testing.T) {
	invalid := func(errors string) string {
		return `{"status":"invalid event","message":"Event object is invalid","errors":[` + errors + `]}`
	}
	event := func(change string) string {
		return strings.NewReplacer("ROUTING", key).Replace(change)
	}
	good := `"payload":{"summary":"Disk full","source":"db-1","severity":"error"}`
	for _, c := range []struct {
		name, body string
		accept     error
		status     int
		want       string
	}{
		{"taken", event(`{"routing_key":"ROUTING","event_action":"trigger","dedup_key":"srv01/mysql & <more>",` + good + `}`), nil, 202,
			`{"status":"success","message":"Event processed","dedup_key":"srv01/mysql & <more>"}`},
		{"acknowledged", event(`{"routing_key":"ROUTING","event_action":"acknowledge","dedup_key":"srv01/mysql"}`), nil, 202,
			`{"status":"success","message":"Event processed","dedup_key":"srv01/mysql"}`},
		{"resolved with a payload that is ignored", event(`{"routing_key":"ROUTING","event_action":"resolve","dedup_key":"7","payload":{"severity":"?"}}`), nil, 202,
			`{"status":"success","message":"Event processed","dedup_key":"7"}`},
		{"a key that is a number", event(`{"routing_key":"ROUTING","event_action":"resolve","dedup_key":1042}`), nil, 202,
			`{"status":"success","message":"Event processed","dedup_key":"1042"}`},
		{"short key", `{"routing_key":"abc","event_action":"resolve","dedup_key":"x"}`, nil, 400,
			invalid(`"Length of 'routing_key' is incorrect (should be 32 characters)"`)},
		{"odd key", `{"routing_key":"k7wq2m9x4c8v1n5b-z6t0r2y8u4i6o1p","event_action":"resolve","dedup_key":"x"}`, nil, 400,
			invalid(`"'routing_key' cannot contain non-alphanumeric characters."`)},
		{"no key", event(`{"event_action":"resolve","dedup_key":"x"}`), nil, 400, invalid(`"'routing_key' is missing or blank"`)},
		{"unknown key", event(`{"routing_key":"ROUTING","event_action":"resolve","dedup_key":"x"}`), fault.New(fault.NotFound, "No source has it."), 400,
			invalid(`"Invalid routing key"`)},
		{"odd severity", event(`{"routing_key":"ROUTING","event_action":"trigger","payload":{"summary":"S","source":"h","severity":"fatal"}}`), nil, 400,
			invalid(`"'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"`)},
		{"empty trigger", event(`{"routing_key":"ROUTING","event_action":"trigger"}`), nil, 400,
			invalid(`"'payload.summary' is missing or blank","'payload.source' is missing or blank","'payload.severity' is missing or blank"`)},
		{"resolve of nothing", event(`{"routing_key":"ROUTING","event_action":"resolve"}`), nil, 400, invalid(`"'dedup_key' is missing or blank"`)},
		{"unknown action", event(`{"routing_key":"ROUTING","event_action":"close","dedup_key":"x"}`), nil, 400,
			invalid(`"'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"`)},
		{"long dedup_key", event(`{"routing_key":"ROUTING","event_action":"resolve","dedup_key":"` + strings.Repeat("ä", 256) + `"}`), nil, 400,
			invalid(`"Length of 'dedup_key' is incorrect (should be at most 255 characters)"`)},
		{"broken", `{"routing_key":`, nil, 400,
			`{"status":"Unrecognized object","message":"Event object format is unrecognized","errors":["JSON parse error"]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := Handler(func(context.Context, secret.Text, alert.Batch) error { return c.accept }, slog.New(slog.DiscardHandler))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, Path, strings.NewReader(c.body)))
			if w.Code != c.status || w.Body.String() != c.want {
				t.Errorf("answered %d\n%s\nwant %d\n%s", w.Code, w.Body, c.status, c.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	body := []byte(`{"routing_key":"` + key + `","event_action":"Trigger","dedup_key":"srv01/mysql","client":"Verity Monitor",
		"client_url":"https://monitor.verity.example/7","links":[{"href":"https://wiki.verity.example/mysql","text":"Runbook"},{"href":"javascript:alert(1)"},{"text":"nowhere"}],
		"images":[{"src":"https://monitor.verity.example/7.png","alt":"Load"}],
		"payload":{"summary":"` + strings.Repeat("s", 2000) + `","source":"srv01","severity":"Critical","timestamp":"2015-07-17T08:42:58.315+0000",
			"component":"mysql","group":"prod-datapipe","class":"disk","custom_details":{"free space":"1%","load avg":0.75,"service":"decision-pipeline",
			"severity":"ignored","nested":{"a":[1,"<2>"]},"trace":"one\ntwo","none":null}}}`)
	e, err := Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	want := alert.Signal{
		Key: "srv01/mysql", Status: alert.Firing, Severity: alert.Critical, Host: "srv01",
		Title: strings.Repeat("s", 1023) + "…",
		Text:  "free space: 1%\nload avg: 0.75\nnested: {\"a\":[1,\"<2>\"]}\nservice: decision-pipeline\nseverity: ignored\ntrace:\none\ntwo",
		Labels: map[string]string{"source": "srv01", "component": "mysql", "group": "prod-datapipe", "class": "disk", "severity": "critical",
			"free space": "1%", "load avg": "0.75", "service": "decision-pipeline", "nested": `{"a":[1,"<2>"]}`},
		Links: []alert.Link{
			{Title: "View in Verity Monitor", URL: "https://monitor.verity.example/7"},
			{Title: "Runbook", URL: "https://wiki.verity.example/mysql"},
			{Title: "Load", URL: "https://monitor.verity.example/7.png"},
		},
		StartedAt: time.Date(2015, 7, 17, 8, 42, 58, 315_000_000, time.UTC),
	}
	if d := cmp.Diff([]alert.Signal{want}, e.Batch.Signals); d != "" {
		t.Errorf("signals (-want +got):\n%s", d)
	}
	if !e.RoutingKey.Equal(key) || e.DedupKey != "srv01/mysql" {
		t.Errorf("routing key %q, dedup_key %q", e.RoutingKey, e.DedupKey)
	}
	if bytes.Contains(e.Batch.Raw, []byte(key)) || len(e.Batch.Raw) != len(body) {
		t.Errorf("the body that is kept holds the routing key or lost bytes: %s", e.Batch.Raw)
	}
}

func TestMoment(t *testing.T) {
	at := time.Date(2026, 11, 23, 2, 14, 7, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2026-11-23T02:14:07Z":         at,
		"2026-11-23T04:14:07+02:00":    at,
		"2026-11-23T04:14:07+0200":     at,
		"2026-11-23T02:14:07.000+0000": at,
		" 2026-11-23T02:14:07 ":        at,
		"2026-11-23 02:14:07":          at,
		"2026-11-23 02:14:07.5Z":       at.Add(500 * time.Millisecond),
		"":                             {},
		"now":                          {},
		"0001-01-01T00:00:00Z":         {},
	} {
		if got := moment(s); !got.Equal(want) {
			t.Errorf("moment(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestCustomDetails(t *testing.T) {
	for raw, want := range map[string]string{
		``:                   "",
		`null`:               "",
		`"as a sentence"`:    "as a sentence",
		`["a",1]`:            `["a",1]`,
		`{"b":true,"a":" "}`: "b: true",
	} {
		if _, text := details([]byte(raw)); text != want {
			t.Errorf("details(%s) = %q, want %q", raw, text, want)
		}
	}
}

// A trigger without a dedup_key that is sent again is the same alert; another one is another.
func TestMadeKeys(t *testing.T) {
	trigger := func(summary string) string {
		e, err := Parse([]byte(`{"routing_key":"` + key + `","event_action":"trigger","payload":{"summary":"` + summary + `","source":"h","severity":"info"}}`))
		if err != nil {
			t.Fatal(err)
		}
		if e.DedupKey != e.Batch.Signals[0].Key || len(e.DedupKey) != 32 {
			t.Errorf("answered %q for the key %q", e.DedupKey, e.Batch.Signals[0].Key)
		}
		return e.DedupKey
	}
	first, again, other := trigger("a"), trigger("a"), trigger("b")
	if first != again || first == other {
		t.Errorf("keys %q, %q, %q", first, again, other)
	}
}

// PagerDuty's own Go client is the sender.
func TestGoPagerDuty(t *testing.T) {
	var got []alert.Signal
	answer := error(nil)
	mux := http.NewServeMux()
	mux.Handle(Path, Handler(func(_ context.Context, routingKey secret.Text, b alert.Batch) error {
		if !routingKey.Equal(key) {
			return fault.New(fault.NotFound, "No source has this key.")
		}
		got = append(got, b.Signals...)
		return answer
	}, slog.New(slog.DiscardHandler)))
	server := httptest.NewServer(mux)
	defer server.Close()
	c := client.NewClient("", client.WithV2EventsAPIEndpoint(server.URL))

	trigger := client.V2Event{RoutingKey: key, Action: "trigger", Client: "Nagios", ClientURL: "https://nagios.verity.example",
		Links:   []any{map[string]string{"href": "https://wiki.verity.example", "text": "Wiki"}},
		Payload: &client.V2Payload{Summary: "Payouts to Kivi Credit fail", Source: "payouts-1", Severity: "critical", Details: map[string]any{"failed": 7}}}
	first, err := c.ManageEventWithContext(t.Context(), &trigger)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&client.V2EventResponse{Status: "success", Message: "Event processed", DedupKey: first.DedupKey}, first); d != "" || first.DedupKey == "" {
		t.Errorf("the client read (-want +got):\n%s", d)
	}
	for _, action := range []string{"acknowledge", "resolve"} {
		if _, err := c.ManageEventWithContext(t.Context(), &client.V2Event{RoutingKey: key, Action: action, DedupKey: first.DedupKey}); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	var came []string
	for _, s := range got {
		came = append(came, string(s.Status)+" "+s.Key)
	}
	if d := cmp.Diff([]string{"firing " + first.DedupKey, "acknowledged " + first.DedupKey, "resolved " + first.DedupKey}, came); d != "" {
		t.Errorf("signals (-want +got):\n%s", d)
	}

	trigger.RoutingKey = strings.Repeat("x", 32)
	_, err = c.ManageEventWithContext(t.Context(), &trigger)
	if refused, ok := errors.AsType[client.APIError](err); !ok || refused.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown key: %#v", err)
	}
	trigger.RoutingKey, answer = key, fault.New(fault.Unavailable, "The database cannot commit now. Try again.")
	_, err = c.ManageEventWithContext(t.Context(), &trigger)
	if refused, ok := errors.AsType[client.APIError](err); !ok || !refused.Temporary() {
		t.Errorf("a busy database: %#v", err)
	}
}

func FuzzParse(f *testing.F) {
	alerttest.Seed(f, "testdata")
	f.Add([]byte(`{"routing_key":"` + key + `","event_action":"trigger","dedup_key":"\u0000","payload":{"summary":"\u0007x","source":"\ud800","severity":"info","custom_details":"s"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := Parse(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 {
				t.Fatalf("kind %s without a field: %v", fault.KindOf(err), err)
			}
			return
		}
		if err := alerttest.Check(e.Batch); err != nil {
			t.Fatalf("%v\nfrom %q", err, body)
		}
		if bytes.Contains(e.Batch.Raw, []byte(e.RoutingKey.Reveal())) {
			t.Fatalf("the body that is kept holds the key: %s", e.Batch.Raw)
		}
	})
}
