package store

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/runner"
)

// enrolled is a runner that may work.
func enrolled(t *testing.T, db *DB, name string, labels map[string]string) runner.Runner {
	t.Helper()
	token := runner.Token{Hash: "hash of " + name, Name: name, By: "marika", Until: db.Now().Add(time.Hour)}
	if err := db.AddRunnerToken(t.Context(), token, journal.Consequences{}); err != nil {
		t.Fatal(err)
	}
	r, err := db.Enrol(t.Context(), token.Hash, func(k runner.Token, now time.Time) (runner.Runner, journal.Consequences, error) {
		return runner.Runner{Name: k.Name, Labels: labels, Key: make(ed25519.PublicKey, 32), AddedBy: k.By, AddedAt: now}, journal.Consequences{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func beat(t *testing.T, db *DB, r runner.Runner, boot string) []runner.Assignment {
	t.Helper()
	held, _, err := db.Beat(t.Context(), runner.Beat{Runner: r.ID, Boot: boot, Room: 4, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return held
}

var inBerlin = map[string]string{"network": "berlin"}

func assigned(t *testing.T, db *DB, run string, step action.OrderStep) runner.Assignment {
	t.Helper()
	a, err := db.Assign(t.Context(), runner.Assignment{Run: run, Step: step, Action: "berlin/settle", Labels: inBerlin, State: runner.Waiting, Order: []byte("sealed")})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAnAssignmentIsTakenOnce lets many runners ask at once.
func TestAnAssignmentIsTakenOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		var runners []runner.Runner
		for i := range 6 {
			runners = append(runners, enrolled(t, a, fmt.Sprintf("berlin-%d", i), inBerlin))
		}
		stranger := enrolled(t, a, "paris-1", map[string]string{"network": "paris"})
		want := map[string]bool{}
		for range 12 {
			want[assigned(t, a, "", action.OrderPlan).ID] = true
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		got := map[string]int{}
		for i, r := range runners {
			wg.Go(func() {
				for _, x := range beat(t, []*DB{a, b}[i%2], r, "boot") {
					mu.Lock()
					got[x.ID]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if held := beat(t, a, stranger, "boot"); len(held) > 0 {
			t.Errorf("a runner without the label holds %+v", held)
		}
		for id, n := range got {
			if n != 1 || !want[id] {
				t.Errorf("%s was taken %d times", id, n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d of %d were taken", len(got), len(want))
		}
	})
}

// TestALaterProcessTakesOver starts a runner anew: what its earlier process held is lost, and that one is refused.
func TestALaterProcessTakesOver(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		r := enrolled(t, db, "berlin-1", inBerlin)
		run := running(t, db)
		a := assigned(t, db, run.ID, action.OrderDo)
		if held := beat(t, db, r, "boot-1"); len(held) != 1 || held[0].ID != a.ID || held[0].RunnerName != "berlin-1" {
			t.Fatalf("held %+v", held)
		}
		if now, err := db.ActionRun(t.Context(), run.ID); err != nil || now.Runner != "berlin-1" {
			t.Errorf("the run was taken by %q %v", now.Runner, err)
		}
		first := runner.Hold{Assignment: a.ID, Runner: r.ID, Boot: "boot-1"}
		step := func(h runner.Hold, call int64, name string) error {
			s, cs, err := run.Writes(action.StepOf{Step: action.Step{Name: name}}, c.Now())
			if err == nil {
				_, err = db.StepFor(t.Context(), h, call, s, cs)
			}
			return err
		}
		for _, call := range []int64{1, 1, 2} { // the second is the first once more
			if err := step(first, call, fmt.Sprintf("step-%d", call)); err != nil {
				t.Fatal(err)
			}
		}
		if err := step(first, 1, "late"); !errors.Is(err, runner.ErrGone) {
			t.Errorf("a call from before: %v", err)
		}
		if held := beat(t, db, r, "boot-2"); len(held) > 0 {
			t.Errorf("the later process holds %+v", held)
		}
		if err := step(first, 3, "after"); !errors.Is(err, runner.ErrGone) {
			t.Errorf("a step of the earlier process: %v", err)
		}
		if _, _, err := db.Beat(t.Context(), runner.Beat{Runner: r.ID, Boot: "boot-1", Lease: time.Minute}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the earlier process asks for work: %v", err)
		}
		steps, err := db.RunSteps(t.Context(), run.ID)
		if err != nil || len(steps) != 2 || steps[0].Name != "step-1" || steps[1].Name != "step-2" {
			t.Errorf("steps %+v %v", steps, err)
		}
	})
}

// TestARunChangesHandsUnderItsRunner takes a run over again and again, as servers that start anew do, while its runner writes: nothing is refused.
func TestARunChangesHandsUnderItsRunner(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		r := enrolled(t, a, "berlin-1", inBerlin)
		run := running(t, a)
		h := runner.Hold{Assignment: assigned(t, a, run.ID, action.OrderDo).ID, Runner: r.ID, Boot: "boot-1"}
		beat(t, a, r, h.Boot)
		written := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			defer close(written)
			for call := range int64(100) {
				s, cs, err := run.Writes(action.StepOf{Step: action.Step{Name: "step"}}, a.Now())
				if err == nil {
					_, err = a.StepFor(t.Context(), h, call+1, s, cs)
				}
				if err == nil {
					err = a.OutputFor(t.Context(), h, call, []action.Line{{Text: "line"}}, action.Progress{})
				}
				if err != nil {
					t.Errorf("call %d: %v", call, err)
				}
			}
		})
		for n, done := 0, false; !done; n++ {
			select {
			case <-written:
				done = true
			default:
			}
			if _, err := b.ChangeRun(t.Context(), run.ID, func(c action.Current) (action.Run, journal.Consequences, error) {
				c.Run.Holder = fmt.Sprintf("holder %d", n)
				return c.Run, journal.Consequences{}, nil
			}); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		if steps, err := a.RunSteps(t.Context(), run.ID); err != nil || len(steps) != 100 {
			t.Errorf("%d steps %v", len(steps), err)
		}
	})
}

// TestOutputComesOnce sends lines again that are here already.
func TestOutputComesOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		r := enrolled(t, db, "berlin-1", inBerlin)
		run := running(t, db)
		a := assigned(t, db, run.ID, action.OrderDo)
		beat(t, db, r, "boot-1")
		h := runner.Hold{Assignment: a.ID, Runner: r.ID, Boot: "boot-1"}
		lines := func(words ...string) (out []action.Line) {
			for _, w := range words {
				out = append(out, action.Line{Text: w})
			}
			return out
		}
		for _, x := range []struct {
			after int64
			lines []action.Line
		}{{0, lines("a", "b")}, {0, lines("a", "b")}, {0, lines("a", "b", "c")}, {3, lines("d")}, {3, nil}} {
			if err := db.OutputFor(t.Context(), h, x.after, x.lines, action.Progress{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.OutputFor(t.Context(), h, 9, lines("z"), action.Progress{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("lines from the future: %v", err)
		}
		got, err := db.RunOutput(t.Context(), run.ID, 1, 100)
		text := ""
		for _, l := range got {
			text += l.Text
		}
		if err != nil || text != "abcd" {
			t.Errorf("output %q %v", text, err)
		}
	})
}

func TestANonceServesOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh := 0
		for i := range 8 {
			wg.Go(func() {
				ok, err := []*DB{a, b}[i%2].UseNonce(t.Context(), "r", "n", a.Now().Add(time.Minute))
				if err != nil {
					t.Error(err)
				}
				if ok {
					mu.Lock()
					fresh++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if fresh != 1 {
			t.Errorf("it was fresh %d times", fresh)
		}
	})
}

// TestATokenEnrolsOnce lets several try at once, and one that comes too late.
func TestATokenEnrolsOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		if err := db.AddRunnerToken(t.Context(), runner.Token{Hash: "h", Name: "berlin-1", By: "marika", Until: db.Now().Add(time.Hour)}, journal.Consequences{}); err != nil {
			t.Fatal(err)
		}
		enrol := func() error {
			_, err := db.Enrol(t.Context(), "h", func(k runner.Token, now time.Time) (runner.Runner, journal.Consequences, error) {
				return runner.Runner{Name: k.Name, Key: make(ed25519.PublicKey, 32), AddedAt: now}, journal.Consequences{}, nil
			})
			return err
		}
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { errs[i] = enrol() })
		}
		wg.Wait()
		ok := 0
		for _, err := range errs {
			if err == nil {
				ok++
			} else if !fault.Is(err, fault.Unauthenticated) {
				t.Error(err)
			}
		}
		if ok != 1 {
			t.Errorf("it enrolled %d runners", ok)
		}
		if err := db.AddRunnerToken(t.Context(), runner.Token{Hash: "h", Name: "berlin-2", By: "marika", Until: db.Now().Add(time.Hour)}, journal.Consequences{}); err != nil {
			t.Fatal(err)
		}
		c.Move(time.Hour + time.Second)
		if err := enrol(); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a token after its time: %v", err)
		}
	})
}

// running is a run in the hands of a job.
func running(t *testing.T, db *DB) action.Run {
	t.Helper()
	d := action.Definition{ID: "berlin/settle", Team: "support", Risk: action.RiskChange, Kind: "exec", Runner: inBerlin}
	r, err := db.AddRun(t.Context(), action.Run{Definition: d, Version: d.Version(), State: action.Planned}, func(action.Run) journal.Consequences { return journal.Consequences{} })
	if err == nil {
		r, err = db.ChangeRun(t.Context(), r.ID, func(c action.Current) (action.Run, journal.Consequences, error) {
			c.Run.State, c.Run.Holder, c.Run.BegunAt = action.Running, "job:1", c.Now
			return c.Run, journal.Consequences{}, nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}
