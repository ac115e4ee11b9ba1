package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

func TestParseInputs(t *testing.T) {
	one := settings{Queue: queueName, Scan: 100}
	several := settings{Queues: []string{"decisions", "documents"}, Scan: 100, Disconnect: true}
	print := strings.Repeat("0f", 32)
	for name, c := range map[string]struct {
		s     settings
		in    map[string]any
		want  inputs
		wrong string
	}{
		"nothing chosen":          {one, nil, inputs{Queue: queueName, Twins: 1}, ""},
		"everything chosen":       {several, map[string]any{"queue": "documents", "fingerprint": print, "twins": json.Number("2"), "disconnect": true}, inputs{"documents", print, 2, true}, ""},
		"numbers of a form":       {one, map[string]any{"fingerprint": print, "twins": 3.0}, inputs{queueName, print, 3, false}, ""},
		"left empty":              {one, map[string]any{"fingerprint": "", "twins": nil, "disconnect": nil}, inputs{Queue: queueName, Twins: 1}, ""},
		"others are not ours":     {one, map[string]any{"ticket": "R-1"}, inputs{Queue: queueName, Twins: 1}, ""},
		"no queue of several":     {several, nil, inputs{}, "queue"},
		"a queue that is not his": {several, map[string]any{"queue": "payments"}, inputs{}, "queue"},
		"no fingerprint":          {one, map[string]any{"fingerprint": "12"}, inputs{}, "fingerprint"},
		"half a twin":             {one, map[string]any{"fingerprint": print, "twins": 1.5}, inputs{}, "twins"},
		"too many twins":          {one, map[string]any{"fingerprint": print, "twins": 101}, inputs{}, "twins"},
		"twins of nobody":         {one, map[string]any{"twins": 2}, inputs{}, "twins"},
		"not permitted":           {one, map[string]any{"disconnect": true}, inputs{}, "disconnect"},
		"not a yes":               {several, map[string]any{"queue": "documents", "disconnect": "yes"}, inputs{}, "disconnect"},
	} {
		got, err := parseInputs(c.s, c.in)
		if c.wrong == "" && (err != nil || got != c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
		if c.wrong != "" && (len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != c.wrong) {
			t.Errorf("%s: %v, want a fault about %s", name, err, c.wrong)
		}
	}
}

// TestPreflight decides about queues that no broker here can have: newer versions, policies, settings that count.
func TestPreflight(t *testing.T) {
	reported := 0
	q := func(kind string, args map[string]any, policy definition) queue {
		return queue{Name: queueName, Type: kind, Durable: true, Arguments: args, Policy: policy, Messages: &reported, State: "running"}
	}
	type verdict struct {
		limit        int
		limited      bool
		counts, look bool
		mode         mode
		refused      fault.Kind
	}
	for name, c := range map[string]struct {
		p    preflight
		want verdict
	}{
		"classic, idle":           {preflight{version: version{3, 10}, queue: q("classic", nil, nil)}, verdict{look: true, mode: byGet}},
		"classic, busy":           {preflight{version: version{3, 10}, queue: q("classic", nil, nil), consumers: 1}, verdict{look: true, mode: byConsumer}},
		"quorum before 4":         {preflight{version: version{3, 10}, queue: q("quorum", nil, nil)}, verdict{look: true, counts: true, mode: byConsumer}},
		"quorum of 4.0":           {preflight{version: version{4, 0}, queue: q("quorum", nil, nil)}, verdict{limit: 20, limited: true, counts: true, mode: byConsumer}},
		"quorum of 4.3":           {preflight{version: version{4, 3}, queue: q("quorum", nil, nil)}, verdict{limit: 20, limited: true, mode: byConsumer}},
		"unlimited by argument":   {preflight{version: version{4, 0}, queue: q("quorum", map[string]any{"x-delivery-limit": -1.0}, nil)}, verdict{look: true, counts: true, mode: byConsumer}},
		"the lower of two limits": {preflight{version: version{4, 0}, queue: q("quorum", map[string]any{"x-delivery-limit": 9.0}, definition{"delivery-limit": 5.0})}, verdict{limit: 5, limited: true, counts: true, mode: byConsumer}},
		"dead letters by policy":  {preflight{version: version{4, 0}, queue: q("quorum", nil, definition{"dead-letter-exchange": ""})}, verdict{limit: 20, limited: true, counts: true, look: true, mode: byConsumer}},
		"single active, 3.10":     {preflight{version: version{3, 10}, queue: q("quorum", map[string]any{"x-single-active-consumer": true}, nil), consumers: 1}, verdict{counts: true, look: true, mode: byConsumer, refused: fault.Conflict}},
		"single active, 4.0":      {preflight{version: version{4, 0}, queue: q("quorum", map[string]any{"x-single-active-consumer": true}, nil), consumers: 1}, verdict{limit: 20, limited: true, counts: true, mode: byConsumer}},
		"delayed retry":           {preflight{version: version{4, 3}, queue: q("quorum", nil, definition{"delayed-retry-type": "all"})}, verdict{limit: 20, limited: true, mode: byConsumer, refused: fault.Conflict}},
		"short life by policy":    {preflight{version: version{3, 10}, queue: q("classic", nil, definition{"message-ttl": 1000.0})}, verdict{look: true, mode: byGet, refused: fault.Conflict}},
		"room enough":             {preflight{version: version{3, 10}, queue: q("classic", map[string]any{"x-max-length": 100.0}, nil), ready: 80}, verdict{look: true, mode: byGet}},
		"no room":                 {preflight{version: version{3, 10}, queue: q("classic", map[string]any{"x-max-length": 100.0}, nil), ready: 90}, verdict{look: true, mode: byGet, refused: fault.Conflict}},
		"down":                    {preflight{version: version{3, 10}, queue: queue{Name: queueName, Type: "quorum", Messages: &reported, State: "down"}}, verdict{counts: true, look: true, mode: byConsumer, refused: fault.Unavailable}},
		"unknown type":            {preflight{version: version{5, 0}, queue: q("lanes", nil, nil)}, verdict{look: true, mode: byGet, refused: fault.Invalid}},
		"somebody's own":          {preflight{version: version{3, 10}, queue: queue{Name: queueName, Type: "classic", Exclusive: true, Messages: &reported}}, verdict{look: true, mode: byGet, refused: fault.Invalid}},
		"not reported":            {preflight{version: version{3, 10}, queue: queue{Name: queueName, Type: "classic"}}, verdict{look: true, mode: byGet, refused: fault.Unavailable}},
	} {
		limit, limited := c.p.limit()
		got := verdict{limit, limited, c.p.returnsCount(), c.p.mayLook(), c.p.mode(), fault.KindOf(c.p.refuse(inputs{}))}
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if p := (preflight{queue: queue{Type: "classic", AutoDelete: true, Messages: &reported}}); !fault.Is(p.refuse(inputs{Disconnect: true}), fault.Invalid) {
		t.Error("the last consumer of an auto-delete queue may be disconnected")
	}
}

func TestDoomed(t *testing.T) {
	for _, c := range []struct {
		version    version
		deliveries int64
		want       bool
	}{{version{4, 0}, 19, false}, {version{4, 0}, 20, true}, {version{4, 3}, 20, false}, {version{3, 10}, 1000, false}} {
		p := preflight{version: c.version, queue: queue{Type: "quorum"}}
		if got := p.doomed(c.deliveries); got != c.want {
			t.Errorf("%v: a message given back %d times is doomed: %v, want %v", c.version, c.deliveries, got, c.want)
		}
	}
}

// TestReach says how many messages are held at once.
func TestReach(t *testing.T) {
	idle := preflight{ready: 5000}
	busy := preflight{ready: 5000, consumers: 2, queue: queue{Unacked: 3, Consumers: []consumer{{Prefetch: 200}, {Prefetch: 200}}}}
	for _, c := range []struct {
		p           preflight
		scan, place int
		want        int
	}{{idle, 2000, 0, 2000}, {idle, 2000, 3, 67}, {idle, 10000, 0, 5064}, {busy, 10000, 3, 5464}, {preflight{}, 2000, 0, 64}} {
		if got := c.p.reach(c.scan, c.place); got != c.want {
			t.Errorf("reach(%d, %d) = %d, want %d", c.scan, c.place, got, c.want)
		}
	}
}

// TestManagementAnswers maps what the management API may answer to faults.
func TestManagementAnswers(t *testing.T) {
	const password = "not-for-the-log"
	for name, c := range map[string]struct {
		status int
		body   string
		want   fault.Kind
	}{
		"unknown user":    {401, `{"error":"not_authorised"}`, fault.Forbidden},
		"no permission":   {403, `{}`, fault.Forbidden},
		"no such queue":   {404, `{"error":"Object Not Found"}`, fault.NotFound},
		"broken":          {503, "overloaded", fault.Unavailable},
		"another program": {200, "<html>", fault.Internal},
		"odd":             {418, "teapot", fault.Internal},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/overview") {
				fmt.Fprint(w, `{"rabbitmq_version":"3.10.8"}`)
				return
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		settings, err := json.Marshal(map[string]any{"broker": server.URL, "amqp": "amqp://127.0.0.1:1", "user": "frontline", "password": "env:PW", "queue": queueName})
		must(t, err)
		_, err = NewPark(clock.Real{}).Plan(t.Context(), action.Call{Settings: settings, Secrets: map[string]secret.Text{"password": secret.New(password)}})
		if !fault.Is(err, c.want) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		server.Close()
	}
	if _, err := parseVersion("RabbitMQ"); !fault.Is(err, fault.Internal) {
		t.Errorf("took a name for a version: %v", err)
	}
}

// TestManagementReads reads what Erlang makes of empty tables.
func TestManagementReads(t *testing.T) {
	var q queue
	err := json.Unmarshal([]byte(`{"effective_policy_definition":[],"consumer_details":[{"consumer_tag":"w","channel_details":[]},
		{"prefetch_count":5,"channel_details":{"connection_name":"10.0.0.7:51234 -> 10.0.0.1:5672"}}],"policy":null,"messages":0}`), &q)
	if err != nil || q.Messages == nil || len(q.Policy) != 0 {
		t.Fatalf("%+v, %v", q, err)
	}
	p := preflight{queue: q}
	if names := p.connections(); len(names) != 1 || names[0] != "10.0.0.7:51234 -> 10.0.0.1:5672" || p.inHand() != 5 {
		t.Errorf("connections %v, in hand %d", names, p.inHand())
	}
}

// TestSilentBroker is answered within the caller's patience also when the broker accepts and then says nothing.
func TestSilentBroker(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	settings, err := json.Marshal(map[string]any{"broker": server.URL, "amqp": "amqp://127.0.0.1:1", "user": "frontline", "password": "env:PW", "queue": queueName})
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = NewPark(clock.Real{}).Plan(ctx, action.Call{Settings: settings, Secrets: map[string]secret.Text{"password": secret.New("x")}})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("Plan = %v, want Unavailable", err)
	}
}

// TestDownForAMoment has the broker say that the queue is down, which a busy one does when its own question went unanswered for a second.
func TestDownForAMoment(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		state := "down"
		if asked++; asked > 1 {
			state = "running"
		}
		fmt.Fprintf(w, `{"name":"decisions","type":"quorum","state":%q,"messages":5}`, state)
	}))
	defer server.Close()
	q, err := management{base: server.URL, http: server.Client(), clock: clock.Real{}}.queue(t.Context(), "/", queueName)
	if err != nil || !q.runs() || asked != 2 {
		t.Errorf("after %d questions the queue is %+v, %v", asked, q, err)
	}
}
