package desk

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"frontline/journal"
)

var markIn = regexp.MustCompile(`frontline:[0-9a-f-]{36}`)

// EscalationState is where an escalation stands.
type EscalationState string

// The states of an escalation.
const (
	ToBeOpened EscalationState = "waiting" // its issue is not in the tracker yet
	IssueOpen  EscalationState = "open"
	IssueEnded EscalationState = "closed"  // developers closed the issue
	IssueNever EscalationState = "refused" // the tracker refuses it as it is: somebody has to mend it
)

// Verdict is what developers found.
type Verdict string

// The verdicts. The empty one means that nobody has said yet.
const (
	ConfirmedBug   Verdict = "confirmed" // it is a bug, not fixed yet
	FixedBug       Verdict = "fixed"
	NotABug        Verdict = "not_a_bug"
	DuplicateIssue Verdict = "duplicate" // they knew it: another issue is about the same
)

// VerdictsAll lists the verdicts.
func VerdictsAll() []Verdict { return []Verdict{ConfirmedBug, FixedBug, NotABug, DuplicateIssue} }

// Escalation is what developers were asked: one issue in their tracker, for one request or for many.
type Escalation struct {
	ID      string          `json:"id"`
	Number  int64           `json:"number"`
	Title   string          `json:"-"` // of the issue; kept beside
	Text    string          `json:"-"` // of the issue, until it is there: then the tracker has it
	Tracker string          `json:"tracker"`
	State   EscalationState `json:"state"`
	Key     string          `json:"key,omitempty"`     // of the issue, in the tracker's API
	Issue   string          `json:"issue,omitempty"`   // what people call it
	Address string          `json:"address,omitempty"` // where people read it
	Status  string          `json:"status,omitempty"`  // the tracker's own word
	Verdict Verdict         `json:"verdict,omitempty"`
	ByHand  bool            `json:"by_hand,omitempty"` // a person gave the verdict: what the tracker says does not change it
	Version string          `json:"version,omitempty"` // in which it is fixed
	Out     bool            `json:"out,omitempty"`     // that version is released
	By      string          `json:"by"`                // who escalated it

	MadeAt    time.Time `json:"made_at"`
	OpenedAt  time.Time `json:"opened_at,omitzero"`
	ClosedAt  time.Time `json:"closed_at,omitzero"`
	ReadAt    time.Time `json:"read_at,omitzero"`  // when the tracker was last asked about it
	HeardAt   time.Time `json:"heard_at,omitzero"` // when a developer last wrote
	WroteAt   time.Time `json:"wrote_at,omitzero"` // when we last wrote
	Tries     int       `json:"tries,omitempty"`   // of opening the issue
	TriedAt   time.Time `json:"tried_at,omitzero"` // the first of them
	BusyUntil time.Time `json:"busy_until,omitzero"`
	Trouble   string    `json:"trouble,omitempty"`     // why it is not in the tracker, for people
	TroubleAt time.Time `json:"trouble_at,omitzero"`   // since when
	Requests  int       `json:"requests"`              // how many hang on it
	Untold    int       `json:"untold"`                // how many of them nobody has told the outcome
	Waiting   int       `json:"waiting_out,omitempty"` // what of ours is still to be written into the tracker
}

// Name is what people call it: "E-7".
func (e Escalation) Name() string { return fmt.Sprintf("E-%d", e.Number) }

// Subject is the escalation in the journal.
func (e Escalation) Subject() journal.Subject { return journal.Of("escalation", e.ID) }

// Loose says whether askers wait to be told what became of it.
func (e Escalation) Loose() bool { return e.State == IssueEnded && e.Untold > 0 }

// Ours says whether the next move is ours: developers wrote last, the tracker refuses it, or askers are to be told.
func (e Escalation) Ours() bool {
	return e.State == IssueNever || e.Loose() || e.State == IssueOpen && e.HeardAt.After(e.WroteAt)
}

// Told is what became of telling an asker.
type Told string

// What became of it. The empty one means nothing yet.
const (
	WasTold    Told = "told"
	WasSkipped Told = "skipped"
)

// Escalated is a request that hangs on an escalation.
type Escalated struct {
	Escalation string          `json:"escalation"`
	Request    string          `json:"request"`
	By         string          `json:"by"`
	At         time.Time       `json:"at"`
	Told       Told            `json:"told,omitempty"`
	ToldBy     string          `json:"told_by,omitempty"`
	ToldAt     time.Time       `json:"told_at,omitzero"`
	Reason     string          `json:"-"` // why it was skipped, in somebody's words
	Seen       int64           `json:"seen"`
	SeenState  EscalationState `json:"seen_state,omitempty"` // that the request was last told of
	SeenAs     Verdict         `json:"seen_as,omitempty"`
	Now        Request         `json:"-"` // the request as it is
}

