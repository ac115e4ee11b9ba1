package thanks

import (
	"context"
	"time"

	"frontline/action"
	"frontline/journal"
	"frontline/people"
)

// Directory is what is configured, as one moment saw it.
type Directory interface {
	Person(id string) (people.Person, bool)
	People() []people.Person
	Team(id string) (people.Team, bool)
	Teams() []people.Team
	Action(id string) (action.Definition, bool)
}

// Matters is where requests and incidents are looked up. app joins the wings that have them.
type Matters interface {
	// Find returns what the actor means by a name or an id ("R-1042", "INC-31"), or a NotFound fault when there is none that they may know of.
	Find(ctx context.Context, a people.Actor, ref string) (Matter, error)
	// Matter returns one by its subject, or a NotFound fault when the actor may not know of it.
	Matter(ctx context.Context, a people.Actor, s journal.Subject) (Matter, error)
	// Helpers returns who and what helped with it.
	Helpers(ctx context.Context, a people.Actor, s journal.Subject) (Helpers, error)
	// Demands returns the name ("D-12") and the title of each demand, by id.
	Demands(ctx context.Context, a people.Actor) (map[string]Demand, error)
}

// Demand is a demand in words.
type Demand struct{ Name, Title string }

// Mailer sends mails to colleagues.
type Mailer interface {
	// Mail hands one mail to the mail server. ref is the same for every try of the same mail. A fault of kind Unavailable or TooMany is worth
	// another try; any other is final.
	Mail(ctx context.Context, to, subject, text, ref string) (receipt string, err error)
}

// Database keeps thanks. store implements it.
type Database interface {
	Store
	Post
}

// Store keeps thanks. Every write runs the decision in one transaction under a lock; it may run twice.
type Store interface {
	// AddThanks keeps one. When the channel's own id of it is known already, that one is returned with false, and nothing is decided.
	AddThanks(ctx context.Context, in Arrival, decide func(Now) (Thanks, journal.Consequences, error)) (Thanks, bool, error)
	// ChangeThanks changes one, or returns a NotFound fault.
	ChangeThanks(ctx context.Context, id string, decide func(Thanks, time.Time) (Thanks, journal.Consequences, error)) (Thanks, error)
	// Thanks returns one by its id or its name ("T-12"), or a NotFound fault.
	Thanks(ctx context.Context, ref string) (Thanks, error)
	// ListThanks returns those that the filter names, the newest first.
	ListThanks(ctx context.Context, f Filter) ([]Thanks, error)
}

// Post is who gets which mail, and which digests were sent.
type Post interface {
	// Wishes returns what people said about their mails, by person; who said nothing is not in it.
	Wishes(ctx context.Context) (map[string]Wish, error)
	// SaveWish keeps what one person wants.
	SaveWish(ctx context.Context, person string, w Wish) error
	// DigestSent says whether the digest of a month was sent.
	DigestSent(ctx context.Context, m Month) (bool, error)
	// SendDigest notes that it is sent, with the jobs that send it; false when it was sent before, and then nothing is written.
	SendDigest(ctx context.Context, m Month, follows journal.Consequences) (bool, error)
}

// Wish is which mails a person wants.
type Wish struct {
	Told   bool // when somebody thanks them
	Digest bool // once a month, what people were thankful for
}

// Arrival is what is known of a thanks before it is decided about.
type Arrival struct {
	By    string
	Ref   string
	About journal.Subject
	Since time.Time // from when on the giver's thanks are looked at
}

// Now is what a decision about a new thanks sees, under the giver's lock.
type Now struct {
	Fresh  Thanks   // with ID and Number only
	Lately []Thanks // what the giver gave since Arrival.Since, and everything they gave about the same matter
	Now    time.Time
}

// Filter names thanks. Empty parts do not narrow.
type Filter struct {
	By     string // who gave them
	To     []To   // one of these is thanked
	About  journal.Subject
	From   time.Time
	Until  time.Time
	Before int64 // only with a smaller number
	Taken  bool  // those taken off the wall too
	Limit  int   // at most this many; 50 when 0
}
