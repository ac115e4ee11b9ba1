package kubernetes

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// childEnv carries an order to a process of this test binary that does one run and kills itself in the middle.
const childEnv = "FRONTLINE_KUBERNETES_CHILD"

// order is what the child is to do.
type order struct {
	Kind     string
	Settings json.RawMessage
	Inputs   map[string]any
	Token    string
	Plan     action.Plan
	Ledger   string // a file
	Die      string // "before evicting", "after evicted"; never when empty
}

// orderFor is the order to do the planned call.
func (s *stage) orderFor(k action.Kind, call action.Call, plan action.Plan, die string) order {
	return order{Kind: k.Name(), Settings: call.Settings, Inputs: call.Inputs, Token: s.Token, Plan: plan, Die: die}
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
	call := action.Call{Run: "R-7", Settings: o.Settings, Inputs: o.Inputs, Secrets: map[string]secret.Text{"token": secret.New(o.Token)}}
	for _, k := range Kinds(clock.Real{}) {
		if k.Name() != o.Kind {
			continue
		}
		if _, err := k.Do(context.Background(), call, o.Plan, &mortal{f: f, die: o.Die}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return 0
}

// mortal is a ledger that syncs every step to a file, and at one of them is struck by lightning.
type mortal struct {
	actiontest.Ledger
	f   *os.File
	die string
}

// Commit implements action.Ledger.
func (m *mortal) Commit(_ context.Context, step string, payload []byte) error {
	m.strike("before " + step)
	b, err := json.Marshal(action.Step{Name: step, Payload: payload, At: time.Now()})
	if err == nil {
		_, err = m.f.Write(append(b, '\n'))
	}
	if err == nil {
		err = m.f.Sync()
	}
	m.strike("after " + step)
	return err
}

// File implements action.Ledger.
func (m *mortal) File(_ context.Context, name, contentType string, body io.Reader) (action.File, error) {
	n, err := io.Copy(io.Discard, body)
	return action.File{ID: name, Name: name, Type: contentType, Size: n}, err
}

func (m *mortal) strike(now string) {
	if now == m.die {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// killed runs the plan in a process that dies at the point, and returns what its ledger kept.
func killed(t *testing.T, o order) []action.Step {
	t.Helper()
	o.Ledger = filepath.Join(t.TempDir(), "ledger")
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
		return nil
	}
	must(t, err)
	defer f.Close()
	var steps []action.Step
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var s action.Step
		must(t, json.Unmarshal(lines.Bytes(), &s))
		steps = append(steps, s)
	}
	return steps
}

// point is a moment to die at, and whether the work is done by then.
type point struct {
	die  string
	done bool
}

// TestKilledEviction kills the process at every step of an eviction. Whatever the moment: the verdict is the truth, the same plan never evicts a
// second pod, and no other pod is touched.
func TestKilledEviction(t *testing.T) {
	for _, p := range []point{{"before " + stepEvicting, false}, {"after " + stepEvicting, false}, {"before " + stepEvicted, true}, {"after " + stepEvicted, true}, {"", true}} {
		t.Run(p.die, func(t *testing.T) {
			t.Parallel()
			s, k := newStage(t), kind(t, "evict")
			s.deploy(pipeline, 3)
			before := s.pods(pipeline)
			s.crash(before[0].Metadata.Name)
			call := s.call(quick(), object{"workload": pipeline})
			plan, err := k.Plan(t.Context(), call)
			must(t, err)
			steps := killed(t, s.orderFor(k, call, plan, p.die))
			if p.done {
				s.replaced(pipeline, 3, before[0])
			}
			s.settled(t, k, call, plan, steps, p.done)
			s.onlyOne(t, before, p.done)
			if !p.done {
				return
			}
			_, err = k.Do(t.Context(), call, plan, &actiontest.Ledger{})
			refuses(t, err, fault.Conflict, "replaced since")
			s.onlyOne(t, before, true)
		})
	}
}

// settled reconciles, twice, and compares the verdict with the truth.
func (s *stage) settled(t *testing.T, k action.Kind, call action.Call, plan action.Plan, steps []action.Step, done bool) {
	t.Helper()
	for range 2 {
		res, err := k.Reconcile(t.Context(), call, plan, steps, &actiontest.Ledger{})
		must(t, err)
		if res.Unknown || res.Done != done {
			t.Errorf("the verdict after %d steps is %+v, but it was done: %v", len(steps), res, done)
		}
	}
}

// onlyOne looks whether no other than the first pod was replaced.
func (s *stage) onlyOne(t *testing.T, before []pod, done bool) {
	t.Helper()
	for i, was := range before {
		there := slices.ContainsFunc(s.pods(pipeline), func(p pod) bool { return p.Metadata.UID == was.Metadata.UID })
		if there == (done && i == 0) {
			t.Errorf("the pod %s is there: %v; the first one was evicted: %v", was.Metadata.Name, there, done)
		}
	}
}

// TestKilledRollouts kills the process at every step of what changes a workload, and of a cordon.
func TestKilledRollouts(t *testing.T) {
	for name, world := range map[string]func(*stage) actiontest.World{
		"restart-rollout": worldOfRestart, "rollback": worldOfRollback, "scale": worldOfScale, "cordon": worldOfCordon,
	} {
		for _, p := range []point{{"before " + stepChanging, false}, {"after " + stepChanging, false}, {"before " + stepChanged, true}, {"after " + stepChanged, true}, {"", true}} {
			t.Run(name+"/"+p.die, func(t *testing.T) {
				t.Parallel()
				s, k := newStage(t), kind(t, name)
				w := world(s)
				plan, err := k.Plan(t.Context(), w.Call)
				must(t, err)
				before := w.Observe(t)
				steps := killed(t, s.orderFor(k, w.Call, plan, p.die))
				after := w.Observe(t)
				if (after != before) != p.done {
					t.Errorf("before %s, after %s", before, after)
				}
				s.settled(t, k, w.Call, plan, steps, p.done)
				if !p.done {
					return
				}
				_, err = k.Do(t.Context(), w.Call, plan, &actiontest.Ledger{})
				refuses(t, err, fault.Conflict)
				if again := w.Observe(t); again != after {
					t.Errorf("the same plan worked twice: from %s to %s", after, again)
				}
			})
		}
	}
}

// TestKilledDrain kills the process in the middle of a drain: the verdict counts what is left.
func TestKilledDrain(t *testing.T) {
	for die, want := range map[string]action.Result{
		"before " + stepClosing: {}, "after " + stepClosing: {}, "before " + stepClosed: {Unknown: true}, "after " + stepClosed: {Unknown: true},
		"before " + stepEvicted: {Done: true}, "before " + stepDrained: {Done: true}, "after " + stepDrained: {Done: true},
	} {
		t.Run(die, func(t *testing.T) {
			t.Parallel()
			s, k := newStage(t), kind(t, "drain")
			w := worldOfDrain(s)
			plan, err := k.Plan(t.Context(), w.Call)
			must(t, err)
			steps := killed(t, s.orderFor(k, w.Call, plan, die))
			for range 2 {
				res, err := k.Reconcile(t.Context(), w.Call, plan, steps, &actiontest.Ledger{})
				must(t, err)
				if res.Done != want.Done || res.Unknown != want.Unknown {
					t.Errorf("the verdict is %+v, want done %v and unknown %v; the node is %s", res, want.Done, want.Unknown, w.Observe(t))
				}
			}
		})
	}
}
