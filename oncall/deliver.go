package oncall

import (
	"errors"
	"slices"
	"time"

	"frontline/fault"
	"frontline/people"
)

const (
	// sendLimit is how long a channel may take for one message.
	sendLimit = 10 * time.Second
	// mostTries is how often one contact is tried before the attempt has failed for good.
	mostTries = 5
)

// StartSending marks the attempt as being sent, and says whether it is to be sent: not when it is not due yet, already sent, or not needed any
// more. One that is being sent already belonged to a process that died, and is sent again: twice is better than never.
//
// When the rotation has been handed over since the step was fired, the one who is on call now is paged instead; both are recorded.
func StartSending(p Page, tries []Attempt, id string, r Roster, now time.Time) (Outcome, bool) {
	a, ok := find(tries, id)
	if !ok || !a.pending() {
		return unchanged(p), false
	}
	if a.State == Waiting && a.DueAt.After(now.Add(skew)) {
		return unchanged(p, deliver(a)), false
	}
	c := begin(p, tries, people.System("job"), now)
	c.roster = r
	if p.State != Open {
		a.State, a.Skip = Skipped, string(p.State)
		c.put(a)
		return c.outcome(), false
	}
	if d, moved := c.movedTo(a); moved {
		c.handOver(a, d)
		return c.outcome(), false
	}
	a.State, a.DueAt = Sending, now
	a.Tries++
	c.put(a)
	return c.outcome(), true
}

func find(tries []Attempt, id string) (Attempt, bool) {
	i := slices.IndexFunc(tries, func(a Attempt) bool { return a.ID == id })
	if i < 0 {
		return Attempt{}, false
	}
	return tries[i], true
}

// movedTo returns who is on call by now in the rotation that the attempt came from, if that is somebody else who can be reached.
func (c *change) movedTo(a Attempt) (Duty, bool) {
	if a.Duty.Rotation == "" {
		return Duty{}, false
	}
	d, ok := c.roster.Who(Target{Rotation: a.Duty.Rotation}, c.now)
	return d, ok && d.Person != a.Duty.Person && c.roster.Reachable(d.Person)
}

// handOver gives up what the attempt's person would still get in this firing, and pages the other person unless that has happened.
func (c *change) handOver(a Attempt, to Duty) {
	for _, x := range slices.Clone(c.tries) {
		same := x.Firing == a.Firing && x.Duty.Person == a.Duty.Person
		if x.ID == a.ID || same && x.State == Waiting {
			x.State, x.Skip = Skipped, "handed_over"
			c.put(x)
		}
	}
	c.note("page.handed_over", map[string]any{"rotation": to.Rotation, "from": a.Duty.Person, "to": to.Person})
	already := slices.ContainsFunc(c.tries, func(x Attempt) bool { return x.Firing == a.Firing && x.Duty.Person == to.Person })
	if !already {
		c.attempt(to, a.Step, a.Firing)
	}
}

// Delivered records the provider's receipt.
func Delivered(p Page, tries []Attempt, id string, receipt Receipt, now time.Time) Outcome {
	a, ok := find(tries, id)
	if !ok || a.State == Sent {
		return unchanged(p)
	}
	c := begin(p, tries, people.System("job"), now)
	a.State, a.SentAt, a.Receipt, a.Error, a.Skip = Sent, now, receipt, "", ""
	c.put(a)
	c.note("page.attempt_sent", c.facts(a))
	return c.outcome()
}

// Undelivered records that the given try failed with err. An error that may pass is tried again after a pause, five times at most. Any other is
// final: then the person's next contact is tried at once, and when the step has reached nobody at all the next step is fired at once.
func Undelivered(p Page, tries []Attempt, id string, try int, err error, now time.Time) Outcome {
	a, ok := find(tries, id)
	if !ok || a.State != Sending || a.Tries != try { // another process has it by now
		return unchanged(p)
	}
	c := begin(p, tries, people.System("job"), now)
	a.Error = fault.Sentence(err)
	switch {
	case p.State != Open:
		a.State, a.Skip = Skipped, string(p.State)
		c.put(a)
	case fault.Again(err) && a.Tries < mostTries:
		a.State, a.DueAt = Waiting, now.Add(pauseBefore(a.Tries, err))
		c.put(a)
		c.follows.Do(deliver(a))
	default:
		a.State = Failed
		c.put(a)
		facts := c.facts(a)
		facts["kind"] = string(fault.KindOf(err))
		c.note("page.attempt_failed", facts)
		c.nextContact(a)
	}
	return c.outcome()
}

// pauseBefore is the back-off after try n, or longer when the provider asks for it, but never so long that a person is kept from being reached.
func pauseBefore(n int, err error) time.Duration {
	var f *fault.Error
	if errors.As(err, &f) {
		return min(max(backoff(n), f.After), time.Minute)
	}
	return backoff(n)
}

// nextContact goes on after an attempt failed for good.
func (c *change) nextContact(failed Attempt) {
	for _, x := range c.tries {
		if x.State == Waiting && x.Firing == failed.Firing && x.Duty.Person == failed.Duty.Person && x.Tries == 0 {
			x.DueAt = c.now
			c.put(x)
			c.follows.Do(deliver(x))
			return
		}
	}
	if failed.Firing != c.page.Firing || c.page.Aim == AimTest {
		return
	}
	hope := slices.ContainsFunc(c.tries, func(x Attempt) bool {
		return x.Firing == c.page.Firing && (x.pending() || x.State == Sent)
	})
	switch {
	case hope:
	case c.page.Resorts == 0:
		c.note("page.step_failed", map[string]any{"round": failed.Round, "step": failed.Step})
		c.due(c.now)
	case !c.page.Exhausted:
		c.page.Exhausted = true
		c.note("page.exhausted", map[string]any{"people": 0})
	}
}

// facts is what the journal keeps of an attempt: references and numbers, no address and no text.
func (c *change) facts(a Attempt) map[string]any {
	f := map[string]any{
		"attempt": a.N, "person": a.Duty.Person, "why": string(a.Duty.Reason), "channel": a.Contact.Channel,
		"tries": a.Tries, "after_ms": c.now.Sub(a.MadeAt).Milliseconds(),
	}
	for k, v := range map[string]string{"rotation": a.Duty.Rotation, "override": a.Duty.Override, "instead": a.Duty.Instead} {
		if v != "" {
			f[k] = v
		}
	}
	return f
}
