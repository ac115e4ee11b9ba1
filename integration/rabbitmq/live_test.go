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

// patiently asks again while the broker is not there: one that has just come up says for some seconds that a queue is down.
func patiently[T any](t *testing.T, ask func() (T, error)) T {
	t.Helper()
	v, err := ask()
	for n := 0; fault.Is(err, fault.Unavailable) && n < 60; n++ {
		time.Sleep(time.Second / 2) // there is nothing to wait for but the broker's own report
		v, err = ask()
	}
	must(t, err)
	return v
}

// planned plans and expects one message to be proposed.
func planned(t *testing.T, call action.Call) action.Plan {
	t.Helper()
	plan := patiently(t, func() (action.Plan, error) { return park().Plan(t.Context(), call) })
	if plan.Nothing || len(plan.Changes) == 0 {
		t.Fatalf("the plan proposes nothing: %s", plan.Summary)
	}
	return plan
}

func taken(t *testing.T, call action.Call, plan action.Plan) (action.Result, *actiontest.Ledger) {
	t.Helper()
	led := &actiontest.Ledger{}
	res, err := park().Do(t.Context(), call, plan, led)
	must(t, err)
	if !res.Done || res.Unknown {
		t.Fatalf("the run says %+v", res)
	}
	return res, led
}

// TestPoisonedMessageAmongLiveConsumers is the night that this kind is for: two workers compete, one message fails again and
// again, the others flow. Exactly that one is taken, and every other one is finished exactly once.
func TestPoisonedMessageAmongLiveConsumers(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		const messages = 300
		for name, args := range map[string]amqp.Table{"classic": classic(), "quorum": quorum()} {
			for where, poisoned := range map[string]int{"at the head": 1, "in the middle": 150} {
				t.Run(name+" "+where, func(t *testing.T) {
					t.Parallel()
					s := newStage(t, on, args)
					s.publish(1, messages)
					w := newWorker(poisoned)
					w.work(s, 5, 2*time.Millisecond)
					w.work(s, 5, 2*time.Millisecond)
					<-w.failing
					call := s.call(nil)
					plan := planned(t, call)
					s.publish(messages+1, messages+20) // publishers go on
					_, led := taken(t, call, plan)
					s.publish(messages+21, messages+40)

					got := w.all(t, messages+39)
					slices.Sort(got)
					if want := ids(1, messages+40, poisoned); !slices.Equal(got, want) {
						t.Errorf("finished %d messages, want each of the other %d exactly once", len(got), len(want))
					}
					if kept := led.Kept(); len(kept) != 1 || kept[0].Fingerprint != prints(t, poisoned) {
						t.Errorf("the quarantine holds %d messages", len(kept))
					}
					s.ready(0)
				})
			}
		}
	})
}

// TestOrderForOneConsumer shows that a worker that depends on the order still gets it.
func TestOrderForOneConsumer(t *testing.T) {
	const messages, poisoned = 200, 40
	everywhere(t, func(t *testing.T, s *stage) {
		s.publish(1, messages)
		w := newWorker(poisoned)
		w.work(s, 1, 2*time.Millisecond)
		<-w.failing
		call := s.call(nil)
		plan := planned(t, call)
		taken(t, call, plan)
		if got, want := w.all(t, messages-1), ids(1, messages, poisoned); !slices.Equal(got, want) {
			t.Errorf("the worker finished\n%v, want\n%v", got, want)
		}
		if f := s.proved(park(), s.patient(call, nil), plan); !f.Helped || f.Facts["consumers"] != 1 || f.Facts["ready"] != 0 {
			t.Errorf("the proof says %+v", f)
		}
	})
}

// TestSuspectAmongACrashedBatch has a worker die of the first of ten messages that it held: all ten were given back, and the
// first of them is the one.
func TestSuspectAmongACrashedBatch(t *testing.T) {
	everywhere(t, func(t *testing.T, s *stage) {
		s.publish(1, 30)
		s.giveBack(10, 3)
		call := s.call(nil)
		plan := planned(t, call)
		if s.blind() {
			if len(plan.Tables) > 0 {
				t.Errorf("the plan looked where looking can end a message: %+v", plan.Tables)
			}
		} else if len(plan.Tables) != 1 || len(plan.Tables[0].Rows) != shown || plan.Tables[0].Rows[0][1] != prints(t, 1) {
			t.Fatalf("the plan's table is %+v", plan.Tables)
		}
		_, led := taken(t, call, plan)
		if kept := led.Kept(); len(kept) != 1 || kept[0].Fingerprint != prints(t, 1) {
			t.Errorf("the quarantine holds %+v", kept)
		}
		s.holds(ids(2, 30))
	})
}

