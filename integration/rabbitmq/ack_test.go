package rabbitmq

import (
	"fmt"
	"testing"
)

// TestManyAtOnce takes more messages out than a quorum queue's client in the broker keeps on their way: what is recorded as removed must not be back.
func TestManyAtOnce(t *testing.T) {
	const messages, most = 150, 100
	everywhere(t, func(t *testing.T, s *stage) {
		s.publish(1, messages)
		_, res, led := s.matched(s.matching(fmt.Sprintf("id != %q", decision(3).MessageId), map[string]any{"most": most}))
		if !res.Done || len(led.Gone()) != most {
			t.Errorf("the run says %+v, and %d are recorded as removed", res, len(led.Gone()))
		}
		s.holds(append(ids(3, 3), ids(most+2, messages)...))
	})
}
