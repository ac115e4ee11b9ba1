// Package job is Frontline's durable background work: what must happen is a row, written in the transaction that
// caused it, and a runner carries it out, again after a crash.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"frontline/fault"
)

// Mode says what a lost lease (a process that vanished) means.
type Mode string

// The modes.
const (
	// AtLeastOnce work is started again after its process vanished.
	AtLeastOnce Mode = "at_least_once"
	// AtMostOnce work is never started a second time: its Lost function is called instead ("unknown: look").
	AtMostOnce Mode = "at_most_once"
)

// Kind is a sort of durable work with typed arguments A (stored as JSON). A wing declares its kinds; app binds
// exactly one handler to each.
type Kind[A any] struct {
	Name  string        // "oncall.step"; stored, so never renamed
	Mode  Mode          // AtLeastOnce when empty
	Limit time.Duration // how long one try may take; the lease is this plus a margin. 30 s when zero
	Tries int           // how often an error is tried again before the job is buried; 0 means forever
	Back  Backoff       // pause before try n+1; DefaultBackoff when nil
}

// Backoff gives the pause after try n (1 is the first).
type Backoff func(n int) time.Duration

// DefaultBackoff doubles from 1 s to 5 min.
func DefaultBackoff(n int) time.Duration {
	d := time.Second << min(max(n-1, 0), 9)
	return min(d, 5*time.Minute)
}

// New is work to be written with what caused it.
type New struct {
	Kind string
	Key  string // when set, at most one waiting job of this kind and key: a second one moves it to the earlier Due
	Args json.RawMessage
	Due  time.Time // not before; the zero time means at once
	Rank Rank
	Once bool          // AtMostOnce
	Hold time.Duration // how long a process may hold it: the kind's limit and a margin
}

// Rank orders what is due: paging before everything else.
type Rank int

// The ranks, first to last.
const (
	Paging Rank = iota
	Normal
	Bulk      // runs of actions on this server: many at once, each of which mostly waits
	Elsewhere // waits for what a runner in another network does: it holds no more than its turn
)

// At returns a job of this kind that is due at the given time.
func (k Kind[A]) At(due time.Time, key string, args A) New {
	raw, err := json.Marshal(args)
	if err != nil { // the arguments are our own plain structs
		panic("job " + k.Name + ": " + err.Error())
	}
	return New{Kind: k.Name, Key: key, Args: raw, Due: due, Rank: Normal, Once: k.Mode == AtMostOnce, Hold: k.limit() + margin}
}

// margin is how much longer than its handler's limit a lease lasts, so that a slow end is not taken for a crash.
const margin = 15 * time.Second

func (k Kind[A]) limit() time.Duration {
	if k.Limit == 0 {
		return 30 * time.Second
	}
	return k.Limit
}

// Ranked returns the job with another rank.
func (n New) Ranked(r Rank) New { n.Rank = r; return n }

// Claim is a job that this process holds under a lease. Fence is what makes finishing safe: a claim whose lease
// was lost finishes nothing.
type Claim struct {
	ID    string
	Kind  string
	Key   string
	Args  json.RawMessage
	Due   time.Time
	Try   int // 1 at the first try
	Fence int64
	Lost  bool // an AtMostOnce job whose process vanished: call the handler's Lost, not Do

	finished *atomic.Bool
}

// MarkFinished is called by the store when a decision finished the job in its own transaction.
func (c Claim) MarkFinished() {
	if c.finished != nil {
		c.finished.Store(true)
	}
}

func (c Claim) isFinished() bool { return c.finished != nil && c.finished.Load() }

// Queue is where the jobs lie. store implements it; jobtest is its conformance suite.
type Queue interface {
	// Claim leases up to limit due jobs of the rank, earliest due first, each for its Hold.
	Claim(ctx context.Context, rank Rank, limit int) ([]Claim, error)
	// Finish removes the job. It returns a Conflict fault when the lease was lost.
	Finish(ctx context.Context, c Claim) error
	// Retry gives the job back, due again at the given time, with the reason for people.
	Retry(ctx context.Context, c Claim, due time.Time, why string) error
	// Bury keeps the job for people to look at and never runs it again.
	Bury(ctx context.Context, c Claim, why string) error
	// Next returns when the next waiting job of the rank is due; false when none waits. It also gives back what vanished
	// processes held.
	Next(ctx context.Context, rank Rank) (time.Time, bool, error)
}

// Backlog is what of the durable work needs a look.
type Backlog struct {
	Late   int       // jobs that are past their time and that nobody has taken
	Since  time.Time // when the oldest of them was due; zero when none is late
	Buried []Buried  // by kind
}

// Buried is work of one kind that failed for good and waits for people to look at it.
type Buried struct {
	Kind string
	N    int
	Last time.Time // when the youngest of them was made
	Why  string    // what was wrong with it
}

// Handler carries out one kind.
type Handler struct {
	Name  string
	Mode  Mode
	Limit time.Duration
	Tries int
	Back  Backoff
	Do    func(context.Context, Claim) error
	Lost  func(context.Context, Claim) error // required for AtMostOnce
}

// Handle binds do to the kind. do may run twice and must be safe to; it finds its claim in the context's job.
func (k Kind[A]) Handle(do func(context.Context, A) error) Handler {
	return k.handler(decode(k.Name, do), nil)
}

// HandleOnce binds do and lost to an AtMostOnce kind.
func (k Kind[A]) HandleOnce(do, lost func(context.Context, A) error) Handler {
	return k.handler(decode(k.Name, do), decode(k.Name, lost))
}

func (k Kind[A]) handler(do, lost func(context.Context, Claim) error) Handler {
	h := Handler{Name: k.Name, Mode: k.Mode, Limit: k.limit(), Tries: k.Tries, Back: k.Back, Do: do, Lost: lost}
	if h.Mode == "" {
		h.Mode = AtLeastOnce
	}
	if h.Back == nil {
		h.Back = DefaultBackoff
	}
	return h
}

func decode[A any](name string, f func(context.Context, A) error) func(context.Context, Claim) error {
	return func(ctx context.Context, c Claim) error {
		var args A
		if err := json.Unmarshal(c.Args, &args); err != nil {
			return fault.Wrap(err, fault.Internal, "The stored arguments of job %s cannot be read. Report this with the version you upgraded from.", name)
		}
		return f(ctx, args)
	}
}

// ErrLeft is what a handler returns that leaves its work to the next process: the server is being stopped, and the work goes on elsewhere. The
// claim stays as it is, until this process is gone.
var ErrLeft = errors.New("the work is left to the next process")

type claimKey struct{}

// WithClaim returns a context that carries the claim a handler works under.
func WithClaim(ctx context.Context, c Claim) context.Context {
	return context.WithValue(ctx, claimKey{}, c)
}

// ClaimOf returns the claim of the handler that ctx belongs to.
func ClaimOf(ctx context.Context) (Claim, bool) {
	c, ok := ctx.Value(claimKey{}).(Claim)
	return c, ok
}
