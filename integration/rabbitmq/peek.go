package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/action"
	"frontline/fault"
)

// Peek is the kind "rabbitmq.peek": it shows the first messages of a queue and gives them back in their order. That is not free: they are
// marked as redelivered, and a quorum queue counts it. Its settings are those of rabbitmq.park with offer.
type Peek struct{ base }

var _ action.Kind = (*Peek)(nil)

// NewPeek returns the kind. It holds messages as park does.
func NewPeek(p *Park) *Peek { return &Peek{p.base} }

// Name implements action.Kind.
func (*Peek) Name() string { return "rabbitmq.peek" }

// peekSettings are what a definition says about its broker and about what is offered for a message.
type peekSettings struct {
	settings
	Offer map[string]string `json:"offer"` // the id of the action with which a message is taken out: "park"
}

const usualPeek, mostPeeked = 20, 200

func (k *Peek) parse(raw json.RawMessage) (peekSettings, error) {
	var p peekSettings
	if err := action.ReadSettings(k.Name(), raw, &p); err != nil {
		return p, err
	}
	if err := p.settings.check(); err != nil {
		return p, err
	}
	for _, kind := range slices.Sorted(maps.Keys(p.Offer)) {
		if kind != "park" || p.Offer[kind] == "" {
			return p, fault.Wrong("offer", "offer knows park: the id of the action that takes a message out, such as queue/park-message.")
		}
	}
	if p.settings.Disconnect {
		return p, fault.Wrong("disconnect", "%s closes no connections. Use rabbitmq.disconnect for that.", k.Name())
	}
	return p, nil
}

// Check implements action.Kind.
func (k *Peek) Check(raw json.RawMessage) error {
	_, err := k.parse(raw)
	return err
}

func (k *Peek) site(call action.Call) (site, peekSettings, error) {
	p, err := k.parse(call.Settings)
	if err != nil {
		return site{}, p, err
	}
	chosen := inputs{Twins: min(usualPeek, p.Scan), Queue: p.Queue}
	if err := readQueue(p.settings, call.Inputs, &chosen); err != nil {
		return site{}, p, err
	}
	if v, given := call.Inputs["count"]; given && v != nil {
		n, whole := wholeNumber(v)
		if most := min(mostPeeked, p.Scan); !whole || n < 1 || n > most {
			return site{}, p, fault.Wrong("count", "How many messages to look at is a whole number between 1 and %d.", most)
		}
		chosen.Twins = n
	}
	s, err := k.at(k.Name(), call, p.settings, chosen)
	return s, p, err
}

// Plan implements action.Kind. It holds nothing yet, and says what looking costs.
func (k *Peek) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	s, _, err := k.site(call)
	if err != nil {
		return action.Plan{}, err
	}
	h, p, err := s.approach(ctx, call)
	if err != nil {
		return action.Plan{}, err
	}
	defer h.close()
	if err := s.refusePeek(p, call); err != nil {
		return action.Plan{}, err
	}
	m, err := s.mark(call, p)
	if err != nil {
		return action.Plan{}, err
	}
	n := min(m.Take, p.ready)
	plan := action.Plan{At: s.clock.Now(), Costs: p.costs(), Nothing: n == 0,
		Summary: fmt.Sprintf("Look at the first %s of %s and give them back in their order.", counted(n, "message", "messages"), s.chosen.Queue)}
	if plan.Nothing {
		plan.Summary = s.chosen.Queue + " has no message ready."
	} else {
		plan.Changes = []action.Change{{What: fmt.Sprintf("The first %s of %s", counted(n, "message", "messages"), s.chosen.Queue), Now: fmt.Sprintf("%d ready", p.ready), After: p.afterPeek(), Count: n}}
	}
	if limit, limited := p.limit(); limited && p.returnsCount() {
		plan.Costs = append(plan.Costs, fmt.Sprintf("Nobody can see beforehand how many of its %s a message has left. The first one on its last ends the look.", counted(limit, "delivery", "deliveries")))
	}
	plan, err = seal(plan, m)
	plan.Undo = ""
	return plan, err
}

// afterPeek says what a look leaves behind on a message.
func (p preflight) afterPeek() string {
	limit, limited := p.limit()
	switch {
	case p.returnsCount() && limited:
		return fmt.Sprintf("as they were, with one of %d deliveries used up and marked as redelivered", limit)
	case p.returnsCount():
		return "as they were, with one delivery more counted and marked as redelivered"
	}
	return "as they were, marked as redelivered"
}

// refusePeek refuses queues that park refuses, and those where a look certainly ends messages.
func (s site) refusePeek(p preflight, call action.Call) error {
	if err := p.refuse(s.chosen); err != nil {
		return err
	}
	limit, limited := p.limit()
	if limited && p.returnsCount() && limit == 0 {
		return fault.New(fault.Conflict, "%s allows no failed delivery at all: a look would use it up. Raise the delivery limit, or look at copies.", s.chosen.Queue)
	}
	if call.Run == "" && limited && p.returnsCount() {
		return fault.New(fault.Conflict, "%s counts every look against its limit of %d deliveries, so it is looked at in a run only, where a message on its last delivery can be kept.", s.chosen.Queue, limit)
	}
	return nil
}

