package app

import (
	"context"
	"net/http"
	"strings"

	"frontline/alert"
	"frontline/clock"
	"frontline/door"
	"frontline/integration/alertmanager"
	"frontline/integration/pagerduty"
	"frontline/integration/prometheus"
	"frontline/integration/remote"
	"frontline/oncall"
	"frontline/people"
	"frontline/secret"
	"frontline/watch"
	"frontline/web"
	"frontline/wire"
)

// wireDoors makes every address at which we are called.
func (a *App) wireDoors(context.Context) error {
	screens, err := a.screens()
	if err != nil {
		return err
	}
	programs, err := a.programs()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.Handle(alertmanager.Path, alertmanager.Handler(a.accept("alertmanager"), a.log))
	mux.Handle(pagerduty.Path, pagerduty.Handler(a.accept("pagerduty"), a.log))
	a.slackDoor(mux)
	mux.Handle(door.HookPath, door.Hook(a.escalated.Hear, a.log))
	mux.Handle(wire.Prefix+"/", programs)
	mux.Handle("POST "+prometheus.Path, &prometheus.Door{Tokens: a.signIn, Counts: a.db, Book: bookAs[watch.Directory](a), Clock: a.clock, Log: a.log})
	mux.Handle(remote.Path, remote.NewDoor(a.runners, a.db, a.clock, a.log))
	if err := a.wireStatusDoors(mux); err != nil {
		return err
	}
	mux.Handle("/", screens)
	a.handler = mux
	main := newServer(a.listener, a.handler)
	main.RegisterOnShutdown(screens.Stop)
	main.RegisterOnShutdown(a.runners.Stop)
	a.servers = append(a.servers, main)
	return nil
}

// accept is how a source's door hands over what it parsed.
func (a *App) accept(kind string) door.Accept {
	return func(ctx context.Context, token secret.Text, b alert.Batch) error {
		_, err := a.intake.Accept(ctx, kind, token, b)
		return err
	}
}

// screens are the web interface.
func (a *App) screens() (*web.Server, error) {
	return web.New(web.Deps{
		SignIn: a.signIn, SetUp: a.signIn, Tokens: a.signIn, Sessions: a.signIn, Invites: a.signIn, Changes: changes{a.db},
		Answers: answers{a.pager, a.links, a.clock}, Matters: a.db, Alerts: a.db, Handling: a.handling, Paging: answers{a.pager, a.links, a.clock}, Incidents: a.incidents, Rooms: a.incidents, Requests: a.desk, Finding: a.desk, Demands: a.desk, Developers: a.escalated, Insight: a.figures, Proposals: a.explorer, Papers: a.incidents, Status: a.published, Journal: a.db, Book: bookAs[web.Book](a), Configured: bookAs[web.Configured](a), Folders: a.db,
		Rota: a.board, MyPages: a.pager, Trouble: a.incidents, Upkeep: a.upkeep(), Runs: a.actions, Actions: a.actions, Rules: a.ruleBoard, WhyRules: a.ruleBoard, Types: a.config, Mornings: a.mornings, TakingUp: a.desk, TakingOver: a.duties, Runners: a.runners, Clusters: a.actions, Secrets: *a.actions.Vault, Badges: web.NewBadges(alert.NewBoard(a.db), a.incidents, a.desk),
		Thanks:  a.thanks,
		Watches: a.Watches(),
		Chat:    a.chatState(),
		Inbox:   a.inbox(),
		Privacy: a.privacy,
		Sandbox: a.sandbox, Clock: a.clock, Log: a.log, Base: a.settings.base, Zone: a.settings.zone, Company: a.settings.Company,
	})
}

// answers lets the holder of a link see and answer one page.
type answers struct {
	*oncall.Pager
	links *oncall.Links
	clock clock.Clock
}

// Grant implements web.Answers.
func (a answers) Grant(token string) (oncall.Grant, error) { return a.links.Read(token, a.clock.Now()) }

// changes turns the store's topics into subjects, for whom web asks people.May.
type changes struct {
	feed interface {
		Subscribe(ctx context.Context) <-chan []string
	}
}

// Subscribe implements web.Changes.
func (c changes) Subscribe(ctx context.Context) <-chan []people.Subject {
	out := make(chan []people.Subject)
	topics := c.feed.Subscribe(ctx)
	go func() { // ends with ctx, which closes topics
		defer close(out)
		for ts := range topics {
			select {
			case out <- subjects(ts):
			case <-ctx.Done():
			}
		}
	}()
	return out
}

func subjects(topics []string) []people.Subject {
	var out []people.Subject
	for _, t := range topics {
		if kind, id, ok := strings.Cut(t, ":"); ok {
			out = append(out, people.Subject{Kind: kind, ID: id})
		}
	}
	return out
}
