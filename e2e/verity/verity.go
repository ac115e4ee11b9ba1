// Package verity is the company that the whole-program tests play in: an identity verification company with two supporters on call, their
// phones and mailboxes, and a Frontline of its own. It answers how a night goes, from the first signal to the last mail.
package verity

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/app"
	"frontline/clock"
	"frontline/config"
	"frontline/e2e/database"
	"frontline/e2e/neighbour"
	"frontline/people"
)

// Token is the token of the company's Alertmanager source, and RoutingKey of the one that speaks PagerDuty.
const (
	Token      = "am7kq2x9w4m1c8v5b3n6z0r2y8u4i6o1"
	RoutingKey = "k7wq2m9x4c8v1n5b3z6t0r2y8u4i6o1p"
	Key        = "a key of more than thirty-two letters"
)

// Night is when most stories begin: a Tuesday at 02:41 in Tallinn.
var Night = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

// Desk is the company's Frontline, with everybody's devices.
type Desk struct {
	t     testing.TB
	App   *app.App
	Clock *clock.Moved // nil when the real clock runs
	Push  *neighbour.PushServer
	Liis  *neighbour.Device // first line
	Karl  *neighbour.Device // second line
	Oja   *neighbour.Device // last resort
	Mail  *neighbour.MailServer
	URL   string
	log   *listening
}

// Options say how the company is set up.
type Options struct {
	Database string // an address; a new SQLite file when empty
	Real     bool   // the real clock runs instead of a moved one
	Config   string // more YAML, in a file of its own; PUSH is the address of the push server
	Hurry    bool   // mail comes a second after the push, and the second step after three: for the real clock
	Getenv   map[string]string
	PushURL  string // another push server than the phones'
	Slack    app.SlackSettings
	Allow    []string // errors in the log that belong to the story
	Mailbox  string   // that mail for the desk is fetched from; its password is FRONTLINE_MAILBOX_PASSWORD in Getenv
}

// Open starts the company's Frontline in this process. An error in its log that the story does not allow fails the test.
func Open(t testing.TB, o Options) *Desk {
	t.Helper()
	d := &Desk{t: t, Push: neighbour.Ntfy(t), Mail: neighbour.Mail(t), log: &listening{t: t, allow: o.Allow}}
	d.Liis, d.Karl, d.Oja = d.Push.Phone("verity-liis"), d.Push.Phone("verity-karl"), d.Push.Phone("verity-marika")
	var c clock.Clock = clock.Real{}
	if !o.Real {
		d.Clock = clock.NewMoved(Night)
		c = d.Clock
	}
	d.start(c, o)
	push := cmp.Or(o.PushURL, d.Push.URL)
	folder := Folder(push)
	if o.Hurry {
		folder = strings.NewReplacer("after: 30s", "after: 1s", "after: 5m", "after: 3s", "repeat: 1", "repeat: 1\n    pause: 5m").Replace(folder)
	}
	d.apply(File("verity.yaml", folder), File("more.yaml", strings.ReplaceAll(o.Config, "PUSH", push)))
	return d
}

// File is a file to apply.
func File(name, content string) config.File { return config.File{Name: name, Content: content} }

func (d *Desk) start(c clock.Clock, o Options) {
	if o.Database == "" {
		o.Database = database.SQLite(d.t)
	}
	env := map[string]string{"FRONTLINE_KEY": Key, "FRONTLINE_MAIL_PASSWORD": d.Mail.Password, "VERITY_ALERTMANAGER": Token, "VERITY_PAGERDUTY": RoutingKey}
	for k, v := range o.Getenv {
		env[k] = v
	}
	s := app.Settings{Database: o.Database, Listen: "127.0.0.1:0", Zone: "Europe/Tallinn", Company: "Verity", LogLevel: "info", LogFormat: "text", Grace: 5 * time.Second,
		SlackSettings: o.Slack,
		Mail:          fmt.Sprintf("smtp://%s@%s", d.Mail.User, d.Mail.StartTLS), MailFrom: "Frontline <frontline@verity.example>", MailCA: d.Mail.CAFile, MailIn: "127.0.0.1:0", Mailbox: o.Mailbox, MailDesk: "support@verity.example", HeartbeatEvery: time.Minute}
	a, err := app.New(context.Background(), s, app.Options{Clock: c, Log: slog.New(d.log), Getenv: func(name string) string { return env[name] }})
	if err != nil {
		d.t.Fatalf("Frontline does not start: %v", err)
	}
	d.App, d.URL = a, a.URL()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	d.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			d.t.Errorf("Frontline does not stop cleanly: %v", err)
		}
	})
}

