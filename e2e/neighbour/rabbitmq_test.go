package neighbour

import (
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// TestRabbitMQKeepsConfirmedMessages puts a confirmed, persistent message in and finds it again after an orderly stop and
// after a kill.
func TestRabbitMQKeepsConfirmedMessages(t *testing.T) {
	for _, release := range []Release{RabbitMQ3, RabbitMQ4} {
		t.Run(string(release), func(t *testing.T) {
			b := RabbitMQOf(t, release)
			publish(t, b, "decisions", "stuck")
			for _, end := range []struct {
				name string
				how  func()
			}{{"stop", b.Stop}, {"kill", b.Kill}} {
				end.how()
				if c, err := amqp.Dial(b.AMQP); err == nil {
					_ = c.Close()
					t.Fatalf("after %s the broker still answers", end.name)
				}
				b.Start()
				if got := peek(t, b, "decisions"); got != "stuck" {
					t.Fatalf("after %s and a start the queue holds %q, want %q", end.name, got, "stuck")
				}
			}
		})
	}
}

// TestRabbitMQIsWhatItIsCalled asks each broker for its version.
func TestRabbitMQIsWhatItIsCalled(t *testing.T) {
	for _, release := range []Release{RabbitMQ3, RabbitMQ4} {
		c, err := amqp.Dial(RabbitMQOf(t, release).AMQP)
		must(t, err)
		defer c.Close()
		if v, _ := c.Properties["version"].(string); !strings.HasPrefix(v, string(release)+".") {
			t.Errorf("the broker %s says that it is %q", release, v)
		}
	}
}

// TestRabbitMQTestsDoNotMeet shows that two tests on one broker have the same queue name and different queues.
func TestRabbitMQTestsDoNotMeet(t *testing.T) {
	one, other := RabbitMQ(t), RabbitMQ(t)
	publish(t, one, "decisions", "mine")
	publish(t, other, "decisions", "theirs")
	if a, b := peek(t, one, "decisions"), peek(t, other, "decisions"); a != "mine" || b != "theirs" {
		t.Fatalf("the queues hold %q and %q", a, b)
	}
}

func channel(t *testing.T, b *Broker) *amqp.Channel {
	t.Helper()
	c, err := amqp.Dial(b.AMQP)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	ch, err := c.Channel()
	must(t, err)
	return ch
}

func publish(t *testing.T, b *Broker, queue, body string) {
	t.Helper()
	ch := channel(t, b)
	_, err := ch.QueueDeclare(queue, true, false, false, false, nil)
	must(t, err)
	must(t, ch.Confirm(false))
	sent, err := ch.PublishWithDeferredConfirm("", queue, true, false,
		amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)})
	must(t, err)
	if ok, err := sent.WaitContext(t.Context()); err != nil || !ok {
		t.Fatalf("the broker did not confirm: %v", err)
	}
}

// peek reads the head of the queue and leaves it there: the channel closes without an acknowledgement.
func peek(t *testing.T, b *Broker, queue string) string {
	t.Helper()
	ch := channel(t, b)
	defer ch.Close()
	m, ok, err := ch.Get(queue, false)
	must(t, err)
	if !ok {
		return ""
	}
	return string(m.Body)
}
