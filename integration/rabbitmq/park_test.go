package rabbitmq

import (
	"encoding/json"
	"testing"

	"frontline/action/actiontest"
)

// TestConformance runs the suite that every kind passes, on both brokers and both types of queues.
func TestConformance(t *testing.T) {
	worlds(t, func(s *stage) actiontest.World {
		s.publish(1, 12)
		call := s.call(map[string]any{"fingerprint": prints(s.t, 5)})
		lockedOut := call
		lockedOut.Settings = s.settings(map[string]any{"user": "nobody"})
		return actiontest.World{
			Kind: park(), Call: call, Bad: badSettings(),
			Observe:     func(testing.TB) string { return short(s.contents(12, 11)) },
			Move:        func(testing.TB) { s.remove(5) },
			Unreachable: &lockedOut,
		}
	})
}

func badSettings() map[string]string {
	good := map[string]any{"broker": "http://rabbit:15672", "amqp": "amqp://rabbit:5672", "user": "frontline", "password": "env:PW", "queue": queueName}
	bad := map[string]string{"{}": "broker"}
	for setting, v := range map[string]any{
		"broker": "http://frontline:hunter2@rabbit:15672", "amqp": "amqp://frontline:hunter2@rabbit:5672", "user": "", "password": "hunter2",
		"queue": "", "queues": []string{"other"}, "scan": -1, "hold": "1h", "wait": "3s", "colour": "red", "show": 3,
	} {
		changed := map[string]any{}
		for k, g := range good {
			changed[k] = g
		}
		changed[setting] = v
		b, _ := json.Marshal(changed)
		bad[string(b)] = setting
	}
	return bad
}
