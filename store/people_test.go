package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/argon2"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

func TestSignInAndOut(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		v.join("liis", good)
		s := v.in(" liis.TAMM@verity.example ", good, office)
		if s.Person.ID != "liis" || s.Token.Empty() || !s.Until.Equal(v.clock.Now().Add(90*24*time.Hour)) {
			t.Fatalf("session %+v", s)
		}
		got, err := v.Session(ctx, s.Token)
		v.must(err)
		if s.Token = (secret.Text{}); !cmp.Equal(got, s, cmp.AllowUnexported(secret.Text{})) {
			t.Fatalf("Session differs from what began it:\n%s", cmp.Diff(s, got, cmp.AllowUnexported(secret.Text{})))
		}
		again := v.in("liis.tamm@verity.example", good, office)
		v.must(v.SignOut(ctx, again.Token))
		v.must(v.SignOut(ctx, again.Token))
		v.ended("signed out", again, true)
		want := []string{"person.invited", "person.password_set", "person.signed_in", "person.signed_in", "person.signed_in", "person.signed_out"}
		if diff := cmp.Diff(want, v.verbs("liis")); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
	})
}

func TestWrongPairsAreAllAnsweredAlike(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("liis", good)
		var said []string
		for _, email := range []string{"liis.tamm@verity.example", "karl.sepp@verity.example", "nobody@verity.example", ""} {
			s, err := v.SignIn.SignIn(t.Context(), email, wrong, home)
			v.want(err, fault.Unauthenticated)
			if s.Token != (secret.Text{}) || s.Person.ID != "" {
				t.Errorf("a refusal of %q hands out %+v", email, s)
			}
			said = append(said, err.Error())
		}
		if len(slices.Compact(said)) != 1 {
			t.Errorf("the answers differ: %q", said)
		}
		_, err := v.SignIn.SignIn(t.Context(), "karl.sepp@verity.example", secret.Text{}, home)
		v.want(err, fault.Unauthenticated)
		for person, why := range map[string]string{"liis": "wrong password", "karl": "no password yet", "": "unknown person"} {
			entries, err := v.db.JournalOf(t.Context(), []journal.Subject{journal.Of("person", person)}, 10)
			v.must(err)
			last := entries[len(entries)-1]
			if last.Verb != "person.sign_in_refused" || last.Facts["why"] != why || last.Actor.Kind != people.Nobody {
				t.Errorf("the journal of %q ends with %+v, want a refusal for %s", person, last, why)
			}
		}
	})
}

func TestGuessingIsSlowedDown(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("liis", good)
		for _, email := range []string{"liis.tamm@verity.example", "nobody@verity.example"} {
			for range 5 {
				_, err := v.SignIn.SignIn(t.Context(), email, wrong, "")
				v.want(err, fault.Unauthenticated)
			}
			var f *fault.Error
			_, err := v.SignIn.SignIn(t.Context(), strings.ToUpper(email), good, "")
			if v.want(err, fault.TooMany); !errors.As(err, &f) || f.After != 5*time.Second {
				t.Fatalf("the sixth attempt: %v after %v, want 5 s", err, f.After)
			}
			v.clock.Move(5 * time.Second)
			_, err = v.SignIn.SignIn(t.Context(), email, wrong, "")
			v.want(err, fault.Unauthenticated)
			v.clock.Move(9 * time.Second)
			_, err = v.SignIn.SignIn(t.Context(), email, good, "")
			v.want(err, fault.TooMany)
			v.clock.Move(time.Second)
		}
		v.in("liis.tamm@verity.example", good, "")
		for range 5 { // a success forgets what was before
			_, err := v.SignIn.SignIn(t.Context(), "liis.tamm@verity.example", wrong, "")
			v.want(err, fault.Unauthenticated)
		}
	})
}

