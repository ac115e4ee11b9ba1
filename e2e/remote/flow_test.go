package remote

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/client"
	"frontline/e2e/neighbour"
	"frontline/wire"
)

// settleTwice is a flow whose steps are done in Berlin, with a look between them, and one that stops at what fails there.
const settleTwice = `
  - id: berlin/twice
    title: Settle, look, and settle the rest
    team: support
    risk: change
    kind: flow
    inputs:
      - {name: id, type: text, required: true}
    settings:
      steps:
        - {id: first, action: berlin/settle, inputs: {id: "{inputs.id}"}}
        - {id: look, ask: "Is the first one settled?", answers: [yes, no]}
        - {id: rest, action: berlin/checked, when: steps.look.done, inputs: {id: '{inputs.id + "-rest"}', seconds: "1"}}
`

// TestAFlowGoesElsewhere lets the steps of a flow be done by a runner. The server is killed while the last step is under way, and another one takes the flow
// to its end: each step began once.
func TestAFlowGoesElsewhere(t *testing.T) {
	neighbour.Need(t)
	s := open(t, sqlite(t), "10s", settleTwice)
	s.enrol("berlin-1", "network=berlin")
	flow := s.begin("berlin/twice", map[string]any{"id": "one"})
	s.until("it asks", func() bool { return s.step(flow.ID, "look").State == "asked" })
	if first := s.step(flow.ID, "first"); first.State != "done" || s.ended(first.Run).Runner != "berlin-1" || s.count("starts", "one") != 1 {
		t.Fatalf("the first step is %+v", first)
	}
	_, err := s.client.AnswerRun(t.Context(), flow.ID, wire.AnswerRun{Step: "look", Answer: "yes"})
	s.must(err)
	s.until("the last step is at work", func() bool { return s.count("starts", "one-rest") == 1 })
	kill(s.server)
	s.start()
	flow = s.ended(flow.ID)
	rest := s.step(flow.ID, "rest")
	if flow.State != "succeeded" || rest.State != "done" || s.count("starts", "one-rest") != 1 || s.count("ends", "one-rest") != 1 {
		t.Errorf("the flow ended %s, its last step is %+v\n%s", flow.State, rest, s.logs())
	}

	s.must(s.client.RevokeRunner(t.Context(), "berlin-1"))
	if _, err := s.client.PlanRun(t.Context(), wire.PlanRun{Action: "berlin/twice", Inputs: map[string]any{"id": "two"}}); !says(err, "network=berlin") {
		t.Errorf("without a runner the flow's plan says %v", err)
	}
}

// step is one step of a flow as it is now; an empty one while the server is away.
func (s *site) step(flow, id string) wire.FlowStep {
	s.t.Helper()
	run, err := s.client.Run(s.t.Context(), flow)
	if err != nil {
		return wire.FlowStep{}
	}
	for _, step := range run.Steps {
		if step.ID == id {
			return step
		}
	}
	return wire.FlowStep{}
}

// parking takes messages out of a broker that only Berlin reaches: the server has neither its address's password nor a way to it.
const parking = `
  - id: berlin/park
    title: Take a poisoned message out in Berlin
    team: support
    risk: change
    kind: rabbitmq.park-matching
    runner: {network: berlin}
    settings: {broker: "%s", amqp: "amqp://%s", user: %s, password: "env:BROKER_RABBIT", vhost: "%s", queue: decisions, matching: 'id == "m-7"', wait: 10s}
`

// TestQuarantineThroughARunner takes a message out of a real broker through a runner, into the quarantine of the server, and puts it back the same way.
func TestQuarantineThroughARunner(t *testing.T) {
	neighbour.Need(t)
	b := neighbour.RabbitMQ(t)
	at, err := url.Parse(b.AMQP)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, sqlite(t), "10s", fmt.Sprintf(parking, b.Management, at.Host, b.User, b.VHost))
	ch := s.queue(b)
	for n := range 20 {
		s.must(ch.PublishWithContext(t.Context(), "", "decisions", true, false, amqp.Publishing{MessageId: fmt.Sprintf("m-%d", n+1), DeliveryMode: amqp.Persistent, Body: []byte(`{"decision":"` + strings.Repeat("x", n) + `"}`)}))
	}
	s.until("the messages are there", func() bool { return s.waiting(ch) == 20 })
	s.rabbit = b.Password
	s.enrol("berlin-1", "network=berlin")

	run := s.ended(s.begin("berlin/park", nil).ID)
	if run.State != "succeeded" || run.Runner != "berlin-1" {
		t.Fatalf("it ended %s: %+v\n%s", run.State, run.Result, s.logs())
	}
	s.until("one is out", func() bool { return s.waiting(ch) == 19 })
	kept, err := s.client.Quarantine(t.Context(), client.QuarantineQuery{}, client.Page{})
	if err != nil || len(kept.Items) != 1 || kept.Items[0].State != "removed" || !strings.Contains(fmt.Sprint(kept.Items[0]), "m-7") {
		t.Fatalf("in quarantine are %+v, %v", kept, err)
	}

	back, err := s.client.UndoRun(t.Context(), run.ID, "it was mended")
	s.must(err)
	back, err = s.client.StartRun(t.Context(), back.ID, back.UID, wire.StartRun{Plan: back.Plan.Hash})
	s.must(err)
	if back = s.ended(back.ID); back.State != "succeeded" || back.Runner != "berlin-1" {
		t.Fatalf("the way back ended %s: %+v\n%s", back.State, back.Result, s.logs())
	}
	s.until("it is back", func() bool { return s.waiting(ch) == 20 })
	var order []string
	for range 20 {
		d, some, err := ch.Get("decisions", true)
		if err != nil || !some {
			t.Fatalf("%v, %v", some, err)
		}
		order = append(order, d.MessageId)
	}
	if got := strings.Join(order, " "); got != "m-1 m-2 m-3 m-4 m-5 m-6 m-8 m-9 m-10 m-11 m-12 m-13 m-14 m-15 m-16 m-17 m-18 m-19 m-20 m-7" {
		t.Errorf("the queue held %s", got)
	}
	if dump := s.dump(); strings.Contains(dump, b.Password) {
		t.Error("the server's database has the broker's password")
	}
}

// queue declares the queue, and returns a channel to it.
func (s *site) queue(b *neighbour.Broker) *amqp.Channel {
	s.t.Helper()
	conn, err := amqp.Dial(b.AMQP)
	s.must(err)
	s.t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	s.must(err)
	_, err = ch.QueueDeclare("decisions", true, false, false, false, amqp.Table{"x-queue-type": "classic"})
	s.must(err)
	return ch
}

// waiting is how many messages lie ready in the queue.
func (s *site) waiting(ch *amqp.Channel) int {
	s.t.Helper()
	q, err := ch.QueueDeclarePassive("decisions", true, false, false, false, nil)
	s.must(err)
	return q.Messages
}
