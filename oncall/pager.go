package oncall

import (
	"context"
	"fmt"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
)

// Pages keeps the pages and their ledger of attempts. store implements it; oncalltest is its conformance suite.
type Pages interface {
	// ChangePage locks the page, lets decide see it with its live attempts (the pending ones and those of the last firing) at the
	// time that counts, and writes the outcome in one transaction. decide may run twice. NotFound when there is no such page.
	ChangePage(ctx context.Context, id string, decide func(Page, []Attempt, time.Time) Outcome) (Page, error)
	// CarryOut carries an order out in a transaction of its own and returns the pages it concerned, changed or not.
	CarryOut(ctx context.Context, o Order) ([]Page, error)
	// Page finds a page by its id or its short name ("P-12"), with all its attempts in their order. NotFound when there is none.
	Page(ctx context.Context, ref string) (Page, []Attempt, error)
	// PagesAbout returns the pages about a subject, the newest first, at most 20.
	PagesAbout(ctx context.Context, about journal.Subject) ([]Page, error)
	// PagesTo returns the pages that tried to reach the person, the newest first, at most limit: those that are not over, and those
	// opened since the time.
	PagesTo(ctx context.Context, person string, since time.Time, limit int) ([]Page, error)
}

// Pager carries pages out: it fires steps, sends attempts and takes answers.
type Pager struct {
	pages    Pages
	duties   *Duties
	links    *Links
	clock    clock.Clock
	channels map[string]Channel
}

// NewPager returns a pager that reaches people through the channels.
func NewPager(pages Pages, duties *Duties, links *Links, c clock.Clock, channels ...Channel) *Pager {
	p := &Pager{pages: pages, duties: duties, links: links, clock: c, channels: map[string]Channel{}}
	for _, ch := range channels {
		p.channels[ch.Name()] = ch
	}
	return p
}

// Handlers returns what carries out the pager's kinds of jobs. JobAnswered belongs to the wings that own subjects.
func (p *Pager) Handlers() []job.Handler {
	return []job.Handler{JobStep().Handle(p.Step), JobDeliver().Handle(p.Deliver)}
}

// Step lets a page go on if it is due.
func (p *Pager) Step(ctx context.Context, args StepArgs) error {
	roster, err := p.now(ctx)
	if err != nil {
		return err
	}
	_, err = p.pages.ChangePage(ctx, args.Page, func(page Page, tries []Attempt, now time.Time) Outcome {
		return finished(Advance(page, tries, roster, now))
	})
	return unlessGone(err)
}

// now is the roster at this moment. It reaches as far ahead as a turn may last, so that a message can say until when.
func (p *Pager) now(ctx context.Context) (Roster, error) {
	now := p.clock.Now()
	return p.duties.Roster(ctx, now.Add(-time.Minute), now.Add(8*24*time.Hour))
}

// finished lets the outcome end the job that it was decided under, in the same transaction.
func finished(o Outcome) Outcome { o.Finish = true; return o }

// unlessGone turns the absence of a page into nothing to do: old pages are removed.
func unlessGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Deliver sends one attempt: it is marked as being sent, handed to its channel, and the answer is written down. A crash in between sends it
// again.
func (p *Pager) Deliver(ctx context.Context, args DeliverArgs) error {
	roster, err := p.now(ctx)
	if err != nil {
		return err
	}
	var a Attempt
	var send bool
	page, err := p.pages.ChangePage(ctx, args.Page, func(page Page, tries []Attempt, now time.Time) (o Outcome) {
		if o, send = StartSending(page, tries, args.Attempt, roster, now); !send {
			return finished(o)
		}
		a, _ = find(o.Attempts, args.Attempt)
		return o
	})
	if err != nil || !send {
		return unlessGone(err)
	}
	receipt, failure := p.send(ctx, page, a, roster)
	if failure != nil && ctx.Err() != nil {
		return failure // we are being stopped: whoever takes the job next sends again
	}
	// What the provider said is written down also when we are being stopped meanwhile.
	written, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	_, err = p.pages.ChangePage(written, args.Page, func(page Page, tries []Attempt, now time.Time) Outcome {
		if failure != nil {
			return finished(Undelivered(page, tries, a.ID, a.Tries, failure, now))
		}
		return finished(Delivered(page, tries, a.ID, receipt, now))
	})
	return unlessGone(err)
}

// writeLimit is how long writing down an answer may take.
const writeLimit = 5 * time.Second

// send hands the message to the contact's channel. A channel that panics has failed for good: the next contact is tried.
func (p *Pager) send(ctx context.Context, page Page, a Attempt, r Roster) (receipt Receipt, err error) {
	ch, ok := p.channels[a.Contact.Channel]
	if !ok {
		return Receipt{}, fault.New(fault.Invalid, "There is no channel %s. Correct the contact of %s.", a.Contact.Channel, r.Name(a.Duty.Person))
	}
	defer func() {
		if broke := recover(); broke != nil {
			err = fault.Wrap(fmt.Errorf("panic: %v", broke), fault.Internal, "The channel %s broke. Report this.", a.Contact.Channel)
		}
	}()
	limited, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	link := p.links.Answer(page.ID, a.Duty.Person, p.clock.Now())
	return ch.Send(limited, a.Contact.Address, message(page, a, r, link))
}
