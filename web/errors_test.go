package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"frontline/fault"
	"frontline/people"
)

// failing returns a route whose handler fails with err.
func failing(pattern string, err error) Route {
	return Route{pattern, SignedIn, func(http.ResponseWriter, *http.Request, *visit) error { return err }}
}

func TestEachKindHasItsStatusAndScreen(t *testing.T) {
	cases := []struct {
		kind   fault.Kind
		status int
		title  string
	}{
		{fault.Invalid, 422, "That cannot be done as it was sent"},
		{fault.Forbidden, 403, "This is not open to you"},
		{fault.NotFound, 404, "There is nothing here"},
		{fault.Conflict, 409, "Somebody was faster"},
		{fault.TooLarge, 413, "That is too much at once"},
		{fault.TooMany, 429, "Too many attempts"},
		{fault.Unavailable, 503, "No answer right now"},
		{fault.Internal, 500, "That did not work"},
	}
	for _, c := range cases {
		d := newDesk(t)
		cause := errors.New("dial tcp 10.0.0.7: password hunter2")
		d.with(failing("GET /it", fault.Wrap(cause, c.kind, "The queue is gone. Look at the list again.")))
		got := d.to("/it", ask{as: people.Support}).is(c.status)
		got.has("main h1", c.title).has("main .soft", "The queue is gone. Look at the list again.").has(".rail", "Liis Tamm")
		if strings.Contains(got.body(), "hunter2") {
			t.Errorf("%s: the screen shows the private cause", c.kind)
		}
		ref := regexp.MustCompile(`[A-Z2-7]{6}`).FindString(textOf(got.all("main .mono")[0]))
		if log := d.log.String(); ref == "" || !strings.Contains(log, "ref="+ref) || !strings.Contains(log, "hunter2") {
			t.Errorf("%s: the log lacks the cause under reference %q:\n%s", c.kind, ref, log)
		}
	}
}

func TestErrorsWithoutAKindSayNothingPrivate(t *testing.T) {
	d := newDesk(t)
	d.with(failing("GET /it", errors.New("sql: no such column secret_thing")))
	got := d.to("/it", ask{as: people.Support}).is(http.StatusInternalServerError).has("main .soft", "Something broke on our side").
		has("main .button.first", "Try again")
	if strings.Contains(got.body(), "secret_thing") {
		t.Error("the screen shows the cause")
	}
}

func TestAPanicIsAnErrorOfItsScreen(t *testing.T) {
	d := newDesk(t)
	d.with(Route{"GET /it", SignedIn, func(http.ResponseWriter, *http.Request, *visit) error { panic("no such hand") }})
	d.to("/it", ask{as: people.Support}).is(http.StatusInternalServerError).has(".rail", "Liis Tamm").has("main h1", "That did not work")
	if log := d.log.String(); !strings.Contains(log, "no such hand") || !strings.Contains(log, "errors_test.go") {
		t.Errorf("the log lacks the panic or where it was:\n%s", log)
	}
}

func TestHalfAnAnswerIsCutOff(t *testing.T) {
	d := newDesk(t)
	d.with(Route{"GET /it", SignedIn, func(w http.ResponseWriter, _ *http.Request, _ *visit) error {
		_, _ = w.Write([]byte("half of"))
		return errors.New("the rest is lost")
	}})
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // it is this very value
			t.Errorf("panic is %v, want http.ErrAbortHandler", p)
		}
	}()
	d.to("/it", ask{as: people.Support})
}

func TestRetryAfter(t *testing.T) {
	d := newDesk(t)
	busy := fault.New(fault.Unavailable, "The database did not answer. Try again.")
	busy.After = 1500 * time.Millisecond
	d.with(failing("GET /it", busy), failing("POST /it", busy))
	got := d.to("/it?x=1", ask{as: people.Support}).is(http.StatusServiceUnavailable)
	if after := got.Header().Get("Retry-After"); after != "2" {
		t.Errorf("Retry-After is %q, want 2", after)
	}
	if again := got.attr("main .button.first", "href"); again != "/it?x=1" {
		t.Errorf("the first button leads to %q, want the same address", again)
	}
	d.to("/it", ask{as: people.Support, form: url.Values{}}).is(http.StatusServiceUnavailable).has("main .button.first", "Go home")
}

