package journal

import (
	"context"

	"frontline/people"
)

// Pages is where the journal is read. store implements it.
type Pages interface {
	// JournalPage returns entries before the given one (or the newest), newest first; verb and actor narrow it when not empty. verb may
	// end with "." to mean a whole wing.
	JournalPage(ctx context.Context, before Entry, verb, actor string, limit int) ([]Entry, error)
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
