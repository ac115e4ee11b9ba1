package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/e2e/neighbour"
)

// Whatever is not signed by Slack is refused, and what is signed and comes again does nothing.
func TestSlackDoor(t *testing.T) {
	o := openOffice(t)
	body := `{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}`
	if status, answer := o.calls("application/json", body); status != http.StatusOK || answer != `{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}` {
		t.Errorf("the challenge is answered %d %q", status, answer)
	}
	address := o.URL + "/in/slack"
	now := o.Clock.Now()
	for name, r := range map[string]*http.Request{
		"old":           neighbour.Signed(address, "application/json", []byte(body), now.Add(-6*time.Minute)),
		"of the future": neighbour.Signed(address, "application/json", []byte(body), now.Add(6*time.Minute)),
	} {
		if status, _ := o.sends(r); status != http.StatusUnauthorized {
			t.Errorf("a signature that is %s: %d", name, status)
		}
	}
	altered := neighbour.Signed(address, "application/json", []byte(body), now)
	altered.Body, altered.ContentLength = io.NopCloser(strings.NewReader(body+" ")), int64(len(body)+1)
	if status, _ := o.sends(altered); status != http.StatusUnauthorized {
		t.Errorf("another body under the signature: %d", status)
	}
	if status, answer := o.calls("text/plain", "hello"); status != http.StatusBadRequest || strings.Contains(answer, neighbour.SlackSigning) {
		t.Errorf("what Slack does not send: %d %q", status, answer)
	}
	ask := map[string]any{"type": "app_mention", "user": "U0TONIS", "channel": "C0HELP", "ts": "1795480001.000100", "event_ts": "1795480001.000100", "text": "<@U0FRONTLINE> Where do I see the price of a check?"}
	for range 3 { // Slack did not hear our answer in time
		o.eventAs("Ev0AGAIN", ask)
	}
	o.eventAs("Ev0OTHER", ask) // the same message by another event
	if r := o.only(); r.Said != 1 || r.Channel != "slack" || r.Title != "Where do I see the price of a check?" {
		t.Errorf("one message that came four times: %+v", r)
	}
	if n := len(o.slack.Posts("C0HELP")); n != 1 {
		t.Errorf("it was answered %d times, want once", n)
	}
}

