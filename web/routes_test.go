package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"frontline/people"
)

// TestEveryRouteAgainstEveryRole asks the gate of each route as nobody and as each role. The handlers are replaced: whether they work
// is tested with their screens, whether they are reached is tested here.
func TestEveryRouteAgainstEveryRole(t *testing.T) {
	d := newDesk(t)
	reached := func(w http.ResponseWriter, _ *http.Request, _ *visit) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	var routes []Route
	for _, rt := range Routes() {
		rt.handle = reached
		routes = append(routes, rt)
	}
	d.with(routes...)
	for _, rt := range routes {
		for _, role := range append([]people.Role{""}, people.Roles()...) {
			a := ask{as: role, method: rt.method()}
			if rt.method() == http.MethodPost {
				a.form = url.Values{"some": {"thing"}}
			}
			got := d.to(examplePath(rt), a)
			if want := wantedOf(rt, role); got.Code != want {
				t.Errorf("%s as %q: %d, want %d", rt.Pattern, role, got.Code, want)
			}
			checkRefusal(t, rt, role, got)
		}
	}
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

func examplePath(rt Route) string {
	path := strings.ReplaceAll(rt.path(), "{$}", "")
	return placeholder.ReplaceAllString(path, "x")
}

// wantedOf is the status that the route owes the role.
func wantedOf(rt Route, role people.Role) int {
	verb, isVerb := rt.Access.verb()
	switch {
	case rt.Access == Public || rt.Access == ByLink:
		return http.StatusNoContent
	case role == "" && rt.method() == http.MethodGet:
		return http.StatusSeeOther
	case role == "":
		return http.StatusUnauthorized
	case !isVerb || people.May(people.Actor{Kind: people.ByPerson, Role: role}, verb, people.Subject{}) == nil:
		return http.StatusNoContent
	}
	return http.StatusForbidden
}

func checkRefusal(t *testing.T, rt Route, role people.Role, got reply) {
	t.Helper()
	switch got.Code {
	case http.StatusSeeOther:
		if want := "/sign-in?next=" + url.QueryEscape(examplePath(rt)); got.Header().Get("Location") != want {
			t.Errorf("%s as nobody leads to %q, want %q", rt.Pattern, got.Header().Get("Location"), want)
		}
	case http.StatusForbidden:
		verb, _ := rt.Access.verb()
		least, _ := people.LeastRole(verb)
		got.has("main h1", "This is not open to you").has("main .soft", "needs the role "+string(least)+"; you have "+string(role))
	}
}

func TestForbiddenNamesTheRoleThatCan(t *testing.T) {
	d := newDesk(t)
	d.with(Route{"GET /people", needs(people.ManagePeople), nil})
	d.to("/people", ask{as: people.Support}).is(http.StatusForbidden).
		has("main h1", "This is not open to you").
		has("main .soft", "This needs the role admin; you have support. Ask an admin.")
}

func TestUnknownAddressesGetAScreen(t *testing.T) {
	d := newDesk(t)
	d.to("/nowhere", ask{as: people.Member}).is(http.StatusNotFound).has("main h1", "There is nothing here").has(".rail", "Settings")
	d.to("/nowhere", ask{}).is(http.StatusNotFound).lacks(".rail")
	got := d.to("/me/tokens/x/revoke", ask{as: people.Member}).is(http.StatusMethodNotAllowed)
	if got.Header().Get("Allow") != "POST" {
		t.Errorf("Allow is %q, want POST", got.Header().Get("Allow"))
	}
}

func TestNavigationShowsOnlyWhatExistsAndIsOpen(t *testing.T) {
	d := newDesk(t)
	d.to("/me", ask{as: people.Member}).is(http.StatusOK).
		has(`.rail a[href="/me"][aria-current=page]`, "Settings").
		lacks(`.rail a[href="/journal"]`)
	here := func(w http.ResponseWriter, r *http.Request, v *visit) error {
		return d.s.show(w, r, v, http.StatusOK, "me", meScreen{head: head{Title: "Journal", Wing: "/journal"}})
	}
	d.with(Route{"GET /journal", needs(people.SeeJournal), here}, Route{"GET /me", SignedIn, here})
	d.to("/me", ask{as: people.Member}).is(http.StatusOK).lacks(`.rail a[href="/journal"]`)
	d.to("/me", ask{as: people.Support}).is(http.StatusOK).has(`.rail a[href="/journal"]`, "Journal").has(`.bar a[href="/journal"]`, "Journal")
}
