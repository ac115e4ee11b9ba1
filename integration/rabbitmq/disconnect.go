package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
)

// Disconnect is the kind "rabbitmq.disconnect": it closes the connections of a queue's consumers, all or one, so that the messages in their
// hands go back to the queue. It is for a consumer that hangs. Its settings are those of rabbitmq.park, with disconnect: true; the input
// "connection" names one connection as the plan lists it.
type Disconnect struct{ base }

var _ action.Prover = (*Disconnect)(nil)

// NewDisconnect returns the kind. It sees queues as park does.
func NewDisconnect(p *Park) *Disconnect { return &Disconnect{p.base} }

// Name implements action.Kind.
func (*Disconnect) Name() string { return "rabbitmq.disconnect" }

// Check implements action.Kind.
func (k *Disconnect) Check(raw json.RawMessage) error {
	s, err := parseSettings((*Disconnect)(nil).Name(), raw)
	if err == nil && !s.Disconnect {
		return fault.Wrong("disconnect", "The setting disconnect: true says that this action may close connections of others. Without it the action can do nothing.")
	}
	return err
}

// disconnectMark is what a plan remembers: whom it would close.
type disconnectMark struct {
	Call        string   `json:"call"`
	Connections []string `json:"connections"`
}

const stepClosing = "closing" // from here on connections may be closed

// Plan implements action.Kind.
func (k *Disconnect) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	s, p, m, err := k.see(ctx, call)
	if err != nil {
		return action.Plan{}, err
	}
	private, err := json.Marshal(m)
	if err != nil {
		return action.Plan{}, fmt.Errorf("write the plan: %w", err)
	}
	plan := action.Plan{Private: private, At: k.clock.Now(), Summary: fmt.Sprintf("Close %s of %s; %s in hand go back to the queue.", counted(len(m.Connections), "connection", "connections"), s.chosen.Queue, counted(p.queue.Unacked, "message", "messages")),
		Nothing: len(m.Connections) == 0}
	if plan.Nothing {
		plan.Summary = "No consumer is connected to " + s.chosen.Queue + "."
		return plan, nil
	}
	for _, name := range m.Connections {
		plan.Changes = append(plan.Changes, action.Change{What: "Connection " + name, Now: "consumes " + s.chosen.Queue, After: "closed; the service connects again by itself if it is made so", Count: 1})
	}
	plan.Costs = []string{"Everything else on these connections is broken off too: other queues, and what is being published."}
	if p.quorum() {
		plan.Costs = append(plan.Costs, "Each message in hand has used up one of its deliveries.")
	}
	return plan, nil
}

// see looks who consumes the queue.
func (k *Disconnect) see(ctx context.Context, call action.Call) (site, preflight, disconnectMark, error) {
	wanted, _ := call.Inputs["connection"].(string)
	d, err := call.Digest()
	if err != nil {
		return site{}, preflight{}, disconnectMark{}, err
	}
	s, err := k.queueOf(call)
	if err != nil {
		return s, preflight{}, disconnectMark{}, err
	}
	p := preflight{}
	if p.version, err = s.api.version(ctx); err == nil {
		p.queue, err = s.api.queue(ctx, s.VHost, s.chosen.Queue)
	}
	if err != nil {
		return s, p, disconnectMark{}, err
	}
	names := p.connections()
	if wanted != "" {
		if !slices.Contains(names, wanted) {
			return s, p, disconnectMark{}, fault.Wrong("connection", "%.80q does not consume %s now. Connected are: %s.", wanted, s.chosen.Queue, strings.Join(names, "; "))
		}
		names = []string{wanted}
	}
	slices.Sort(names)
	return s, p, disconnectMark{d, slices.Compact(names)}, nil
}

// queueOf reads the call, of whose inputs only the queue is park's.
func (k *Disconnect) queueOf(call action.Call) (site, error) {
	given := map[string]any{}
	if q, ok := call.Inputs["queue"]; ok {
		given["queue"] = q
	}
	call.Inputs = given
	return k.siteAs(k.Name(), call)
}