// A question asked by a mention is answered in its thread, whatever is said there is in the request, and notes never leave.
func TestSlackThread(t *testing.T) {
	o := openOffice(t)
	const root = "1795480002.000100"
	o.writes("U0TONIS", "C0HELP", root, "", "<@U0FRONTLINE> Nordpank gets no webhooks &amp; asks <https://x.example/s/1|why>\nSince 10:40.")
	r := o.only()
	c := o.conversation(r.Name())
	if r.Title != "Nordpank gets no webhooks & asks why (https://x.example/s/1)" || c.Parties[r.Asker].Person != "tonis" || r.Team != "support" {
		t.Fatalf("the request: %+v, asked by %+v", r, c.Parties[r.Asker])
	}
	welcome := o.sees("C0HELP", r.Name(), "we have it", "Technical support")
	if welcome.Thread != root {
		t.Errorf("we answer in the thread %q, want %q", welcome.Thread, root)
	}
	if _, err := o.App.Desk().WriteNote(t.Context(), supporter(), r.Name(), desk.Words{Body: "A secret of ours: the pod is stuck."}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.App.Desk().Reply(t.Context(), supporter(), r.Name(), desk.Words{Body: "One **broken** message held the rest. <!channel> It is out.", Then: desk.Then{WaitFor: desk.Asker}}); err != nil {
		t.Fatal(err)
	}
	o.Settle()
	reply := o.sees("C0HELP", "One *broken* message held the rest", "Liis Tamm")
	if reply.Thread != root || strings.Contains(reply.Raw, "<!channel>") {
		t.Errorf("the reply: %+v", reply)
	}
	if sends := o.conversation(r.Name()).Sends; len(sends) != 1 || sends[0].State != desk.Sent || sends[0].Receipt != "C0HELP/"+reply.TS {
		t.Errorf("the ledger: %+v", sends)
	}
	o.writes("U0TONIS", "C0HELP", "1795480003.000100", root, "It still fails for session 77, see the file.")
	if r = o.only(); r.State != desk.Open || r.Said != 4 {
		t.Errorf("after more: %s with %d messages, want open with 4", r.State, r.Said)
	}
	o.writes("U0LIIS", "C0HELP", "1795480004.000100", root, "I look at it now.")
	c = o.conversation(r.Name())
	last := c.Messages[len(c.Messages)-1]
	if last.Kind != desk.Reply || last.By != "liis" || len(c.Sends) != 2 || c.Sends[1].State != desk.Sent || !c.Request.AskedAt.IsZero() {
		t.Errorf("what a supporter says in the thread: %+v, sends %+v", last, c.Sends)
	}
	o.event(map[string]any{"type": "message", "subtype": "message_changed", "channel": "C0HELP", "event_ts": "1795480005.000100",
		"message":          map[string]any{"user": "U0TONIS", "ts": "1795480003.000100", "thread_ts": root, "text": "It still fails for session 78."},
		"previous_message": map[string]any{"user": "U0TONIS", "ts": "1795480003.000100", "thread_ts": root, "text": "It still fails for session 77, see the file."}})
	o.event(map[string]any{"type": "message", "subtype": "message_deleted", "channel": "C0HELP", "event_ts": "1795480006.000100", "deleted_ts": "1795480003.000100",
		"previous_message": map[string]any{"user": "U0TONIS", "ts": "1795480003.000100", "thread_ts": root, "text": "It still fails for session 78."}})
	c = o.conversation(r.Name())
	if n := len(c.Messages); n != 7 || !strings.Contains(c.Messages[5].Text.Body, "session 78") || !strings.Contains(c.Messages[6].Text.Body, "deleted") {
		t.Errorf("after a change and a deletion: %+v", c.Messages)
	}
	o.presses("U0RASMUS", reply, "Solved, thank you") // it is not his
	if r = o.only(); r.State == desk.Closed {
		t.Error("somebody else said that it is solved")
	}
	o.presses("U0TONIS", reply, "Solved, thank you")
	if r = o.only(); r.State != desk.Closed || r.Outcome != desk.Answered {
		t.Errorf("after the asker's word: %s %s", r.State, r.Outcome)
	}
	for _, p := range o.slack.Posts("C0HELP") {
		if strings.Contains(p.Raw, "secret of ours") {
			t.Errorf("a note left the desk: %s", p.Raw)
		}
	}
}

// The switches of channels: a mention where none is taken, every message where all are, an emoji, and people who may not.
func TestSlackSwitches(t *testing.T) {
	o := openOffice(t)
	o.writes("U0TONIS", "C0SILENT", "1795480010.000100", "", "<@U0FRONTLINE> Does this work here?")
	o.writes("U0TONIS", "C0NOWHERE", "1795480011.000100", "", "<@U0FRONTLINE> Or here?")
	o.writes("U0TONIS", "C0HELP", "1795480012.000100", "", "Just talk, nobody is mentioned.")
	if all := o.requests(); len(all) != 0 {
		t.Fatalf("where nothing is taken: %+v", all)
	}
	if p := o.sees("C0SILENT", "makes no request in this channel"); p.To != "U0TONIS" {
		t.Errorf("it is told to %q, want to whoever wrote it alone", p.To)
	}
	o.writes("U0TONIS", "C0ALL", "1795480013.000100", "", "Everything that is written here is asked.")
	if r := o.only(); r.Title != "Everything that is written here is asked." {
		t.Errorf("the request: %+v", r)
	}
	o.event(map[string]any{"type": "message", "bot_id": "B0OTHER", "channel": "C0ALL", "ts": "1795480014.000100", "text": "A deployment began."})
	for user, says := range map[string]string{"U0NEW": "nobody there has the address new@verity.example", "U0GUEST": "Guests are not let in", "U0OTHER": "another company", "U0LOOSE": "not confirmed"} {
		o.writes(user, "C0ALL", "1795480015.00"+fmt.Sprint(1000+len(user)), "", "May I ask?")
		if p := o.sees("C0ALL", says); p.To != user {
			t.Errorf("%s is told %q to %q", user, p.Text, p.To)
		}
	}
	if all := o.requests(); len(all) != 1 {
		t.Fatalf("people who may not have asked: %+v", all)
	}
	react := func(user, emoji, ts string) {
		o.event(map[string]any{"type": "reaction_added", "user": user, "reaction": emoji, "item_user": "U0TONIS", "item": map[string]any{"type": "message", "channel": "C0HELP", "ts": ts}, "event_ts": ts})
	}
	react("U0RASMUS", "tada", "1795480012.000100")
	react("U0NEW", "ticket", "1795480012.000100")
	if all := o.requests(); len(all) != 1 {
		t.Fatalf("another emoji, or a stranger's: %+v", all)
	}
	react("U0RASMUS", "ticket::skin-tone-3", "1795480012.000100")
	react("U0LIIS", "ticket", "1795480012.000100")
	all := o.requests()
	if len(all) != 2 || all[0].Title != "Just talk, nobody is mentioned." {
		t.Fatalf("after the emoji, twice: %+v", all)
	}
	if c := o.conversation(all[0].Name()); c.Parties[all[0].Asker].Person != "tonis" {
		t.Errorf("whoever wrote the message asks, not whoever reacted: %+v", c.Parties)
	}
}

// /ask opens a form with the type's questions; what is wrong is said in it, and what is asked is asked once and answered in Slack.
func TestSlackAsk(t *testing.T) {
	o := openOffice(t)
	o.commands("U0TONIS", "C0HELP", "/desk-ask", "Nordpank gets nothing")
	form := o.slack.Form(1)
	raw, _ := json.Marshal(form)
	if !holds(string(raw), []string{"A customer gets no webhooks", "Nordpank gets nothing", "Something else"}) {
		t.Fatalf("the form: %s", raw)
	}
	o.n++
	o.does(map[string]any{"type": "block_actions", "trigger_id": "T0TYPE", "user": map[string]any{"id": "U0TONIS"}, "actions": []any{map[string]any{"type": "static_select", "action_id": "form.type", "block_id": "type"}},
		"view": map[string]any{"id": "V0001", "hash": "h.V0001", "callback_id": "ask", "private_metadata": form["private_metadata"], "state": map[string]any{"values": map[string]any{"type": picked("form.type", "webhooks"), "title": typed("form.title", "Nordpank gets nothing")}}}})
	drawn := o.slack.Form(2)
	if raw, _ = json.Marshal(drawn); !holds(string(raw), []string{"in.customer", "Lumo Exchange", "Example session"}) {
		t.Fatalf("the form with the type's questions: %s", raw)
	}
	values := map[string]map[string]any{"type": picked("form.type", "webhooks"), "title": typed("form.title", "Nordpank gets nothing"), "text": typed("text", "Since 10:40.")}
	if answer := o.fills("U0TONIS", "V0001", drawn, values); !holds(answer, []string{`"response_action":"errors"`, `"in.customer"`}) || len(o.requests()) != 0 {
		t.Fatalf("without the customer: %s", answer)
	}
	values["in.customer"] = picked("value", "nordpank")
	for range 2 { // the answer was lost on the way
		if answer := o.fills("U0TONIS", "V0001", drawn, values); !holds(answer, []string{`"response_action":"update"`, "R-"}) {
			t.Fatalf("sent: %s", answer)
		}
	}
	r := o.only()
	if r.Customer != "nordpank" || r.Type != "webhooks" || r.Fields["customer"] != "nordpank" {
		t.Errorf("the request: %+v", r)
	}
	root := o.sees("C0HELP", "Tõnis Kask", "asks", "Nordpank gets nothing", "Since 10:40.")
	if root.Thread != "" || len(o.slack.Posts("C0HELP")) != 1 {
		t.Errorf("it stands %+v", o.slack.Posts("C0HELP"))
	}
	o.writes("U0TONIS", "C0HELP", "1795480020.000100", root.TS, "It is the sender.")
	if r = o.only(); r.Said != 2 {
		t.Errorf("in its thread: %d messages, want 2", r.Said)
	}
	o.fills("U0TONIS", "V0002", form, map[string]map[string]any{"type": picked("form.type", "erasure"), "title": typed("form.title", "Anna wants her data gone")})
	if p := o.sees("D0TONIS", "Anna wants her data gone"); p.Thread != "" {
		t.Errorf("what only its team may read stands %+v", p)
	}
	for _, p := range o.slack.Posts("C0HELP") {
		if strings.Contains(p.Raw, "Anna") {
			t.Error("what only its team may read stands in a channel")
		}
	}
	o.commands("U0TONIS", "C0SILENT", "/ask", "anything")
	o.sees("C0SILENT", "not made by a command in this channel")
	o.commands("U0NEW", "C0HELP", "/ask", "anything")
	if p := o.sees("C0HELP", "Frontline does not know you"); p.To != "U0NEW" {
		t.Errorf("a stranger is told %+v", p)
	}
	if o.slack.Forms() != 2 {
		t.Errorf("%d forms were opened, want 2", o.slack.Forms())
	}
}

// A colleague makes a request of somebody's message by its shortcut; the message's thread is the conversation.
func TestSlackShortcut(t *testing.T) {
	o := openOffice(t)
	const ts = "1795480030.000100"
	o.does(map[string]any{"type": "message_action", "callback_id": "make_request", "trigger_id": "T0SHORT", "user": map[string]any{"id": "U0RASMUS"}, "channel": map[string]any{"id": "C0SILENT"},
		"message_ts": ts, "message": map[string]any{"type": "message", "user": "U0TONIS", "ts": ts, "text": "Decisions for Kivi take a minute."}})
	form := o.slack.Form(1)
	for range 2 {
		o.fills("U0RASMUS", "V0009", form, map[string]map[string]any{"title": typed("form.title", "Decisions for Kivi take a minute"), "text": typed("text", "Since noon.")})
	}
	r := o.only()
	if c := o.conversation(r.Name()); c.Parties[r.Asker].Person != "tonis" || r.Said != 1 {
		t.Errorf("asked by %+v with %d messages", c.Parties, r.Said)
	}
	if p := o.sees("C0SILENT", r.Name(), "we have it"); p.Thread != ts {
		t.Errorf("it is answered in %q, want in the thread of the message", p.Thread)
	}
}

// 429 is waited out as long as Slack says, and nothing is lost or said twice.
func TestSlackRateLimit(t *testing.T) {
	o := openOffice(t)
	o.writes("U0TONIS", "C0HELP", "1795480040.000100", "", "<@U0FRONTLINE> Is the queue slow?")
	o.slack.Limit("chat.postMessage", 2, 30*time.Second)
	r := o.only()
	if _, err := o.App.Desk().Reply(t.Context(), supporter(), r.Name(), desk.Words{Body: "It was; it is quick again."}); err != nil {
		t.Fatal(err)
	}
	o.Settle()
	if n := o.slack.Calls("chat.postMessage"); n != 2 { // the welcome, and one try
		t.Errorf("Slack was called %d times before its time, want 2", n)
	}
	o.Wait(29 * time.Second)
	if n := o.slack.Calls("chat.postMessage"); n != 2 {
		t.Errorf("Slack was called before the 30 seconds that it asked for were over")
	}
	o.Wait(2 * time.Second)
	o.Wait(31 * time.Second)
	o.Settle()
	said := 0
	for _, p := range o.slack.Posts("C0HELP") {
		if strings.Contains(p.Text, "quick again") {
			said++
		}
	}
	if sends := o.conversation(r.Name()).Sends; said != 1 || len(sends) != 1 || sends[0].State != desk.Sent || sends[0].Tries != 3 {
		t.Errorf("said %d times, the ledger: %+v", said, sends)
	}
	o.slack.Limit("users.info", 1, 10*time.Second)
	o.writes("U0RASMUS", "C0HELP", "1795480041.000100", "", "<@U0FRONTLINE> And now?")
	if n := len(o.requests()); n != 1 {
		t.Fatalf("%d requests while Slack does not say who it is", n)
	}
	o.Wait(11 * time.Second)
	if n := len(o.requests()); n != 2 {
		t.Errorf("%d requests after the wait, want 2: a message was lost", n)
	}
}
