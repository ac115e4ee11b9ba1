package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

// TestStory is the story that Frontline is built for, whole, with the genuine Alertmanager, a real RabbitMQ, and people who look at Chromium.
//
// The decision queue stops, because one message makes its worker fail. The first person on call sleeps on, the second acknowledges on her phone.
// She opens an incident, tells customers, takes the poisoned message out, and the worker goes on. The alert resolves, she ends the incident, and
// the post-mortem is there for everybody. No developer was woken.
func TestStory(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			n := aNight(t, address(t))
			n.everybodyHasAPassword()
			n.theQueueStops()
			link := n.theFirstSleepsOnAndTheSecondIsPaged()
			n.sheAcknowledgesOnHerPhone(link)
			n.sheOpensAnIncident()
			n.sheTellsCustomers()
			n.sheTakesThePoisonedMessageOut()
			n.theAlertResolves()
			n.sheEndsTheIncident()
			n.everybodyReadsThePostmortem()
			n.noDeveloperWasWoken()
			n.noBrowserComplained()
		})
	}
}

// night is one night of the company, with the people in it.
type night struct {
	*verity.Desk
	t       *testing.T
	queue   *decisions
	alerts  *neighbour.Alerts
	began   time.Time
	wanjiru *neighbour.Device // her phone

	laptop, phone, tonis, customer *neighbour.Browser
	windows                        []*neighbour.Browser
}

// sessions are what waits in the queue; the fifth cannot be decided.
var sessions = []string{"s-1", "s-2", "s-3", "s-4", poisoned, "s-6", "s-7", "s-8", "s-9"}

// later come while the run goes on.
var later = func() (ids []string) {
	for i := range 40 {
		ids = append(ids, fmt.Sprintf("s-%d", 10+i))
	}
	return ids
}()

const (
	poisoned = "s-5"
	stopped  = "Decisions have stopped: the queue grows and nothing is consumed"
	password = "correct horse battery staple"
)

// aNight opens the company on a database, with its queue and its Alertmanager.
func aNight(t *testing.T, database string) *night {
	n := &night{t: t, queue: openDecisions(t, poisoned), began: time.Now()}
	n.Desk = verity.Open(t, verity.Options{Database: database, Real: true, Hurry: true, Getenv: map[string]string{"VERITY_RABBITMQ": n.queue.Password},
		Config: n.queue.action() + tonight(n.began)})
	n.wanjiru = n.Push.Phone("verity-wanjiru")
	n.alerts = neighbour.Alertmanager(t, fmt.Sprintf(`
route: {receiver: frontline, group_by: [alertname], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: frontline
    webhook_configs: [{url: %q}]
`, n.URL+"/in/alertmanager/"+verity.Token))
	return n
}

// tonight is who stands in tonight: Wanjiru, for Karl.
func tonight(now time.Time) string {
	return fmt.Sprintf(`people:
  - id: wanjiru
    name: Wanjiru Kamau
    email: wanjiru@verity.example
    role: support
    teams: [support]
    zone: Africa/Nairobi
    contacts:
      - {channel: ntfy, address: PUSH/verity-wanjiru}
overrides:
  - {id: tonight, rotation: second-line, person: wanjiru, from: %s, to: %s}
status_pages:
  - {id: verity, name: Verity status, zone: Europe/Tallinn}
`, now.Add(-time.Hour).Format(time.RFC3339), now.Add(12*time.Hour).Format(time.RFC3339))
}

// everybodyHasAPassword lets Marika invite two people, who choose their passwords. Tõnis, who is no supporter, stays signed in.
func (n *night) everybodyHasAPassword() {
	marika := n.SignIn(n.window())
	n.laptop, n.tonis, n.customer = n.window(), n.window(), n.window()
	for person, b := range map[string]*neighbour.Browser{"wanjiru": n.laptop, "tonis": n.tonis} {
		marika.Open(n.URL + "/people")
		marika.Click("form[action='/people/" + person + "/invite'] button")
		b.Open(marika.Value(".fresh-token input"))
		b.Fill("input[name=password]", password)
		b.Click("main form button")
		b.SeeText("Your password is set")
	}
	n.laptop.Open(n.URL + "/me")
	n.laptop.Click("form[action='/sign-out'] button")
	n.laptop.SeeText("You are signed out.")
}

// theQueueStops fills the queue, and Prometheus tells Alertmanager when the worker stands.
func (n *night) theQueueStops() {
	n.queue.send(sessions...)
	n.queue.stands()
	n.alertmanagerHears(time.Time{})
}