func TestGuessesSideBySideAreAllCounted(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("liis", good)
		var wg sync.WaitGroup
		kinds := make(chan fault.Kind, 12)
		for i := range cap(kinds) {
			wg.Go(func() {
				_, err := v.SignIn.SignIn(t.Context(), "liis.tamm@verity.example", wrong, fmt.Sprintf("203.0.113.%d", i))
				kinds <- fault.KindOf(err)
			})
		}
		wg.Wait()
		close(kinds)
		count := map[fault.Kind]int{}
		for k := range kinds {
			count[k]++
		}
		if want := map[fault.Kind]int{fault.Unauthenticated: 5, fault.TooMany: 7}; !cmp.Equal(count, want) {
			t.Errorf("of 12 guesses at once %v, want %v", count, want)
		}
	})
}

func TestOneAddressCannotTryEverybody(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("karl", good)
		v.join("liis", good)
		v.in("karl.sepp@verity.example", good, office)
		for i := range 20 {
			_, err := v.SignIn.SignIn(t.Context(), fmt.Sprintf("person%d@verity.example", i), wrong, office)
			v.want(err, fault.Unauthenticated)
		}
		_, err := v.SignIn.SignIn(t.Context(), "liis.tamm@verity.example", good, office)
		v.want(err, fault.TooMany)
		v.in("liis.tamm@verity.example", good, home)
		v.in("karl.sepp@verity.example", good, office) // signed in there already: has a count of his own
	})
}

func TestAStrangerCannotLockOneOut(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("liis", good)
		v.in("liis.tamm@verity.example", good, office)
		for range 5 {
			_, err := v.SignIn.SignIn(t.Context(), "liis.tamm@verity.example", wrong, home)
			v.want(err, fault.Unauthenticated)
		}
		_, err := v.SignIn.SignIn(t.Context(), "liis.tamm@verity.example", good, home)
		v.want(err, fault.TooMany)
		v.in("liis.tamm@verity.example", good, office)
	})
}

func TestOldTalliesAreDropped(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		for i := range 3 {
			_, err := v.SignIn.SignIn(t.Context(), fmt.Sprintf("person%d@verity.example", i), wrong, home)
			v.want(err, fault.Unauthenticated)
		}
		v.clock.Move(25 * time.Hour)
		_, err := v.SignIn.SignIn(t.Context(), "nobody@verity.example", wrong, office)
		v.want(err, fault.Unauthenticated)
		n, _, err := row(t.Context(), v.db.read, value[int], `SELECT COUNT(*) FROM tally`)
		if v.must(err); n != 2 {
			t.Errorf("%d tallies are kept, want the two of the last attempt", n)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	const day = 24 * time.Hour
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("liis", good)
		idle, used := v.in("liis.tamm@verity.example", good, office), v.in("liis.tamm@verity.example", good, home)
		for range 6 { // 78 days
			v.clock.Move(13 * day)
			v.ended("used every 13 days", used, false)
		}
		v.ended("not used", idle, true)
		v.clock.Move(12*day - time.Microsecond)
		v.ended("a moment before 90 days", used, false)
		v.clock.Move(time.Microsecond)
		v.ended("after 90 days", used, true)

		idle = v.in("liis.tamm@verity.example", good, office)
		v.clock.Move(14*day - time.Microsecond)
		v.ended("not used for almost 14 days", idle, false)
		v.clock.Move(14 * day)
		v.ended("not used for 14 days", idle, true)
	})
}

func TestUseIsNotedOnceAnHour(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.join("liis", good)
		s := v.in("liis.tamm@verity.example", good, office)
		seen := func() time.Time {
			k, ok, err := v.db.Session(t.Context(), secret.Hash(s.Token.Reveal()))
			if v.must(err); !ok {
				t.Fatal("no session")
			}
			return k.Seen
		}
		v.clock.Move(time.Hour - time.Microsecond)
		writes := v.db.feed.writes.Load()
		v.ended("within the hour", s, false)
		if !seen().Equal(start) || v.db.feed.writes.Load() != writes {
			t.Error("a screen within the hour wrote to the database")
		}
		v.clock.Move(time.Microsecond)
		v.ended("after an hour", s, false)
		if !seen().Equal(start.Add(time.Hour)) {
			t.Errorf("seen %v, want after an hour", seen())
		}
	})
}

