package people

import (
	"context"
	"strings"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// SignIn lets people in: by password and session in a browser, by API token elsewhere, and by one-time link the first time.
// It is safe for use by several goroutines.
type SignIn struct {
	store     Store
	book      func(context.Context) (Directory, error)
	clock     clock.Clock
	passwords *passwords
}

// NewSignIn returns the service. book returns the people as they are configured now.
func NewSignIn(s Store, book func(context.Context) (Directory, error), c clock.Clock) *SignIn {
	return NewSignInAt(Today(), s, book, c)
}

// NewSignInAt is NewSignIn with another cost of hashing, for tests that sign in often.
func NewSignInAt(cost Cost, s Store, book func(context.Context) (Directory, error), c clock.Clock) *SignIn {
	return &SignIn{store: s, book: book, clock: c, passwords: newPasswords(c, cost)}
}

// errNoPair is the one answer to an unknown address, a person without a password and a wrong password.
func errNoPair() error {
	return fault.New(fault.Unauthenticated, "This e-mail and this password do not belong together. Try again, or ask an admin for a link to set a new password.")
}

// SignIn begins a session, with its token. from is the network address that asks. A wrong pair is Unauthenticated, with the same
// sentence and after the same work whether or not there is such a person; after several of them it is TooMany for a while.
func (s *SignIn) SignIn(ctx context.Context, email string, password secret.Text, from string) (Session, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	book, err := s.book(ctx)
	if err != nil {
		return Session{}, err
	}
	person, _ := book.PersonByEmail(email) // nobody's account is looked at as well: it takes the same time
	gates, err := s.gates(ctx, person.ID, email, from)
	if err != nil {
		return Session{}, err
	}
	c, err := s.check(ctx, person.ID, gates, password)
	if err != nil {
		return Session{}, err
	}
	if !c.ok {
		return Session{}, s.refuse(ctx, person.ID, c.stored != "")
	}
	fresh := ""
	if c.stale {
		if fresh, err = s.passwords.hash(ctx, password); err != nil {
			return Session{}, s.unmade(ctx, person.ID, gates, err)
		}
	}
	return s.enter(ctx, person, from, gates, c.stored, fresh)
}

// checked is what came of comparing a password.
type checked struct {
	stored    string // the hash it was compared with; empty when there is none
	ok, stale bool
}

// check passes the gates, which counts the attempt as a failure until something settles it, and compares the password with the
// person's.
func (s *SignIn) check(ctx context.Context, person string, gates []gate, password secret.Text) (c checked, err error) {
	if err := s.attempt(ctx, gates); err != nil {
		return c, err
	}
	if c.stored, err = s.store.Password(ctx, person); err == nil {
		c.ok, c.stale, err = s.passwords.match(ctx, c.stored, password)
	}
	if err != nil {
		return c, s.unmade(ctx, person, gates, err)
	}
	return c, nil
}

// gates returns the limits of an attempt of the person, who has the empty id when there is none.
func (s *SignIn) gates(ctx context.Context, person, email, from string) ([]gate, error) {
	sessions, err := s.store.SessionsOf(ctx, person)
	if err != nil {
		return nil, err
	}
	familiar := false
	for _, k := range sessions {
		familiar = familiar || from != "" && network(k.From) == network(from) && alive(k, s.clock.Now())
	}
	return gatesFor(email, from, familiar), nil
}

func (s *SignIn) attempt(ctx context.Context, gates []gate) error {
	now := s.clock.Now()
	return s.store.ChangeTallies(ctx, keys(gates), now.Add(-tallyKept), func(current []Tally) ([]Tally, error) {
		return pass(gates, current, now)
	})
}

func keys(gates []gate) []string {
	out := make([]string, len(gates))
	for i, g := range gates {
		out[i] = g.key
	}
	return out
}

// unmade takes back an attempt that could not be made, and returns why.
func (s *SignIn) unmade(ctx context.Context, person string, gates []gate, why error) error {
	err := s.store.ChangeAccount(context.WithoutCancel(ctx), person, func(Account) (Change, error) {
		return Change{Person: person, Forgive: keys(gates)}, nil
	})
	if err != nil {
		return err
	}
	return why
}

// refuse answers a wrong pair. The journal learns whose account was tried, never the address that was typed.
func (s *SignIn) refuse(ctx context.Context, person string, hasPassword bool) error {
	why := "wrong password"
	switch {
	case person == "":
		why = "unknown person"
	case !hasPassword:
		why = "no password yet"
	}
	err := s.store.ChangeAccount(ctx, person, func(Account) (Change, error) {
		return Change{Person: person, Deeds: []Deed{
			{By: Anonymous("screen"), Verb: "person.sign_in_refused", Person: person, Facts: map[string]any{"why": why}},
		}}, nil
	})
	if err != nil {
		return err
	}
	return errNoPair()
}

// enter begins the session of somebody whose password was right. If the password was changed while it was checked, it was wrong.
func (s *SignIn) enter(ctx context.Context, person Person, from string, gates []gate, stored, fresh string) (Session, error) {
	session, kept := s.newSession(person, from)
	err := s.store.ChangeAccount(ctx, person.ID, func(a Account) (Change, error) {
		if a.Password != stored {
			return Change{}, errNoPair()
		}
		return Change{
			Person: person.ID, Password: fresh, Begin: &kept, End: surplus(a.Sessions, s.clock.Now()),
			Settle: keys(gates)[:1], Forgive: keys(gates)[1:],
			Deeds: []Deed{{By: As(person, "screen"), Verb: "person.signed_in", Person: person.ID}},
		}, nil
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

// ChangePassword replaces the actor's password and ends their other sessions, all but the one of keep. Their API tokens stay: they
// list and revoke those one by one. Invalid names the field "old" or "password"; after several wrong ones it is TooMany.
func (s *SignIn) ChangePassword(ctx context.Context, a Actor, old, password, keep secret.Text) error {
	person, err := s.oneself(ctx, a)
	if err != nil {
		return err
	}
	if err := checkPassword("password", person.Email, password); err != nil {
		return err
	}
	gates := []gate{{key: keyOf("change", person.ID), free: freeByEmail}}
	c, err := s.check(ctx, person.ID, gates, old)
	if err != nil {
		return err
	}
	if !c.ok {
		return fault.Wrong("old", "This is not your password of now. Type the one you signed in with.")
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return s.unmade(ctx, person.ID, gates, err)
	}
	return s.store.ChangeAccount(ctx, person.ID, func(acc Account) (Change, error) {
		if acc.Password != c.stored {
			return Change{}, fault.New(fault.Conflict, "Your password was changed somewhere else at this moment. Sign in with the newer one.")
		}
		return Change{
			Person: person.ID, Password: hash, End: others(acc.Sessions, secret.Hash(keep.Reveal())), Settle: keys(gates),
			Deeds: []Deed{{By: a, Verb: "person.password_changed", Person: person.ID}},
		}, nil
	})
}

// oneself returns the person that the actor is, signed in on a screen. What a person does to their own account is not open to API
// tokens: a stolen one must not make itself at home.
func (s *SignIn) oneself(ctx context.Context, a Actor) (Person, error) {
	if err := May(a, OwnTokens, Subject{}); err != nil {
		return Person{}, err
	}
	if a.Kind != ByPerson || a.Via != "screen" {
		return Person{}, fault.New(fault.Forbidden, "This is done by a person on the screen, not with an API token. Sign in and do it there.")
	}
	book, err := s.book(ctx)
	if err != nil {
		return Person{}, err
	}
	p, ok := book.Person(a.ID)
	if !ok {
		return Person{}, errEnded()
	}
	return p, nil
}

const (
	sessionIdle  = 14 * 24 * time.Hour // ends after so long without use
	sessionMost  = 90 * 24 * time.Hour // and after so long in any case
	sessionTouch = time.Hour           // its use is noted at most this often: an idle screen writes nothing
	sessionCount = 20                  // of one person; the least used one ends
)

// newSession returns a session that begins now, as its person and as the store sees it.
func (s *SignIn) newSession(p Person, from string) (Session, KeptSession) {
	now, token := s.clock.Now(), newToken()
	kept := KeptSession{
		ID: secret.Random(16), Hash: secret.Hash(token.Reveal()), Person: p.ID, From: from, Made: now, Seen: now, Until: now.Add(sessionMost),
		ConfirmedAt: now,
	}
	session := shown(kept, p)
	session.Token = token
	return session, kept
}

func shown(k KeptSession, p Person) Session {
	return Session{ID: k.ID, Person: p, From: k.From, Device: k.Device, Made: k.Made, Seen: k.Seen, Until: k.Until, ConfirmedAt: k.ConfirmedAt}
}
