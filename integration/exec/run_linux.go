package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"frontline/integration/exec/keeper"
	"os"
	"sync"
	"syscall"
	"time"

	"frontline/fault"
)

const (
	drainWithin = 2 * time.Second // after the end, for what is still in the pipes
	drainAtMost = 30              // times that long, when output goes on
	endWithin   = 5 * time.Second // beyond the grace, before the keeper itself is killed
)

var (
	errTime = errors.New("its time was up")
	errStop = errors.New("somebody asked for it")
	errGone = errors.New("its keeper was killed")
)

// run runs a command until nothing of it is left. The error says that it was not started; how it ended, well or not, is the outcome.
func (k *Kind) run(ctx context.Context, t task) (outcome, error) {
	if ctx.Err() != nil {
		return outcome{}, stopped(ctx)
	}
	level, err := k.level(t.settings)
	if err != nil {
		return outcome{}, err
	}
	home, drop, err := t.folder(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer drop()
	env, err := k.environment(t, home)
	if err != nil {
		return outcome{}, err
	}
	inputs, err := json.Marshal(t.inputs(home))
	if err != nil {
		return outcome{}, fmt.Errorf("write the inputs: %w", err)
	}
	secrets, err := secretsLine(t.call)
	if err != nil {
		return outcome{}, fmt.Errorf("write the secrets: %w", err)
	}
	t.Network = k.network(t.settings)
	kp, err := k.startKeeper(attributes(level, k.host.user, len(t.Network) > 0))
	if err != nil {
		return outcome{}, fault.Wrap(err, fault.Unavailable, "Frontline could not start a second process of itself, so nothing was run. Try again; if it stays so, look whether the host has processes and memory left.")
	}
	defer kp.release()
	var streams sync.WaitGroup
	out := output{mask: newMasker(t.call.Secrets), line: t.line}
	if lacks := t.lacks(level); lacks != "" && t.step == forRun {
		out.mu.Lock()
		t.line(lacks)
		out.mu.Unlock()
	}
	streams.Go(func() { feed(kp.in[0], append(inputs, '\n')) })
	streams.Go(func() { feed(kp.in[1], secrets) })
	streams.Go(func() { out.read(kp.out[0], t.take) })
	streams.Go(func() { out.read(kp.out[1], func(string) bool { return false }) })
	how, err := k.attend(ctx, t, kp, order{Argv: t.program(home), Dir: first(t.Dir, home), Home: home, Env: env, Grace: t.grace(), Box: t.box(level, home, os.Geteuid() == 0)})
	how.level = level
	_ = kp.orders.Close() // whatever happened, this ends it
	_ = kp.cmd.Wait()
	k.drain(kp, &streams)
	if t.end != nil && err == nil {
		t.end(home)
	}
	return how, err
}

// drain waits for the last output. A process that got away could hold the pipes open for ever, and so do others of our children for a moment
// while they are started. So the pipes are closed after a while, but not before they are empty, however slow a busy host makes us.
func (k *Kind) drain(kp *started, streams *sync.WaitGroup) {
	dry := make(chan struct{})
	go func() {
		streams.Wait()
		close(dry)
	}()
	for n := 1; ; n++ {
		late, stop := k.clock.After(drainWithin)
		select {
		case <-dry:
			stop()
			return
		case <-late:
			if n < drainAtMost && kp.unread() > 0 {
				continue
			}
			kp.release()
			<-dry
			return
		}
	}
}

// attend gives the order and waits for the end, which it brings about when the time is up or ctx ends.
func (k *Kind) attend(ctx context.Context, t task, kp *started, o order) (outcome, error) {
	if t.begin != nil {
		if err := t.begin(); err != nil {
			return outcome{}, err
		}
	}
	var how outcome
	up, stop := k.clock.After(t.timeout())
	defer stop()
	if err := kp.order(o); err != nil {
		return outcome{}, fault.Wrap(err, fault.Unavailable, "The command could not be started. Try again.")
	}
	heard := make(chan news, 1)
	go func() {
		n, _ := kp.hear() // no news: the keeper is gone
		heard <- n
	}()
	var last <-chan time.Time
	done := ctx.Done()
	end := func(why error) {
		how.why = why
		kp.tell(keeper.SayStop)
		last, _ = k.clock.After(t.grace() + endWithin)
		up, done = nil, nil
	}
	for {
		select {
		case n := <-heard:
			return how.with(n)
		case <-up:
			end(errTime)
		case <-done:
			end(errStop)
		case <-last:
			kp.kill()
			last = nil
		}
	}
}

// with is the outcome with the keeper's last news.
func (o outcome) with(n news) (outcome, error) {
	switch {
	case n.Refused != nil:
		return o, refused(*n.Refused)
	case n.Ended != nil:
		o.ending = *n.Ended
		return o, nil
	}
	o.Signal = int(syscall.SIGKILL)
	if o.why == nil {
		o.why = errGone
	}
	return o, nil
}

// refused says to people why a command was not started.
func refused(w wrong) error {
	cause := errors.New(w.Cause)
	switch w.Setting {
	case "dir":
		return fault.Wrap(cause, fault.Invalid, "The command was not started: its folder does not exist or cannot be entered. Correct the setting dir.")
	case "read", "write":
		return fault.Wrap(cause, fault.Invalid, "The command was not started: a file or folder that it may %s does not exist or cannot be reached. Correct the setting %s.", w.Setting, w.Setting)
	case "command":
		return fault.Wrap(cause, fault.Invalid, "The command was not started: the program, or what its first line names, does not exist on the server's machine or may not be run. Correct the setting command; a program that is in none of the system's folders needs what it loads under read.")
	}
	return fault.Wrap(cause, fault.Unavailable, "The command was not started: this host did not let its sandbox be made. Try again; if it stays so, look at the server's log.")
}
