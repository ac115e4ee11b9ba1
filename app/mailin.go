package app

import (
	"context"
	"net"
	"slices"
	"strings"

	"frontline/desk"
	"frontline/integration/email"
	"frontline/people"
	"frontline/search"
)

// wireMailIn takes mail for the desk.
func (a *App) wireMailIn(ctx context.Context) error {
	if a.settings.mailbox != nil {
		a.mailbox = &email.Mailbox{Settings: *a.settings.mailbox, Addresses: a.deskAddresses, Take: a.takeMail, Clock: a.clock, Log: a.log}
		a.loops = append(a.loops, a.mailbox.Run)
	}
	if a.settings.MailIn == "" {
		return nil
	}
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.settings.MailIn)
	if err != nil {
		return wrong("mail-in", a.settings.MailIn, "an address that nothing else listens on, such as 127.0.0.1:2525")
	}
	a.mailIn = socket.Addr().String()
	l := &email.Listener{Domain: a.settings.base.Hostname(), Addresses: a.deskAddresses, Take: a.takeMail, Log: a.log}
	a.loops = append(a.loops, func(ctx context.Context) {
		if err := l.Serve(ctx, socket); err != nil {
			a.log.Error("mail is not taken in any more", "err", err)
		}
	})
	a.closers = append(a.closers, func() { _ = socket.Close() })
	return nil
}

// deskAddresses are those at which the desk takes mail.
func (a *App) deskAddresses(ctx context.Context) ([]string, error) {
	book, err := a.config.Book(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	if a.settings.MailDesk != "" {
		all = append(all, strings.ToLower(a.settings.MailDesk))
	}
	for _, t := range book.RequestTypes() {
		for _, m := range t.Mail {
			all = append(all, strings.ToLower(m))
		}
	}
	return all, nil
}

// takeMail makes a mail a message of the desk.
func (a *App) takeMail(ctx context.Context, to []string, raw []byte) error {
	book, err := a.config.Book(ctx)
	if err != nil {
		return err
	}
	m := email.Read(raw)
	body, cut := kept(m.Text)
	in := desk.Incoming{Title: m.Subject, Body: body, Cut: cut, Files: m.Files, Formless: true, Automatic: m.Automatic,
		Arrival: desk.Arrival{Channel: "mail", Ref: m.ID, Number: m.Number(), From: desk.Party{Address: m.From, Name: m.Name}}}
	for _, id := range m.Answers {
		if a.mail != nil && a.mail.SentID(id) != "" {
			id = desk.SendRef + a.mail.SentID(id)
		}
		in.Thread = append(in.Thread, id)
	}
	for _, t := range book.RequestTypes() {
		if slices.ContainsFunc(t.Mail, func(m string) bool { return slices.Contains(to, strings.ToLower(m)) }) {
			in.Type = t.ID
			break
		}
	}
	_, _, err = a.desk.Receive(ctx, people.Actor{Kind: people.BySource, ID: "mail", Name: "Mail", Via: "mail"}, in)
	return err
}

// kept parts a mail into what was written and what hangs on it: earlier mails and signatures, which are folded and not lost. A mail of nothing
// else is taken whole.
func kept(text string) (body, cut string) {
	parts := search.Mail(text)
	if body = parts.Kept(); strings.TrimSpace(body) == "" {
		return text, ""
	}
	return body, parts.Cut()
}