func TestASessionThatCannotBeReadIsNoSignIn(t *testing.T) {
	d := newDesk(t)
	d.signIn.err = fault.New(fault.Unavailable, "The database did not answer. Try again.")
	d.to("/me", ask{as: people.Lead}).is(http.StatusServiceUnavailable)
	d.to("/sign-in", ask{as: people.Lead}).is(http.StatusOK) // a public screen is shown all the same
}

// TestFormsKeepWhatWasTyped: GOV.UK's rules. A summary above, the same sentence at the field, everything typed still there, passwords
// never sent back.
func TestFormsKeepWhatWasTyped(t *testing.T) {
	d := newDesk(t)
	got := d.to("/setup/first", ask{form: url.Values{"name": {""}, "email": {"wanjiru@verity.example"}, "password": {"short one"}}}).
		is(http.StatusUnprocessableEntity)
	got.has(".summary h2", "2 things to mend").
		has(`.summary a[href="#f-name"]`, "Enter your name.").has("#f-name-wrong", "Enter your name.").
		has(`.summary a[href="#f-password"]`, "Use 12 characters or more.").has("#f-password-wrong", "Use 12 characters or more.").
		lacks("#f-email-wrong")
	if v := got.attr("#f-email", "value"); v != "wanjiru@verity.example" {
		t.Errorf("the e-mail typed is %q now", v)
	}
	if strings.Contains(got.body(), "short one") {
		t.Error("the password is sent back")
	}
	if about := got.attr("#f-name", "aria-describedby"); about != "f-name-hint f-name-wrong" {
		t.Errorf("the field is described by %q", about)
	}
	if invalid := got.attr("#f-password", "aria-invalid"); invalid != "true" {
		t.Errorf("aria-invalid is %q", invalid)
	}
}

func TestFieldKinds(t *testing.T) {
	d := newDesk(t)
	f := form{Fields: []field{
		{Name: "who", Label: "Who", Kind: "radio", Options: []option{{"inside", "Colleagues", ""}, {"public", "Customers", ""}}},
		{Name: "severity", Label: "Severity", Kind: "select", Options: []option{{"minor", "Minor", ""}, {"major", "Major", ""}}},
		{Name: "tell", Label: "Tell", Kind: "check"},
		{Name: "text", Label: "Text", Kind: "area"},
		{Name: "fixed", Label: "Fixed", Value: "as it is", Locked: true},
	}}.typed(url.Values{"who": {"public"}, "severity": {"major"}, "tell": {"on"}, "text": {"<b>so</b>"}, "fixed": {"changed"}})
	f, refused := f.refused(fault.Wrong("who", "Choose who reads it."))
	if !refused {
		t.Fatal("an Invalid fault is about the form")
	}
	d.with(Route{"GET /it", SignedIn, func(w http.ResponseWriter, r *http.Request, v *visit) error {
		return d.s.show(w, r, v, http.StatusOK, "password", passwordScreen{head: head{Title: "Fields"}, Form: f})
	}})
	got := d.to("/it", ask{as: people.Lead}).is(http.StatusOK)
	got.has(`fieldset[aria-describedby="f-who-wrong"] legend`, "Who").has("#f-who-wrong", "Choose who reads it.").
		has(`label:has(input[type=radio][value=public][checked])`, "Customers").
		has(`option[value=major][selected]`, "Major").
		has(`label:has(input[type=checkbox][checked])`, "Tell").
		has(`textarea[name=text]`, "<b>so</b>")
	if v := got.attr("#f-fixed", "value"); v != "as it is" {
		t.Errorf("the locked field is %q now", v)
	}
	if _, refused := f.refused(errors.New("a defect")); refused {
		t.Error("a defect is not about the form")
	}
}
