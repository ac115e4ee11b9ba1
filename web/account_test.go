package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/people"
)

// cookieOf returns a cookie that the answer sets.
func (r reply) cookieOf(name string) *http.Cookie {
	r.t.Helper()
	for _, c := range r.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	r.t.Fatalf("no cookie %s is set", name)
	return nil
}

func (r reply) leadsTo(path string) reply {
	r.t.Helper()
	if got := r.is(http.StatusSeeOther).Header().Get("Location"); got != path {
		r.t.Errorf("leads to %q, want %q", got, path)
	}
	return r
}

func TestSignIn(t *testing.T) {
	d := newDesk(t)
	d.to("/sign-in?next=/me/tokens", ask{}).is(http.StatusOK).has("main h1", "Sign in").
		has(`form input[name=next][value="/me/tokens"]`, "").lacks(".rail").lacks(".summary")
	wrong := d.to("/sign-in", ask{form: url.Values{"email": {"liis@verity.example"}, "password": {"guess"}, "next": {"/me/tokens"}}}).
		is(http.StatusUnprocessableEntity).has(".summary li", "The e-mail or the password is not right.").has(`form input[name=next][value="/me/tokens"]`, "")
	if v := wrong.attr("#f-email", "value"); v != "liis@verity.example" {
		t.Errorf("the e-mail typed is %q now", v)
	}
	c := d.to("/sign-in", ask{form: url.Values{"email": {"liis@verity.example"}, "password": {goodPassword}, "next": {"/me/tokens"}}}).
		leadsTo("/me/tokens").cookieOf("__Host-frontline")
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 12*60*60 {
		t.Errorf("the session's cookie is %v", c)
	}
	d.to("/sign-in", ask{as: people.Support}).leadsTo("/")
	d.to("/sign-in", ask{form: url.Values{"email": {"liis@verity.example"}, "password": {goodPassword}, "next": {"//evil.example"}}}).leadsTo("/")
}

func TestCookiesWithoutTLS(t *testing.T) {
	d := newDesk(t, func(deps *Deps) { deps.Base = &url.URL{Scheme: "http", Host: "127.0.0.1:8080"} })
	got := d.to("/sign-in", ask{form: url.Values{"email": {"liis@verity.example"}, "password": {goodPassword}}}).leadsTo("/")
	if c := got.cookieOf("frontline"); c.Secure || !c.HttpOnly {
		t.Errorf("the session's cookie is %v", c)
	}
	if hsts := got.Header().Get("Strict-Transport-Security"); hsts != "" {
		t.Errorf("without TLS there is Strict-Transport-Security %q", hsts)
	}
}

func TestSignOut(t *testing.T) {
	d := newDesk(t)
	got := d.to("/sign-out", ask{as: people.Support, form: url.Values{}}).leadsTo("/sign-in")
	if c := got.cookieOf("__Host-frontline"); c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("the session's cookie is %v", c)
	}
	d.to("/me", ask{as: people.Support}).leadsTo("/sign-in?next=%2Fme")
}

func TestSetUp(t *testing.T) {
	d := newDesk(t)
	d.to("/sign-in", ask{}).is(http.StatusOK).lacks(".note")
	d.setUp.needed = true
	d.to("/sign-in", ask{}).is(http.StatusOK).has(".note", "It has no administrator yet").lacks("#f-email")
	d.to("/setup/guess", ask{}).is(http.StatusNotFound).has("main .soft", "has been used or was never given")
	d.to("/setup/first", ask{}).is(http.StatusOK).has("main h1", "Set up Frontline")
	form := url.Values{"name": {"Wanjiru Kamau"}, "email": {"wanjiru@verity.example"}, "password": {goodPassword}}
	d.to("/setup/guess", ask{form: form}).is(http.StatusNotFound)
	got := d.to("/setup/first", ask{form: form}).leadsTo("/")
	if c := got.cookieOf("__Host-frontline"); c.Value != "admin" || d.setUp.name != "Wanjiru Kamau" {
		t.Errorf("cookie %v, name %q", c, d.setUp.name)
	}
	if strings.Contains(d.log.String(), "first") {
		t.Errorf("the log has the link's token:\n%s", d.log)
	}
}

func TestSettings(t *testing.T) {
	d := newDesk(t)
	d.to("/me", ask{as: people.Support}).is(http.StatusOK).
		has(".facts", "Liis Tamm").has(".facts", "support: handles alerts").has(".facts", "Europe/Tallinn, now 03:24 EET").has(".facts", "Signed in until15:24").
		has(".rail .you", "Liis Tamm").has(".top time", "03:24 EET")
}

func TestPassword(t *testing.T) {
	d := newDesk(t)
	d.to("/me/password", ask{as: people.Lead}).is(http.StatusOK).has(`input[autocomplete=username][value="marika@verity.example"]`, "")
	d.to("/me/password", ask{as: people.Lead, form: url.Values{"old": {"no"}, "password": {"a new long password"}}}).
		is(http.StatusUnprocessableEntity).has("#f-old-wrong", "This is not your password.")
	got := d.to("/me/password", ask{as: people.Lead, form: url.Values{"old": {goodPassword}, "password": {"a new long password"}}}).leadsTo("/me")
	if len(d.signIn.changed) != 1 || d.signIn.changed[0] != "marika" {
		t.Errorf("changed: %v, want marika's alone", d.signIn.changed)
	}
	said := got.cookieOf("__Host-frontline_said")
	shown := d.to("/me", ask{as: people.Lead, header: map[string]string{"Cookie": "__Host-frontline=lead; " + said.Name + "=" + said.Value}}).
		has(".told", "Your password is changed")
	if c := shown.cookieOf(said.Name); c.MaxAge >= 0 {
		t.Error("what was said is not forgotten after it was shown")
	}
}

