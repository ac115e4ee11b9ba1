package rabbitmq

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

func peek() *Peek { return NewPeek(park()) }

// looked peeks and returns what was seen.
func (s *stage) looked(call action.Call) (action.Plan, action.Result, *actiontest.Ledger) {
	s.t.Helper()
	must(s.t, peek().Check(call.Settings))
	plan, err := peek().Plan(s.t.Context(), call)
	must(s.t, err)
	led := &actiontest.Ledger{}
	res, err := peek().Do(s.t.Context(), call, plan, led)
	must(s.t, err)
	return plan, res, led
}

// TestPeek shows the first messages, and leaves the queue as it was: the same messages, in their order.
func TestPeek(t *testing.T) {
	everywhere(t, func(t *testing.T, s *stage) {
		s.send(decision(1), decision(2), decision(7), decision(3), decision(7))
		s.publish(10, 30)
		before := s.contents(26) // costs one delivery
		call := s.call(map[string]any{"count": 6})
		call.Settings = s.settings(map[string]any{"offer": map[string]string{"park": "queue/park-message"}, "show": []string{"customer", "body.country"}})
		plan, res, led := s.looked(call)
		if plan.Nothing || len(plan.Costs) == 0 || plan.Changes[0].Count != 6 {
			t.Errorf("the plan is %+v", plan)
		}
		table := res.Tables[0]
		if whole := s.args["x-queue-type"] == "quorum"; whole != (len(table.Rows) == 26) {
			t.Errorf("%d messages were held", len(table.Rows))
		}
		if !res.Done || len(table.Rows) < 6 || table.Rows[2][1] != prints(t, 7) || table.Rows[2][7] != "2" || table.Rows[0][7] != "1" {
			t.Errorf("the look says %+v", res)
		}
		if first := strings.Join(table.Rows[0], "|"); !strings.Contains(first, "customer=nordpank") || !strings.Contains(first, `country: "EE"`) || strings.Contains(first, "s-001") {
			t.Errorf("the first row is %s", first)
		}
		if got := res.Links["Take out 003: "+"decision-007 (34 bytes, "+prints(t, 7)[:12]+"…)"]; got != "action:queue/park-message?fingerprint="+prints(t, 7) {
			t.Errorf("the links are %v", res.Links)
		}
		if len(led.Kept()) != 0 || !slices.Equal(led.Names(), []string{stepHolding, stepReturned}) {
			t.Errorf("the ledger holds %v", led.Names())
		}
		s.holds(before)
	})
}

// TestOrderOfWhatWasGivenBackBefore holds a part of what was given back before, in every way that something is held: on a quorum queue that part would
// come to stand behind the rest.
func TestOrderOfWhatWasGivenBackBefore(t *testing.T) {
	const messages = 400
	everywhere(t, func(t *testing.T, s *stage) {
		s.publish(1, messages)
		s.contents(messages) // everything was given back once
		if _, res, _ := s.looked(s.call(map[string]any{"count": 6})); len(res.Tables[0].Rows) < 6 {
			t.Errorf("the look says %+v", res)
		}
		s.holds(ids(1, messages))
		call := s.call(map[string]any{"fingerprint": prints(t, 9)})
		taken(t, call, planned(t, call))
		s.holds(ids(1, messages, 9))
		ctx, cancel := context.WithCancel(t.Context())
		call = s.call(map[string]any{"fingerprint": prints(t, 11)})
		plan := planned(t, call)
		led := &lightning{after: stepHolding, strike: func() { time.AfterFunc(30*time.Millisecond, cancel) }}
		_, _ = park().Do(ctx, call, plan, led) // it may have been taken by then, or not
		s.holds(ids(1, messages, append([]int{9}, func() []int {
			if len(led.Gone()) > 0 {
				return []int{11}
			}
			return nil
		}()...)...))
	})
}

// TestPeekSaysItsPrice reads the cost in the plan of every sort of queue.
func TestPeekSaysItsPrice(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for name, c := range map[string]struct {
			args  amqp.Table
			three string // what 3.10 says
			four  string
		}{
			"classic":         {classic(), "marked as redelivered", "marked as redelivered"},
			"quorum":          {quorum(), "no limit", "one of the 20 deliveries"},
			"quorum, limited": {with(letters(), "x-delivery-limit", int32(7)), "one of the 7 deliveries", "one of the 7 deliveries"},
		} {
			s := newStage(t, on, c.args)
			s.publish(1, 3)
			call := s.call(nil)
			plan, err := peek().Plan(t.Context(), call)
			must(t, err)
			want := c.three
			if on == neighbour.RabbitMQ4 {
				want = c.four
			}
			if all := strings.Join(plan.Costs, " "); !strings.Contains(all, want) {
				t.Errorf("%s: the plan costs %s, want %s", name, all, want)
			}
			_, err = s.channel().QueueDelete(queueName, false, false, false)
			must(t, err)
		}
	})
}

