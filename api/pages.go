package api

import (
	"context"
	"net/http"

	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/wire"
)

// Pages is where people are paged, and answer.
type Pages interface {
	Ledger
	Pager
}

var _ Pages = (*oncall.Pager)(nil)

// Ledger is where pages are read.
type Ledger interface {
	Page(ctx context.Context, actor people.Actor, ref string) (oncall.Page, []oncall.Attempt, error)
	PagesAbout(ctx context.Context, actor people.Actor, about journal.Subject) ([]oncall.Page, error)
}

// Pager is how people are paged, and answer.
type Pager interface {
	Acknowledge(ctx context.Context, actor people.Actor, ref string) (oncall.Page, error)
	Escalate(ctx context.Context, actor people.Actor, ref string) (oncall.Page, error)
	EscalateAbout(ctx context.Context, actor people.Actor, about journal.Subject) (oncall.Page, error)
	TestPage(ctx context.Context, actor people.Actor) (oncall.Page, error)
	PagePerson(ctx context.Context, actor people.Actor, a oncall.Asking) (oncall.Page, error)
}

func (s *server) pages() {
	add(s, route{Method: http.MethodGet, Path: "/pages/{id}", ID: "showPage", Verb: people.SeeOnCall, Summary: "Show a page",
		Say: "With every attempt to deliver it."}, s.showPage)
	add(s, route{Method: http.MethodPost, Path: "/pages/{id}/acknowledge", ID: "acknowledgePage", Verb: people.PageMyself, Summary: "Acknowledge a page",
		Say: "Whoever was paged by name may; a page of a policy needs the role support. A page that is over stays as it is."}, s.acknowledgePage)
	add(s, route{Method: http.MethodPost, Path: "/pages/{id}/escalate", ID: "escalatePage", Verb: people.PageMyself, Summary: "Escalate a page now",
		Say: "Fires its next step without waiting. Whoever was paged by name may; a page of a policy needs the role support."}, s.escalatePage)
	add(s, route{Method: http.MethodPost, Path: "/pages", ID: "pagePerson", Verb: people.PagePeople, Status: http.StatusCreated, Summary: "Page one person",
		Say: "When they do not answer, the page comes back to you."}, s.pagePerson)
	add(s, route{Method: http.MethodPost, Path: "/pages/test", ID: "testPage", Verb: people.PageMyself, Status: http.StatusCreated, Summary: "Page yourself as a test",
		Say: "Over all your contacts at once, as urgently as at night. Nobody else is paged, and it ends by itself."}, s.testPage)
}

type byPage struct {
	ID string `path:"id" maxLength:"100" doc:"The page's id." example:"P-12"`
}

func (s *server) showPage(ctx context.Context, by people.Actor, in *byPage) (wire.Page, error) {
	p, tries, err := s.deps.Pages.Page(ctx, by, in.ID)
	if err != nil {
		return wire.Page{}, err
	}
	n, err := s.names(ctx)
	return n.page(p, tries), err
}

func (s *server) acknowledgePage(ctx context.Context, by people.Actor, in *byPage) (wire.Page, error) {
	if _, err := s.deps.Pages.Acknowledge(ctx, by, in.ID); err != nil {
		return wire.Page{}, err
	}
	return s.showPage(ctx, by, in)
}

func (s *server) escalatePage(ctx context.Context, by people.Actor, in *byPage) (wire.Page, error) {
	if _, err := s.deps.Pages.Escalate(ctx, by, in.ID); err != nil {
		return wire.Page{}, err
	}
	return s.showPage(ctx, by, in)
}

type pagePerson struct{ Body wire.PagePerson }

func (s *server) pagePerson(ctx context.Context, by people.Actor, in *pagePerson) (wire.Page, error) {
	asking := oncall.Asking{Person: in.Body.Person, Title: in.Body.Title, Body: in.Body.Body, Urgency: oncall.Urgency(in.Body.Urgency)}
	if in.Body.About != "" {
		about, err := s.about(ctx, by, in.Body.About)
		if err != nil {
			return wire.Page{}, err
		}
		asking.About = about
	}
	p, err := s.deps.Pages.PagePerson(ctx, by, asking)
	if err != nil {
		return wire.Page{}, err
	}
	return s.showPage(ctx, by, &byPage{p.ID})
}

func (s *server) testPage(ctx context.Context, by people.Actor, _ *struct{}) (wire.Page, error) {
	p, err := s.deps.Pages.TestPage(ctx, by)
	if err != nil {
		return wire.Page{}, err
	}
	return s.showPage(ctx, by, &byPage{p.ID})
}

// pagesAbout returns the pages about a subject with their ledgers.
func (s *server) pagesAbout(ctx context.Context, by people.Actor, n names, about journal.Subject) ([]wire.Page, error) {
	all, err := s.deps.Pages.PagesAbout(ctx, by, about)
	if err != nil {
		return nil, err
	}
	out := []wire.Page{}
	for _, p := range all {
		p, tries, err := s.deps.Pages.Page(ctx, by, p.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, n.page(p, tries))
	}
	return out, nil
}

func (n names) page(p oncall.Page, tries []oncall.Attempt) wire.Page {
	return wire.Page{
		ID: p.Short(), UID: p.ID, Aim: string(p.Aim), Subject: wire.Subject{Kind: p.Subject.Kind, UID: p.Subject.ID}, Policy: p.Policy, Person: n.person(p.Person),
		Urgency: string(p.Urgency), Title: p.Title, State: string(p.State), OpenedAt: p.OpenedAt, DueAt: p.DueAt, AcknowledgedAt: p.AckedAt,
		AcknowledgedBy: n.person(p.AckedBy), AcknowledgedVia: p.AckedVia, EndedAt: p.EndedAt, EndedWhy: p.EndedWhy, Exhausted: p.Exhausted,
		Attempts: every(tries, n.attempt),
	}
}

func (n names) attempt(a oncall.Attempt) wire.Attempt {
	return wire.Attempt{
		N: a.N, Person: *n.person(a.Duty.Person), Reason: string(a.Duty.Reason), Rotation: a.Duty.Rotation, Channel: a.Contact.Channel, State: string(a.State),
		Tries: a.Tries, DueAt: a.DueAt, SentAt: a.SentAt, Receipt: a.Receipt.Detail, Error: a.Error, Skipped: a.Skip,
	}
}
