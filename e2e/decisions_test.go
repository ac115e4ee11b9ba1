package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/e2e/neighbour"
)

// decisions is the company's decision queue in RabbitMQ and its worker, which gives back what it cannot decide, at once and again and
// again: then everything behind it waits.
type decisions struct {
	*neighbour.Broker
	t      testing.TB
	conn   *amqp.Connection
	ch     *amqp.Channel
	poison string // this one cannot be decided

	workers sync.WaitGroup
	mu      sync.Mutex
	decided []string
	failed  int
	changed chan struct{} // closed and replaced whenever the worker did something
}

const decisionQueue = "decisions"

// openDecisions declares the queue and lets the worker begin.
func openDecisions(t testing.TB, poison string) *decisions {
	t.Helper()
	q := &decisions{Broker: neighbour.RabbitMQ(t), t: t, poison: poison, changed: make(chan struct{})}
	conn, err := amqp.Dial(q.AMQP)
	q.must(err)
	q.conn = conn
	q.ch, err = conn.Channel()
	q.must(err)
	_, err = q.ch.QueueDeclare(decisionQueue, true, false, false, false, nil)
	q.must(err)
	q.must(q.ch.Confirm(false))
	t.Cleanup(func() {
		q.must(conn.Close())
		q.workers.Wait()
	})
	q.hire("decision-worker")
	return q
}

// hire adds a worker.
func (q *decisions) hire(name string) {
	q.t.Helper()
	in, err := q.conn.Channel()
	q.must(err)
	q.must(in.Qos(1, 0, false))
	deliveries, err := in.Consume(decisionQueue, name, false, false, false, false, nil)
	q.must(err)
	q.workers.Go(func() {
		for d := range deliveries {
			q.decide(d)
		}
	})
}

func (q *decisions) must(err error) {
	q.t.Helper()
	if err != nil {
		q.t.Fatalf("decision queue: %v", err)
	}
}

// decide works on one message. One that failed is tried again after a tenth of a second, as the real worker does.
func (q *decisions) decide(d amqp.Delivery) {
	bad := d.MessageId == q.poison
	var err error
	if bad {
		time.Sleep(100 * time.Millisecond) // the worker's own pause
		err = d.Nack(false, true)
	} else {
		err = d.Ack(false)
	}
	if err != nil && !errors.Is(err, amqp.ErrClosed) { // the night is over
		q.t.Errorf("decision worker, %s: %v", d.MessageId, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if bad {
		q.failed++
	} else {
		q.decided = append(q.decided, d.MessageId)
	}
	close(q.changed)
	q.changed = make(chan struct{})
}

// send puts decisions into the queue and waits until the broker has them.
func (q *decisions) send(ids ...string) {
	q.t.Helper()
	for _, id := range ids {
		confirm, err := q.ch.PublishWithDeferredConfirmWithContext(q.t.Context(), "", decisionQueue, true, false, amqp.Publishing{
			MessageId: id, Type: "session", ContentType: "application/json", DeliveryMode: amqp.Persistent, Body: fmt.Appendf(nil, `{"session":%q}`, id)})
		q.must(err)
		taken, err := confirm.WaitContext(q.t.Context())
		q.must(err)
		if !taken {
			q.t.Fatalf("the broker did not take %s", id)
		}
	}
}

// stands waits until the worker fails, and fails again with the same.
func (q *decisions) stands() {
	q.t.Helper()
	q.mu.Lock()
	before := q.failed
	q.mu.Unlock()
	q.until("stands", func() bool { return q.failed >= before+3 })
}

// goesOn waits until everything was decided in its order, but the poisoned one.
func (q *decisions) goesOn(ids ...string) {
	q.t.Helper()
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == q.poison })
	q.until("goes on", func() bool { return len(q.decided) >= len(ids) })
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Equal(q.decided, ids) {
		q.t.Errorf("decided %v, want %v", q.decided, ids)
	}
}

// decidesEach waits until everything was decided once, in whatever order several workers did it, but the poisoned one.
func (q *decisions) decidesEach(ids ...string) {
	q.t.Helper()
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == q.poison })
	q.until("decides everything", func() bool { return len(q.decided) >= len(ids) })
	q.mu.Lock()
	defer q.mu.Unlock()
	if got := slices.Sorted(slices.Values(q.decided)); !slices.Equal(got, slices.Sorted(slices.Values(ids))) {
		q.t.Errorf("decided %v, want each of %v once", got, ids)
	}
}

// until waits for something to become true of what the worker did.
func (q *decisions) until(what string, is func() bool) {
	q.t.Helper()
	ctx, cancel := context.WithTimeout(q.t.Context(), time.Minute)
	defer cancel()
	for {
		q.mu.Lock()
		yes, changed, said := is(), q.changed, fmt.Sprintf("decided %v, failed %d times", q.decided, q.failed)
		q.mu.Unlock()
		if yes {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			q.t.Fatalf("the decision queue never %s: it has %s", what, said)
		}
	}
}

// empty says that nothing is left in the queue.
func (q *decisions) empty() {
	q.t.Helper()
	left, err := q.ch.QueueDeclarePassive(decisionQueue, true, false, false, false, nil)
	q.must(err)
	if left.Messages != 0 {
		q.t.Errorf("%d messages are left in the queue", left.Messages)
	}
}

// action is the definition of what takes the poisoned one out.
func (q *decisions) action() string {
	u, err := url.Parse(q.AMQP)
	q.must(err)
	return strings.NewReplacer("BROKER", q.Management, "HOST", u.Host, "USER", q.User, "VHOST", q.VHost).Replace(`actions:
  - id: queue/park-message
    title: Take the poisoned message out
    purpose: One message makes the decision worker fail again and again, and everything behind it waits.
    team: support
    services: [decision-pipeline]
    risk: change
    kind: rabbitmq.park
    settings: {broker: "BROKER", amqp: "amqp://HOST", user: "USER", password: "env:VERITY_RABBITMQ", vhost: "VHOST", queue: decisions}
    inputs:
      - {name: fingerprint, label: Message, type: text, help: "Empty: the one that consumers keep giving back."}
`)
}
