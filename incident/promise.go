package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
)

// Promise is the next update that somebody said would come, and by when. It ends with an update to its audience, never by itself.
type Promise struct {
	At       time.Time `json:"at"`
	Audience Audience  `json:"audience"`
	By       string    `json:"by"` // who made it
	MadeAt   time.Time `json:"made_at"`
	Warned   bool      `json:"warned,omitempty"`   // it was soon, and somebody was reminded
	Reminded int       `json:"reminded,omitempty"` // how often somebody was paged because it is broken
}

// Face is how a promise looks at a moment.
type Face string

// The faces.
const (
	Calm   Face = "calm"
	Soon   Face = "soon"
	Broken Face = "broken"
)

const (
	soonMost     = 5 * time.Minute  // a promise is soon this long before it is due,
	soonPart     = 4                // but never for more than a quarter of its time
	remindEvery  = 15 * time.Minute // a broken one reminds again,
	remindAtMost = 3                // this often in all
)

// SoonAt is when the promise becomes soon.
func (p Promise) SoonAt() time.Time {
	return p.At.Add(-min(soonMost, max(0, p.At.Sub(p.MadeAt)/soonPart)))
}

// Face says how the promise looks now.
func (p Promise) Face(now time.Time) Face {
	switch {
	case !now.Before(p.At):
		return Broken
	case !now.Before(p.SoonAt()):
		return Soon
	}
	return Calm
}

// wakeAt is when somebody has to be reminded next; false when that has happened often enough.
func (p Promise) wakeAt() (time.Time, bool) {
	switch {
	case !p.Warned:
		return p.SoonAt(), true
	case p.Reminded < remindAtMost:
		return p.At.Add(time.Duration(p.Reminded) * remindEvery), true
	}
	return time.Time{}, false
}

// PromiseArgs names an incident whose promises may have become soon or broken.
type PromiseArgs struct {
	Incident string `json:"incident"`
}

// JobPromise wakes the promise clock. Incident.Promises is the truth, so that one wake too many does nothing.
func JobPromise() job.Kind[PromiseArgs] { return job.Kind[PromiseArgs]{Name: "incident.promise"} }

// promise makes or moves the promise to an audience and starts its clock.
func (t *turn) promise(to Audience, at time.Time) {
	if at.IsZero() {
		return
	}
	t.inc.Promises = append(t.without(to), Promise{At: at, Audience: to, By: t.actor.ID, MadeAt: t.cur.Now})
	t.note("promise.made", map[string]any{"audience": string(to), "at": at.Unix()})
	t.startClock()
}

// keep ends the promise to an audience because an update is out.
func (t *turn) keep(to Audience) {
	p, ok := t.inc.PromiseTo(to)
	if !ok {
		return
	}
	verb := "promise.kept"
	if t.cur.Now.After(p.At) {
		verb = "promise.kept_late"
	}
	t.note(verb, map[string]any{"audience": string(to), "late_s": int64(t.cur.Now.Sub(p.At) / time.Second)})
	t.drop(p)
}

// drop removes the promise and relieves whoever was paged about it.
func (t *turn) drop(p Promise) {
	t.inc.Promises = t.without(p.Audience)
	if p.Warned {
		t.out.Orders = append(t.out.Orders, oncall.EndOrder(t.inc.promised(p.Audience), "update_written", t.actor))
	}
}

func (t *turn) without(a Audience) []Promise {
	return slices.DeleteFunc(slices.Clone(t.inc.Promises), func(p Promise) bool { return p.Audience == a })
}

// startClock wakes JobPromise when the next promise becomes soon or broken.
func (t *turn) startClock() {
	var next time.Time
	for _, p := range t.inc.Promises {
		if at, ok := p.wakeAt(); ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !next.IsZero() {
		t.out.Do(JobPromise().At(next, t.inc.ID, PromiseArgs{t.inc.ID}).Ranked(job.Paging))
	}
}

// remind looks at the clock: who must be told that a promise is soon or broken?
func (t *turn) remind() {
	t.inc.Promises = slices.Clone(t.inc.Promises)
	for i := range t.inc.Promises {
		p := &t.inc.Promises[i]
		at, ok := p.wakeAt()
		if !ok || t.cur.Now.Before(at) {
			continue
		}
		face := p.Face(t.cur.Now)
		if p.Warned { // the reminder before gives way to this one, which says more and is sent anew
			t.out.Orders = append(t.out.Orders, oncall.EndOrder(t.inc.promised(p.Audience), "reminded_again", t.actor))
		}
		p.Warned = true
		if face == Broken {
			p.Reminded++
		}
		t.note("promise."+string(face), map[string]any{"audience": string(p.Audience), "late_s": int64(t.cur.Now.Sub(p.At) / time.Second), "times": p.Reminded})
		t.out.Orders = append(t.out.Orders, oncall.RaiseOrder(reminder(t.book, t.inc, *p, face), t.actor))
	}
	t.startClock()
	t.out.Finish = true
}

// promised is the promise to an audience as the subject of a page. It is one of its own, so that an update ends the pages about the promise and no other
// page about the incident.
func (i Incident) promised(a Audience) journal.Subject {
	return journal.Of("promise", i.ID+"/"+string(a))
}

// OfSubject returns the id of the incident that a page's subject belongs to; false when it belongs to none.
func OfSubject(s journal.Subject) (id string, ok bool) {
	switch s.Kind {
	case "incident":
		return s.ID, true
	case "promise":
		id, _, ok = strings.Cut(s.ID, "/")
		return id, ok
	}
	return "", false
}

// reminder says who is reached about a promise, and how loudly: the lead, otherwise whoever made it, otherwise the escalation policy of an
// affected service.
func reminder(book Directory, inc Incident, p Promise, face Face) oncall.Opening {
	o := oncall.Opening{Aim: oncall.AimPerson, Subject: inc.promised(p.Audience), Urgency: oncall.Low, Began: p.At}
	for _, id := range []string{inc.Lead, p.By} {
		if _, ok := book.Person(id); ok && o.Person == "" {
			o.Person = id
		}
	}
	for _, id := range inc.Services {
		if s, ok := book.Service(id); ok && o.Policy == "" {
			o.Team, o.Policy = s.Team, s.Policy
		}
	}
	if o.Person == "" {
		o.Aim = oncall.AimPolicy
	} else {
		o.Policy = ""
	}
	to, at := p.Audience.readers(), p.At.UTC().Format("15:04")+" UTC"
	o.Title = fmt.Sprintf("%s: the update for %s is due at %s", inc.Name(), to, at)
	o.Body = "Write it now, also if nothing is new: " + inc.Title
	if face == Broken {
		o.Urgency = oncall.High
		o.Title = fmt.Sprintf("%s: the update promised to %s for %s is late", inc.Name(), to, at)
	}
	return o
}

func (a Audience) readers() string {
	if a == ForCustomers {
		return "customers"
	}
	return "the stakeholders"
}

// RemindedPerson is whom a late promise pages, for people to see beforehand; empty when it is the escalation policy.
func RemindedPerson(book Directory, inc Incident, p Promise) string {
	return reminder(book, inc, p, Broken).Person
}