// Marika is an admin who acts for the stories.
func Marika() people.Actor {
	return people.Actor{Kind: people.ByPerson, ID: "marika", Name: "Marika Oja", Role: people.Admin, Teams: []string{"support"}, Via: "test"}
}

func (d *Desk) apply(files ...config.File) {
	d.t.Helper()
	_, err := d.App.Config().Apply(d.t.Context(), Marika(), config.Apply{Folder: "verity", Files: files})
	if err != nil {
		d.t.Fatalf("the company's configuration is refused: %v", err)
	}
}

// Wait lets d pass, on a moved clock, and waits until everything that became due is done.
func (d *Desk) Wait(pass time.Duration) {
	d.t.Helper()
	d.Clock.Move(pass)
	d.Settle()
}

// Settle waits until nothing is due and nothing runs.
func (d *Desk) Settle() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 60*time.Second)
	defer cancel()
	if err := d.App.Settle(ctx); err != nil {
		d.t.Fatalf("Frontline does not come to rest: %v", err)
	}
}

// Alert sends an Alertmanager webhook with one alert about the decision queue, and waits until what follows is done.
func (d *Desk) Alert(status, name string) {
	d.t.Helper()
	body := Webhook(status, name, d.now())
	res, err := http.Post(d.URL+"/in/alertmanager/"+Token, "application/json", strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		d.t.Fatalf("the door answered %s", res.Status)
	}
	if d.Clock != nil {
		d.Settle()
	}
}

func (d *Desk) now() time.Time {
	if d.Clock != nil {
		return d.Clock.Now()
	}
	return time.Now()
}

// Webhook is a message as Alertmanager sends it.
func Webhook(status, name string, at time.Time) string {
	ends := "0001-01-01T00:00:00Z"
	if status == "resolved" {
		ends = at.Format(time.RFC3339Nano)
	}
	return fmt.Sprintf(`{"receiver":"frontline","status":%q,"version":"4","groupKey":"{}:{alertname=\"%s\"}","truncatedAlerts":0,"externalURL":"http://alertmanager.verity.example",
"groupLabels":{"alertname":%q},"commonLabels":{},"commonAnnotations":{},"alerts":[{"status":%q,"labels":{"alertname":%q,"service":"decision-pipeline","severity":"critical","queue":"decisions"},
"annotations":{"summary":"Decisions have stopped: the queue grows and nothing is consumed","description":"512 decisions wait, the oldest for 4 minutes."},
"startsAt":%q,"endsAt":%q,"generatorURL":"http://prometheus.verity.example/graph","fingerprint":"%016x"}]}`, status, name, name, status, name, Night.Format(time.RFC3339Nano), ends, len(name))
}

// listening is the log of the company's Frontline: errors that no story allows fail the test.
type listening struct {
	t     testing.TB
	allow []string
	mu    sync.Mutex
}

func (l *listening) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (l *listening) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	for _, ok := range l.allow {
		if strings.Contains(text, ok) {
			return nil
		}
	}
	if r.Level >= slog.LevelError {
		l.t.Errorf("logged: %s", text)
	} else {
		l.t.Logf("logged: %s", text)
	}
	return nil
}

func (l *listening) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *listening) WithGroup(string) slog.Handler      { return l }

// Browser is a plain HTTP client that follows no redirect.
func Browser() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 60 * time.Second}
}

// WaitMail waits for a mail to somebody whose subject or text holds what is expected.
func (d *Desk) WaitMail(to, says string) *neighbour.Message {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 60*time.Second)
	defer cancel()
	m, err := d.Mail.WaitMail(ctx, to)
	if err != nil {
		d.t.Fatalf("no mail to %s: %v", to, err)
	}
	if !strings.Contains(m.Subject+"\n"+m.Text, says) {
		d.t.Fatalf("the mail to %s says %q, %q; want %q", to, m.Subject, m.Text, says)
	}
	return m
}

// SignIn gives Marika a password through an invitation, as an admin would, and signs her in.
func (d *Desk) SignIn(b *neighbour.Browser) *neighbour.Browser {
	d.t.Helper()
	link, needed, err := d.App.SetUpLink(d.t.Context())
	if err != nil || !needed {
		d.t.Fatalf("no set-up link: %v %v", needed, err)
	}
	b.Open(link)
	b.Fill("input[name=name]", "Marika Oja")
	b.Fill("input[name=email]", "marika@verity.example")
	b.Fill("input[name=password]", "correct horse battery staple")
	b.Click("main form button")
	b.SeeText("you are its administrator")
	return b
}
