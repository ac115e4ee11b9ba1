package app

import (
	"context"

	"frontline/insight"
)

// wireInsight makes what answers questions about the desk's work.
func (a *App) wireInsight(context.Context) error {
	a.figures = &insight.Board{DB: a.db, Book: bookAs[insight.Directory](a), Now: a.db.Now}
	a.explorer = &insight.Explorer{DB: a.db, Desk: a.desk, Zone: a.settings.zone, Clock: a.clock, Log: a.log}
	a.loops = append(a.loops, a.explorer.Run)
	return nil
}

// fillFacts makes what is counted of requests from before it was counted.
func (a *App) fillFacts(ctx context.Context) {
	if err := a.figures.Fill(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn("older requests are not counted yet; the next start tries again", "err", err)
	}
}