// alertmanagerHears that the queue stands, or that it does not since a time.
func (n *night) alertmanagerHears(over time.Time) {
	n.alerts.Send(neighbour.Alert{Labels: map[string]string{"alertname": "DecisionQueueStuck", "service": "decision-pipeline", "severity": "critical", "queue": "decisions"},
		Annotations: map[string]string{"summary": stopped, "description": "Nothing was decided for five minutes."}, StartsAt: n.began, EndsAt: over})
}

// theFirstSleepsOnAndTheSecondIsPaged returns the link in the page on Wanjiru's phone. Karl, whose turn it would be, sleeps.
func (n *night) theFirstSleepsOnAndTheSecondIsPaged() string {
	n.Liis.Expect(stopped)
	n.WaitMail("liis@verity.example", stopped)
	page := n.wanjiru.Expect(stopped)
	if page.Priority < 4 {
		n.t.Errorf("the page has priority %d, which wakes nobody", page.Priority)
	}
	n.Karl.ExpectNothingMore()
	return page.Tap()
}

// sheAcknowledgesOnHerPhone in a window that has never been at Frontline.
func (n *night) sheAcknowledgesOnHerPhone(link string) {
	n.phone = n.window()
	n.phone.Phone()
	n.phone.Open(link)
	for _, text := range []string{stopped, "Decision pipeline", "Nobody has acknowledged", "Liis Tamm"} {
		n.phone.SeeText(text)
	}
	n.keep(n.phone, "1-page")
	n.phone.Click("button[value=acknowledge]")
	n.phone.SeeText("You have it")
	n.phone.SeeText("Escalate to the next person now")
	n.keep(n.phone, "2-acknowledged")
	for _, d := range []*neighbour.Device{n.Liis, n.Karl, n.Oja, n.wanjiru} {
		d.ExpectNothingMore()
	}
}

// sheOpensAnIncident from the alert with one press. It knows whose service it is and which customers are on it, and its stakeholders are told.
func (n *night) sheOpensAnIncident() {
	n.laptop.Open(n.URL + "/alerts/G-1")
	n.laptop.Fill("input[name=email]", "wanjiru@verity.example")
	n.laptop.Fill("input[name=password]", password)
	n.laptop.Click("main form button.first")
	n.laptop.SeeText("Open an incident")
	n.keep(n.laptop, "3-alert")
	n.laptop.Click("form[action$='/incident'] button")
	for _, text := range []string{"INC-1", stopped, "Owned by", "Decision pipeline", "Nordpank", "Lumo Exchange", "Arco Móvil", "Kivi Credit"} {
		n.laptop.SeeText(text)
	}
	n.keep(n.laptop, "4-incident")
	n.stakeholdersAreTold("opened: " + stopped)
}

// sheTellsCustomers after a look at what they will read. They read it without signing in; programs read it as well.
func (n *night) sheTellsCustomers() {
	if got := n.summary(); got != "none" {
		n.t.Errorf("customers read %q before anything was published", got)
	}
	n.laptop.Click("a[href$='write=public#write']")
	n.laptop.Fill("#write input[name=title]", "Verification decisions are delayed")
	n.laptop.Fill("#write textarea", "Decisions take longer than usual. We are looking into it.")
	n.laptop.Click("#write button.only-public")
	n.laptop.SeeText("This is what customers will read")
	n.keep(n.laptop, "5-preview")
	n.customer.Open(n.URL + "/status")
	if strings.Contains(n.customer.Text(), "delayed") {
		n.t.Error("customers read what was not published yet")
	}
	n.laptop.Click("button[name=confirmed]")
	n.laptop.SeeText("Published: customers read update 1 of INC-1 now.")
	n.customerReads("Verification decisions are delayed", "We are looking into it", "Decisions take longer than usual.")
	n.keep(n.customer, "6-customers")
	n.programsRead("Verification decisions are delayed: investigating")
}

// sheTakesThePoisonedMessageOut with the action of the service, from the room: first it shows what it would do. Meanwhile the service was given a second
// worker, which fails as well, and sessions keep coming. Exactly that message goes into quarantine, every other one is decided once, and the run says that
// it helped.
func (n *night) sheTakesThePoisonedMessageOut() {
	n.laptop.Click("details.deed:has(a[href^='/actions/']) > summary")
	n.laptop.Click("details.deed a[href*='park-message']")
	n.laptop.SeeText("What it needs to know")
	n.laptop.Click("main form.fields .buttons button.first")
	n.laptop.SeeText("looked only, changed nothing")
	n.laptop.SeeText("Run it")
	n.keep(n.laptop, "7-plan")
	n.queue.hire("second-worker")
	n.queue.stands()
	n.queue.send(later[:20]...)
	n.laptop.Click("form[action$='/start'] button")
	n.queue.send(later[20:]...)
	for _, text := range []string{"Took 1 message out of decisions into quarantine", "It helped", "Quarantine", poisoned, "for INC-1"} {
		n.laptop.SeeText(text)
	}
	n.keep(n.laptop, "8-run")
	n.queue.decidesEach(slices.Concat(sessions, later)...)
	n.queue.empty()
	n.laptop.Open(n.URL + "/incidents/INC-1")
	n.laptop.SeeText("Take the poisoned message out succeeded")
}

