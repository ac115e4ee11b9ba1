package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
)

var (
	_ action.Elsewhere = (*Dispatch)(nil)
	_ action.Resumer   = kind{}
	_ action.Prover    = prover{}
)

// Kind implements action.Elsewhere.
func (d *Dispatch) Kind(def action.Definition, k action.Kind) action.Kind {
	here := kind{d, def, k}
	if _, ok := k.(action.Prover); ok {
		return prover{here}
	}
	return here
}

// kind stands in for a kind that a runner elsewhere uses. While it waits it holds its caller's goroutine and nothing else: what has to last is in
// the assignment.
type kind struct {
	to   *Dispatch
	def  action.Definition
	kind action.Kind
}

// prover is a kind that can prove afterwards that a run helped.
type prover struct{ kind }

const (
	takeTime    = 15 * time.Second // how long an assignment waits for a runner
	stopTime    = 20 * time.Second // how long a stopped one may take to end
	plansFor    = 30 * time.Second // how long a plan, a proof or a look may take when its caller does not say
	provesFor   = 15 * time.Minute
	looksFor    = 90 * time.Second
	deadAfter   = 10             // leases of silence after which a runner with work is not waited for any more
	forgetAfter = 24 * time.Hour // ended assignments, which are no record: the run is
)

// Name implements action.Kind.
func (k kind) Name() string { return k.kind.Name() }

// Check implements action.Kind.
func (k kind) Check(settings json.RawMessage) error { return k.kind.Check(settings) }

// Plan implements action.Kind.
func (k kind) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	o := k.order(action.OrderPlan, call, plansFor)
	reply, err := k.carry(ctx, o, "")
	if err != nil || reply.Plan == nil {
		return action.Plan{}, orEmpty(err)
	}
	return *reply.Plan, nil
}

// Do implements action.Kind. Outside a run, and for a look afterwards, it is a look.
func (k kind) Do(ctx context.Context, call action.Call, plan action.Plan, _ action.Ledger) (action.Result, error) {
	step, limit := action.OrderDo, k.def.Limits.RunsFor()+time.Minute // the net under our own limit
	if call.Run == "" || call.Looks {
		step, limit = action.OrderLook, looksFor
	}
	o := k.order(step, call, limit)
	o.Plan = plan
	return resultOf(k.carry(ctx, o, ""))
}

// Prove implements action.Prover.
func (k prover) Prove(ctx context.Context, call action.Call, plan action.Plan, result action.Result, _ action.Ledger) (action.Finding, error) {
	o := k.order(action.OrderProve, call, provesFor)
	o.Plan, o.Result = plan, result
	reply, err := k.carry(ctx, o, k.sameRunner(ctx, call.Run))
	if err != nil || reply.Finding == nil {
		return action.Finding{}, orEmpty(err)
	}
	return *reply.Finding, nil
}

// Resume implements action.Resumer.
func (k kind) Resume(ctx context.Context, call action.Call, _ action.Plan) (action.Result, error) {
	a, ok, err := k.to.Store.LastAssignment(ctx, call.Run, action.OrderDo)
	if err != nil {
		return action.Result{}, err
	}
	if !ok || a.State == Lost || a.State == Withdrawn {
		return action.Result{}, action.ErrNotUnderWay
	}
	if a.State == Answered {
		return k.known(a)
	}
	result, err := resultOf(k.finish(ctx, a))
	if now, again := k.to.Store.Assignment(context.WithoutCancel(ctx), a.ID); again == nil && now.State == Lost {
		return action.Result{}, action.ErrNotUnderWay // its steps say how far it came
	}
	return result, err
}

// known is what the reply says for certain. When it leaves open what became of the run, Reconcile has to look.
func (k kind) known(a Assignment) (action.Result, error) {
	reply, err := open[action.Reply](k.to, a.Reply)
	if err != nil {
		return action.Result{}, err
	}
	result, err := resultOf(reply, reply.Fault.Err())
	if kind := fault.KindOf(err); result.Unknown || kind == fault.Unavailable || kind == fault.Internal {
		return action.Result{}, action.ErrNotUnderWay
	}
	return result, err
}

// Reconcile implements action.Kind. Nobody is asked while the runner that did the work may still be at it.
func (k kind) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	a, ok, err := k.to.Store.LastAssignment(ctx, call.Run, action.OrderDo)
	if err != nil {
		return action.Result{}, err
	}
	if ok && a.open() {
		result, err := resultOf(k.finish(ctx, a))
		if err == nil && !result.Unknown {
			return result, nil
		}
		if a, err = k.to.Store.Assignment(ctx, a.ID); err != nil {
			return action.Result{}, err
		}
		if a.open() {
			return action.Result{}, k.silence(ctx, a)
		}
	}
	if a, ok, err := k.looking(ctx, call.Run); err != nil || ok {
		if err != nil {
			return action.Result{}, err
		}
		return resultOf(k.finish(ctx, a))
	}
	o := k.order(action.OrderReconcile, call, looksFor)
	o.Plan, o.Steps = plan, steps
	return resultOf(k.carry(ctx, o, k.sameRunner(ctx, call.Run)))
}