// Developed is what a developer said: one comment of the issue.
type Developed struct {
	Place  int64 // 1 is the first that was heard; given by the store
	Ref    string
	Author string
	At     time.Time
	Text   journal.Text
}

// OutgoingKind is what a comment of ours says.
type OutgoingKind string

// The kinds.
const (
	JoinedIssue OutgoingKind = "joined" // how many requests there are by now; its words are made when it is written
	NoteToThem  OutgoingKind = "note"   // somebody's words
)

// Outgoing is what is to be written below an issue.
type Outgoing struct {
	ID         string       `json:"id"`
	Escalation string       `json:"escalation"`
	Request    string       `json:"request,omitempty"`
	Kind       OutgoingKind `json:"kind"`
	By         string       `json:"by"`
	At         time.Time    `json:"at"`
	State      SendState    `json:"state"`
	Tries      int          `json:"tries"`
	TriedAt    time.Time    `json:"tried_at,omitzero"`
	SentAt     time.Time    `json:"sent_at,omitzero"`
	Ref        string       `json:"ref,omitempty"` // the tracker's id of the comment
	Error      string       `json:"error,omitempty"`
	Text       string       `json:"-"` // until it is written
}

// EscalationNow is what a decision sees, under the escalation's lock and the request's.
type EscalationNow struct {
	Escalation Escalation // of a new one only ID and Number
	New        bool
	Links      []Escalated     // without Now
	Waiting    []Outgoing      // not written yet, the oldest first
	Failed     []Outgoing      // that the tracker refused
	Heard      []Developed     // what the decision may have to tell the request: those after Link.Seen
	Known      map[string]bool // ids of comments that we know already, ours too
	Request    Current         // empty when no request was asked for
	Link       Escalated
	Linked     bool         // the request hangs on it
	Has        []Escalation // of a new one: what the request hangs on already
	Now        time.Time
	NewID      func() string
}

// EscalationChange is what a decision leaves. The store writes all of it in one transaction.
type EscalationChange struct {
	Escalation Escalation
	Link       *Escalated
	Unlink     bool // the request hangs on it no more
	Request    *Change
	Outgoing   []Outgoing  // new ones and changed ones
	Heard      []Developed // new ones
	journal.Consequences
}

// TrackerState is what we know of a tracker.
type TrackerState struct {
	LookedAt    time.Time // up to when its changes are known
	PausedUntil time.Time // it wants no calls before
	Trouble     string    // why it could not be asked, for people
	TroubleAt   time.Time // since when
}

// TrackerNow is what a decision about a tracker sees, under its lock.
type TrackerNow struct {
	State TrackerState
	Live  int // escalations that may still change there
	Now   time.Time
}

// EscalationFilter names escalations. Empty parts do not narrow.
type EscalationFilter struct {
	Tracker string
	States  []EscalationState
	Keys    []string
	Request string // that hangs on it
	Loose   bool   // askers wait to be told
	Before  int64  // with smaller numbers: the next page
	Limit   int    // 50 when 0
}

// EscalationStore keeps escalations. Each write is one transaction.
type EscalationStore interface {
	// ChangeEscalation decides about one, under its lock; without an id about a new one. With a request it is decided about that too, under its lock.
	ChangeEscalation(ctx context.Context, id, request string, decide func(EscalationNow) (EscalationChange, error)) (Escalation, error)
	// ChangeTracker decides about a tracker under its lock. live is since when a closed escalation no longer counts.
	ChangeTracker(ctx context.Context, tracker string, live time.Time, decide func(TrackerNow) (TrackerState, journal.Consequences)) error
	// HearOnce writes down a call of a tracker with what follows from it; false when it was known.
	HearOnce(ctx context.Context, tracker, delivery string, follows journal.Consequences) (bool, error)
	// ForgetHeard forgets calls from before the time.
	ForgetHeard(ctx context.Context, before time.Time) error
}

// EscalationReading is where escalations are looked up.
type EscalationReading interface {
	// Escalation returns one by its id or its name ("E-7"), or a NotFound fault.
	Escalation(ctx context.Context, ref string) (Escalation, error)
	// Escalations returns those that the filter names, the newest first.
	Escalations(ctx context.Context, f EscalationFilter) ([]Escalation, error)
	// Escalated returns the requests that hang on one, the oldest first.
	Escalated(ctx context.Context, escalation string) ([]Escalated, error)
	// Developed returns what developers said in one, the oldest first.
	Developed(ctx context.Context, escalation string) ([]Developed, error)
	// Outgoing returns what of ours is not below the issue, the oldest first: what waits, and what the tracker refused.
	Outgoing(ctx context.Context, escalation string) ([]Outgoing, error)
	// TrackerState returns what we know of a tracker; the zero state when nothing.
	TrackerState(ctx context.Context, tracker string) (TrackerState, error)
}
