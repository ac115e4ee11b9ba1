package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/clock"
	"frontline/config"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

func TestAPITokens(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		liis := v.actor("liis")
		made, value, err := v.MakeToken(ctx, liis, " laptop ", time.Time{})
		v.must(err)
		if made.Name != "laptop" || !strings.HasPrefix(value.Reveal(), made.Hint) || len(made.Hint) > 8 || len(value.Reveal()) < 40 {
			t.Fatalf("token %+v of %d letters", made, len(value.Reveal()))
		}
		a, err := v.ActorByToken(ctx, value)
		v.must(err)
		want := liis
		want.Via = "api"
		if diff := cmp.Diff(want, a); diff != "" {
			t.Fatalf("actor (-want +got):\n%s", diff)
		}
		v.clock.Move(time.Minute)
		until := v.clock.Now().Add(time.Hour)
		short, shortValue, err := v.MakeToken(ctx, liis, "pipeline", until)
		v.must(err)
		list, err := v.TokensOf(ctx, a)
		v.must(err)
		made.Used = start.Truncate(24 * time.Hour)
		if diff := cmp.Diff([]people.Token{short, made}, list); diff != "" {
			t.Fatalf("tokens (-want +got):\n%s", diff)
		}
		a, err = v.ActorByToken(ctx, shortValue)
		if v.must(err); !a.Until.Equal(until) {
			t.Errorf("the actor ends %v, want %v", a.Until, until)
		}
		v.clock.Move(time.Hour)
		_, err = v.ActorByToken(ctx, shortValue)
		v.want(err, fault.Unauthenticated)

		v.want(v.RevokeToken(ctx, v.actor("karl"), made.ID), fault.NotFound)
		v.must(v.RevokeToken(ctx, liis, made.ID))
		v.want(v.RevokeToken(ctx, liis, made.ID), fault.NotFound)
		_, err = v.ActorByToken(ctx, value)
		v.want(err, fault.Unauthenticated)
		if diff := cmp.Diff([]string{"token.made", "token.made", "token.revoked"}, v.verbs("liis")); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
	})
}

func TestATokenMayDoLessThanItsOwner(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		for _, c := range []struct {
			person     string
			most, want people.Role
		}{{"karl", people.Member, people.Member}, {"karl", "", people.Lead}, {"karl", people.Admin, people.Lead}, {"marika", people.Support, people.Support}} {
			made, value, err := v.MakeCappedToken(ctx, v.actor(c.person), "reader", c.most, time.Time{})
			v.must(err)
			a, err := v.ActorByToken(ctx, value)
			if v.must(err); a.Role != c.want || made.Role != c.most {
				t.Errorf("a token of %s, at most %q, may do as %s; want %s", c.person, c.most, a.Role, c.want)
			}
			_, _, err = v.MakeToken(ctx, a, "more", time.Time{})
			v.want(err, fault.Forbidden) // a stolen token makes no others
		}
		v.apply(strings.Replace(verity, "role: lead", "role: member", 1))
		_, full, err := v.MakeToken(ctx, v.actor("karl"), "after", time.Time{})
		v.must(err)
		if a, err := v.ActorByToken(ctx, full); err != nil || a.Role != people.Member {
			t.Errorf("after the role of its owner was lowered a token acts as %s (%v)", a.Role, err)
		}
	})
}

func TestWhatATokenMustBe(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx, liis := t.Context(), v.actor("liis")
		for field, try := range map[string]func() error{
			"name":  func() error { _, _, err := v.MakeToken(ctx, liis, "  ", time.Time{}); return err },
			"until": func() error { _, _, err := v.MakeToken(ctx, liis, "laptop", v.clock.Now()); return err },
			"role":  func() error { _, _, err := v.MakeCappedToken(ctx, liis, "laptop", "owner", time.Time{}); return err },
		} {
			v.wantField(try(), field)
		}
		for i := range 50 {
			_, _, err := v.MakeToken(ctx, liis, fmt.Sprintf("laptop %d", i), time.Time{})
			v.must(err)
		}
		_, _, err := v.MakeToken(ctx, liis, "one more", time.Time{})
		v.want(err, fault.Conflict)
		for _, a := range []people.Actor{people.Anonymous("screen"), {Kind: people.BySource, ID: "prod"}} {
			_, err := v.TokensOf(ctx, a)
			if err == nil || v.RevokeToken(ctx, a, "x") == nil {
				t.Errorf("%s may list or revoke tokens", a.Kind)
			}
		}
		for _, bad := range []string{"", "fl_", "fl_nonsense", "nonsense"} {
			_, err := v.ActorByToken(ctx, secret.New(bad))
			v.want(err, fault.Unauthenticated)
		}
	})
}

