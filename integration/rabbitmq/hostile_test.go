package rabbitmq

import (
	"testing"

	"frontline/action/actiontest"
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
