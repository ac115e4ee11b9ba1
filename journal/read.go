package journal

import (
	"context"
	"time"

	"frontline/people"
)

// Pages is where the journal is read. store implements it.
type Pages interface {
	// JournalPage returns entries before the given one (or the newest), newest first; verb and actor narrow it when not empty. verb may
	// end with "." to mean a whole wing.
	JournalPage(ctx context.Context, before Entry, verb, actor string, limit int) ([]Entry, error)
	// Sealing says how far the sealer is.
	Sealing(ctx context.Context) (Sealing, error)
}

// Sealing is how far the sealer is.
type Sealing struct {
	Sealed  int64     // the last sequence number that was given; 0 before the first
	Waiting int       // entries that have none yet
	Since   time.Time // when the oldest of them was written; zero when none waits
}

// Query narrows the journal.
type Query struct {
	Before Entry  // only what happened before it (At and ID count); the zero one: from the newest
	Verb   string // "alert.opened", or "alert." for a whole wing
	Actor  string // the id of who did it
	Limit  int
}

// Reader shows people the journal. It asks people.May first.
type Reader struct{ pages Pages }

// NewReader returns a reader of the pages.
func NewReader(p Pages) *Reader { return &Reader{pages: p} }

// Read returns entries, newest first.
func (r *Reader) Read(ctx context.Context, actor people.Actor, q Query) ([]Entry, error) {
	if err := people.May(actor, people.SeeJournal, people.Subject{Kind: "journal"}); err != nil {
		return nil, err
	}
	return r.pages.JournalPage(ctx, q.Before, q.Verb, q.Actor, q.Limit)
}

// Sealing says how far the sealer is. Everybody who may know how Frontline does may ask.
func (r *Reader) Sealing(ctx context.Context, actor people.Actor) (Sealing, error) {
	if err := people.May(actor, people.SeeSystem, people.Subject{Kind: "journal"}); err != nil {
		return Sealing{}, err
	}
	return r.pages.Sealing(ctx)
}
