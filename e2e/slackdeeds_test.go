package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/app"
	"frontline/desk"
	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

// alarm lets Aisha be paged in Slack: the webhook sender's policy names her.
func (o *office) alarm(status string) {
	o.t.Helper()
	body := strings.ReplaceAll(verity.Webhook(status, "WebhooksStopped", o.Clock.Now()), `"service":"decision-pipeline"`, `"service":"webhook-sender"`)
	res, err := http.Post(o.URL+"/in/alertmanager/"+verity.Token, "application/json", strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	_ = res.Body.Close()
	o.Settle()
}

// A page goes to Slack, the button acknowledges it, the message says who has it wherever they said so, and the receipt is in the ledger. Who may not
// does not.
func TestSlackPage(t *testing.T) {
	o := openOffice(t)
	o.alarm("firing")
	page := o.slack.See("D0AISHA", "Decisions have stopped", "P-1")
	for _, b := range []string{"Acknowledge", "Resolve", "Escalate"} {
		if _, ok := page.Buttons[b]; !ok {
			t.Errorf("there is no button %s: %v", b, page.Buttons)
		}
	}
	for range 5 { // what was sent is followed, and stays as it was sent while nobody has it
		o.Wait(time.Second)
	}
	if got := o.slack.Posts("D0AISHA")[0]; got.Edits != 0 || !strings.Contains(got.Text, "names you") {
		t.Errorf("the page was changed to %q", got.Text)
	}
	o.presses("U0TONIS", page, "Acknowledge") // an employee who is not on call and may not
	if p := o.slack.See("D0AISHA", "needs the role support"); p.To != "U0TONIS" {
		t.Errorf("a refusal is told to %q", p.To)
	}
	o.presses("U0NEW", page, "Acknowledge")
	o.slack.See("D0AISHA", "Frontline does not know you")
	if got := o.slack.Posts("D0AISHA")[0]; got.Edits != 0 {
		t.Fatalf("the page changed although nobody had it: %q", got.Text)
	}
	what := page.Buttons["Acknowledge"]
	for range 2 { // Slack brings the press again
		o.does(pressing("T0ACK", "U0AISHA", page, what))
	}
	acked := o.sees("D0AISHA", "Acknowledged", "Aisha Odhiambo")
	if _, ok := acked.Buttons["Acknowledge"]; ok || acked.TS != page.TS {
		t.Errorf("after the press: %+v", acked)
	}
	o.Wait(6 * time.Minute)
	if got := o.Oja.Screen(); len(got) != 0 {
		t.Errorf("the last resort was paged although it was acknowledged: %+v", got)
	}
	o.presses("U0AISHA", acked, "Escalate")
	o.sees("D0AISHA", "Nobody has it")
	o.presses("U0AISHA", o.slack.Posts("D0AISHA")[0], "Resolve")
	over := o.sees("D0AISHA", "Over", "resolved")
	if len(over.Buttons) > 1 || over.TS != page.TS {
		t.Errorf("after the end: %+v", over.Buttons)
	}
}

// A page that is acknowledged elsewhere shows it in Slack too, and one that Slack does not take goes the next way.
func TestSlackPageElsewhere(t *testing.T) {
	o := openOffice(t)
	o.alarm("firing")
	page := o.slack.See("D0AISHA", "P-1")
	o.alarm("resolved")
	if p := o.sees("D0AISHA", "Over"); p.TS != page.TS {
		t.Errorf("another message says that it is over: %+v", p)
	}
}

// Somebody else's yes is asked for with the plan, given to exactly that plan, and the message says what became of it.
func TestSlackApproval(t *testing.T) {
	o := openOffice(t)
	o.run("queue/nudge", "the queue stands still")
	asked := o.sees("D0WANJIRU", "RUN-1", "Nudge the decision queue", "Liis Tamm")
	hash := strings.Fields(asked.Buttons["Approve"])
	if len(hash) != 3 {
		t.Fatalf("the button holds %q", asked.Buttons["Approve"])
	}
	o.does(pressing("T0OTHERPLAN", "U0WANJIRU", asked, hash[0]+" "+hash[1]+" 0000"))
	o.slack.See("D0WANJIRU", "not the plan")
	o.presses("U0TONIS", asked, "Approve")
	o.presses("U0LIIS", asked, "Approve") // her own
	o.presses("U0WANJIRU", asked, "Approve")
	if p := o.sees("D0WANJIRU", "RUN-1", "Succeeded"); p.TS != asked.TS || p.Buttons["Approve"] != "" {
		t.Errorf("after the yes: %+v", p)
	}
	o.run("queue/nudge", "once more")
	second := o.sees("D0WANJIRU", "RUN-2", "waits until")
	o.n++
	o.does(pressing(fmt.Sprintf("T%04d", o.n), "U0WANJIRU", second, second.Buttons["Refuse"]))
	form := o.slack.Form(1)
	if answer := o.fills("U0WANJIRU", "V0NO", form, map[string]map[string]any{"text": typed("text", "Not again tonight.")}); !strings.Contains(answer, "clear") {
		t.Errorf("the refusal is answered %s", answer)
	}
	o.sees("D0WANJIRU", "RUN-2", "Refused")
}

// run plans and starts an action as Liis, on her screen.
func (o *office) run(id, reason string) {
	o.t.Helper()
	r, err := o.App.Actions().Plan(o.t.Context(), supporter(), action.PlanRequest{Action: id, Reason: reason})
	if err == nil {
		_, err = o.App.Actions().Start(o.t.Context(), supporter(), action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: r.ID})
	}
	if err != nil {
		o.t.Fatal(err)
	}
	o.Settle()
}