func TestTokensMadeSideBySideAreAllCounted(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		liis := v.actor("liis")
		more := func(int) error {
			_, _, err := v.MakeToken(t.Context(), liis, "laptop", time.Time{})
			return err
		}
		for range 45 {
			v.must(more(0))
		}
		if won := racing(t, 12, fault.Conflict, more); won != 5 {
			t.Errorf("beside 45 tokens %d more were made at once, want 5: a person has at most 50", won)
		}
	})
}

func TestUseOfATokenIsNotedOnceADay(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		_, value, err := v.MakeToken(ctx, v.actor("liis"), "laptop", time.Time{})
		v.must(err)
		use := func() {
			_, err := v.ActorByToken(ctx, value)
			v.must(err)
		}
		use()
		writes := v.db.feed.writes.Load()
		v.clock.Move(23 * time.Hour) // 23:41 of the same day
		use()
		if v.db.feed.writes.Load() != writes {
			t.Error("a second use on the same day wrote to the database")
		}
		v.clock.Move(time.Hour)
		use()
		kept, err := v.db.TokensOf(ctx, "liis")
		if v.must(err); !kept[0].Used.Equal(start.Truncate(24 * time.Hour).Add(24 * time.Hour)) {
			t.Errorf("used %v, want the next day", kept[0].Used)
		}
	})
}

func TestFirstStart(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		v, ctx := newFirm(t, db, c), t.Context()
		old, needed, err := v.SetUpLink(ctx)
		if v.must(err); !needed {
			t.Fatal("an empty database needs no set-up")
		}
		token, _, err := v.SetUpLink(ctx)
		v.must(err)
		v.want(v.CheckSetUp(ctx, old), fault.NotFound) // replaced
		v.must(v.CheckSetUp(ctx, token))

		_, err = v.SetUp(ctx, old, "Marika Oja", "marika.oja@verity.example", good)
		v.want(err, fault.NotFound)
		_, err = v.SetUp(ctx, token, " ", "marika.oja@verity.example", good)
		v.wantField(err, "name")
		_, err = v.SetUp(ctx, token, "Marika Oja", "marika.oja", good)
		v.wantField(err, "email")
		_, err = v.SetUp(ctx, token, "Marika Oja", "marika.oja@verity.example", secret.New("marika.oja@verity.example"))
		v.wantField(err, "password")
		_, err = v.SetUp(ctx, token, "", "", secret.Text{})
		if v.want(err, fault.Invalid); len(fault.FieldsOf(err)) != 3 {
			t.Errorf("an empty form names the fields %v, want all three", fault.FieldsOf(err))
		}

		s, err := v.SetUp(ctx, token, " Marika Oja ", "marika.oja@verity.example", good)
		v.must(err)
		want := people.Person{ID: "marika", Name: "Marika Oja", Email: "marika.oja@verity.example", Role: people.Admin}
		if diff := cmp.Diff(want, s.Person); diff != "" {
			t.Errorf("person (-want +got):\n%s", diff)
		}
		got, err := v.Session(ctx, s.Token)
		if v.must(err); !cmp.Equal(got.Person, want) {
			t.Errorf("the session is of %+v, want the person in the book", got.Person)
		}
		v.want(v.CheckSetUp(ctx, token), fault.NotFound)
		_, err = v.SetUp(ctx, token, "Karl Sepp", "karl.sepp@verity.example", good)
		v.want(err, fault.NotFound)
		if _, needed, err := v.SetUpLink(ctx); needed || err != nil {
			t.Errorf("set-up is needed (%v) though there is an administrator", err)
		}
		v.in("marika.oja@verity.example", good, office)
		if diff := cmp.Diff([]string{"person.added", "person.password_set", "person.signed_in", "person.signed_in"}, v.verbs("marika")); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
	})
}

