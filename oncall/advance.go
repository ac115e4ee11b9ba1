package oncall

import (
	"strconv"
	"time"

	"frontline/people"
)

// skew is how far the clock of the replica that claimed a job may be ahead of the one that decides.
const skew = 100 * time.Millisecond

// testLasts is how long a test page waits for its acknowledgement.
const testLasts = 15 * time.Minute

// beyond is the step of attempts that belong to no step of the policy.
const beyond = -1

// Advance lets the page go on if it is due: it fires the next step, falls through to the last resort, or pages again about an
// acknowledgement that led nowhere. Called too early or once too often it changes nothing. Who is on call is asked at
// this moment.
func Advance(p Page, tries []Attempt, r Roster, now time.Time) Outcome {
	if !p.Live() || p.DueAt.IsZero() {
		return unchanged(p)
	}
	if now.Add(skew).Before(p.DueAt) {
		return unchanged(p, wake(p))
	}
	c := begin(p, tries, people.System("job"), now)
	c.roster = r
	plan := r.planFor(p)
	c.page.Repage = plan.RepageAfter()
	switch {
	case p.Aim == AimTest:
		c.test()
	case p.State == Acknowledged:
		c.repage(plan)
	default:
		c.escalate(plan)
	}
	return c.outcome()
}

// escalate fires steps until one reaches somebody. A round in which no step does leads to the last resort at once.
func (c *change) escalate(plan Policy) {
	if c.page.Round == 0 && c.waitsForFirst(plan) {
		return
	}
	dry := c.page.Step == 0 // nothing in this round has reached anybody so far
	for c.page.Resorts == 0 {
		if c.page.Step < len(plan.Steps) {
			if c.fireStep(plan) {
				return
			}
			continue
		}
		if dry || c.page.Round > plan.Repeat {
			break
		}
		c.page.Round, c.page.Step, dry = c.page.Round+1, 0, true
	}
	c.lastResort(plan)
}

// waitsForFirst begins the first round; a first step that waits is due later.
func (c *change) waitsForFirst(plan Policy) bool {
	c.page.Round, c.page.Step = 1, 0
	if len(plan.Steps) == 0 {
		return false
	}
	at := c.page.OpenedAt.Add(plan.Steps[0].After)
	if !at.After(c.now.Add(skew)) {
		return false
	}
	c.due(at)
	return true
}

// fireStep fires the step at the cursor, moves the cursor, and says whether anybody is paged by it.
func (c *change) fireStep(plan Policy) bool {
	at := c.page.Step
	c.page.Step++
	var duties []Duty
	for _, t := range plan.Steps[at].Targets {
		d, ok := c.roster.Who(t, c.now)
		if !ok {
			c.note("page.step_gap", map[string]any{"round": c.page.Round, "step": at, "rotation": t.Rotation})
			continue
		}
		duties = append(duties, d)
	}
	paged := c.fire(duties, at)
	if paged == 0 {
		c.note("page.step_skipped", map[string]any{"round": c.page.Round, "step": at})
		return false
	}
	c.note("page.step_fired", map[string]any{"round": c.page.Round, "step": at, "people": paged})
	wait := plan.PauseAfterRound()
	if c.page.Step < len(plan.Steps) {
		wait = plan.Steps[c.page.Step].After
	}
	c.due(c.now.Add(wait))
	return true
}

// lastResort pages whoever is left, again after each pause. When there is nobody at all it still comes back, and the auditor
// cries, because the page is exhausted from then on.
func (c *change) lastResort(plan Policy) {
	if plan.LastResort != "" && !c.roster.Reachable(plan.LastResort) {
		c.note("page.person_unreachable", map[string]any{"person": plan.LastResort, "why": string(LastResort)})
	}
	paged := c.fire(c.roster.lastResorts(plan), beyond)
	c.page.Resorts++
	if (c.page.Resorts > 1 || paged == 0) && !c.page.Exhausted {
		c.page.Exhausted = true
		c.note("page.exhausted", map[string]any{"people": paged})
	}
	c.note("page.last_resort", map[string]any{"times": c.page.Resorts, "people": paged})
	c.due(c.now.Add(plan.PauseAfterRound()))
}

// repage pages who acknowledged, and after the pause the policy from its start.
func (c *change) repage(plan Policy) {
	who := Duty{Person: c.page.AckedBy, Reason: Acknowledger}
	held := c.now.Sub(c.page.AckedAt)
	c.reopen()
	c.page.Round, c.page.Step, c.page.Resorts = 0, 0, 0
	c.note("page.repaged", map[string]any{"person": who.Person, "after_ms": held.Milliseconds()})
	if c.fire([]Duty{who}, beyond) == 0 {
		c.escalate(plan)
		return
	}
	c.due(c.now.Add(plan.PauseAfterRound()))
}

// test sends one test over every contact at once; when it comes back, the test is over.
func (c *change) test() {
	if c.page.Firing > 0 {
		c.end("test_over")
		return
	}
	c.fire([]Duty{{Person: c.page.Person, Reason: TestOfOwn}}, beyond)
	c.due(c.now.Add(testLasts))
}

// fire makes the attempts of everybody in duties who can be reached, each person once, and returns how many people that are.
func (c *change) fire(duties []Duty, step int) int {
	c.page.Firing++
	paged := map[string]bool{}
	for _, d := range duties {
		if paged[d.Person] {
			continue
		}
		if !c.roster.Reachable(d.Person) {
			c.note("page.person_unreachable", map[string]any{"person": d.Person, "why": string(d.Reason)})
			continue
		}
		paged[d.Person] = true
		c.attempt(d, step, c.page.Firing)
	}
	return len(paged)
}

// attempt makes one attempt for each contact of the person. A test rings all of them at once.
func (c *change) attempt(d Duty, step, firing int) {
	for _, contact := range c.roster.Contacts(d.Person) {
		c.page.Attempts++
		a := Attempt{
			ID: c.page.ID + "-" + strconv.Itoa(c.page.Attempts), N: c.page.Attempts, Page: c.page.ID, Duty: d, Contact: contact,
			Round: c.page.Round, Step: step, Firing: firing, State: Waiting, MadeAt: c.now, DueAt: c.now,
		}
		if d.Reason != TestOfOwn {
			a.DueAt = c.now.Add(contact.After)
		}
		c.put(a)
		c.follows.Do(deliver(a))
	}
}
