package store

import (
	"context"
	"strings"
	"testing"

	"frontline/clock"
	"frontline/config"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

const verity = `
people:
  - {id: marika, name: Marika Oja, email: marika.oja@verity.example, role: admin}
  - {id: liis, name: Liis Tamm, email: Liis.Tamm@verity.example, role: support}
  - {id: karl, name: Karl Sepp, email: karl.sepp@verity.example, role: lead}
`

const office, home = "192.0.2.10", "198.51.100.7"

var (
	good  = secret.New("four words in a row")
	other = secret.New("another four words here")
	wrong = secret.New("not the password at all")
)

// firm is a company that signs in.
type firm struct {
	*people.SignIn
	t     *testing.T
	db    *DB
	clock *clock.Moved
	conf  *config.Config
}

func newFirm(t *testing.T, db *DB, c *clock.Moved) *firm {
	conf := config.New(db, c, func(string) string { return "" }, config.Known{})
	db.OnDefinitions(conf.Stale)
	v := &firm{t: t, db: db, clock: c, conf: conf}
	v.SignIn = v.service(db)
	return v
}

// cheap is what hashing costs here, so that a hundred sign-ins take no minute.
var cheap = people.Cost{Memory: 256, Passes: 1, Lanes: 1}

// service lets people in from the store.
func (v *firm) service(s people.Store) *people.SignIn {
	return people.NewSignInAt(cheap, s, func(ctx context.Context) (people.Directory, error) { return v.conf.Book(ctx) }, v.clock)
}

// eachFirm runs a test in Verity on every database. Nobody has a password yet.
func eachFirm(t *testing.T, f func(t *testing.T, v *firm)) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		v := newFirm(t, db, c)
		v.apply(verity)
		f(t, v)
	})
}

func (v *firm) apply(yaml string) {
	v.t.Helper()
	_, err := v.conf.Apply(v.t.Context(), people.System("test"), config.Apply{Folder: "people", Files: []config.File{{Name: "people.yaml", Content: yaml}}})
	v.must(err)
}

func (v *firm) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// actor is the person on a screen.
func (v *firm) actor(id string) people.Actor {
	v.t.Helper()
	book, err := v.conf.Book(v.t.Context())
	v.must(err)
	p, ok := book.Person(id)
	if !ok {
		v.t.Fatalf("there is no %s", id)
	}
	return people.As(p, "screen")
}

// join gives the person the password by an invitation.
func (v *firm) join(id string, password secret.Text) people.Session {
	v.t.Helper()
	i, err := v.Invite(v.t.Context(), people.System("test"), id)
	v.must(err)
	s, err := v.AcceptInvite(v.t.Context(), i.Token, password)
	v.must(err)
	return s
}

func (v *firm) in(email string, password secret.Text, from string) people.Session {
	v.t.Helper()
	s, err := v.SignIn.SignIn(v.t.Context(), email, password, from)
	v.must(err)
	return s
}

// ended fails unless the session has ended.
func (v *firm) ended(what string, s people.Session, want bool) {
	v.t.Helper()
	_, err := v.Session(v.t.Context(), s.Token)
	if fault.Is(err, fault.Unauthenticated) != want || !want && err != nil {
		v.t.Fatalf("%s: Session = %v, want ended: %v", what, err, want)
	}
}

func (v *firm) verbs(subject string) []string {
	v.t.Helper()
	entries, err := v.db.JournalOf(v.t.Context(), []journal.Subject{journal.Of("person", subject)}, 100)
	v.must(err)
	var out []string
	for _, e := range entries {
		if e.Verb != "config.added" {
			out = append(out, e.Verb)
		}
	}
	return out
}

// want fails unless err is of the kind and its sentence ends as a sentence does.
func (v *firm) want(err error, kind fault.Kind) {
	v.t.Helper()
	if !fault.Is(err, kind) {
		v.t.Fatalf("got %v, want %s", err, kind)
	}
	if say := fault.Sentence(err); !strings.HasSuffix(say, ".") {
		v.t.Errorf("%q is no sentence", say)
	}
}

func (v *firm) wantField(err error, field string) {
	v.t.Helper()
	v.want(err, fault.Invalid)
	if f := fault.FieldsOf(err); len(f) != 1 || f[0].Name != field {
		v.t.Fatalf("fields %v, want %s", f, field)
	}
}
