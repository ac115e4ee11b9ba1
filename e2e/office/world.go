// Package office is a small company behind the API: everything that the API asks, on a real SQLite database with the domain's own
// services, on a clock that the test moves. Only what leaves the house is played: phones, mails, and one neighbour of an action.
package office

import (
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/api"
	"frontline/clock"
	"frontline/config"
	"frontline/desk"
	"frontline/e2e/database"
	"frontline/e2e/played"
	"frontline/e2e/verity"
	"frontline/incident"
	"frontline/insight"
	"frontline/integration/alertmanager"
	"frontline/integration/exec"
	"frontline/integration/github"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/privacy"
	"frontline/rule"
	"frontline/runner"
	"frontline/secret"
	"frontline/store"
	"frontline/thanks"
)

// World is the company.
type World struct {
	t       testing.TB
	Clock   *clock.Moved
	DB      *store.DB
	Config  *config.Config
	SignIn  *people.SignIn
	Auditor *oncall.Auditor
	Runners *runner.Dispatch
	Hub     *played.GitHub // where its developers keep their issues
	URL     string         // of the server; the API is at URL + wire.Prefix
	Client  *http.Client
	intake  *alert.Intake
	runner  *job.Runner
	mu      sync.Mutex
	mails   []string
}

// Open starts the company. It stands at verity.Night and ends with the test.
func Open(t testing.TB) *World {
	t.Helper()
	w := &World{t: t, Clock: clock.NewMoved(verity.Night), Hub: played.OpenGitHub(t)}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	if w.DB, err = store.Open(t.Context(), database.SQLite(t), store.Options{Clock: w.Clock, Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.DB.Close() })
	getenv := func(name string) string {
		return map[string]string{"VERITY_ALERTMANAGER": verity.Token, "VERITY_PAGERDUTY": verity.RoutingKey}[name]
	}
	check := func(string) error { return nil }
	kinds, err := action.NewKinds(Queue{}, exec.New(w.Clock, getenv, exec.Self()))
	if err != nil {
		t.Fatal(err)
	}
	w.Config = config.New(w.DB, w.Clock, getenv, config.Known{Channels: map[string]func(string) error{"ntfy": check, "email": check}, Actions: kinds.Check})
	w.DB.OnDefinitions(w.Config.Stale)
	w.Apply("verity", verity.File("verity.yaml", verity.Folder("https://push.verity.example")), verity.File("more.yaml", more))
	w.serve(log, kinds, getenv)
	return w
}

// more is people whom the stories of the API need beside the company's.
const more = `people:
  - {id: wanjiru, name: Wanjiru Kamau, email: wanjiru@verity.example, role: lead, teams: [support], contacts: [{channel: ntfy, address: "https://push.verity.example/verity-wanjiru"}]}
actions:
  - id: queue/park-message
    title: Take the poisoned message out
    purpose: One message makes its consumer fail again and again. This takes exactly that one out and keeps it.
    team: pipeline
    services: [decision-pipeline]
    risk: change
    kind: desk.queue
    by_hand: 15m
    inputs:
      - {name: message_id, type: text, required: true, label: Message, pattern: "m-[0-9]+", example: m-4711}
      - {name: note, type: text}
  - id: queue/purge
    title: Empty the queue
    team: pipeline
    risk: danger
    kind: desk.queue
    inputs:
      - {name: message_id, type: text, default: m-1}
  - id: pipeline/secrets
    title: Rotate the pipeline's secrets
    team: pipeline
    visibility: team
    risk: change
    kind: desk.queue
    inputs:
      - {name: message_id, type: text, default: m-1}
      - {name: password, type: secret}
request_types:
  - {id: question, title: A question about the product, team: support}
  - id: webhooks
    title: A customer gets no webhooks
    help: Their system hears nothing from us, or hears it late.
    team: support
    assign: {how: on_call, rotation: first-line}
    inputs:
      - {name: customer, type: customer, required: true}
      - {name: since, type: text, label: Since when, example: "10:40"}
watches:
  - {id: decisions, name: Decisions that fail, service: decision-pipeline, labels: [customer], customer: customer, source: {push: {}}}
macros:
  - {id: chip, title: Which passports have a chip, reply: "All since 2023, {asker}.", close: answered}
rules:
  - id: pipeline/look-when-it-stops
    title: Look at the queue when decisions stop
    team: support
    on: [alert.opened]
    if: service == "decision-pipeline"
    run: queue/look
    with: {queue: decisions}
`

