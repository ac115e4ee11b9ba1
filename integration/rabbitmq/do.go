package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/fault"
)

// The steps of a run, in their order. What they mean after a crash is in Reconcile.
const (
	stepHolding  = "holding"  // from here on messages may be held; the broker gives them back by itself
	stepSpared   = "spared"   // a copy of a message that would not survive being given back
	stepLetGo    = "let-go"   // such a message is out of the queue
	stepFound    = "found"    // the payload says which message is taken, and how many of it
	stepCaptured = "captured" // a copy of it; from here on it may be in the queue and in the quarantine
	stepRemoved  = "removed"  // it is out of the queue
	stepReturned = "returned" // the rest is back in the queue
)

// kindOfMessage is what a message is called in quarantine.
const kindOfMessage = "rabbitmq.message"

// found is the payload of stepFound.
type found struct {
	Fingerprint string         `json:"fingerprint,omitempty"` // of identical messages, or
	Prints      map[string]int `json:"prints,omitempty"`      // how many of each
	Copies      int            `json:"copies"`                // in all
}

// found is what becomes durable before copies are made of the targets.
func (p *pile) found(targets []*amqp.Delivery) found {
	prints := map[string]int{}
	print := ""
	for _, d := range targets {
		print = p.find(d.DeliveryTag).fingerprint
		prints[print]++
	}
	if len(prints) > 1 {
		return found{Prints: prints, Copies: len(targets)}
	}
	return found{Fingerprint: print, Copies: len(targets)}
}

func (f found) prints() map[string]int {
	if f.Fingerprint != "" {
		return map[string]int{f.Fingerprint: f.Copies}
	}
	return f.Prints
}

// run is one execution while it lasts.
type run struct {
	site
	call action.Call
	hand *hands
	pre  preflight
	mark mark
	led  action.Ledger
	pile *pile
}

// Do implements action.Kind.
func (k *Park) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	s, err := k.site(call)
	if err != nil {
		return action.Result{}, err
	}
	return s.park(ctx, call, plan, led)
}

// park carries out the plan of a kind that takes messages out.
func (s site) park(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	r, err := s.start(ctx, call, plan, led)
	if err != nil {
		return action.Result{}, err
	}
	defer r.hand.close()
	if err := led.Commit(ctx, stepHolding, nil); err != nil {
		return action.Result{}, err
	}
	led.Progress(1, 4, "holding the head of "+r.chosen.Queue)
	held := r.hold(ctx)
	if held == nil {
		held = r.complete()
	}
	// From here on nobody may stop us in the middle: what is held must be copied, removed or given back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	spared, err := r.spare(ctx, held != nil)
	if err = errors.Join(held, err); err != nil {
		return action.Result{}, r.abandon(ctx, spared, err)
	}
	return r.take(ctx, spared)
}

// copied is a held message with a durable copy.
type copied struct {
	*amqp.Delivery
	id string // in quarantine
}

