package app

import (
	"context"

	"frontline/watch"
)

// wireWatches makes what keeps an eye on mistake rates.
func (a *App) wireWatches(context.Context) error {
	a.watches = &watch.Keeper{Store: a.db, Book: bookAs[watch.Directory](a), Ask: a.countsOf, Signals: a.intake, Clock: a.clock, Log: a.log,
		Link: func(f watch.Finding) string {
			return a.settings.base.JoinPath("watches", f.Watch, "findings", f.Name()).String()
		}}
	a.loops = append(a.loops, a.watches.Tend)
	return nil
}

// countsOf is the source that is asked for a watch's counts. A new one is one line here.
func (a *App) countsOf(d watch.Definition) (watch.Source, bool) {
	return nil, false
}
