// Package actiontest answers whether an action kind keeps the promises of action.Kind, whatever it is about. Every kind passes it in
// its own tests, against a real neighbour.
package actiontest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/fault"
)

// World is a kind and the neighbour that it works on, freshly laid out: there is something to do for Call.
type World struct {
	Kind action.Kind
	Call action.Call
	// Bad maps settings that Check must refuse to the name of the setting that the fault must carry.
	Bad map[string]string
	// Observe describes the neighbour as far as people care. Two equal descriptions mean that nothing has changed.
	Observe func(t testing.TB) string
	// Move changes the neighbour so that a plan that was made before is no longer right.
	Move func(t testing.TB)
	// Unreachable, when set, is a call whose neighbour does not answer or does not let us in.
	Unreachable *action.Call
	// Blind says that Reconcile cannot find out whether the work was done, so that it must say Unknown.
	Blind bool
}

// patience is how long a cancelled call may take to return.
const patience = 60 * time.Second

// Run runs the suite. open lays out a world of its own for each part, always the same one.
func Run(t *testing.T, open func(t *testing.T) World) {
	for _, part := range []struct {
		name string
		test func(*testing.T, func(*testing.T) World)
	}{
		{"refuses bad settings by their name", badSettings},
		{"plan changes nothing", planChangesNothing},
		{"do is recorded before it acts", recordedFirst},
		{"do fails when it cannot record", cannotRecord},
		{"do refuses a stale plan", stalePlan},
		{"do refuses a plan that is not its own", foreignPlan},
		{"returns when cancelled", cancelled},
		{"reconcile never acts", reconcile},
		{"names an unreachable neighbour", unreachable},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open) })
	}
}

func badSettings(t *testing.T, open func(*testing.T) World) {
	w := open(t)
	if err := w.Kind.Check(w.Call.Settings); err != nil {
		t.Fatalf("Check refuses the good settings: %v", err)
	}
	if len(w.Bad) == 0 {
		t.Fatal("the world has no bad settings to try")
	}
	for settings, name := range w.Bad {
		err := w.Kind.Check(json.RawMessage(settings))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("Check(%s) = %v, want an Invalid fault about %s", settings, err, name)
			continue
		}
		if fields := fault.FieldsOf(err); len(fields) != 1 || fields[0].Name != name {
			t.Errorf("Check(%s) names %v, want %s", settings, fields, name)
		}
		w.discreet(t, err)
	}
}

func planChangesNothing(t *testing.T, open func(*testing.T) World) {
	w := open(t)
	before := w.Observe(t)
	for range 2 {
		plan := w.plan(t)
		if plan.Summary == "" || len(plan.Changes) == 0 || plan.Nothing || plan.At.IsZero() {
			t.Errorf("the plan lacks summary, changes or time: %+v", plan)
		}
		if after := w.Observe(t); after != before {
			t.Fatalf("planning changed the world\nfrom %s\nto   %s", before, after)
		}
	}
}

func recordedFirst(t *testing.T, open func(*testing.T) World) {
	w := open(t)
	plan, before := w.plan(t), w.Observe(t)
	led := &Ledger{}
	led.Before = func(step string) error {
		if now := w.Observe(t); len(led.Steps()) == 0 && now != before {
			t.Errorf("the world had changed before the first step %q was committed\nfrom %s\nto   %s", step, before, now)
		}
		led.Before = nil // later steps may find the world half changed
		return nil
	}
	res, err := w.Kind.Do(t.Context(), w.Call, plan, led)
	if err != nil {
		t.Fatalf("Do: %v", err)
	}
	if !res.Done || res.Unknown || res.Summary == "" {
		t.Errorf("Do says %+v, want done with a summary", res)
	}
	if len(led.Steps()) == 0 {
		t.Error("Do committed no step")
	}
	if after := w.Observe(t); after == before {
		t.Errorf("Do says done, but the world is as it was: %s", after)
	}
	w.discreet(t, nil, res, led.Lines(), led.Progressed())
}

func cannotRecord(t *testing.T, open func(*testing.T) World) {
	first := open(t)
	full := &Ledger{}
	if _, err := first.Kind.Do(t.Context(), first.Call, first.plan(t), full); err != nil {
		t.Fatalf("Do: %v", err)
	}
	disk := errors.New("the disk is full")
	for n := range full.Steps() {
		w := open(t)
		plan, before, asked := w.plan(t), w.Observe(t), 0
		led := &Ledger{Before: func(string) error {
			if asked++; asked > n {
				return disk
			}
			return nil
		}}
		_, err := w.Kind.Do(t.Context(), w.Call, plan, led)
		if !errors.Is(err, disk) {
			t.Errorf("with a ledger that keeps %d steps Do returned %v, want the ledger's error", n, err)
		}
		if after := w.Observe(t); n == 0 && after != before {
			t.Errorf("Do acted although it could not record its first step\nfrom %s\nto   %s", before, after)
		}
	}
}

