package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"frontline/app"
	"frontline/desk"
	"frontline/desk/trackertest"
	"frontline/e2e/neighbour"
	"frontline/e2e/played"
	"frontline/e2e/verity"
)

// workday is what the company has set up for a day at the desk.
const workday = `
chats:
  - {id: help, channel: C0HELP, title: "#help", take: [mention], team: support, answers: true}
trackers:
  - {id: pipeline, name: GitHub, kind: github, address: "ADDRESS", project: verity/decision-pipeline, token: "env:GITHUB_TOKEN", webhook: "env:GITHUB_HOOK", team: pipeline}
request_types:
  - {id: stuck, title: A session is stuck, team: support, service: decision-pipeline, actions: [sessions/reset], mail: [sessions@verity.example]}
actions:
  - id: sessions/reset
    title: Reset a stuck verification session
    purpose: The session hangs in review and its customer waits.
    team: support
    services: [decision-pipeline]
    risk: change
    kind: exec
    by_hand: 12m
    settings: {command: [/bin/echo, "The session is reset."]}
    inputs:
      - {name: session, label: Session, type: text, required: true}
`

// day is one day at the desk of the company, as the head of technical support sees it in her browser.
type day struct {
	*office
	b   *neighbour.Browser
	hub *played.GitHub
}

func openDay(t *testing.T) *day {
	t.Helper()
	w, hub := neighbour.Slack(t, members()...), played.OpenGitHub(t)
	d := verity.Open(t, verity.Options{Config: strings.ReplaceAll(workday, "ADDRESS", hub.Target().Address), Slack: app.SlackSettings{Slack: "env:SLACK_TOKEN", SlackSigning: "env:SLACK_SIGNING", SlackAPI: w.API},
		Getenv: map[string]string{"SLACK_TOKEN": neighbour.SlackToken, "SLACK_SIGNING": neighbour.SlackSigning, "GITHUB_TOKEN": "ghp_played", "GITHUB_HOOK": trackertest.Shared}})
	d.Wait(6*time.Hour + 24*time.Minute) // five past nine in Tallinn
	hub.SetNow(d.Clock.Now())
	return &day{office: &office{Desk: d, t: t, slack: w}, b: d.SignIn(neighbour.Chromium(t)), hub: hub}
}

