package alert

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// GroupRecords is where groups are read. store implements it.
type GroupRecords interface {
	Group(ctx context.Context, id string) (Group, error)
	// GroupNumbered returns G-n.
	GroupNumbered(ctx context.Context, n int64) (Group, error)
	// GroupOfAlert returns the group of A-n.
	GroupOfAlert(ctx context.Context, n int64) (Group, error)
	// Groups lists groups, newest first.
	Groups(ctx context.Context, q Query) ([]Group, error)
	CountGroups(ctx context.Context) (Counts, error)
}

// Records is where alerts are read. store implements it.
type Records interface {
	GroupRecords
	// AlertsOf returns the alerts of a group, open ones first, then the newest.
	AlertsOf(ctx context.Context, group string, limit int) ([]Alert, error)
	// Body returns a message as it was received; NotFound once it is forgotten.
	Body(ctx context.Context, id string) ([]byte, error)
	JournalOf(ctx context.Context, subjects []journal.Subject, limit int) ([]journal.Entry, error)
	// SourceActivity returns, for each source that was heard since the time, when it was heard last and how many messages it sent.
	SourceActivity(ctx context.Context, since time.Time) ([]Activity, error)
}

// Board shows people what the machines are telling us. Every reading asks people.May first.
type Board struct{ records Records }

// NewBoard returns a board over the records.
func NewBoard(r Records) *Board { return &Board{records: r} }

// Groups lists groups, newest first.
func (b *Board) Groups(ctx context.Context, actor people.Actor, q Query) ([]Group, error) {
	if err := may(actor, people.Subject{Kind: "group"}); err != nil {
		return nil, err
	}
	all, err := b.records.Groups(ctx, q)
	return slices.DeleteFunc(all, func(g Group) bool { return may(actor, g.Topic()) != nil }), err
}

// Count counts the live groups.
func (b *Board) Count(ctx context.Context, actor people.Actor) (Counts, error) {
	if err := may(actor, people.Subject{Kind: "group"}); err != nil {
		return Counts{}, err
	}
	return b.records.CountGroups(ctx)
}

// Group returns one group: by its id, its short name ("G-12") or the short name of one of its alerts ("A-31").
func (b *Board) Group(ctx context.Context, actor people.Actor, ref string) (Group, error) {
	if err := may(actor, people.Subject{Kind: "group"}); err != nil {
		return Group{}, err
	}
	g, err := b.find(ctx, ref)
	if err != nil {
		return Group{}, err
	}
	if err := may(actor, g.Topic()); err != nil {
		return Group{}, err
	}
	return g, nil
}

func (b *Board) find(ctx context.Context, ref string) (Group, error) {
	if n, ok := numbered(ref, "G-"); ok {
		return b.records.GroupNumbered(ctx, n)
	}
	if n, ok := numbered(ref, "A-"); ok {
		return b.records.GroupOfAlert(ctx, n)
	}
	return b.records.Group(ctx, ref)
}

// numbered reads a short name, whatever the case of its letter.
func numbered(ref, prefix string) (int64, bool) {
	if len(ref) < len(prefix) || !strings.EqualFold(ref[:len(prefix)], prefix) {
		return 0, false
	}
	n, err := strconv.ParseInt(ref[len(prefix):], 10, 64)
	return n, err == nil && n > 0
}

// Alerts returns the alerts of a group, open ones first, then the newest, at most limit.
func (b *Board) Alerts(ctx context.Context, actor people.Actor, g Group, limit int) ([]Alert, error) {
	if err := may(actor, g.Topic()); err != nil {
		return nil, err
	}
	return b.records.AlertsOf(ctx, g.ID, limit)
}

// History returns what happened to a group, its alerts and its pages, oldest first, at most limit entries (the newest).
func (b *Board) History(ctx context.Context, actor people.Actor, g Group, limit int) ([]journal.Entry, error) {
	if err := may(actor, g.Topic()); err != nil {
		return nil, err
	}
	return b.records.JournalOf(ctx, []journal.Subject{g.Self()}, limit)
}

// Message returns the raw message that last changed an alert, as it was received, by the alert's short name ("A-31"); for a group it is that of
// its first alert. It is NotFound after KeepBodies.
func (b *Board) Message(ctx context.Context, actor people.Actor, ref string) (Alert, []byte, error) {
	g, err := b.Group(ctx, actor, ref)
	if err != nil {
		return Alert{}, nil, err
	}
	all, err := b.records.AlertsOf(ctx, g.ID, mostAlerts)
	if err != nil {
		return Alert{}, nil, err
	}
	for _, a := range all {
		if n, ok := numbered(ref, "A-"); ok && n != a.Number {
			continue
		}
		raw, err := b.records.Body(ctx, a.Body)
		return a, raw, err
	}
	return Alert{}, nil, fault.New(fault.NotFound, "There is no alert %s in %s. Look at the group.", ref, g.Short())
}

// mostAlerts is how many alerts of a group are looked through for one.
const mostAlerts = 10_000

func may(actor people.Actor, s people.Subject) error { return people.May(actor, people.SeeAlerts, s) }

// Activity returns what the sources sent since the time; one that sent nothing is left out.
func (b *Board) Activity(ctx context.Context, actor people.Actor, since time.Time) ([]Activity, error) {
	if err := may(actor, people.Subject{Kind: "source"}); err != nil {
		return nil, err
	}
	return b.records.SourceActivity(ctx, since)
}
