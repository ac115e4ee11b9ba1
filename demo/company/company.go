// Package company plays a small company, Verity, on the reader's machine: a worker that decides about identity checks, the queue in front of it,
// its monitoring, two phones and a mailbox. It is a neighbour of Frontline and talks to it only through public doors: it sends the webhook that
// Alertmanager sends, takes pushes as an ntfy server does, and mail as any mail server does.
//
// Nothing in it is acted out. The worker fails because it cannot read one message, the monitoring fires because no decision is made, and the queue
// moves again because somebody took that message out.
package company

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"frontline/demo/backoffice"
)

// Pace is how fast the company lives.
type Pace struct {
	Arrive time.Duration // between two sessions
	Decide time.Duration // what one decision takes
	Again  time.Duration // between a failure and the next try
	Look   time.Duration // between two looks of the monitoring
	Stuck  time.Duration // how long no decision may be made before the monitoring fires
	Alerts AlertPace     // of what sends the alerts
}

// UsualPace makes a night of a few minutes.
func UsualPace() Pace {
	return Pace{Arrive: 450 * time.Millisecond, Decide: 120 * time.Millisecond, Again: 900 * time.Millisecond, Look: time.Second, Stuck: 6 * time.Second,
		Alerts: AlertPace{Wait: time.Second, Interval: 2 * time.Second, Repeat: time.Minute}}
}

// Holder is a person with a phone.
type Holder struct {
	Name  string // "Liis Tamm"
	Line  string // "Second line"
	Topic string // ntfy's topic: nobody can guess it
}

// Options describe the company before it opens.
type Options struct {
	Dir       string // where a queue of files and the logs are kept
	Listen    string // of its screens, metrics and push server; "127.0.0.1:0" takes any port
	AMQP      string // RabbitMQ; empty: a queue of files
	Queue     string // its name in the broker
	Phones    []Holder
	Frontline string // address of Frontline's screens, for links
	Token     string // of the back office's API
	Tracker   string // token of the developers' tracker
	Hook      string // the secret of its webhook
	Pace      Pace
	Guide     []Hint // what the reader does next, shown on the company's screen
}

// Hint is one thing for the reader to do or to see, with where.
type Hint struct {
	Say  string
	Link string              // may be empty
	Word string              // of the link
	Done func(Observed) bool // nil: the company cannot see it
}

// Company is open from Open to Close; it lives while Run runs.
type Company struct {
	o          Options
	log        *record
	queue      Queue
	office     *backoffice.Office
	worker     *worker
	traffic    *traffic
	monitor    *monitor
	phones     *phones
	mailbox    *mailbox
	developers *Developers
	web        *http.Server
	listener   net.Listener
	served     sync.WaitGroup
	stopping   chan struct{}
	closing    sync.Once
}

// Open opens the company's doors: its screens with the push server, and its mail server. Nothing happens in it before Run.
func Open(ctx context.Context, o Options) (*Company, error) {
	c := &Company{o: o, log: newRecord(), stopping: make(chan struct{})}
	c.developers = &Developers{frontline: o.Frontline, token: o.Tracker, hook: o.Hook, now: time.Now}
	c.phones, c.mailbox = newPhones(c.log, o.Phones), newMailbox(c.log)
	var err error
	if c.queue, err = openQueue(ctx, o); err != nil {
		return nil, err
	}
	c.traffic = newTraffic(c.queue, o.Pace, c.log)
	office := backoffice.Options{Dir: filepath.Join(o.Dir, "office"), Token: o.Token, Queue: c.traffic.publish, Mail: c.mail}
	if c.office, err = backoffice.Open(ctx, office); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.worker = &worker{queue: c.queue, pace: o.Pace, log: c.log, office: c.office}
	if err := c.listen(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.monitor = newMonitor(c.URL(), o.Pace, c.log)
	return c, nil
}

func openQueue(ctx context.Context, o Options) (Queue, error) {
	if o.AMQP != "" {
		return openAMQP(ctx, o.AMQP, o.Queue)
	}
	return openFiles(filepath.Join(o.Dir, "queue"))
}

// listen opens the sockets and serves them.
func (c *Company) listen(ctx context.Context) error {
	var cfg net.ListenConfig
	var err error
	if c.listener, err = cfg.Listen(ctx, "tcp", c.o.Listen); err != nil {
		return fmt.Errorf("the company's screens cannot be opened at %s: %w", c.o.Listen, err)
	}
	if err := c.mailbox.listen(ctx); err != nil {
		return err
	}
	c.developers.url = c.URL()
	handler, err := c.handler()
	if err != nil {
		return err
	}
	c.web = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	c.web.RegisterOnShutdown(func() { c.closing.Do(func() { close(c.stopping) }) })
	c.served.Go(func() { _ = c.web.Serve(c.listener) }) // it says that it was shut down
	return nil
}

// URL is where the company's screens, its metrics and its push server are.
func (c *Company) URL() string { return "http://" + c.listener.Addr().String() }

// Mail is the address of the company's mail server: HOST:PORT, without TLS and without sign-in.
func (c *Company) Mail() string { return c.mailbox.address() }

// Topic is the address at which a person's phone is reached, as a contact in Frontline has it.
func (c *Company) Topic(h Holder) string { return c.URL() + "/" + h.Topic }

// Run lets people come, decisions be made and monitoring look, and sends alerts to what they go to, until ctx ends.
func (c *Company) Run(ctx context.Context, alerts Alerts) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := []func(context.Context) error{c.worker.run, c.traffic.run, func(ctx context.Context) error { return c.monitor.run(ctx, alerts) }, c.watch}
	ended := make(chan error, len(parts))
	var all sync.WaitGroup
	for _, part := range parts {
		all.Go(func() { ended <- part(ctx) })
	}
	err := <-ended // the first to end takes the others with it
	cancel()
	all.Wait()
	for range len(parts) - 1 {
		err = errors.Join(err, <-ended)
	}
	return err
}

