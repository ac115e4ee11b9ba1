package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
)

// Reconcile implements action.Kind. A copy without a removal means that the message may still be in the queue: it looks for it, for a
// bounded time, and gives back what it held. It removes nothing.
func (k *Park) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, led action.Ledger) (action.Result, error) {
	return reconcile(ctx, k.site, call, plan, steps, led)
}

// reconcile finds out what became of a run that takes messages out.
func reconcile(ctx context.Context, at func(action.Call) (site, error), call action.Call, plan action.Plan, steps []action.Step, led action.Ledger) (action.Result, error) {
	var what found
	captured := 0
	var removed []string // their ids in quarantine
	for _, step := range steps {
		switch step.Name {
		case stepFound:
			if err := json.Unmarshal(step.Payload, &what); err != nil {
				return action.Result{}, fault.Wrap(err, fault.Internal, "The record of this run cannot be read. Look at the queue and the quarantine yourself.")
			}
		case stepCaptured:
			captured++
		case stepRemoved:
			removed = append(removed, string(step.Payload))
		}
	}
	if len(removed) > 0 {
		return action.Result{Done: true, Summary: "The message was taken out of the queue into quarantine; the broker gave back the others when the run broke off.",
			Facts: map[string]any{"fingerprint": what.Fingerprint, "taken": what.Copies}, Undo: undo(call, removed)}, nil
	}
	if captured < what.Copies || captured == 0 { // removal begins when every copy is durable
		return action.Result{Summary: "The run broke off before anything was removed. The broker gave back what was held.",
			Facts: map[string]any{"copies": captured}}, nil
	}
	s, err := at(call)
	if err != nil {
		return action.Result{}, err
	}
	m, err := s.markOf(plan)
	if err != nil {
		return action.Result{}, err
	}
	r := &run{site: s, call: call, mark: m, led: led}
	return r.verdict(ctx, what)
}

// lookFor is how long a verdict may take: twice what it takes to be sure.
const lookFor = 2 * reportsAfter

// verdict looks whether the copied messages are still in the queue. A broker that is just coming back is asked again; one that stays
// silent is an error, so that somebody looks later.
func (r *run) verdict(ctx context.Context, what found) (action.Result, error) {
	for began := r.clock.Now(); ; {
		sure, err := r.search(ctx, what)
		switch {
		case err == nil:
			return r.judge(what, len(r.pile.wanted), sure), nil
		case !fault.Again(err):
			return r.unknown(what, fault.Sentence(err)), nil
		case r.clock.Now().Sub(began) > lookFor:
			return action.Result{}, err
		}
		if err := wait(ctx, r.clock, time.Second); err != nil {
			return action.Result{}, err
		}
	}
}

// search holds the queue until the messages are found or certainly not there, and gives everything back.
func (r *run) search(ctx context.Context, what found) (sure bool, err error) {
	h, p, err := r.approach(ctx, r.call)
	if err != nil {
		return false, err
	}
	defer h.close()
	r.hand, r.pre = h, p
	r.pile = &pile{aim: aim{prints: what.prints(), take: what.Copies}, atStart: p.ready, doomed: p.doomed, show: r.Show}
	err = h.hold(ctx, grab{mode: p.mode(), getToo: !p.quorum(), whole: p.quorum(), room: p.queue.Returned, reach: p.reach(r.Scan, 0), hold: lookFor, pile: r.pile,
		calm: func(ctx context.Context, held time.Duration) (calm bool, err error) {
			if held >= reportsAfter { // an older report could be from before our time
				sure, err = r.nobodyElseHolds(ctx)
			}
			return sure, err
		}})
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	spared, spareErr := r.spare(after, true)
	return sure, r.abandon(after, spared, errors.Join(err, spareErr))
}

// judge says what a search means.
func (r *run) judge(what found, left int, sure bool) action.Result {
	facts := map[string]any{"queue": r.chosen.Queue, "fingerprint": what.Fingerprint, "in_queue": left}
	switch {
	case left >= what.Copies:
		return action.Result{Facts: facts, Summary: fmt.Sprintf("The message is still in %s; the copy in quarantine is a second one. Run the action again to take it out, and do not put the copy back.", r.chosen.Queue)}
	case !sure:
		return r.unknown(what, "Somebody else holds messages, so that not all could be seen.")
	case left > 0: // some of several identical ones are gone
		return r.unknown(what, fmt.Sprintf("%d of the %d messages are still in the queue: %s.", left, what.Copies, r.pile.leftovers()))
	}
	return action.Result{Done: true, Facts: facts, Summary: fmt.Sprintf("The message is in quarantine and no longer in %s: it was taken out before the run broke off.", r.chosen.Queue)}
}

// leftovers names the wanted messages that were found.
func (p *pile) leftovers() string {
	var names []string
	for _, d := range p.wanted {
		names = append(names, p.find(d.DeliveryTag).name())
	}
	return strings.Join(names, ", ")
}

// nobodyElseHolds says whether every message of the queue is in our hands, so that what we do not hold is not there. Counting
// consumers would not do: a connection that died without a word has none any more, and still holds what it had until the broker
// misses its heartbeats.
func (r *run) nobodyElseHolds(ctx context.Context) (bool, error) {
	ready, _, err := r.hand.look(ctx)
	if err != nil || ready > 0 {
		return false, err
	}
	q, err := r.api.queue(ctx, r.VHost, r.chosen.Queue)
	return err == nil && q.Messages != nil && q.Ready == 0 && q.Unacked == len(r.pile.messages), err
}

func (r *run) unknown(what found, why string) action.Result {
	return action.Result{
		Unknown: true,
		Summary: fmt.Sprintf("%s A copy of the message is in quarantine, but whether it has left %s nobody can say. Look at the queue before you put the copy back.", why, r.chosen.Queue),
		Facts:   map[string]any{"queue": r.chosen.Queue, "fingerprint": what.Fingerprint},
	}
}