func TestASetUpLinkEnds(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		v := newFirm(t, db, c)
		token, _, err := v.SetUpLink(t.Context())
		v.must(err)
		c.Move(24*time.Hour - time.Microsecond)
		v.must(v.CheckSetUp(t.Context(), token))
		c.Move(time.Microsecond)
		v.want(v.CheckSetUp(t.Context(), token), fault.NotFound)
		_, err = v.SetUp(t.Context(), token, "Marika Oja", "marika.oja@verity.example", good)
		v.want(err, fault.NotFound)
	})
}

func TestSetUpWithPeopleWhoAreConfigured(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		v.join("karl", good) // a lead with a password is no administrator
		token, needed, err := v.SetUpLink(ctx)
		if v.must(err); !needed {
			t.Fatal("no administrator can sign in, and set-up is not needed")
		}
		_, err = v.SetUp(ctx, token, "Karl Sepp", "karl.sepp@verity.example", other)
		v.wantField(err, "email") // would make an administrator of a lead
		s, err := v.SetUp(ctx, token, "Somebody", "Marika.Oja@verity.example", good)
		v.must(err)
		if s.Person.ID != "marika" || s.Person.Name != "Marika Oja" {
			t.Errorf("set-up made %+v, want the administrator who is configured", s.Person)
		}
	})
}

func TestSetUpFindsAFreeID(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		v := newFirm(t, db, c)
		v.apply("people:\n  - {id: marika, name: Marika Kask, email: kask@verity.example, role: member}\n  - {id: marika-2, name: Marika Tamm, email: mt@verity.example, role: member}\n")
		v.apply("people:\n  - {id: marika, name: Marika Kask, email: kask@verity.example, role: member}\n") // marika-2 is retired
		token, _, err := v.SetUpLink(t.Context())
		v.must(err)
		s, err := v.SetUp(t.Context(), token, "Marika Oja", "marika.oja@verity.example", good)
		if v.must(err); s.Person.ID != "marika-3" {
			t.Errorf("her id is %s, want one that nobody has or had", s.Person.ID)
		}
	})
}

// racing runs f n times at once and returns how many succeeded; the others must have failed with the kind.
func racing(t *testing.T, n int, kind fault.Kind, f func(i int) error) int {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !fault.Is(err, kind):
			t.Errorf("a loser got %v, want %s", err, kind)
		}
	}
	return won
}

func TestALinkWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		v, ctx := newFirm(t, db, c), t.Context()
		token, _, err := v.SetUpLink(ctx)
		v.must(err)
		won := racing(t, 4, fault.NotFound, func(i int) error {
			_, err := v.SetUp(ctx, token, "Marika Oja", fmt.Sprintf("marika%d@verity.example", i), good)
			return err
		})
		book, err := v.conf.Book(ctx)
		if v.must(err); won != 1 || len(book.People()) != 1 {
			t.Errorf("%d of 4 used the set-up link, and there are %d people; want one", won, len(book.People()))
		}
		v.apply(`people: [{id: liis, name: Liis Tamm, email: liis@verity.example, role: support}]`)
		i, err := v.Invite(ctx, people.System("test"), "liis")
		v.must(err)
		passwords := []secret.Text{good, other, secret.New("a third of four words"), secret.New("and a fourth of them")}
		var mu sync.Mutex
		var chosen secret.Text
		won = racing(t, len(passwords), fault.NotFound, func(n int) error {
			_, err := v.AcceptInvite(ctx, i.Token, passwords[n])
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				chosen = passwords[n]
			}
			return err
		})
		if won != 1 {
			t.Fatalf("%d of 4 accepted the invitation, want one", won)
		}
		v.in("liis@verity.example", chosen, office)
	})
}