// TestNothingToTake shows what a plan says when no message is suspect, or none is there.
func TestNothingToTake(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		for _, c := range []struct {
			messages int
			inputs   map[string]any
			say      string
		}{
			{0, nil, "empty"},
			{5, nil, "nothing looks poisoned"},
			{5, map[string]any{"fingerprint": prints(t, 99)}, "not in decisions any more"},
		} {
			if c.messages > 0 {
				_, err := s.channel().QueuePurge(queueName, false)
				must(t, err)
				s.publish(1, c.messages)
			}
			plan, err := park().Plan(t.Context(), s.call(c.inputs))
			must(t, err)
			if !plan.Nothing || !strings.Contains(plan.Summary, c.say) {
				t.Errorf("with %d messages the plan says %q, want it to say %q", c.messages, plan.Summary, c.say)
			}
		}
	})
}

// TestTwins takes two of three identical messages.
func TestTwins(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, letters())
		s.send(decision(1), decision(2), decision(7), decision(3), decision(7), decision(7), decision(4))
		call := s.call(map[string]any{"fingerprint": prints(t, 7), "twins": 4})
		if _, err := park().Plan(t.Context(), call); !fault.Is(err, fault.Invalid) {
			t.Errorf("planning four of three: %v, want Invalid", err)
		}
		call = s.call(map[string]any{"fingerprint": prints(t, 7), "twins": 2})
		res, led := taken(t, call, planned(t, call))
		if res.Facts["taken"] != 2 || len(led.Kept()) != 2 {
			t.Errorf("the run says %+v", res)
		}
		want := []string{decision(1).MessageId, decision(2).MessageId, decision(3).MessageId, decision(7).MessageId, decision(4).MessageId}
		s.holds(want)
	})
}

// TestHungConsumer reaches a message that hangs unacknowledged in a consumer, once that consumer is disconnected.
func TestHungConsumer(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for name, args := range map[string]amqp.Table{"classic": classic(), "quorum": quorum(),
			"quorum with a single active consumer": with(quorum(), "x-single-active-consumer", true)} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, on, args)
				s.publish(1, 6)
				s.bystander() // holds the first
				call := s.call(map[string]any{"disconnect": true})
				call.Settings = s.settings(map[string]any{"disconnect": true})
				plan := s.disconnecting(call)
				_, led := taken(t, call, plan)
				if kept := led.Kept(); len(kept) != 1 || kept[0].Fingerprint != prints(t, 1) {
					t.Fatalf("the quarantine holds %+v", kept)
				}
				s.holds(ids(2, 6))
			})
		}
	})
}

// disconnecting plans once the broker has reported the consumer's connection.
func (s *stage) disconnecting(call action.Call) action.Plan {
	s.t.Helper()
	var err error
	for range 240 {
		var plan action.Plan
		if plan, err = park().Plan(s.t.Context(), call); err == nil {
			if len(plan.Changes) != 2 || !strings.HasPrefix(plan.Changes[1].What, "Connection 127.0.0.1:") {
				s.t.Fatalf("the plan does not name the connection: %+v", plan.Changes)
			}
			return plan
		}
		time.Sleep(250 * time.Millisecond)
	}
	s.t.Fatal(err)
	return action.Plan{}
}

// TestQueuesThatNeedCare parks from queues where the usual way is closed or dangerous.
func TestQueuesThatNeedCare(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for _, c := range []struct {
			name       string
			args       amqp.Table
			autoDelete bool
			exclusive  bool // with an exclusive consumer that holds the first message
			consumer   bool // with a consumer that holds the first message
		}{
			{name: "single active consumer, classic", args: with(classic(), "x-single-active-consumer", true), consumer: true},
			{name: "exclusive consumer", args: classic(), exclusive: true},
			{name: "auto-delete", args: classic(), autoDelete: true},
			{name: "priorities", args: with(classic(), "x-max-priority", int32(5))},
			{name: "single active consumer, quorum, nobody there", args: with(quorum(), "x-single-active-consumer", true)},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, on, classic())
				_, err := s.channel().QueueDelete(queueName, false, false, false)
				must(t, err)
				s.declare(c.args, c.autoDelete)
				s.publish(1, 20)
				left := ids(1, 20, 9)
				if c.consumer || c.exclusive {
					ch := s.channel()
					must(t, ch.Qos(1, 0, false))
					in, err := ch.Consume(queueName, "", false, c.exclusive, false, false, nil)
					must(t, err)
					<-in
					left = left[1:]
				}
				call := s.call(map[string]any{"fingerprint": prints(t, 9)})
				taken(t, call, planned(t, call))
				if !c.autoDelete && !c.exclusive && !c.consumer {
					s.holds(left)
					return
				}
				s.ready(len(left))
				if got := s.listed(); !slices.Equal(got, left) {
					t.Errorf("the queue holds %v, want %v", got, left)
				}
			})
		}
	})
}

