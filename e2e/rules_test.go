package e2e

import (
	"net/url"
	"testing"

	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

// ruled looks at the queue when an alert begins and when an incident is declared.
const ruled = `rules:
  - id: pipeline/look-when-it-stops
    title: Look at the queue when decisions stop
    team: support
    on: [alert.opened]
    if: service == "decision-pipeline" && labels.queue == "decisions"
    run: queue/look
    with: {queue: "{labels.queue}"}
  - id: pipeline/look-for-an-incident
    title: Look at the queue for the incident's first update
    team: support
    on: [incident.opened]
    if: '"decision-pipeline" in services'
    run: queue/look
  - {id: pipeline/monthly, title: Look on the first of the month, team: pipeline, every: 720h, run: queue/look, off: true}
`

// TestRulesLookWhenItBegins lets a check run by itself when an alert begins and when an incident is declared, finds its result with both, and
// looks at what people are told about the rules: what each says and did, why, what it would have done, and that its owners' lead stops it.
func TestRulesLookWhenItBegins(t *testing.T) {
	d := verity.Open(t, verity.Options{Real: true, Config: ruled})
	b := d.SignIn(neighbour.Chromium(t))
	p := poster{t, b, d.URL}
	b.Open(d.URL + "/rules")
	b.SeeText("Look at the queue when decisions stop")
	b.See("td .state.calm") // the one that is off

	d.Alert("firing", "DecisionQueueStuck")
	b.Open(d.URL + "/alerts/G-1")
	b.SeeText("RUN-1")
	b.SeeText("512 decisions wait, the oldest since 02:37") // the run's, not the alert's
	p.post("/alerts/G-1/acknowledge", nil)
	p.post("/alerts/G-1/incident", nil)
	b.Open(d.URL + "/incidents/INC-1")
	b.SeeText("RUN-2 Look at the decision queue succeeded")

	b.Open(d.URL + "/rules/pipeline/look-when-it-stops?days=7")
	b.SeeText("RUN-1")
	b.SeeText("it would have acted once, of 1 that it looks at")
	b.SeeText("queue = decisions")
	visitAll(t, d, b, "ruled", "/rules", "/rules/pipeline/look-when-it-stops?days=7", "/rules/pipeline/look-for-an-incident")

	p.post("/rules/pipeline/look-when-it-stops", url.Values{"do": {"pause"}, "reason": {"The queue moves tonight, and looking says nothing"}})
	d.Alert("firing", "DecisionQueueStuckAgain")
	b.Open(d.URL + "/rules/pipeline/look-when-it-stops")
	b.SeeText("The queue moves tonight, and looking says nothing")
	visitAll(t, d, b, "paused", "/rules", "/rules/pipeline/look-when-it-stops")

	b.Open(d.URL + "/rules")
	b.Fill("textarea[name=text]", "rules:\n  - {id: draft, title: A draft, team: support, on: [alert.opened], if: 'severity == \"critical\"', run: queue/look}\n")
	p.behind("/rules/pipeline/look-when-it-stops", url.Values{"do": {"resume"}, "reason": {"The queue stands still again"}})
	b.SeeText("Something changed.") // what was written stays, and what says so does not stand in the way of the button
	b.Click("form[action='/rules/try'] button")
	b.SeeText("it would have acted 2 times, of 2 that it looks at")
	for _, v := range b.Axe() {
		t.Error("a rule that was tried:", v)
	}
	b.Fill("textarea[name=text]", "rules:\n  - {id: draft, title: A draft, team: nobody, on: [alert.opened], run: queue/none}\n")
	b.Click("form[action='/rules/try'] button")
	b.SeeText("There is no action \"queue/none\"")
}
