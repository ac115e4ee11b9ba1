package app

import (
	"cmp"
	"context"
	"net/http"

	"frontline/incident"
	"frontline/integration/statuspage"
	"frontline/people"
	"frontline/web"
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

// wireStatusDoors makes the addresses of the public status page: on the main server and, when it has one, on a listener of its own, where there
// is nothing else.
func (a *App) wireStatusDoors(main *http.ServeMux) error {
	page, err := web.NewStatus(a.published, a.clock, a.log)
	if err != nil {
		return err
	}
	main.Handle("/status", page)
	alone := http.NewServeMux()
	alone.Handle("/", page)
	documents := statuspage.NewDoor(a.published, a.log)
	for _, path := range documents.Paths() {
		main.Handle(path, documents)
		alone.Handle(path, documents)
	}
	if a.statusListener != nil {
		a.servers = append(a.servers, newServer(a.statusListener, alone))
	}
	return nil
}

// StatusURL is where the status page's own server listens; empty when it has none.
func (a *App) StatusURL() string {
	if a.statusListener == nil {
		return ""
	}
	return "http://" + a.statusListener.Addr().String()
}
