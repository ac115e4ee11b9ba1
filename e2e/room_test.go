package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

// TestIncidentScreens looks at incidents, the room, post-mortems and the status page with one that has just begun, with a long one that hurts
// forty customers, and when it is over.
func TestIncidentScreens(t *testing.T) {
	d := verity.Open(t, verity.Options{Real: true, Config: manyCustomers()})
	b := d.SignIn(neighbour.Chromium(t))
	d.Alert("firing", "DecisionQueueStuck")
	d.Liis.Expect("Decisions have stopped")
	p := poster{t, b, d.URL}
	p.post("/alerts/G-1/acknowledge", nil) // nobody else is paged, however long the looking takes
	p.post("/alerts/G-1/incident", nil)
	visitAll(t, d, b, "fresh", "/incidents/INC-1?write=public")

	p.aLongNight()
	visitAll(t, d, b, "long", "/incidents", "/incidents/INC-1", "/incidents/INC-1/timeline", "/incidents/INC-1/impact", "/incidents/INC-1/resolve")
	p.beforeItGoesOut()

	p.post("/incidents/INC-1/resolve", url.Values{"tell": {"yes"}, "confirmed": {"yes"}, "body": {"Every decision that waited has reached you. We will write here what we change."}})
	p.post("/incidents/INC-2/resolve", url.Values{"tell": {"no"}})
	b.Open(d.URL + "/incidents/INC-1")
	b.SeeText("Read the draft")
	p.post("/incidents/INC-1/follow-ups", url.Values{"body": {"Alarm when a message is redelivered more than five times"}, "owner": {"rasmus"}, "due": {"2036-12-04"}})
	p.post("/incidents/INC-1/follow-ups", url.Values{"body": {"Pin a document version per country without a deployment"}, "owner": {"tonis"}, "due": {"2026-01-04"}})
	visitAll(t, d, b, "over", "/incidents/INC-1", "/postmortems", "/incidents/INC-1/postmortem", "/incidents/INC-1/postmortem/edit", "/status")
	p.twoWriters()
}

func manyCustomers() string {
	var more strings.Builder
	more.WriteString("customers:\n")
	for i := range 40 {
		fmt.Fprintf(&more, "  - {id: more-%d, name: \"%s %s\", tier: %s, owner: %s, components: [decisions]}\n", i,
			[]string{"Baltic", "Tallship", "Cabo", "Savanna", "Harju", "Meridian", "Rift", "Lagoon"}[i%8], []string{"Rentals", "Games", "Pay", "Bank", "Lending"}[i%5],
			[]string{"platinum", "gold", "silver"}[i%3], []string{"marika", "liis"}[i%2])
	}
	return more.String()
}

// poster sends forms as the person who is signed in.
type poster struct {
	t   *testing.T
	b   *neighbour.Browser
	url string
}

func (p poster) post(path string, f url.Values) {
	p.t.Helper()
	p.b.Open(p.url + "/me") // a page of ours, from which a form may be sent
	p.behind(path, f)
}

// behind sends a form from the page that is open, without leaving it.
func (p poster) behind(path string, f url.Values) {
	p.t.Helper()
	send := fmt.Sprintf(`(() => { const x = new XMLHttpRequest(); x.open("POST", %q, false); x.setRequestHeader("Content-Type", "application/x-www-form-urlencoded"); x.send(%q); return x.status + " " + x.responseText })()`, path, f.Encode())
	got, err := chromedp.Run(p.b.Context, chromedp.Evaluate[string](send))
	if err != nil || !strings.HasPrefix(got, "200") {
		p.t.Fatalf("POST %s: %.600s %v", path, got, err)
	}
}

// aLongNight makes an incident of many updates, and a second incident beside it.
func (p poster) aLongNight() {
	p.t.Helper()
	p.post("/incidents/INC-1/join", url.Values{"person": {"rasmus"}, "part": {"fixer"}})
	p.post("/incidents/INC-1/join", url.Values{"person": {"karl"}, "part": {"writer"}})
	for i, says := range saidInside() {
		p.post("/incidents/INC-1/updates", url.Values{"audience": {"internal"}, "next": {"none"}, "body": {says}})
		if i%2 == 0 {
			x := saidPublicly()[i/2]
			p.post("/incidents/INC-1/publish", url.Values{"title": {"Decisions are delayed"}, "state": {x.state}, "next": {"30"}, "status-decisions": {x.status}, "body": {x.says}})
		}
	}
	p.post("/incidents/INC-1/notes", url.Values{"body": {"Kivi Credit has a launch at 09:00, call Marta Ilves first."}})
	for _, state := range []string{"identified", "fixing"} {
		p.post("/incidents/INC-1/state", url.Values{"state": {state}})
	}
	p.post("/incidents", url.Values{"title": {"Webhooks to Savanna Pay answer slowly"}, "severity": {"minor"}})
	p.post("/incidents/INC-2/severity", url.Values{"severity": {"major"}})
	p.post("/incidents/INC-2/promise", url.Values{"next": {"30"}})
}