// listed lists the ready messages without consuming, which an auto-delete queue would not survive.
func (s *stage) listed() []string {
	s.t.Helper()
	ch := s.channel()
	defer ch.Close()
	all := []string{}
	for {
		d, some, err := ch.Get(queueName, false)
		must(s.t, err)
		if !some {
			return all
		}
		all = append(all, d.MessageId)
	}
}

// TestRefusals lists queues that are not touched, and why.
func TestRefusals(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		for _, c := range []struct {
			name string
			args amqp.Table
			kind fault.Kind
			say  string
			busy bool              // with a consumer
			only neighbour.Release // others are different
		}{
			{"stream", amqp.Table{"x-queue-type": "stream"}, fault.Invalid, "stream", false, ""},
			{"nearly full and dropping", with(classic(), "x-max-length", int32(10)), fault.Conflict, "drops its oldest", false, ""},
			{"short-lived messages", with(classic(), "x-message-ttl", int32(30_000)), fault.Conflict, "expire", false, ""},
			{"short-lived queue", with(classic(), "x-expires", int32(30_000)), fault.Conflict, "deletes itself", false, ""},
			{"single active consumer on a quorum queue", with(quorum(), "x-single-active-consumer", true), fault.Conflict, "one consumer at a time", true, neighbour.RabbitMQ3},
		} {
			if c.only != "" && c.only != on {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, on, classic())
				_, err := s.channel().QueueDelete(queueName, false, false, false)
				must(t, err)
				s.declare(c.args, false)
				s.publish(1, 9)
				if c.busy {
					s.bystander()
				}
				_, err = park().Plan(t.Context(), s.call(nil))
				if !fault.Is(err, c.kind) || !strings.Contains(fault.Sentence(err), c.say) {
					t.Errorf("Plan = %v, want %s saying %q", err, c.kind, c.say)
				}
			})
		}
	})
}

// TestFullQueueThatRejects is not refused: it drops nothing.
func TestFullQueueThatRejects(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, with(with(classic(), "x-max-length", int32(9)), "x-overflow", "reject-publish"))
		s.publish(1, 9)
		call := s.call(map[string]any{"fingerprint": prints(t, 4)})
		taken(t, call, planned(t, call))
		s.holds(ids(1, 9, 4))
	})
}

// TestDeliveryLimit shows that no message is lost to the limit of a quorum queue: the plan holds nothing, and the run keeps a copy
// of what would not survive being given back.
func TestDeliveryLimit(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		const limit = 3
		s := newStage(t, on, with(quorum(), "x-delivery-limit", int32(limit)))
		s.publish(1, 8)
		s.giveBack(2, limit) // the first two have used all they have
		call := s.call(map[string]any{"fingerprint": prints(t, 5)})
		for range limit + 1 { // a look costs a delivery: this plan takes none
			plan := planned(t, call)
			if len(plan.Tables) > 0 {
				t.Errorf("the plan looked: %+v", plan.Tables)
			}
		}
		s.ready(8)
		res, led := taken(t, call, planned(t, call))
		s.holds(ids(3, 8, 5))
		var kept []string
		for _, q := range led.Kept() {
			kept = append(kept, q.Fingerprint)
		}
		if want := []string{prints(t, 1), prints(t, 2), prints(t, 5)}; !slices.Equal(kept, want) || res.Facts["spared"] != 2 {
			t.Errorf("the quarantine holds %v, want %v; the run says %v", kept, want, res.Facts)
		}
		if gone := led.Gone(); !slices.Equal(gone, []string{"Q-3", "Q-1", "Q-2"}) {
			t.Errorf("said to have left the queue: %v", gone)
		}
	})
}

// TestDeliveryLimitWithoutAFingerprint takes whichever message was given back most often when it is held.
func TestDeliveryLimitWithoutAFingerprint(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, with(quorum(), "x-delivery-limit", int32(10)))
		s.publish(1, 8)
		s.giveBack(3, 1)
		s.giveBack(1, 4)
		call := s.call(nil)
		_, led := taken(t, call, planned(t, call))
		if kept := led.Kept(); len(kept) != 1 || kept[0].Fingerprint != prints(t, 1) {
			t.Errorf("the quarantine holds %+v", kept)
		}
		s.holds(ids(2, 8))
	})
}

