package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
)

const (
	lookAtMost  = 5 * time.Second // how long a plan may hold the head of a queue
	convincedIn = 2 * time.Second // without a better suspect by then, the one at hand it is
)

// Plan implements action.Kind. It holds the head of the queue for a moment and gives it back, unless that could end a
// message; what looking costs is in the plan. Then, and when consumers are to be disconnected, the plan names a rule and
// Do, which has a place for copies, decides on the message.
func (k *Park) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	s, err := k.site(call)
	if err != nil {
		return action.Plan{}, err
	}
	h, p, err := s.approach(ctx, call)
	if err != nil {
		return action.Plan{}, err
	}
	defer h.close()
	if err := p.refuse(s.chosen); err != nil {
		return action.Plan{}, err
	}
	m, err := s.mark(call, p)
	if err != nil {
		return action.Plan{}, err
	}
	if s.chosen.Disconnect || !p.mayLook() {
		return s.planUnseen(p, m)
	}
	seen := s.pile(p, m)
	err = h.hold(ctx, grab{mode: p.mode(), getToo: !p.quorum(), whole: p.quorum(), room: p.queue.Returned, reach: p.reach(s.Scan, s.firstPlaces()), hold: min(p.hold, lookAtMost), pile: seen, calm: h.convinced(seen, p)})
	if back := h.giveBack(ctx, p, seen.messages, nil); err == nil {
		err = back
	}
	if err != nil {
		return action.Plan{}, err
	}
	return s.planSeen(p, m, seen)
}

func (s site) pile(p preflight, m mark) *pile {
	seen := &pile{aim: m.aim(), atStart: p.ready, doomed: p.doomed, show: s.Show}
	if s.match != nil && seen.open() {
		seen.holds = s.match.holds
	}
	return seen
}

// firstPlaces is how far from the head a message is looked for when nobody consumes: one that was given back stands in front.
func (s site) firstPlaces() int {
	if s.chosen.Fingerprint != "" {
		return 0 // anywhere
	}
	return shown
}

// convinced says when looking is over: when everything that lay ready is held and nobody is left who could give back anything, or
// when a suspect is at hand.
func (h *hands) convinced(p *pile, before preflight) func(context.Context, time.Duration) (bool, error) {
	return func(ctx context.Context, held time.Duration) (bool, error) {
		ready, _, err := h.look(ctx)
		switch {
		case err != nil || ready > 0: // a slow broker; more is coming
			return false, err
		case before.consumers == 0:
			return true, nil
		case len(p.prints) > 0 || p.open() && p.suspect == nil:
			return false, nil
		}
		return p.worst.late || held >= convincedIn, nil
	}
}

// planSeen is the plan after a look.
func (s site) planSeen(p preflight, m mark, seen *pile) (action.Plan, error) {
	plan := action.Plan{At: s.clock.Now()}
	if len(seen.messages) > 0 {
		plan.Tables = []action.Table{seen.table()}
	}
	targets := seen.targets()
	if len(targets) == 0 {
		return s.planNothing(p, m, seen, plan)
	}
	target := seen.find(targets[0].DeliveryTag)
	twins := seen.twins(target.fingerprint)
	if len(targets) < m.Take {
		return action.Plan{}, fault.Wrong("twins", "There are only %d of this message among the first %d of the queue. Take at most that many.", twins, len(seen.messages))
	}
	if err := p.refuseNext(seen, seen.found(targets).prints()); err != nil {
		return action.Plan{}, err
	}
	m.Fingerprint, m.Place = target.fingerprint, target.place
	plan.Changes = []action.Change{{
		What: "Message " + target.name(), Now: target.now(s.chosen.Queue, twins), After: "in quarantine", Count: m.Take,
		Undo: "Put it back from the quarantine; it joins the end of the queue.",
	}}
	plan.Summary = fmt.Sprintf("Take %s out of %s into quarantine and leave the others as they are, in their order.", counted(m.Take, "message", "identical messages"), s.chosen.Queue)
	plan.Costs = append(p.costs(), fmt.Sprintf("Looking held %s once already; the run holds those in front of the message once more.", counted(len(seen.messages), "message", "messages")))
	return seal(plan, m)
}

// refuseNext refuses when holding the same messages once more would end one that is not wanted.
func (p preflight) refuseNext(seen *pile, wanted map[string]int) error {
	other := seen.mostDelivered(wanted)
	if !p.doomed(other + 1) {
		return nil
	}
	limit, _ := p.limit()
	return fault.New(fault.Conflict, "Another message has used %d of the %d deliveries that %s allows: holding it once more would dead-letter it too. Stop the consumer that fails, or raise the limit, then plan again.", other+1, limit, p.queue.Name)
}

