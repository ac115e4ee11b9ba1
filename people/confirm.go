package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/secret"
)

// ConfirmedFor is how long a password that was typed counts for what is dangerous.
const ConfirmedFor = 5 * time.Minute

// ConfirmField is the field that an Invalid fault names when the person has to type their password once more. Screens show it in place,
// with all else that was typed.
const ConfirmField = "confirm"

// Confirmed returns nil when the actor is a person who typed their password within ConfirmedFor. On a screen the fault is Invalid and names
// ConfirmField; anything that is no screen can never confirm and is Forbidden.
func Confirmed(a Actor, now time.Time) error {
	switch {
	case a.Kind != ByPerson || a.Via != "screen":
		return fault.New(fault.Forbidden, "This is dangerous and needs a person's password, which an API token cannot give. Open it on the screen and do it there.")
	case a.ConfirmedAt.IsZero() || now.Sub(a.ConfirmedAt) > ConfirmedFor:
		return fault.Wrong(ConfirmField, "This is dangerous: type your password once more, so that we know it is you.")
	}
	return nil
}

// MustConfirm says whether an error only asks for the person's password.
func MustConfirm(err error) bool {
	return slices.ContainsFunc(fault.FieldsOf(err), func(f fault.Field) bool { return f.Name == ConfirmField })
}

// Confirm checks the password of the person whose session it is once more, under the same limits as signing in, and returns the session with
// its new ConfirmedAt. from is the network address that asks. A wrong password is Invalid and names ConfirmField; after several of them it is
// TooMany for a while.
func (s *SignIn) Confirm(ctx context.Context, token, password secret.Text, from string) (Session, error) {
	session, err := s.Session(ctx, token)
	if err != nil {
		return Session{}, err
	}
	gates, err := s.gates(ctx, session.Person.ID, strings.ToLower(session.Person.Email), from)
	if err != nil {
		return Session{}, err
	}
	c, err := s.check(ctx, session.Person.ID, gates, password)
	if err != nil {
		return Session{}, err
	}
	by := As(session.Person, "screen")
	if !c.ok {
		return Session{}, s.unconfirmed(ctx, by)
	}
	session.ConfirmedAt = s.clock.Now()
	err = s.store.ChangeAccount(ctx, by.ID, func(a Account) (Change, error) {
		i := slices.IndexFunc(a.Sessions, func(k KeptSession) bool { return k.ID == session.ID })
		if a.Password != c.stored || i < 0 {
			return Change{}, errEnded()
		}
		kept := a.Sessions[i]
		kept.ConfirmedAt = session.ConfirmedAt
		return Change{Person: by.ID, Confirm: &kept, Settle: keys(gates)[:1], Forgive: keys(gates)[1:],
			Deeds: []Deed{{By: by, Verb: "person.confirmed", Person: by.ID}}}, nil
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

// unconfirmed answers a wrong password, and leaves a trace: somebody may be at another's screen.
func (s *SignIn) unconfirmed(ctx context.Context, by Actor) error {
	err := s.store.ChangeAccount(ctx, by.ID, func(Account) (Change, error) {
		return Change{Person: by.ID, Deeds: []Deed{{By: by, Verb: "person.confirm_refused", Person: by.ID}}}, nil
	})
	if err != nil {
		return err
	}
	return fault.Wrong(ConfirmField, "This is not your password. Type the one you signed in with.")
}
