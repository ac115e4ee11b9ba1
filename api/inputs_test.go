package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/e2e/office"
	"frontline/e2e/verity"
	"frontline/wire"
)

// Messages is a form whose fields depend on each other.
const messages = `actions:
  - id: queue/list
    title: List a customer's messages
    team: pipeline
    risk: read
    kind: desk.queue
    settings: {list: true}
    inputs:
      - {name: customer, type: customer, required: true}
  - id: queue/explain
    title: Explain a message
    team: pipeline
    risk: change
    kind: desk.queue
    inputs:
      - {name: customer, type: customer, required: true}
      - {name: message_id, type: choice, required: true, from: {action: queue/list, value: message, label: what}}
      - {name: why, type: choice, required: true, choices: [poisoned, other]}
      - {name: words, type: text, required: true, when: {input: why, is: [other]}}
      - {name: evidence, type: file, max: 0.001, accept: [text/plain]}
`

func TestOptionsAndFiles(t *testing.T) {
	w := office.Open(t)
	w.Apply("messages", verity.File("messages.yaml", messages))
	liis := as(t, w, "liis")
	shown := ok[wire.ActionShown](liis, "GET", "/actions/queue/explain", nil)
	if in := shown.Inputs[1]; in.From == nil || in.From.Action != "queue/list" {
		t.Errorf("the API does not say where options come from: %+v", in)
	}
	if in := shown.Inputs[3]; in.When == nil || in.When.Input != "why" || len(in.When.Is) != 1 || !strings.Contains(string(shown.Schema), `"else":{"properties":{"words":false}}`) {
		t.Errorf("the API does not say when an input is asked: %+v %s", in, shown.Schema)
	}
	customers := ok[wire.Options](liis, "GET", "/options/queue/explain?input=customer&search=nord", nil)
	if d := cmp.Diff([]wire.Option{{Value: "nordpank", Label: "Nordpank"}}, customers.Options); d != "" {
		t.Errorf("customers (-want +got):\n%s", d)
	}
	given := url.QueryEscape(`{"customer":"nordpank"}`)
	found := ok[wire.Options](liis, "GET", "/options/queue/explain?input=message_id&given="+given, nil)
	if d := cmp.Diff([]wire.Option{{Value: "m-1", Label: "Decision of nordpank"}, {Value: "m-2", Label: "Decision of nordpank"}}, found.Options); d != "" {
		t.Errorf("messages (-want +got):\n%s", d)
	}
	for path, field := range map[string]string{
		"/options/queue/explain?input=message_id":                      "message_id",
		"/options/queue/explain?input=words":                           "input",
		"/options/queue/explain?input=nothing":                         "input",
		"/options/queue/explain?input=message_id&given=" + "%5B1%5D":   "given",
		"/options/queue/explain?input=customer&search=" + "a%00b":      "search",
		"/options/queue/explain?input=customer&search=a&of=everything": "",
	} {
		if p := refused(liis, 422, "GET", path, nil); field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != field) {
			t.Errorf("%s is refused with %+v, want the field %s", path, p, field)
		}
	}
	text := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	const files = "/files?action=queue/explain&input=evidence&name="
	u := ok[wire.Upload](liis, "POST", files+url.QueryEscape("../log.txt"), "consumer rejected m-1\n", text)
	if u.Name != "log.txt" || u.Size != 22 || len(u.Hash) != 64 || u.ForgottenAt.IsZero() {
		t.Errorf("uploaded: %+v", u)
	}
	if p := refused(liis, 413, "POST", files+"big.txt", strings.Repeat("x", 1001), text); len(p.Errors) != 1 || p.Errors[0].Field != "evidence" {
		t.Errorf("a file that is too large: %+v", p)
	}
	refused(liis, 422, "POST", files+"x.bin", "x")
	right := map[string]any{"customer": "nordpank", "message_id": "m-1", "why": "poisoned", "evidence": u.ID}
	r := ok[wire.Run](liis, "POST", "/runs", wire.PlanRun{Action: "queue/explain", Inputs: right})
	if f, _ := r.Inputs["evidence"].(map[string]any); f["name"] != "log.txt" || f["hash"] != u.Hash {
		t.Errorf("the run says of its file: %v", r.Inputs["evidence"])
	}
	for field, change := range map[string]any{"message_id": "m-3", "words": "not asked", "customer": "contoso", "ansible_host": "x"} {
		wrong := map[string]any{"customer": "nordpank", "message_id": "m-1", "why": "poisoned"}
		wrong[field] = change
		if p := refused(liis, 422, "POST", "/runs", wire.PlanRun{Action: "queue/explain", Inputs: wrong}); p.Errors[0].Field != field && p.Errors[0].Field != "inputs."+field {
			t.Errorf("a wrong %s is refused with %+v", field, p.Errors)
		}
	}
	refused(as(t, w, "wanjiru"), 422, "POST", "/runs", wire.PlanRun{Action: "queue/explain", Inputs: right}) // somebody else's file
}
