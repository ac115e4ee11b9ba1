package incident

import (
	"context"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/catalog"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/watch"
)

// Directory is what is configured, as one moment saw it.
type Directory interface {
	Person(id string) (people.Person, bool)
	Service(id string) (catalog.Service, bool)
	Component(id string) (catalog.Component, bool)
	Components() []catalog.Component // in the order in which they are shown
	Customers() []catalog.Customer   // in the order in which they are shown
}

// Groups is where alert groups are read. The alert wing answers it.
type Groups interface {
	// Group returns one group, or a NotFound fault.
	Group(ctx context.Context, id string) (alert.Group, error)
}

// Runs is where runs are read; what the actor may not know of is left out.
type Runs interface {
	// RunsFor returns the runs of a subject.
	RunsFor(ctx context.Context, by people.Actor, s journal.Subject) ([]action.Run, error)
	// Run returns one run by its id, or a NotFound fault.
	Run(ctx context.Context, by people.Actor, ref string) (action.Run, error)
}

var _ Runs = (*action.Runner)(nil)

// Mailer sends the stakeholders' mails.
type Mailer interface {
	// Mail hands one mail to the mail server and returns what it answered. ref is the same for every try of the same mail. A fault of kind
	// Unavailable or TooMany is worth another try; any other is final.
	Mail(ctx context.Context, to, subject, text, ref string) (receipt string, err error)
}

// Store keeps incidents. Every write runs the decision in one transaction under the incident's lock; it may run twice.
type Store interface {
	// OpenIncident makes an incident. When group is not empty and already belongs to an open incident, that one is returned with
	// false, and nothing is decided.
	OpenIncident(ctx context.Context, group string, decide func(Current) (Change, error)) (Incident, bool, error)
	// ChangeIncident changes one incident, or returns a NotFound fault.
	ChangeIncident(ctx context.Context, id string, scope Scope, decide func(Current) (Change, error)) (Incident, error)
	// Incident returns one incident by its id or its name ("INC-31"), or a NotFound fault.
	Incident(ctx context.Context, id string) (Incident, error)
	// Incidents returns those that the filter names, newest first.
	Incidents(ctx context.Context, f Filter) ([]Incident, error)
	// IncidentOf returns the open incident that an alert group belongs to, otherwise the last one; false when there is none.
	IncidentOf(ctx context.Context, group string) (Incident, bool, error)
}

// Records is what was written down about an incident.
type Records interface {
	// Notes returns its notes, oldest first.
	Notes(ctx context.Context, incident string) ([]Note, error)
	// Updates returns its updates, oldest first.
	Updates(ctx context.Context, incident string) ([]Update, error)
	// JournalOf returns what happened to the subjects, oldest first, at most limit entries (the newest).
	JournalOf(ctx context.Context, subjects []journal.Subject, limit int) ([]journal.Entry, error)
}

// Ledger is where the stakeholders' mails are accounted for, one row a recipient and mail.
type Ledger interface {
	// Notice returns one row, or a NotFound fault.
	Notice(ctx context.Context, id string) (Notice, error)
	// Notices returns an incident's rows, oldest first.
	Notices(ctx context.Context, incident string) ([]Notice, error)
	// ChangeNotice changes one row in a transaction.
	ChangeNotice(ctx context.Context, id string, decide func(Notice, time.Time) (Notice, journal.Consequences, error)) error
}

// Papers keeps post-mortems and follow-ups.
type Papers interface {
	// Postmortem returns an incident's post-mortem; false when there is none yet.
	Postmortem(ctx context.Context, incident string) (Postmortem, bool, error)
	// Postmortems returns them without their text, newest first, at most limit; of incidents with a number below before only, unless that is 0.
	Postmortems(ctx context.Context, before int64, limit int) ([]Postmortem, error)
	// ChangePostmortem makes or changes an incident's post-mortem in a transaction; decide gets nil when there is none.
	ChangePostmortem(ctx context.Context, incident string, decide func(*Postmortem, time.Time) (Postmortem, journal.Consequences, error)) (Postmortem, error)
	// FollowUps returns those that the filter names, the one due first before the others.
	FollowUps(ctx context.Context, f FollowUpFilter) ([]FollowUp, error)
	// ChangeFollowUp makes (id empty) or changes a follow-up in a transaction.
	ChangeFollowUp(ctx context.Context, id string, decide func(FollowUp, time.Time) (FollowUp, journal.Consequences, error)) (FollowUp, error)
}

// Watches is where mistake rates are kept an eye on. watch.Service implements it.
type Watches interface {
	// Watch is one watch, or a NotFound fault.
	Watch(ctx context.Context, by people.Actor, id string) (watch.Sight, error)
	// Watches lists those that the actor may know of.
	Watches(ctx context.Context, by people.Actor) ([]watch.Sight, error)
	// Findings lists findings, the newest first.
	Findings(ctx context.Context, by people.Actor, f watch.Filter) ([]watch.Finding, error)
	// Reach says what a scope counted and whom that hurts.
	Reach(ctx context.Context, by people.Actor, q watch.Scope) (watch.Reach, error)
}

var _ Watches = (*watch.Service)(nil)

// Harms keeps whom incidents hurt.
type Harms interface {
	// HarmKept returns what is kept of an incident; the zero value when there is nothing.
	HarmKept(ctx context.Context, incident string) (HarmKept, error)
	// AskedAbout returns the customers whose requests belong to the incident, with how many.
	AskedAbout(ctx context.Context, incident string) ([]Asking, error)
	// Now is the database's time.
	Now() time.Time
}

// StatusReader reads what was published, and nothing else.
type StatusReader interface {
	// Published returns the page with its components, its unresolved incidents, those resolved since the given time, and the 50 newest
	// in any case.
	Published(ctx context.Context, since time.Time) (Published, error)
}

// StatusStore writes the status page as a whole; single publications come through ChangeIncident.
type StatusStore interface {
	StatusReader
	// ChangeStatusPage decides under the page's lock.
	ChangeStatusPage(ctx context.Context, decide func(Published, time.Time) (Publication, journal.Consequences, error)) error
}

// Database is all that the wing keeps. store implements it.
type Database interface {
	Store
	Records
	Ledger
	Papers
	Harms
	StatusStore
}

// Filter names incidents.
type Filter struct {
	State  string // "open", "resolved" or empty for all
	Before int64  // only numbers below; 0 for no limit
	Limit  int    // at most this many; 50 when 0
}

// Scope is what a decision must also lock and see.
type Scope struct {
	Groups []string // alert groups that may get linked: Current.Elsewhere says which of them another open incident has
	Page   bool     // the status page: Current.Page
	Harm   bool     // what is kept of whom it hurts: Current.Harm
}

// Current is what a decision sees, under the incident's lock.
type Current struct {
	Incident  Incident // of a new one only the ID and Number
	Now       time.Time
	NewID     func() string
	Elsewhere map[string]int64 // alert group → number of the other open incident that it belongs to
	Page      Published        // with every unresolved incident and this one; only when Scope.Page
	Harm      HarmKept         // only when Scope.Harm
}

// Change is what a decision leaves: the new state, what was said, and what follows from it. The store writes all of it in one transaction.
type Change struct {
	Incident    Incident
	Notes       []Note
	Updates     []Update
	Notices     []Notice
	Publication Publication
	Harm        *HarmKept      // nil: as it was
	Orders      []oncall.Order // what is to be done about pages; the store carries it out in the same transaction
	journal.Consequences
}
