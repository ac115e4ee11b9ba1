package people

import (
	"context"
	"strings"

	"frontline/fault"
	"frontline/secret"
)

// Vouch checks the password of the person who asks with an API token, under the same limits as signing in, and returns the actor as one who typed it just
// now. Errors: as of Confirm.
func (s *SignIn) Vouch(ctx context.Context, a Actor, password secret.Text) (Actor, error) {
	book, err := s.book(ctx)
	if err != nil {
		return a, err
	}
	p, ok := book.Person(a.ID)
	if a.Kind != ByPerson || !ok {
		return a, fault.New(fault.Forbidden, "Only a person has a password. Use the token of a person.")
	}
	if password.Empty() {
		return a, fault.Wrong(ConfirmField, "This cannot be taken back: give your password, so that we know it is you.")
	}
	gates, err := s.gates(ctx, p.ID, strings.ToLower(p.Email), "")
	if err != nil {
		return a, err
	}
	c, err := s.check(ctx, p.ID, gates, password)
	if err != nil {
		return a, err
	}
	if !c.ok {
		return a, s.unconfirmed(ctx, a)
	}
	err = s.store.ChangeAccount(ctx, p.ID, func(Account) (Change, error) {
		return Change{Person: p.ID, Settle: keys(gates)[:1], Forgive: keys(gates)[1:], Deeds: []Deed{{By: a, Verb: "person.confirmed", Person: p.ID}}}, nil
	})
	a.ConfirmedAt = s.clock.Now()
	return a, err
}
