package people

import (
	"context"
	"time"

	"frontline/secret"
)

// Session is a person signed in with a browser. Its token is known only where it was made and in the browser's cookie; the
// database keeps its hash.
type Session struct {
	ID     string      // tells it from the person's other ones
	Token  secret.Text // set by the call that begins the session, empty afterwards
	Person Person      // as they are now
	From   string      // the network address it was begun from; may be empty
	Device string      // what it was begun with, in a few words such as "Firefox on Windows"; may be empty
	Made   time.Time
	Seen   time.Time // when it was last used, to the hour
	Until  time.Time // when it ends at the latest; sooner when it is not used for two weeks
	// ConfirmedAt is when the person last typed their password in it.
	ConfirmedAt time.Time
}

// Token is an API token as its owner sees it. Its value is shown once, when it is made.
type Token struct {
	ID    string
	Name  string    // what its owner called it: "laptop", "terraform"
	Hint  string    // the first characters of its value, to tell it from others
	Role  Role      // the most that it may do; empty: as much as its owner
	Made  time.Time // when it was made
	Used  time.Time // the day when it was last used; zero when never
	Until time.Time // when it ends; zero when it does not
}

// KeptSession is a session as the store keeps it.
type KeptSession struct {
	ID, Hash, Person, From, Device string
	Made, Seen, Until              time.Time
	ConfirmedAt                    time.Time
}

// KeptToken is a token as the store keeps it.
type KeptToken struct {
	Token
	Hash, Person string
}

// Purpose is what a one-time link is for.
type Purpose string

// The purposes.
const (
	ForSetUp  Purpose = "setup"  // makes the first administrator
	ForInvite Purpose = "invite" // sets a person's password
)

// Link is a one-time link as the store keeps it. A newer one of the same purpose and person takes its place.
type Link struct {
	Hash    string
	Purpose Purpose
	Person  string // empty for the set-up link
	Until   time.Time
}

// Account is all that the store keeps of how a person gets in.
type Account struct {
	Person   string
	Password string // hash in PHC string form; empty when there is none
	Sessions []KeptSession
	Tokens   []KeptToken
}

// Deed is one thing that happened to an account: it becomes an entry of the journal.
type Deed struct {
	By     Actor
	Verb   string // "person.signed_in", "token.made"
	Person string // whom it is about; empty when nobody knows
	Facts  map[string]any
}

// Change is what a decision about an account asks to be written, in one transaction. What is empty stays as it is.
type Change struct {
	Person   string       // whose account it is
	Add      *Person      // this person is new, and owned by the screens; Conflict when the id is taken
	Password string       // the new hash; invitations that are still open end with the old one
	Begin    *KeptSession // begins
	Confirm  *KeptSession // its ConfirmedAt is new
	End      []string     // ids of sessions that end
	Make     *KeptToken   // is made
	Revoke   string       // id of a token that ends
	Link     *Link        // is made
	Settle   []string     // keys whose tally is forgotten
	Forgive  []string     // keys whose tally loses one failure
	Deeds    []Deed
}

// Accounts is where passwords and the links that set them are kept.
type Accounts interface {
	// Password returns the hash of a person's password, "" when there is none.
	Password(ctx context.Context, person string) (string, error)
	// HavePassword returns the ids of everybody who has one.
	HavePassword(ctx context.Context) ([]string, error)
	// Link returns the one-time link of the hash; false when there is none.
	Link(ctx context.Context, hash string) (Link, bool, error)
	// ChangeAccount locks a person's account, lets decide look at it and writes what it returns. decide may run twice.
	ChangeAccount(ctx context.Context, person string, decide func(Account) (Change, error)) error
	// RedeemLink takes away the link of the hash and writes what decide makes of it and of the account of its person; the zero link
	// stands for none. With an error the link stays. Of two who redeem the same link one finds it.
	RedeemLink(ctx context.Context, hash string, decide func(Link, Account) (Change, error)) error
}

// Sessions is where sessions are looked up.
type Sessions interface {
	Session(ctx context.Context, hash string) (KeptSession, bool, error)
	SessionsOf(ctx context.Context, person string) ([]KeptSession, error)
	// SeeSession notes that the session was used at the time, unless that was noted after since already.
	SeeSession(ctx context.Context, id string, at, since time.Time) error
	// NameSession notes what the session was begun with.
	NameSession(ctx context.Context, id, device string) error
}

// Tokens is where API tokens are looked up.
type Tokens interface {
	Token(ctx context.Context, hash string) (KeptToken, bool, error)
	TokensOf(ctx context.Context, person string) ([]KeptToken, error)
	// UseToken notes the day when the token was used, unless it is noted already.
	UseToken(ctx context.Context, id string, day time.Time) error
}

// Tallies is where failed attempts to sign in are counted.
type Tallies interface {
	// ChangeTallies locks the tallies of the keys, lets decide see them in the order of the keys, and writes what it returns.
	// Tallies whose last failure is before the time are dropped. decide may run twice.
	ChangeTallies(ctx context.Context, keys []string, before time.Time, decide func([]Tally) ([]Tally, error)) error
}

// Store is all that signing in needs to have kept.
type Store interface {
	Accounts
	Sessions
	Tokens
	Tallies
}

// Directory tells who there is. It is what is configured at one moment; a person who is retired is not in it.
type Directory interface {
	Person(id string) (Person, bool)
	PersonByEmail(email string) (Person, bool) // whatever its letters' case
	People() []Person
}
