package job

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"frontline/clock"
)

// fickle is a queue with one job that is due. The next look of a lane fails when it is told so; looks of the test never do.
type fickle struct {
	mu    sync.Mutex
	due   bool
	fails int
}

type byTest struct{}

func (q *fickle) Next(ctx context.Context, rank Rank) (time.Time, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fails > 0 && ctx.Value(byTest{}) == nil {
		q.fails--
		return time.Time{}, false, errors.New("the database has too many connections")
	}
	return time.Time{}, q.due && rank == Normal, nil
}

func (q *fickle) Claim(_ context.Context, rank Rank, _ int) ([]Claim, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.due || rank != Normal {
		return nil, nil
	}
	q.due = false
	return []Claim{{ID: "1", Kind: "test", Args: []byte(`{}`)}}, nil
}

func (q *fickle) Finish(context.Context, Claim) error                   { return nil }
func (q *fickle) Retry(context.Context, Claim, time.Time, string) error { return nil }
func (q *fickle) Bury(context.Context, Claim, string) error             { return nil }

// On a clock that stands still the poll of a lane never comes. A lane that could not look once must not keep Settle waiting for ever.
func TestSettleSurvivesALookThatFails(t *testing.T) {
	q := &fickle{}
	did := make(chan struct{}, 1)
	r, err := NewRunner(q, clock.NewMoved(time.Unix(0, 0)), slog.New(slog.DiscardHandler), Kind[struct{}]{Name: "test"}.Handle(func(context.Context, struct{}) error {
		did <- struct{}{}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	limited, cancel := context.WithTimeout(context.WithValue(t.Context(), byTest{}, true), 2*time.Minute)
	defer cancel()
	for range 20 {
		q.mu.Lock()
		q.due, q.fails = true, 8
		q.mu.Unlock()
		if err := r.Settle(limited); err != nil {
			t.Fatalf("the job is still there: %v", err)
		}
		<-did
	}
	stop()
	<-ended
}
