package app

import (
	"cmp"
	"context"
	"fmt"

	"frontline/action"
	"frontline/config"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// glassHandlers carry out what break-glass asks of the pager.
func (a *App) glassHandlers() []job.Handler {
	return []job.Handler{action.KindGlass().Handle(a.pageOwner), action.KindReviewed().Handle(a.reviewed), oncall.JobAnswered().Handle(a.answered)}
}

// pageOwner pages the team that owns an action about a run by break-glass, once.
func (a *App) pageOwner(ctx context.Context, args action.JobGlass) error {
	run, err := a.db.ActionRun(ctx, args.Run)
	if err != nil {
		return err
	}
	pages, err := a.db.PagesAbout(ctx, journal.Of("run", run.ID))
	if err != nil || len(pages) > 0 { // a crash after the page was opened: it goes its way already
		return err
	}
	book, err := a.config.Book(ctx)
	if err != nil {
		return err
	}
	policy := ownersPolicy(book, run.Definition)
	if policy == "" {
		a.log.Warn("nobody is paged about a run by break-glass: its team has no escalation policy", "run", run.ID, "action", run.Definition.ID, "team", run.Definition.Team)
		return nil
	}
	_, err = a.db.CarryOut(ctx, oncall.RaiseOrder(a.glassPage(book, run, policy), people.System("job")))
	return err
}

// ownersPolicy says who is reached about an action: its own services' policy when it is the owning team's, then any of the team's, then that of
// its services.
func ownersPolicy(book *config.Book, d action.Definition) string {
	var ofService, ofTeam string
	for _, id := range d.Services {
		s, ok := book.Service(id)
		if p, known := book.Policy(s.Policy); ok && known {
			if p.Team == d.Team {
				return p.ID
			}
			ofService = cmp.Or(ofService, p.ID)
		}
	}
	for _, p := range book.Policies() {
		if p.Team == d.Team {
			ofTeam = cmp.Or(ofTeam, p.ID)
		}
	}
	return cmp.Or(ofTeam, ofService)
}

func (a *App) glassPage(book *config.Book, run action.Run, policy string) oncall.Opening {
	who := book.Name("person", run.Glass.By.ID)
	return oncall.Opening{Subject: journal.Of("run", run.ID), Team: run.Definition.Team, Visibility: run.Definition.Narrow(), Policy: policy,
		Title: fmt.Sprintf("Break-glass by %s: %s", who, run.Definition.Title), Began: run.Glass.At,
		Body: fmt.Sprintf("%s started %s at once, without anybody's yes. Reason: %s\n\n%s\n\nSomebody else of the team has to review it: %s",
			who, run.Ref(), run.Glass.Reason, run.Plan.Summary, a.runLink(run))}
}

// reviewed ends the page about a run by break-glass: somebody has looked at it.
func (a *App) reviewed(ctx context.Context, args action.JobGlass) error {
	return a.endRunPages(ctx, args.Run, "reviewed")
}

func (a *App) endRunPages(ctx context.Context, run, why string) error {
	_, err := a.db.CarryOut(ctx, oncall.EndOrder(journal.Of("run", run), why, people.System("job")))
	return err
}

// answered tells the wing that owns a page's subject that somebody took it. A page about a run has done its work by that: the review stays open
// on the screens.
func (a *App) answered(ctx context.Context, args oncall.AnsweredArgs) error {
	if args.Subject.Kind == "run" {
		return a.endRunPages(ctx, args.Subject.ID, "acknowledged")
	}
	return a.handling.Answered(ctx, args)
}

// runLink is where a run is looked at.
func (a *App) runLink(r action.Run) string { return a.settings.base.JoinPath("runs", r.Ref()).String() }
