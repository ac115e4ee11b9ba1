package app

import (
	"cmp"
	"context"

	"frontline/incident"
	"frontline/people"
)

// wireStatus keeps the head of the public status page and its components as they are configured: at the start, and after each change of
// what is configured.
func (a *App) wireStatus(ctx context.Context) error {
	if err := a.arrangeStatus(ctx); err != nil {
		return err
	}
	changed := make(chan struct{}, 1)
	a.db.OnDefinitions(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	a.loops = append(a.loops, func(ctx context.Context) {
		for {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			if err := a.arrangeStatus(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("status page cannot be arranged", "err", err)
			}
		}
	})
	return nil
}

// arrangeStatus writes nothing when nothing changed.
func (a *App) arrangeStatus(ctx context.Context) error {
	book, err := a.config.Book(ctx)
	if err != nil {
		return err
	}
	page, ok := book.StatusPage()
	if !ok {
		page = incident.Page{ID: "status", Name: a.settings.Company + " status", Zone: a.settings.Zone}
	}
	page.URL = cmp.Or(page.URL, a.settings.status.String())
	return a.incidents.ArrangePage(ctx, people.System("start"), page)
}
