package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"frontline/action"
	"frontline/fault"
)

// Bounds of looking whether it helped. The broker's channels and queues report every 5 s, so that shorter would be before the first report.
const (
	usualProof, leastProof, mostProof = 30 * time.Second, 10 * time.Second, 5 * time.Minute

	settledAfter = 6 * time.Second // what is reported from then on was counted after the run
	pulseEvery   = 500 * time.Millisecond
)

// pulse is what can be seen of a queue without holding a message of it.
type pulse struct {
	at                    time.Time
	ready, consumers      int      // now
	messages, inHand      int      // as the broker reported last
	finished, redelivered int      // so far, as far as the broker has counted
	connections           []string // of the consumers that were reported
}

// flow follows a queue from pulse to pulse until it is proved that it moves again.
type flow struct {
	queue string
	// emptied says that the run itself took a message out of the queue: a report of an empty queue cannot be from before.
	emptied bool
	closed  []string // connections that the run closed

	began       time.Time
	base        *pulse // a pulse that was counted after the run, with which the next ones are compared
	last        pulse
	done, again int // finished and redelivered since the first base
	done0       int // until the base before this one
	again0      int
}

// proved says whether the queue is empty or moves: messages are finished, and no more of them are delivered once more than are finished. What the run
// gave back is delivered once more too, but once only.
func (f *flow) proved(p pulse) bool {
	f.last = p
	if f.still() != "" {
		return false
	}
	late := p.at.Sub(f.began) >= settledAfter
	if p.ready == 0 && p.messages == 0 && (late || f.emptied) {
		return true
	}
	if !late {
		return false
	}
	if f.base == nil || p.finished < f.base.finished { // or the broker began to count anew
		f.base = &p
	}
	done, again := p.finished-f.base.finished, p.redelivered-f.base.redelivered
	f.done, f.again = f.done0+done, f.again0+again
	if p.at.Sub(f.base.at) >= settledAfter {
		f.base, f.done0, f.again0 = &p, f.done, f.again
	}
	return p.consumers > 0 && done > 0 && again <= done+p.inHand
}

// still names a connection that was closed and consumes the queue all the same.
func (f *flow) still() string {
	for _, name := range f.last.connections {
		if slices.Contains(f.closed, name) {
			return name
		}
	}
	return ""
}

func (f *flow) helped() action.Finding {
	if f.last.ready == 0 && f.last.messages == 0 {
		return action.Finding{Helped: true, Facts: f.facts(), Summary: fmt.Sprintf("Nothing is left in %s: all of it was finished, and nothing is given back any more.", f.queue)}
	}
	return action.Finding{Helped: true, Facts: f.facts(), Summary: fmt.Sprintf("%s moves again: %s finished while we looked, nothing goes round, and %s.", f.queue, wasWere(f.done), waiting(f.last.ready))}
}

func (f *flow) facts() map[string]any {
	return map[string]any{"ready": f.last.ready, "consumers": f.last.consumers, "finished": f.done, "redelivered": f.again}
}

func waiting(n int) string { return counted(n, "message waits", "messages wait") }

// unproved says what the queue lacks, and the next step.
func (f *flow) unproved(within time.Duration) action.Finding {
	x := action.Finding{Facts: f.facts()}
	switch name := f.still(); {
	case name != "":
		x.Summary = fmt.Sprintf("It did not help: the broker still lists %s as a consumer of %s. Plan again, or restart the service.", name, f.queue)
	case f.last.consumers == 0:
		x.Summary = fmt.Sprintf("No consumer came to %s within %s, and %s. Start the service, and see whether they are finished.", f.queue, within, waiting(f.last.ready))
	case f.again > f.done:
		x.Summary = fmt.Sprintf("It did not help: messages of %s were given back %s while %s finished. Look for another poisoned one with rabbitmq.peek, or escalate.", f.queue, counted(f.again, "time", "times"), wasWere(f.done))
	default:
		x.Summary = fmt.Sprintf("It did not help: nothing of %s was seen to be finished within %s, and %s. See whether its consumers hang; rabbitmq.disconnect frees what they hold.", f.queue, within, waiting(f.last.ready))
	}
	return x
}

