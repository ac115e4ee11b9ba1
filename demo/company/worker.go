package company

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"frontline/demo/backoffice"
)

// worker decides about one session after the other. One that it cannot read goes back to the front of the queue, and everything behind it waits.
type worker struct {
	queue  Queue
	pace   Pace
	log    *record
	office *backoffice.Office // where decisions are written down
	mended atomic.Bool        // the developers' fix is out
}

func (w *worker) run(ctx context.Context) error {
	err := w.queue.Consume(ctx, w.pace.Again, w.work)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the decision worker stopped: %w", err)
}

func (w *worker) work(ctx context.Context, id string, body []byte) error {
	if !pause(ctx, w.pace.Decide) {
		return ctx.Err()
	}
	decide := decide
	if w.mended.Load() {
		decide = decideMended
	}
	d, err := decide(body)
	if err != nil {
		w.log.failed(id, body, err)
		return err
	}
	if err := w.office.Decided(ctx, backoffice.Decision{ID: d.Session, Customer: d.Customer, Country: d.Country, Document: d.Document, State: d.Verdict, Because: d.Because, Body: body}); err != nil {
		return fmt.Errorf("write the decision down: %w", err)
	}
	w.log.decided(d)
	return nil
}

// traffic is Verity's customers: it sends in sessions.
type traffic struct {
	pace Pace
	log  *record

	mu    sync.Mutex // one message at a time
	queue Queue
	rand  *rand.Rand
}

func newTraffic(q Queue, p Pace, log *record) *traffic {
	return &traffic{queue: q, pace: p, log: log, rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
}

// run sends sessions at random, Arrive apart on average.
func (t *traffic) run(ctx context.Context) error {
	for pause(ctx, t.gap()) {
		if err := t.send(ctx, newSession(t.rand, time.Now().UTC())); err != nil && ctx.Err() == nil {
			return fmt.Errorf("sessions do not come in: %w", err)
		}
	}
	return nil
}

// gap is the time to the next session. Arrivals of many people who know nothing of each other are exponential; the longest gap is bounded.
func (t *traffic) gap() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return min(time.Duration(t.rand.ExpFloat64()*float64(t.pace.Arrive)), 5*t.pace.Arrive)
}

func (t *traffic) poison(ctx context.Context) (string, error) {
	s := poisoned(time.Now().UTC())
	return s.ID, t.send(ctx, s)
}

func (t *traffic) send(ctx context.Context, s Session) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return t.publish(ctx, s.ID, body)
}

func (t *traffic) publish(ctx context.Context, id string, body []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.queue.Publish(ctx, id, body); err != nil {
		return err
	}
	t.log.came()
	return nil
}
