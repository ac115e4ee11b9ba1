package rabbitmq

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

// rich is a message that uses everything AMQP has.
func rich(s *stage) amqp.Publishing {
	headers := everyType()
	headers["CC"] = []any{"audit"}
	return amqp.Publishing{
		Headers: headers, ContentType: "application/json", ContentEncoding: "identity", DeliveryMode: amqp.Persistent, Priority: 3,
		CorrelationId: "c-1", ReplyTo: "answers", Expiration: "600000", MessageId: "decision-900", Timestamp: time.Unix(1795420800, 0),
		Type: "decision.requested", UserId: s.b.User, AppId: "decision-pipeline", Body: []byte{0, 1, 2, 0xff},
	}
}

// parked sends the message, takes it out and returns its copy.
func (s *stage) parked(m amqp.Publishing) (action.Call, action.Quarantined) {
	s.t.Helper()
	s.send(m)
	ch := s.channel()
	d, _, err := ch.Get(queueName, false)
	must(s.t, err)
	print, err := fingerprint(&d)
	must(s.t, err)
	must(s.t, ch.Close())
	s.ready(1)
	call := s.call(map[string]any{"fingerprint": print})
	led := &actiontest.Ledger{}
	plan, err := park().Plan(s.t.Context(), call)
	must(s.t, err)
	_, err = park().Do(s.t.Context(), call, plan, led)
	must(s.t, err)
	s.ready(0)
	return call, led.Kept()[0]
}

// TestReplay puts a message back as it was: every type of header, every property, but no second copies and no borrowed user.
func TestReplay(t *testing.T) {
	everywhere(t, func(t *testing.T, s *stage) {
		audit, err := s.channel().QueueDeclare("audit", true, false, false, false, nil)
		must(t, err)
		call, q := s.parked(rich(s))
		must(t, back().Replay(t.Context(), call, Replay{Quarantine: "Q-1", Envelope: q.Envelope}))
		s.ready(1)
		d, _, err := s.channel().Get(queueName, true)
		must(t, err)

		want := rich(s)
		delete(want.Headers, "CC")
		want.Headers["x-frontline-quarantine-id"], want.Headers["x-frontline-user-id"], want.UserId = "Q-1", s.b.User, ""
		got := amqp.Publishing{Headers: without(d.Headers, counters()...), ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, DeliveryMode: d.DeliveryMode,
			Priority: d.Priority, CorrelationId: d.CorrelationId, ReplyTo: d.ReplyTo, Expiration: d.Expiration, MessageId: d.MessageId,
			Timestamp: d.Timestamp, Type: d.Type, UserId: d.UserId, AppId: d.AppId, Body: d.Body}
		if diff := cmp.Diff(want, got, same()); diff != "" {
			t.Errorf("came back changed (-want +got):\n%s", diff)
		}
		if copies, err := s.channel().QueueDeclarePassive(audit.Name, true, false, false, false, nil); err != nil || copies.Messages != 1 {
			t.Errorf("the queue of the copy holds %d messages, want the first one alone (%v)", copies.Messages, err)
		}
	})
}

// TestReplayToTheExchange publishes to where the message was published first.
func TestReplayToTheExchange(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		ch := s.channel()
		must(t, ch.ExchangeDeclare("verity", "topic", true, false, false, false, nil))
		must(t, ch.QueueBind(queueName, "decision.*", "verity", false, nil))
		must(t, ch.PublishWithContext(t.Context(), "verity", "decision.requested", true, false, decision(1)))
		s.ready(1)
		d, _, err := s.channel().Get(queueName, true)
		must(t, err)
		e := envelope{Exchange: d.Exchange, Key: d.RoutingKey, VHost: s.b.VHost, Queue: queueName, Properties: propertiesOf(&d), Body: d.Body}
		b, err := e.encode()
		must(t, err)
		must(t, back().Replay(t.Context(), s.call(nil), Replay{Quarantine: "Q-1", Envelope: b, Exchange: true}))
		s.ready(1)
		again, _, err := s.channel().Get(queueName, true)
		must(t, err)
		if again.Exchange != "verity" || again.RoutingKey != "decision.requested" {
			t.Errorf("it came by exchange %q and key %q", again.Exchange, again.RoutingKey)
		}
	})
}

// TestReplayRefusals leaves the copy where it is when the message cannot be put back.
func TestReplayRefusals(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		call, q := s.parked(decision(1))
		e, err := decodeEnvelope(q.Envelope)
		must(t, err)
		e.Exchange = "gone"
		lost, err := e.encode()
		must(t, err)
		e.Queue = "payments"
		foreign, err := e.encode()
		must(t, err)
		for name, c := range map[string]struct {
			replay Replay
			want   fault.Kind
		}{
			"another queue":    {Replay{Envelope: foreign}, fault.Invalid},
			"no envelope":      {Replay{Envelope: []byte("x")}, fault.Internal},
			"no such exchange": {Replay{Envelope: lost, Exchange: true}, fault.NotFound},
		} {
			if err := back().Replay(t.Context(), call, c.replay); !fault.Is(err, c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		_, err = s.channel().QueueDelete(queueName, false, false, false)
		must(t, err)
		err = back().Replay(t.Context(), call, Replay{Envelope: q.Envelope})
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "stays in quarantine") {
			t.Errorf("into a queue that is gone: %v, want a Conflict", err)
		}
	})
}
