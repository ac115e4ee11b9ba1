package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"frontline/app"
	"frontline/clock"
	"frontline/demo/company"
	"frontline/demo/program"
	"frontline/secret"
)

// stage is everything that is there during the night.
type stage struct {
	o      Options
	dir    string
	tell   *teller
	failed func(error) // ends the night

	broker  *program.RabbitMQ // nil: the queue is a folder of files
	company *company.Company
	alerts  company.Alerts
	genuine bool // the alerts go through Prometheus' own Alertmanager
	url     string
	log     *slog.Logger // Frontline's
	stop    func() error // stops Frontline; nil while it does not run
	env     map[string]string
	admin   *desk // whoever set Frontline up
	staff   []colleague
	things  int // how many the company's folder describes

	closers []func() error // what was opened, in its order
}

// decisionQueue is the queue's name in the broker.
const decisionQueue = "decisions.in"

// holders are the people with a phone, in the order in which they are paged.
func (s *stage) holders() []company.Holder {
	return []company.Holder{
		{Name: "Karl Sepp", Line: "First line", Topic: s.env["PHONE_KARL"]},
		{Name: "Liis Tamm", Line: "Second line", Topic: s.env["PHONE_LIIS"]},
	}
}

// open opens everything in its order: what Frontline talks to, Frontline, its people, and then life begins.
func (s *stage) open(ctx context.Context) error {
	s.url = "http://" + s.o.Listen
	s.env = map[string]string{"PHONE_KARL": "verity-karl-" + secret.Random(10), "PHONE_LIIS": "verity-liis-" + secret.Random(10),
		"VERITY_ALERTMANAGER": secret.Random(32), "VERITY_API_TOKEN": secret.Random(32), "VERITY_TRACKER": secret.Random(32), "VERITY_TRACKER_HOOK": secret.Random(32), "HOME": s.dir}
	for _, step := range []func(context.Context) error{s.openBroker, s.openCompany, s.openFrontline, s.remember, s.openAlerts, s.live} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close closes everything in the opposite order.
func (s *stage) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

func (s *stage) onClose(f func() error) { s.closers = append(s.closers, f) }

// openBroker starts a private RabbitMQ where one is installed. Where it is not, the company's queue is a folder of files, and that is said.
func (s *stage) openBroker(ctx context.Context) error {
	if s.o.Queue == "files" {
		s.tell.say("The queue is a folder of files, as asked.")
		return nil
	}
	s.tell.say("Looking for RabbitMQ …")
	dir := filepath.Join(s.dir, "rabbitmq")
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		s.broker, err = program.StartRabbitMQ(ctx, dir)
	}
	switch {
	case err == nil:
		s.onClose(func() error { s.broker.Close(); return nil })
		s.env["VERITY_RABBITMQ_PASSWORD"] = s.broker.Password
		s.tell.say("A RabbitMQ of its own runs on port %d.", s.broker.AMQPPort)
	case ctx.Err() != nil:
		return ctx.Err()
	case s.o.Queue == "rabbitmq":
		return err
	default:
		s.tell.say("No RabbitMQ can be started here, so the queue is a folder of files, and the action that mends it is a plain script.")
		s.tell.line("  (%v)", firstLine(err))
	}
	return nil
}

func (s *stage) openCompany(ctx context.Context) error {
	o := company.Options{Dir: s.dir, Listen: s.o.Company, Phones: s.holders(), Frontline: s.url, Token: s.env["VERITY_API_TOKEN"], Tracker: s.env["VERITY_TRACKER"], Hook: s.env["VERITY_TRACKER_HOOK"], Pace: s.o.Pace.Live, Guide: s.guide()}
	if s.broker != nil {
		o.AMQP, o.Queue = s.broker.URL("%2f"), decisionQueue
	}
	var err error
	if s.company, err = company.Open(ctx, o); err != nil {
		return err
	}
	s.onClose(s.company.Close)
	return nil
}

// openFrontline opens the log of Frontline, and sees to it that Frontline ends with the night.
func (s *stage) openFrontline(context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "frontline.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open Frontline's log: %w", err)
	}
	s.onClose(log.Close)
	s.log = slog.New(slog.NewTextHandler(log, nil))
	s.onClose(s.stopFrontline)
	return nil
}

// startFrontline starts it as `frontline serve` would, in this process. Its log goes to a file.
func (s *stage) startFrontline(ctx context.Context, c clock.Clock) error {
	settings := app.Settings{Database: "sqlite:" + filepath.Join(s.dir, "frontline.db"), Listen: s.o.Listen, Company: "Verity", Zone: "Europe/Tallinn",
		Mail: "smtp://" + s.company.Mail() + "?tls=none", MailFrom: "Frontline <frontline@verity.example>", LogLevel: "info", LogFormat: "text",
		Grace: 5 * time.Second, HeartbeatEvery: time.Minute}
	a, err := app.New(ctx, settings, app.Options{Clock: c, Log: s.log, Getenv: func(name string) string { return s.env[name] }})
	if err != nil {
		return err
	}
	link, needed, err := a.SetUpLink(ctx)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if needed {
		s.env["SETUP"] = link
	}
	s.stop = s.background("Frontline", a.Run)
	return ready(ctx, s.url+"/readyz")
}

// stopFrontline stops it when it runs.
func (s *stage) stopFrontline() error {
	if s.stop == nil {
		return nil
	}
	stop := s.stop
	s.stop = nil
	return stop()
}

// ready waits until the address answers 200.
func ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := program.Answering(url)(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("frontline does not get ready: %w", err)
		}
	}
}

// openAlerts connects the company's monitoring with Frontline's door: through Prometheus' own Alertmanager where it is installed.
func (s *stage) openAlerts(ctx context.Context) error {
	if s.o.Alertmanager != "played" {
		g, err := company.StartAlertmanager(ctx, filepath.Join(s.dir, "alertmanager"), s.door(), s.o.Pace.Live.Alerts)
		if err == nil {
			s.onClose(func() error { g.Close(); return nil })
			s.alerts, s.genuine = g, true
			return nil
		}
		if ctx.Err() != nil || s.o.Alertmanager == "genuine" {
			return errors.Join(ctx.Err(), err)
		}
	}
	played := company.NewAlertmanager(s.door(), s.company.URL(), s.o.Pace.Live.Alerts, nil)
	s.onClose(s.background("the played Alertmanager", func(ctx context.Context) error { played.Run(ctx); return nil }))
	s.alerts = played
	return nil
}

// live lets the company live. It ends before its doors close.
func (s *stage) live(ctx context.Context) error {
	s.onClose(s.background("the company", func(ctx context.Context) error { return s.company.Run(ctx, s.alerts) }))
	_, err := s.company.Until(ctx, func(o company.Observed) bool { return o.Decided > 0 })
	return err
}

// freeAddress returns the address, or one with a free port when somebody listens there already.
func freeAddress(address string) string {
	l, err := net.Listen("tcp", address)
	if err == nil {
		_ = l.Close()
		return l.Addr().String()
	}
	host, _, _ := net.SplitHostPort(address)
	if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
		return address // whoever opens it says why it cannot
	}
	_ = l.Close()
	return l.Addr().String()
}

// httpClient keeps to itself: no proxy stands between two programs of this machine.
func httpClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}}
}
