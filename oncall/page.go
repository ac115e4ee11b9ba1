package oncall

import (
	"fmt"
	"time"

	"frontline/journal"
	"frontline/people"
)

// Aim says whom a page must reach.
type Aim string

// The aims.
const (
	AimPolicy Aim = "policy" // somebody of an escalation policy; lives until its subject resolves
	AimPerson Aim = "person" // one named person; ends with the acknowledgement
	AimTest   Aim = "test"   // oneself, over all contacts at once; ends with the acknowledgement or by itself
)

// State is where a page stands.
type State string

// The states of a page.
const (
	Open         State = "open"         // somebody must be reached
	Acknowledged State = "acknowledged" // somebody has it; pages again when that leads nowhere
	Ended        State = "ended"        // over, for good
)

// Page is the obligation to reach a person about a subject. There is at most one live page about a subject and aim: what comes
// later makes it grow.
type Page struct {
	ID         string            `json:"id"`
	Number     int64             `json:"number"` // people see P-12
	Aim        Aim               `json:"aim"`
	Subject    journal.Subject   `json:"subject"`
	Team       string            `json:"team"`
	Visibility people.Visibility `json:"visibility,omitempty"`
	Named      []string          `json:"named,omitempty"`
	Policy     string            `json:"policy,omitempty"`
	Person     string            `json:"person,omitempty"`   // the named person, or who tests
	AskedBy    string            `json:"asked_by,omitempty"` // the person who paged by hand
	Urgency    Urgency           `json:"urgency"`
	Title      string            `json:"title"`
	Body       string            `json:"body,omitempty"`
	Count      int               `json:"count"`          // how many alerts the subject has, as far as it was told
	Began      time.Time         `json:"began,omitzero"` // when the trouble began

	State    State         `json:"state"`
	Round    int           `json:"round"`           // 0 before the first step is fired
	Step     int           `json:"step"`            // the step to fire next; as many as the policy has when the round is over
	Firing   int           `json:"firing"`          // counts what was fired: steps, last resorts, pages to an acknowledger
	Resorts  int           `json:"resorts"`         // how many times in a row the last resort was paged
	Attempts int           `json:"attempts"`        // how many attempts there are; the next one gets this plus one
	DueAt    time.Time     `json:"due_at,omitzero"` // the truth about when it goes on; zero when nothing is to come
	Repage   time.Duration `json:"repage"`          // how long an acknowledgement holds

	OpenedAt  time.Time `json:"opened_at"`
	AckedBy   string    `json:"acked_by,omitempty"` // who has it now
	AckedAt   time.Time `json:"acked_at,omitzero"`
	AckedVia  string    `json:"acked_via,omitempty"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	EndedWhy  string    `json:"ended_why,omitempty"` // a fixed word: "resolved", "acknowledged", "test_over"
	Exhausted bool      `json:"exhausted,omitempty"` // even the last resort was paged in vain
	Version   int64     `json:"version"`             // grows with every change
}

// Short is the name people see.
func (p Page) Short() string { return fmt.Sprintf("P-%d", p.Number) }

// Live says whether the page is not over.
func (p Page) Live() bool { return p.State != Ended }

// Topic is what people.May is asked about.
func (p Page) Topic() people.Subject {
	return people.Subject{Kind: "page", ID: p.ID, Team: p.Team, Visibility: p.Visibility, Named: p.Named}
}

// self is the page as a subject of the journal.
func (p Page) self() journal.Subject { return journal.Of("page", p.ID) }

// AttemptState is where an attempt stands.
type AttemptState string

// The states of an attempt.
const (
	Waiting AttemptState = "waiting" // to be sent at DueAt
	Sending AttemptState = "sending" // handed to the channel, no answer yet; after a crash it is sent again
	Sent    AttemptState = "sent"    // the provider took it and gave a receipt
	Failed  AttemptState = "failed"  // failed for good
	Skipped AttemptState = "skipped" // not needed any more
)

// Attempt is one try to deliver a page over one contact of one person, with its receipt.
type Attempt struct {
	ID      string         `json:"id"` // the page's id and N: "0197…-3"
	N       int            `json:"n"`
	Page    string         `json:"page"`
	Duty    Duty           `json:"duty"` // whom, and why them
	Contact people.Contact `json:"contact"`
	Round   int            `json:"round"`
	Step    int            `json:"step"` // the step that was fired; -1 for the last resort and the acknowledger
	Firing  int            `json:"firing"`
	State   AttemptState   `json:"state"`
	Tries   int            `json:"tries"`
	MadeAt  time.Time      `json:"made_at"`
	DueAt   time.Time      `json:"due_at"` // when it is to be sent, or since when it is being sent
	SentAt  time.Time      `json:"sent_at,omitzero"`
	Receipt Receipt        `json:"receipt,omitzero"`
	Error   string         `json:"error,omitempty"` // the last failure, for people
	Skip    string         `json:"skip,omitempty"`  // why it was skipped, a fixed word: "acknowledged", "ended", "handed_over"
}

// pending says whether the attempt may still be sent.
func (a Attempt) pending() bool { return a.State == Waiting || a.State == Sending }

// Opening is what a wing says when somebody must be reached.
type Opening struct {
	Aim        Aim // AimPolicy when empty
	Subject    journal.Subject
	Team       string
	Visibility people.Visibility
	Named      []string // for NamedOnly
	Policy     string   // for AimPolicy
	Person     string   // for AimPerson and AimTest
	Urgency    Urgency  // High when empty
	Title      string
	Body       string
	Count      int
	Began      time.Time
}

// Outcome is what a decision leaves: the page and those attempts that are new or changed, and what follows from it. The store writes all of it in one
// transaction.
type Outcome struct {
	Page     Page
	Attempts []Attempt
	journal.Consequences
}

// Nothing says whether there is nothing to write for a page that had the given version.
func (o Outcome) Nothing(version int64) bool {
	return o.Page.Version == version && len(o.Attempts) == 0 && len(o.Entries) == 0 && len(o.Jobs) == 0
}
