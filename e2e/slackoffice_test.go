package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/app"
	"frontline/desk"
	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
	"frontline/people"
)

// chats is how the company uses Slack.
const chats = `
chats:
  - {id: help, channel: C0HELP, title: "#help", take: [command, shortcut, mention, emoji], emoji: [ticket], team: support, tell: [closed], incidents: true}
  - {id: all, channel: C0ALL, title: "#everything", take: [message], team: support}
  - {id: silent, channel: C0SILENT, title: "#silent", take: [shortcut]}
request_types:
  - id: webhooks
    title: A customer gets no webhooks
    team: support
    inputs:
      - {name: customer, type: customer, required: true}
      - {name: session, type: text, label: Example session}
  - {id: erasure, title: Somebody wants their data deleted, team: support, visibility: team}
people:
  - {id: aisha, name: Aisha Odhiambo, email: aisha@verity.example, role: support, teams: [support], contacts: [{channel: slack, address: aisha@verity.example}]}
  - {id: wanjiru, name: Wanjiru Kamau, email: wanjiru@verity.example, role: lead, teams: [support]}
policies:
  - {id: chat, name: By chat, team: support, steps: [{targets: [{person: aisha}]}], last_resort: marika}
services:
  - {id: webhook-sender, name: Webhook sender, team: pipeline, policy: chat}
actions:
  - id: queue/nudge
    title: Nudge the decision queue
    team: support
    services: [decision-pipeline]
    risk: change
    kind: exec
    approval: {count: 1}
    settings:
      command: [/bin/echo, "nudged"]
rules:
  - id: desk/room
    title: Tell the room
    team: support
    on: [request.received]
    if: title startsWith "For the room"
    do:
      - tell: {to: ["chat:silent"], text: "{subject}: {title}"}
`

// office is the company with its Slack.
type office struct {
	*verity.Desk
	t     *testing.T
	slack *neighbour.Workspace
	n     int
}

func members() []neighbour.SlackUser {
	return []neighbour.SlackUser{
		{ID: "U0TONIS", Name: "Tõnis Kask", Email: "tonis@verity.example"}, {ID: "U0RASMUS", Name: "Rasmus Põder", Email: "Rasmus@Verity.example"},
		{ID: "U0AISHA", Name: "Aisha Odhiambo", Email: "aisha@verity.example"}, {ID: "U0LIIS", Name: "Liis Tamm", Email: "liis@verity.example"},
		{ID: "U0WANJIRU", Name: "Wanjiru Kamau", Email: "wanjiru@verity.example"},
		{ID: "U0NEW", Name: "Somebody New", Email: "new@verity.example"}, {ID: "U0GUEST", Name: "A guest", Email: "karl@verity.example", Guest: true},
		{ID: "U0OTHER", Name: "Kaisa Org", Email: "marika@verity.example", Stranger: true}, {ID: "U0LOOSE", Name: "Unconfirmed", Email: "karl@verity.example", Unconfirmed: true},
	}
}

func openOffice(t *testing.T, change ...func(*app.SlackSettings)) *office {
	t.Helper()
	w := neighbour.Slack(t, members()...)
	s := app.SlackSettings{Slack: "env:SLACK_TOKEN", SlackSigning: "env:SLACK_SIGNING", SlackAPI: w.API}
	for _, f := range change {
		f(&s)
	}
	env := map[string]string{"SLACK_TOKEN": neighbour.SlackToken, "SLACK_SIGNING": neighbour.SlackSigning, "SLACK_APP": neighbour.SlackApp}
	return &office{Desk: verity.Open(t, verity.Options{Config: chats, Slack: s, Getenv: env}), t: t, slack: w}
}

// calls makes a signed call over HTTP and returns its status and answer.
func (o *office) calls(contentType, body string) (int, string) {
	o.t.Helper()
	return o.sends(neighbour.Signed(o.URL+"/in/slack", contentType, []byte(body), o.Clock.Now()))
}

func (o *office) sends(r *http.Request) (int, string) {
	o.t.Helper()
	res, err := verity.Browser().Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// event brings one event, and waits until what follows is done.
func (o *office) event(fields map[string]any) {
	o.t.Helper()
	o.n++
	o.eventAs(fmt.Sprintf("Ev%04d", o.n), fields)
}

func (o *office) eventAs(id string, fields map[string]any) {
	o.t.Helper()
	raw, err := json.Marshal(map[string]any{"type": "event_callback", "team_id": "T0VERITY", "event_id": id, "event": fields})
	if err != nil {
		o.t.Fatal(err)
	}
	if status, body := o.calls("application/json", string(raw)); status != http.StatusOK || body != "" {
		o.t.Fatalf("an event is answered %d %q", status, body)
	}
	o.Settle()
}

// writes is somebody writing in a channel.
func (o *office) writes(user, channel, ts, thread, text string) {
	o.t.Helper()
	o.slack.Wrote(channel, user, ts, thread, text)
	m := map[string]any{"type": "message", "user": user, "channel": channel, "channel_type": "channel", "ts": ts, "event_ts": ts, "text": text}
	if thread != "" {
		m["thread_ts"] = thread
	}
	o.event(m)
	if strings.Contains(text, "<@U0FRONTLINE>") {
		m["type"] = "app_mention"
		o.event(m)
	}
}

// does sends an interaction and returns its answer.
func (o *office) does(payload map[string]any) string {
	o.t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		o.t.Fatal(err)
	}
	status, body := o.calls("application/x-www-form-urlencoded", url.Values{"payload": {string(raw)}}.Encode())
	if status != http.StatusOK {
		o.t.Fatalf("an interaction is answered %d %q", status, body)
	}
	o.Settle()
	return body
}

