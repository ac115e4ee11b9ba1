package app

import (
	"context"
	"slices"

	"frontline/action"
	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/integration/exec"
	"frontline/integration/httpcall"
	"frontline/integration/kubernetes"
	"frontline/integration/rabbitmq"
	"frontline/integration/sql"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
	"frontline/watch"
	"frontline/web"
)

// kinds are the kinds of work that an action may name. A new one is one line here.
func kindsOf(c clock.Clock, getenv func(string) string) (action.Kinds, error) {
	return action.NewKinds(slices.Concat(kubernetes.Kinds(c), rabbitmq.Kinds(c), []action.Kind{exec.New(c, getenv, exec.Self()), httpcall.New(c), sql.New(c)})...)
}

// wireActions makes what plans and carries out actions.
func (a *App) wireActions(ctx context.Context) error {
	kinds, err := kindsOf(a.clock, a.getenv)
	if err != nil {
		return err
	}
	key, err := a.db.Key(ctx, "inputs", a.settings.key)
	if err != nil {
		return err
	}
	a.actions = &action.Runner{Runs: a.db, Records: a.db, Shelf: a.db, Book: bookAs[action.Directory](a), Kinds: kinds, Clock: a.clock, Log: a.log,
		Getenv: a.getenv, Box: box{key, "run inputs"}, Belongs: a.belongs, Given: a.given(), Link: a.runLink, Budget: a.settings.budget}
	a.actions.Allowances = a.db
	vault, err := a.db.Key(ctx, "stored secrets", a.settings.key)
	if err != nil {
		return err
	}
	a.actions.Vault = &action.Vault{Safe: a.db, Book: bookAs[action.Directory](a), Key: vault}
	a.mornings = &action.Mornings{Nights: a.db, Runner: a.actions, Teams: a.teams, Enqueue: a.db.Enqueue, Zone: a.settings.zone, Link: a.handoverLink, Clock: a.clock, Log: a.log}
	if a.settings.mail == nil {
		return nil // the screens alone tell who is asked
	}
	mail, err := a.mailer()
	a.actions.Mailer = mail
	return err
}

// teams are all that are configured now.
func (a *App) teams(ctx context.Context) ([]people.Team, error) {
	book, err := a.config.Book(ctx)
	if err != nil {
		return nil, err
	}
	return book.Teams(), nil
}

func (a *App) handoverLink(h action.Handover) string {
	return a.settings.base.JoinPath("handover", h.ID()).String()
}

// sandbox is what this host gives to scripts, as a screen says it.
func (a *App) sandbox() web.Sandbox {
	k, ok := a.actions.Kinds["exec"].(*exec.Kind)
	if !ok {
		return web.Sandbox{}
	}
	s := k.Sandbox()
	return web.Sandbox{Level: string(s.Level), Say: s.Level.Say(), Why: s.Why, Mend: s.Mend()}
}

// belongs says whether the actor may hang a run on the subject.
func (a *App) belongs(ctx context.Context, actor people.Actor, s journal.Subject) error {
	switch s.Kind {
	case "":
		return nil
	case "incident":
		_, err := a.incidents.Incident(ctx, actor, s.ID)
		return err
	case "group":
		g, err := a.db.Group(ctx, s.ID)
		if err != nil {
			return err
		}
		return people.May(actor, people.SeeAlerts, g.Topic())
	case "request":
		_, err := a.desk.Request(ctx, actor, s.ID)
		return err
	case action.Asking:
		return a.asking(ctx, actor, s.ID)
	}
	return fault.New(fault.Invalid, "A run belongs to an alert, an incident or a request, not to a %s. Start it from one of them, or alone.", s.Kind)
}

// asking says whether somebody may run something in place of a request of a type.
func (a *App) asking(ctx context.Context, actor people.Actor, kind string) error {
	book, err := a.config.Book(ctx)
	if err != nil {
		return err
	}
	if _, known := book.RequestType(kind); !known && kind != desk.OtherType {
		return fault.New(fault.Invalid, "There is no such type of request any more. Start the action alone.")
	}
	return people.May(actor, people.AskDesk, people.Subject{Kind: "request"})
}

// box keeps something sealed in the database, such as secret inputs between planning and running.
type box struct {
	key  secret.Text
	what string
}

func (b box) Seal(plain []byte) ([]byte, error) {
	sealed, err := secret.Seal(b.key, b.what, plain)
	return []byte(sealed), err
}

func (b box) Open(sealed []byte) ([]byte, error) {
	return secret.Open(b.key, b.what, string(sealed))
}

// wireIncidents makes what people coordinate on.
func (a *App) wireIncidents(context.Context) error {
	a.incidents = &incident.Service{DB: a.db, Book: bookAs[incident.Directory](a), Groups: a.db, Runs: a.actions, Link: a.incidentLink,
		Watches: &watch.Service{Store: a.db, Book: bookAs[watch.Directory](a), Clock: a.clock}}
	a.published = incident.NewStatusCache(a.db, a.clock)
	if a.settings.mail == nil {
		a.incidents.Mailer = noMail{}
		return nil
	}
	mail, err := a.mailer()
	a.incidents.Mailer = mail
	return err
}

func (a *App) incidentLink(i incident.Incident) string {
	return a.settings.base.JoinPath("incidents", i.Name()).String()
}

// noMail stands in where no mail server is set: each mail fails for good and says so.
type noMail struct{}

// Mail implements incident.Mailer.
func (noMail) Mail(context.Context, string, string, string, string) (string, error) {
	return "", fault.New(fault.Invalid, "No mail server is set. Start Frontline with --mail to tell people by mail.")
}

// Actions is where actions are planned and run, for whoever does so in this process.
func (a *App) Actions() *action.Runner { return a.actions }
