package desk

import (
	"context"
	"time"

	"frontline/action"
	"frontline/catalog"
	"frontline/journal"
	"frontline/people"
)

// Directory is what is configured, as one moment saw it.
type Directory interface {
	Person(id string) (people.Person, bool)
	PersonByEmail(email string) (people.Person, bool)
	People() []people.Person
	Team(id string) (people.Team, bool)
	Service(id string) (catalog.Service, bool)
	Customer(id string) (catalog.Customer, bool)
	RequestType(id string) (Type, bool)
	RequestTypes() []Type // those that one may choose, by title
	ShutTypes() []string  // whose requests only their team and who follows may read; the retired ones too
	Queue(id string) (Queue, bool)
	Teams() []people.Team
	Services() []catalog.Service
	Customers() []catalog.Customer
	Actions() []action.Definition
	Macro(id string) (Macro, bool)
	Levels() []Level
	Calendar(id string) (Calendar, bool)
}

// Channel takes replies back where a question came from. It is its integration's; app names them.
type Channel interface {
	// Name is the word in Request.Channel.
	Name() string
	// Send hands one reply over and returns what the channel answered. A fault of kind Unavailable or TooMany is worth another try; any other is final.
	Send(ctx context.Context, l Letter) (receipt string, err error)
}

// Mailer sends mails to colleagues.
type Mailer interface {
	// Mail hands one mail to the mail server. ref is the same for every try of the same mail. A fault of kind Unavailable or TooMany is worth
	// another try; any other is final.
	Mail(ctx context.Context, to, subject, text, ref string) (receipt string, err error)
}

// Letter is a reply on its way to one party.
type Letter struct {
	Send    string // the same for every try of the same reply
	Request Request
	To      Party
	Text    string
	Author  string   // who of us wrote it, by name; empty for a rule
	Rule    bool     // a rule wrote it: a program that answers by itself should not answer
	Thread  []string // the channel's ids of what was said before, oldest first
	Files   []File   // with their bodies
	Link    string   // where the asker reads all of it
}

// Store keeps requests. Every write runs the decision in one transaction under the request's lock; it may run twice.
type Store interface {
	// Receive takes in one message of a channel. When the channel's id of it is known, its request is returned with false, and nothing is decided;
	// otherwise decide gets the request that it belongs to, or a new one with only ID and Number. The party of whoever sent it is found or made.
	Receive(ctx context.Context, in Arrival, decide func(Current) (Change, error)) (Request, bool, error)
	// ChangeRequest changes one request, or returns a NotFound fault. with are other requests that the decision looks at, by id.
	ChangeRequest(ctx context.Context, id string, with []string, decide func(Current) (Change, error)) (Request, error)
	// DeedDone says whether a Change with this Once was written.
	DeedDone(ctx context.Context, key string) (bool, error)
	// ChangeSend changes one row of the ledger in a transaction.
	ChangeSend(ctx context.Context, id string, decide func(Send, time.Time) (Send, journal.Consequences, error)) error
	// Steps returns what a bulk edit did, in its order.
	Steps(ctx context.Context, bulk string) ([]Step, error)
	// SaveDraft keeps what a person has begun to write; an empty body forgets it.
	SaveDraft(ctx context.Context, d Draft) error
	// Touch notes that a person has the request before them, for so many seconds more.
	Touch(ctx context.Context, request, person string, typing bool, seconds int) error
}

// Reading is where requests are looked up.
type Reading interface {
	// Request returns one request by its id or its name ("R-1042"), or a NotFound fault.
	Request(ctx context.Context, ref string) (Request, error)
	// RequestFrom returns the id of the request that a channel's message with that id of its own made or is a part of; false when the message is not known.
	RequestFrom(ctx context.Context, channel, ref string) (string, bool, error)
	// Requests returns those that the filter names.
	Requests(ctx context.Context, f Filter) ([]Request, error)
	// CountRequests counts those that the filter names, at most up to its Limit.
	CountRequests(ctx context.Context, f Filter) (int, error)
	// Messages returns what was said in the requests, oldest first.
	Messages(ctx context.Context, requests []string) ([]Message, error)
	// Message returns one message, or a NotFound fault.
	Message(ctx context.Context, id string) (Message, error)
	// Sends returns the ledger of the requests' replies, oldest first.
	Sends(ctx context.Context, requests []string) ([]Send, error)
	// SendOf returns one row of the ledger, or a NotFound fault.
	SendOf(ctx context.Context, id string) (Send, error)
	// Parties returns parties by their ids.
	Parties(ctx context.Context, ids []string) (map[string]Party, error)
	// Attachment returns a file with its body, or a NotFound fault.
	Attachment(ctx context.Context, id string) (File, error)
	// DraftOf returns what a person has begun to write; empty when nothing.
	DraftOf(ctx context.Context, request, person string) (Draft, error)
	// PresentIn returns who has the request before them since the given time.
	PresentIn(ctx context.Context, request string, since time.Time) ([]Presence, error)
	// Load returns for each person how many open requests they have, and when they last got one.
	Load(ctx context.Context, people []string) (map[string]Load, error)
	// JournalOf returns what happened to the subjects, oldest first, at most limit entries (the newest).
	JournalOf(ctx context.Context, subjects []journal.Subject, limit int) ([]journal.Entry, error)
}