// looking is a look at the run that is under way already: two people may have asked, or an earlier process of ours. One whose runner is silent is
// given up.
func (k kind) looking(ctx context.Context, run string) (Assignment, bool, error) {
	a, ok, err := k.to.Store.LastAssignment(ctx, run, action.OrderReconcile)
	if err != nil || !ok || !a.open() {
		return a, false, err
	}
	if a.State == Held && k.to.silent(a.Until) {
		_, err = k.to.Store.ChangeAssignment(ctx, a.ID, end(Lost))
		return a, false, err
	}
	return a, true, nil
}

// sameRunner is the id of the runner that did the work, when it is there; otherwise any that matches will do.
func (k kind) sameRunner(ctx context.Context, run string) string {
	a, ok, err := k.to.Store.LastAssignment(ctx, run, action.OrderDo)
	if err != nil || !ok || a.Runner == "" {
		return ""
	}
	if r, err := k.to.Store.RunnerByID(ctx, a.Runner); err == nil && k.to.there(r) {
		return r.ID
	}
	return ""
}

// order is what a runner has to know for the call.
func (k kind) order(step action.OrderStep, call action.Call, limit time.Duration) action.Order {
	o := action.Order{Step: step, Run: call.Run, Definition: k.def, Inputs: call.Inputs, Actor: call.Actor, Reason: call.Reason, Looks: call.Looks, Limit: limit,
		Hidden: map[string]string{}, Files: map[string]action.File{}}
	for name, value := range call.Secrets {
		o.Hidden[name] = value.Reveal()
	}
	for name, f := range call.Files {
		o.Files[name] = f.File
	}
	return o
}

// carry hands the order to a runner and waits for its reply.
func (k kind) carry(ctx context.Context, o action.Order, only string) (action.Reply, error) {
	if err := k.someone(ctx); err != nil {
		return action.Reply{}, err
	}
	sealed, err := k.to.seal(o)
	if err != nil {
		return action.Reply{}, err
	}
	a, err := k.to.Store.Assign(ctx, Assignment{Run: o.Run, Step: o.Step, Action: k.def.ID, Labels: k.def.Runner, Only: only, State: Waiting, Order: sealed})
	if err != nil {
		return action.Reply{}, err
	}
	return k.finish(ctx, a)
}

// someone says whether a runner is there that carries the labels.
func (k kind) someone(ctx context.Context) error {
	all, err := k.to.Store.Runners(ctx)
	if err != nil {
		return err
	}
	last := ""
	for _, r := range all {
		if !r.RevokedAt.IsZero() || !r.Carries(k.def.Runner) {
			continue
		}
		if k.to.there(r) {
			return nil
		}
		last = " " + r.Name + " was never heard."
		if !r.SeenAt.IsZero() {
			last = fmt.Sprintf(" %s was last heard at %s.", r.Name, r.SeenAt.Format("2006-01-02 15:04:05 MST"))
		}
	}
	if last == "" {
		return fault.New(fault.Unavailable, "No runner with the labels %s is enrolled. Ask an administrator to add one, or correct the action %s.", LabelText(k.def.Runner), k.def.ID)
	}
	return fault.New(fault.Unavailable, "No runner with the labels %s is connected.%s Start it, and try again.", LabelText(k.def.Runner), last)
}

// finish waits until the assignment has a reply, or none can come. When ctx ends the work is stopped, unless it is the run itself and nobody
// wanted it stopped: then it goes on without us.
func (k kind) finish(ctx context.Context, a Assignment) (action.Reply, error) {
	a, err := k.await(ctx, a)
	if ctx.Err() != nil && (a.open() || err != nil) {
		if a.Step == action.OrderDo && !action.Stopped(ctx) {
			return action.Reply{}, ctx.Err()
		}
		a, err = k.stop(ctx, a)
	}
	if err != nil {
		return action.Reply{}, err
	}
	switch a.State {
	case Answered:
		reply, err := open[action.Reply](k.to, a.Reply)
		if err == nil {
			err = reply.Fault.Err()
		}
		return reply, err
	case Lost:
		return action.Reply{}, fault.New(fault.Unavailable, "The runner %s was restarted or revoked before it was done.", a.RunnerName)
	case Withdrawn:
		return action.Reply{}, fault.New(fault.Unavailable, "No runner with the labels %s took it. Look whether they are busy, and try again.", LabelText(k.def.Runner))
	}
	return action.Reply{}, k.silence(ctx, a)
}

// silence says that the runner with the work is not heard, or does not end.
func (k kind) silence(ctx context.Context, a Assignment) error {
	if r, err := k.to.Store.RunnerByID(ctx, a.Runner); err == nil {
		return fault.New(fault.Unavailable, "The runner %s, last heard at %s, has not said what became of it and may still be at work.", r.Name, r.SeenAt.Format("15:04:05 MST"))
	}
	return fault.New(fault.Unavailable, "The runner has not said what became of it.")
}

