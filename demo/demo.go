// Package demo lets a night in support happen for real on the reader's machine: it starts Frontline on the embedded database and beside it a
// small company that talks to it through its public doors alone, breaks that company's queue, and leaves the rest to the reader. With Script it
// plays the reader's part too, through the API, and ends.
package demo

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"frontline/demo/company"
	"frontline/fault"
)

//go:embed verity
var verity embed.FS

// Options say how the demo runs. The zero value is `frontline demo`, but for Out.
type Options struct {
	Out          io.Writer // what the reader reads
	Dir          string    // where everything is kept, and left; a temporary folder that is removed at the end when empty
	Listen       string    // Frontline's address; 127.0.0.1:8080 when empty, or another port when that one is taken
	Company      string    // the company's address; 127.0.0.1:8090 in the same way
	Queue        string    // "auto", "rabbitmq" or "files"; auto when empty: RabbitMQ where it is installed
	Alertmanager string    // "auto", "genuine" or "played"; auto when empty: the genuine one where it is installed
	Script       bool      // play the reader's part too, and end
	Brief        bool      // without the two weeks that the desk has behind it: it begins sooner
	Pace         Pace
}

// Pace is how fast the night goes.
type Pace struct {
	Calm  time.Duration // before the message arrives that stops the queue
	Step  time.Duration // before the second person is paged; whole seconds
	Pause time.Duration // after the last step, before it begins again; whole seconds
	Live  company.Pace
}

// UsualPace leaves the reader time to look.
func UsualPace() Pace {
	return Pace{Calm: 20 * time.Second, Step: 20 * time.Second, Pause: 40 * time.Second, Live: company.UsualPace()}
}

// ScriptPace is for a night without a reader.
func ScriptPace() Pace {
	p := Pace{Calm: time.Second, Step: 2 * time.Second, Pause: 30 * time.Second, Live: company.UsualPace()}
	p.Live.Arrive, p.Live.Decide, p.Live.Again = 100*time.Millisecond, 20*time.Millisecond, 300*time.Millisecond
	p.Live.Look, p.Live.Stuck = 200*time.Millisecond, 1500*time.Millisecond
	p.Live.Alerts = company.AlertPace{Wait: 200 * time.Millisecond, Interval: 500 * time.Millisecond, Repeat: time.Minute}
	return p
}

func (o Options) withDefaults() Options {
	o.Queue, o.Alertmanager = cmp.Or(o.Queue, "auto"), cmp.Or(o.Alertmanager, "auto")
	o.Listen, o.Company = freeAddress(cmp.Or(o.Listen, "127.0.0.1:8080")), freeAddress(cmp.Or(o.Company, "127.0.0.1:8090"))
	if o.Pace == (Pace{}) {
		o.Pace = UsualPace()
		if o.Script {
			o.Pace = ScriptPace()
		}
	}
	return o
}

// Run plays the night until ctx ends or, with Script, until it is over. Everything it started is gone when it returns, and so are the files unless
// Dir named a place for them.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	s := &stage{o: o, tell: &teller{out: o.Out}}
	if s.dir, err = folder(o.Dir); err != nil {
		return err
	}
	if o.Dir == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.failed = cancel
	defer func() { err = errors.Join(err, s.close()) }()
	err = s.play(ctx)
	if ctx.Err() == nil {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause // something that was started came to an end by itself
	}
	return nil // somebody ended it
}

// play opens the stage, lets the queue stop, and then waits for the reader, or plays the reader.
func (s *stage) play(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	s.tell.welcome(s)
	if s.o.Script {
		return s.script(ctx)
	}
	if _, err := s.breakQueue(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	s.tell.line("")
	s.tell.say("Stopping. The company closes, and its files go.")
	return nil
}

// breakQueue waits until all is calm, and sends the message that stops the queue.
func (s *stage) breakQueue(ctx context.Context) (session string, err error) {
	calm := time.NewTimer(s.o.Pace.Calm)
	defer calm.Stop()
	select {
	case <-calm.C:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if session, err = s.company.Poison(ctx); err != nil {
		return "", err
	}
	s.tell.say("Customers sent session %s. The worker cannot read it: the decision queue stops.", session)
	return session, nil
}

func folder(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "frontline-demo-")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the demo's folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "frontline.db")); err == nil {
		return "", fault.Wrong("dir", "%s already holds a night that was. Give a folder of its own to each, or look at this one with: frontline serve --database sqlite:%s", dir, filepath.Join(dir, "frontline.db"))
	}
	return dir, nil
}

// background runs what serves the night beside it. Whatever ends before it is told to ends the night.
func (s *stage) background(name string, run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	var err error
	ended.Go(func() {
		if err = run(ctx); ctx.Err() == nil {
			s.failed(fmt.Errorf("%s ended: %w", name, cmp.Or(err, errNoReason)))
		}
	})
	return func() error {
		cancel()
		ended.Wait()
		return err
	}
}

var errNoReason = errors.New("it gave no reason")
