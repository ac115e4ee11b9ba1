package oncall

import (
	"slices"
	"time"

	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// The functions in this file and in advance.go and deliver.go are the rules of paging. They are pure: they take the page and its live
// attempts as the store has locked them, and return what is to be written.

// change is a decision being made.
type change struct {
	page    Page
	tries   []Attempt // as they were, with what was changed
	touched map[string]bool
	roster  Roster
	by      people.Actor
	now     time.Time
	follows journal.Consequences
}

func begin(p Page, tries []Attempt, by people.Actor, now time.Time) *change {
	return &change{page: p, tries: slices.Clone(tries), touched: map[string]bool{}, by: by, now: now}
}

func (c *change) note(verb string, facts map[string]any) {
	e := journal.Note(c.by, verb, c.page.self(), facts).With(c.page.Subject)
	e.At = c.now
	c.follows.Add(e)
}

// put stores a new or changed attempt.
func (c *change) put(a Attempt) {
	c.touched[a.ID] = true
	for i := range c.tries {
		if c.tries[i].ID == a.ID {
			c.tries[i] = a
			return
		}
	}
	c.tries = append(c.tries, a)
}

// due sets when the page goes on, and wakes it then.
func (c *change) due(at time.Time) {
	c.page.DueAt = at
	c.follows.Do(wake(c.page))
}

// skip gives up what still waits. What is being sent at this moment cannot be called back.
func (c *change) skip(why string, which func(Attempt) bool) {
	for _, a := range slices.Clone(c.tries) {
		if a.State == Waiting && which(a) {
			a.State, a.Skip = Skipped, why
			c.put(a)
		}
	}
}

// outcome closes the decision.
func (c *change) outcome() Outcome {
	out := Outcome{Page: c.page, Consequences: c.follows}
	for _, a := range c.tries {
		if c.touched[a.ID] {
			out.Attempts = append(out.Attempts, a)
		}
	}
	out.Page.Version++
	return out
}

// unchanged is the outcome of a decision that found nothing to do.
func unchanged(p Page, jobs ...job.New) Outcome {
	out := Outcome{Page: p}
	out.Do(jobs...)
	return out
}

func anyAttempt(Attempt) bool { return true }

// OpenPage begins a page, due at once. The store gives the id, and the number when it writes it.
func OpenPage(o Opening, id string, by people.Actor, now time.Time) Outcome {
	p := Page{
		ID: id, Aim: o.Aim, Subject: o.Subject, Team: o.Team, Visibility: o.Visibility, Named: o.Named,
		Policy: o.Policy, Person: o.Person, Urgency: o.Urgency, Title: o.Title, Body: o.Body,
		Count: max(o.Count, 1), Began: o.Began, State: Open, Repage: DefaultRepage, OpenedAt: now,
	}
	if p.Aim == "" {
		p.Aim = AimPolicy
	}
	if p.Urgency == "" {
		p.Urgency = High
	}
	if p.Began.IsZero() {
		p.Began = now
	}
	if by.Kind == people.ByPerson {
		p.AskedBy = by.ID
	}
	c := begin(p, nil, by, now)
	c.note("page.opened", map[string]any{"aim": string(p.Aim), "urgency": string(p.Urgency), "policy": p.Policy, "count": p.Count})
	c.due(now)
	return c.outcome()
}

// Grow lets a live page take in what came later. Nobody is paged again for it, unless it has become more urgent: then the page goes on at
// once, and to who acknowledged it first.
func Grow(p Page, o Opening, by people.Actor, now time.Time) Outcome {
	worse := p.Urgency == Low && o.Urgency != Low
	count := max(p.Count, o.Count)
	if !p.Live() || !worse && count == p.Count && (o.Title == "" || o.Title == p.Title) && (o.Body == "" || o.Body == p.Body) {
		return unchanged(p)
	}
	c := begin(p, nil, by, now)
	c.page.Count = count
	if o.Title != "" {
		c.page.Title = o.Title
	}
	if o.Body != "" {
		c.page.Body = o.Body
	}
	if worse {
		c.page.Urgency = High
		c.page.Round, c.page.Step, c.page.Resorts = 0, 0, 0
		c.note("page.more_urgent", map[string]any{"urgency": string(High), "count": count})
		c.due(now)
	}
	return c.outcome()
}

// Acknowledge stops the escalation: what waits is not sent, and the page pages again only when its subject lives on for too long. A page to
// a named person is over. Acknowledging twice is one acknowledgement; somebody else may take it over.
func Acknowledge(p Page, tries []Attempt, by people.Actor, now time.Time) Outcome {
	if !p.Live() || p.State == Acknowledged && p.AckedBy == by.ID {
		return unchanged(p)
	}
	c := begin(p, tries, by, now)
	facts := map[string]any{"after_ms": now.Sub(p.OpenedAt).Milliseconds(), "round": p.Round, "attempts": p.Attempts}
	if p.State == Acknowledged {
		facts["taken_from"] = p.AckedBy
	}
	c.page.State, c.page.Exhausted, c.page.Resorts = Acknowledged, false, 0
	c.page.AckedBy, c.page.AckedAt, c.page.AckedVia = by.ID, now, by.Via
	c.skip("acknowledged", anyAttempt)
	c.note("page.acknowledged", facts)
	if p.Aim != AimPolicy {
		c.end("acknowledged")
		return c.outcome()
	}
	c.due(now.Add(p.Repage))
	return c.outcome()
}

// Escalate fires the next step now, also when somebody has acknowledged. Those paged before stay paged.
func Escalate(p Page, tries []Attempt, by people.Actor, now time.Time) Outcome {
	if !p.Live() || p.Aim == AimTest {
		return unchanged(p)
	}
	c := begin(p, tries, by, now)
	c.reopen()
	c.page.Round = max(c.page.Round, 1) // a first step that waits does not wait now
	c.note("page.escalated", map[string]any{"round": p.Round, "step": p.Step})
	c.due(now)
	return c.outcome()
}

// End closes the page: its subject resolved, or there is no more reason to reach anybody. why is a fixed word.
func End(p Page, tries []Attempt, why string, by people.Actor, now time.Time) Outcome {
	if !p.Live() {
		return unchanged(p)
	}
	c := begin(p, tries, by, now)
	c.end(why)
	return c.outcome()
}

func (c *change) end(why string) {
	c.skip("ended", anyAttempt)
	c.page.State, c.page.EndedAt, c.page.EndedWhy = Ended, c.now, why
	c.page.DueAt, c.page.Exhausted = time.Time{}, false
	c.note("page.ended", map[string]any{"why": why, "after_ms": c.now.Sub(c.page.OpenedAt).Milliseconds()})
}

// reopen takes the acknowledgement back.
func (c *change) reopen() {
	c.page.State = Open
	c.page.AckedBy, c.page.AckedAt, c.page.AckedVia = "", time.Time{}, ""
}
