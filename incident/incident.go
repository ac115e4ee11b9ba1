// Package incident answers what is broken, whom it hurts, who does what and what was said about it: incidents, roles, impact,
// updates, the promise clock, the status page, post-mortems and follow-ups.
//
// What is inside and what is public are kept apart by types: the status page's rows (Published…) are made in one file, published.go,
// and only from words that somebody gave to be published.
package incident

import (
	"fmt"
	"slices"
	"time"

	"frontline/journal"
	"frontline/people"
)

// Severity is how bad it is.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical" // customers cannot use a part of the product
	Major    Severity = "major"    // customers can, but it fails often or is slow
	Minor    Severity = "minor"    // a few notice, or nobody yet
)

// Severities lists the severities, worst first.
func Severities() []Severity { return []Severity{Critical, Major, Minor} }

// State is how far the work on it is.
type State string

// The states, in their usual order. An incident may jump in either direction; Resolved is entered and left by acts of their own.
const (
	Investigating State = "investigating"
	Identified    State = "identified" // the cause is known
	Fixing        State = "fixing"
	Monitoring    State = "monitoring" // the harm has stopped; somebody watches whether it stays so
	Resolved      State = "resolved"
)

// States lists the states in their usual order.
func States() []State { return []State{Investigating, Identified, Fixing, Monitoring, Resolved} }

// Part is what a participant does.
type Part string

// The parts. The lead is not a part: there is exactly one, or none.
const (
	Fixer    Part = "fixer"    // works on the cause
	Writer   Part = "writer"   // writes the updates
	Observer Part = "observer" // wants to know
)

// Parts lists the parts.
func Parts() []Part { return []Part{Fixer, Writer, Observer} }

// Participant is a person in the incident's room.
type Participant struct {
	Person string    `json:"person"`
	Part   Part      `json:"part"`
	At     time.Time `json:"at"` // since when
}

// Customer is a company that uses a component that the incident affects. It is computed from the catalog while the incident is open
// and kept as it was when the incident was resolved.
type Customer struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Tier       string   `json:"tier,omitempty"`
	Owner      string   `json:"owner,omitempty"` // the person who looks after them
	Components []string `json:"components"`      // the affected ones that they use
}

// Incident is a disturbance that people coordinate on. It may have many alerts, or none.
type Incident struct {
	ID           string        `json:"id"`
	Number       int64         `json:"number"`
	Title        string        `json:"title"`
	Severity     Severity      `json:"severity"`
	State        State         `json:"state"`
	Lead         string        `json:"lead,omitempty"` // a person
	Participants []Participant `json:"participants,omitempty"`

	Services   []string   `json:"services,omitempty"`
	Components []string   `json:"components,omitempty"` // what is affected, in the catalog's ids
	Customers  []Customer `json:"customers,omitempty"`
	Groups     []string   `json:"groups,omitempty"` // alert groups worked on here
	Runs       []string   `json:"runs,omitempty"`   // runs that were linked by hand; those started for it name it themselves

	OpenedAt       time.Time `json:"opened_at"`
	OpenedBy       string    `json:"opened_by"`                // the actor's id
	BeganAt        time.Time `json:"began_at"`                 // when the trouble began, as the monitoring system says
	DetectedAt     time.Time `json:"detected_at"`              // when somebody or something first noticed
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"` // when somebody first took it up
	MitigatedAt    time.Time `json:"mitigated_at,omitzero"`    // when the harm stopped, as far as is known now
	ResolvedAt     time.Time `json:"resolved_at,omitzero"`

	Promises []Promise `json:"promises,omitempty"` // outstanding ones, at most one to each audience
	Said     int       `json:"said"`               // how many internal updates there are
	Public   Public    `json:"public,omitzero"`
	Told     []string  `json:"told,omitempty"` // stakeholders who were written to at least once
	Version  int64     `json:"version"`        // counts the edits of title, severity, state, lead and impact, which two people may do at once
}

// Public is what customers have been told, as the people inside see it. The status page never reads it.
type Public struct {
	Title      string     `json:"title,omitempty"`
	State      Word       `json:"state,omitempty"` // empty while nothing was published
	Said       int        `json:"said,omitempty"`  // how many public updates there are
	Components []Affected `json:"components,omitempty"`
}

// Open says whether people still work on it.
func (i Incident) Open() bool { return i.State != Resolved }

// Name is what people call it: "INC-31".
func (i Incident) Name() string { return fmt.Sprintf("INC-%d", i.Number) }

// Promise returns the outstanding promise that is due first.
func (i Incident) Promise() (Promise, bool) {
	if len(i.Promises) == 0 {
		return Promise{}, false
	}
	return slices.MinFunc(i.Promises, func(a, b Promise) int { return a.At.Compare(b.At) }), true
}

// PromiseTo returns the outstanding promise to the audience.
func (i Incident) PromiseTo(a Audience) (Promise, bool) {
	n := slices.IndexFunc(i.Promises, func(p Promise) bool { return p.Audience == a })
	if n < 0 {
		return Promise{}, false
	}
	return i.Promises[n], true
}

// HasPart says whether the person takes part, as lead or otherwise.
func (i Incident) HasPart(person string) bool {
	return i.Lead == person || slices.ContainsFunc(i.Participants, func(p Participant) bool { return p.Person == person })
}

// StillPublic says that customers still see it as unresolved although people have resolved it: somebody has to publish the end.
func (i Incident) StillPublic() bool {
	return !i.Open() && i.Public.State != "" && i.Public.State != WordResolved
}

func (i Incident) subject() journal.Subject { return Subject(i.ID) }

// Subject is the incident as the journal and a page know it.
func Subject(id string) journal.Subject { return journal.Of("incident", id) }

// topic is what people.May is asked about. Every employee may know of every incident.
func topic(id string) people.Subject { return people.Subject{Kind: "incident", ID: id} }

// NoteKind is what a note holds.
type NoteKind string

// The kinds of notes.
const (
	Remark    NoteKind = "remark"
	TitleNote NoteKind = "title" // a title that the incident got
)

// Note is words on the timeline that are for the inside. Nobody is told.
type Note struct {
	ID       string       `json:"id"`
	Incident string       `json:"incident"`
	Kind     NoteKind     `json:"kind"`
	By       string       `json:"by"`
	At       time.Time    `json:"at"`
	Text     journal.Text `json:"text"`
}
