package rabbitmq

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"frontline/fault"
)

// FuzzQueue gives the broker's answer about a queue any form.
func FuzzQueue(f *testing.F) {
	f.Add([]byte(`{"name":"decisions","vhost":"/","type":"quorum","durable":true,"auto_delete":false,"exclusive":false,"arguments":{"x-queue-type":"quorum"},"policy":null,"effective_policy_definition":[],"state":"running","messages":512,"messages_ready":511,"messages_unacknowledged":1,"message_bytes":84213,"exclusive_consumer_tag":null,"consumer_details":[{"consumer_tag":"worker-1","exclusive":false,"prefetch_count":1,"channel_details":{"connection_name":"192.0.2.10:40112 -> 192.0.2.20:5672","user":"worker","peer_host":"192.0.2.10"}}],"message_stats":{"publish_details":{"rate":0.4},"ack_details":{"rate":0.0},"redeliver_details":{"rate":12.8}}}`))
	f.Add([]byte(`{"name":"decisions","effective_policy_definition":{"delivery-limit":20},"consumer_details":[{"channel_details":[]}]}`))
	f.Add([]byte(`{"consumer_details":[null,{}],"effective_policy_definition":null,"messages":-1}`))
	f.Add([]byte(`{"effective_policy_definition":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var q queue
		if json.Unmarshal(body, &q) != nil {
			return
		}
		again, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &queue{}); err != nil {
			t.Errorf("%s was read, but what it means is not: %v", body, err)
		}
	})
}

// FuzzVersion gives the broker any version.
func FuzzVersion(f *testing.F) {
	for _, seed := range []string{"3.10.8", "4.1.0", "4.0.0-rc.2", "3", "v4.1", "-1.-2", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := parseVersion(s)
		if err != nil && fault.Sentence(err) == "" || err == nil && (v.major < 0 || v.minor < 0) {
			t.Errorf("%q is version %+v, %v", s, v, err)
		}
	})
}

// FuzzSettings gives an action's settings any form. What is taken holds no password in an address.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"broker":"http://rabbit.verity.example:15672","amqp":"amqp://rabbit.verity.example:5672","user":"frontline","password":"env:RABBIT_PASSWORD","queue":"decisions","vhost":"/","hold":"10s"}`))
	f.Add([]byte(`{"broker":"http://liis:hunter2@rabbit:15672","amqp":"amqps://rabbit","user":"u","password":"hunter2","queue":"q"}`))
	f.Add([]byte(`{"hold":"1x","queue":["a"]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parseSettings("rabbitmq.park", raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.Sentence(err) == "" {
				t.Errorf("%s is refused as %s: %v", raw, fault.KindOf(err), err)
			}
			return
		}
		for _, address := range []string{s.Broker, s.AMQP} {
			if u, err := url.Parse(address); err != nil || u.User != nil || u.Host == "" {
				t.Errorf("%q is taken as an address: %v", address, err)
			}
		}
		if !strings.HasPrefix(string(s.Password), "env:") && !strings.HasPrefix(string(s.Password), "file:") {
			t.Errorf("%q is taken as a reference to a password", s.Password)
		}
	})
}
