package watch

import (
	"context"
	"time"

	"frontline/alert"
	"frontline/catalog"
	"frontline/job"
	"frontline/journal"
)

// Directory is what is configured. config implements it.
type Directory interface {
	Watches() []Definition
	Watch(id string) (Definition, bool)
	Service(id string) (catalog.Service, bool)
	Customers() []catalog.Customer
}

// Source is asked for counts: one for each sort of feed that is asked. Integrations implement it.
type Source interface {
	// Counts returns what was counted in the buckets from..until, both of them included and complete, one Bucket for each that could be known,
	// in their order; a bucket in which nothing was counted is there without leaves, one that the source cannot tell about is left out.
	// It is called again for the same buckets after a crash. Errors worth trying again are Unavailable.
	Counts(ctx context.Context, d Definition, from, until uint32) ([]Bucket, error)
}

// Store keeps counts, states and findings. store implements it on both databases.
type Store interface {
	Counter
	Archive
	// ChangeWatch locks a watch, lets decide turn its state and what is counted into a new state, and writes that with its findings, entries
	// and jobs in one transaction. Buckets are those after the position, at most limit of them; decide may run twice.
	ChangeWatch(ctx context.Context, watch string, limit int, decide func(Current) (Decided, error)) (State, error)
	// ChangeFinding locks a finding and its watch, and writes what decide makes of them.
	ChangeFinding(ctx context.Context, id string, decide func(Current, Finding) (Decided, error)) (Finding, error)
	// WatchStates returns the states of all watches, by watch, without their bodies.
	WatchStates(ctx context.Context) (map[string]State, error)
	// WatchState returns that of one watch; the zero State when there is none.
	WatchState(ctx context.Context, watch string) (State, error)
	// Finding returns one by its id or name; NotFound when there is none.
	Finding(ctx context.Context, ref string) (Finding, error)
	// Findings lists findings, the newest first.
	Findings(ctx context.Context, f Filter) ([]Finding, error)
	// Enqueue writes jobs.
	Enqueue(ctx context.Context, jobs ...job.New) error
}

// Counter takes counts in.
type Counter interface {
	// TakeCounts locks a watch and writes what take makes of what came. Buckets up to the position are decided: what is counted for them is added
	// to the late part of the next one.
	TakeCounts(ctx context.Context, watch string, take func(Cursor) (Taken, error)) error
}

// Cursor is where a watch stands when counts come.
type Cursor struct {
	Position uint32 // the last bucket that is decided
	Mark     []byte // what the feed wrote down last: readings of counters, for instance
}

// Taken is what is to be written of a delivery.
type Taken struct {
	Key     string // of the delivery, unique in its watch: one that was taken already is not taken again; empty when it has none
	Buckets []Bucket
	Mark    []byte
	Replace bool // the buckets are whole: one that is there already stays as it is, and decided ones are left out
}

// Archive is what was counted.
type Archive interface {
	// WatchCounts returns the leaves of the buckets from..until that are still kept one by one, in their order.
	WatchCounts(ctx context.Context, watch string, from, until uint32) ([]Bucket, error)
	// WatchHours returns hours from..until (since 1970), in their order.
	WatchHours(ctx context.Context, watch string, from, until int64) ([]Hour, error)
	// RollWatch writes down the hours that are complete at the position, and deletes buckets and hours that are too old.
	RollWatch(ctx context.Context, watch string, roll Roll) error
	// ForgetWatch deletes everything that is kept of a watch but its findings.
	ForgetWatch(ctx context.Context, watch string) error
}

// Hour is what an hour of buckets came to.
type Hour struct {
	Number int64  // since 1970
	Leaves []Leaf // summed over the hour
	Lines  []Line // the series worth a page, bucket by bucket
	First  uint32 // the first bucket of the hour
	Width  int    // buckets of an hour
}

// Line is one series within an hour; 0 requests where a bucket was not observed.
type Line struct {
	Values   []string  `json:"v"`
	Errors   []float64 `json:"x"`
	Requests []float64 `json:"n"`
}

// Roll says what is to be rolled up and what is too old.
type Roll struct {
	Width      int    // buckets of an hour
	KeepAfter  uint32 // buckets up to this one may go once their hour is written
	HoursAfter int64  // and hours up to this one
	Sum        func(hour int64, buckets []Bucket) Hour
}

// Current is what is true of a watch when decide is called.
type Current struct {
	State   State
	Open    []Finding // not over
	Buckets []Bucket
	Now     time.Time
	NewID   func() string
}

// Decided is what decide wants to be true.
type Decided struct {
	State    State
	Findings []Finding // new ones and changed ones
	journal.Consequences
}

// Filter chooses findings. Zero values choose everything.
type Filter struct {
	Watch  string
	Open   bool
	NoPast bool
	After  time.Time // raised
	Before int64     // number, to page on
	Limit  int
}

// Signals takes what a watch has to say. alert.Intake implements it.
type Signals interface {
	Take(ctx context.Context, from alert.Source, b alert.Batch) (alert.Accepted, error)
}