func TestInvitations(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		for _, id := range []string{"liis", "karl"} {
			_, err := v.Invite(ctx, v.actor(id), "liis")
			v.want(err, fault.Forbidden)
		}
		_, err := v.Invite(ctx, v.actor("marika"), "nobody")
		v.want(err, fault.NotFound)
		before := v.join("liis", good)
		_, err = v.HavePassword(ctx, v.actor("karl"))
		v.want(err, fault.Forbidden)
		have, err := v.HavePassword(ctx, v.actor("marika"))
		if v.must(err); !have["liis"] || have["karl"] {
			t.Fatalf("have a password: %v", have)
		}
		first, err := v.Invite(ctx, v.actor("marika"), "liis")
		v.must(err)
		second, err := v.Invite(ctx, v.actor("marika"), "liis")
		v.must(err)
		_, err = v.CheckInvite(ctx, first.Token)
		v.want(err, fault.NotFound) // replaced
		p, err := v.CheckInvite(ctx, second.Token)
		if v.must(err); p.ID != "liis" {
			t.Fatalf("the invitation is for %s", p.ID)
		}
		v.ended("invited only", before, false)
		v.want(v.CheckSetUp(ctx, second.Token), fault.NotFound) // another purpose
		_, err = v.AcceptInvite(ctx, second.Token, secret.New("short"))
		v.wantField(err, "password")
		for range 5 {
			_, err := v.SignIn.SignIn(ctx, "liis.tamm@verity.example", wrong, "")
			v.want(err, fault.Unauthenticated)
		}
		after, err := v.AcceptInvite(ctx, second.Token, other)
		v.must(err)
		v.ended("begun before the new password", before, true)
		v.ended("begun with it", after, false)
		v.in("liis.tamm@verity.example", other, "") // what failed before is forgotten
		_, err = v.AcceptInvite(ctx, second.Token, good)
		v.want(err, fault.NotFound)

		third, err := v.Invite(ctx, v.actor("marika"), "karl")
		v.must(err)
		v.clock.Move(3 * 24 * time.Hour)
		_, err = v.AcceptInvite(ctx, third.Token, good)
		v.want(err, fault.NotFound)
	})
}

// TestNoSecretIsKept looks through every table for what must be in none.
func TestNoSecretIsKept(t *testing.T) {
	eachFirm(t, func(t *testing.T, v *firm) {
		ctx := t.Context()
		setUp, _, err := v.SetUpLink(ctx)
		v.must(err)
		s := v.join("liis", good)
		_, token, err := v.MakeToken(ctx, v.actor("liis"), "laptop", time.Time{})
		v.must(err)
		i, err := v.Invite(ctx, v.actor("marika"), "karl")
		v.must(err)
		_, err = v.SignIn.SignIn(ctx, "mistyped@verity.example", wrong, home)
		v.want(err, fault.Unauthenticated)
		key, err := v.db.Key(ctx, "links", master)
		v.must(err)
		never := []string{setUp.Reveal(), s.Token.Reveal(), token.Reveal(), i.Token.Reveal(), good.Reveal(), wrong.Reveal(), "mistyped", home, key.Reveal(), master.Reveal()}
		for _, table := range []string{"meta", "journal", "job", "definition", "password", "session", "token", "link", "tally"} {
			for _, text := range v.texts(table) {
				if slices.ContainsFunc(never, func(s string) bool { return strings.Contains(text, s) }) {
					t.Errorf("%s keeps a secret or what was typed: %s", table, text)
				}
			}
		}
		for _, text := range v.texts("journal") {
			if strings.Contains(text, "@") || strings.Contains(text, "Liis") || strings.Contains(text, "laptop") {
				t.Errorf("the journal keeps a name: %s", text)
			}
		}
	})
}

// texts returns the rows of a table, each as one text.
func (v *firm) texts(table string) []string {
	v.t.Helper()
	rs, err := v.db.read.QueryContext(v.t.Context(), `SELECT * FROM `+table)
	v.must(err)
	defer func() { _ = rs.Close() }()
	columns, err := rs.Columns()
	v.must(err)
	var out []string
	for rs.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		v.must(rs.Scan(cells...))
		var b strings.Builder
		for _, c := range cells {
			fmt.Fprintf(&b, "%s|", *c.(*any))
		}
		out = append(out, b.String())
	}
	v.must(rs.Err())
	if len(out) == 0 && table != "job" {
		v.t.Errorf("table %s is empty: nothing was proved", table)
	}
	return out
}

var _ people.Directory = (*config.Book)(nil)
