package oncall

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/people"
)

// Trouble is what the auditor looks for.
type Trouble struct {
	Late      []Page    // live, and past their time to go on
	Stuck     []Attempt // waiting or being sent for too long
	Exhausted []Page    // even the last resort was paged in vain
}

// Ledger answers the auditor. store implements it.
type Ledger interface {
	// Trouble returns the live pages that were due before late, the attempts pending since before stuck, and the exhausted pages, at most
	// limit of each. It reads two partial indexes, so that it can be asked every few seconds.
	Trouble(ctx context.Context, late, stuck time.Time, limit int) (Trouble, error)
	// Failures returns the attempts that failed for good since the time, the newest first, at most limit.
	Failures(ctx context.Context, since time.Time, limit int) ([]Attempt, error)
	// Enqueue writes jobs that were lost.
	Enqueue(ctx context.Context, jobs ...job.New) error
}

// How long something may be late before the auditor cries.
const (
	LateAfter  = 15 * time.Second // a page
	StuckAfter = time.Minute      // an attempt: a crash while sending is noticed by its lease first
	auditEvery = 5 * time.Second
	troubles   = 100 // as many as are looked at and healed at a time
)

// Health is what the auditor found.
type Health struct {
	At time.Time
	Trouble
	Err error // the ledger could not be read: nothing is known
}

// Healthy says whether every page is on its way.
func (h Health) Healthy() bool {
	return h.Err == nil && !h.At.IsZero() && len(h.Late) == 0 && len(h.Stuck) == 0 && len(h.Exhausted) == 0
}

// Say tells people what is wrong, and nothing when all is well.
func (h Health) Say() string {
	switch {
	case h.At.IsZero():
		return "The pager has not been looked at yet."
	case h.Err != nil:
		return "The pager cannot be looked at: " + fault.Sentence(h.Err)
	case len(h.Late) > 0:
		return counted(len(h.Late), "page is past its time", "pages are past their time") + ", the first is " + h.Late[0].Short() + ". All were woken again; look at the server's log."
	case len(h.Stuck) > 0:
		return counted(len(h.Stuck), "message is stuck", "messages are stuck") + ", the first to " + h.Stuck[0].Duty.Person + ". All are sent again; look at the server's log."
	case len(h.Exhausted) > 0:
		return counted(len(h.Exhausted), "page went through its whole policy", "pages went through their whole policies") + " and nobody answered, the first is " + h.Exhausted[0].Short() + ". Call somebody."
	}
	return ""
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Auditor asks every few seconds whether a page is past its time, and wakes what is. It shares nothing with the pager but the tables.
type Auditor struct {
	ledger Ledger
	clock  clock.Clock
	log    *slog.Logger
	mu     sync.Mutex
	last   Health
}

// NewAuditor returns an auditor of the ledger.
func NewAuditor(l Ledger, c clock.Clock, log *slog.Logger) *Auditor {
	return &Auditor{ledger: l, clock: c, log: log}
}

// Check looks once. It writes only when it finds a page or an attempt whose job was lost.
func (a *Auditor) Check(ctx context.Context) (Health, error) {
	now := a.clock.Now()
	t, err := a.ledger.Trouble(ctx, now.Add(-LateAfter), now.Add(-StuckAfter), troubles)
	if err == nil {
		err = a.heal(ctx, t, now)
	}
	h := Health{At: now, Trouble: t, Err: err}
	a.mu.Lock()
	a.last = h
	a.mu.Unlock()
	return h, err
}

// heal writes the jobs anew. One that is there already does not come twice.
func (a *Auditor) heal(ctx context.Context, t Trouble, now time.Time) error {
	var jobs []job.New
	for _, p := range t.Late {
		p.DueAt = now
		jobs = append(jobs, wake(p))
	}
	for _, x := range t.Stuck {
		x.DueAt = now
		jobs = append(jobs, deliver(x))
	}
	if len(jobs) == 0 {
		return nil
	}
	return a.ledger.Enqueue(ctx, jobs...)
}

// Last is what the last look found.
func (a *Auditor) Last() Health {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

// Failures returns what could not be delivered since the time, the newest first, at most limit. Addresses are left out.
func (a *Auditor) Failures(ctx context.Context, actor people.Actor, since time.Time, limit int) ([]Attempt, error) {
	if err := people.May(actor, people.SeeSystem, people.Subject{Kind: "page"}); err != nil {
		return nil, err
	}
	failed, err := a.ledger.Failures(ctx, since, limit)
	for i := range failed {
		failed[i].Contact.Address = ""
	}
	return failed, err
}

// Run looks every few seconds until ctx ends.
func (a *Auditor) Run(ctx context.Context) {
	for {
		before := a.Last()
		h, err := a.Check(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case !h.Healthy() && (before.Healthy() || before.At.IsZero()):
			a.log.Error("the pager is not well", "say", h.Say(), "late", len(h.Late), "stuck", len(h.Stuck), "exhausted", len(h.Exhausted), "err", err)
		case h.Healthy() && !before.Healthy() && !before.At.IsZero():
			a.log.Info("the pager is well again")
		}
		if pause(ctx, a.clock, auditEvery) != nil {
			return
		}
	}
}

// pause waits for d, or returns why not.
func pause(ctx context.Context, c clock.Clock, d time.Duration) error {
	tick, stop := c.After(d)
	defer stop()
	select {
	case <-tick:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Beat tells a watcher outside that we are alive. integration/heartbeat does it over HTTP.
type Beat interface {
	Beat(ctx context.Context) error
}

// Heartbeat beats while the auditor is healthy, and is silent otherwise: then the watcher outside cries, whatever became of us.
type Heartbeat struct {
	auditor *Auditor
	beat    Beat
	clock   clock.Clock
	log     *slog.Logger
	every   time.Duration
}

// NewHeartbeat returns a heartbeat that beats every so often.
func NewHeartbeat(a *Auditor, b Beat, every time.Duration, c clock.Clock, log *slog.Logger) *Heartbeat {
	return &Heartbeat{auditor: a, beat: b, clock: c, log: log, every: every}
}

// errSilent is why no beat was sent.
var errSilent = errors.New("the auditor is not healthy")

// Once beats if the auditor has looked lately and found all well.
func (h *Heartbeat) Once(ctx context.Context) error {
	last := h.auditor.Last()
	if !last.Healthy() || h.clock.Now().Sub(last.At) > 3*auditEvery {
		return errSilent
	}
	limited, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	return h.beat.Beat(limited)
}

// Run beats until ctx ends.
func (h *Heartbeat) Run(ctx context.Context) {
	for pause(ctx, h.clock, h.every) == nil {
		if err := h.Once(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("no heartbeat was sent", "err", err)
		}
	}
}