func TestOwnSessionsAreListedAndEnded(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		v.join("karl", good)
		first := v.join("liis", good)
		v.clock.Move(time.Minute)
		second := v.in("liis.tamm@verity.example", good, office)
		list, err := v.SessionsOf(ctx, v.actor("liis"))
		v.must(err)
		if len(list) != 2 || list[0].ID != second.ID || list[0].From != office || list[1].ID != first.ID || list[0].Token != (secret.Text{}) {
			t.Fatalf("sessions %+v", list)
		}
		v.must(v.NameDevice(ctx, second, "Firefox on Windows"))
		if list, err = v.SessionsOf(ctx, v.actor("liis")); err != nil || list[0].Device != "Firefox on Windows" || list[1].Device != "" {
			t.Errorf("the devices are %q and %q, %v", list[0].Device, list[1].Device, err)
		}
		v.want(v.EndSession(ctx, v.actor("karl"), first.ID), fault.NotFound)
		v.ended("ended by another person", first, false)
		v.must(v.EndSession(ctx, v.actor("liis"), first.ID))
		v.ended("ended", first, true)
		v.ended("the other one", second, false)
		v.want(v.EndSession(ctx, v.actor("liis"), first.ID), fault.NotFound)

		for range 20 {
			v.clock.Move(time.Minute)
			v.in("liis.tamm@verity.example", good, office)
		}
		v.ended("the least used of 21", second, true)
		if list, err = v.SessionsOf(ctx, v.actor("liis")); err != nil || len(list) != 20 {
			t.Fatalf("%d sessions (%v), want the 20 newest", len(list), err)
		}
	})
}

func TestARetiredPersonIsOut(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		s := v.join("karl", good)
		_, token, err := v.MakeToken(ctx, v.actor("karl"), "laptop", time.Time{})
		v.must(err)
		invitation, err := v.Invite(ctx, v.actor("marika"), "karl")
		v.must(err)
		var without []string
		for line := range strings.Lines(verity) {
			if !strings.Contains(line, "karl") {
				without = append(without, line)
			}
		}
		v.apply(strings.Join(without, ""))
		v.ended("retired", s, true)
		_, err = v.ActorByToken(ctx, token)
		v.want(err, fault.Unauthenticated)
		_, err = v.AcceptInvite(ctx, invitation.Token, good)
		v.want(err, fault.NotFound)
		_, err = v.SignIn.SignIn(ctx, "karl.sepp@verity.example", good, office)
		v.want(err, fault.Unauthenticated)

		v.apply(verity)
		v.ended("back again", s, true)
		_, err = v.CheckInvite(ctx, invitation.Token)
		v.want(err, fault.NotFound)
		v.in("karl.sepp@verity.example", good, office)
	})
}

func TestChangePassword(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		keep, elsewhere := v.join("liis", good), v.in("liis.tamm@verity.example", good, home)
		invitation, err := v.Invite(ctx, v.actor("marika"), "liis")
		v.must(err)
		v.wantField(v.ChangePassword(ctx, v.actor("liis"), wrong, other, keep.Token), "old")
		v.wantField(v.ChangePassword(ctx, v.actor("liis"), good, secret.New("short"), keep.Token), "password")
		v.wantField(v.ChangePassword(ctx, v.actor("liis"), good, secret.New("LIIS.tamm@verity.example"), keep.Token), "password")
		byToken := v.actor("liis")
		byToken.Via = "api"
		v.want(v.ChangePassword(ctx, byToken, good, other, secret.Text{}), fault.Forbidden)
		v.want(v.ChangePassword(ctx, people.Anonymous("screen"), good, other, secret.Text{}), fault.Unauthenticated)
		v.ended("nothing was changed yet", elsewhere, false)

		v.must(v.ChangePassword(ctx, v.actor("liis"), good, other, keep.Token))
		v.ended("the one kept", keep, false)
		v.ended("the other one", elsewhere, true)
		_, err = v.CheckInvite(ctx, invitation.Token)
		v.want(err, fault.NotFound)
		_, err = v.SignIn.SignIn(ctx, "liis.tamm@verity.example", good, office)
		v.want(err, fault.Unauthenticated)
		v.in("liis.tamm@verity.example", other, office)

		for range 5 {
			v.wantField(v.ChangePassword(ctx, v.actor("liis"), wrong, good, keep.Token), "old")
		}
		v.want(v.ChangePassword(ctx, v.actor("liis"), other, good, keep.Token), fault.TooMany)
	})
}

