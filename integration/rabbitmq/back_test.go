package rabbitmq

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

// shelf is a quarantine in memory.
type shelf map[string]*action.Kept

func (s shelf) kept(_ context.Context, id string) (action.Kept, error) {
	if k, ok := s[id]; ok {
		return *k, nil
	}
	return action.Kept{}, fault.New(fault.NotFound, "There is nothing with that id.")
}

// taken takes a decision out and returns the call that would put it back.
func (s *stage) taken(n int) (action.Call, shelf) {
	s.t.Helper()
	led := &actiontest.Ledger{}
	call := s.call(map[string]any{"fingerprint": prints(s.t, n)})
	plan, err := park().Plan(s.t.Context(), call)
	must(s.t, err)
	res, err := park().Do(s.t.Context(), call, plan, led)
	must(s.t, err)
	if res.Undo == nil || res.Undo.Kind != "rabbitmq.replay" || res.Undo.Inputs["quarantine"] != "Q-1" {
		s.t.Fatalf("the run offers %+v", res.Undo)
	}
	settings, err := json.Marshal(res.Undo.Settings)
	must(s.t, err)
	quarantine := shelf{"Q-1": {ID: "Q-1", State: action.Removed, Quarantined: led.Kept()[0]}}
	back := call
	back.Settings, back.Inputs, back.Kept = settings, res.Undo.Inputs, quarantine.kept
	return back, quarantine
}

func back() *Back { return NewBack(park()) }

func TestBackKeepsThePromisesOfAKind(t *testing.T) {
	worlds(t, func(s *stage) actiontest.World {
		s.publish(1, 4)
		call, quarantine := s.taken(2)
		lockedOut := call
		lockedOut.Settings = s.settings(map[string]any{"user": "nobody"})
		return actiontest.World{
			Kind: back(), Call: call, Bad: badSettings(),
			Observe:     func(testing.TB) string { return short(s.contents(3, 4)) },
			Move:        func(testing.TB) { quarantine["Q-1"].State = action.Replayed },
			Unreachable: &lockedOut,
		}
	})
}

// What a run took out, its undo puts back: at the end, with everything it had, and once.
func TestAParkedMessageGoesBack(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, quorum())
		s.publish(1, 4)
		call, quarantine := s.taken(2)
		plan, err := back().Plan(t.Context(), call)
		must(t, err)
		if len(plan.Changes) != 1 || !strings.Contains(plan.Changes[0].What, "decision-002") || !strings.Contains(plan.Changes[0].After, "end of decisions") {
			t.Errorf("the plan is %+v", plan)
		}
		led := &actiontest.Ledger{}
		res, err := back().Do(t.Context(), call, plan, led)
		must(t, err)
		if !res.Done || !slices.Equal(led.Back(), []string{"Q-1"}) || !slices.Equal(led.Names(), []string{stepReplaying, stepReplayed}) {
			t.Errorf("%+v with the steps %v", res, led.Names())
		}
		if got, want := s.contents(4), append(ids(1, 4, 2), decision(2).MessageId); !slices.Equal(got, want) {
			t.Errorf("the queue holds %v, want %v", got, want)
		}
		quarantine["Q-1"].State = action.Replayed
		if _, err := back().Plan(t.Context(), call); !fault.Is(err, fault.Conflict) {
			t.Errorf("planned to be put back twice: %v", err)
		}
	})
}

// TestBackFindsOut asks after a crash between publishing and the confirmation, with the message there, and gone.
func TestBackFindsOut(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, quorum())
		s.publish(1, 3)
		call, _ := s.taken(2)
		plan, err := back().Plan(t.Context(), call)
		must(t, err)
		led := &actiontest.Ledger{}
		_, err = back().Do(t.Context(), call, plan, led)
		must(t, err)
		crashed := led.Steps()[:1]
		again := &actiontest.Ledger{}
		res, err := back().Reconcile(t.Context(), call, plan, crashed, again)
		must(t, err)
		if !res.Done || !slices.Equal(again.Back(), []string{"Q-1"}) {
			t.Errorf("with the message in the queue: %+v, %v", res, again.Back())
		}
		s.ready(3)
		s.remove(2)
		if res, err = back().Reconcile(t.Context(), call, plan, crashed, &actiontest.Ledger{}); err != nil || !res.Unknown {
			t.Errorf("with the message gone: %+v, %v, want unknown", res, err)
		}
		if res, err = back().Reconcile(t.Context(), call, plan, led.Steps(), &actiontest.Ledger{}); err != nil || !res.Done {
			t.Errorf("with every step: %+v, %v, want done", res, err)
		}
	})
}

func TestWhatCannotGoBack(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		s.publish(1, 2)
		call, quarantine := s.taken(1)
		pod := *quarantine["Q-1"]
		pod.Kind = "kubernetes.pod"
		quarantine["Q-2"] = &pod
		for given, want := range map[string]fault.Kind{"": fault.Invalid, "Q-9": fault.Invalid, "Q-2": fault.Invalid, "Q-1 Q-1": fault.Invalid} {
			bad := call
			bad.Inputs = map[string]any{"quarantine": given}
			if _, err := back().Plan(t.Context(), bad); !fault.Is(err, want) {
				t.Errorf("%q: %v, want %s", given, err, want)
			}
		}
		elsewhere := call
		elsewhere.Settings = s.settings(map[string]any{"queue": "payments"})
		if _, err := back().Plan(t.Context(), elsewhere); !fault.Is(err, fault.Invalid) {
			t.Errorf("with an action for another queue: %v", err)
		}
	})
}
