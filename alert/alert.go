package alert

import (
	"fmt"
	"time"

	"frontline/journal"
	"frontline/people"
)

// State is where an alert or a group stands.
type State string

// The states. An alert is Open or Over; being acknowledged is the group's.
const (
	Open  State = "open"
	Taken State = "acknowledged"
	Over  State = "resolved"
)

// Alert is signals with the same key, folded.
type Alert struct {
	ID         string
	Number     int64 // people; given by the store
	Group      string
	Source     string
	Key        string
	Episode    time.Time // when it began, as the source says: tells a new episode from a repeat
	State      State
	Severity   Severity
	Title      string
	Text       string
	Host       string
	Labels     map[string]string
	Links      []Link
	Count      int64     // how many signals were folded into it
	OpenedAt   time.Time // when the first signal came
	LastAt     time.Time // when the last one came
	ResolvedAt time.Time
	Body       string // the raw body of the last signal that changed it
}

// Short is the name people see.
func (a Alert) Short() string { return fmt.Sprintf("A-%d", a.Number) }

// Group is alerts that are worked on as one. Pages and incidents are about groups.
type Group struct {
	ID         string
	Number     int64 // people see G-12; given by the store
	Source     string
	Key        string
	Service    string // empty: unrouted, nobody is paged
	Team       string
	Policy     string
	State      State
	Severity   Severity // the worst of its open alerts; of all when none is open
	Title      string   // of the worst alert
	Open       int      // alerts that are open
	Total      int      // alerts there ever were
	Paged      bool     // somebody was to be reached about it
	OpenedAt   time.Time
	BeganAt    time.Time // when the trouble began, as the source says
	AckedAt    time.Time
	AckedBy    string // a person, or the source when the source acknowledged
	ResolvedAt time.Time
	Left       int // how many alerts the sender left out of its last message
}

// Short is the name people see.
func (g Group) Short() string { return fmt.Sprintf("G-%d", g.Number) }

// Self is the group as a subject of the journal.
func (g Group) Self() journal.Subject { return journal.Of("group", g.ID) }

// Topic is what people.May is asked about.
func (g Group) Topic() people.Subject {
	return people.Subject{Kind: "group", ID: g.ID, Team: g.Team}
}

// Routed says whether a service was found for it.
func (g Group) Routed() bool { return g.Service != "" }