// An incident is declared in Slack, told where incidents are told, kept up to date, and its updates come to the channel.
func TestSlackIncident(t *testing.T) {
	o := openOffice(t)
	o.commands("U0TONIS", "C0ALL", "/verity-incident", "Decisions have stopped")
	form := o.slack.Form(1)
	values := map[string]map[string]any{"title": typed("title", ""), "severity": picked("value", "critical")}
	if answer := o.fills("U0TONIS", "V0INC", form, values); !holds(answer, []string{"errors", "title"}) {
		t.Fatalf("without a title: %s", answer)
	}
	values["title"] = typed("title", "Decisions have stopped")
	values["services"] = map[string]any{"value": map[string]any{"type": "multi_static_select", "selected_options": []any{map[string]any{"value": "decision-pipeline", "text": map[string]any{"type": "plain_text", "text": "x"}}}}}
	for range 2 {
		if answer := o.fills("U0TONIS", "V0INC", form, values); !holds(answer, []string{"update", "eclared"}) {
			t.Fatalf("declared: %s", answer)
		}
	}
	here := o.sees("C0ALL", "INC-1", "Decisions have stopped", "Critical", "Decision pipeline")
	told := o.sees("C0HELP", "INC-1", "Decisions have stopped")
	if n := len(o.slack.Posts("C0HELP")) + len(o.slack.Posts("C0ALL")); n != 2 {
		t.Errorf("it is shown %d times, want twice", n)
	}
	o.presses("U0TONIS", told, "I am on it") // an employee declares, and does not work on it
	o.slack.See("C0HELP", "needs the role support")
	o.presses("U0LIIS", told, "Write an update")
	o.fills("U0LIIS", "V0UP", o.slack.Form(2), map[string]map[string]any{"text": typed("text", "One message holds the rest. **Liis** takes it out.")})
	for _, c := range []neighbour.SlackPost{here, told} {
		if p := o.sees(c.Channel, "One message holds the rest", "Liis Tamm"); p.Thread != c.TS {
			t.Errorf("the update stands in %q, want in the thread %q", p.Thread, c.TS)
		}
	}
	o.presses("U0LIIS", here, "Resolve")
	if p := o.sees("C0HELP", "INC-1", "Resolved"); p.TS != told.TS || len(p.Buttons) != 0 {
		t.Errorf("after the end: %+v", p)
	}
	o.sees("C0ALL", "INC-1", "is resolved")
}

