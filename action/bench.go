package action

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// Bench is where a runner elsewhere carries out orders: with its own kinds and its own secrets, which are masked in everything that leaves it.
type Bench struct {
	Kinds  Kinds
	Clock  clock.Clock
	Log    *slog.Logger
	Getenv func(string) string // where references env:NAME are looked up
}

// Access is what a bench needs of the server for one order.
type Access interface {
	Pages
	// Kept reads something in the quarantine of the action's team.
	Kept(ctx context.Context, id string) (Kept, error)
	// Input reads a file that was given for an input.
	Input(ctx context.Context, name string) (io.ReadCloser, error)
}

// Carry carries out an order, once: whoever calls it twice with the same order has started the work twice. It returns when all output is with
// the server, or ctx has ended. A ctx that was cancelled stops the work.
func (b Bench) Carry(ctx context.Context, o Order, to Access) Reply {
	d := o.Asked()
	kind, ok := b.Kinds[d.Kind]
	if !ok {
		return Reply{Fault: Fail(fault.New(fault.Invalid, "The runner has no action kind %s. Start it with the version of the server.", d.Kind))}
	}
	secrets, err := b.secrets(o)
	if err != nil {
		return Reply{Fault: Fail(err)}
	}
	mask := newMasker(secrets)
	led := openLedger(to, b.Clock, b.Log, Run{ID: o.Run, Definition: o.Definition}, "", mask)
	reply, err := b.call(ctx, o, kind, call(o, d, secrets, to), led, mask)
	led.close()
	led.drain(context.WithoutCancel(ctx))
	if err != nil {
		err = mask.err(err)
		b.Log.Warn("order ended with an error", "action", o.Definition.ID, "run", o.Run, "step", string(o.Step), "err", err)
		return Reply{Fault: Fail(err)}
	}
	return reply
}

// call calls the kind as the order says.
func (b Bench) call(ctx context.Context, o Order, kind Kind, c Call, led *ledger, mask masker) (r Reply, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	switch o.Step {
	case OrderPlan:
		plan, err := guard(func() (Plan, error) { return kind.Plan(ctx, c) })
		private := plan.Private // for the kind alone, as in Runner.ask
		plan.Private = nil
		if err == nil && len(private) > 0 && !json.Valid(private) {
			err = fault.New(fault.Internal, "The plan of the action's kind is not JSON. Report this to the action's owner.")
		}
		if err == nil {
			plan, err = masked(mask, plan)
		}
		plan.Private = private
		return Reply{Plan: &plan}, err
	case OrderProve:
		prover, ok := kind.(Prover)
		if !ok {
			return r, fault.New(fault.Invalid, "The kind %s of the runner cannot look whether it helped. Start the runner with the version of the server.", kind.Name())
		}
		finding, err := guard(func() (Finding, error) { return prover.Prove(ctx, c, o.Plan, o.Result, spoken{led}) })
		if err == nil {
			finding, err = masked(mask, finding)
		}
		return Reply{Finding: &finding}, err
	}
	result, err := guard(func() (Result, error) {
		switch o.Step {
		case OrderDo:
			return kind.Do(ctx, c, o.Plan, led)
		case OrderLook:
			return kind.Do(ctx, c, o.Plan, spoken{led})
		case OrderReconcile:
			return kind.Reconcile(ctx, c, o.Plan, o.Steps, led)
		}
		return Result{}, fault.New(fault.Invalid, "The runner does not know the order %.20q. Start it with the version of the server.", string(o.Step))
	})
	if err == nil {
		result, err = masked(mask, result)
	}
	return Reply{Result: &result}, err
}

// call is the call that the order stands for.
func call(o Order, d Definition, secrets map[string]secret.Text, to Access) Call {
	c := Call{Run: o.Run, Settings: d.settings(), Inputs: o.Inputs, Secrets: secrets, Scripts: d.Texts, Risk: d.Risk, Actor: o.Actor, Reason: o.Reason,
		Looks: o.Looks, Files: map[string]InputFile{}, Kept: to.Kept}
	for name, f := range o.Files {
		c.Files[name] = InputFile{File: f, Open: func(ctx context.Context) (io.ReadCloser, error) { return to.Input(ctx, name) }}
	}
	return c
}

// secrets are those inputs that are secret, and what the runner itself holds.
func (b Bench) secrets(o Order) (map[string]secret.Text, error) {
	all := map[string]secret.Text{}
	for name, value := range o.Hidden {
		all[name] = secret.New(value)
	}
	refs := o.Asked().references()
	for name := range maps.Keys(refs) {
		value, err := refs[name].Resolve(b.Getenv)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The runner cannot read the secret %s of %s. %s", name, o.Definition.ID, fault.Sentence(err))
		}
		all[name] = value
	}
	return all, nil
}