// Do implements action.Kind.
func (k *Peek) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	s, offers, err := k.site(call)
	if err != nil {
		return action.Result{}, err
	}
	r, err := s.start(ctx, call, plan, led)
	if err != nil {
		return action.Result{}, err
	}
	defer r.hand.close()
	if err := s.refusePeek(r.pre, call); err != nil {
		return action.Result{}, err
	}
	if err := led.Commit(ctx, stepHolding, nil); err != nil {
		return action.Result{}, err
	}
	r.pile.careful, r.pile.bodies = true, map[uint64]string{}
	held := r.hand.hold(ctx, grab{mode: r.pre.mode(), getToo: !r.pre.quorum(), whole: r.pre.quorum(), room: r.pre.queue.Returned, reach: r.mark.Take, hold: min(r.pre.hold, lookAtMost), pile: r.pile, calm: r.hand.drained})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	spared, err := r.spare(ctx, true)
	if err := errors.Join(held, err); err != nil {
		return action.Result{}, r.abandon(ctx, spared, err)
	}
	if err := r.letGo(ctx, stepLetGo, spared); err != nil {
		led.Printf("Messages that had used all their deliveries may be in the queue as well as in quarantine.")
	}
	r.giveBack(ctx, spared)
	if err := led.Commit(ctx, stepReturned, nil); err != nil {
		return action.Result{}, err
	}
	return r.looked(offers, spared), nil
}

// drained says that everything that lay ready is held.
func (h *hands) drained(ctx context.Context, _ time.Duration) (bool, error) {
	ready, _, err := h.look(ctx)
	return ready == 0, err
}

// looked is the result of a look.
func (r *run) looked(offers peekSettings, spared []copied) action.Result {
	res := action.Result{Done: true, Links: map[string]string{},
		Summary: fmt.Sprintf("Looked at %s of %s; they are back in their order.", counted(len(r.pile.messages), "message", "messages"), r.chosen.Queue),
		Facts:   map[string]any{"queue": r.chosen.Queue, "looked_at": len(r.pile.messages), "spared": len(spared), "ready_before": r.pre.ready}}
	t := action.Table{Title: "First messages of " + r.chosen.Queue, Columns: append(messageColumns(), "Identical", "Body")}
	for _, m := range r.pile.messages {
		t.Rows = append(t.Rows, append(m.row(), strconv.Itoa(r.pile.twins(m.fingerprint)), r.pile.bodies[m.tag]))
		if id := offers.Offer["park"]; id != "" && len(res.Links) < mostLinks && !slices.ContainsFunc(spared, func(c copied) bool { return c.DeliveryTag == m.tag }) {
			in := url.Values{"fingerprint": {m.fingerprint}}
			if len(r.names()) > 1 {
				in.Set("queue", r.chosen.Queue)
			}
			res.Links[fmt.Sprintf("Take out %03d: %s", m.place, m.name())] = "action:" + id + "?" + in.Encode()
		}
	}
	res.Tables = []action.Table{t}
	if n := len(spared); n > 0 {
		res.Summary += fmt.Sprintf(" %s on the last delivery and went into quarantine, or the broker would have deleted it; the look ended there.", wasWere(n))
		ids := make([]string, n)
		for i, c := range spared {
			ids[i] = c.id
		}
		res.Undo = undo(r.call, ids)
	} else if n := len(r.pile.ending); n > 0 {
		res.Summary += fmt.Sprintf(" %s on the last delivery: the queue's own rule dead-letters it now. The look ended there.", wasWere(n))
	}
	return res
}

const mostLinks = 50

func wasWere(n int) string {
	if n == 1 {
		return "1 message was"
	}
	return strconv.Itoa(n) + " messages were"
}

// Reconcile implements action.Kind. A look that broke off gave everything back; only what was kept because it would not have survived
// is left to tell.
func (k *Peek) Reconcile(_ context.Context, _ action.Call, _ action.Plan, steps []action.Step, _ action.Ledger) (action.Result, error) {
	spared, gone, over := 0, 0, false
	for _, step := range steps {
		switch step.Name {
		case stepSpared:
			spared++
		case stepLetGo:
			gone++
		case stepReturned:
			over = true
		}
	}
	switch {
	case spared > gone:
		return action.Result{Unknown: true, Facts: map[string]any{"spared": spared},
			Summary: fmt.Sprintf("The look broke off while %s on the last delivery. The copies in quarantine may be the only ones: see whether the messages are still in the queue before you put them back.", wasWere(spared))}, nil
	case over:
		return action.Result{Done: true, Facts: map[string]any{"spared": spared}, Summary: "The look ended, and what it saw was lost with the process. Everything was given back; look again if it is worth another delivery."}, nil
	}
	return action.Result{Summary: "The look broke off. The broker gave back what was held, in its order; look again.", Facts: map[string]any{"spared": spared}}, nil
}

// previewBody describes a body. Values may be about customers, so of JSON it shows names and sizes, and values only of the fields that the
// definition lists under show as body.NAME; of everything else the size.
func previewBody(body []byte, show []string) string {
	var v any
	if len(body) > bodyAtMost || json.Unmarshal(body, &v) != nil {
		if utf8.Valid(body) {
			return "text of " + counted(utf8.RuneCount(body), "character", "characters")
		}
		return counted(len(body), "byte", "bytes")
	}
	return clip(previewJSON(v, "body", show, 2), bodyShown)
}

const bodyShown = 240

func previewJSON(v any, path string, show []string, depth int) string {
	if slices.Contains(show, path) {
		b, err := json.Marshal(v)
		if err == nil {
			return clip(string(b), 2*valueAtMost)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		if depth == 0 {
			return "{…}"
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, clip(name, valueAtMost)+": "+previewJSON(v[name], path+"."+name, show, depth-1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		return "list of " + strconv.Itoa(len(v))
	}
	return typeName(v)
}
