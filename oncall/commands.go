package oncall

import (
	"context"
	"slices"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// Acknowledge says that the actor has the page, named by its id or short name. The wing that owns the subject is told. A page
// that is over stays as it is.
func (p *Pager) Acknowledge(ctx context.Context, actor people.Actor, ref string) (Page, error) {
	return p.answer(ctx, actor, ref, func(page Page, tries []Attempt, now time.Time) Outcome {
		o := Acknowledge(page, tries, actor, now)
		if page.Aim == AimPolicy && o.Page.AckedBy == actor.ID && page.AckedBy != actor.ID {
			o.Do(answered(o.Page, actor, now))
		}
		return o
	})
}

func answered(p Page, by people.Actor, now time.Time) job.New {
	args := AnsweredArgs{Page: p.ID, Subject: p.Subject, Person: by.ID, Via: by.Via, At: now}
	return JobAnswered().At(now, p.ID, args).Ranked(job.Paging)
}

// Escalate fires the next step of the page now. It is a Conflict when the page is over or a test.
func (p *Pager) Escalate(ctx context.Context, actor people.Actor, ref string) (Page, error) {
	page, err := p.answer(ctx, actor, ref, func(page Page, tries []Attempt, now time.Time) Outcome {
		return Escalate(page, tries, actor, now)
	})
	switch {
	case err != nil:
		return Page{}, err
	case page.Aim == AimTest:
		return Page{}, fault.New(fault.Conflict, "A test concerns nobody else and is not escalated. Acknowledge it.")
	case !page.Live():
		return Page{}, fault.New(fault.Conflict, "%s is over: %s. Nobody needs to be reached any more.", page.Short(), page.EndedWhy)
	}
	return page, nil
}

// answer changes the page if the actor may answer it.
func (p *Pager) answer(ctx context.Context, actor people.Actor, ref string, decide func(Page, []Attempt, time.Time) Outcome) (Page, error) {
	page, tries, err := p.pages.Page(ctx, ref)
	if err != nil {
		return Page{}, err
	}
	if err := people.May(actor, answers(actor, page, tries), page.Topic()); err != nil {
		return Page{}, err
	}
	return p.pages.ChangePage(ctx, page.ID, decide)
}

// answers is what it takes to answer the page. Whoever it has paged may, whatever their role: the link in their message lets them too.
func answers(actor people.Actor, p Page, tries []Attempt) people.Verb {
	paged := p.Person == actor.ID || slices.ContainsFunc(tries, func(a Attempt) bool { return a.Duty.Person == actor.ID })
	if actor.Kind == people.ByPerson && paged {
		return people.PageMyself
	}
	return people.HandleAlerts
}

// AcknowledgeAbout acknowledges the live page about the subject; NotFound when there is none.
func (p *Pager) AcknowledgeAbout(ctx context.Context, actor people.Actor, about journal.Subject) (Page, error) {
	pages, err := p.pages.PagesAbout(ctx, about)
	if err != nil {
		return Page{}, err
	}
	for _, page := range pages {
		if page.Live() && page.Aim == AimPolicy {
			return p.Acknowledge(ctx, actor, page.ID)
		}
	}
	return Page{}, fault.New(fault.NotFound, "Nobody is being paged about this. There is nothing to acknowledge.")
}

// Page returns a page, by id or short name, with its ledger. Addresses are left out: who knows a push topic can listen in.
func (p *Pager) Page(ctx context.Context, actor people.Actor, ref string) (Page, []Attempt, error) {
	page, tries, err := p.pages.Page(ctx, ref)
	if err != nil {
		return Page{}, nil, err
	}
	verb := people.SeeOnCall
	if actor.Kind == people.ByLink {
		verb = actor.Can // a link to one page shows that page
	}
	if err := people.May(actor, verb, page.Topic()); err != nil {
		return Page{}, nil, err
	}
	for i := range tries {
		tries[i].Contact.Address = ""
	}
	return page, tries, nil
}

// TestPage pages the actor over all their contacts at once, as urgently as at night. Nobody else is paged, and it ends by itself.
func (p *Pager) TestPage(ctx context.Context, actor people.Actor) (Page, error) {
	if err := people.May(actor, people.PageMyself, people.Subject{Kind: "page"}); err != nil {
		return Page{}, err
	}
	if err := p.reachable(ctx, actor.ID); err != nil {
		return Page{}, err
	}
	return p.raise(ctx, Opening{Aim: AimTest, Person: actor.ID, Subject: journal.Of("person", actor.ID), Title: "Test page", Visibility: people.NamedOnly, Named: []string{actor.ID}}, actor)
}

// Asking is a page to one person, by hand.
type Asking struct {
	Person  string
	About   people.Subject // with its team and visibility; the person when its kind is empty
	Title   string
	Body    string
	Urgency Urgency // High when empty
}

// PagePerson pages one person about any subject. When they do not answer, the page comes back to the actor.
func (p *Pager) PagePerson(ctx context.Context, actor people.Actor, a Asking) (Page, error) {
	if a.About.Kind == "" {
		a.About = people.Subject{Kind: "person", ID: a.Person}
	}
	if err := people.May(actor, people.PagePeople, a.About); err != nil {
		return Page{}, err
	}
	if a.Title == "" {
		return Page{}, fault.Wrong("title", "Say in one line what it is about.")
	}
	if err := p.reachable(ctx, a.Person); err != nil {
		return Page{}, err
	}
	return p.raise(ctx, Opening{
		Aim: AimPerson, Person: a.Person, Subject: journal.Of(a.About.Kind, a.About.ID), Team: a.About.Team, Visibility: a.About.Visibility,
		Named: a.About.Named, Title: a.Title, Body: a.Body, Urgency: a.Urgency,
	}, actor)
}

func (p *Pager) reachable(ctx context.Context, person string) error {
	roster, err := p.now(ctx)
	if err != nil {
		return err
	}
	if _, ok := roster.Person(person); !ok {
		return fault.Wrong("person", "There is no such person. Choose somebody from the list.")
	}
	if !roster.Reachable(person) {
		return fault.Wrong("person", "%s has no contact and cannot be reached. Add one first.", roster.Name(person))
	}
	return nil
}

func (p *Pager) raise(ctx context.Context, o Opening, by people.Actor) (Page, error) {
	pages, err := p.pages.CarryOut(ctx, RaiseOrder(o, by))
	if err != nil {
		return Page{}, err
	}
	return pages[0], nil
}

// PagesTo returns the pages that tried to reach the actor: those that are not over, and those opened since the time. The newest is
// first.
func (p *Pager) PagesTo(ctx context.Context, actor people.Actor, since time.Time) ([]Page, error) {
	if err := people.May(actor, people.SeeOnCall, people.Subject{Kind: "page"}); err != nil {
		return nil, err
	}
	return p.pages.PagesTo(ctx, actor.ID, since, pagesToAtMost)
}

// pagesToAtMost is more than anybody can have read.
const pagesToAtMost = 200

// PagesAbout returns the pages about a subject that the actor may know of, the newest first.
func (p *Pager) PagesAbout(ctx context.Context, actor people.Actor, about journal.Subject) ([]Page, error) {
	if err := people.May(actor, people.SeeOnCall, people.Subject{Kind: "page"}); err != nil {
		return nil, err
	}
	pages, err := p.pages.PagesAbout(ctx, about)
	return slices.DeleteFunc(pages, func(page Page) bool {
		return people.May(actor, people.SeeOnCall, page.Topic()) != nil
	}), err
}
