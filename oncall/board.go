package oncall

import (
	"context"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

// Board tells people who is on call. Every reading asks people.May first.
type Board struct {
	duties *Duties
	clock  clock.Clock
}

// NewBoard returns a board over the duties.
func NewBoard(d *Duties, c clock.Clock) *Board { return &Board{duties: d, clock: c} }

// Now returns who is on call at this moment in each rotation.
func (b *Board) Now(ctx context.Context, actor people.Actor) ([]Post, error) {
	return b.At(ctx, actor, b.clock.Now())
}

// Week returns who is on call between the two instants, at most 60 days, with what each gap costs.
func (b *Board) Week(ctx context.Context, actor people.Actor, from, to time.Time) ([]Lane, error) {
	if to.Sub(from) > 60*24*time.Hour || !from.Before(to) {
		return nil, fault.Wrong("to", "Ask for at least a moment and at most 60 days. Choose another end.")
	}
	r, err := b.roster(ctx, actor, from, to)
	if err != nil {
		return nil, err
	}
	return r.Lanes(from, to), nil
}

// For returns whether the person is on call, until when, and when next.
func (b *Board) For(ctx context.Context, actor people.Actor, person string) (Standing, error) {
	now := b.clock.Now()
	r, err := b.roster(ctx, actor, now, now.AddDate(1, 0, 0))
	if err != nil {
		return Standing{}, err
	}
	return r.For(person, now), nil
}

// WhatIf returns every message that a page by the policy would send if it opened at the instant and nobody answered.
func (b *Board) WhatIf(ctx context.Context, actor people.Actor, policy string, at time.Time) ([]Reach, error) {
	r, err := b.roster(ctx, actor, at, at.Add(7*24*time.Hour))
	if err != nil {
		return nil, err
	}
	if _, ok := r.Policy(policy); !ok {
		return nil, fault.New(fault.NotFound, "There is no policy %q. Choose one of those on the screen.", policy)
	}
	return r.WhatIf(policy, at), nil
}

func (b *Board) roster(ctx context.Context, actor people.Actor, from, to time.Time) (Roster, error) {
	if err := people.May(actor, people.SeeOnCall, people.Subject{Kind: "rotation"}); err != nil {
		return Roster{}, err
	}
	return b.duties.Roster(ctx, from, to)
}

// Coming returns whom a page will reach next, and when, if nobody acknowledges before; nothing when nobody is to come.
func (p *Pager) Coming(ctx context.Context, page Page, tries []Attempt) ([]Attempt, error) {
	if !page.Live() || page.DueAt.IsZero() {
		return nil, nil
	}
	roster, err := p.duties.Roster(ctx, page.DueAt, page.DueAt)
	if err != nil {
		return nil, err
	}
	return coming(page, tries, roster), nil
}

// coming lets a copy of the page go on, and returns the first message to each person it would write.
func coming(page Page, tries []Attempt, r Roster) []Attempt {
	known := map[string]bool{}
	for _, a := range tries {
		known[a.ID] = true
	}
	var out []Attempt
	told := map[string]bool{}
	for _, a := range Advance(page, tries, r, page.DueAt).Attempts {
		if !known[a.ID] && !told[a.Duty.Person] {
			told[a.Duty.Person] = true
			out = append(out, a)
		}
	}
	return out
}
