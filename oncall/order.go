package oncall

import (
	"time"

	"frontline/journal"
	"frontline/people"
)

// Doing is what an order asks for.
type Doing string

// What can be ordered.
const (
	DoRaise       Doing = "raise"       // somebody must be reached: open a page, or let the live one grow
	DoAcknowledge Doing = "acknowledge" // somebody took the subject
	DoEnd         Doing = "end"         // the subject is over
)

// Order is what another wing wants done about the pages of its subject. It is one of the consequences of that wing's own decision, and the store
// carries it out in the same transaction: an alert and its page are committed together or not at all.
type Order struct {
	Do    Doing
	About journal.Subject
	By    people.Actor
	Raise Opening // for DoRaise
	Why   string  // for DoEnd, a fixed word such as "resolved"
}

// RaiseOrder asks that somebody is reached about o.Subject.
func RaiseOrder(o Opening, by people.Actor) Order {
	return Order{Do: DoRaise, About: o.Subject, By: by, Raise: o}
}

// AcknowledgeOrder says that by took the subject.
func AcknowledgeOrder(about journal.Subject, by people.Actor) Order {
	return Order{Do: DoAcknowledge, About: about, By: by}
}

// EndOrder says that the subject is over, and why.
func EndOrder(about journal.Subject, why string, by people.Actor) Order {
	return Order{Do: DoEnd, About: about, By: by, Why: why}
}

// Fits says whether the live page is the one that the opening would only let grow. A test never fits: each one is to arrive. A page to one
// person fits only when it says the same.
func (o Opening) Fits(p Page) bool {
	aim := o.Aim
	if aim == "" {
		aim = AimPolicy
	}
	if !p.Live() || p.Aim != aim || p.Subject != o.Subject || p.Person != o.Person {
		return false
	}
	return aim == AimPolicy || aim == AimPerson && p.Title == o.Title
}

// On carries the order out on one live page of its subject. When it raises and fits none of them, the store calls OpenPage instead.
func (o Order) On(p Page, tries []Attempt, now time.Time) Outcome {
	switch {
	case o.Do == DoRaise && o.Raise.Fits(p):
		return Grow(p, o.Raise, o.By, now)
	case o.Do == DoAcknowledge && p.Aim == AimPolicy:
		return Acknowledge(p, tries, o.By, now)
	case o.Do == DoEnd:
		return End(p, tries, o.Why, o.By, now)
	}
	return unchanged(p)
}