// name is what people recognise a message by.
func (m message) name() string {
	if m.id != "" {
		return fmt.Sprintf("%s (%s, %s…)", m.id, size(m.size), m.fingerprint[:12])
	}
	return fmt.Sprintf("%s… (%s)", m.fingerprint[:12], size(m.size))
}

// now says where the message is and what speaks against it.
func (m message) now(queue string, twins int) string {
	s := fmt.Sprintf("in %s at place %d; given back: %s", queue, m.place, m.returned())
	if m.late {
		s = fmt.Sprintf("in %s, going back and forth to a consumer; given back: %s", queue, m.returned())
	}
	if twins > 1 {
		s += fmt.Sprintf("; one of %d that are identical", twins)
	}
	return s
}

// planNothing is the plan when no message was found. What it says depends on whether somebody may be holding it.
func (s site) planNothing(p preflight, m mark, seen *pile, plan action.Plan) (action.Plan, error) {
	plan.Nothing = true
	held := counted(p.queue.Unacked, "message", "messages")
	switch {
	case len(seen.messages) >= p.reach(s.Scan, s.firstPlaces()) && p.ready+p.queue.Unacked > len(seen.messages):
		plan.Summary = fmt.Sprintf("It is not among the first %d messages of %s. Raise the setting scan (up to %d) to look further.", len(seen.messages), s.chosen.Queue, mostScan)
	case p.consumers > 0 && p.queue.Unacked > 0:
		plan.Summary = fmt.Sprintf("Nothing to take was seen, but the consumers of %s have %s in hand (%s). If one of them hangs, plan again with disconnect.", s.chosen.Queue, held, p.holders())
	case m.Fingerprint != "":
		plan.Summary = fmt.Sprintf("That message is not in %s any more.", s.chosen.Queue)
	case len(seen.messages) == 0:
		plan.Summary = fmt.Sprintf("%s is empty: there is nothing to take out.", s.chosen.Queue)
	default:
		plan.Summary = fmt.Sprintf("None of the first %d messages of %s was given back by a consumer: nothing looks poisoned. Choose one by its fingerprint if you know better.", len(seen.messages), s.chosen.Queue)
	}
	return seal(plan, m)
}

// planUnseen is the plan without a look. It names a rule instead of a message, unless a person named the message.
func (s site) planUnseen(p preflight, m mark) (action.Plan, error) {
	which := "the message that its consumers have given back most often"
	if m.Fingerprint != "" {
		which = counted(m.Take, "message", "identical messages") + " " + m.Fingerprint[:12] + "…"
	}
	plan := action.Plan{
		At:      s.clock.Now(),
		Summary: fmt.Sprintf("Take %s out of %s into quarantine and leave the others as they are, in their order.", which, s.chosen.Queue),
		Costs:   p.costs(),
		Changes: []action.Change{{
			What: upperFirst(which), Now: fmt.Sprintf("in %s, with %s ready and %d in the consumers' hands", s.chosen.Queue, counted(p.ready, "message", "messages"), p.queue.Unacked),
			After: "in quarantine", Count: m.Take, Undo: "Put it back from the quarantine; it joins the end of the queue.",
		}},
	}
	if !p.mayLook() {
		limit, _ := p.limit()
		plan.Costs = append(plan.Costs, fmt.Sprintf("Nothing was looked at yet: %s deletes a message after %s, and looking costs one.", s.chosen.Queue, counted(limit, "failed delivery", "failed deliveries")))
	}
	if s.chosen.Disconnect {
		names := p.connections()
		if len(names) == 0 {
			return action.Plan{}, fault.Wrong("disconnect", "The broker knows no connection of a consumer of %s. Plan again without disconnect, or in a few seconds if one has just come.", s.chosen.Queue)
		}
		for _, c := range names {
			plan.Changes = append(plan.Changes, action.Change{What: "Connection " + c, Now: "consumes from " + s.chosen.Queue, After: "closed; its owner may connect again", Count: 1})
		}
	}
	return seal(plan, m)
}

// connections names the connections of the queue's consumers, each once.
func (p preflight) connections() []string {
	var names []string
	for _, c := range p.queue.Consumers {
		if name := c.Channel.Connection; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// holders says who the consumers are, as far as the broker has reported.
func (p preflight) holders() string {
	if names := p.connections(); len(names) > 0 {
		return names[0] + more(len(names)-1)
	}
	return "connections not reported yet"
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// seal adds what Do needs to the plan.
func seal(plan action.Plan, m mark) (action.Plan, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return action.Plan{}, fmt.Errorf("write the plan: %w", err)
	}
	plan.Private = b
	plan.Undo = "Put the message back from the quarantine, at the end of the queue, as long as the copy is kept."
	return plan, nil
}