func saidInside() []string {
	return []string{
		"One message makes the consumer fail again and again. 512 decisions wait behind it.",
		"The new glare model rejects the hologram on cards issued after June. Pinning Spain to 2026.11.20-2 is safe, no migration in between.\nRasmus looks whether the message can be taken out without losing it.",
		"Taking the message out is an action that exists. No developer has to be woken.", "Nordpank has asked twice. Marika answers them.",
		"The message is in quarantine. The consumer goes on.", "The queue is at 210 and falls.", "The queue is empty. We watch it for half an hour.", "Nothing new. The next look is at the full hour.",
	}
}

type publicly struct{ state, says, status string }

func saidPublicly() []publicly {
	return []publicly{
		{"investigating", "Since 02:41 EET decisions wait in a queue and reach you late. Nothing is lost. We are looking into it.", "major_outage"},
		{"identified", "We know why decisions are late and are mending it. Decisions that wait are delivered in the order in which they came.", "partial_outage"},
		{"identified", "Decisions are being delivered again. Those that waited longest come first.", "degraded_performance"},
		{"monitoring", "All decisions that waited have reached you. We are watching whether it stays so.", "operational"},
	}
}

// beforeItGoesOut goes the browser's own way to customers: choose them, write, look at what they will read, change it, look again. Then two people
// write at once.
func (p poster) beforeItGoesOut() {
	p.t.Helper()
	b := p.b
	b.Scheme("light")
	b.Desktop()
	b.Open(p.url + "/incidents/INC-1?write=public")
	b.Fill("#f-body", "Every decision reaches you within seconds again.")
	b.Click("button.first.only-public")
	b.SeeText("This is what customers will read")
	b.SeeText("Every decision reaches you within seconds again.")
	inspect(p.t, b, "confirm", "light", "desk")
	b.Click(`button[name="change"]`)
	b.See("#f-title")
	inspect(p.t, b, "changed", "light", "desk")
	b.Click("button.first.only-public")
	b.SeeText("This is what customers will read")
	b.Phone()
	b.Scheme("dark")
	inspect(p.t, b, "confirm", "dark", "phone")
	b.Desktop()
	b.Open(p.url + "/incidents/INC-1")
	b.Click(".deed summary")
	b.See(".sheetling")
	inspect(p.t, b, "deeds", "dark", "desk")
	p.somebodyWasFaster()
}

// somebodyWasFaster: the second of two internal updates that were begun at the same time is kept, and shown beside the first.
func (p poster) somebodyWasFaster() {
	p.t.Helper()
	b := p.b
	b.Scheme("light")
	b.Open(p.url + "/incidents/INC-1")
	b.Fill("#f-body", "Marika was slower by a minute.") // first: a live update would show her Karl's before she begins
	p.behind("/incidents/INC-1/updates", url.Values{"audience": {"internal"}, "next": {"none"}, "body": {"Karl was faster by a minute."}})
	b.Click("button.first.only-inside")
	b.See(".theirs")
	b.SeeText("Karl was faster by a minute.")
	if got := b.Value("#f-body"); got != "Marika was slower by a minute." {
		p.t.Errorf("the text that was not sent is %q now", got)
	}
	inspect(p.t, b, "faster", "light", "desk")
}

// twoWriters: whoever saves the post-mortem second sees both texts.
func (p poster) twoWriters() {
	p.t.Helper()
	b := p.b
	b.Scheme("light")
	b.Desktop()
	b.Open(p.url + "/incidents/INC-1/postmortem/edit")
	b.Fill("#f-text", "# The queue stood\n\nNobody noticed for four minutes.")
	p.behind("/incidents/INC-1/postmortem/edit", url.Values{"seen": {"1"}, "text": {"# Decisions stood for 40 minutes\n\nOne message made the consumer fail."}})
	b.Click("main button.first")
	b.SeeText("Theirs, version 2")
	inspect(p.t, b, "paper-both", "light", "desk")
	b.Click("main button.first")
	b.SeeText("Version 3 is saved.")
	b.Click(`form[action$="/publish"] button`)
	b.SeeText("Everybody in the company can read it.")
	inspect(p.t, b, "paper-published", "light", "desk")
}
