package oncall

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// Overrides keeps the overrides that are made by hand. store implements it.
type Overrides interface {
	// Overrides returns those that touch the span, both ends included.
	Overrides(ctx context.Context, from, to time.Time) ([]Override, error)
	// Override finds one by id; NotFound when there is none.
	Override(ctx context.Context, id string) (Override, error)
	// PutOverride writes one, new or changed, and what follows from it.
	PutOverride(ctx context.Context, o Override, then journal.Consequences) error
}

// Duties brings together what is configured and what was changed by hand.
type Duties struct {
	book      func(context.Context) (Book, error)
	overrides Overrides
}

// NewDuties returns the duties that the book and the overrides make.
func NewDuties(book func(context.Context) (Book, error), overrides Overrides) *Duties {
	return &Duties{book: book, overrides: overrides}
}

// Roster returns what says who is reached between the two instants.
func (d *Duties) Roster(ctx context.Context, from, to time.Time) (Roster, error) {
	b, err := d.book(ctx)
	if err != nil {
		return Roster{}, err
	}
	made, err := d.overrides.Overrides(ctx, from, to)
	if err != nil {
		return Roster{}, err
	}
	return NewRoster(b, made), nil
}

// TakeOver puts a person on call in place of whoever has the turn. An override that would have begun in the past begins now: what has
// been is never rewritten.
func (d *Duties) TakeOver(ctx context.Context, actor people.Actor, o Override, now time.Time) (Override, error) {
	b, err := d.book(ctx)
	if err != nil {
		return Override{}, err
	}
	r, ok := b.Rotation(o.Rotation)
	if err := people.May(actor, people.Override, people.Subject{Kind: "rotation", ID: o.Rotation, Team: r.Team}); err != nil {
		return Override{}, err
	}
	o.ID, o.MadeAt, o.From = secret.Random(16), now, latest(o.From, now)
	wrong := o.Check()
	if !ok {
		wrong = append(wrong, fault.Field{Name: "rotation", Say: "There is no such rotation. Choose one of those on the screen."})
	}
	if p, ok := b.Person(o.Person); !ok || len(p.Contacts) == 0 {
		wrong = append(wrong, fault.Field{Name: "person", Say: "This person is not known or has no contact. Choose somebody who can be reached."})
	}
	if len(wrong) > 0 {
		return Override{}, &fault.Error{Kind: fault.Invalid, Say: "This cannot be taken over as written. Correct the fields below.", Fields: wrong}
	}
	var then journal.Consequences
	then.Add(journal.Note(actor, "oncall.overridden", journal.Of("rotation", o.Rotation), overrideFacts(o)))
	return o, d.overrides.PutOverride(ctx, o, then)
}

// GiveBack ends an override now. One that has not begun never happens.
func (d *Duties) GiveBack(ctx context.Context, actor people.Actor, id string, now time.Time) (Override, error) {
	o, err := d.overrides.Override(ctx, id)
	if err != nil {
		return Override{}, err
	}
	if err := people.May(actor, people.Override, people.Subject{Kind: "rotation", ID: o.Rotation}); err != nil {
		return Override{}, err
	}
	if !o.To.After(now) {
		return o, nil
	}
	o.To = latest(o.From, now)
	var then journal.Consequences
	then.Add(journal.Note(actor, "oncall.given_back", journal.Of("rotation", o.Rotation), overrideFacts(o)))
	return o, d.overrides.PutOverride(ctx, o, then)
}

func overrideFacts(o Override) map[string]any {
	return map[string]any{"override": o.ID, "person": o.Person, "from_ms": o.From.UnixMilli(), "to_ms": o.To.UnixMilli()}
}