// Known answers are offered in the thread; the one that helps closes the request, and what is for the desk alone is never shown.
func TestSlackAnswers(t *testing.T) {
	o := openOffice(t)
	for _, x := range []struct {
		title, body string
		audience    desk.Audience
	}{{"How do I resend webhooks?", "Open the session and press **Resend**.", desk.ForEveryone}, {"How do I resend webhooks by hand?", "The secret way.", desk.ForDesk}} {
		made, err := o.App.Desk().NewAnswer(t.Context(), supporter(), desk.AnswerDraft{Title: x.title, Body: x.body, Audience: x.audience, Team: "support"})
		if err == nil {
			_, err = o.App.Desk().PublishAnswer(t.Context(), supporter(), made.Name(), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	o.writes("U0TONIS", "C0HELP", "1795480050.000100", "", "<@U0FRONTLINE> How do I resend webhooks for a customer?")
	p := o.slack.See("C0HELP", "we have it", "press *Resend*")
	if strings.Contains(p.Raw, "secret way") {
		t.Error("an answer for the desk alone is shown in a channel")
	}
	o.presses("U0TONIS", p, "I need a person")
	o.slack.See("C0HELP", "A person answers here")
	if r := o.only(); r.State == desk.Closed {
		t.Error("it is closed although a person is needed")
	}
	o.presses("U0TONIS", p, "This helped")
	o.slack.See("C0HELP", "Glad that it helped", "is closed")
	if r := o.only(); r.State != desk.Closed {
		t.Errorf("it is %s, want closed", r.State)
	}
}

// Everything comes over a socket as well: it is acknowledged, what comes again does nothing, and forms are answered with their outcome.
func TestSlackSocket(t *testing.T) {
	o := openOffice(t, func(s *app.SlackSettings) { s.SlackSigning, s.SlackApp = "", "env:SLACK_APP" })
	if status, _ := o.calls("application/json", `{"type":"url_verification","challenge":"x"}`); status == http.StatusOK {
		t.Error("calls over HTTP are taken without a signing secret")
	}
	line := o.slack.Line()
	send := func(id, kind string, payload any) string {
		t.Helper()
		if err := line.WriteJSON(map[string]any{"envelope_id": id, "type": kind, "accepts_response_payload": true, "payload": payload}); err != nil {
			t.Fatal(err)
		}
		ack := o.slack.Ack()
		if !strings.Contains(ack, id) {
			t.Fatalf("the envelope %s is answered %s", id, ack)
		}
		return ack
	}
	event := map[string]any{"type": "event_callback", "event_id": "Ev0SOCKET", "team_id": "T0VERITY", "api_app_id": "A0VERITY",
		"event": map[string]any{"type": "app_mention", "user": "U0TONIS", "channel": "C0HELP", "ts": "1795480060.000100", "event_ts": "1795480060.000100", "text": "<@U0FRONTLINE> By the socket?"}}
	send("env-1", "events_api", event)
	send("env-2", "events_api", event)
	o.Settle()
	if r := o.only(); r.Title != "By the socket?" || r.Said != 1 {
		t.Errorf("the request: %+v", r)
	}
	send("env-3", "slash_commands", map[string]any{"command": "/ask", "text": "More", "user_id": "U0TONIS", "channel_id": "C0HELP", "trigger_id": "T0S1"})
	form := o.slack.Form(1)
	state := map[string]any{"title": typed("form.title", "More by the form")}
	ack := send("env-4", "interactive", map[string]any{"type": "view_submission", "trigger_id": "T0S2", "user": map[string]any{"id": "U0TONIS"},
		"view": map[string]any{"id": "V0S", "type": "modal", "callback_id": form["callback_id"], "private_metadata": form["private_metadata"], "state": map[string]any{"values": state}}})
	var answer struct {
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal([]byte(ack), &answer); err != nil || !strings.Contains(string(answer.Payload), "update") {
		t.Errorf("the form is answered %s %v", ack, err)
	}
	o.Settle()
	if n := len(o.requests()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	// Slack closes the socket now and then: the next one is used.
	if err := line.WriteJSON(map[string]any{"type": "disconnect", "reason": "refresh_requested"}); err != nil {
		t.Fatal(err)
	}
	line = o.slack.Line()
	event["event_id"] = "Ev0AFTER"
	event["event"] = map[string]any{"type": "app_mention", "user": "U0RASMUS", "channel": "C0HELP", "ts": "1795480061.000100", "event_ts": "1795480061.000100", "text": "<@U0FRONTLINE> Still there?"}
	send("env-5", "events_api", event)
	o.Settle()
	if n := len(o.requests()); n != 3 {
		t.Errorf("%d requests after the socket was opened anew, want 3", n)
	}
}

// A rule says something in a channel, once, with what an asker wrote made harmless; what only a team may know it does not.
func TestSlackRuleTells(t *testing.T) {
	o := openOffice(t)
	for range 3 { // rules begin with what comes after them
		o.Wait(2 * time.Second)
	}
	for i, in := range []desk.Incoming{{Type: "erasure", Title: "For the room: secret of Kivi"}, {Title: "For the room: <!channel> look"}} {
		in.Arrival, in.Body, in.Team = desk.Arrival{Channel: "screen", Ref: fmt.Sprint("room", i)}, "Now.", "support"
		if _, _, err := o.App.Desk().Ask(t.Context(), supporter(), in); err != nil {
			t.Fatal(err)
		}
	}
	o.Settle()
	o.sees("C0SILENT", "R-2: For the room:", "look", "Tell the room")
	for range 3 {
		o.Wait(time.Second)
	}
	posts := o.slack.Posts("C0SILENT")
	if len(posts) != 1 || !strings.Contains(fmt.Sprint(posts[0].Raw), "lt;!channel") || strings.Contains(posts[0].Text, "Kivi") {
		t.Errorf("said in the room: %+v", posts)
	}
}