// Do implements action.Kind.
func (k *Disconnect) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	var then disconnectMark
	if err := json.Unmarshal(plan.Private, &then); err != nil || then.Call == "" {
		return action.Result{}, fault.New(fault.Conflict, "This plan was not made by rabbitmq.disconnect, or not completely. Plan again.")
	}
	s, _, now, err := k.see(ctx, call)
	switch {
	case fault.Is(err, fault.Invalid):
		return action.Result{}, fault.Wrap(err, fault.Conflict, "The world has moved: %s", fault.Sentence(err))
	case err != nil:
		return action.Result{}, err
	case now.Call != then.Call:
		return action.Result{}, fault.New(fault.Conflict, "The action's settings or inputs are not those that were planned with. Plan again.")
	case !slices.Equal(now.Connections, then.Connections):
		return action.Result{}, fault.New(fault.Conflict, "Others are connected now than were planned for. Nothing was closed; plan again.")
	}
	if err := led.Commit(ctx, stepClosing, nil); err != nil {
		return action.Result{}, err
	}
	for i, name := range then.Connections {
		led.Progress(i, len(then.Connections), "closing "+name)
		if err := s.api.disconnect(ctx, name, "Closed by "+s.label(call)+": "+call.Reason); err != nil {
			return action.Result{}, fault.Wrap(err, fault.Unavailable, "After %s the broker closed no more: %s", counted(i, "connection", "connections"), fault.Sentence(err))
		}
		led.Printf("Closed the connection %s.", name)
	}
	return closed(s, then), nil
}

func closed(s site, m disconnectMark) action.Result {
	return action.Result{Done: true, Summary: fmt.Sprintf("Closed %s of %s. What they held is back in the queue.", counted(len(m.Connections), "connection", "connections"), s.chosen.Queue),
		Facts: map[string]any{"queue": s.chosen.Queue, "closed": len(m.Connections)}}
}

// left counts the connections that still consume. Reports may be old: while any is left it looks again until all are from after the step.
func (k *Disconnect) left(ctx context.Context, call action.Call, then disconnectMark, since time.Time) (site, int, error) {
	for {
		s, _, now, err := k.see(ctx, call)
		if err != nil {
			return s, 0, err
		}
		left := 0
		for _, name := range then.Connections {
			if slices.Contains(now.Connections, name) {
				left++
			}
		}
		if left == 0 || k.clock.Now().Sub(since) >= reportsAfter {
			return s, left, nil
		}
		if err := wait(ctx, k.clock, askReport); err != nil {
			return s, left, err
		}
	}
}

// Reconcile implements action.Kind: a connection that is gone was closed, whoever closed it.
func (k *Disconnect) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	if len(steps) == 0 {
		return action.Result{Summary: "The run broke off before a connection was closed."}, nil
	}
	var then disconnectMark
	if err := json.Unmarshal(plan.Private, &then); err != nil {
		return action.Result{}, fault.Wrap(err, fault.Internal, "The record of this run cannot be read. Look at the queue's consumers yourself.")
	}
	call.Inputs = maps.Clone(call.Inputs)
	delete(call.Inputs, "connection") // which may be gone
	s, left, err := k.left(ctx, call, then, steps[len(steps)-1].At)
	if err != nil {
		return action.Result{}, err
	}
	switch {
	case left == 0:
		return closed(s, then), nil
	case left == len(then.Connections):
		return action.Result{Summary: "The run broke off before a connection was closed."}, nil
	}
	return action.Result{Done: true, Summary: fmt.Sprintf("The run broke off after %d of %d connections were closed. Plan again for the others.", len(then.Connections)-left, len(then.Connections)),
		Facts: map[string]any{"queue": s.chosen.Queue, "closed": len(then.Connections) - left}}, nil
}