// start connects, and makes sure that the world is the one that was planned for.
func (s site) start(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (*run, error) {
	m, err := s.markOf(plan)
	if err != nil {
		return nil, err
	}
	h, p, err := s.approach(ctx, call)
	if err != nil {
		return nil, err
	}
	r := &run{site: s, call: call, hand: h, pre: p, mark: m, led: led, pile: s.pile(p, m)}
	err = m.same(s, call, p)
	if err == nil {
		err = p.refuse(s.chosen)
	}
	if err != nil {
		h.close()
		return nil, err
	}
	return r, nil
}

// hold takes hold of the head of the queue, and disconnects the consumers when that was planned.
func (r *run) hold(ctx context.Context) error {
	g := grab{mode: r.pre.modeFor(r.chosen), getToo: !r.pre.quorum(), whole: r.pre.quorum(), room: r.pre.queue.Returned, reach: r.pre.reach(r.Scan, r.mark.Place), hold: r.pre.hold, pile: r.pile, calm: r.hand.convinced(r.pile, r.pre)}
	if r.chosen.Disconnect {
		g.begun = r.disconnect
	}
	began := r.clock.Now()
	err := r.hand.hold(ctx, g)
	r.led.Printf("Held %s of %s in %s.", counted(len(r.pile.messages), "message", "messages"), r.chosen.Queue, r.clock.Now().Sub(began).Round(time.Millisecond))
	return err
}

// disconnect closes the connections of the queue's consumers.
func (r *run) disconnect(ctx context.Context) error {
	for _, name := range r.pre.connections() {
		if err := r.api.disconnect(ctx, name, "Closed by "+r.label(r.call)+": "+r.call.Reason); err != nil {
			return err
		}
		r.led.Printf("Closed the connection %s.", name)
	}
	return nil
}

// complete fails with a Conflict when what was planned is not held.
func (r *run) complete() error {
	n, queue := len(r.pile.targets()), r.chosen.Queue
	switch {
	case n >= r.mark.Take, n > 0 && r.pile.holds != nil:
		return nil
	case n > 0:
		return fault.New(fault.Conflict, "The world has moved: only %d of the %d messages that were planned are still in %s. Nothing was taken; plan again.", n, r.mark.Take, queue)
	case r.pile.holds != nil:
		return fault.New(fault.Conflict, "None of the first %d messages of %s matches. Nothing was taken; plan again.", len(r.pile.messages), queue)
	case len(r.pile.messages) >= r.pre.reach(r.Scan, r.mark.Place) && len(r.pile.messages) == r.Scan:
		return fault.New(fault.Conflict, "The message was not among the first %d of %s. Nothing was taken. Raise the setting scan or stop the consumers, then plan again.", r.Scan, queue)
	case !r.pile.open() && r.pre.inHand() > 0:
		return fault.New(fault.Conflict, "The world has moved: the message did not come back to %s within %s. It was finished, or a consumer still has it in hand. Nothing was taken; plan again.", queue, r.pre.hold)
	case r.pile.open():
		return fault.New(fault.Conflict, "No message of %s was given back by a consumer within %s. Nothing was taken; plan again.", queue, r.pre.hold)
	}
	return fault.New(fault.Conflict, "The world has moved: the message is no longer in %s. Nothing was taken; plan again.", queue)
}

// spare keeps a copy of every message that would be deleted by being given back. Where the queue dead-letters instead of deleting, its
// own rule is left to work. When nothing will be taken, that includes the targets.
func (r *run) spare(ctx context.Context, targetsToo bool) ([]copied, error) {
	if r.pre.deadLetters() {
		return nil, nil
	}
	ending := r.pile.spared()
	if targetsToo {
		ending = r.pile.ending
	}
	kept, err := r.keepAll(ctx, stepSpared, ending)
	for _, c := range kept {
		r.led.Printf("Message %s had used all its deliveries: it is kept in quarantine, or the broker would delete it.", r.pile.find(c.DeliveryTag).name())
	}
	return kept, err
}

// keepAll makes durable copies, and returns those that it made before an error.
func (r *run) keepAll(ctx context.Context, step string, ds []*amqp.Delivery) ([]copied, error) {
	kept := make([]copied, 0, len(ds))
	for _, d := range ds {
		id, err := r.keep(ctx, step, d)
		if err != nil {
			return kept, err
		}
		kept = append(kept, copied{d, id})
	}
	return kept, nil
}

// keep makes a durable copy of the message.
func (r *run) keep(ctx context.Context, step string, d *amqp.Delivery) (string, error) {
	b, err := envelope{
		Exchange: d.Exchange, Key: d.RoutingKey, VHost: r.VHost, Queue: r.chosen.Queue,
		Redelivered: d.Redelivered, Properties: propertiesOf(d), Body: d.Body,
	}.encode()
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "The message could not be copied, so it was left in the queue. Use the broker's own tools.")
	}
	m := r.pile.find(d.DeliveryTag)
	facts := map[string]string{
		"queue": r.chosen.Queue, "vhost": r.VHost, "exchange": d.Exchange, "routing_key": d.RoutingKey, "message_id": d.MessageId,
		"type": d.Type, "content_type": d.ContentType, "size": strconv.Itoa(m.size), "place": strconv.Itoa(m.place),
		"given_back": strconv.FormatInt(m.deliveries, 10),
	}
	return r.led.Quarantine(ctx, step, action.Quarantined{
		Kind: kindOfMessage, Origin: r.origin(), Fingerprint: m.fingerprint, Envelope: b, Facts: facts,
	})
}

// origin names the queue without a secret.
func (s site) origin() string {
	u, err := url.Parse(s.AMQP)
	if err != nil {
		return s.chosen.Queue
	}
	return u.Scheme + "://" + u.Host + "/" + url.PathEscape(s.VHost) + "/" + url.PathEscape(s.chosen.Queue)
}

