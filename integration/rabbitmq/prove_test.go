package rabbitmq

import (
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/fault"
)

// TestFlow says from what a queue did after a run whether the run helped.
func TestFlow(t *testing.T) {
	at := func(second, ready, messages, finished, redelivered int) pulse {
		return pulse{at: night.Add(time.Duration(second) * time.Second), ready: ready, messages: messages, consumers: 2, finished: finished, redelivered: redelivered}
	}
	gone := func(p pulse) pulse { p.consumers = 0; return p }
	hangs := func(p pulse) pulse { p.connections = []string{"worker-1"}; return p }
	for name, c := range map[string]struct {
		f      flow
		pulses []pulse
		proved bool
		says   string
	}{
		"empty at once":                 {flow{emptied: true}, []pulse{at(1, 0, 0, 5, 900)}, true, "Nothing is left in decisions"},
		"the report may be from before": {flow{}, []pulse{at(1, 0, 0, 5, 900)}, false, ""},
		"empty, reported since":         {flow{}, []pulse{at(1, 0, 0, 5, 900), at(7, 0, 0, 6, 901)}, true, "Nothing is left"},
		"one is in hand":                {flow{emptied: true}, []pulse{at(1, 0, 1, 5, 900), at(7, 0, 1, 5, 900)}, false, "nothing of decisions was seen to be finished"},
		"moves": {flow{emptied: true}, []pulse{at(1, 90, 95, 5, 900), at(7, 60, 65, 30, 1400), at(12, 40, 45, 50, 1410)}, true,
			"decisions moves again: 20 messages were finished while we looked, nothing goes round, and 40 messages wait."},
		"what was given back comes once more": {flow{emptied: true}, []pulse{at(7, 60, 65, 30, 1400), at(12, 40, 45, 50, 1420)}, true, "moves again"},
		"counted before the run":              {flow{emptied: true}, []pulse{at(1, 60, 65, 0, 0), at(5, 40, 45, 50, 0)}, false, ""},
		"another one goes round": {flow{emptied: true}, []pulse{at(7, 60, 65, 30, 1400), at(12, 60, 65, 32, 1900), at(14, 60, 65, 32, 1950), at(19, 60, 65, 32, 2400)}, false,
			"given back 1000 times while 2 messages were finished"},
		"it goes round no more, later":  {flow{emptied: true}, []pulse{at(7, 60, 65, 30, 1400), at(14, 60, 65, 30, 1900), at(19, 50, 51, 40, 1900)}, true, "moves again: 10 messages were finished"},
		"nobody works":                  {flow{emptied: true}, []pulse{gone(at(7, 60, 60, 30, 1400)), gone(at(12, 60, 60, 31, 1400))}, false, "No consumer came to decisions within 30s, and 60 messages wait."},
		"the broker counts anew":        {flow{emptied: true}, []pulse{at(7, 60, 65, 300, 1400), at(12, 50, 55, 2, 0), at(17, 40, 45, 12, 0)}, true, "10 messages were finished"},
		"the closed one is still there": {flow{closed: []string{"worker-1"}}, []pulse{hangs(at(7, 60, 65, 30, 0)), hangs(at(12, 0, 0, 90, 0))}, false, "still lists worker-1"},
		"the closed one went":           {flow{closed: []string{"worker-1"}}, []pulse{hangs(at(7, 60, 65, 30, 0)), at(12, 0, 0, 90, 0)}, true, "Nothing is left"},
	} {
		f := c.f
		f.queue, f.began = queueName, night
		proved := false
		for i, p := range c.pulses {
			if proved = f.proved(p); proved && i < len(c.pulses)-1 {
				t.Errorf("%s: proved by pulse %d already", name, i)
			}
		}
		says := f.unproved(30 * time.Second)
		if proved {
			says = f.helped()
		}
		if proved != c.proved || says.Helped != c.proved || !strings.Contains(says.Summary, c.says) {
			t.Errorf("%s: %+v, want %v and %q", name, says, c.proved, c.says)
		}
	}
}

var night = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

// proved looks whether a run helped.
func (s *stage) proved(k action.Prover, call action.Call, plan action.Plan) action.Finding {
	s.t.Helper()
	f, err := k.Prove(s.t.Context(), call, plan, action.Result{Done: true}, &actiontest.Ledger{})
	must(s.t, err)
	return f
}

// patient gives the proof all the time that a busy machine may need.
func (s *stage) patient(call action.Call, change map[string]any) action.Call {
	if change == nil {
		change = map[string]any{}
	}
	change["wait"] = "2m"
	call.Settings = s.settings(change)
	return call
}

// TestProofOfAPutBack follows a message out of the queue, back into it, and through a worker.
func TestProofOfAPutBack(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		s.publish(1, 3)
		call, _ := s.taken(2)
		call = s.patient(call, nil)
		plan, err := back().Plan(t.Context(), call)
		must(t, err)
		_, err = back().Do(t.Context(), call, plan, &actiontest.Ledger{})
		must(t, err)
		s.contents(3)
		w := newWorker(99)
		w.work(s, 1, 0)
		if f := s.proved(back(), call, plan); !f.Helped {
			t.Errorf("the proof says %+v", f)
		}
		if got := short(w.all(t, 3)); got != short([]string{decision(1).MessageId, decision(3).MessageId, decision(2).MessageId}) {
			t.Errorf("finished %s", got)
		}
	})
}

// TestProofThatFails takes the wrong message out, while the poisoned one goes round, and then has nobody work at all.
func TestProofThatFails(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		s.publish(1, 6)
		c := clock.NewMoved(night)
		k := NewPark(c)
		call := s.call(map[string]any{"fingerprint": prints(t, 5)})
		plan := planned(t, call)
		taken(t, call, plan)
		go func() { // time flies while the broker answers
			for t.Context().Err() == nil {
				c.Move(pulseEvery)
				time.Sleep(time.Millisecond)
			}
		}()
		if f := s.proved(k, call, plan); f.Helped || !strings.Contains(f.Summary, "No consumer came to decisions within 30s, and 5 messages wait.") {
			t.Errorf("without a consumer: %+v", f)
		}
		w := newWorker(1)
		w.work(s, 1, 20*time.Millisecond)
		<-w.failing
		call.Settings = s.settings(map[string]any{"wait": "20s"})
		if f := s.proved(park(), call, plan); f.Helped || !strings.Contains(f.Summary, "Look for another poisoned one") {
			t.Errorf("with the poisoned one going round: %+v", f)
		}
		lockedOut := call
		lockedOut.Settings = s.settings(map[string]any{"user": "nobody"})
		if _, err := park().Prove(t.Context(), lockedOut, plan, action.Result{}, &actiontest.Ledger{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("without permission: %v, want Forbidden", err)
		}
	})
}
