package rule

import (
	"context"
	"fmt"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// stopped says whether a rule is gone, off or paused.
func (e *Engine) stopped(ctx context.Context, id string) (Rule, bool, error) {
	book, err := e.Book(ctx)
	if err != nil {
		return Rule{}, false, err
	}
	r, ok := book.Rule(id)
	paused, err := e.Store.Pauses(ctx)
	return r, !ok || r.Off || !paused[id].At.IsZero(), err
}

// look decides about something that happened a while ago, as the rule's after says.
func (e *Engine) look(ctx context.Context, args JobFire) error {
	f, err := e.Store.Firing(ctx, args.Firing)
	if err != nil || f.Outcome != Later {
		return err
	}
	r, stopped, err := e.stopped(ctx, f.Rule)
	if err != nil {
		return err
	}
	decided := Firing{Outcome: Let}
	if !stopped {
		if decided, err = e.lookAgain(ctx, r, f); err != nil {
			return err
		}
	}
	f.Why, f.Inputs, f.Outcome, f.Say, f.At = first(decided.Why, f.Why), decided.Inputs, decided.Outcome, decided.Say, e.Clock.Now()
	return e.Store.SetFiring(ctx, f, follows(f))
}

func (e *Engine) lookAgain(ctx context.Context, r Rule, f Firing) (Firing, error) {
	entry, err := e.entryOf(ctx, f)
	if err == nil {
		entry.At = e.Clock.Now()
		r.After = 0
		var found Firing
		found, err = e.consider(ctx, r, entry, nil)
		if err == nil && found.Rule != "" {
			return found, nil
		}
	}
	switch {
	case err == nil, fault.Is(err, fault.NotFound):
		return Firing{Outcome: Let}, nil
	case fault.Is(err, fault.Invalid):
		return Firing{Outcome: Wrong, Say: fault.Sentence(err)}, nil
	}
	return Firing{}, err
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// fire does what a firing asks for, once: each deed knows its key, the run is written down before it is started, and its start has the firing as its
// key.
func (e *Engine) fire(ctx context.Context, args JobFire) error {
	f, err := e.Store.Firing(ctx, args.Firing)
	if err != nil || f.Outcome != "" {
		return err
	}
	r, stopped, err := e.stopped(ctx, f.Rule)
	if err != nil {
		return err
	}
	if stopped {
		return e.settle(ctx, f, Refused, "The rule was removed, paused or turned off before it did anything.")
	}
	if f.Run == "" {
		if err := e.act(ctx, r, &f); err != nil {
			return e.failed(ctx, f, err)
		}
	}
	if f.Action == "" {
		return e.settle(ctx, f, Done, "")
	}
	return e.run(ctx, r, f)
}

// act does the deeds, and fills in what the action is given where that was not written down.
func (e *Engine) act(ctx context.Context, r Rule, f *Firing) error {
	if len(r.Do) == 0 && f.For.Kind != "request" {
		return nil
	}
	event := Event{Verb: "time", At: f.At, Night: r.AtNight(f.At)}
	entry, err := e.entryOf(ctx, *f)
	if err == nil && entry.Verb != "" {
		event, err = e.describe(ctx, r, entry)
	}
	if err != nil {
		return err
	}
	deeds, err := r.deeds(event)
	if err != nil {
		return err
	}
	for i, d := range deeds {
		if err := e.Deeds.Do(ctx, r.Actor(), Order{Key: fmt.Sprintf("%s %d", f.ID, i), Rule: r, Deed: d, Event: event}); err != nil {
			return err
		}
	}
	if f.For.Kind == "request" {
		f.Inputs, err = r.Inputs(event)
	}
	return err
}

// run plans and starts the action.
func (e *Engine) run(ctx context.Context, r Rule, f Firing) error {
	by := r.Actor()
	if f.Run == "" {
		run, nothing, err := e.Actions.Plan(ctx, by, f)
		if err != nil {
			return e.failed(ctx, f, err)
		}
		f.Run = run
		if nothing {
			return e.settle(ctx, f, Nothing, "")
		}
		if err := e.Store.SetFiring(ctx, f, journal.Consequences{}); err != nil {
			return err
		}
	}
	waiting, err := e.Actions.Start(ctx, by, f.Run, "firing "+f.ID)
	switch {
	case err != nil:
		return e.failed(ctx, f, err)
	case waiting:
		return e.settle(ctx, f, Waits, "")
	}
	return e.settle(ctx, f, Started, "")
}

// failed gives up on what is final, and lets the rest be tried again.
func (e *Engine) failed(ctx context.Context, f Firing, err error) error {
	if fault.Again(err) {
		return err
	}
	e.Log.Warn("a rule's work is not done", "rule", f.Rule, "action", f.Action, "err", err)
	return e.settle(ctx, f, Refused, fault.Sentence(err))
}

func (e *Engine) settle(ctx context.Context, f Firing, outcome, say string) error {
	f.Outcome, f.Say = outcome, say
	by := journal.Actor{Kind: people.ByRule, ID: f.Rule, Via: "rule"}
	var c journal.Consequences
	if outcome == Refused {
		c.Add(journal.Entry{Actor: by, Verb: "rule.refused", Subject: journal.Of("rule", f.Rule), Facts: map[string]any{"firing": f.ID, "action": f.Action}}.With(f.For))
	}
	return e.Store.SetFiring(ctx, f, c)
}