func stalePlan(t *testing.T, open func(*testing.T) World) {
	w := open(t)
	plan := w.plan(t)
	w.Move(t)
	moved := w.Observe(t)
	res, err := w.Kind.Do(t.Context(), w.Call, plan, &Ledger{})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("Do with a stale plan = %+v, %v, want a Conflict", res, err)
	}
	w.discreet(t, err, res)
	if after := w.Observe(t); after != moved {
		t.Errorf("Do with a stale plan changed the world\nfrom %s\nto   %s", moved, after)
	}
}

func foreignPlan(t *testing.T, open func(*testing.T) World) {
	w := open(t)
	plan, before := w.plan(t), w.Observe(t)
	for name, private := range map[string]string{"nothing": "", "not JSON": "{", "of another kind": `{"pod":"api-7f9c"}`} {
		plan.Private = json.RawMessage(private)
		_, err := w.Kind.Do(t.Context(), w.Call, plan, &Ledger{})
		if err == nil {
			t.Errorf("Do took a plan whose private part is %s", name)
		}
		w.discreet(t, err)
	}
	if after := w.Observe(t); after != before {
		t.Errorf("Do with a foreign plan changed the world\nfrom %s\nto   %s", before, after)
	}
}

func cancelled(t *testing.T, open func(*testing.T) World) {
	w := open(t)
	plan, before := w.plan(t), w.Observe(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Plan": func() error { _, err := w.Kind.Plan(ctx, w.Call); return err },
		"Do":   func() error { _, err := w.Kind.Do(ctx, w.Call, plan, &Ledger{}); return err },
	} {
		over := make(chan error, 1)
		go func() { over <- call() }()
		select {
		case err := <-over:
			if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s with a cancelled context = %v, want Unavailable", name, err)
			}
			w.discreet(t, err)
		case <-time.After(patience):
			t.Fatalf("%s did not return within %s of being cancelled", name, patience)
		}
	}
	if after := w.Observe(t); after != before {
		t.Errorf("cancelled calls changed the world\nfrom %s\nto   %s", before, after)
	}
}

func reconcile(t *testing.T, open func(*testing.T) World) {
	done := open(t)
	led := &Ledger{}
	if _, err := done.Kind.Do(t.Context(), done.Call, done.plan(t), led); err != nil {
		t.Fatalf("Do: %v", err)
	}
	steps := led.Steps()
	for n := range len(steps) + 1 {
		w := open(t)
		plan, before := w.plan(t), w.Observe(t)
		name := fmt.Sprintf("after %d of %d steps %v", n, len(steps), led.Names()[:n])
		res, err := w.Kind.Reconcile(t.Context(), w.Call, plan, steps[:n], &Ledger{})
		if err != nil {
			t.Errorf("%s Reconcile: %v", name, err)
		}
		if after := w.Observe(t); after != before {
			t.Errorf("%s Reconcile changed the world\nfrom %s\nto   %s", name, before, after)
		}
		w.discreet(t, err, res)
		switch {
		case res.Summary == "" || res.Done && res.Unknown:
			t.Errorf("%s Reconcile says %+v", name, res)
		case n == 0 && (res.Done || res.Unknown):
			t.Errorf("%s Reconcile says %+v, but nothing can have happened before the first step", name, res)
		case n == len(steps) && !res.Done:
			t.Errorf("%s Reconcile says %+v, but every step was committed", name, res)
		case n > 0 && n < len(steps) && w.Blind && !res.Unknown:
			t.Errorf("%s Reconcile says %+v, but nobody can know", name, res)
		}
	}
}

func unreachable(t *testing.T, open func(*testing.T) World) {
	w := open(t)
	if w.Unreachable == nil {
		return
	}
	_, err := w.Kind.Plan(t.Context(), *w.Unreachable)
	if k := fault.KindOf(err); k != fault.Unavailable && k != fault.Forbidden {
		t.Errorf("Plan without the neighbour = %v, want Unavailable or Forbidden", err)
	}
	w.discreet(t, err)
}

// plan plans, and sends the plan through JSON as the store does.
func (w World) plan(t *testing.T) action.Plan {
	t.Helper()
	plan, err := w.Kind.Plan(t.Context(), w.Call)
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	w.discreet(t, nil, plan)
	b, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	var stored action.Plan
	if err := json.Unmarshal(b, &stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

// discreet fails the test when an error has no sentence, or when the error or anything else tells a secret.
func (w World) discreet(t *testing.T, err error, others ...any) {
	t.Helper()
	if err != nil {
		var e *fault.Error
		if !errors.As(err, &e) || e.Say == "" {
			t.Errorf("the error has nothing to say to people: %v", err)
		}
		others = append(others, err.Error())
	}
	for _, thing := range others {
		b, err := json.Marshal(thing)
		if err != nil {
			t.Fatalf("not even JSON: %v", err)
		}
		for name, s := range w.Call.Secrets {
			if strings.Contains(string(b), s.Reveal()) {
				t.Errorf("the secret %s shows in %s", name, b)
			}
		}
	}
}
