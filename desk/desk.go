// Package desk answers who asks us for what, and what became of it: requests and their conversations, the types, queues and macros that shape
// them, and what each of them took.
//
// What is said to the asker and what is said among ourselves are kept apart by the kind of a message: a Note never leaves the desk, a Reply
// goes back where the question came from, and nothing becomes a Reply by accident.
package desk

import (
	"fmt"
	"slices"
	"time"

	"frontline/journal"
	"frontline/people"
)

// State is where a request stands.
type State string

// The states.
const (
	New     State = "new"     // in triage: nobody has said yet that we take it up
	Open    State = "open"    // taken up: the next move is ours
	Waiting State = "waiting" // the next move is somebody else's, see Wait
	Closed  State = "closed"  // see Outcome
)

// States lists the states in their usual order.
func States() []State { return []State{New, Open, Waiting, Closed} }

// Wait is whom a request waits for.
type Wait string

// Whom a request may wait for.
const (
	Asker      Wait = "asker"
	Developers Wait = "developers"
	Others     Wait = "others" // a customer, a supplier, a date
)

// Waits lists whom a request may wait for.
func Waits() []Wait { return []Wait{Asker, Developers, Others} }

// OtherType stands where a type may be named for what is asked without one.
const OtherType = "other"

// Outcome is what became of a request.
type Outcome string

// The outcomes. Declined and Duplicate are given in triage, the others at the end of the work.
const (
	Answered    Outcome = "answered"     // a question was answered
	Done        Outcome = "done"         // done by hand
	ByAction    Outcome = "action"       // an action did it
	Configured  Outcome = "configured"   // a setting was put right
	SelfService Outcome = "self_service" // the asker can do it alone now
	Fixed       Outcome = "fixed"        // a bug, which developers fixed
	Declined    Outcome = "declined"
	Duplicate   Outcome = "duplicate"
)

// Outcomes lists what a supporter may close a request with.
func Outcomes() []Outcome {
	return []Outcome{Answered, Done, ByAction, Configured, SelfService, Fixed}
}

// Priority is how much it hurts to wait.
type Priority string

// The priorities, least first.
const (
	Low    Priority = "low"
	Normal Priority = "normal"
	High   Priority = "high"
	Urgent Priority = "urgent"
)

// Priorities lists the priorities, least first.
func Priorities() []Priority { return []Priority{Low, Normal, High, Urgent} }

// Size is how much work a request was, as whoever closed it felt it. It calibrates the measured touch time.
type Size string

// The sizes.
const (
	Small  Size = "s"  // about 5 minutes
	Medium Size = "m"  // about 20 minutes
	Large  Size = "l"  // about an hour
	Huge   Size = "xl" // half a day or more
)

// Sizes lists the sizes, least first.
func Sizes() []Size { return []Size{Small, Medium, Large, Huge} }

