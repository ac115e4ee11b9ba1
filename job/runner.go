package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"frontline/clock"
	"frontline/fault"
)

// Runner claims due jobs and carries them out. Each rank has a lane of its own, so that long output never delays a page.
type Runner struct {
	queue    Queue
	clock    clock.Clock
	log      *slog.Logger
	handlers map[string]Handler
	lanes    []*lane
	poll     time.Duration
	idle     chan struct{} // closed and replaced whenever something ended
	mu       sync.Mutex
}

type lane struct {
	rank    Rank
	wake    chan struct{}
	slots   chan struct{}
	running atomic.Int64
}

// NewRunner returns a runner for the handlers; it reports a kind that is bound twice.
func NewRunner(q Queue, c clock.Clock, log *slog.Logger, handlers ...Handler) (*Runner, error) {
	r := &Runner{queue: q, clock: c, log: log, handlers: map[string]Handler{}, poll: time.Second, idle: make(chan struct{})}
	for _, h := range handlers {
		if _, twice := r.handlers[h.Name]; twice {
			return nil, fmt.Errorf("job kind %s has two handlers", h.Name)
		}
		if h.Mode == AtMostOnce && h.Lost == nil {
			return nil, fmt.Errorf("job kind %s is at most once and has no Lost", h.Name)
		}
		r.handlers[h.Name] = h
	}
	// Runs of actions wait for neighbours most of the time: slow ones must not block the next. What runs elsewhere only waits here.
	for rank, workers := range map[Rank]int{Paging: 32, Normal: 8, Bulk: 200, Elsewhere: 256} {
		r.lanes = append(r.lanes, &lane{rank: rank, wake: make(chan struct{}, 1), slots: make(chan struct{}, workers)})
	}
	return r, nil
}

// AtOnce says how many jobs of the rank this process carries out at once. It comes before Run.
func (r *Runner) AtOnce(rank Rank, jobs int) {
	for _, l := range r.lanes {
		if l.rank == rank {
			l.slots = make(chan struct{}, jobs)
		}
	}
}

// Wake tells the runner that jobs may have come; it never blocks.
func (r *Runner) Wake() {
	for _, l := range r.lanes {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// Run works until ctx ends, then waits for what is under way (handlers see ctx end as well).
func (r *Runner) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range r.lanes {
		wg.Go(func() { r.drive(ctx, l) })
	}
	wg.Wait()
}

func (r *Runner) drive(ctx context.Context, l *lane) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for ctx.Err() == nil {
		started, err := r.start(ctx, l, &wg)
		if err != nil && ctx.Err() == nil {
			r.log.Error("jobs cannot be claimed", "rank", int(l.rank), "err", err)
		}
		if started && err == nil {
			continue
		}
		if err != nil {
			r.again() // whoever waits looks again: on a clock that stands still this lane's own poll never comes
		}
		r.wait(ctx, l, err != nil)
	}
}

// start claims as many jobs as there are free slots and starts them. It says whether it started any.
func (r *Runner) start(ctx context.Context, l *lane, wg *sync.WaitGroup) (bool, error) {
	select { // wait for one free slot, then see how many there are
	case l.slots <- struct{}{}:
		<-l.slots
	case <-ctx.Done():
		return false, nil
	}
	due, ok, err := r.queue.Next(ctx, l.rank)
	if err != nil || !ok || due.After(r.clock.Now()) {
		return false, err
	}
	l.running.Add(1) // counted before the claim, so that Settle never sees a claimed job that nobody runs
	defer r.ended(l)
	claims, err := r.queue.Claim(ctx, l.rank, cap(l.slots)-len(l.slots))
	for _, c := range claims {
		l.slots <- struct{}{}
		l.running.Add(1)
		wg.Go(func() {
			defer r.ended(l)
			defer func() { <-l.slots }()
			r.carryOut(ctx, c)
		})
	}
	return len(claims) > 0, err
}

func (r *Runner) ended(l *lane) {
	l.running.Add(-1)
	r.again()
}

// again lets whoever waits in Settle look again.
func (r *Runner) again() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.idle)
	r.idle = make(chan struct{})
}

// wait sleeps until the next job is due, something woke the lane, or the poll, which is the net under both.
func (r *Runner) wait(ctx context.Context, l *lane, failed bool) {
	d := r.poll
	if due, ok, err := r.queue.Next(ctx, l.rank); err == nil && ok && !failed {
		d = max(0, min(d, due.Sub(r.clock.Now())))
	}
	tick, stop := r.clock.After(d)
	defer stop()
	select {
	case <-tick:
	case <-l.wake:
	case <-ctx.Done():
	}
}

func (r *Runner) carryOut(ctx context.Context, c Claim) {
	h, ok := r.handlers[c.Kind]
	if !ok {
		r.settle(ctx, c, h, fault.New(fault.Internal, "No part of this version handles job kind %s. Upgrade all replicas to the same version.", c.Kind))
		return
	}
	c.finished = new(atomic.Bool)
	limited, cancel := context.WithTimeout(WithClaim(ctx, c), h.Limit)
	defer cancel()
	r.settle(ctx, c, h, call(limited, h, c))
}

// call runs the handler and turns a panic into an error: one broken job must not stop the pager.
func call(ctx context.Context, h Handler, c Claim) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fmt.Errorf("panic: %v", p), fault.Internal, "Job %s broke.", c.Kind)
		}
	}()
	if c.Lost && h.Lost != nil {
		return h.Lost(ctx, c)
	}
	return h.Do(ctx, c)
}

// settle writes what became of the job, also when the runner is being stopped.
func (r *Runner) settle(ctx context.Context, c Claim, h Handler, err error) {
	if c.isFinished() || errors.Is(err, ErrLeft) {
		return
	}
	stopping := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	switch {
	case err == nil:
		err = r.queue.Finish(ctx, c)
	case stopping && h.Mode == AtLeastOnce:
		err = r.queue.Retry(ctx, c, r.clock.Now(), "the server was stopped")
	case h.Mode == AtMostOnce, h.Name == "", h.Tries > 0 && c.Try >= h.Tries:
		r.log.Error("job is given up", "job", c.Kind, "id", c.ID, "try", c.Try, "err", err)
		err = r.queue.Bury(ctx, c, fault.Sentence(err))
	default:
		due := r.clock.Now().Add(max(h.Back(c.Try), afterOf(err)))
		r.log.Warn("job is tried again", "job", c.Kind, "id", c.ID, "try", c.Try, "err", err)
		err = r.queue.Retry(ctx, c, due, fault.Sentence(err))
	}
	if err != nil && !fault.Is(err, fault.Conflict) {
		r.log.Error("job cannot be settled; its lease will end", "job", c.Kind, "id", c.ID, "err", err)
	}
}

func afterOf(err error) time.Duration {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}

// Settle waits until nothing is due and nothing runs. Tests on a moved clock use it in place of sleeping.
func (r *Runner) Settle(ctx context.Context) error {
	for {
		r.mu.Lock()
		ended := r.idle
		r.mu.Unlock()
		busy, err := r.busy(ctx)
		if err != nil || !busy {
			return err
		}
		r.Wake()
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *Runner) busy(ctx context.Context) (bool, error) {
	for _, l := range r.lanes {
		if l.running.Load() > 0 {
			return true, nil
		}
		due, ok, err := r.queue.Next(ctx, l.rank)
		if err != nil || (ok && !due.After(r.clock.Now())) {
			return true, err
		}
		if l.running.Load() > 0 {
			return true, nil
		}
	}
	return false, nil
}
