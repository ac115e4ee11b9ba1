package remote

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"frontline/e2e/neighbour"
	"frontline/wire"
)

var (
	kills = flag.Int("kills", 20, "how many times the server, the runner or both are killed, half of them on PostgreSQL")
	seed  = flag.Uint64("seed", 1, "of the moments of the kills")
)

// step is how far a run has come when somebody is killed. Each is seen from outside; a moment of chance follows.
type step int

const (
	asked    step = iota // the start was accepted
	taken                // a runner has it
	started              // its command has begun
	printed              // its output is with the server
	finished             // its command has ended, and the end is on its way
	steps
)

func (s step) String() string {
	return [...]string{"asked", "taken", "started", "printed", "finished"}[s]
}

// TestNothingIsStartedTwice kills the server, the runner, and both, at every step of runs. Each run ends, its command was started once at most, and
// what is said of it is true. While only the server is away, the runner goes on and nothing is lost.
func TestNothingIsStartedTwice(t *testing.T) {
	neighbour.Need(t)
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, database(t), "2s")
			s.enrol("berlin-1", "network=berlin")
			chance, ends := rand.New(rand.NewPCG(*seed, 0)), map[string]int{}
			for n := range *kills / 2 {
				at, victims := step(n%int(steps)), 1+n%3
				id := fmt.Sprintf("run-%04d", n)
				run := s.struck(id, at, victims, time.Duration(chance.Int64N(int64(60*time.Millisecond))))
				ends[fmt.Sprintf("%-6s killed when %-8s → %s", []string{"", "server", "runner", "both"}[victims], at, run.State)]++
				s.judge(id, run, victims)
				if t.Failed() {
					t.Fatal(s.logs())
				}
			}
			s.nothingIsLeft()
			for end, n := range ends {
				t.Logf("%2d × %s", n, end)
			}
		})
	}
}

// Victims are added up.
const (
	theServer = 1
	theRunner = 2
)

// struck starts a run, kills at the step, starts again what was killed, and waits for the run's end.
func (s *site) struck(id string, at step, victims int, later time.Duration) wire.Run {
	s.t.Helper()
	run := s.begin("berlin/checked", map[string]any{"id": id})
	s.until(fmt.Sprintf("%s is %s", id, at), func() bool { return s.reached(run.ID, id, at) })
	time.Sleep(later)
	if victims&theServer != 0 {
		kill(s.server)
	}
	if victims&theRunner != 0 {
		kill(s.runners["berlin-1"])
	}
	if victims&theServer != 0 {
		s.start()
	}
	if victims&theRunner != 0 {
		s.run("berlin-1", "network=berlin")
	}
	run = s.ended(run.ID)
	if run.State == "unknown" && victims&theRunner == 0 { // an answer is on its way
		s.until("it is known", func() bool {
			now, err := s.client.Run(s.t.Context(), run.ID)
			run = now
			return err == nil && now.State != "unknown"
		})
	}
	return run
}

func (s *site) reached(run, id string, at step) bool {
	switch at {
	case started:
		return s.count("starts", id) > 0
	case finished:
		return s.count("ends", id) > 0
	case asked:
		return true
	}
	now, err := s.client.Run(s.t.Context(), run)
	s.must(err)
	return now.Ended() || at == taken && now.Runner != "" || at == printed && now.Lines > 1
}

// judge holds what is said of the run against what happened.
func (s *site) judge(id string, run wire.Run, victims int) {
	s.t.Helper()
	starts, ends := s.count("starts", id), s.count("ends", id)
	if starts > 1 {
		s.t.Errorf("%s was started %d times", id, starts)
	}
	if run.State == "succeeded" && ends != 1 || run.State == "failed" && ends != 0 {
		s.t.Errorf("%s is %s (%s); its command was started %d times and came to its end %d times", id, run.State, run.Result.Summary, starts, ends)
	}
	if run.State != "succeeded" && victims == theServer && starts > 0 {
		s.t.Errorf("%s is %s (%s), though its runner was never away", id, run.State, run.Result.Summary)
	}
}

// nothingIsLeft looks for runs that run for ever, and for work that nobody waits for.
func (s *site) nothingIsLeft() {
	s.t.Helper()
	db := s.view()
	if left := s.texts(db, `SELECT id FROM run WHERE state = 'running'`); len(left) > 0 {
		s.t.Errorf("these runs say they are running: %v", left)
	}
	s.until("no assignment is open", func() bool {
		return len(s.texts(db, `SELECT id FROM assignment WHERE state IN ('waiting', 'held')`)) == 0
	})
}

// TestTheRunnerVanishes kills a runner for good. Its run is unknown until another one that matches can say what became of it.
func TestTheRunnerVanishes(t *testing.T) {
	neighbour.Need(t)
	s := open(t, sqlite(t), "500ms")
	s.enrol("berlin-1", "network=berlin")
	run := s.begin("berlin/checked", map[string]any{"id": "left", "seconds": "0.2"})
	s.until("it is at work", func() bool { return s.count("starts", "left") == 1 })
	kill(s.runners["berlin-1"])
	run = s.ended(run.ID)
	if run.State != "unknown" {
		t.Fatalf("it ended %s: %+v", run.State, run.Result)
	}
	s.enrol("berlin-2", "network=berlin,spare=yes")
	s.until("another runner says what became of it", func() bool {
		now, err := s.client.Run(t.Context(), run.ID)
		run = now
		return err == nil && now.State != "unknown"
	})
	if s.count("starts", "left") != 1 || (run.State == "succeeded") != (s.count("ends", "left") == 1) {
		t.Errorf("it is %s: %+v", run.State, run.Result)
	}
}

// TestOneKeyTwoProcesses starts a second process with the key of a runner. Only the later one goes on.
func TestOneKeyTwoProcesses(t *testing.T) {
	neighbour.Need(t)
	s := open(t, sqlite(t), "2s")
	s.enrol("berlin-1", "network=berlin")
	first := s.runners["berlin-1"]
	s.run("berlin-1", "network=berlin")
	s.until("the first has ended", func() bool { return !first.Alive() })
	if run := s.ended(s.begin("berlin/settle", map[string]any{"id": "one"}).ID); run.State != "succeeded" {
		t.Errorf("a run ended %s: %+v", run.State, run.Result)
	}
}
