package rabbitmq

import (
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

func matching() *Matching { return NewMatching(park()) }

// of is the nth decision, for another customer.
func of(customer string, n int) amqp.Publishing {
	m := decision(n)
	m.Headers["customer"] = customer
	return m
}

// mixed puts twelve decisions into the queue, of which the 3rd, 6th, 9th and 12th are Lumo Exchange's.
func (s *stage) mixed() {
	s.t.Helper()
	var all []amqp.Publishing
	for n := 1; n <= 12; n++ {
		customer := "nordpank"
		if n%3 == 0 {
			customer = "lumo"
		}
		all = append(all, of(customer, n))
	}
	s.send(all...)
}

func (s *stage) matching(condition string, change map[string]any) action.Call {
	s.t.Helper()
	call := s.call(map[string]any{"matching": condition})
	call.Settings = s.settings(change)
	must(s.t, matching().Check(call.Settings))
	return call
}

func (s *stage) matched(call action.Call) (action.Plan, action.Result, *actiontest.Ledger) {
	s.t.Helper()
	plan, err := matching().Plan(s.t.Context(), call)
	must(s.t, err)
	led := &actiontest.Ledger{}
	res, err := matching().Do(s.t.Context(), call, plan, led)
	must(s.t, err)
	return plan, res, led
}

// TestMatching takes out exactly the messages that match, copies first, and leaves the others in their order.
func TestMatching(t *testing.T) {
	everywhere(t, func(t *testing.T, s *stage) {
		s.mixed()
		plan, res, led := s.matched(s.matching(`headers.customer == "lumo" && body.country == "EE"`, nil))
		if !s.blind() {
			if len(plan.Changes) != 4 || len(plan.Tables) != 1 || plan.Tables[0].Rows[1][4] != decision(6).MessageId {
				t.Errorf("the plan is %+v", plan)
			}
		} else if len(plan.Tables) > 0 || !strings.Contains(plan.Summary, "at most 20 messages") {
			t.Errorf("the plan looked where looking can end a message: %+v", plan)
		}
		if !res.Done || res.Facts["taken"] != 4 || len(led.Kept()) != 4 || len(led.Gone()) != 4 || res.Undo == nil || res.Undo.Settings["matching"] != nil {
			t.Errorf("the run says %+v", res)
		}
		names := led.Names()
		if copies, first := slices.Index(names, stepRemoved), slices.Index(names, stepCaptured); first < 0 || copies != first+4 {
			t.Errorf("the steps are %v, want every copy before the first removal", names)
		}
		s.holds(ids(1, 12, 3, 6, 9, 12))
	})
}

// TestMatchingIsCapped takes at most as many as it may, and says that there may be more.
func TestMatchingIsCapped(t *testing.T) {
	everywhere(t, func(t *testing.T, s *stage) {
		s.mixed()
		call := s.matching(`headers.attempt == 12`, map[string]any{"scan": 5})
		if plan, err := matching().Plan(t.Context(), call); !s.blind() && (err != nil || !plan.Nothing) {
			t.Errorf("within the first five: %+v, %v, want nothing", plan, err)
		}
		call = s.matching(`headers.customer == "lumo"`, map[string]any{"most": 3})
		call.Inputs["most"] = 2
		_, res, led := s.matched(call)
		if res.Facts["taken"] != 2 || len(led.Kept()) != 2 {
			t.Errorf("the run says %+v", res)
		}
		s.holds(ids(1, 12, 3, 6))
	})
}

// TestMatchingTakesWhatWasPlanned refuses when one of the messages is gone, and leaves a match that came since.
func TestMatchingTakesWhatWasPlanned(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for name, args := range map[string]amqp.Table{"classic": classic(), "quorum": letters()} {
			t.Run(name, func(t *testing.T) {
				s := newStage(t, on, args)
				s.mixed()
				call := s.matching(`headers.customer == "lumo"`, nil)
				plan, err := matching().Plan(t.Context(), call)
				must(t, err)
				s.send(of("lumo", 20))
				led := &actiontest.Ledger{}
				_, err = matching().Do(t.Context(), call, plan, led)
				must(t, err)
				s.holds(append(ids(1, 12, 3, 6, 9, 12), decision(20).MessageId))

				s.send(of("lumo", 21))
				plan, err = matching().Plan(t.Context(), call)
				must(t, err)
				s.remove(20)
				led = &actiontest.Ledger{}
				if _, err = matching().Do(t.Context(), call, plan, led); !fault.Is(err, fault.Conflict) || len(led.Kept()) > 0 {
					t.Errorf("with one of the two gone: %v, kept %d", err, len(led.Kept()))
				}
				s.holds(append(ids(1, 12, 3, 6, 9, 12), decision(21).MessageId))
			})
		}
	})
}

