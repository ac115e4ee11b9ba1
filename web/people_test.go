package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// staff is the book of a company of two.
type staff struct{ Book }

func (staff) People() []people.Person {
	return []people.Person{
		{ID: "liis", Name: "Liis Tamm", Email: "liis@verity.example", Role: people.Support, Teams: []string{"support"}},
		{ID: "rasmus", Name: "Rasmus Põder", Email: "rasmus@verity.example", Role: people.Member},
	}
}

func (staff) Name(kind, id string) string {
	return map[string]string{"team support": "Technical support"}[kind+" "+id]
}

// fakeInvites knows one invitation, for Liis.
type fakeInvites struct {
	signIn   *fakeSignIn
	used     bool
	password string
}

func (f *fakeInvites) Invite(_ context.Context, a people.Actor, person string) (people.Invitation, error) {
	if person != "liis" {
		return people.Invitation{}, fault.New(fault.NotFound, "There is no person %q. Configure them first, then invite them.", person)
	}
	return people.Invitation{Token: secret.New("inv-q7v3m9x2"), Person: staff{}.People()[0], Until: night.Add(72 * time.Hour)}, nil
}

func (f *fakeInvites) CheckInvite(_ context.Context, token secret.Text) (people.Person, error) {
	if f.used || !token.Equal("inv-q7v3m9x2") {
		return people.Person{}, fault.New(fault.NotFound, "This invitation is used up, replaced or over. Sign in, or ask an admin for a new one.")
	}
	return staff{}.People()[0], nil
}

func (f *fakeInvites) AcceptInvite(ctx context.Context, token, password secret.Text) (people.Session, error) {
	if _, err := f.CheckInvite(ctx, token); err != nil {
		return people.Session{}, err
	}
	if len(password.Reveal()) < people.PasswordMin {
		return people.Session{}, fault.Wrong("password", "A password has at least %d characters. Take four words in a row.", people.PasswordMin)
	}
	f.used, f.password = true, password.Reveal()
	s := f.signIn.sessions["support"]
	s.Token = secret.New("support")
	return s, nil
}

func inviting(t *testing.T) (*workplace, *fakeInvites) {
	f := &fakeInvites{}
	d := newDesk(t, func(deps *Deps) {
		deps.Invites = f
		deps.Book = func(context.Context) (Book, error) { return staff{}, nil }
	})
	f.signIn = d.signIn
	return d, f
}

func TestInvite(t *testing.T) {
	d, f := inviting(t)
	d.to("/me", ask{as: people.Lead}).is(http.StatusOK).lacks(`main a[href="/people"]`)
	d.to("/me", ask{as: people.Admin}).is(http.StatusOK).has(`main a[href="/people"]`, "People")
	d.to("/people", ask{as: people.Admin}).is(http.StatusOK).has("tbody tr:first-child th", "Liis Tamm").has("tbody tr:first-child", "Technical support").
		has("tbody tr:last-child", "none").lacks(".fresh-token")
	d.to("/people/marika/invite", ask{as: people.Admin, form: url.Values{}}).is(http.StatusNotFound).has("main .soft", "Configure them first")
	made := d.to("/people/liis/invite", ask{as: people.Admin, form: url.Values{}}).is(http.StatusOK).has(".fresh-token h2", "Send this link to Liis Tamm")
	link := made.attr(".fresh-token input", "value")
	if link != "https://ops.verity.example/invite/inv-q7v3m9x2" || made.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("link %q, headers %v", link, made.Header())
	}

	path := strings.TrimPrefix(link, "https://ops.verity.example")
	d.to("/invite/guess", ask{}).is(http.StatusNotFound)
	d.to(path, ask{}).is(http.StatusOK).has("main h1", "Welcome, Liis Tamm").lacks(".rail").has(`input[autocomplete=username][value="liis@verity.example"]`, "")
	d.to(path, ask{form: url.Values{"password": {"short"}}}).is(http.StatusUnprocessableEntity).has("#f-password-wrong", "at least 12 characters")
	got := d.to(path, ask{form: url.Values{"password": {goodPassword}}}).leadsTo("/")
	if c := got.cookieOf("__Host-frontline"); c.Value != "support" || f.password != goodPassword {
		t.Errorf("cookie %v, password %q", c, f.password)
	}
	d.to(path, ask{}).is(http.StatusNotFound)
	if strings.Contains(d.log.String(), "inv-q7v3m9x2") {
		t.Errorf("the log has the invitation's token:\n%s", d.log)
	}
}