// Observed returns the company as it is now.
func (c *Company) Observed() Observed { return c.log.observed() }

// Until waits until what is observed is as wanted, and returns it. It asks whenever something changed.
func (c *Company) Until(ctx context.Context, wanted func(Observed) bool) (Observed, error) {
	changed, stop := c.log.listen()
	defer stop()
	for {
		o := c.log.observed()
		if wanted(o) {
			return o, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return o, ctx.Err()
		}
	}
}

// Press presses a button of a notification on a person's phone, as the person would, and returns what came of it.
func (c *Company) Press(ctx context.Context, h Holder, note Note, label string) (Pressed, error) {
	i := slices.IndexFunc(note.Buttons, func(b Button) bool { return b.Label == label })
	if i < 0 {
		return Pressed{}, fmt.Errorf("there is no button %q on the notification %q", label, note.Title)
	}
	return c.phones.press(ctx, h.Topic, note.ID, i, c.o.Frontline)
}

// Forget empties phones and mailboxes, and what is told of the night: people have cleaned up.
func (c *Company) Forget() {
	c.log.change(func(_ time.Time, o *Observed) {
		o.Mails, o.Night = nil, nil
		for i := range o.Phones {
			o.Phones[i].Notes = nil
		}
	})
}

// Where tells people where the queue is.
func (c *Company) Where() string { return c.queue.Where() }

// Files is the folder of a queue of files; empty when the queue is RabbitMQ's.
func (c *Company) Files() string {
	if q, ok := c.queue.(*files); ok {
		return q.dir
	}
	return ""
}

// Developers is where the company's developers keep their issues.
func (c *Company) Developers() *Developers { return c.developers }

// Office is the back office, with its database, its log and its API at URL.
func (c *Company) Office() *backoffice.Office { return c.office }

// mail sends a mail of the company's own, through its mail server.
func (c *Company) mail(_ context.Context, to, subject, text string) error {
	const from = "keys@verity.example"
	letter := fmt.Sprintf("From: Verity <%s>\r\nTo: %s\r\nSubject: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s", from, to, subject, strings.ReplaceAll(text, "\n", "\r\n"))
	return smtp.SendMail(c.Mail(), nil, from, []string{to}, []byte(letter))
}

// Mend lets the developers' fix go out: from now on the worker can read every message.
func (c *Company) Mend() {
	if !c.worker.mended.Swap(true) {
		c.log.happened("ok", "The developers have released a fix: the worker reads every message now.")
	}
}

// Poison sends the message that the worker cannot read.
func (c *Company) Poison(ctx context.Context) (string, error) { return c.traffic.poison(ctx) }

// watch notes how deep the queue is, each second.
func (c *Company) watch(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if n, err := c.queue.Waiting(ctx); err == nil {
			c.log.sample(n)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Close closes the company's doors and waits for what runs behind them.
func (c *Company) Close() error {
	var errs []error
	if c.web != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := c.web.Shutdown(ctx); err != nil {
			errs = append(errs, c.web.Close())
		}
	} else if c.listener != nil {
		errs = append(errs, c.listener.Close())
	}
	c.served.Wait()
	errs = append(errs, c.mailbox.close())
	if c.office != nil {
		errs = append(errs, c.office.Close())
	}
	if c.queue != nil {
		errs = append(errs, c.queue.Close())
	}
	return errors.Join(errs...)
}