// Request is something that a person asks technical support for. It holds ids, numbers and fixed words; what people wrote lives in rows of its
// own, so that it can be erased while every figure stays.
type Request struct {
	ID       string         `json:"id"`
	Number   int64          `json:"number"`
	Title    string         `json:"title"`            // kept beside the other words
	Fields   map[string]any `json:"fields,omitempty"` // what the type's form asked for; kept beside the other words
	Type     string         `json:"type,omitempty"`
	Team     string         `json:"team"`              // which works on it
	Service  string         `json:"service,omitempty"` // of the catalog
	Customer string         `json:"customer,omitempty"`
	Asker    string         `json:"asker"`   // a party
	Channel  string         `json:"channel"` // where the question came from: "screen", "mail", "api", "slack"

	State    State    `json:"state"`
	WaitsFor Wait     `json:"waits_for,omitempty"` // while Waiting
	Outcome  Outcome  `json:"outcome,omitempty"`   // once Closed
	Priority Priority `json:"priority"`
	Assignee string   `json:"assignee,omitempty"` // a person
	Watchers []string `json:"watchers,omitempty"` // people who follow it
	Size     Size     `json:"size,omitempty"`
	Codes    []Code   `json:"codes,omitempty"`     // what it was about, as somebody confirmed
	NoDemand bool     `json:"no_demand,omitempty"` // somebody said that it is none of the demands

	Of       string   `json:"of,omitempty"`       // the request that it is a duplicate of; its conversation is read there
	Before   *Former  `json:"before,omitempty"`   // what it was before it became a duplicate
	Tags     []string `json:"tags,omitempty"`     // words by which rules and people tell requests apart
	Offers   []string `json:"offers,omitempty"`   // actions that a rule offers for it
	Problem  string   `json:"problem,omitempty"`  // the request whose solution answers this one too
	Links    []string `json:"links,omitempty"`    // requests that have to do with it
	Incident string   `json:"incident,omitempty"` // the incident that it is a part of

	ReceivedAt   time.Time `json:"received_at"`
	FirstTouchAt time.Time `json:"first_touch_at,omitzero"` // when somebody of the desk first did something
	FirstReplyAt time.Time `json:"first_reply_at,omitzero"`
	AskedAt      time.Time `json:"asked_at,omitzero"` // since when the asker waits for words of ours; zero while they do not
	ChangedAt    time.Time `json:"changed_at"`        // when anything last happened to it
	WaitingSince time.Time `json:"waiting_since,omitzero"`
	SnoozedUntil time.Time `json:"snoozed_until,omitzero"` // out of sight until then
	ClosedAt     time.Time `json:"closed_at,omitzero"`
	DueAt        time.Time `json:"due_at,omitzero"`  // the next promise of its service level; zero when there is none
	Clocks       []Clock   `json:"clocks,omitempty"` // of its service level's goals
	Reopened     int       `json:"reopened,omitempty"`
	Said         int       `json:"said"`    // how many messages there are
	Version      int64     `json:"version"` // counts the edits of what two people may change at once

	Erased *Erased `json:"erased,omitempty"` // its words are gone
	Hold   *Hold   `json:"hold,omitempty"`   // its words must stay
}

// Former is what a request was before it was set aside, so that this can be taken back.
type Former struct {
	State    State `json:"state"`
	WaitsFor Wait  `json:"waits_for,omitempty"`
}

// Name is what people call it: "R-1042".
func (r Request) Name() string { return fmt.Sprintf("R-%d", r.Number) }

// Open says whether somebody still has to do something about it.
func (r Request) Open() bool { return r.State != Closed }

// Asleep says whether it is out of sight at the time.
func (r Request) Asleep(now time.Time) bool { return r.Open() && r.SnoozedUntil.After(now) }

// Subject is the request in the journal.
func (r Request) Subject() journal.Subject { return journal.Of("request", r.ID) }

// follows says whether the person takes part in it without being of the desk.
func (r Request) follows(person string) bool { return slices.Contains(r.Watchers, person) }

// Topic is the request for the gate. Of a type that only its team may read, whoever asked and whoever follows may read it too.
func (r Request) Topic(t Type) people.Subject {
	s := people.Subject{Kind: "request", ID: r.ID, Team: r.Team, Visibility: t.Visibility}
	if t.Visibility == people.TeamOnly {
		s.SeenBy = append(s.SeenBy, people.Who("team:"+r.Team))
		for _, p := range r.Watchers {
			s.SeenBy = append(s.SeenBy, people.Who("person:"+p))
		}
	}
	return s
}

// topic is the desk as a whole.
func topic() people.Subject { return people.Subject{Kind: "request"} }

// Party is somebody who asks: an employee, or a mail address that belongs to none. The rest of the desk knows it by its id alone.
type Party struct {
	ID      string `json:"id"`
	Person  string `json:"person,omitempty"`  // of the directory; empty when we know none
	Address string `json:"address,omitempty"` // a mail address, lower case
	Name    string `json:"name,omitempty"`    // as they call themselves
}

// Shown is the name that people read.
func (p Party) Shown() string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Address != "":
		return p.Address
	}
	return "somebody who was erased"
}