// proof is one look whether a run helped.
type proof struct {
	site
	call action.Call
	hand *hands // nil while there is no connection
}

// prove looks until the queue is seen to move, for as long as the setting wait says. A broker that does not answer is asked again.
func (s site) prove(ctx context.Context, call action.Call, f flow, led action.Ledger) (action.Finding, error) {
	within := time.Duration(s.Wait)
	s.Hold = s.Wait // the connection lives by it
	p := &proof{site: s, call: call}
	defer p.letGo()
	f.queue, f.began = s.chosen.Queue, s.clock.Now()
	for {
		now, err := p.look(ctx)
		switch {
		case err == nil:
			led.Progress(0, 0, fmt.Sprintf("looking whether %s moves: %s", f.queue, waiting(now.ready)))
			if f.proved(now) {
				return f.helped(), nil
			}
		case !fault.Again(err) || ctx.Err() != nil:
			return action.Finding{}, err
		}
		if s.clock.Now().Sub(f.began) >= within {
			if err != nil {
				return action.Finding{}, err
			}
			return f.unproved(within), nil
		}
		if err := wait(ctx, s.clock, pulseEvery); err != nil {
			return action.Finding{}, err
		}
	}
}

// look takes the queue's pulse. It asks the broker's report first: what is ready is then newer than what was reported.
func (p *proof) look(ctx context.Context) (pulse, error) {
	q, err := p.api.queue(ctx, p.VHost, p.chosen.Queue)
	if err != nil {
		return pulse{}, err
	}
	now := pulse{messages: q.Ready + q.Unacked, inHand: q.Unacked, finished: q.Rates.Finished + q.Rates.NoAck, redelivered: q.Rates.Redelivered,
		connections: preflight{queue: q}.connections()}
	if p.hand == nil {
		if p.hand, err = p.open(ctx, p.label(p.call)); err != nil {
			return now, err
		}
	}
	if now.ready, now.consumers, err = p.hand.look(ctx); err != nil {
		p.letGo()
		return now, err
	}
	if q.Messages == nil {
		now.messages = max(1, now.ready) // not reported yet
	}
	now.at = p.clock.Now()
	return now, nil
}

func (p *proof) letGo() {
	if p.hand != nil {
		p.hand.close()
		p.hand = nil
	}
}

// Prove implements action.Prover: it helped when the queue is empty or moves, and nothing goes round in it any more.
func (k *Park) Prove(ctx context.Context, call action.Call, _ action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	s, err := k.site(call)
	if err != nil {
		return action.Finding{}, err
	}
	return s.prove(ctx, call, flow{emptied: true}, led)
}

// Prove implements action.Prover, as that of rabbitmq.park.
func (k *Matching) Prove(ctx context.Context, call action.Call, _ action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	s, err := k.site(call)
	if err != nil {
		return action.Finding{}, err
	}
	return s.prove(ctx, call, flow{emptied: true}, led)
}

// Prove implements action.Prover: it helped when what was put back does not go round. That the message itself was finished is seen when nothing is left.
func (k *Back) Prove(ctx context.Context, call action.Call, _ action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	_, s, err := k.parcels(ctx, call)
	if err != nil {
		return action.Finding{}, err
	}
	return s.prove(ctx, call, flow{}, led)
}

// Prove implements action.Prover: it helped when those who were disconnected are gone and others finish messages.
func (k *Disconnect) Prove(ctx context.Context, call action.Call, plan action.Plan, _ action.Result, led action.Ledger) (action.Finding, error) {
	var then disconnectMark
	if err := json.Unmarshal(plan.Private, &then); err != nil {
		return action.Finding{}, fault.Wrap(err, fault.Internal, "The record of this run cannot be read. Look at the queue's consumers yourself.")
	}
	s, err := k.queueOf(call)
	if err != nil {
		return action.Finding{}, err
	}
	return s.prove(ctx, call, flow{closed: then.Connections}, led)
}
