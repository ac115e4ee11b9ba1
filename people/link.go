package people

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/secret"
)

const (
	setUpLasts  = 24 * time.Hour
	inviteLasts = 3 * 24 * time.Hour
)

// SetUpNeeded says whether no administrator can sign in yet.
func (s *SignIn) SetUpNeeded(ctx context.Context) (bool, error) {
	book, err := s.book(ctx)
	if err != nil {
		return false, err
	}
	have, err := s.store.HavePassword(ctx)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(have, func(id string) bool {
		p, ok := book.Person(id)
		return ok && p.Role == Admin
	}), nil
}

// SetUpLink makes the token of the one-time link that makes the first administrator, for printing at start; false when it is not
// needed. It holds for a day, and a later one takes its place.
func (s *SignIn) SetUpLink(ctx context.Context) (secret.Text, bool, error) {
	needed, err := s.SetUpNeeded(ctx)
	if err != nil || !needed {
		return secret.Text{}, false, err
	}
	token := newToken()
	link := Link{Hash: secret.Hash(token.Reveal()), Purpose: ForSetUp, Until: s.clock.Now().Add(setUpLasts)}
	err = s.store.ChangeAccount(ctx, "", func(Account) (Change, error) {
		return Change{Link: &link, Deeds: []Deed{{By: System("start"), Verb: "person.setup_link_made"}}}, nil
	})
	return token, err == nil, err
}

// errNoSetUp is the answer to a set-up link that does not hold.
func errNoSetUp() error {
	return fault.New(fault.NotFound, "This set-up link is used up, replaced or over. Sign in if there is an administrator; otherwise restart the server, which prints a new one.")
}

func (l Link) holds(p Purpose, now time.Time) bool { return l.Purpose == p && now.Before(l.Until) }

// CheckSetUp returns NotFound unless the token is the one printed last and has not been used.
func (s *SignIn) CheckSetUp(ctx context.Context, token secret.Text) error {
	link, _, err := s.store.Link(ctx, secret.Hash(token.Reveal()))
	if err != nil {
		return err
	}
	if !link.holds(ForSetUp, s.clock.Now()) {
		return errNoSetUp()
	}
	needed, err := s.SetUpNeeded(ctx)
	if err == nil && !needed {
		err = errNoSetUp()
	}
	return err
}

