package e2e

import (
	"testing"

	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

// byHand is an action that says how long its work takes by hand.
const byHand = `actions:
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
      - {name: customer, label: Customer, type: customer, required: true}
`

// TestSavingsScreens runs an action that says what it saves, and looks at what people are told of it.
func TestSavingsScreens(t *testing.T) {
	d := verity.Open(t, verity.Options{Real: true, Config: byHand})
	b := d.SignIn(neighbour.Chromium(t))
	for _, customer := range []string{"nordpank", "lumo"} {
		b.Open(d.URL + "/actions/sessions/reset?in.customer=" + customer)
		b.Click("main form .first")
		b.SeeText("Run it")
		b.Click("form[action$='/start'] button")
		b.SeeText("Done")
	}
	b.Open(d.URL + "/actions/sessions/reset")
	b.SeeText("What it saved")
	b.SeeText("Customers")
	b.Open(d.URL + "/actions")
	b.SeeText("2 runs, 2")
	visitAll(t, d, b, "learn", "/actions", "/actions/sessions/reset", "/actions/queue/look", "/handover")
}
