package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/fault"
)

// Back is the kind "rabbitmq.replay": it puts messages from quarantine back into their queue. Its settings are those of rabbitmq.park; its
// input "quarantine" names one message or several by their ids, and "exchange" says whether to publish them to where they came from
// first, to whatever is bound there now.
type Back struct{ base }

var _ action.Prover = (*Back)(nil)

// NewBack returns the kind. It goes the way of park.
func NewBack(p *Park) *Back { return &Back{p.base} }

// Name implements action.Kind.
func (*Back) Name() string { return "rabbitmq.replay" }

// Check implements action.Kind.
func (k *Back) Check(raw json.RawMessage) error {
	_, err := parseSettings(k.Name(), raw)
	return err
}

func (k *Back) site(call action.Call) (site, error) { return k.siteAs(k.Name(), call) }

// The steps of a run, for each message: its id is the payload.
const (
	stepReplaying = "replaying" // from here on it may be in the queue
	stepReplayed  = "replayed"  // it is
)

// undoWithin is how long a run of rabbitmq.park offers to be taken back: as long as things are usually kept.
const undoWithin = 7 * 24 * time.Hour

// longestID is more than an id in quarantine has, in bytes.
const longestID = 100

// mostReplayed is how many messages one run puts back.
const mostReplayed = 100

// parcel is one message that is to be put back.
type parcel struct {
	kept     action.Kept
	envelope envelope
}

func (p parcel) name() string {
	if id := p.envelope.Properties.MessageID; id != "" {
		return id
	}
	return p.kept.Fingerprint[:min(12, len(p.kept.Fingerprint))]
}

// parcels reads what the call names, and wants everything to be of one queue, which the call must be for.
func (k *Back) parcels(ctx context.Context, call action.Call) ([]parcel, site, error) {
	given, _ := call.Inputs["quarantine"].(string)
	ids := strings.Fields(strings.ReplaceAll(given, ",", " "))
	if len(ids) == 0 || len(ids) > mostReplayed {
		return nil, site{}, fault.Wrong("quarantine", "Name what to put back by its id in quarantine: one to %d of them, with spaces between.", mostReplayed)
	}
	var out []parcel
	seen := map[string]bool{}
	for _, id := range ids {
		if len(id) > longestID {
			return nil, site{}, fault.Wrong("quarantine", "%.20q… is no id in quarantine. Take the ids from the quarantine.", id)
		}
		kept, err := call.Kept(ctx, id)
		if fault.Is(err, fault.NotFound) {
			return nil, site{}, fault.Wrong("quarantine", "There is nothing of this action's team in quarantine with the id %q. Take the ids from the quarantine.", id)
		}
		if err != nil {
			return nil, site{}, err
		}
		if kept.Kind != kindOfMessage || seen[id] {
			return nil, site{}, fault.Wrong("quarantine", "%s is named twice, or is no message of RabbitMQ. Take the ids from the quarantine.", id)
		}
		if kept.State == action.Dropped {
			return nil, site{}, fault.New(fault.Conflict, "%s was dropped from quarantine, so it cannot be put back. Leave it out.", id)
		}
		seen[id] = true
		e, err := decodeEnvelope(kept.Envelope)
		if err != nil {
			return nil, site{}, fault.Wrap(err, fault.Internal, "The copy in quarantine cannot be read by this version of Frontline. Keep it, and report this.")
		}
		if len(out) > 0 && out[0].envelope.Queue != e.Queue {
			return nil, site{}, fault.Wrong("quarantine", "The messages come from several queues. Put those of one queue back at a time.")
		}
		out = append(out, parcel{kept, e})
	}
	s, err := k.siteOf(call, out[0].envelope)
	return out, s, err
}

// siteOf is the queue that the message came from, if the call may use it.
func (k *Back) siteOf(call action.Call, e envelope) (site, error) {
	call.Inputs = map[string]any{"queue": e.Queue}
	s, err := k.site(call)
	if err == nil && s.VHost != e.VHost {
		return s, fault.Wrong("quarantine", "The message came from the virtual host %s, which this action is not for. Use the action that took it out.", e.VHost)
	}
	return s, err
}