func TestTokens(t *testing.T) {
	d := newDesk(t)
	d.to("/me/tokens", ask{as: people.Member}).is(http.StatusOK).has(".blank", "You have no token").lacks("table")
	d.to("/me/tokens", ask{as: people.Member, form: url.Values{"name": {" "}, "ends": {"30"}}}).
		is(http.StatusUnprocessableEntity).has("#f-name-wrong", "Say what it is for.").has("option[selected]", "in 30 days")
	d.to("/me/tokens", ask{as: people.Member, form: url.Values{"name": {"laptop"}, "ends": {"soon"}}}).
		is(http.StatusUnprocessableEntity).has("#f-ends-wrong", "Choose one of the times")

	made := d.to("/me/tokens", ask{as: people.Member, form: url.Values{"name": {"laptop"}, "ends": {"90"}}}).is(http.StatusOK)
	if v := made.attr(".fresh-token input", "value"); v != "fl_9q2-the-whole-value" {
		t.Errorf("the value shown is %q", v)
	}
	made.has(".fresh-token pre", "Bearer fl_9q2-the-whole-value\" https://ops.verity.example/api/v1/me")
	if until := d.tokens.tokens[0].Until; !until.Equal(night.Add(90 * 24 * time.Hour)) {
		t.Errorf("the token ends at %v, want in 90 days", until)
	}
	listed := d.to("/me/tokens", ask{as: people.Member}).is(http.StatusOK).has("tbody th", "laptop").has(`tbody td[data-k="Last used"]`, "never").lacks(".fresh-token")
	if strings.Contains(listed.body(), "the-whole-value") {
		t.Error("the value is shown a second time")
	}
	d.to("/me/tokens/tlaptop/revoke", ask{as: people.Member, form: url.Values{}}).leadsTo("/me/tokens")
	d.to("/me/tokens/tlaptop/revoke", ask{as: people.Member, form: url.Values{}}).is(http.StatusNotFound)
	if strings.Contains(d.log.String(), "the-whole-value") {
		t.Error("the log has the value")
	}
}

func TestTheme(t *testing.T) {
	d := newDesk(t)
	if got := d.to("/sign-in", ask{}).attr("html", "data-theme"); got != "" {
		t.Errorf("data-theme is %q before a choice", got)
	}
	set := d.to("/theme", ask{form: url.Values{"theme": {"dark"}, "back": {"/me?x=1"}}}).leadsTo("/me?x=1").cookieOf("__Host-frontline_theme")
	got := d.to("/sign-in", ask{header: map[string]string{"Cookie": set.Name + "=" + set.Value}}).has("button[aria-pressed=true]", "Dark")
	if theme := got.attr("html", "data-theme"); theme != "dark" {
		t.Errorf("data-theme is %q, want dark", theme)
	}
	if c := d.to("/theme", ask{form: url.Values{"theme": {"system"}, "back": {"https://evil.example"}}}).leadsTo("/").cookieOf(set.Name); c.MaxAge >= 0 {
		t.Errorf("system leaves the cookie %v", c)
	}
	if got := d.to("/sign-in", ask{header: map[string]string{"Cookie": set.Name + "=\"><script>"}}).attr("html", "data-theme"); got != "" {
		t.Errorf("an invented theme is taken: %q", got)
	}
}

func TestSingleKeysCanBeTurnedOff(t *testing.T) {
	d := newDesk(t)
	c := d.to("/me/keys", ask{as: people.Member, form: url.Values{"keys": {"off"}}}).leadsTo("/me").cookieOf("__Host-frontline_keys")
	got := d.to("/me", ask{as: people.Member, header: map[string]string{"Cookie": "__Host-frontline=member; " + c.Name + "=" + c.Value}})
	if off := got.attr("html", "data-keys"); off != "off" {
		t.Errorf("data-keys is %q, want off", off)
	}
	got.has("button[name=keys]", "Turn single letters on")
}

func TestRedirectsStayInside(t *testing.T) {
	for target, want := range map[string]string{
		"/incidents/1?tab=2#x": "/incidents/1?tab=2#x",
		"":                     "/",
		"incidents":            "/",
		"//evil.example":       "/",
		"/\\evil.example":      "/",
		"https://evil.example": "/",
		"javascript:alert(1)":  "/",
		"/a\nSet-Cookie: x=y":  "/",
		"/\t/evil.example":     "/",
	} {
		if got := inside(target); got != want {
			t.Errorf("inside(%q) = %q, want %q", target, got, want)
		}
	}
}

// FuzzInside: wherever a redirect is told to lead, a browser stays with us.
func FuzzInside(f *testing.F) {
	for _, seed := range []string{"/incidents/1?tab=2#x", "//evil.example", "/\\evil.example", "/\t/evil.example", "https:evil", "/..//evil.example", "/%2F/evil"} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "ops.verity.example", Path: "/sign-in"}
	f.Fuzz(func(t *testing.T, target string) {
		got := inside(target)
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme {
			t.Errorf("inside(%q) = %q leads to %v, %v", target, got, u, err)
		}
		if strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t") {
			t.Errorf("inside(%q) = %q is read by browsers as another host", target, got)
		}
	})
}
