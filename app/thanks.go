package app

import (
	"context"

	"frontline/thanks"
)

// wireThanks makes what lets people thank each other.
func (a *App) wireThanks(context.Context) error {
	a.thanks = &thanks.Service{DB: a.db, Book: bookAs[thanks.Directory](a), Matters: thanks.Wings{Desk: a.desk, Incidents: a.incidents, Actions: a.actions}, Now: a.db.Now, Zone: a.settings.zone,
		Link: func(x thanks.Thanks) string { return a.settings.base.JoinPath("thanks", x.Name()).String() },
		Wall: a.settings.base.JoinPath("thanks").String()}
	if a.mail != nil {
		a.thanks.Mailer = a.mail
	}
	return nil
}

// Thanks is where people thank each other, for whoever does so in this process.
func (a *App) Thanks() *thanks.Service { return a.thanks }