// replayMark is what a plan of rabbitmq.replay remembers.
type replayMark struct {
	Call     string `json:"call"`
	Identity string `json:"identity"` // of the queue
}

// Plan implements action.Kind.
func (k *Back) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	all, s, err := k.parcels(ctx, call)
	if err != nil {
		return action.Plan{}, err
	}
	p, m, err := k.look(ctx, s, call)
	if err != nil {
		return action.Plan{}, err
	}
	private, err := json.Marshal(m)
	if err != nil {
		return action.Plan{}, fmt.Errorf("write the plan: %w", err)
	}
	plan := action.Plan{Private: private, At: k.clock.Now(), Summary: fmt.Sprintf("Put %s back into %s, at its end.", counted(len(all), "message", "messages"), s.chosen.Queue),
		Costs: []string{fmt.Sprintf("%s get it again: whatever failed on it must be mended first, or it fails again.", consumersOf(p))}}
	again, doubtful := 0, 0
	for _, x := range all {
		plan.Changes = append(plan.Changes, action.Change{What: "Message " + x.name(), Now: "in quarantine", After: "at the end of " + s.chosen.Queue, Count: 1, Undo: "rabbitmq.park takes it out again"})
		switch x.kept.State {
		case action.Replayed:
			again++
		case action.Captured:
			doubtful++
		}
	}
	if again > 0 {
		return action.Plan{}, fault.New(fault.Conflict, "%s put back already. Look at the queue, and leave it out.", counted(again, "message was", "messages were"))
	}
	if doubtful > 0 {
		plan.Costs = append(plan.Costs, fmt.Sprintf("Of %s it is not known whether it ever left the queue: it may then be there twice.", counted(doubtful, "message", "messages")))
	}
	return plan, nil
}

func consumersOf(p preflight) string {
	if p.consumers == 0 {
		return "Nobody is connected now; the next consumers"
	}
	return counted(p.consumers, "consumer", "consumers") + " will"
}

// look sees what queue it is, without holding a message.
func (k *Back) look(ctx context.Context, s site, call action.Call) (preflight, replayMark, error) {
	h, p, err := s.approach(ctx, call)
	if err != nil {
		return p, replayMark{}, err
	}
	defer h.close()
	if p.queue.Type == "stream" {
		return p, replayMark{}, fault.New(fault.Conflict, "%s is a stream. What is appended to a stream stays for everybody; publish there by the service's own means.", s.chosen.Queue)
	}
	identity, err := p.identity()
	if err != nil {
		return p, replayMark{}, err
	}
	d, err := call.Digest()
	return p, replayMark{d, identity}, err
}

// Do implements action.Kind.
func (k *Back) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	all, s, err := k.parcels(ctx, call)
	if err != nil {
		return action.Result{}, err
	}
	var then replayMark
	if err := json.Unmarshal(plan.Private, &then); err != nil || then == (replayMark{}) {
		return action.Result{}, fault.New(fault.Conflict, "This plan was not made by rabbitmq.replay, or not completely. Plan again.")
	}
	_, now, err := k.look(ctx, s, call)
	switch {
	case err != nil:
		return action.Result{}, err
	case now.Call != then.Call:
		return action.Result{}, fault.New(fault.Conflict, "The action's settings or inputs are not those that were planned with. Plan again.")
	case now.Identity != then.Identity:
		return action.Result{}, fault.New(fault.Conflict, "The queue %s was declared anew or has another policy since the plan was made. Plan again.", s.chosen.Queue)
	}
	for i, x := range all {
		if x.kept.State == action.Replayed {
			return action.Result{}, fault.New(fault.Conflict, "Message %s was put back meanwhile. Nothing more was done; plan again.", x.name())
		}
		led.Progress(i, len(all), "putting back "+x.name())
		if err := k.putBack(ctx, s, call, x, led); err != nil {
			return action.Result{}, err
		}
	}
	return done(s, all), nil
}

func done(s site, all []parcel) action.Result {
	return action.Result{Done: true, Summary: fmt.Sprintf("Put %s back into %s; the broker confirmed it.", counted(len(all), "message", "messages"), s.chosen.Queue),
		Facts: map[string]any{"queue": s.chosen.Queue, "replayed": len(all)}}
}