// TestDeliveryLimitWithDeadLetters refuses when the run would push another message over its limit.
func TestDeliveryLimitWithDeadLetters(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, with(with(quorum(), "x-delivery-limit", int32(5)), "x-dead-letter-exchange", "failed"))
		s.publish(1, 8)
		s.giveBack(2, 4)
		_, err := park().Plan(t.Context(), s.call(map[string]any{"fingerprint": prints(t, 5)}))
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "deliveries") {
			t.Errorf("Plan = %v, want a Conflict about deliveries", err)
		}
		s.ready(8)
	})
}

// TestOneDeliveryEach shows that a run costs an innocent message at most one delivery.
func TestOneDeliveryEach(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, with(quorum(), "x-delivery-limit", int32(50)))
		s.publish(1, 30)
		call := s.call(map[string]any{"fingerprint": prints(t, 12)})
		taken(t, call, planned(t, call))
		ch := s.channel()
		must(t, ch.Qos(100, 0, false))
		in, err := ch.Consume(queueName, "", false, false, false, false, nil)
		must(t, err)
		for range 29 {
			if d := <-in; deliveries(&d) > 1 {
				t.Errorf("%s was delivered %d times", d.MessageId, deliveries(&d))
			}
		}
	})
}

// TestForbidden lets a user without permission try, and finds nothing held and no secret told.
func TestForbidden(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		s.publish(1, 5)
		user, password := "blind-"+s.b.VHost, "not-for-the-log"
		s.api("PUT", "/api/users/"+user, map[string]string{"password": password, "tags": "management"})
		t.Cleanup(func() { s.api("DELETE", "/api/users/"+user, nil) })
		s.api("PUT", "/api/permissions/"+s.b.VHost+"/"+user, map[string]string{"configure": "", "write": "", "read": "^other$"})
		call := s.call(map[string]any{"fingerprint": prints(t, 3)})
		call.Settings = s.settings(map[string]any{"user": user})
		for secretName, want := range map[string]fault.Kind{password: fault.Forbidden, "wrong": fault.Forbidden} {
			call := call
			call.Secrets = secrets(secretName)
			_, err := park().Plan(t.Context(), call)
			if !fault.Is(err, want) || strings.Contains(err.Error(), password) {
				t.Errorf("Plan = %v, want %s", err, want)
			}
		}
		s.ready(5)
	})
}

// TestBrokerRestartsBetweenCopyAndRemoval stops the broker at the worst moment: the copy is durable, the message not removed.
func TestBrokerRestartsBetweenCopyAndRemoval(t *testing.T) {
	alone(t, func(t *testing.T, on neighbour.Release) {
		for name, c := range map[string]struct {
			args amqp.Table
			end  func(*neighbour.Broker)
		}{
			"classic, killed": {classic(), (*neighbour.Broker).Kill},
			"quorum, stopped": {quorum(), (*neighbour.Broker).Stop}, // a quorum queue that is seconds old does not survive a kill of its node
		} {
			t.Run(name, func(t *testing.T) {
				s := newStage(t, on, c.args)
				s.publish(1, 20)
				call := s.call(map[string]any{"fingerprint": prints(t, 6)})
				plan := planned(t, call)
				led := &lightning{after: stepCaptured, strike: func() { c.end(s.b); s.b.Start() }}
				if _, err := park().Do(t.Context(), call, plan, led); !fault.Is(err, fault.Unavailable) {
					t.Errorf("Do = %v, want Unavailable", err)
				}
				res := patiently(t, func() (action.Result, error) {
					return park().Reconcile(t.Context(), call, plan, led.Steps(), led)
				})
				if res.Done || res.Unknown {
					t.Errorf("the run says %+v, but the message is still there", res)
				}
				s.holds(ids(1, 20))
			})
		}
	})
}

// TestLongQueue finds a message at the end of 20,000.
func TestLongQueue(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, letters())
		s.publish(1, 20_000)
		call := s.call(map[string]any{"fingerprint": prints(t, 20_000)})
		if plan, err := park().Plan(t.Context(), call); err != nil || !plan.Nothing || !strings.Contains(plan.Summary, "scan") {
			t.Errorf("within the usual scan the plan is %+v, %v, want a hint at the setting scan", plan, err)
		}
		call.Settings = s.settings(map[string]any{"scan": 30_000})
		began := time.Now()
		plan := planned(t, call)
		looked := time.Now()
		taken(t, call, plan)
		t.Logf("20,000 messages: plan %s, run %s", looked.Sub(began).Round(time.Millisecond), time.Since(looked).Round(time.Millisecond))
		s.ready(19_999)
	})
}