// TestMatchingCostsOneDelivery shows what a run costs the others.
func TestMatchingCostsOneDelivery(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, with(quorum(), "x-delivery-limit", int32(50)))
		s.mixed()
		s.matched(s.matching(`headers.customer == "lumo"`, nil))
		ch := s.channel()
		must(t, ch.Qos(100, 0, false))
		in, err := ch.Consume(queueName, "", false, false, false, false, nil)
		must(t, err)
		for range 8 {
			if d := <-in; deliveries(&d) > 1 {
				t.Errorf("%s was delivered %d times", d.MessageId, deliveries(&d))
			}
		}
	})
}

// TestMatchingFindsOut asks after a crash with every copy durable: nothing removed, and everything removed.
func TestMatchingFindsOut(t *testing.T) {
	everywhere(t, func(t *testing.T, s *stage) {
		s.mixed()
		call := s.matching(`headers.customer == "lumo"`, nil)
		plan, err := matching().Plan(t.Context(), call)
		must(t, err)
		led := &actiontest.Ledger{}
		_, err = matching().Do(t.Context(), call, plan, led)
		must(t, err)
		crashed := slices.DeleteFunc(led.Steps(), func(x action.Step) bool { return x.Name == stepRemoved || x.Name == stepReturned })
		res, err := matching().Reconcile(t.Context(), call, plan, crashed, &actiontest.Ledger{})
		must(t, err)
		if !res.Done {
			t.Errorf("with the messages gone: %+v, want done", res)
		}
		s.send(of("lumo", 3), of("lumo", 6))
		if res, err = matching().Reconcile(t.Context(), call, plan, crashed, &actiontest.Ledger{}); err != nil || !res.Unknown || !strings.Contains(res.Summary, "2 of the 4") {
			t.Errorf("with two of them there: %+v, %v, want unknown", res, err)
		}
		s.send(of("lumo", 9), of("lumo", 12))
		if res, err = matching().Reconcile(t.Context(), call, plan, crashed, &actiontest.Ledger{}); err != nil || res.Done || res.Unknown {
			t.Errorf("with all of them there: %+v, %v, want not done", res, err)
		}
	})
}

func TestMatchingKeepsThePromisesOfAKind(t *testing.T) {
	worlds(t, func(s *stage) actiontest.World {
		s.mixed()
		call := s.matching(`headers.customer == "lumo" && place < 7`, nil)
		lockedOut := call
		lockedOut.Settings = s.settings(map[string]any{"user": "nobody"})
		bad := badSettings()
		good := `"broker":"http://r:1","amqp":"amqp://r:1","user":"u","password":"env:P","queue":"q"`
		for setting, value := range map[string]string{"most": `101`, "matching": `"headers.customer =="`, "disconnect": `true`} {
			bad[`{`+good+`,"`+setting+`":`+value+`}`] = setting
		}
		return actiontest.World{
			Kind: matching(), Call: call, Bad: bad, Unreachable: &lockedOut,
			Observe: func(testing.TB) string { return short(s.contents(12, 10, 11)) },
			Move: func(testing.TB) {
				s.remove(3)
				if s.blind() { // it is bound to the condition: nothing may match any more
					s.remove(6)
				}
			},
		}
	})
}

