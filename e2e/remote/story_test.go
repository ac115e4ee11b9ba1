package remote

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"frontline/client"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/wire"
)

// databases are both, where a story depends on the store.
var databases = map[string]func(testing.TB) string{"sqlite": sqlite, "postgres": postgres}

func TestARunElsewhere(t *testing.T) {
	neighbour.Need(t)
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			s := open(t, database(t), "2s")
			if _, err := s.client.PlanRun(t.Context(), wire.PlanRun{Action: "berlin/settle", Inputs: map[string]any{"id": "none"}}); !says(err, "No runner with the labels network=berlin is enrolled") {
				t.Errorf("without a runner: %v", err)
			}
			s.enrol("berlin-1", "network=berlin")
			s.aRunHasItsLedger()
			s.secretsStayWhereTheyBelong()
			s.whatThePolicyDoesNotAllowIsRefused()
			s.somebodyCancels()
			s.theServerIsAwayForAWhile()
			s.itIsRevoked()
		})
	}
}

func says(err error, words string) bool {
	return err != nil && strings.Contains(fault.Sentence(err), words)
}

func (s *site) aRunHasItsLedger() {
	s.t.Helper()
	run := s.ended(s.begin("berlin/settle", map[string]any{"id": "first"}).ID)
	if run.State != "succeeded" || run.Result.Summary != "Settled." || run.Runner != "berlin-1" {
		s.t.Fatalf("%+v %+v", run, run.Result)
	}
	if n := s.count("starts", "first"); n != 1 {
		s.t.Errorf("it was started %d times", n)
	}
	r, ok := s.runner("berlin-1")
	if !ok || r.Sandbox == "" || !strings.Contains(r.Policy, "berlin/*") || r.Labels[0] != "network=berlin" || r.Version == "" {
		s.t.Errorf("the runner says of itself %+v", r)
	}
}

// secretsStayWhereTheyBelong looks for the runner's own secret, and for one that a person gave, in all that the server has and says.
func (s *site) secretsStayWhereTheyBelong() {
	s.t.Helper()
	run := s.ended(s.begin("berlin/settle", map[string]any{"id": "own"}).ID)
	if out := s.output(run.ID); !strings.Contains(out, `settling own with {"broker":"***"}`) {
		s.t.Errorf("the output is %q", out)
	}
	run = s.ended(s.begin("berlin/told", map[string]any{"id": "told", "word": givenWord}).ID)
	if out := s.output(run.ID); run.State != "succeeded" || !strings.Contains(out, `settling told with {"word":"***"}`) {
		s.t.Errorf("%s: the output is %q", run.State, out)
	}
	if _, err := s.client.PlanRun(s.t.Context(), wire.PlanRun{Action: "here/settle", Inputs: map[string]any{"id": "none"}}); !says(err, "no stored secret broker-password") {
		s.t.Errorf("before it is stored: %v", err)
	}
	s.must(s.client.SetSecret(s.t.Context(), "broker-password", wire.SetSecret{Team: "support", Value: storedValue}))
	run = s.ended(s.begin("here/settle", map[string]any{"id": "here"}).ID)
	if out := s.output(run.ID); run.State != "succeeded" || !strings.Contains(out, `settling here with {"broker":"***"}`) || run.Runner != "" {
		s.t.Errorf("%s: the output is %q", run.State, out)
	}
	if err := s.client.RemoveSecret(s.t.Context(), "broker-password", false); !says(err, "is used by here/settle") {
		s.t.Errorf("it is removed: %v", err)
	}
	if all, err := s.client.Secrets(s.t.Context(), client.Page{}); err != nil || strings.Contains(fmt.Sprintf("%+v", all), storedValue) || len(all.Items) != 1 {
		s.t.Errorf("the list is %+v %v", all, err)
	}
	dump := s.dump()
	for _, value := range []string{brokerPassword, givenWord, storedValue} {
		if strings.Contains(dump, value) {
			s.t.Errorf("the database has %q", value)
		}
		if strings.Contains(s.logs(), value) {
			s.t.Errorf("a log has %q", value)
		}
	}
}

func (s *site) whatThePolicyDoesNotAllowIsRefused() {
	s.t.Helper()
	_, err := s.client.PlanRun(s.t.Context(), wire.PlanRun{Action: "berlin/danger", Reason: "the tests"})
	if !says(err, "The runner berlin-1 refuses this: its policy does not allow berlin/danger") || !fault.Is(err, fault.Forbidden) {
		s.t.Errorf("what is dangerous: %v", err)
	}
	if _, err := s.client.PlanRun(s.t.Context(), wire.PlanRun{Action: "paris/settle"}); !says(err, "network=paris") {
		s.t.Errorf("what is for Paris: %v", err)
	}
}

func (s *site) somebodyCancels() {
	s.t.Helper()
	run := s.begin("berlin/settle", map[string]any{"id": "long", "seconds": "600"})
	s.until("it is at work", func() bool { return s.count("starts", "long") == 1 })
	if r, ok := s.runner("berlin-1"); !ok || len(r.Runs) != 1 || r.Runs[0].ID != run.ID {
		s.t.Errorf("the runner works on %+v", r.Runs)
	}
	_, err := s.client.CancelRun(s.t.Context(), run.ID)
	s.must(err)
	run = s.ended(run.ID) // it was cut off, and has no check: nobody knows what it did
	if run.State != "unknown" || s.count("ends", "long") != 0 {
		s.t.Errorf("it ended %s: %+v", run.State, run.Result)
	}
}

// theServerIsAwayForAWhile stops the server in order, in the middle of a run, and starts it after the run's command has ended.
func (s *site) theServerIsAwayForAWhile() {
	s.t.Helper()
	run := s.begin("berlin/settle", map[string]any{"id": "alone", "seconds": "1"})
	s.until("it is at work", func() bool { return s.count("starts", "alone") == 1 })
	s.server.Stop(syscall.SIGTERM, patience)
	s.until("the command has ended without a server", func() bool { return s.count("ends", "alone") == 1 })
	s.start()
	run = s.ended(run.ID)
	if run.State != "succeeded" || run.Result.Summary != "Settled." || s.count("starts", "alone") != 1 {
		s.t.Errorf("it ended %s: %+v\n%s", run.State, run.Result, s.logs())
	}
	if out := s.output(run.ID); strings.Count(out, "settling alone") != 1 {
		s.t.Errorf("the output is %q", out)
	}
}

func (s *site) itIsRevoked() {
	s.t.Helper()
	run := s.begin("berlin/settle", map[string]any{"id": "last", "seconds": "600"})
	s.until("it is at work", func() bool { return s.count("starts", "last") == 1 })
	s.must(s.client.RevokeRunner(s.t.Context(), "berlin-1"))
	s.until("the runner has stopped", func() bool { return !s.runners["berlin-1"].Alive() })
	if run = s.ended(run.ID); run.State != "unknown" || s.count("ends", "last") != 0 {
		s.t.Errorf("its run ended %s: %+v", run.State, run.Result)
	}
	if raw, err := os.ReadFile(s.path("berlin-1.log")); err != nil || !strings.Contains(string(raw), "was revoked at") {
		s.t.Errorf("the runner says %s %v", raw, err)
	}
	all, err := s.client.Runners(s.t.Context(), client.Page{})
	if err != nil || len(all.Items) != 1 || all.Items[0].State != "revoked" {
		s.t.Errorf("the list has %+v %v", all, err)
	}
}
