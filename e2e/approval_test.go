package e2e

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"frontline/e2e/verity"
)

// purge is a dangerous action that support may run when somebody else says yes.
const purge = `
people:
  - {id: wanjiru, name: Wanjiru Kamau, email: wanjiru@verity.example, role: lead, teams: [support]}
actions:
  - id: queue/purge
    title: Empty the decision queue
    team: support
    services: [decision-pipeline]
    risk: danger
    kind: exec
    allow: {run: ["role:support"]}
    settings:
      command: [/bin/echo, "512 decisions are gone"]
`

// screenOf is somebody's browser, without scripts.
type screenOf struct {
	t    *testing.T
	d    *verity.Desk
	http *http.Client
}

func browse(t *testing.T, d *verity.Desk) *screenOf {
	t.Helper()
	b := verity.Browser()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Jar = jar
	return &screenOf{t: t, d: d, http: b}
}

// see opens a screen and returns what it says.
func (s *screenOf) see(path string, says ...string) string {
	s.t.Helper()
	res, err := s.http.Get(s.d.URL + path)
	return s.read(res, err, http.StatusOK, says)
}

// post sends a form and fails unless it is answered as wanted; a redirect is followed by its place alone.
func (s *screenOf) post(path string, want int, form url.Values, says ...string) string {
	s.t.Helper()
	res, err := s.http.PostForm(s.d.URL+path, form)
	return s.read(res, err, want, says)
}

func (s *screenOf) read(res *http.Response, err error, want int, says []string) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	text := html.UnescapeString(string(raw))
	if _, main, ok := strings.Cut(text, "<main "); ok {
		text, _, _ = strings.Cut(main, "</main>")
	}
	if res.StatusCode != want {
		s.t.Fatalf("%s answers %s, want %d:\n%s", res.Request.URL.Path, res.Status, want, text)
	}
	for _, words := range says {
		if !strings.Contains(text, words) {
			s.t.Fatalf("%s does not say %q:\n%s", res.Request.URL.Path, words, text)
		}
	}
	if place := res.Header.Get("Location"); place != "" {
		return place
	}
	return text
}

func (s *screenOf) invite(person string) *screenOf {
	s.t.Helper()
	link := regexp.MustCompile(`/invite/[\w-]+`).FindString(s.post("/people/"+person+"/invite", http.StatusOK, nil))
	guest := browse(s.t, s.d)
	guest.post(link, http.StatusSeeOther, url.Values{"password": {pass}})
	return guest
}

const pass = "correct horse battery staple"

// click is the form of starting or answering a run, as its screen has it.
func (s *screenOf) click(run string, more url.Values) url.Values {
	s.t.Helper()
	text := s.see(run)
	form := url.Values{}
	for _, name := range []string{"plan", "key"} {
		if m := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(text); m != nil {
			form.Set(name, m[1])
		}
	}
	for k, v := range more {
		form[k] = v
	}
	return form
}

func (s *screenOf) plan(reason string) (run string) {
	s.t.Helper()
	return s.post("/actions/queue/purge", http.StatusSeeOther, url.Values{"reason": {reason}})
}

const asksPassword = "type your password once more"

