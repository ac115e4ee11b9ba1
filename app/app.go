package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/clock"
	"frontline/config"
	"frontline/desk"
	"frontline/incident"
	"frontline/insight"
	"frontline/integration/email"
	"frontline/integration/slack"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/privacy"
	"frontline/rule"
	"frontline/runner"
	"frontline/store"
	"frontline/thanks"
	"frontline/watch"
)

// App is the whole program, wired.
type App struct {
	settings checked
	clock    clock.Clock
	log      *slog.Logger
	getenv   func(string) string
	metrics  *metrics

	db        *store.DB
	config    *config.Config
	signIn    *people.SignIn
	intake    *alert.Intake
	watches   *watch.Keeper
	handling  *alert.Handling
	duties    *oncall.Duties
	links     *oncall.Links
	board     *oncall.Board
	pager     *oncall.Pager
	auditor   *oncall.Auditor
	actions   *action.Runner
	runners   *runner.Dispatch
	rules     *rule.Engine
	ruleBoard *rule.Board
	mornings  *action.Mornings
	incidents *incident.Service
	desk      *desk.Service
	thanks    *thanks.Service
	privacy   *privacy.Service
	escalated *desk.Escalations
	figures   *insight.Board
	explorer  *insight.Explorer
	mail      *email.Channel // nil without a mail server
	slack     *slack.App     // nil without Slack
	mailbox   *email.Mailbox // that mail for the desk is fetched from; nil without one
	mailIn    string         // where mail for the desk is taken; empty when it is not
	runner    *job.Runner

	published *incident.StatusCache

	listener       net.Listener
	statusListener net.Listener // nil when the status page has no address of its own
	handler        http.Handler
	servers        []server
	loops          []func(context.Context)
	closers        []func()
	stopping       atomic.Bool
}

// Options are what New needs besides the settings. Tests give a moved clock.
type Options struct {
	Clock  clock.Clock
	Log    *slog.Logger
	Getenv func(string) string
}

