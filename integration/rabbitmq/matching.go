package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"

	"frontline/action"
	"frontline/fault"
)

// Matching is the kind "rabbitmq.park-matching": it takes the messages for which a condition holds out of a queue, at most so many at once.
// Its settings are those of rabbitmq.park with matching and most; where matching is left out, the input of that name says it.
type Matching struct{ base }

var _ action.Prover = (*Matching)(nil)

// NewMatching returns the kind. It goes the way of park.
func NewMatching(p *Park) *Matching { return &Matching{p.base} }

// Name implements action.Kind.
func (*Matching) Name() string { return "rabbitmq.park-matching" }

// matchingSettings are what a definition says about its broker and about what may be taken.
type matchingSettings struct {
	settings
	Matching string `json:"matching"` // an expression over subject; the input "matching" when empty
	Most     int    `json:"most"`     // how many messages one run takes; 20 when zero
}

// One run of rabbitmq.replay puts back what one run took out.
const usualMost, mostMost = 20, mostReplayed

func (k *Matching) parse(raw json.RawMessage) (matchingSettings, error) {
	var m matchingSettings
	if err := action.ReadSettings(k.Name(), raw, &m); err != nil {
		return m, err
	}
	if m.Most == 0 {
		m.Most = usualMost
	}
	if err := m.settings.check(); err != nil {
		return m, err
	}
	if m.Most < 1 || m.Most > mostMost {
		return m, fault.Wrong("most", "The setting most is between 1 and %d messages.", mostMost)
	}
	if m.settings.Disconnect {
		return m, fault.Wrong("disconnect", "%s closes no connections. Use rabbitmq.disconnect for that.", k.Name())
	}
	if m.Matching != "" {
		if _, err := newMatcher("matching", m.Matching, nil); err != nil {
			return m, err
		}
	}
	return m, nil
}

// Check implements action.Kind.
func (k *Matching) Check(raw json.RawMessage) error {
	_, err := k.parse(raw)
	return err
}

func (k *Matching) site(call action.Call) (site, error) {
	m, err := k.parse(call.Settings)
	if err != nil {
		return site{}, err
	}
	chosen := inputs{Twins: m.Most, Queue: m.Queue}
	if err := readQueue(m.settings, call.Inputs, &chosen); err != nil {
		return site{}, err
	}
	if v, given := call.Inputs["most"]; given && v != nil {
		n, whole := wholeNumber(v)
		if !whole || n < 1 || n > m.Most {
			return site{}, fault.Wrong("most", "How many messages to take is a whole number between 1 and %d.", m.Most)
		}
		chosen.Twins = n
	}
	s, err := k.at(k.Name(), call, m.settings, chosen)
	if err != nil {
		return site{}, err
	}
	condition := m.Matching
	if condition == "" {
		condition, _ = call.Inputs["matching"].(string)
	}
	if s.match, err = newMatcher("matching", condition, call.Inputs); err != nil {
		return site{}, err
	}
	s.match.queue = chosen.Queue
	return s, nil
}

// Plan implements action.Kind. It holds the head of the queue for a moment to see which messages match, and binds the plan to those. Where
// that could end a message it binds the plan to the condition instead.
func (k *Matching) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
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
	if !p.mayLook() {
		return s.planCondition(p, m)
	}
	seen := s.pile(p, m)
	err = h.hold(ctx, grab{mode: p.mode(), getToo: !p.quorum(), whole: p.quorum(), room: p.queue.Returned, reach: p.reach(s.Scan, 0), hold: min(p.hold, lookAtMost), pile: seen, calm: h.convinced(seen, p)})
	if back := h.giveBack(ctx, p, seen.messages, nil); err == nil {
		err = back
	}
	if err != nil {
		return action.Plan{}, err
	}
	return s.planMatches(p, m, seen)
}

// planMatches is the plan after a look.
func (s site) planMatches(p preflight, m mark, seen *pile) (action.Plan, error) {
	plan := action.Plan{At: s.clock.Now()}
	targets := seen.targets()
	if unread := s.match.unread(); unread != "" {
		plan.Costs = append(plan.Costs, unread)
	}
	if len(targets) == 0 {
		plan.Nothing = true
		plan.Summary = fmt.Sprintf("None of the first %d messages of %s matches.", len(seen.messages), s.chosen.Queue)
		if p.queue.Unacked > 0 {
			plan.Summary += fmt.Sprintf(" Its consumers have %s in hand, which were not seen.", counted(p.queue.Unacked, "message", "messages"))
		}
		return seal(plan, m)
	}
	if err := p.refuseNext(seen, seen.found(targets).prints()); err != nil {
		return action.Plan{}, err
	}
	m.Prints, m.Take = map[string]int{}, len(targets)
	plan.Tables = []action.Table{{Title: "Messages that match", Columns: messageColumns()}}
	for _, d := range targets {
		t := seen.find(d.DeliveryTag)
		if m.Place = max(m.Place, t.place); m.Prints[t.fingerprint] == 0 {
			plan.Changes = append(plan.Changes, action.Change{What: "Message " + t.name(), Now: t.now(s.chosen.Queue, seen.twins(t.fingerprint)), After: "in quarantine",
				Count: seen.have[t.fingerprint], Undo: "Put it back from the quarantine; it joins the end of the queue."})
		}
		m.Prints[t.fingerprint]++
		plan.Tables[0].Rows = append(plan.Tables[0].Rows, t.row())
	}
	plan.Summary = fmt.Sprintf("Take %s that match out of %s into quarantine and leave the others as they are, in their order.", counted(len(targets), "message", "messages"), s.chosen.Queue)
	if len(targets) == s.chosen.Twins {
		plan.Summary += " That is as many as one run takes; there may be more."
	}
	plan.Costs = append(append(plan.Costs, p.costs()...), fmt.Sprintf("Looking held %s once already; the run holds those in front of the last match once more.", counted(len(seen.messages), "message", "messages")))
	return seal(plan, m)
}

// planCondition is the plan without a look.
func (s site) planCondition(p preflight, m mark) (action.Plan, error) {
	limit, _ := p.limit()
	what := fmt.Sprintf("at most %s that match", counted(m.Take, "message", "messages"))
	return seal(action.Plan{
		At: s.clock.Now(), Summary: fmt.Sprintf("Take %s out of %s into quarantine and leave the others as they are, in their order.", what, s.chosen.Queue),
		Changes: []action.Change{{What: upperFirst(what), Now: fmt.Sprintf("among the first %d of %s in %s", s.Scan, counted(p.ready, "message", "messages"), s.chosen.Queue), After: "in quarantine",
			Count: m.Take, Undo: "Put them back from the quarantine; they join the end of the queue."}},
		Costs: append(p.costs(), fmt.Sprintf("Which messages match was not looked at: %s deletes a message after %s, and looking costs one.", s.chosen.Queue, counted(limit, "failed delivery", "failed deliveries"))),
	}, m)
}

// Do implements action.Kind.
func (k *Matching) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	s, err := k.site(call)
	if err != nil {
		return action.Result{}, err
	}
	res, err := s.park(ctx, call, plan, led)
	if unread := s.match.unread(); unread != "" {
		led.Printf("%s", unread)
	}
	return res, err
}

// Reconcile implements action.Kind.
func (k *Matching) Reconcile(ctx context.Context, call action.Call, plan action.Plan, steps []action.Step, led action.Ledger) (action.Result, error) {
	return reconcile(ctx, k.site, call, plan, steps, led)
}