// Load is how much a person has to do.
type Load struct {
	Open   int       // requests that are theirs and not closed
	LastAt time.Time // when one last became theirs
}

// Database is all that the wing keeps. store implements it.
type Database interface {
	Store
	Reading
	Register
	Finding
	Examples
	Shelf
}

// SendRef begins, in Arrival.Thread, the id of a send: the message answers a reply of ours.
const SendRef = "send:"

// Arrival is where a message belongs.
type Arrival struct {
	Channel string
	Ref     string   // the channel's id of this message; empty when the channel has none, and then nothing is recognised
	Thread  []string // the channel's ids of messages that it answers, the nearest last
	Number  int64    // a request's number that it names; believed only of a party that takes part in that request
	Request string   // the request that it is added to, by whoever may; empty otherwise
	From    Party    // without its ID
}

// Filter names requests. Empty parts do not narrow.
type Filter struct {
	States     []State
	WaitsFor   Wait
	Team       string
	Type       string
	Service    string
	Customer   string
	Assignee   string // a person, or "nobody"
	Asker      string // a party
	Follows    string // a person who asked or follows
	Of         string // duplicates of this request
	Problem    string // that hang on this request
	Incident   string
	Asleep     *bool     // out of sight at the time Now, or not
	Since      time.Time // received not before
	Until      time.Time // received before
	ClosedFrom time.Time // closed not before
	Number     int64
	Askers     []string // one of these parties or people; see From
	From       string   // who asked has these letters in the name, or an address that begins with them; of a domain, one there
	Has        Has
	Demands    []string // coded with one of these; see CodedNone
	Tag        string
	Overdue    bool        // not closed, and due before Now
	Merged     bool        // a duplicate of another one
	Where      []Condition // that must hold too
	Text       *Retrieval  // words that must be held too; only Any and Notes of it count
	Without    *Retrieval  // and words that must not
	Now        time.Time
	Seer       Seer
	Order      Order
	After      Place // goes on behind this one
	Limit      int   // at most this many; 50 when 0
}

// Condition holds of a request that one of the filters names, or, with Not, that none of them does.
type Condition struct {
	Not bool
	Any []Filter
}

// Has is something that a request may have.
type Has string

// What a request may have.
const (
	HasFile     Has = "attachment"
	HasReply    Has = "answer"
	HasNote     Has = "note"
	HasRun      Has = "run"
	HasIncident Has = "incident"
	HasDemand   Has = "demand" // somebody said which
)

// CodedNone stands in Filter.Demands for requests of which somebody said that they are none of the demands.
const CodedNone = ""

// Order is how a list is sorted.
type Order string

// The orders. The empty one is ByNewest.
const (
	ByNewest Order = "newest" // the highest number first
	ByDue    Order = "due"    // what is due first; what has no promise comes last, the oldest first
)

// Place is where a list goes on: the last request that was shown.
type Place struct {
	DueAt  time.Time
	Number int64
}

// Seer is who looks at a list: what they may not know of is left out.
type Seer struct {
	All    bool
	Person string
	Teams  []string
	Shut   []string // types whose requests only their team and who follows may read
}

// seerOf is the actor as lists see them.
func seerOf(a people.Actor, book Directory) Seer {
	return Seer{All: a.Role == people.Admin || a.Kind == people.BySystem, Person: a.ID, Teams: a.Teams, Shut: book.ShutTypes()}
}

// Current is what a decision sees, under the request's lock.
type Current struct {
	Request Request // of a new one only ID and Number
	New     bool
	Party   Party              // who sent what arrived
	Said    string             // the request that what arrived belongs to, when Request is the one that it is a duplicate of
	With    map[string]Request // the other requests that were asked for
	To      []Recipient        // whom a reply goes to: the asker, and the askers of its duplicates
	Hanging []string           // requests that its solution answers, those not closed
	Now     time.Time
	NewID   func() string
}

// Recipient is a party that waits for our words, and the request that they asked with.
type Recipient struct {
	Request string
	Channel string // of that request
	Party   Party
}

// Change is what a decision leaves: the new state, what was said, and what follows from it. The store writes all of it in one transaction.
type Change struct {
	Request  Request
	Messages []Message
	Sends    []Send
	Got      string // the person who got it with this decision, for the round robin
	Step     *Step  // of a bulk edit
	Once     string // the change is written once for this key, and else nothing of it; always when empty
	journal.Consequences
}
