package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/e2e/verity"
	"frontline/people"
)

// deskRules do what technical support would do by hand: give, ask, close, run, tell.
const deskRules = `request_types:
  - {id: question, title: A question, team: support, trusted: true}
  - id: slow
    title: Decisions are slow
    team: support
    inputs:
      - {name: queue, type: choice, choices: [decisions, webhooks], required: true}
rules:
  - id: desk/gold
    title: Urgent from gold goes to whoever is on call
    team: support
    on: [request.received]
    if: priority == "normal" && tier == "gold"
    do:
      - set: {priority: urgent, tags: [gold]}
      - assign: {on_call: first-line}
      - tell: {to: [lead], text: "{subject} of {customer} is urgent: {title}"}
  - id: desk/ask-once
    title: Ask once after seven days of silence
    team: support
    on: [request.waits]
    after: 168h
    if: waits_for == "asker" && waited >= duration("168h")
    do:
      - answer: {text: "Hello {asker}, do you still need this?", to: asker}
  - id: desk/close-silent
    title: Close after ten days of silence
    team: support
    on: [request.waits]
    after: 240h
    if: waits_for == "asker" && waited >= duration("240h")
    do:
      - close: answered
  - id: desk/look
    title: Look at the queue that somebody names
    team: support
    on: [request.received]
    if: type == "slow"
    run: queue/look
    with: {queue: "{fields.queue}"}
  - id: desk/echo
    title: A rule that would go round in circles
    team: support
    on: [request.received, request.assigned, request.closed, request.changed]
    if: title startsWith "Echo" || "gold" in tags
    do:
      - create: {title: "Echo of {subject}", text: "Again.", team: support}
`

// TestRulesOnRequests lets rules give, ask, close and look on a moved clock: what came in is assigned, whoever stays silent is asked once and the request
// closed after days, the action is filled from the request, and a rule that answers rules is never heard.
func TestRulesOnRequests(t *testing.T) {
	d := verity.Open(t, verity.Options{Config: deskRules})
	s := &askers{t, d}
	var gold desk.Request
	asked := 2
	s.until("rules follow what comes from now on", func() bool { // what was before the first one is not theirs
		asked++
		gold = s.ask("tonis", desk.Incoming{Type: "question", Title: "No webhooks at Arco", Body: "Since 10:40 nothing comes.", Customer: "arco"})
		d.Wait(2 * time.Second)
		d.Wait(2 * time.Second)
		return s.now(gold).Assignee != ""
	})
	slow := s.ask("tonis", desk.Incoming{Type: "slow", Title: "Decisions are slow", Body: "Very.", Fields: map[string]any{"queue": "webhooks"}})
	silent := s.ask("tonis", desk.Incoming{Type: "question", Title: "Which fields are kept?", Body: "For how long?"})
	s.until("the urgent one is with whoever is on call", func() bool {
		r := s.now(gold)
		return r.Assignee == "liis" && r.Priority == desk.Urgent
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if mail, err := d.Mail.WaitMail(ctx, "marika@verity.example"); err != nil || !strings.Contains(mail.Subject, " of arco is urgent") {
		t.Errorf("the lead is told %+v, %v", mail, err)
	}
	_, err := d.App.Desk().Reply(t.Context(), s.as("karl"), silent.ID, desk.Words{Body: "Which ones do you mean?", Then: desk.Then{WaitFor: desk.Asker}})
	s.must(err)
	s.until("the run of the slow one is in its conversation", func() bool {
		c := s.told(slow)
		return strings.Contains(c, "rule.fired")
	})
	days := func(n int) {
		for range n {
			d.Wait(24 * time.Hour)
		}
	}
	days(6)
	if r := s.now(silent); r.Said != 2 || r.State != desk.Waiting {
		t.Errorf("after six days: %d said, %s", r.Said, r.State)
	}
	days(1)
	s.until("the silent one is asked", func() bool { return s.now(silent).Said == 3 })
	days(3)
	s.until("the silent one is closed", func() bool { return s.now(silent).State == desk.Closed })
	r := s.now(silent)
	if r.Said != 3 || r.Outcome != desk.Answered {
		t.Errorf("at the end: %d said, %s; want it asked once", r.Said, r.Outcome)
	}
	all, err := d.App.Desk().Requests(t.Context(), s.as("karl"), desk.Filter{Limit: 500})
	s.must(err)
	for _, x := range all {
		if strings.HasPrefix(x.Title, "Echo") {
			t.Errorf("%s: a rule answered what a rule did", x.Title)
		}
	}
	if len(all) != asked {
		t.Errorf("%d requests, want the %d that were asked", len(all), asked)
	}
}

type askers struct {
	t *testing.T
	d *verity.Desk
}

func (s *askers) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *askers) as(id string) people.Actor {
	s.t.Helper()
	book, err := s.d.App.Config().Book(s.t.Context())
	s.must(err)
	p, ok := book.Person(id)
	if !ok {
		s.t.Fatalf("there is no %s", id)
	}
	return people.As(p, "screen")
}

func (s *askers) ask(person string, m desk.Incoming) desk.Request {
	s.t.Helper()
	m.Arrival = desk.Arrival{Channel: "screen"}
	r, _, err := s.d.App.Desk().Ask(s.t.Context(), s.as(person), m)
	s.must(err)
	return r
}

func (s *askers) now(r desk.Request) desk.Request {
	s.t.Helper()
	r, err := s.d.App.Desk().Request(s.t.Context(), s.as("karl"), r.ID)
	s.must(err)
	return r
}

// told are the words of the journal about the request.
func (s *askers) told(r desk.Request) string {
	s.t.Helper()
	c, err := s.d.App.Desk().Conversation(s.t.Context(), s.as("karl"), r.ID)
	s.must(err)
	var out []string
	for _, e := range c.Entries {
		out = append(out, e.Verb)
	}
	return strings.Join(out, " ")
}

// until lets seconds pass until it is so: the journal is sealed and followed every second.
func (s *askers) until(what string, so func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		if so() {
			return
		}
		s.d.Wait(time.Second)
	}
	s.t.Fatalf("it never came that %s", what)
}