// theAlertResolves once the queue moves. Nobody is bothered with it.
func (n *night) theAlertResolves() {
	n.alertmanagerHears(time.Now())
	n.laptop.Open(n.URL + "/alerts/G-1")
	n.laptop.SeeText("Resolved")
}

// sheEndsTheIncident and tells customers with it.
func (n *night) sheEndsTheIncident() {
	n.laptop.Open(n.URL + "/incidents/INC-1/resolve")
	n.laptop.SeeText("Is it over?")
	n.laptop.Fill("textarea[name=body]", "Decisions are made at their usual pace again. We are sorry.")
	n.laptop.Click("main form button.first")
	n.laptop.SeeText("This is what customers will read")
	n.laptop.Click("button[name=confirmed]")
	n.laptop.SeeText("INC-1 is resolved, and customers read so.")
	n.keep(n.laptop, "9-resolved")
	n.customerReads("Everything works.", "Verification decisions are delayed", "it took")
	n.customer.Click("summary")
	n.customer.SeeText("Decisions are made at their usual pace again.")
	n.keep(n.customer, "10-customers")
	n.programsRead("none")
	n.stakeholdersAreTold("resolved: " + stopped)
}

// stakeholdersAreTold by mail.
func (n *night) stakeholdersAreTold(what string) {
	n.t.Helper()
	for _, person := range []string{"rasmus", "tonis"} {
		n.WaitMail(person+"@verity.example", what)
	}
}

// everybodyReadsThePostmortem: it is there already, with its timeline. Wanjiru publishes it as it is, and Tõnis finds it in his list.
func (n *night) everybodyReadsThePostmortem() {
	n.laptop.Click("a.first[href$='/postmortem']")
	n.laptop.SeeText("This is a draft.")
	n.keep(n.laptop, "11-draft")
	n.laptop.Click("form[action$='/postmortem/publish'] button")
	n.laptop.SeeText("Published")
	n.tonis.Open(n.URL + "/postmortems")
	n.tonis.Click("main table a[href*='INC-1']")
	for _, text := range told {
		n.tonis.SeeText(text)
	}
	n.keep(n.tonis, "12-postmortem")
}

// noDeveloperWasWoken: Rasmus has no phone that could ring, and his mails are a stakeholder's. A push to a phone that nobody expects fails the
// test by itself.
func (n *night) noDeveloperWasWoken() {
	pages := 0
	for _, m := range n.Mail.Mails() {
		switch {
		case slices.Contains(m.To, "liis@verity.example"):
			pages++
		case !strings.HasPrefix(m.Subject, "[INC-1 "):
			n.t.Errorf("%q was mailed to %v", m.Subject, m.To)
		}
	}
	if pages != 1 {
		n.t.Errorf("Liis was mailed %d times, want once", pages)
	}
}

// window opens a private window of somebody's browser. The machine may be busy.
func (n *night) window() *neighbour.Browser {
	b := neighbour.Chromium(n.t)
	b.Patience = 40 * time.Second
	n.windows = append(n.windows, b)
	return b
}

func (n *night) noBrowserComplained() {
	for _, b := range n.windows {
		for _, c := range b.Complaints() {
			n.t.Errorf("a browser says %s", c)
		}
	}
}

// keep keeps a picture of a screen to look at, with FRONTLINE_SHOTS=FOLDER.
func (n *night) keep(b *neighbour.Browser, name string) {
	if dir := os.Getenv("FRONTLINE_SHOTS"); dir != "" {
		b.Screenshot(filepath.Join(dir, "story-"+name+".png"))
	}
}

// customerReads presses reload until everything is there: the status page may be a second old.
func (n *night) customerReads(texts ...string) {
	n.t.Helper()
	n.customer.Open(n.URL + "/status")
	n.customer.Again(func(shown string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(shown, text) })
	})
}

// summary is what programs of customers read: "none", or the open incidents with their states.
func (n *night) summary() string {
	n.t.Helper()
	res, err := http.Get(n.URL + "/api/v2/summary.json")
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var s struct {
		Incidents []struct{ Name, Status string }
		Status    struct{ Indicator string }
	}
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		n.t.Fatal(err)
	}
	if len(s.Incidents) == 0 {
		return s.Status.Indicator
	}
	var said []string
	for _, i := range s.Incidents {
		said = append(said, i.Name+": "+i.Status)
	}
	return strings.Join(said, "; ")
}
