package app

import (
	"context"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/store"
	"frontline/web"
)

var _ web.Upkeep = upkeep{}

// upkeep tells the screens how Frontline itself does.
type upkeep struct {
	*oncall.Auditor
	*alert.Board
	journal *journal.Reader
	db      *store.DB
}

func (a *App) upkeep() upkeep {
	return upkeep{a.auditor, alert.NewBoard(a.db), journal.NewReader(a.db), a.db}
}

// inbox says how the desk's mailbox does; nil when there is none.
func (a *App) inbox() func() web.Inbox {
	if a.mailbox == nil {
		return nil
	}
	return func() web.Inbox {
		last := a.mailbox.Last()
		out := web.Inbox{Name: a.mailbox.Name(), At: last.At, Since: last.Since, Taken: last.Taken}
		if last.Failed != nil {
			out.Failed = fault.Sentence(last.Failed)
		}
		return out
	}
}

// Health implements web.Upkeep.
func (u upkeep) Health() oncall.Health { return u.Last() }

// Sealing implements web.Upkeep.
func (u upkeep) Sealing(ctx context.Context, actor people.Actor) (journal.Sealing, error) {
	return u.journal.Sealing(ctx, actor)
}

// Backlog implements web.Upkeep.
func (u upkeep) Backlog(ctx context.Context, actor people.Actor, late time.Time) (job.Backlog, error) {
	if err := people.May(actor, people.SeeSystem, people.Subject{Kind: "job"}); err != nil {
		return job.Backlog{}, err
	}
	return u.db.Backlog(ctx, late)
}