// TestPeekEndsNoMessage looks again and again at messages that die of one look too many: the last look keeps what it would end, and
// nothing is lost.
func TestPeekEndsNoMessage(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		const limit = 3
		s := newStage(t, on, with(quorum(), "x-delivery-limit", int32(limit)))
		s.publish(1, 3)
		s.giveBack(1, 1)
		call := s.call(map[string]any{"count": 2})
		for look := range limit - 1 {
			if _, res, led := s.looked(call); len(led.Kept()) != 0 || res.Facts["spared"] != 0 {
				t.Fatalf("look %d kept %d messages: %+v", look, len(led.Kept()), res)
			}
			s.ready(3)
		}
		_, res, led := s.looked(call)
		if kept := led.Kept(); len(kept) != 1 || kept[0].Fingerprint != prints(t, 1) || !slices.Equal(led.Gone(), []string{"Q-1"}) || res.Undo == nil || res.Undo.Kind != "rabbitmq.replay" {
			t.Errorf("the look too many says %+v and kept %d", res, len(kept))
		}
		s.ready(2)
		if got := s.listed(); !slices.Equal(got, ids(2, 3)) { // their last delivery may be this one
			t.Errorf("the queue holds %v", got)
		}
	})
}

// TestPeekRefuses lists queues that are not looked at.
func TestPeekRefuses(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for name, c := range map[string]struct {
			args amqp.Table
			run  string
			say  string
		}{
			"stream":                 {amqp.Table{"x-queue-type": "stream"}, "R-7", "stream"},
			"no failure allowed":     {with(quorum(), "x-delivery-limit", int32(0)), "R-7", "no failed delivery"},
			"as options of an input": {with(quorum(), "x-delivery-limit", int32(5)), "", "in a run only"},
		} {
			t.Run(name, func(t *testing.T) {
				s := newStage(t, on, c.args)
				s.publish(1, 2)
				call := s.call(nil)
				call.Run = c.run
				if _, err := peek().Plan(t.Context(), call); !strings.Contains(fault.Sentence(err), c.say) {
					// a plan that people ask for has no run yet; Do has
					led := &actiontest.Ledger{}
					plan, _ := peek().Plan(t.Context(), s.call(nil))
					if _, err = peek().Do(t.Context(), call, plan, led); !strings.Contains(fault.Sentence(err), c.say) || len(led.Steps()) > 0 {
						t.Errorf("Do = %v after %v, want it to say %q", err, led.Names(), c.say)
					}
				}
			})
		}
	})
}

func TestPeekChecks(t *testing.T) {
	for settings, name := range badSettings() {
		if err := peek().Check([]byte(settings)); err == nil || fault.FieldsOf(err)[0].Name != name {
			t.Errorf("%s: %v, want a fault about %s", settings, err, name)
		}
	}
	good := `"broker":"http://r:1","amqp":"amqp://r:1","user":"u","password":"env:P","queue":"q"`
	for settings, name := range map[string]string{`{` + good + `,"offer":{"delete":"x"}}`: "offer", `{` + good + `,"disconnect":true}`: "disconnect"} {
		if err := peek().Check([]byte(settings)); err == nil || fault.FieldsOf(err)[0].Name != name {
			t.Errorf("%s: %v, want a fault about %s", settings, err, name)
		}
	}
}

// TestPreviewBody shows names and sizes, and values only of the fields that the definition lists.
func TestPreviewBody(t *testing.T) {
	show := []string{"body.country", "body.document.type"}
	for body, want := range map[string]string{
		`{"session":"s-1","country":"EE","document":{"type":"passport","number":"K123"},"tags":["a","b"],"score":0.3,"ok":true,"none":null}`: `{country: "EE", document: {number: 4 characters, type: "passport"}, none: empty, ok: yes or no, score: number, session: 3 characters, tags: list of 2}`,
		`{"a":{"b":{"c":1}}}`: `{a: {b: {…}}}`,
		"Põder":               "text of 5 characters",
		"\xff\x00":            "2 bytes",
		"":                    "text of 0 characters",
		"12":                  "number",
	} {
		if got := previewBody([]byte(body), show); got != want {
			t.Errorf("%s is shown as\n%s, want\n%s", body, got, want)
		}
	}
	for _, v := range actiontest.HostileValues() {
		got := previewBody(fmt.Appendf(nil, `{"country":%q,"x":%q}`, v.Text, v.Text), show)
		if len(got) > bodyShown+len("…") || strings.ContainsAny(got, "\n\x00\x1b") {
			t.Errorf("%s is shown as %q", v.Name, got)
		}
	}
}
