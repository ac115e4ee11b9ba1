package oncall_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"frontline/clock"
	"frontline/oncall"
)

func TestTheAuditorFindsALostJobAndTheHeartbeatIsSilent(t *testing.T) {
	s := begin(t)
	beats := &counter{}
	heart := oncall.NewHeartbeat(s.auditor, beats, time.Minute, s.clock, discard())
	s.alert("critical")
	s.phone("karl", queue)
	s.clock.Move(2 * time.Minute)
	s.settle()
	s.mailbox("karl", queue)
	s.memory.Lose("oncall.step")
	s.clock.Move(3*time.Minute + 5*time.Second)
	s.settle()
	if h := s.health(); !h.Healthy() {
		t.Errorf("5 s late is within the grace: %s", h.Say())
	}
	if err := heart.Once(t.Context()); err != nil || beats.n != 1 {
		t.Errorf("a healthy pager beats: %v, %d beats", err, beats.n)
	}
	s.clock.Move(11 * time.Second)
	h := s.health()
	if h.Healthy() || len(h.Late) != 1 || !strings.Contains(h.Say(), "P-1") {
		t.Errorf("16 s late: %+v", h)
	}
	if err := heart.Once(t.Context()); err == nil || beats.n != 1 {
		t.Errorf("an unhealthy pager beats: %v, %d beats", err, beats.n)
	}
	s.settle() // the auditor has put the job back
	s.press(s.phone("aisha", queue))
	if h := s.health(); !h.Healthy() {
		t.Errorf("after the page went on: %s", h.Say())
	}
	s.clock.Move(time.Minute)
	if err := heart.Once(t.Context()); err == nil {
		t.Error("an auditor that has not looked for a minute proves nothing")
	}
}

func TestTheAuditorFindsAStuckAttempt(t *testing.T) {
	s := begin(t)
	if _, err := s.memory.CarryOut(t.Context(), oncall.RaiseOrder(stopped("critical"), source)); err != nil {
		t.Fatal(err)
	}
	if err := s.pager.Step(t.Context(), oncall.StepArgs{Page: "page-1"}); err != nil {
		t.Fatal(err)
	}
	s.memory.Lose("oncall.deliver")
	s.clock.Move(61 * time.Second)
	if h := s.health(); h.Healthy() || len(h.Stuck) != 1 {
		t.Errorf("health %+v", h)
	}
	s.settle()
	s.press(s.phone("karl", queue))
}

type counter struct{ n int }

func (c *counter) Beat(context.Context) error { c.n++; return nil }

func TestAnExhaustedPageIsNotHealthyUntilSomebodyAnswers(t *testing.T) {
	s := begin(t)
	s.alert("gappy")
	s.phone("karl", queue)
	s.clock.Move(2 * time.Minute)
	s.settle()
	s.mailbox("karl", queue)
	s.clock.Move(3 * time.Minute)
	s.settle()
	s.phone("marika", "you are the last resort")
	if h := s.health(); !h.Healthy() {
		t.Errorf("the last resort has just been paged: %s", h.Say())
	}
	s.clock.Move(5 * time.Minute)
	s.settle()
	m := s.phone("marika", "you are the last resort")
	if h := s.health(); h.Healthy() || len(h.Exhausted) != 1 {
		t.Errorf("nobody answered: %+v", h)
	}
	s.press(m)
	if h := s.health(); !h.Healthy() {
		t.Errorf("after the answer: %s", h.Say())
	}
}

// The auditor and the heartbeat run until they are stopped, and look again after their pause.
func TestAuditorAndHeartbeatRun(t *testing.T) {
	s := begin(t)
	c := &stepping{Moved: s.clock, waits: make(chan time.Duration, 8)}
	auditor := oncall.NewAuditor(s.memory, c, discard())
	ctx, done := running(t, auditor.Run)
	if d := <-c.waits; d != 5*time.Second || !auditor.Last().Healthy() {
		t.Errorf("waits %s, health %+v", d, auditor.Last())
	}
	first := auditor.Last().At
	s.clock.Move(5 * time.Second)
	if <-c.waits; !auditor.Last().At.Equal(first.Add(5 * time.Second)) {
		t.Errorf("looked at %s", auditor.Last().At)
	}
	beat := &counter{}
	_, stopped := running(t, oncall.NewHeartbeat(auditor, beat, 10*time.Second, c, discard()).Run)
	<-c.waits
	s.clock.Move(10 * time.Second)
	<-c.waits
	<-c.waits
	if beat.n != 1 {
		t.Errorf("%d beats", beat.n)
	}
	done()
	stopped()
	if ctx.Err() == nil {
		t.Error("the auditor was not stopped")
	}
}

// stepping tells when somebody begins to wait.
type stepping struct {
	*clock.Moved
	waits chan time.Duration
}

// After implements clock.Clock.
func (s *stepping) After(d time.Duration) (<-chan time.Time, func()) {
	c, stop := s.Moved.After(d)
	s.waits <- d
	return c, stop
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// running starts a loop and returns how to stop it and wait for it.
func running(t *testing.T, loop func(context.Context)) (context.Context, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); loop(ctx) }()
	stop := func() { cancel(); <-ended }
	t.Cleanup(stop)
	return ctx, stop
}
