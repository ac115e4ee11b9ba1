package company

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// broker is a classic queue in RabbitMQ. Publishing, consuming and looking each have a channel of their own.
type broker struct {
	name  string
	where string
	conn  *amqp.Connection
	out   *amqp.Channel // with confirms
	held  atomic.Int64  // what the worker has in hand

	mu   sync.Mutex // a channel takes one question at a time
	look *amqp.Channel
}

var _ Queue = (*broker)(nil)

// openAMQP declares the queue, durable, and connects to it.
func openAMQP(ctx context.Context, address, name string) (*broker, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the broker's address cannot be read")
	}
	b := &broker{name: name, where: fmt.Sprintf("RabbitMQ at %s, queue %s", u.Host, name)}
	if b.conn, err = amqp.DialConfig(address, amqp.Config{Properties: amqp.Table{"connection_name": "verity decision worker"}}); err != nil {
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	for _, c := range []**amqp.Channel{&b.out, &b.look} {
		if *c, err = b.conn.Channel(); err != nil {
			return nil, errors.Join(fmt.Errorf("open a channel: %w", err), b.Close())
		}
	}
	_, err = b.out.QueueDeclare(name, true, false, false, false, nil)
	if err := errors.Join(err, b.out.Confirm(false), ctx.Err()); err != nil {
		return nil, errors.Join(fmt.Errorf("declare the queue: %w", err), b.Close())
	}
	return b, nil
}

// Publish implements Queue: it waits for the broker's confirm.
func (b *broker) Publish(ctx context.Context, id string, body []byte) error {
	confirm, err := b.out.PublishWithDeferredConfirmWithContext(ctx, "", b.name, true, false, amqp.Publishing{
		MessageId: id, ContentType: "application/json", DeliveryMode: amqp.Persistent, AppId: "verity-intake", Type: "session", Body: body})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	ok, err := confirm.WaitContext(ctx)
	if err != nil {
		return fmt.Errorf("wait for the broker's confirm: %w", err)
	}
	if !ok {
		return errors.New("the broker did not take the message")
	}
	return nil
}

// Consume implements Queue. One message is in hand at a time. What is given back goes to the front, and to whoever consumes with the higher
// priority.
func (b *broker) Consume(ctx context.Context, again time.Duration, handle Handle) error {
	in, err := b.conn.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	defer func() { _ = in.Close() }() // what was in hand goes back
	if err := in.Qos(1, 0, false); err != nil {
		return fmt.Errorf("limit what is in hand: %w", err)
	}
	// Not bound to ctx: the library would cancel the consumer beside our closing of the channel, and the broker takes that for a mistake.
	deliveries, err := in.Consume(b.name, "decision-worker", false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case d, open := <-deliveries:
			if !open {
				if ctx.Err() != nil {
					return nil
				}
				return errors.New("the broker closed the channel")
			}
			if err := b.work(ctx, d, again, handle); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// work has one message handled and tells the broker what became of it. One that failed stays in hand until the next try.
func (b *broker) work(ctx context.Context, d amqp.Delivery, again time.Duration, handle Handle) error {
	b.held.Store(1)
	defer b.held.Store(0)
	if handle(ctx, d.MessageId, d.Body) == nil {
		return d.Ack(false)
	}
	pause(ctx, again)
	return d.Nack(false, true)
}

// Waiting implements Queue.
func (b *broker) Waiting(context.Context) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q, err := b.look.QueueDeclarePassive(b.name, true, false, false, false, nil)
	if err != nil {
		return 0, fmt.Errorf("look at the queue: %w", err)
	}
	return q.Messages + int(b.held.Load()), nil
}

// Where implements Queue.
func (b *broker) Where() string { return b.where }

// Close implements Queue.
func (b *broker) Close() error {
	if err := b.conn.Close(); err != nil && !errors.Is(err, amqp.ErrClosed) {
		return fmt.Errorf("leave the broker: %w", err)
	}
	return nil
}
