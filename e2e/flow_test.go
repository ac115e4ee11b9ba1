package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/e2e/verity"
)

// rescue is a night's fix of several actions, with a yes and a look between them.
const rescue = `
people:
  - {id: wanjiru, name: Wanjiru Kamau, email: wanjiru@verity.example, role: lead, teams: [support]}
actions:
  - {id: queue/count, title: Count what waits, team: support, services: [decision-pipeline], risk: read, kind: exec,
     settings: {command: [/bin/echo, '{"facts": {"messages": 512}}']}}
  - {id: queue/pause, title: Pause the consumers, team: support, risk: change, kind: exec, approval: {count: 1},
     inputs: [{name: queue, type: text, required: true}], settings: {command: [/bin/echo, "the consumers rest"]}}
  - {id: queue/resume, title: Let the consumers go on, team: support, risk: change, kind: exec,
     settings: {command: [/bin/sh, -c, "exit 3"]}}
  - {id: customers/tell, title: Tell the customers, team: support, risk: change, kind: exec,
     settings: {command: [/bin/echo, told]}}
  - id: queue/rescue
    title: Rescue the decision queue
    purpose: When decisions have stopped and the queue grows.
    team: support
    services: [decision-pipeline]
    risk: change
    kind: flow
    inputs: [{name: queue, type: text, required: true}, {name: tell, type: boolean}]
    settings:
      steps:
        - {id: count, action: queue/count}
        - {id: pause, action: queue/pause, inputs: {queue: "{inputs.queue}"}}
        - {id: look, ask: "Look at the dashboard: does the queue drain?", who: ["role:lead"], within: 30m}
        - {id: tell, action: customers/tell, when: inputs.tell}
        - {id: resume, action: queue/resume, if_fails: go on}
`

// Given a flow with a yes and a question in it, when Liis starts it at night, Wanjiru says yes to its second step, then answers what it asks; what the
// condition rules out is skipped, what fails is said, and the flow ends. Everybody reads along on one screen.
func TestRescueByFlow(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			d := verity.Open(t, verity.Options{Database: address(t), Config: rescue})
			liis, wanjiru := crew(t, d)
			run := liis.post("/actions/queue/rescue", http.StatusSeeOther, url.Values{"in.queue": {"decisions"}})
			liis.see(run, "First count", "The 4 steps after it are planned when their turn comes", "asks: Look at the dashboard", "runs queue/pause")
			form := liis.click(run, nil)
			liis.post(run+"/start", http.StatusSeeOther, form)
			liis.post(run+"/start", http.StatusSeeOther, form) // pressed twice
			d.Settle()

			second := "/runs/RUN-3"
			liis.see(run, "Count what waits", `href="`+second+`"`, "Waits for approval", "Later")
			liis.see(second, `href="`+run+`"`, "You asked for it")
			liis.post(second+"/approve", http.StatusForbidden, liis.click(second, nil))
			wanjiru.see("/", "Approve", "Pause the consumers")
			d.Wait(20 * time.Minute) // whoever says yes takes their time
			wanjiru.post(second+"/approve", http.StatusSeeOther, wanjiru.click(second, nil))
			d.Settle()

			if text := liis.see(run, "Look at the dashboard: does the queue drain?", "Waits for an answer", "It asks everybody with the role lead"); strings.Contains(text, `name="answer"`) {
				t.Error("Liis has buttons to answer what a lead is asked")
			}
			yes := url.Values{"step": {"look"}, "answer": {"yes"}, "words": {"The curve falls"}}
			liis.post(run+"/answer", http.StatusForbidden, yes)
			wanjiru.see("/", "Answer", "does the queue drain?")
			wanjiru.see(run, `name="answer" value="yes"`, "No: stop here")
			wanjiru.post(run+"/answer", http.StatusUnprocessableEntity, url.Values{"step": {"look"}, "answer": {"maybe"}, "words": {"The curve falls"}}, "Answer one of yes, no", "The curve falls")
			wanjiru.post(run+"/answer", http.StatusSeeOther, yes)
			wanjiru.post(run+"/answer", http.StatusSeeOther, yes) // pressed twice
			wanjiru.post(run+"/answer", http.StatusConflict, url.Values{"step": {"look"}, "answer": {"no"}}, "answered already: yes")
			d.Settle()

			liis.see(run, "3 steps are done, 1 skipped. It went on although resume failed.", "Wanjiru Kamau: The curve falls", "Its condition did not hold", "The flow has ended")
			wanjiru.see("/journal?verb=run.", "answered yes")
		})
	}
}