// abandon gives everything back but what was spared, and returns why.
func (r *run) abandon(ctx context.Context, spared []copied, why error) error {
	if err := r.letGo(ctx, stepLetGo, spared); err != nil {
		r.led.Printf("Messages that had used all their deliveries may be in the queue as well as in quarantine.")
	}
	r.giveBack(ctx, spared)
	return why
}

// giveBack gives back everything but what is gone. Where that fails the broker does it by itself.
func (r *run) giveBack(ctx context.Context, gone []copied) {
	if err := r.hand.giveBack(ctx, r.pre, r.pile.messages, gone); err != nil {
		r.led.Printf("The connection broke while giving back; the broker puts back what was held by itself.")
	}
}

// letGo removes copied messages from the queue and says so. Once the first acknowledgement is sent, an error leaves open what
// became of them.
func (r *run) letGo(ctx context.Context, step string, cs []copied) error {
	if len(cs) == 0 {
		return nil
	}
	if err := r.hand.ack(ctx, cs); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The connection to the broker broke while a message was being removed. Look whether it is still in %s.", r.chosen.Queue)
	}
	for _, c := range cs {
		if err := r.led.Removed(ctx, step, c.id); err != nil {
			return err
		}
	}
	return nil
}

// take copies the targets, removes them, and gives back the rest.
func (r *run) take(ctx context.Context, spared []copied) (action.Result, error) {
	targets := r.pile.targets()
	payload, err := json.Marshal(r.pile.found(targets))
	if err == nil {
		err = r.led.Commit(ctx, stepFound, payload)
	}
	var taken []copied
	if err == nil {
		r.led.Progress(2, 4, "keeping a copy")
		taken, err = r.keepAll(ctx, stepCaptured, targets)
	}
	if err != nil {
		return action.Result{}, r.abandon(ctx, spared, err)
	}
	r.led.Progress(3, 4, "removing it from the queue")
	if err := r.letGo(ctx, stepRemoved, taken); err != nil {
		r.giveBack(ctx, slices.Concat(taken, spared))
		return action.Result{}, err
	}
	if err := r.letGo(ctx, stepLetGo, spared); err != nil {
		r.led.Printf("Messages that had used all their deliveries may be in the queue as well as in quarantine.")
	}
	return r.finish(ctx, taken, spared)
}

// finish gives back the rest.
func (r *run) finish(ctx context.Context, taken, spared []copied) (action.Result, error) {
	r.led.Progress(4, 4, "giving back the others")
	r.giveBack(ctx, slices.Concat(taken, spared))
	if err := r.led.Commit(ctx, stepReturned, nil); err != nil {
		return action.Result{}, err
	}
	return r.result(taken, len(spared)), nil
}

func deliveriesOf(cs []copied) (all []*amqp.Delivery) {
	for _, c := range cs {
		all = append(all, c.Delivery)
	}
	return all
}

func (r *run) result(taken []copied, spared int) action.Result {
	rest := len(r.pile.messages) - len(taken) - spared
	first := r.pile.find(taken[0].DeliveryTag)
	many := "messages"
	if len(r.pile.found(deliveriesOf(taken)).Prints) == 0 {
		many = "identical messages"
	}
	res := action.Result{
		Done: true,
		Summary: fmt.Sprintf("Took %s out of %s into quarantine and gave back %s.",
			counted(len(taken), "message", many), r.chosen.Queue, counted(rest, "other", "others")),
		Facts: map[string]any{
			"queue": r.chosen.Queue, "fingerprint": first.fingerprint, "taken": len(taken), "held": len(r.pile.messages), "returned": rest,
			"spared": spared, "place": first.place, "ready_before": r.pre.ready,
		},
	}
	t := action.Table{Title: "Taken out", Columns: []string{"Quarantine", "Message id", "Type", "Size", "Place", "Given back", "Fingerprint"}}
	for _, c := range taken {
		m := r.pile.find(c.DeliveryTag)
		t.Rows = append(t.Rows, []string{c.id, m.id, m.kind, size(m.size), m.where(), m.returned(), m.fingerprint})
	}
	res.Tables = []action.Table{t}
	ids := make([]string, len(taken))
	for i, c := range taken {
		ids[i] = c.id
	}
	res.Undo = undo(r.call, ids)
	if spared > 0 {
		res.Summary += fmt.Sprintf(" %s had used up all deliveries and went into quarantine as well.", counted(spared, "other message", "other messages"))
	}
	return res
}
