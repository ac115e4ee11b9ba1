package rabbitmq

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
)

// TestHostileInputs asks for queues and messages that nobody would want to type. What is not one of the action's queues, and not a fingerprint,
// never reaches the broker.
func TestHostileInputs(t *testing.T) {
	s := settings{Queues: []string{"decisions", "webhooks"}}
	for name, got := range map[string]func(inputs) string{
		"queue":       func(i inputs) string { return i.Queue },
		"fingerprint": func(i inputs) string { return i.Fingerprint },
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.RunHostile(t, name, func(_ *testing.T, value string) (string, error) {
				given := map[string]any{"queue": "decisions"}
				given[name] = value
				i, err := parseInputs(s, given)
				return got(i), err
			})
		})
	}
}

// TestHostileInputsOfOthers does the same with the other kinds. The broker is one that answers as RabbitMQ does, with one consumer, and keeps what it was asked.
func TestHostileInputsOfOthers(t *testing.T) {
	asked := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.EscapedPath(); {
		case path == "/api/overview":
			_, _ = fmt.Fprint(w, `{"rabbitmq_version":"4.0.2"}`)
		case r.Method != http.MethodGet:
			t.Errorf("%s %s", r.Method, path)
		case path == "/api/queues/%2F/decisions":
			_, _ = fmt.Fprint(w, `{"name":"decisions","type":"classic","messages":1,"consumer_details":[{"channel_details":{"connection_name":"10.0.0.7:51234 -> 10.0.0.1:5672"}}]}`)
		default:
			asked, _ = url.PathUnescape(strings.TrimPrefix(path, "/api/queues/"))
			_, _ = fmt.Fprint(w, `[]`)
		}
	}))
	defer server.Close()
	call := func(input, value string, more map[string]any) action.Call {
		all := map[string]any{"broker": server.URL, "amqp": "amqp://127.0.0.1:1", "user": "frontline", "password": "env:PW", "queue": queueName}
		for k, v := range more {
			all[k] = v
		}
		b, err := json.Marshal(all)
		must(t, err)
		return action.Call{Settings: b, Inputs: map[string]any{input: value}, Secrets: secrets("x"), Kept: shelf{}.kept}
	}
	closes := map[string]any{"disconnect": true}
	for _, c := range []struct {
		kind, input string
		settings    map[string]any
		arrive      func(*testing.T, action.Call) error
	}{
		{"replay", "quarantine", nil, func(t *testing.T, c action.Call) error { _, err := back().Plan(t.Context(), c); return err }},
		{"disconnect", "connection", closes, func(t *testing.T, c action.Call) error {
			plan, err := NewDisconnect(park()).Plan(t.Context(), c)
			if err == nil && len(plan.Changes) != 1 {
				t.Errorf("it would close %+v", plan.Changes)
			}
			return err
		}},
		{"disconnect", "queue", closes, func(t *testing.T, c action.Call) error {
			_, err := NewDisconnect(park()).Plan(t.Context(), c)
			return err
		}},
		{"peek", "queue", nil, func(_ *testing.T, c action.Call) error { _, _, err := peek().site(c); return err }},
		{"peek", "count", nil, func(_ *testing.T, c action.Call) error { _, _, err := peek().site(c); return err }},
		{"park-matching", "queue", map[string]any{"matching": "true"}, func(_ *testing.T, c action.Call) error { _, err := matching().site(c); return err }},
		{"park-matching", "most", map[string]any{"matching": "true"}, func(_ *testing.T, c action.Call) error { _, err := matching().site(c); return err }},
		{"park", "twins", nil, func(_ *testing.T, c action.Call) error { _, err := park().site(c); return err }},
		{"park", "disconnect", closes, func(_ *testing.T, c action.Call) error { _, err := park().site(c); return err }},
	} {
		t.Run(c.kind+"/"+c.input, func(t *testing.T) {
			actiontest.RunHostile(t, c.input, func(t *testing.T, value string) (string, error) {
				return value, c.arrive(t, call(c.input, value, c.settings))
			})
		})
	}
	t.Run("overview/vhost", func(t *testing.T) { // it has no inputs: a definition names what it looks at
		actiontest.RunHostile(t, "vhost", func(t *testing.T, value string) (string, error) {
			b, err := json.Marshal(map[string]any{"broker": server.URL, "user": "frontline", "password": "env:PW", "vhost": value})
			must(t, err)
			_, err = NewOverview(clock.Real{}).Do(t.Context(), action.Call{Settings: b, Secrets: secrets("x")}, action.Plan{}, &actiontest.Ledger{})
			if value == "" && asked == "/" || asked == string([]rune(value)) {
				return value, err
			}
			return asked, err
		})
	})
}