// meddled is a store in which something happens after a password was read and before the decision that depends on it.
type meddled struct {
	*DB
	after func()
}

func (m *meddled) Password(ctx context.Context, person string) (string, error) {
	h, err := m.DB.Password(ctx, person)
	m.after()
	return h, err
}

func TestAPasswordThatChangesWhileItIsCheckedIsWrong(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		v.join("liis", good)
		i, err := v.Invite(ctx, v.actor("marika"), "liis")
		v.must(err)
		late := &meddled{DB: v.db, after: func() {
			_, err := v.AcceptInvite(ctx, i.Token, other)
			v.must(err)
		}}
		_, err = v.service(late).SignIn(ctx, "liis.tamm@verity.example", good, office)
		v.want(err, fault.Unauthenticated)

		i, err = v.Invite(ctx, v.actor("marika"), "liis")
		v.must(err)
		late.after = func() {
			_, err := v.AcceptInvite(ctx, i.Token, good)
			v.must(err)
		}
		v.want(v.service(late).ChangePassword(ctx, v.actor("liis"), other, wrong, secret.Text{}), fault.Conflict)
		v.in("liis.tamm@verity.example", good, office)
	})
}

func TestWhatCouldNotBeCheckedIsNotCounted(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		v.must(v.db.ChangeAccount(t.Context(), "liis", func(people.Account) (people.Change, error) {
			return people.Change{Person: "liis", Password: "damaged"}, nil
		}))
		for range 30 {
			_, err := v.SignIn.SignIn(t.Context(), "liis.tamm@verity.example", good, office)
			v.want(err, fault.Internal)
		}
	})
}

func TestAChangeEndsOnlyItsOwnAccountsSessions(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		s := v.join("liis", good)
		_, _, err := v.MakeToken(t.Context(), v.actor("liis"), "laptop", time.Time{})
		v.must(err)
		tokens, err := v.db.TokensOf(t.Context(), "liis")
		v.must(err)
		v.must(v.db.ChangeAccount(t.Context(), "karl", func(people.Account) (people.Change, error) {
			return people.Change{Person: "karl", End: []string{s.ID}, Revoke: tokens[0].ID}, nil
		}))
		v.ended("another person's change", s, false)
		if tokens, err = v.db.TokensOf(t.Context(), "liis"); err != nil || len(tokens) != 1 {
			t.Errorf("another person's change left %d tokens (%v)", len(tokens), err)
		}
	})
}

// oldHash is a hash as an earlier version with a lower cost wrote it.
func oldHash(password secret.Text) string {
	salt := []byte("0123456789abcdef")
	b64 := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=64,t=1,p=1$" + b64(salt) + "$" + b64(argon2.IDKey([]byte(password.Reveal()), salt, 1, 64, 1, 32))
}

func TestAHashOfALowerCostIsMadeAnew(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		s := v.join("liis", good)
		v.must(v.db.ChangeAccount(ctx, "liis", func(people.Account) (people.Change, error) {
			return people.Change{Person: "liis", Password: oldHash(good)}, nil
		}))
		_, err := v.SignIn.SignIn(ctx, "liis.tamm@verity.example", wrong, office)
		v.want(err, fault.Unauthenticated)
		if h, err := v.db.Password(ctx, "liis"); err != nil || h != oldHash(good) {
			t.Fatalf("a wrong password changed the hash to %s (%v)", h, err)
		}
		v.in("liis.tamm@verity.example", good, office)
		h, err := v.db.Password(ctx, "liis")
		if v.must(err); !strings.HasPrefix(h, "$argon2id$v=19$m=256,t=1,p=1$") {
			t.Fatalf("the hash is %s still", h)
		}
		v.in("liis.tamm@verity.example", good, office)
		v.ended("a new hash is no new password", s, false)
	})
}