// SetUp uses the token up, makes the first administrator and begins their session. When an administrator with this mail address is
// configured already, it sets their password. Invalid names the field "name", "email" or "password".
func (s *SignIn) SetUp(ctx context.Context, token secret.Text, name, email string, password secret.Text) (Session, error) {
	name, email = strings.TrimSpace(name), strings.TrimSpace(email)
	if err := s.CheckSetUp(ctx, token); err != nil {
		return Session{}, err
	}
	if err := checkAdmin(name, email, password); err != nil {
		return Session{}, err
	}
	book, err := s.book(ctx)
	if err != nil {
		return Session{}, err
	}
	person, known := book.PersonByEmail(email)
	if known && person.Role != Admin {
		return Session{}, fault.Wrong("email", "This address belongs to somebody who has the role %s. Take another address, or give them the role admin where they are configured.", person.Role)
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	if known {
		return s.setUp(ctx, token, person, false, hash)
	}
	return s.addAdmin(ctx, token, book, Person{Name: name, Email: email, Role: Admin}, hash)
}

func checkAdmin(name, email string, password secret.Text) error {
	var c define.Checks
	c.Name("name", name)
	c.Email("email", email)
	c.Fields = append(c.Fields, fault.FieldsOf(checkPassword("password", email, password))...)
	if len(c.Fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Say: c.Fields[0].Say, Fields: c.Fields}
}

// addAdmin gives the new person the first id that is free: "marika", "marika-2", …
func (s *SignIn) addAdmin(ctx context.Context, token secret.Text, book Directory, p Person, hash string) (Session, error) {
	word := wordOf(p.Email)
	for n := 1; ; n++ {
		p.ID = word
		if n > 1 {
			p.ID = fmt.Sprintf("%s-%d", word, n)
		}
		if _, taken := book.Person(p.ID); taken {
			continue
		}
		session, err := s.setUp(ctx, token, p, true, hash)
		if n < 100 && fault.Is(err, fault.Conflict) { // somebody retired has it
			continue
		}
		return session, err
	}
}

// wordOf is the id that a mail address suggests: "marika" for Marika.Oja@verity.example.
func wordOf(email string) string {
	word := strings.ToLower(email)
	end := strings.IndexFunc(word, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	if end <= 0 {
		return "admin"
	}
	return word[:min(end, 40)]
}

func (s *SignIn) setUp(ctx context.Context, token secret.Text, p Person, add bool, hash string) (Session, error) {
	session, kept := s.newSession(p, "")
	err := s.store.RedeemLink(ctx, secret.Hash(token.Reveal()), func(l Link, _ Account) (Change, error) {
		if !l.holds(ForSetUp, s.clock.Now()) {
			return Change{}, errNoSetUp()
		}
		by := As(p, "link")
		c := Change{Person: p.ID, Password: hash, Begin: &kept}
		if add {
			c.Add = &p
			c.Deeds = append(c.Deeds, Deed{By: by, Verb: "person.added", Person: p.ID, Facts: map[string]any{"role": string(p.Role)}})
		}
		c.Deeds = append(c.Deeds, Deed{By: by, Verb: "person.password_set", Person: p.ID}, Deed{By: by, Verb: "person.signed_in", Person: p.ID})
		return c, nil
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

// Invitation is a one-time link with which a person sets their password.
type Invitation struct {
	Token  secret.Text
	Person Person
	Until  time.Time
}

// Invite makes an invitation for a person who is configured: for their first password, or because they forgot it. It holds for
// three days, and takes the place of an earlier one. The password of now stays until the invitation is accepted.
func (s *SignIn) Invite(ctx context.Context, a Actor, person string) (Invitation, error) {
	if err := May(a, ManagePeople, Subject{Kind: "person", ID: person}); err != nil {
		return Invitation{}, err
	}
	book, err := s.book(ctx)
	if err != nil {
		return Invitation{}, err
	}
	p, ok := book.Person(person)
	if !ok {
		return Invitation{}, fault.New(fault.NotFound, "There is no person %q. Configure them first, then invite them.", person)
	}
	i := Invitation{Token: newToken(), Person: p, Until: s.clock.Now().Add(inviteLasts)}
	link := Link{Hash: secret.Hash(i.Token.Reveal()), Purpose: ForInvite, Person: p.ID, Until: i.Until}
	err = s.store.ChangeAccount(ctx, p.ID, func(Account) (Change, error) {
		return Change{Person: p.ID, Link: &link, Deeds: []Deed{{By: a, Verb: "person.invited", Person: p.ID}}}, nil
	})
	if err != nil {
		return Invitation{}, err
	}
	return i, nil
}

// errNoInvite is the answer to an invitation that does not hold.
func errNoInvite() error {
	return fault.New(fault.NotFound, "This invitation is used up, replaced or over. Sign in, or ask an admin for a new one.")
}

// CheckInvite returns whom the invitation is for; NotFound when it does not hold.
func (s *SignIn) CheckInvite(ctx context.Context, token secret.Text) (Person, error) {
	link, _, err := s.store.Link(ctx, secret.Hash(token.Reveal()))
	if err != nil {
		return Person{}, err
	}
	if !link.holds(ForInvite, s.clock.Now()) {
		return Person{}, errNoInvite()
	}
	book, err := s.book(ctx)
	if err != nil {
		return Person{}, err
	}
	p, ok := book.Person(link.Person)
	if !ok {
		return Person{}, errNoInvite()
	}
	return p, nil
}

// AcceptInvite uses the invitation up, sets the password, ends the person's sessions and begins a new one. Invalid names the field
// "password".
func (s *SignIn) AcceptInvite(ctx context.Context, token, password secret.Text) (Session, error) {
	p, err := s.CheckInvite(ctx, token)
	if err != nil {
		return Session{}, err
	}
	if err := checkPassword("password", p.Email, password); err != nil {
		return Session{}, err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	session, kept := s.newSession(p, "")
	err = s.store.RedeemLink(ctx, secret.Hash(token.Reveal()), func(l Link, a Account) (Change, error) {
		if !l.holds(ForInvite, s.clock.Now()) {
			return Change{}, errNoInvite()
		}
		by := As(p, "link")
		return Change{
			Person: p.ID, Password: hash, Begin: &kept, End: others(a.Sessions, ""), Settle: []string{keyOf("email", strings.ToLower(p.Email))},
			Deeds: []Deed{{By: by, Verb: "person.password_set", Person: p.ID}, {By: by, Verb: "person.signed_in", Person: p.ID}},
		}, nil
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}
