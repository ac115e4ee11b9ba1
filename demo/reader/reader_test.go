// Package reader follows docs/demo.md with a browser. It is a package of its own because its browser outlives each test, and demo's tests look
// that no process is left.
package reader

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/demo"
	"frontline/e2e/neighbour"
)

func TestMain(m *testing.M) {
	neighbour.Main(m)
}

// tonight is the incident that the reader opens: the company has had others before.
const tonight = "INC-3"

// terminal is what the demo wrote so far.
type terminal struct {
	mu      sync.Mutex
	b       bytes.Buffer
	written chan struct{}
}

func (w *terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.written <- struct{}{}:
	default:
	}
	return w.b.Write(p)
}

func (w *terminal) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// until waits until the demo says what is wanted, or ends.
func (w *terminal) until(t *testing.T, what string, ended chan error) string {
	t.Helper()
	late := time.After(2 * time.Minute)
	for !strings.Contains(w.String(), what) {
		select {
		case <-w.written:
		case err := <-ended:
			ended <- err // for whoever waits for the end
			t.Fatalf("the demo ended (%v) and never said %q:\n%s", err, what, w)
		case <-late:
			t.Fatalf("the demo never says %q:\n%s", what, w)
		}
	}
	return w.String()
}

// A reader follows the tour screen by screen.
func TestReaderFollowsTheTour(t *testing.T) {
	neighbour.Need(t)
	said := &terminal{written: make(chan struct{}, 1)}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- demo.Run(ctx, demo.Options{Out: said, Listen: "127.0.0.1:0", Company: "127.0.0.1:0", Queue: "files", Alertmanager: "played", Pace: demo.ScriptPace(), Brief: true})
	}()
	t.Cleanup(func() { // after the browsers' windows are closed, or the demo would wait for them
		end()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	r := newReader(t, said.until(t, "the decision queue stops", ended))

	r.meetsTheCompany()
	r.acknowledgesOnThePhone()
	r.opensTheIncident()
	r.tellsCustomers()
	r.takesTheMessageOut()
	r.resolves()
	r.sendsWanjiruToThePostmortem()

	for name, b := range map[string]*neighbour.Browser{"the reader": r.laptop, "the phone": r.phone, "a customer": r.customer} {
		for _, c := range b.Complaints() {
			t.Errorf("%s's browser says: %s", name, c)
		}
	}
}

// reader is whoever tries the demo: a laptop, the phone of the person on call, and what a customer sees.
type reader struct {
	laptop, phone, customer *neighbour.Browser
	frontline, company      string
	passwords               map[string]string
}

func newReader(t *testing.T, said string) *reader {
	t.Helper()
	r := &reader{laptop: neighbour.Chromium(t), phone: neighbour.Chromium(t), customer: neighbour.Chromium(t), passwords: map[string]string{}}
	r.phone.Phone()
	for _, m := range regexp.MustCompile(`(?m)^  (\w+)@verity\.example\s+(\S+)`).FindAllStringSubmatch(said, -1) {
		r.passwords[m[1]] = m[2]
	}
	for at, where := range map[string]*string{"Frontline": &r.frontline, "The company": &r.company} {
		m := regexp.MustCompile(`(?m)^  ` + at + ` +(http://\S+)`).FindStringSubmatch(said)
		if m == nil {
			t.Fatalf("it does not say where %s is:\n%s", at, said)
		}
		*where = m[1]
	}
	return r
}

func (r *reader) signIn(b *neighbour.Browser, who string) {
	b.Open(r.frontline + "/sign-in")
	b.Fill("input[name=email]", who+"@verity.example")
	b.Fill("input[name=password]", r.passwords[who])
	b.Click("main form button.first")
	b.SeeText("Am I on call?")
}

// meetsTheCompany looks around: the company has a past, so nothing is empty.
func (r *reader) meetsTheCompany() {
	r.signIn(r.laptop, "liis")
	r.laptop.SeeText("Show how long reading takes by country") // waits for Liis since the incident before
	for path, shows := range map[string]string{"/incidents": "Webhooks to Savanna Pay are late", "/postmortems": "Documents are read too slowly",
		"/incidents/INC-1/postmortem": "Spanish identity cards", "/actions": "Look at the decision queue", "/journal?verb=postmortem.": "published the post-mortem"} {
		r.laptop.Open(r.frontline + path)
		r.laptop.SeeText(shows)
	}
	r.customer.Open(r.frontline + "/status")
	r.customer.SeeText("Document checks are slow")
}

func (r *reader) acknowledgesOnThePhone() {
	r.phone.Open(r.company + "/phones")
	r.phone.Click(".phone:nth-of-type(2) .keys form button")
	r.phone.See(".phone:nth-of-type(2) .card.cleared")
}

func (r *reader) opensTheIncident() {
	r.laptop.Open(r.frontline + "/alerts")
	r.laptop.Click("main a[href^='/alerts/G-']")
	r.laptop.Click("form[action$='/incident'] button")
	r.laptop.SeeText(tonight + " is open.")
	r.laptop.SeeText("Arco Móvil")
	r.customer.Open(r.company + "/mails")
	r.customer.SeeText(tonight) // the stakeholders' mails
}

func (r *reader) tellsCustomers() {
	r.laptop.Click("a[href$='write=public#write']")
	r.laptop.Fill("#write input[name=title]", "Verification decisions are delayed") // only what goes to customers has one
	r.laptop.Fill("#write textarea", "Decisions wait in a queue. Nothing is lost.")
	r.laptop.Click("#write button.only-public")
	r.laptop.SeeText("This is what customers will read")
	r.laptop.Click("button[name=confirmed]")
	r.laptop.SeeText("Published: customers read update 1 of " + tonight + " now.")
	r.customer.Open(r.frontline + "/status")
	r.customer.Again(func(shown string) bool { return strings.Contains(shown, "Decisions wait in a queue.") })
}

func (r *reader) takesTheMessageOut() {
	r.laptop.Click("details.deed:has(a[href^='/actions/']) > summary")
	r.laptop.Click("details.deed a[href*='take-poisoned']")
	r.laptop.Click("main form.fields .buttons button.first")
	r.laptop.SeeText("looked only, changed nothing")
	r.laptop.Click("form[action$='/start'] button")
	r.laptop.SeeText("The worker goes on.")
	r.laptop.Open(r.frontline + "/incidents/" + tonight)
	r.laptop.SeeText("Take the poisoned message out succeeded")
}

func (r *reader) resolves() {
	r.laptop.Open(r.frontline + "/incidents/" + tonight + "/resolve")
	r.laptop.Fill("textarea[name=body]", "Decisions are made again.")
	r.laptop.Click("main form button.first")
	r.laptop.SeeText("This is what customers will read")
	r.laptop.Click("button[name=confirmed]")
	r.laptop.SeeText(tonight + " is resolved, and customers read so.")
}

// sendsWanjiruToThePostmortem: whoever was not there reads it.
func (r *reader) sendsWanjiruToThePostmortem() {
	r.laptop.Click("a.first[href$='/postmortem']")
	r.laptop.SeeText("This is a draft.")
	r.laptop.Click("form[action$='/postmortem/publish'] button")
	r.laptop.SeeText("Published")
	r.signIn(r.phone, "wanjiru")
	r.phone.Open(r.frontline + "/incidents/" + tonight + "/postmortem")
	r.phone.SeeText("Take the poisoned message out")
	r.customer.Open(r.company)
	r.customer.SeeText("Your night")
}
