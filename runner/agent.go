package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/secret"
)

// Server is the server as a runner sees it. integration/remote implements it. Unavailable faults are worth trying again; any other fault is the
// server's own word, whose signature was checked.
type Server interface {
	Poll(ctx context.Context, h Hello) (Told, error)
	Books
	Answer(ctx context.Context, assignment string, r action.Reply) error
}

// Books is where a runner writes and reads for one assignment.
type Books interface {
	Step(ctx context.Context, assignment string, call int64, e Entry) (string, error)
	Output(ctx context.Context, assignment string, after int64, lines []action.Line, p action.Progress) error
	File(ctx context.Context, assignment string, call int64, f action.File, body []byte) (string, error)
	Input(ctx context.Context, assignment, name string, f action.File) (io.ReadCloser, error)
	Kept(ctx context.Context, assignment, id string) (action.Kept, error)
}

// Agent is the runner's side: it asks for work, does it once, and says what came of it. It goes on while the server is away.
type Agent struct {
	Server Server
	Bench  action.Bench
	Policy Policy
	Hello  Hello // who it is; Boot, Known, Stopping and Room are the agent's
	Name   string
	AtOnce int           // how many assignments it works on at the same time
	Grace  time.Duration // how long what is under way may take to end when the runner is stopped
	Pause  time.Duration // the longest pause before a server that does not answer is asked again
	Clock  clock.Clock
	Log    *slog.Logger

	mu   sync.Mutex
	work map[string]*task // what has no reply yet
	seen map[string]bool  // every assignment that this process ever began
}

// task is one assignment under way.
type task struct {
	stop    context.CancelFunc // ends the work
	drop    context.CancelFunc // ends all that is said about it
	stopped bool
}

// Run works until ctx ends, or the server does not want this runner any more: that is an error. It returns when nothing is under way.
func (a *Agent) Run(ctx context.Context) error {
	a.work, a.seen = map[string]*task{}, map[string]bool{}
	a.Hello.Boot = fmt.Sprintf("%016x-%s", a.Clock.Now().UnixMicro(), secret.Random(12))
	life, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	var wg sync.WaitGroup
	err := a.poll(ctx, life, &wg)
	a.end(err != nil)
	ended := make(chan struct{})
	go func() { // ends with what is under way, which kill ends at the latest
		wg.Wait()
		close(ended)
	}()
	tick, stop := a.Clock.After(a.Grace)
	defer stop()
	select {
	case <-ended:
	case <-tick:
	}
	kill()
	<-ended
	return err
}

// end stops everything; with drop, nothing more is said about it.
func (a *Agent) end(drop bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.work {
		t.stop()
		if drop {
			t.drop()
		}
	}
}

// poll asks for work until ctx ends.
func (a *Agent) poll(ctx, life context.Context, wg *sync.WaitGroup) error {
	for pause := firstPause; ; {
		told, err := a.Server.Poll(ctx, a.hello())
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			pause = firstPause
			a.take(life, told, wg)
			if told.none() && !a.rest(ctx, firstPause) { // a server that is being stopped answers at once
				return nil
			}
			continue
		case !fault.Again(err) && !fault.Is(err, fault.Internal):
			a.Log.Error("the server does not want this runner", "err", err)
			return err
		}
		a.Log.Warn("the server does not answer; what is under way goes on", "again", pause, "err", err)
		if !a.rest(ctx, pause) {
			return nil
		}
		pause = min(2*pause, a.Pause)
	}
}

const firstPause = 100 * time.Millisecond

// rest waits; false when ctx ended first.
func (a *Agent) rest(ctx context.Context, d time.Duration) bool {
	tick, stop := a.Clock.After(d)
	defer stop()
	select {
	case <-tick:
		return true
	case <-ctx.Done():
		return false
	}
}

// hello is what it says just now.
func (a *Agent) hello() Hello {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.Hello
	for id, t := range a.work {
		h.Known = append(h.Known, id)
		if t.stopped {
			h.Stopping = append(h.Stopping, id)
		}
	}
	slices.Sort(h.Known)
	h.Room = max(0, a.AtOnce-len(a.work))
	return h
}

// take begins what is new, each assignment once in the life of this process, and stops what is not wanted any more.
func (a *Agent) take(life context.Context, told Told, wg *sync.WaitGroup) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range told.New {
		if a.seen[n.ID] {
			continue
		}
		said, drop := context.WithCancel(life)
		works, stop := context.WithCancel(said)
		a.seen[n.ID], a.work[n.ID] = true, &task{stop: stop, drop: drop}
		wg.Go(func() {
			defer drop()
			a.carry(works, said, n)
			a.mu.Lock()
			defer a.mu.Unlock()
			delete(a.work, n.ID)
		})
	}
	for _, id := range told.Stop {
		if t, ok := a.work[id]; ok {
			t.stopped = true
			t.stop()
		}
	}
	for _, id := range told.Drop {
		if t, ok := a.work[id]; ok {
			a.Log.Warn("an assignment was given up by the server; stopping it", "assignment", id)
			t.drop()
		}
	}
}

