package store

import (
	"slices"
	"testing"
	"time"

	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

func TestConfirm(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		v.join("liis", good)
		s := v.in("liis.tamm@verity.example", good, office)
		asked := func() error {
			now, err := v.Session(ctx, s.Token)
			v.must(err)
			a := people.As(now.Person, "screen")
			a.ConfirmedAt = now.ConfirmedAt
			return people.Confirmed(a, v.clock.Now())
		}
		v.must(asked()) // who just signed in typed it
		v.clock.Move(people.ConfirmedFor)
		v.must(asked())
		v.clock.Move(time.Second)
		if err := asked(); !people.MustConfirm(err) {
			t.Fatalf("later: %v, want the password asked for", err)
		}
		_, err := v.Confirm(ctx, s.Token, wrong, office)
		v.wantField(err, people.ConfirmField)
		_, err = v.Confirm(ctx, s.Token, secret.Text{}, office)
		v.wantField(err, people.ConfirmField)
		if asked() == nil {
			t.Fatal("a wrong password confirmed")
		}
		c, err := v.Confirm(ctx, s.Token, good, office)
		v.must(err)
		if !c.ConfirmedAt.Equal(v.clock.Now()) || c.Person.ID != "liis" {
			t.Errorf("Confirm = %+v", c)
		}
		v.must(asked())
		verbs := v.verbs("liis")
		if got := verbs[len(verbs)-3:]; !slices.Equal(got, []string{"person.confirm_refused", "person.confirm_refused", "person.confirmed"}) {
			t.Errorf("journal ends with %v", got)
		}
		other := v.in("liis.tamm@verity.example", good, home)
		v.clock.Move(people.ConfirmedFor + time.Second)
		_, err = v.Confirm(ctx, other.Token, good, home)
		v.must(err)
		if asked() == nil {
			t.Error("one session's password confirmed another session")
		}
		v.must(v.SignOut(ctx, s.Token))
		_, err = v.Confirm(ctx, s.Token, good, office)
		v.want(err, fault.Unauthenticated)
	})
}

// TestConfirmingIsNoWayToGuess tries as often as signing in allows, then waits.
func TestConfirmingIsNoWayToGuess(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("liis", good)
		s := v.in("liis.tamm@verity.example", good, office)
		for range 5 {
			_, err := v.Confirm(t.Context(), s.Token, wrong, office)
			v.wantField(err, people.ConfirmField)
		}
		_, err := v.Confirm(t.Context(), s.Token, good, office)
		v.want(err, fault.TooMany)
		_, err = v.SignIn.SignIn(t.Context(), "liis.tamm@verity.example", good, office)
		v.want(err, fault.TooMany)
		v.clock.Move(5 * time.Second)
		_, err = v.Confirm(t.Context(), s.Token, good, office)
		v.must(err)
	})
}

// TestNoTokenConfirms: an API token of the same person never stands for their password.
func TestNoTokenConfirms(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("karl", good)
		_, value, err := v.MakeToken(t.Context(), v.actor("karl"), "laptop", time.Time{})
		v.must(err)
		a, err := v.ActorByToken(t.Context(), value)
		v.must(err)
		if a.Capped || !a.ConfirmedAt.IsZero() {
			t.Errorf("a token is %+v", a)
		}
		a.ConfirmedAt = v.clock.Now()
		v.want(people.Confirmed(a, v.clock.Now()), fault.Forbidden)
		_, err = v.Confirm(t.Context(), value, good, office)
		v.want(err, fault.Unauthenticated)
		_, value, err = v.MakeCappedToken(t.Context(), v.actor("karl"), "reader", people.Lead, time.Time{})
		v.must(err)
		if a, err = v.ActorByToken(t.Context(), value); err != nil || !a.Capped {
			t.Errorf("a capped token is %+v, %v", a, err)
		}
	})
}
