package app

import (
	"context"

	"frontline/desk"
	"frontline/integration/email"
	"frontline/oncall"
)

// wireDesk makes what takes requests in and answers them.
func (a *App) wireDesk(context.Context) error {
	a.desk = &desk.Service{DB: a.db, Book: bookAs[desk.Directory](a), OnCall: a.firstOnCall, Link: a.requestLink, Channels: map[string]desk.Channel{}, Now: a.db.Now, Zone: a.settings.zone,
		AnswerLink: func(x desk.Answer) string { return a.settings.base.JoinPath("answers", x.Name()).String() }}
	if a.settings.mail == nil {
		return nil
	}
	mail, err := a.mailer()
	if err != nil {
		return err
	}
	a.mail, a.desk.Mailer = mail, mail
	a.desk.Channels["mail"] = email.Replies{Channel: mail, To: a.settings.MailDesk}
	return nil
}

func (a *App) requestLink(r desk.Request) string {
	return a.settings.base.JoinPath("requests", r.Name()).String()
}

// firstOnCall is who is on call in a rotation now; empty when nobody is.
func (a *App) firstOnCall(ctx context.Context, rotation string) (string, error) {
	now := a.db.Now()
	roster, err := a.duties.Roster(ctx, now, now)
	if err != nil {
		return "", err
	}
	duty, _ := roster.Who(oncall.Target{Rotation: rotation}, now)
	return duty.Person, nil
}