// known writes an answer down that everybody may be offered.
func (d *day) known(question, answer string) {
	d.t.Helper()
	ctx, marika := d.t.Context(), verity.Marika()
	x, err := d.App.Desk().NewAnswer(ctx, marika, desk.AnswerDraft{Title: question, Body: answer, Audience: desk.ForEveryone})
	if err == nil {
		_, err = d.App.Desk().PublishAnswer(ctx, marika, x.Name(), x.Version)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.Settle()
}

// titled finds a request by its title.
func (d *day) titled(title string) desk.Request {
	d.t.Helper()
	for _, r := range d.requests() {
		if r.Title == title {
			return r
		}
	}
	d.t.Fatalf("no request is called %q: %+v", title, d.requests())
	return desk.Request{}
}

// replies answers the request that is open in the browser.
func (d *day) replies(words string) {
	d.t.Helper()
	d.b.Click("label:has(> input[name=kind][value=reply])")
	d.b.Fill("#write textarea[name=text]", words)
	d.b.Click("#write button.only-public")
	d.b.SeeText("Delivered")
}

// closes says what became of the request that is open in the browser, and what it was about.
func (d *day) closes(outcome desk.Outcome, demand string) {
	d.t.Helper()
	d.b.Click("details[data-key=c] > summary")
	d.b.Click(".deeds label:has(> input[name=demand][value='" + demand + "'])")
	d.b.Click("label:has(> input[name=size][value=s])")
	d.b.Click("button[name=outcome][value='" + string(outcome) + "']")
	d.b.SeeText("Reopen")
}

func (d *day) demand(title string) string {
	d.t.Helper()
	x, err := d.App.Desk().NewDemand(d.t.Context(), verity.Marika(), desk.DemandDraft{Title: title})
	if err != nil {
		d.t.Fatal(err)
	}
	return x.ID
}

// TestDay is one day: a question in Slack is answered by what is known, a mail by an action; a bug goes to the developers and comes back fixed; somebody
// is thanked; and the next morning's reports show all of it.
func TestDay(t *testing.T) {
	d := openDay(t)
	stuck, wrong := d.demand("Reset a stuck session"), d.demand("Decisions with the wrong country")
	d.known("Which passports have a chip?", "All that were issued since 2006 in the countries of the list in the portal.")

	// In Slack: what is known is offered, and that is all that is needed.
	d.writes("U0TONIS", "C0HELP", "1795511100.000100", "", "<@U0FRONTLINE> Which passports have a chip?")
	offer := d.sees("C0HELP", "All that were issued since 2006")
	d.presses("U0TONIS", offer, "This helped")
	if r := d.titled("Which passports have a chip?"); r.State != desk.Closed {
		t.Errorf("after the answer helped: %s", r.State)
	}

	// By mail: an action solves it, from the request.
	if err := post(t, d.Desk, "kaisa@nordpank.example", "sessions@verity.example", "From: Kaisa Org <kaisa@nordpank.example>", "To: sessions@verity.example", "Subject: Session 77 hangs",
		"Message-ID: <77@nordpank.example>", "Content-Type: text/plain; charset=utf-8", "", "Our customer waits since eight."); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	mail := d.titled("Session 77 hangs")
	d.b.Open(d.URL + "/requests/" + mail.Name())
	d.b.Click("form[action$='/accept'] button")
	d.b.SeeText("Take it")
	d.b.Click("section[aria-labelledby=fits] a")
	d.b.Fill("input[name='in.session']", "77")
	d.b.Click("main form .buttons .first")
	d.b.SeeText("Run it")
	d.b.Click("form[action$='/start'] button")
	d.b.SeeText("The session is reset.")
	d.b.Open(d.URL + "/requests/" + mail.Name())
	d.b.SeeText("Reset a stuck verification session")
	d.replies("We set the session back; they can go on.")
	d.WaitMail("kaisa@nordpank.example", "they can go on")
	d.closes(desk.ByAction, stuck)

	// What helped is thanked for, the action too.
	d.b.Click(".thanked a.button")
	d.b.Fill("main textarea[name=reason]", "One press, and nobody had to call a developer.")
	d.b.Click("main form .first")
	d.b.SeeText("T-1")
	d.b.Open(d.URL + "/thanks")
	d.b.SeeText("One press, and nobody had to call a developer.")

	d.escalates(wrong)

	// The next morning the reports have it.
	d.Wait(24 * time.Hour)
	d.b.Open(d.URL + "/insight")
	d.b.SeeText("Escalated are 33.3 %")
	d.b.Open(d.URL + "/insight/demand-hours")
	d.b.SeeText("Reset a stuck session")
	d.b.SeeText("Decisions with the wrong country")
	d.b.Open(d.URL + "/insight/developer-hours-saved")
	d.b.SeeText("3 requests")
}

// escalates takes a question to the developers, who mend what is wrong, and tells whoever asked that it is.
func (d *day) escalates(demand string) {
	d.t.Helper()
	d.writes("U0TONIS", "C0HELP", "1795518000.000100", "", "<@U0FRONTLINE> Lumo's decisions carry the wrong country")
	bug := d.titled("Lumo's decisions carry the wrong country")
	d.b.Open(d.URL + "/requests/" + bug.Name())
	d.b.Click("form[action$='/accept'] button")
	d.b.SeeText("Take it")
	d.b.Open(d.URL + "/requests/" + bug.Name() + "/escalate")
	d.b.Click("button[name=do][value=send]")
	d.b.SeeText("It is with developers")
	d.Settle()
	keys := d.hub.Issues()
	if len(keys) != 1 {
		d.t.Fatalf("the developers have the issues %v, want one", keys)
	}
	if title, text, _ := d.hub.Shown(keys[0]); !strings.Contains(title, "wrong country") || !strings.Contains(text, bug.Name()) {
		d.t.Errorf("the issue: %q %q", title, text)
	}
	d.Wait(3 * time.Hour)
	d.hub.SetNow(d.Clock.Now())
	d.hub.Says(keys[0], "rasmus-p", "The country came from the address, not from the passport.", false)
	d.hub.Settle(keys[0], desk.FixedBug, "5.3", true)
	d.trackerCalls(keys[0])
	d.b.Open(d.URL + "/requests/" + bug.Name())
	d.b.SeeText("The country came from the address, not from the passport.")
	d.b.Click("section[aria-labelledby=developers] a.plain")
	d.b.SeeText("Close the loop")
	d.b.Click("form[action$='/tell'] button.first")
	d.b.SeeText("What developers said")
	d.Settle()
	if told := d.sees("C0HELP", "5.3"); told.Thread != "1795518000.000100" {
		d.t.Errorf("it is told in %q, want in the thread", told.Thread)
	}
	d.b.Open(d.URL + "/requests/" + bug.Name()) // it is closed with that; what it was about is still asked
	d.b.Click("details[data-key=c] > summary")
	d.b.Click(".deeds label:has(> input[name=demand][value='" + demand + "'])")
	d.b.Click("form[action$='/code'] button.first")
	d.b.SeeText("counts for what you chose")
}

// trackerCalls is the tracker saying that something happened to an issue.
func (d *day) trackerCalls(key string) {
	d.t.Helper()
	header, body := d.hub.Call(key)
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.URL+"/in/tracker/pipeline", bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header = header
	if status, answer := d.sends(r); status != http.StatusAccepted {
		d.t.Fatalf("the tracker's call is answered %d %s", status, answer)
	}
	d.Settle()
}