// TestConditions holds one message against conditions.
func TestConditions(t *testing.T) {
	d := &amqp.Delivery{RoutingKey: queueName, MessageId: "decision-001", Type: "decision.requested", Priority: 3, Timestamp: time.Unix(1795420800, 0), ContentType: "application/json",
		Headers: amqp.Table{"customer": "lumo", "attempt": int32(4), "trace": amqp.Table{"id": []byte("x1")}, "price": amqp.Decimal{Scale: 2, Value: 1999}, "x-death": []any{amqp.Table{"count": int64(7), "reason": "rejected"}}},
		Body:    []byte(`{"session":"s-001","country":"EE","documents":[{"type":"passport"},{"type":"visa"}],"score":0.31}`)}
	for condition, want := range map[string]bool{
		`true`:                                           true,
		`id == "decision-001" && priority > 2`:           true,
		`headers.attempt >= 4`:                           true,
		`headers.attempt in [1, 2]`:                      false,
		`headers.missing == nil`:                         true,
		`headers.missing == "x"`:                         false,
		`headers.trace.id == "x1"`:                       true,
		`headers.price > 19.9`:                           true,
		`headers["x-death"][0].count > 5`:                true,
		`any(headers["x-death"], .reason == "rejected")`: true,
		`body.country in ["EE", "LV"]`:                   true,
		`body.score < 0.5 and size > 10`:                 true,
		`any(body.documents, .type == "visa")`:           true,
		`body.nothing.deeper == 1`:                       false, // it fails, and does not match
		`text contains "s-001"`:                          true,
		`text matches "s.ssion"`:                         true,
		`headers.customer == inputs.customer`:            true,
		`given_back >= 9 || place == 2`:                  true,
		`at.Year() == 2026`:                              true,
	} {
		m, err := newMatcher("matching", condition, map[string]any{"customer": "lumo"})
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		if got := m.holds(d, message{deliveries: 1, place: 2}); got != want {
			t.Errorf("%s: %v, want %v (%s)", condition, got, want, m.unread())
		}
	}
	for _, condition := range []string{"", " ", "headers.customer ==", "colour == 1", "1 + 1", "id", strings.Repeat("true && ", 300) + "true", strings.Repeat("x", 5000),
		`any(body.documents, any(.pages, .n > 1))`, `count(1..1000000, any(1..1000000, # > 1)) > 1`} {
		if _, err := newMatcher("matching", condition, nil); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Name != "matching" || len(err.Error()) > 600 {
			t.Errorf("%.60q: %v, want it refused under its name", condition, err)
		}
	}
	binary := *d
	binary.Body, binary.Headers = []byte("\xff\xfe"), nil
	m, err := newMatcher("matching", `body == nil && text == "" && headers.customer == nil`, nil)
	must(t, err)
	if !m.holds(&binary, message{}) {
		t.Error("a message without headers and with a body of bytes is not seen as such")
	}
}

// TestHostileConditions gives every kind of text to a condition: as a value it is compared and never executed, as a condition it is read or refused.
func TestHostileConditions(t *testing.T) {
	t.Run("value", func(t *testing.T) {
		actiontest.RunHostile(t, "customer", func(t *testing.T, value string) (string, error) {
			m, err := newMatcher("matching", `headers.customer == inputs.customer`, map[string]any{"customer": value})
			must(t, err)
			if m.holds(&amqp.Delivery{Headers: amqp.Table{"customer": value + "'"}}, message{}) || !m.holds(&amqp.Delivery{Headers: amqp.Table{"customer": value}}, message{}) {
				t.Error("the value matches another text, or not itself")
			}
			return value, nil
		})
	})
	t.Run("condition", func(t *testing.T) {
		actiontest.RunHostile(t, "matching", func(_ *testing.T, value string) (string, error) {
			m, err := newMatcher("matching", value, nil)
			if err == nil {
				m.holds(&amqp.Delivery{Body: []byte(value)}, message{})
			}
			return value, err
		})
	})
	t.Run("message", func(t *testing.T) {
		for _, v := range actiontest.HostileValues() {
			m, err := newMatcher("matching", `id == inputs.x && body.a.b == 1 && text contains id`, map[string]any{"x": v.Text})
			must(t, err)
			m.holds(&amqp.Delivery{MessageId: v.Text, Body: []byte(v.Text), Headers: amqp.Table{v.Text: v.Text}}, message{})
			if unread := m.unread(); len(unread) > 400 {
				t.Errorf("%s: %d bytes of explanation", v.Name, len(unread))
			}
		}
	})
}
