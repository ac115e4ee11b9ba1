package oncall

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// EscalateAbout fires the next step of the live page about the subject now; NotFound when nobody is being paged about it.
func (p *Pager) EscalateAbout(ctx context.Context, actor people.Actor, about journal.Subject) (Page, error) {
	pages, err := p.pages.PagesAbout(ctx, about)
	if err != nil {
		return Page{}, err
	}
	for _, page := range pages {
		if page.Live() && page.Aim == AimPolicy {
			return p.Escalate(ctx, actor, page.ID)
		}
	}
	return Page{}, fault.New(fault.NotFound, "Nobody is being paged about this. Page somebody by name instead.")
}

// longestTurn is more than a turn lasts, whatever the clocks do in it.
const longestTurn = week + 24*time.Hour

// At returns who is on call at the instant in each rotation, with the whole of their shift.
func (b *Board) At(ctx context.Context, actor people.Actor, at time.Time) ([]Post, error) {
	r, err := b.roster(ctx, actor, at.Add(-longestTurn), at.Add(longestTurn)) // an override before or after cuts the shift
	if err != nil {
		return nil, err
	}
	return r.Now(at), nil
}