// book lets a wing see the current book through an interface of its own.
func book[D any](w *World) func(context.Context) (D, error) {
	return func(ctx context.Context) (D, error) {
		b, err := w.Config.Book(ctx)
		if err != nil {
			var none D
			return none, err
		}
		return any(b).(D), nil
	}
}

// Tracker implements desk.TrackerBook: developers have a GitHub.
func (w *World) Tracker(id string) (desk.TrackerDefinition, bool) {
	d := w.Hub.Definition("pipeline")
	return d, id == d.ID
}

// Trackers implements desk.TrackerBook.
func (w *World) Trackers() []desk.TrackerDefinition {
	return []desk.TrackerDefinition{w.Hub.Definition("pipeline")}
}

// mornings are read; nothing is written but by tests.
func (w *World) mornings(actions *action.Runner) *action.Mornings {
	return &action.Mornings{Nights: w.DB, Runner: actions, Zone: time.UTC, Clock: w.Clock}
}

// HandOver writes the hand-over of a team's night, which ends now with all runs there are.
func (w *World) HandOver(team string) error {
	now := w.Clock.Now()
	runs, err := w.DB.NightRuns(w.t.Context(), now.Add(-12*time.Hour), now.Add(time.Second), 100)
	if err != nil {
		return err
	}
	h := action.Handover{Team: team, Night: people.Night{Day: now.Format(time.DateOnly), From: now.Add(-12 * time.Hour), Until: now}}
	for _, r := range runs {
		h.Runs = append(h.Runs, r.ID)
	}
	_, err = w.DB.AddHandover(w.t.Context(), h, journal.Consequences{})
	return err
}

// rules are tried and shown; nothing fires.
func (w *World) rules(log *slog.Logger) *rule.Board {
	engine := &rule.Engine{Store: w.DB, Book: book[rule.Directory](w), Clock: w.Clock, Log: log,
		Describe: func(ctx context.Context, e journal.Entry) (rule.Event, error) {
			about := e.Matter()
			g, err := w.DB.Group(ctx, about.ID)
			return rule.Event{Verb: e.Verb, Kind: about.Kind, About: about, Subject: g.Short(), Title: g.Title, Service: g.Service, Severity: string(g.Severity), At: e.At, Facts: e.Facts}, err
		}}
	return &rule.Board{Engine: engine, Records: w.DB, Book: book[rule.Owners](w), Clock: w.Clock, Knows: func(context.Context, people.Actor, journal.Subject) error { return nil }}
}