// presses presses a button of a message.
func (o *office) presses(user string, p neighbour.SlackPost, label string) {
	o.t.Helper()
	what, ok := p.Buttons[label]
	if !ok {
		o.t.Fatalf("%q has no button %q, but %v", p.Text, label, p.Buttons)
	}
	o.n++
	o.does(pressing(fmt.Sprintf("T%04d", o.n), user, p, what))
}

func pressing(trigger, user string, p neighbour.SlackPost, what string) map[string]any {
	action, value, _ := strings.Cut(what, " ")
	return map[string]any{"type": "block_actions", "trigger_id": trigger, "user": map[string]any{"id": user}, "channel": map[string]any{"id": p.Channel},
		"container": map[string]any{"type": "message", "channel_id": p.Channel, "message_ts": p.TS, "thread_ts": p.Thread},
		"actions":   []any{map[string]any{"type": "button", "action_id": action, "value": value, "block_id": "b"}}}
}

// commands types a slash command.
func (o *office) commands(user, channel, name, text string) {
	o.t.Helper()
	o.n++
	status, body := o.calls("application/x-www-form-urlencoded", url.Values{"command": {name}, "text": {text}, "user_id": {user}, "channel_id": {channel}, "trigger_id": {fmt.Sprintf("T%04d", o.n)}}.Encode())
	if status != http.StatusOK || body != "" {
		o.t.Fatalf("a command is answered %d %q", status, body)
	}
}

// fills sends a form with its fields: block → action → what it holds.
func (o *office) fills(user, view string, form map[string]any, values map[string]map[string]any) string {
	o.t.Helper()
	state := map[string]any{}
	for block, v := range values {
		state[block] = v
	}
	return o.does(map[string]any{"type": "view_submission", "user": map[string]any{"id": user}, "trigger_id": "T" + view,
		"view": map[string]any{"id": view, "type": "modal", "callback_id": form["callback_id"], "private_metadata": form["private_metadata"], "state": map[string]any{"values": state}}})
}

func typed(action, text string) map[string]any {
	return map[string]any{action: map[string]any{"type": "plain_text_input", "value": text}}
}

func picked(action, value string) map[string]any {
	return map[string]any{action: map[string]any{"type": "static_select", "selected_option": map[string]any{"value": value, "text": map[string]any{"type": "plain_text", "text": value}}}}
}

func supporter() people.Actor {
	return people.Actor{Kind: people.ByPerson, ID: "liis", Name: "Liis Tamm", Role: people.Support, Teams: []string{"support"}, Via: "screen"}
}

// requests are all that there are, newest first.
func (o *office) requests() []desk.Request {
	o.t.Helper()
	all, err := o.App.Desk().Requests(o.t.Context(), supporter(), desk.Filter{})
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

func (o *office) only() desk.Request {
	o.t.Helper()
	all := o.requests()
	if len(all) != 1 {
		o.t.Fatalf("there are %d requests, want 1: %+v", len(all), all)
	}
	return all[0]
}

func (o *office) conversation(ref string) desk.Conversation {
	o.t.Helper()
	c, err := o.App.Desk().Conversation(o.t.Context(), supporter(), ref)
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// sees waits for a message, and lets the clock go on meanwhile: what happens elsewhere is sealed and followed before it is said.
func (o *office) sees(channel string, says ...string) neighbour.SlackPost {
	o.t.Helper()
	for late := time.Now().Add(60 * time.Second); time.Now().Before(late); {
		for _, p := range o.slack.Posts(channel) {
			if holds(p.Text, says) {
				return p
			}
		}
		o.Wait(300 * time.Millisecond)
		time.Sleep(20 * time.Millisecond)
	}
	o.t.Fatalf("no message in %s says %q: %+v", channel, says, o.slack.Posts(channel))
	return neighbour.SlackPost{}
}

func holds(text string, says []string) bool {
	for _, s := range says {
		if !strings.Contains(text, s) {
			return false
		}
	}
	return true
}
