package app

import (
	"context"
	"strings"

	"frontline/config"
	"frontline/fault"
	"frontline/integration/email"
	"frontline/integration/heartbeat"
	"frontline/integration/ntfy"
	"frontline/integration/slack"
	"frontline/oncall"
	"frontline/people"
)

// wirePeople makes what knows people and what is configured.
func (a *App) wirePeople(context.Context) error {
	kinds, err := kindsOf(a.clock, a.getenv)
	if err != nil {
		return err
	}
	addresses := map[string]func(string) error{}
	channels, err := a.channels()
	if err != nil {
		return err
	}
	for _, c := range channels {
		addresses[c.Name()] = c.Check
	}
	a.config = config.New(a.db, a.clock, a.getenv, config.Known{Channels: addresses, Actions: kinds.Check, Trackers: trackerChecks(), Advise: a.advise})
	a.db.OnDefinitions(a.config.Stale)
	a.signIn = people.NewSignIn(a.db, bookAs[people.Directory](a), a.clock)
	return nil
}

// channels are the ways to reach people. A new one is one line here.
func (a *App) channels() ([]oncall.Channel, error) {
	channels := []oncall.Channel{ntfy.New(ntfy.Settings{})}
	if a.settings.mail != nil {
		mail, err := a.mailer()
		if err != nil {
			return nil, err
		}
		channels = append(channels, mail)
	}
	if a.slack != nil {
		channels = append(channels, slack.Pages{Client: a.slack.Client})
	}
	return channels, nil
}

func (a *App) mailer() (*email.Channel, error) {
	m := a.settings.mail
	return email.New(email.Settings{Host: m.host, Port: m.port, TLS: email.TLS(m.tls), Username: m.user, Password: m.password, From: m.from, Roots: m.roots}, a.clock)
}

// wireHeartbeat calls an address outside while paging is healthy.
func (a *App) wireHeartbeat() error {
	if a.settings.heartbeat.Empty() {
		return nil
	}
	out, err := heartbeat.New(a.settings.heartbeat)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, out.Close)
	beat := oncall.NewHeartbeat(a.auditor, out, a.settings.HeartbeatEvery, a.clock, a.log)
	a.loops = append(a.loops, beat.Run)
	return nil
}

// SetUpLink returns the one-time address at which the first administrator is made; false when there is one already.
func (a *App) SetUpLink(ctx context.Context) (string, bool, error) {
	token, needed, err := a.signIn.SetUpLink(ctx)
	if err != nil || !needed {
		return "", false, err
	}
	return strings.TrimRight(a.settings.base.String(), "/") + "/setup/" + token.Reveal(), true, nil
}

// InviteLink makes a one-time link with which the person with the address sets a new password: the way back in for the machine's own
// administrator when nobody else can make one.
func (a *App) InviteLink(ctx context.Context, email string) (string, error) {
	book, err := a.config.Book(ctx)
	if err != nil {
		return "", err
	}
	person, ok := book.PersonByEmail(email)
	if !ok {
		return "", fault.Wrong("email", "Nobody here has the address %s. Give the address of a person who is configured.", email)
	}
	i, err := a.signIn.Invite(ctx, people.System("terminal"), person.ID)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(a.settings.base.String(), "/") + "/invite/" + i.Token.Reveal(), nil
}
