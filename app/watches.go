package app

import (
	"context"

	"frontline/integration/prometheus"
	"frontline/integration/sql"
	"frontline/secret"
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
	switch {
	case d.Source.Prometheus != nil:
		return prometheus.New(a.watchSecret), true
	case d.Source.SQL != nil:
		return sql.NewCounts(a.watchSecret), true
	case d.Source.Own != nil:
		return watch.Ourselves{Happenings: a.db}, true
	}
	return nil, false
}

// watchSecret looks a secret up that a watch names; a stored one must be of the team that owns the watch.
func (a *App) watchSecret(ctx context.Context, d watch.Definition, ref secret.Ref) (secret.Text, error) {
	team := d.Team
	if team == "" {
		book, err := a.config.Book(ctx)
		if err != nil {
			return secret.Text{}, err
		}
		service, _ := book.Service(d.Service)
		team = service.Team
	}
	return a.teamSecret(ctx, team, ref)
}

// Watches is what people do with watches, for whoever does so in this process.
func (a *App) Watches() *watch.Service {
	return &watch.Service{Store: a.db, Book: bookAs[watch.Directory](a), Clock: a.clock}
}
