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

	amqp "github.com/rabbitmq/amqp091-go"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/e2e/neighbour"
	"frontline/secret"
)

// childEnv carries an order to a process of this test binary that does one run and kills itself in the middle.
const childEnv = "FRONTLINE_PARK_CHILD"

// order is what the child is to do.
type order struct {
	Call     action.Call
	Password string
	Plan     action.Plan
	Ledger   string // a file
	Die      string // "before found", "after captured"; never when empty
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
	o.Call.Secrets = map[string]secret.Text{"password": secret.New(o.Password)}
	if _, err := park().Do(context.Background(), o.Call, o.Plan, &mortal{f: f, die: o.Die}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// mortal is a ledger that syncs every step to a file, and at one of them is struck by lightning.
type mortal struct {
	f   *os.File
	die string
}

func (m *mortal) write(e entry) error {
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
	if now == m.die {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (m *mortal) Commit(_ context.Context, step string, payload []byte) error {
	return m.write(entry{Step: step, Payload: payload})
}

func (m *mortal) Quarantine(_ context.Context, step string, q action.Quarantined) (string, error) {
	return "Q-1", m.write(entry{Step: step, Payload: []byte("Q-1"), Kept: &q})
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
	if died := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL; died != (o.Die != "") {
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
		steps = append(steps, action.Step{Name: e.Step, Payload: e.Payload})
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
					steps, kept := killed(t, order{Call: call, Password: s.b.Password, Plan: plan, Die: point.die})
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
		steps, _ := killed(t, order{Call: call, Password: s.b.Password, Plan: plan, Die: "after " + stepCaptured})
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
