package rabbitmq

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

// at is a queue as the broker lists it.
func at(text string) listed {
	var q listed
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		panic(err)
	}
	return q
}

func TestFindings(t *testing.T) {
	const well = `"name":"decisions","durable":true,"consumers":2,"arguments":{"x-dead-letter-exchange":"dlx"}`
	for name, c := range map[string]struct {
		version version
		queue   string
		want    string // the beginnings of what is found
	}{
		"all is well":           {version{3, 10}, `{` + well + `,"type":"quorum","messages_ready":5,"message_stats":{"ack_details":{"rate":5},"publish_details":{"rate":5}}}`, ""},
		"nobody":                {version{3, 10}, `{"name":"d","durable":true,"type":"classic","consumers":0,"messages_ready":5}`, "No consumer, and 5 messages wait"},
		"round and round":       {version{3, 10}, `{` + well + `,"type":"classic","messages_ready":5,"message_stats":{"ack_details":{"rate":1},"redeliver_details":{"rate":90}}}`, "The same messages are given back"},
		"hangs":                 {version{3, 10}, `{` + well + `,"type":"classic","messages_ready":5,"messages_unacknowledged":1,"message_stats":{"publish_details":{"rate":3}}}`, "Consumers hold 1 message"},
		"grows":                 {version{3, 10}, `{` + well + `,"type":"classic","messages_ready":5000,"message_stats":{"ack_details":{"rate":10},"publish_details":{"rate":20}}}`, "It grows"},
		"long, but shrinks":     {version{3, 10}, `{` + well + `,"type":"classic","messages_ready":5000,"message_stats":{"ack_details":{"rate":30},"publish_details":{"rate":20}}}`, ""},
		"deletes":               {version{3, 10}, `{"name":"d","durable":true,"type":"quorum","consumers":1,"arguments":{"x-delivery-limit":3}}`, "A message that fails 3 times is deleted"},
		"deletes by default":    {version{4, 0}, `{"name":"d","durable":true,"type":"quorum","consumers":1}`, "A message that fails 20 times is deleted"},
		"no limit":              {version{3, 10}, `{"name":"d","durable":true,"type":"quorum","consumers":1}`, ""},
		"letters by a policy":   {version{4, 0}, `{"name":"d","durable":true,"type":"quorum","consumers":1,"effective_policy_definition":{"dead-letter-exchange":""}}`, ""},
		"gone after a restart":  {version{3, 10}, `{"name":"d","durable":false,"type":"classic","consumers":1}`, "It is gone when the broker restarts"},
		"streams are different": {version{4, 0}, `{"name":"d","durable":true,"type":"stream","consumers":0,"messages_ready":5}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range findings(c.version, at(c.queue)) {
				got = append(got, f.what)
				if f.next == "" {
					t.Errorf("%s says no next step", f.what)
				}
			}
			if s := strings.Join(got, "; "); c.want == "" && s != "" || !strings.HasPrefix(s, c.want) {
				t.Errorf("found %q, want %q", s, c.want)
			}
		})
	}
}

// TestOverview looks at a real broker.
func TestOverview(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, with(quorum(), "x-delivery-limit", int32(7)))
		s.publish(1, 3)
		k := NewOverview(clock.Real{})
		call := s.call(nil)
		settings, err := json.Marshal(map[string]any{"broker": s.b.Management, "user": s.b.User, "password": "env:RABBITMQ_PASSWORD", "vhost": s.b.VHost})
		must(t, err)
		call.Settings = settings
		must(t, k.Check(call.Settings))
		plan, err := k.Plan(t.Context(), call)
		must(t, err)
		var res action.Result
		for range 240 { // until the queue has reported
			res, err = k.Do(t.Context(), call, plan, &actiontest.Ledger{})
			must(t, err)
			if res.Facts["wrong_now"] == 1 {
				break
			}
			time.Sleep(250 * time.Millisecond)
		}
		if res.Facts["queues"] != 1 || res.Facts["wrong_now"] != 1 || res.Facts["will_hurt"] != 1 || len(res.Tables) != 2 || !strings.Contains(res.Tables[0].Rows[1][1], "fails 7 times is deleted") {
			t.Errorf("the overview is %+v", res)
		}
		call.Secrets = secrets("wrong")
		if _, err := k.Plan(t.Context(), call); !fault.Is(err, fault.Forbidden) {
			t.Errorf("with a wrong password: %v", err)
		}
		if err := k.Check(json.RawMessage(`{"broker":"http://rabbit:15672","user":"f","password":"env:P","queue":"x"}`)); err == nil {
			t.Error("an unknown setting is taken")
		}
	})
}

// TestDisconnect gives the messages of a hanging consumer back to the others.
func TestDisconnect(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		s.publish(1, 3)
		s.bystander() // holds the first
		k := NewDisconnect(park())
		call := s.call(map[string]any{})
		if err := k.Check(s.settings(nil)); err == nil {
			t.Error("settings without disconnect: true are taken")
		}
		call.Settings = s.settings(map[string]any{"disconnect": true})
		must(t, k.Check(call.Settings))
		var plan action.Plan
		for range 240 { // until the broker has reported the consumer
			var err error
			plan, err = k.Plan(t.Context(), call)
			must(t, err)
			if !plan.Nothing {
				break
			}
			time.Sleep(250 * time.Millisecond)
		}
		if len(plan.Changes) != 1 || !strings.HasPrefix(plan.Changes[0].What, "Connection 127.0.0.1:") {
			t.Fatalf("the plan is %+v", plan)
		}
		res, err := k.Do(t.Context(), call, plan, &actiontest.Ledger{})
		must(t, err)
		if !res.Done || res.Facts["closed"] != 1 {
			t.Errorf("%+v", res)
		}
		s.ready(3)
		w := newWorker(99)
		w.work(s, 1, 0)
		if f := s.proved(k, s.patient(call, map[string]any{"disconnect": true}), plan); !f.Helped || len(w.all(t, 3)) != 3 {
			t.Errorf("the proof says %+v, and %v is finished", f, w.done())
		}
		steps := []action.Step{{Name: stepClosing}}
		for range 240 { // until the broker has noticed that the consumer is gone
			if res, err = k.Reconcile(t.Context(), call, plan, steps, &actiontest.Ledger{}); err == nil && res.Done {
				break
			}
			time.Sleep(250 * time.Millisecond)
		}
		if !res.Done {
			t.Errorf("after a crash: %+v, %v", res, err)
		}
		if _, err := k.Do(t.Context(), call, plan, &actiontest.Ledger{}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same plan again: %v, want a conflict", err)
		}
	})
}