// carry works on one assignment and says what came of it, until the server has heard it.
func (a *Agent) carry(works, said context.Context, n Handed) {
	log := a.Log.With("assignment", n.ID, "order", n.Order.String(), "run", n.Order.Run)
	var reply action.Reply
	if err := a.Policy.Refuses(a.Name, n.Order); err != nil {
		log.Warn("refused by the policy", "err", err)
		reply.Fault = action.Fail(err)
	} else {
		log.Info("order taken")
		reply = a.Bench.Carry(works, n.Order, &channel{agent: a, id: n.ID, said: said, order: n.Order})
	}
	err := a.insist(said, said, func(ctx context.Context) error { return a.Server.Answer(ctx, n.ID, reply) })
	if err != nil {
		log.Warn("what came of an order cannot be told", "err", err)
		return
	}
	log.Info("order done", "fault", reply.Fault != nil)
}

// insist calls until the server has answered, ctx ends, or there is nothing more to be said.
func (a *Agent) insist(ctx, said context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(said, cancel)()
	for pause := firstPause; ; pause = min(2*pause, a.Pause) {
		err := call(ctx)
		if said.Err() != nil {
			return ErrGone
		}
		if err == nil || !fault.Again(err) || ctx.Err() != nil {
			return err
		}
		if !a.rest(ctx, pause) {
			if said.Err() != nil {
				return ErrGone
			}
			return err
		}
	}
}

// channel is what a bench has of the server for one assignment. Ledger calls follow each other, each with its number, so that one whose answer was
// lost can be repeated.
type channel struct {
	agent *Agent
	id    string
	said  context.Context
	order action.Order

	mu    sync.Mutex
	calls int64

	told   sync.Mutex
	before int64 // lines that the server has
	part   int   // of them, how many the ledger will bring again: an earlier call failed after they were taken
}

var _ action.Access = (*channel)(nil)

// CommitStep implements action.Pages.
func (c *channel) CommitStep(ctx context.Context, s action.StepOf, _ journal.Consequences) (id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	e := Entry{Name: s.Step.Name, Payload: s.Step.Payload, Removed: s.Removed, Replayed: s.Replayed}
	if s.Keep != nil {
		e.Keep = &s.Keep.Quarantined
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	err = c.agent.insist(ctx, c.said, func(ctx context.Context) (err error) {
		id, err = c.agent.Server.Step(ctx, c.id, c.calls, e)
		return err
	})
	return id, err
}

// patient is ctx without its deadline: a kind gives the database some seconds, and a server may be away for longer. It still ends when the work is
// stopped.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	waits, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})
	return waits, func() { stop(); cancel() }
}

// AddOutput implements action.Pages. The ledger tries again by itself, with more lines.
func (c *channel) AddOutput(ctx context.Context, _, _ string, lines []action.Line, p action.Progress) error {
	c.told.Lock()
	defer c.told.Unlock()
	if c.said.Err() != nil {
		return ErrGone
	}
	lines = lines[min(c.part, len(lines)):]
	for first := true; first || len(lines) > 0; first = false {
		part := lines[:min(mostLines, len(lines))]
		if err := c.agent.Server.Output(ctx, c.id, c.before, part, p); err != nil {
			if errors.Is(err, context.Canceled) && c.said.Err() != nil {
				return ErrGone
			}
			return err
		}
		c.before += int64(len(part))
		c.part += len(part)
		lines = lines[len(part):]
	}
	c.part = 0
	return nil
}

// mostLines is how many lines are sent at once: a line has at most 8 KB.
const mostLines = 1000

// AddFile implements action.Pages.
func (c *channel) AddFile(ctx context.Context, _, _ string, f action.File, body []byte) (id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	err = c.agent.insist(ctx, c.said, func(ctx context.Context) (err error) {
		id, err = c.agent.Server.File(ctx, c.id, c.calls, f, body)
		return err
	})
	return id, err
}

// Input implements action.Access.
func (c *channel) Input(ctx context.Context, name string) (body io.ReadCloser, err error) {
	err = c.agent.insist(ctx, c.said, func(context.Context) (err error) {
		body, err = c.agent.Server.Input(ctx, c.id, name, c.order.Files[name])
		return err
	})
	return body, err
}

// Kept implements action.Access.
func (c *channel) Kept(ctx context.Context, id string) (k action.Kept, err error) {
	err = c.agent.insist(ctx, c.said, func(ctx context.Context) (err error) {
		k, err = c.agent.Server.Kept(ctx, c.id, id)
		return err
	})
	return k, err
}