func (k *Back) putBack(ctx context.Context, s site, call action.Call, x parcel, led action.Ledger) error {
	if err := led.Commit(ctx, stepReplaying, []byte(x.kept.ID)); err != nil {
		return err
	}
	exchange, _ := call.Inputs["exchange"].(bool)
	call.Inputs = map[string]any{"queue": s.chosen.Queue}
	if err := k.Replay(ctx, call, Replay{Quarantine: x.kept.ID, Envelope: x.kept.Envelope, Exchange: exchange}); err != nil {
		return err
	}
	led.Printf("Message %s is back in %s.", x.name(), s.chosen.Queue)
	return led.Replayed(context.WithoutCancel(ctx), stepReplayed, x.kept.ID)
}

// Reconcile implements action.Kind. A message whose replay was not confirmed is looked for by the fingerprint that it has now; when it is
// not there a consumer may have taken it, or it never arrived: people must look.
func (k *Back) Reconcile(ctx context.Context, call action.Call, _ action.Plan, steps []action.Step, led action.Ledger) (action.Result, error) {
	open, back := "", 0
	for _, step := range steps {
		switch step.Name {
		case stepReplaying:
			open = string(step.Payload)
		case stepReplayed:
			open = ""
			back++
		}
	}
	all, s, err := k.parcels(ctx, call)
	if err != nil {
		return action.Result{}, err
	}
	if open != "" {
		there, err := k.isBack(ctx, s, call, open, led)
		if err != nil {
			return action.Result{}, err
		}
		if !there {
			return action.Result{Unknown: true, Facts: map[string]any{"queue": s.chosen.Queue, "replayed": back},
				Summary: fmt.Sprintf("The run broke off before the broker confirmed, and the message is not in %s: a consumer took it, or it never came. See whether it was handled before you put it back again.", s.chosen.Queue)}, nil
		}
		if err := led.Replayed(ctx, stepReplayed, open); err != nil {
			return action.Result{}, err
		}
		back++
	}
	if back < len(all) {
		return action.Result{Summary: fmt.Sprintf("The run broke off after %d of %s were put back. The others are still in quarantine.", back, counted(len(all), "message", "messages")),
			Facts: map[string]any{"queue": s.chosen.Queue, "replayed": back}}, nil
	}
	return done(s, all), nil
}

// isBack looks in the queue for the message as it would have been published, and gives back what it held.
func (k *Back) isBack(ctx context.Context, s site, call action.Call, id string, led action.Ledger) (bool, error) {
	kept, err := call.Kept(ctx, id)
	if err != nil {
		return false, err
	}
	e, err := decodeEnvelope(kept.Envelope)
	if err != nil {
		return false, err
	}
	exchange, key := "", e.Queue
	if yes, _ := call.Inputs["exchange"].(bool); yes {
		exchange, key = e.Exchange, e.Key
	}
	p := e.publishing(id)
	print, err := fingerprint(&amqp.Delivery{Exchange: exchange, RoutingKey: key, Headers: p.Headers, ContentType: p.ContentType, Priority: p.Priority,
		CorrelationId: p.CorrelationId, MessageId: p.MessageId, Timestamp: p.Timestamp, Type: p.Type, AppId: p.AppId, Body: p.Body})
	if err != nil {
		return false, err
	}
	call.Inputs = map[string]any{"queue": e.Queue}
	r := &run{site: s, call: call, led: led}
	if _, err := r.search(ctx, found{Fingerprint: print, Copies: 1}); err != nil {
		return false, err
	}
	return len(r.pile.wanted) > 0, nil
}

// undo offers to put back what a run of rabbitmq.park took out.
func undo(park action.Call, ids []string) *action.Undo {
	var settings map[string]any
	if err := json.Unmarshal(park.Settings, &settings); err != nil {
		return nil // they were read before
	}
	for _, own := range []string{"matching", "most", "offer"} { // of kinds that take out; the rest they share
		delete(settings, own)
	}
	return &action.Undo{Kind: (&Back{}).Name(), Settings: settings, Inputs: map[string]any{"quarantine": strings.Join(ids, " ")},
		Say: fmt.Sprintf("Put %s back at the end of the queue.", counted(len(ids), "message", "messages")), Within: undoWithin}
}
