package company

import (
	"context"
	"time"
)

// Queue is what lies between those who ask and the worker. It hands out messages one at a time in their order, and one that is given back
// goes to the front again.
type Queue interface {
	// Publish returns once the message is durable.
	Publish(ctx context.Context, id string, body []byte) error
	// Consume hands each message to handle until ctx ends: nil takes it out of the queue, an error gives it back, and the next try comes
	// after again.
	Consume(ctx context.Context, again time.Duration, handle Handle) error
	// Waiting is how many messages are not done, the one in hand included.
	Waiting(ctx context.Context) (int, error)
	// Where tells people where the queue is.
	Where() string
	Close() error
}

// Handle does the work of one message.
type Handle = func(ctx context.Context, id string, body []byte) error
