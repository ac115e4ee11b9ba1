package incident

import (
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/journal"
	"frontline/plain"
)

// Audience is to whom something is said.
type Audience string

// The audiences.
const (
	Internal     Audience = "internal" // everybody in the company; the services' stakeholders get it by mail
	ForCustomers Audience = "public"   // the status page
)

// Word is the state of an incident as customers are told, in Statuspage's words.
type Word string

// The words.
const (
	WordInvestigating Word = "investigating"
	WordIdentified    Word = "identified"
	WordMonitoring    Word = "monitoring"
	WordResolved      Word = "resolved"
)

// Words lists the words in their usual order.
func Words() []Word {
	return []Word{WordInvestigating, WordIdentified, WordMonitoring, WordResolved}
}

// Status is how a component does, in Statuspage's words.
type Status string

// The statuses, best first.
const (
	Operational      Status = "operational"
	UnderMaintenance Status = "under_maintenance"
	Degraded         Status = "degraded_performance"
	PartialOutage    Status = "partial_outage"
	MajorOutage      Status = "major_outage"
)

// Statuses lists the statuses, best first.
func Statuses() []Status {
	return []Status{Operational, UnderMaintenance, Degraded, PartialOutage, MajorOutage}
}

// Worse says whether s is worse than other.
func (s Status) Worse(other Status) bool { return s.rank() > other.rank() }

func (s Status) rank() int {
	for i, x := range Statuses() {
		if x == s {
			return i
		}
	}
	return -1
}

// Affected is a component and how it does.
type Affected struct {
	Component string `json:"component"` // the catalog's id
	Status    Status `json:"status"`
}

// Update is something that was said about an incident, internally or to customers. It is never changed.
type Update struct {
	ID         string       `json:"id"`
	Incident   string       `json:"incident"`
	N          int          `json:"n"` // 1 is the first to its audience
	Audience   Audience     `json:"audience"`
	State      Word         `json:"state,omitempty"` // what customers were told; empty for internal ones
	Text       journal.Text `json:"text"`
	By         string       `json:"by"`
	At         time.Time    `json:"at"`
	Components []Affected   `json:"components,omitempty"` // public ones only
	NextBy     time.Time    `json:"next_by,omitzero"`     // until when the next one was promised
	Kept       time.Time    `json:"kept,omitzero"`        // the promise that this update kept or broke: when it was due
}

// Late says by how much the update missed its promise; negative when it came before.
func (u Update) Late() time.Duration {
	if u.Kept.IsZero() {
		return 0
	}
	return u.At.Sub(u.Kept)
}

// Draft is an update that somebody wrote. Seen is how many updates to the same audience there were when they began to write: if there
// are more now, the update is refused with a Conflict, so that two people do not say the same or the opposite. A negative
// number skips this check.
type Draft struct {
	Body   string
	Seen   int
	NextBy time.Time // the promise of the next update; zero for none

	// For customers only.
	Title      string // in customers' words; needed the first time, afterwards empty keeps it
	State      Word
	Components []Affected // what is not named keeps its status; all become operational with WordResolved
}

// Limits of what people write.
const (
	longestTitle = 200
	longestText  = 4096
	farthest     = 7 * 24 * time.Hour // a promise reaches no further
)

func checkTitle(title string) error {
	if plain.Blank(title) {
		return fault.Wrong("title", "Write a title: one line that says what is broken.")
	}
	if n := utf8.RuneCountInString(title); n > longestTitle {
		return fault.Wrong("title", "A title has at most %d characters; this one has %d. Shorten it and write the rest as an update.", longestTitle, n)
	}
	return nil
}

func checkBody(body string) error {
	if plain.Blank(body) {
		return fault.Wrong("body", "Write a sentence or two before you send.")
	}
	if n := utf8.RuneCountInString(body); n > longestText {
		return fault.Wrong("body", "At most %d characters fit; these are %d. Shorten the text.", longestText, n)
	}
	return nil
}

func checkNextBy(at, now time.Time) error {
	switch {
	case at.IsZero():
	case !at.After(now):
		return fault.Wrong("next_by", "The next update can only be promised for later than now. Choose a later time.")
	case at.Sub(now) > farthest:
		return fault.Wrong("next_by", "The next update can be promised for 7 days ahead at most. Choose an earlier time.")
	}
	return nil
}
