package rabbitmq

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/e2e/neighbour"
)

// childEnv carries an order to a process of this test binary that does one run and kills itself in the middle.
const childEnv = "FRONTLINE_PARK_CHILD"

// order is what the child is to do.
type order struct {
	Kind     string
	Call     action.Call
	Password string
	Kept     shelf
	Plan     action.Plan
	Ledger   string // a file
	death
}

// death is when the child dies; never when it is zero.
type death struct {
	Die   string        // "before found", "after captured"
	Nth   int           // the how manieth time it comes to that, from zero
	Tick  int           // or when it has waited that often for the next message
	Delay time.Duration // or that long after its first step
}

// certain says that the child cannot end alive.
func (d death) certain() bool { return d.Die != "" }

func (d death) String() string {
	switch {
	case d.Die != "":
		return fmt.Sprintf("%s %d", d.Die, d.Nth)
	case d.Tick > 0:
		return fmt.Sprintf("at message %d", d.Tick)
	}
	return "after " + d.Delay.String()
}

// entry is one line of the child's ledger.
type entry struct {
	Step    string
	Payload []byte
	Kept    *action.Quarantined
}

// child does the run. It speaks through the ledger's file alone.
func child() int {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(childEnv)), &o); err != nil {
		return 2
	}
	f, err := os.OpenFile(o.Ledger, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 2
	}
	o.Call.Secrets, o.Call.Kept = secrets(o.Password), o.Kept.kept
	if _, err := kindOf(o.Kind, &fuse{ticks: o.Tick}).Do(context.Background(), o.Call, o.Plan, &mortal{f: f, death: o.death}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// mortal is a ledger that syncs every step to a file, and at one of them is struck by lightning.
type mortal struct {
	f *os.File
	death
	taken int
}

// kindOf returns the kind of that name.
func kindOf(name string, c clock.Clock) action.Kind {
	for _, k := range Kinds(c) {
		if k.Name() == name {
			return k
		}
	}
	return nil
}

// fuse is a clock with which a process dies when it has waited so often for the next message.
type fuse struct {
	clock.Real
	ticks int
}

func (f *fuse) After(d time.Duration) (<-chan time.Time, func()) {
	if d == quietTime {
		if f.ticks--; f.ticks == 0 {
			die()
		}
	}
	return f.Real.After(d)
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func (m *mortal) write(e entry) error {
	if m.Delay > 0 {
		time.AfterFunc(m.Delay, die)
		m.Delay = 0
	}
	m.strike("before " + e.Step)
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := m.f.Write(append(b, '\n')); err != nil {
		return err
	}
	if err := m.f.Sync(); err != nil {
		return err
	}
	m.strike("after " + e.Step)
	return nil
}

func (m *mortal) strike(now string) {
	if now != m.Die {
		return
	}
	if m.Nth--; m.Nth < 0 {
		die()
	}
}

func (m *mortal) Commit(_ context.Context, step string, payload []byte) error {
	return m.write(entry{Step: step, Payload: payload})
}

func (m *mortal) Quarantine(_ context.Context, step string, q action.Quarantined) (string, error) {
	m.taken++
	id := fmt.Sprintf("Q-%d", m.taken)
	return id, m.write(entry{Step: step, Payload: []byte(id), Kept: &q})
}

func (m *mortal) Removed(_ context.Context, step, id string) error {
	return m.write(entry{Step: step, Payload: []byte(id)})
}

func (m *mortal) Replayed(_ context.Context, step, id string) error {
	return m.write(entry{Step: step, Payload: []byte(id)})
}

func (*mortal) File(context.Context, string, string, io.Reader) (action.File, error) {
	return action.File{}, errors.New("messages are no files")
}

func (*mortal) Progress(int, int, string) {}
func (*mortal) Printf(string, ...any)     {}

// killed runs the plan in a process that dies at the point, and returns what its ledger kept.
func killed(t *testing.T, o order) (steps []action.Step, kept []action.Quarantined) {
	t.Helper()
	o.Ledger, o.Call.Secrets = filepath.Join(t.TempDir(), "ledger"), nil
	b, err := json.Marshal(o)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(b))
	out, err := cmd.CombinedOutput()
	died := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if err != nil && !died || o.certain() && !died || died && o.death == (death{}) {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	f, err := os.Open(o.Ledger)
	if os.IsNotExist(err) {
		return nil, nil
	}
	must(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		must(t, json.Unmarshal(lines.Bytes(), &e))
		steps = append(steps, action.Step{Name: e.Step, Payload: e.Payload, At: time.Now()})
		if e.Kept != nil {
			kept = append(kept, *e.Kept)
		}
	}
	return steps, kept
}

// bystander consumes one message and never settles it, so that the queue has a consumer while the run goes on.
func (s *stage) bystander() (leave func()) {
	s.t.Helper()
	c := s.connection()
	ch, err := c.Channel()
	must(s.t, err)
	must(s.t, ch.Qos(1, 0, false))
	in, err := ch.Consume(queueName, "", false, false, false, false, nil)
	must(s.t, err)
	<-in
	return func() { _ = c.Close() }
}

// TestKilled kills the process at every step. Whatever the moment: no other message is lost or doubled, the order is
// exact, and the target is in the queue or in the quarantine, as the verdict afterwards says.
func TestKilled(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		const messages, target = 40, 17
		points := []struct {
			die             string
			inQueue, inCopy bool
		}{
			{"before " + stepHolding, true, false},
			{"before " + stepFound, true, false},    // held
			{"before " + stepCaptured, true, false}, // held, found
			{"after " + stepCaptured, true, true},   // copied, not acknowledged
			{"before " + stepRemoved, false, true},  // acknowledged, not recorded
			{"after " + stepRemoved, false, true},   // before giving back
			{"before " + stepReturned, false, true}, // gave back
			{"", false, true},
		}
		for name, args := range map[string]amqp.Table{"classic": classic(), "classic with a consumer": classic(), "quorum": quorum()} {
			for _, point := range points {
				t.Run(name+"/"+point.die, func(t *testing.T) {
					t.Parallel()
					s := newStage(t, on, args)
					s.publish(1, messages)
					call := s.call(map[string]any{"fingerprint": prints(t, target)})
					leave := func() {}
					if name == "classic with a consumer" {
						leave = s.bystander()
					}
					plan, err := park().Plan(t.Context(), call)
					must(t, err)
					steps, kept := killed(t, order{Kind: "rabbitmq.park", Call: call, Password: s.b.Password, Plan: plan, death: death{Die: point.die}})
					leave()

					want := ids(1, messages)
					if !point.inQueue {
						want = ids(1, messages, target)
					}
					s.holds(want)
					if inCopy := len(kept) == 1 && kept[0].Fingerprint == prints(t, target); inCopy != point.inCopy || len(kept) > 1 {
						t.Errorf("the quarantine holds %d copies, want the target: %v", len(kept), point.inCopy)
					}
					s.settled(t, call, plan, steps, point.inQueue)
					s.holds(want)
				})
			}
		}
	})
}