// await returns the assignment once nobody is at work on it, its runner is silent, or ctx has ended.
func (k kind) await(ctx context.Context, a Assignment) (Assignment, error) {
	under, cancel := context.WithCancel(ctx)
	defer cancel()
	topics := k.to.Store.Subscribe(under)
	for {
		now, err := k.to.Store.Assignment(ctx, a.ID)
		if ctx.Err() != nil {
			return a, nil
		}
		if err != nil && !fault.Again(err) {
			return a, err
		}
		if err == nil {
			a = now
		}
		if !a.open() {
			return a, nil
		}
		if a.State == Waiting && k.to.Clock.Now().After(a.MadeAt.Add(takeTime)) {
			if now, err := k.to.Store.ChangeAssignment(ctx, a.ID, withdraw); err == nil && !now.open() {
				return now, nil
			}
		}
		if a.State == Held && k.to.silent(a.Until) {
			return k.silent(ctx, a)
		}
		k.pause(ctx, a, topics)
	}
}

// pause ends when the assignment has changed, and now and then.
func (k kind) pause(ctx context.Context, a Assignment, topics <-chan []string) {
	tick, stop := k.to.Clock.After(min(lookAgain, k.to.Lease/4))
	defer stop()
	for {
		select {
		case changed := <-topics:
			if concern(changed, "assignment:"+a.ID) {
				return
			}
		case <-tick:
			return
		case <-ctx.Done():
			return
		}
	}
}

// silent decides what becomes of an assignment whose runner is not heard. One without a step has had no effect, and can have none any more once
// it is lost; one with steps stays the runner's for a while, for it may come back and finish.
func (k kind) silent(ctx context.Context, a Assignment) (Assignment, error) {
	return k.to.Store.ChangeAssignment(ctx, a.ID, func(c Change) (Assignment, journal.Consequences, error) {
		dead := c.Now.After(c.Until.Add(deadAfter * k.to.Lease))
		if c.State == Held && k.to.silent(c.Until) && (c.Run.Steps == 0 || dead) {
			c.State, c.EndedAt = Lost, c.Now
		}
		return c.Assignment, journal.Consequences{}, nil
	})
}

// stop withdraws an assignment that nobody took, or has its runner told to stop, and waits a while for what that says.
func (k kind) stop(ctx context.Context, a Assignment) (Assignment, error) {
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	a, err := k.to.Store.ChangeAssignment(settled, a.ID, func(c Change) (Assignment, journal.Consequences, error) {
		switch c.State {
		case Waiting:
			c.State, c.EndedAt = Withdrawn, c.Now
		case Held:
			if c.CancelAt.IsZero() {
				c.CancelAt = c.Now
			}
		}
		return c.Assignment, journal.Consequences{}, nil
	})
	if err != nil || !a.open() || a.Step != action.OrderDo && a.Step != action.OrderReconcile {
		return a, errors.Join(err, stillOpen(ctx, a))
	}
	return k.await(settled, a)
}

// stillOpen is why a look that was stopped has no answer.
func stillOpen(ctx context.Context, a Assignment) error {
	if a.open() {
		return fault.Wrap(ctx.Err(), fault.Unavailable, "The runner took too long. Try again, or look at the runner.")
	}
	return nil
}

func withdraw(c Change) (Assignment, journal.Consequences, error) {
	if c.State == Waiting {
		c.State, c.EndedAt = Withdrawn, c.Now
	}
	return c.Assignment, journal.Consequences{}, nil
}

func end(as State) func(Change) (Assignment, journal.Consequences, error) {
	return func(c Change) (Assignment, journal.Consequences, error) {
		if c.open() {
			c.State, c.EndedAt = as, c.Now
		}
		return c.Assignment, journal.Consequences{}, nil
	}
}

func resultOf(reply action.Reply, err error) (action.Result, error) {
	if err != nil || reply.Result == nil {
		return action.Result{}, orEmpty(err)
	}
	return *reply.Result, nil
}

// orEmpty is the error, or that there is neither an error nor an answer.
func orEmpty(err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Internal, "The runner answered with nothing. Start it with the version of the server.")
}

// Tend forgets old assignments every hour, until ctx ends.
func (d *Dispatch) Tend(ctx context.Context) {
	for {
		if err := d.Store.ForgetAssignments(ctx, d.Clock.Now().Add(-forgetAfter)); err != nil && ctx.Err() == nil {
			d.Log.Warn("old assignments cannot be forgotten", "err", err)
		}
		tick, stop := d.Clock.After(time.Hour)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// Advice is what is better to know about actions that name labels: that no runner carries them.
func Advice(all []Runner, d action.Definition) string {
	if len(d.Runner) == 0 {
		return ""
	}
	for _, r := range all {
		if r.RevokedAt.IsZero() && r.Carries(d.Runner) {
			return ""
		}
	}
	return strings.TrimSpace(fmt.Sprintf("No enrolled runner carries %s: nobody can run %s until one does.", LabelText(d.Runner), d.ID))
}