// New checks every setting, opens the database and the sockets, and wires the program. Nothing runs before Run, and nothing is left open when
// it fails.
func New(ctx context.Context, s Settings, o Options) (*App, error) {
	c, err := s.check(o.Getenv)
	if err != nil {
		return nil, err
	}
	a := &App{settings: c, clock: o.Clock, log: o.Log, getenv: o.Getenv, metrics: newMetrics()}
	if a.db, err = store.Open(ctx, c.Database, store.Options{Clock: o.Clock, Log: o.Log}); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{a.changeKey, a.openSockets, a.wireSlack, a.wirePeople, a.wirePager, a.wireActions, a.wireRunners, a.wireIncidents, a.wireDesk, a.wireTrackers, a.wireThanks, a.wirePrivacy, a.wireInsight, a.wireWatches, a.wireMailIn, a.wireRules, a.wireStatus, a.wireSlackDeeds, a.wireJobs, a.wireDoors} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

// changeKey seals what the installation's old key protects under the new one, when both are given.
func (a *App) changeKey(ctx context.Context) error {
	if a.settings.oldKey.Empty() {
		return nil
	}
	n, err := a.db.ChangeMaster(ctx, a.settings.oldKey, a.settings.key)
	if err == nil {
		a.log.Info("the installation's key is changed; FRONTLINE_KEY_OLD is needed no more", "sealed_anew", n)
	}
	return err
}

// wirePager makes what takes signals in and reaches people.
func (a *App) wirePager(ctx context.Context) error {
	key, err := a.db.Key(ctx, "page links", a.settings.key)
	if err != nil {
		return err
	}
	channels, err := a.channels()
	if err != nil {
		return err
	}
	for i, c := range channels {
		channels[i] = measured{c, a.metrics, a.clock}
	}
	a.links = oncall.NewLinks(key, a.settings.base.String())
	a.duties = oncall.NewDuties(bookAs[oncall.Book](a), a.db)
	a.board = oncall.NewBoard(a.duties, a.clock)
	a.pager = oncall.NewPager(a.db, a.duties, a.links, a.clock, channels...)
	a.auditor = oncall.NewAuditor(a.db, a.clock, a.log)
	a.metrics.watch(a.auditor)
	a.intake = alert.NewIntake(a.db, bookAs[alert.Directory](a), a.metrics.accepted)
	a.handling = alert.NewHandling(a.db)
	return a.wireHeartbeat()
}

// bookAs lets a wing see the current book through an interface of its own.
func bookAs[D any](a *App) func(context.Context) (D, error) {
	return func(ctx context.Context) (D, error) {
		b, err := a.config.Book(ctx)
		if err != nil {
			var none D
			return none, err
		}
		return any(b).(D), nil
	}
}

// wireJobs binds each kind of job to exactly one handler.
func (a *App) wireJobs(context.Context) error {
	var handlers []job.Handler
	handlers = append(handlers, a.pager.Handlers()...)
	handlers = append(handlers, a.actions.Handlers()...)
	handlers = append(handlers, a.incidents.Handlers()...)
	handlers = append(handlers, a.desk.Handlers()...)
	handlers = append(handlers, a.thanks.Handlers(a.db.Enqueue)...)
	handlers = append(handlers, a.privacyHandlers()...)
	handlers = append(handlers, a.escalated.Handlers()...)
	handlers = append(handlers, a.glassHandlers()...)
	handlers = append(handlers, a.rules.Handlers()...)
	handlers = append(handlers, a.explorer.Handlers()...)
	handlers = append(handlers, a.mornings.Handlers()...)
	handlers = append(handlers, a.slackHandlers()...)
	handlers = append(handlers, a.watches.Handlers()...)
	handlers = append(handlers,
		alert.JobForget().Handle(alert.Forget(a.db, a.clock)),
		oncall.JobForget().Handle(oncall.Forget(a.db, a.settings.KeepPages, a.clock)),
		action.JobForget().Handle(action.Forget(a.db, a.clock)),
		action.JobForgetOutput().Handle(action.Retention{Memory: a.db, Book: bookAs[action.Directory](a), Keep: a.settings.KeepOutput, Clock: a.clock}.Forget),
	)
	var err error
	if a.runner, err = job.NewRunner(a.db, a.clock, a.log, handlers...); err != nil {
		return err
	}
	a.runner.AtOnce(job.Bulk, a.settings.RunsAtOnce)
	a.db.OnJobs(a.runner.Wake)
	a.loops = append(a.loops, a.runner.Run, a.auditor.Run, a.actions.Tend, a.mornings.Run, a.rules.Run, a.daily, a.fillFacts,
		func(ctx context.Context) { journal.Seal(ctx, a.db, a.clock, a.log) },
		func(ctx context.Context) { a.desk.Follow(ctx, a.clock, a.log) },
		func(ctx context.Context) { a.thanks.Run(ctx, a.clock, a.log) })
	for _, f := range a.syncers() {
		a.loops = append(a.loops, f.Run)
	}
	return nil
}

// daily asks once a day for what is old to be forgotten, the first time an hour after the start. The jobs' keys let several replicas ask for it once.
func (a *App) daily(ctx context.Context) {
	for pause := time.Hour; ; pause = 24 * time.Hour {
		tick, stop := a.clock.After(pause)
		select {
		case <-tick:
			now := a.clock.Now()
			err := a.db.Enqueue(ctx, alert.JobForget().At(now, "daily", alert.ForgetArgs{}),
				oncall.JobForget().At(now, "daily", oncall.ForgetArgs{}), action.JobForget().At(now, "daily", action.ForgetArgs{}),
				action.JobForgetOutput().At(now, "daily", action.ForgetOutputArgs{}), desk.JobForgetWords().At(now, "daily", desk.ForgetWordsArgs{}))
			if err != nil && ctx.Err() == nil {
				a.log.Warn("tidying up cannot be asked for", "err", err)
			}
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// Handler is the main server's handler, for tests that need no socket.
func (a *App) Handler() http.Handler { return a.handler }

// Settle waits until no job is due and none runs; tests on a moved clock wait with it.
func (a *App) Settle(ctx context.Context) error { return a.runner.Settle(ctx) }

// URL is where the main server listens.
func (a *App) URL() string { return "http://" + a.listener.Addr().String() }

// Config is what is configured, for whoever applies a folder in this process.
func (a *App) Config() *config.Config { return a.config }

// Desk is the desk, for whoever works at it in this process.
func (a *App) Desk() *desk.Service { return a.desk }

// MailIn is where mail for the desk is taken; empty when it is not.
func (a *App) MailIn() string { return a.mailIn }