func (w *World) serve(log *slog.Logger, kinds action.Kinds, getenv func(string) string) {
	w.SignIn = people.NewSignIn(w.DB, book[people.Directory](w), w.Clock)
	w.intake = alert.NewIntake(w.DB, book[alert.Directory](w), func(string, alert.Accepted) {})
	w.Auditor = oncall.NewAuditor(w.DB, w.Clock, log)
	handling, duties := alert.NewHandling(w.DB), oncall.NewDuties(book[oncall.Book](w), w.DB)
	pager := oncall.NewPager(w.DB, duties, oncall.NewLinks(secret.New(verity.Key), "https://frontline.verity.example"), w.Clock, phones{"ntfy"}, phones{"email"})
	actions := &action.Runner{Runs: w.DB, Records: w.DB, Shelf: w.DB, Book: book[action.Directory](w), Kinds: kinds, Clock: w.Clock, Log: log, Getenv: getenv, Box: box{},
		Given: action.Given{Catalog: book[action.Catalog](w), Uploads: w.DB, Looked: w.DB.Looked}}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Runners = &runner.Dispatch{Store: w.DB, Runs: w.DB, Queue: w.DB, Uploads: w.DB, Clock: w.Clock, Log: log, Box: box{}, Key: key, Lease: time.Minute, Since: w.Clock.Now()}
	actions.Elsewhere, actions.Allowances = w.Runners, w.DB
	actions.Vault = &action.Vault{Safe: w.DB, Book: book[action.Directory](w), Key: secret.New(verity.Key)}
	incidents := &incident.Service{DB: w.DB, Book: book[incident.Directory](w), Groups: w.DB, Runs: actions, Mailer: w,
		Link: func(i incident.Incident) string { return "https://frontline.verity.example/incidents/" + i.Name() }}
	requests := &desk.Service{DB: w.DB, Book: book[desk.Directory](w), Now: w.DB.Now, Channels: map[string]desk.Channel{},
		Link:   func(r desk.Request) string { return "https://frontline.verity.example/requests/" + r.Name() },
		OnCall: func(context.Context, string) (string, error) { return "liis", nil }}
	err = incidents.ArrangePage(w.t.Context(), people.System("test"), incident.Page{ID: "status", Name: "Verity status", URL: "https://status.verity.example"})
	if err != nil {
		w.t.Fatal(err)
	}
	explorer := &insight.Explorer{DB: w.DB, Desk: requests, Zone: time.UTC, Clock: w.Clock, Log: log}
	base, err := url.Parse("https://frontline.verity.example")
	if err != nil {
		w.t.Fatal(err)
	}
	grateful := &thanks.Service{DB: w.DB, Book: book[thanks.Directory](w), Matters: thanks.Wings{Desk: requests, Incidents: incidents, Actions: actions}, Now: w.DB.Now,
		Link: func(x thanks.Thanks) string { return "https://frontline.verity.example/thanks/" + x.Name() }}
	erasing := &privacy.Service{DB: w.DB, Copies: w.DB, Now: w.DB.Now, Forget: requests.Forget}
	w.Hub.SetNow(w.Clock.Now())
	developers := &desk.Escalations{Desk: requests, DB: w.DB, Trackers: func(context.Context) (desk.TrackerBook, error) { return w, nil }, Kinds: map[string]desk.Tracker{"github": github.New()},
		Secret: func(context.Context, string, secret.Ref) (secret.Text, error) { return secret.New("ghp_played"), nil }, Runs: actions.List,
		Link: func(e desk.Escalation) string { return "https://frontline.verity.example/escalations/" + e.Name() }}
	h, err := api.New(api.Deps{
		Developers: developers, Knowledge: requests,
		Counting: w.watches(), Watches: w.watches(),
		Thanks: grateful, Vouching: w.SignIn, Privacy: erasing,
		Tokens: w.SignIn, Book: book[api.Directory](w), Alerts: alert.NewBoard(w.DB), Handling: handling, Board: oncall.NewBoard(duties, w.Clock),
		Overrides: duties, Pages: pager, Incidents: incidents, Desk: requests, Finding: requests, Demands: requests, Insight: &insight.Board{DB: w.DB, Book: book[insight.Directory](w), Now: w.DB.Now}, Proposals: explorer, Actions: actions, Runners: w.Runners, Clusters: actions, Secrets: *actions.Vault, Config: w.Config, Rules: w.rules(log), Mornings: w.mornings(actions), TakingUp: requests, Journal: journal.NewReader(w.DB), Health: w.Auditor, Database: w.DB, Clock: w.Clock, Log: log, Base: base,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	handlers := slices.Concat(pager.Handlers(), incidents.Handlers(), requests.Handlers(), developers.Handlers(), explorer.Handlers(), actions.Handlers(), grateful.Handlers(w.DB.Enqueue), erasing.Handlers(), w.keeper(log).Handlers())
	w.run(log, append(handlers, oncall.JobAnswered().Handle(handling.Answered)))
	server := httptest.NewServer(h)
	w.t.Cleanup(server.Close)
	w.URL, w.Client = server.URL, server.Client()
}

// run carries out jobs until the test ends.
func (w *World) run(log *slog.Logger, handlers []job.Handler) {
	var err error
	if w.runner, err = job.NewRunner(w.DB, w.Clock, log, handlers...); err != nil {
		w.t.Fatal(err)
	}
	w.DB.OnJobs(w.runner.Wake)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.runner.Run(ctx)
	}()
	w.t.Cleanup(func() {
		stop()
		<-ended
	})
}

// Follow lets the followers of the journal come up to what was committed.
func (w *World) Follow() {
	w.t.Helper()
	for sealed := 1; sealed > 0; {
		var err error
		if sealed, err = w.DB.Seal(w.t.Context(), 1000); err != nil {
			w.t.Fatal(err)
		}
	}
	for more := true; more; {
		var err error
		if more, err = w.DB.FollowFindings(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// Apply applies a folder as the admin.
func (w *World) Apply(folder string, files ...config.File) {
	w.t.Helper()
	if _, err := w.Config.Apply(w.t.Context(), verity.Marika(), config.Apply{Folder: folder, Files: files}); err != nil {
		w.t.Fatal(err)
	}
}

// Token makes an API token of a person, with at most the role; empty is no limit.
func (w *World) Token(person string, most people.Role) string {
	w.t.Helper()
	b, err := w.Config.Book(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	p, ok := b.Person(person)
	if !ok {
		w.t.Fatalf("there is no person %q", person)
	}
	_, value, err := w.SignIn.MakeCappedToken(w.t.Context(), people.As(p, "screen"), "test", most, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	return value.Reveal()
}

// Signal lets the company's Alertmanager say that an alert fires or is resolved, and waits until what follows is done.
func (w *World) Signal(status, name string) {
	w.t.Helper()
	b, err := alertmanager.Parse([]byte(verity.Webhook(status, name, w.Clock.Now())))
	if err == nil {
		_, err = w.intake.Accept(w.t.Context(), "alertmanager", secret.New(verity.Token), b)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
}

// Wait lets d pass and waits until everything that became due is done.
func (w *World) Wait(d time.Duration) {
	w.t.Helper()
	w.Clock.Move(d)
	w.Settle()
}

// Settle waits until nothing is due and nothing runs.
func (w *World) Settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 60*time.Second)
	defer cancel()
	if err := w.runner.Settle(ctx); err != nil {
		w.t.Fatalf("the company does not come to rest: %v", err)
	}
}

// phones is a channel that takes every message.
type phones struct{ name string }

func (p phones) Name() string       { return p.name }
func (p phones) Check(string) error { return nil }
func (p phones) Send(context.Context, string, oncall.Message) (oncall.Receipt, error) {
	return oncall.Receipt{Detail: "taken"}, nil
}

// Mail implements incident.Mailer.
func (w *World) Mail(_ context.Context, to, subject, _, _ string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, to+": "+subject)
	return "250 queued", nil
}

// Mails are the mails that were sent to stakeholders: "rasmus@verity.example: [INC-1] …".
func (w *World) Mails() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.mails)
}

// box seals secret inputs under the company's key.
type box struct{}

// Seal implements action.Box.
func (box) Seal(plain []byte) ([]byte, error) {
	sealed, err := secret.Seal(secret.New(verity.Key), "run inputs", plain)
	return []byte(sealed), err
}

// Open implements action.Box.
func (box) Open(sealed []byte) ([]byte, error) {
	return secret.Open(secret.New(verity.Key), "run inputs", string(sealed))
}