// settled reconciles and compares the verdict with the truth.
func (s *stage) settled(t *testing.T, call action.Call, plan action.Plan, steps []action.Step, inQueue bool) {
	t.Helper()
	led := &actiontest.Ledger{}
	res, err := park().Reconcile(t.Context(), call, plan, steps, led)
	must(t, err)
	if res.Unknown || res.Done == inQueue {
		t.Errorf("the verdict after %d steps is %+v, but the target is in the queue: %v", len(steps), res, inQueue)
	}
	if len(led.Kept()) > 0 {
		t.Errorf("reconciling put %d messages into quarantine", len(led.Kept()))
	}
}

// TestVerdictIsUnknownWhileSomebodyHolds has another connection hold the target without being a consumer, as one does whose
// machine died without a word: the target is not among the ready messages, and is not gone either.
func TestVerdictIsUnknownWhileSomebodyHolds(t *testing.T) {
	both(t, func(t *testing.T, on neighbour.Release) {
		s := newStage(t, on, classic())
		s.publish(1, 5)
		call := s.call(map[string]any{"fingerprint": prints(t, 1)})
		plan, err := park().Plan(t.Context(), call)
		must(t, err)
		steps, _ := killed(t, order{Kind: "rabbitmq.park", Call: call, Password: s.b.Password, Plan: plan, death: death{Die: "after " + stepCaptured}})
		s.ready(5)
		ch := s.channel()
		d, _, err := ch.Get(queueName, false)
		must(t, err)
		if d.MessageId != decision(1).MessageId {
			t.Fatalf("the head is %s", d.MessageId)
		}
		res, err := park().Reconcile(t.Context(), call, plan, steps, &actiontest.Ledger{})
		must(t, err)
		if !res.Unknown || res.Done {
			t.Errorf("the verdict is %+v, want unknown", res)
		}
		must(t, ch.Close())
		s.ready(5)
		s.settled(t, call, plan, steps, true)
	})
}