// Given a dangerous action, when Liis wants to run it, she types her password once more and somebody else is asked; Wanjiru gets a mail, finds it on
// her home screen, reads the plan and says yes with her own password; it runs.
func TestDangerTakesTwo(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			d := verity.Open(t, verity.Options{Database: address(t), Config: purge})
			liis, wanjiru := crew(t, d)
			run := liis.plan("The queue is full of tests")
			liis.see(run, "Ask for approval", "It is dangerous", "Wanjiru Kamau")
			d.Wait(6 * time.Minute)
			form := liis.click(run, nil)
			liis.post(run+"/start", http.StatusUnprocessableEntity, form, asksPassword, `name="confirm"`, form.Get("key"))
			form.Set("confirm", "correct horse battery")
			liis.post(run+"/start", http.StatusUnprocessableEntity, form, "This is not your password")
			form.Set("confirm", pass)
			liis.post(run+"/start", http.StatusSeeOther, form)
			liis.post(run+"/start", http.StatusSeeOther, form) // pressed twice
			liis.see(run, "Waits for approval", "You asked for it")
			liis.post(run+"/approve", http.StatusForbidden, form)
			d.Settle()
			d.WaitMail("wanjiru@verity.example", "asks for your approval: Empty the decision queue")
			wanjiru.see("/", "Approve", "Empty the decision queue")
			yes := wanjiru.click(run, url.Values{"words": {"Nothing real is in it"}})
			wanjiru.post(run+"/approve", http.StatusUnprocessableEntity, yes, asksPassword, "Nothing real is in it")
			yes.Set("confirm", pass)
			wrong := url.Values{"plan": {"0000"}, "confirm": {pass}}
			wanjiru.post(run+"/approve", http.StatusConflict, wrong, "This is not the plan")
			wanjiru.post(run+"/approve", http.StatusSeeOther, yes)
			d.Settle()
			liis.see(run, "512 decisions are gone", "Wanjiru Kamau", "Nothing real is in it", "Done")

			run = liis.plan("Once more")
			liis.post(run+"/start", http.StatusSeeOther, liis.click(run, url.Values{"confirm": {pass}}))
			wanjiru.post(run+"/refuse", http.StatusUnprocessableEntity, wanjiru.click(run, nil), "Say in a few words why")
			wanjiru.post(run+"/refuse", http.StatusSeeOther, wanjiru.click(run, url.Values{"words": {"These are real"}}))
			liis.see(run, "Refused", "These are real")
		})
	}
}

// Given that nobody can be asked, when Liis breaks glass, it runs at once and the owners' phone rings; until Wanjiru has reviewed it she breaks none again.
func TestBreakGlassIsPagedAndReviewed(t *testing.T) {
	d := verity.Open(t, verity.Options{Config: purge})
	liis, wanjiru := crew(t, d)
	run := liis.plan("Every decision fails")
	why := url.Values{"glass": {"Wanjiru does not answer and every decision fails"}}
	liis.post(run+"/break-glass", http.StatusUnprocessableEntity, liis.click(run, nil), "why it cannot wait")
	liis.post(run+"/break-glass", http.StatusSeeOther, liis.click(run, why))
	d.Settle()
	page := d.Liis.Expect("Break-glass by Liis Tamm")
	liis.see(run, "512 decisions are gone", "Nobody has reviewed it yet")
	if a := page.Press("Acknowledge"); a.Status != http.StatusOK && a.Status != http.StatusNoContent {
		t.Fatalf("the button was answered with %d", a.Status)
	}
	d.Settle()
	d.Wait(2 * time.Minute)

	next := liis.plan("Again")
	liis.post(next+"/break-glass", http.StatusConflict, liis.click(next, why), "nobody has reviewed it", `href="`+run+`"`, why.Get("glass"))
	liis.post(run+"/review", http.StatusForbidden, url.Values{"words": {"All well"}}, "somebody else of the owning team")
	wanjiru.see("/", "Review", "started by break-glass")
	wanjiru.post(run+"/review", http.StatusSeeOther, url.Values{"words": {"It was right"}})
	liis.see(run, "Reviewed", "It was right")
	liis.post(next+"/break-glass", http.StatusSeeOther, liis.click(next, why))
	d.Settle()
	d.Liis.Expect("Break-glass by Liis Tamm")
	wanjiru.see("/journal?verb=run.", "broke glass", "reviewed")
}

// crew signs Liis and Wanjiru in.
func crew(t *testing.T, d *verity.Desk) (liis, wanjiru *screenOf) {
	t.Helper()
	link, needed, err := d.App.SetUpLink(context.Background())
	if err != nil || !needed {
		t.Fatalf("no set-up link: %v %v", needed, err)
	}
	marika := browse(t, d)
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	marika.post(u.Path, http.StatusSeeOther, url.Values{"name": {"Marika Oja"}, "email": {"marika@verity.example"}, "password": {pass}})
	return marika.invite("liis"), marika.invite("wanjiru")
}
