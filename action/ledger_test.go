package action

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
)

// written keeps output in memory, and answers with an error while it has one.
type written struct {
	Runs
	mu    sync.Mutex
	lines []Line
	last  Progress
	calls int
	err   error
	came  chan struct{} // receives after a call when not nil
}

func (w *written) AddOutput(_ context.Context, _, _ string, lines []Line, p Progress) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.came != nil {
		defer nudge(w.came)
	}
	if w.err != nil {
		return w.err
	}
	w.lines, w.last = append(w.lines, lines...), p
	return nil
}

func (w *written) CommitStep(context.Context, StepOf, journal.Consequences) (string, error) {
	return "", ErrTaken
}

func (w *written) AddFile(context.Context, string, string, File, []byte) (string, error) {
	return "", ErrTaken
}

func (w *written) answers(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

func newLedger(w *written) (*ledger, *clock.Moved) {
	c := clock.NewMoved(time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC))
	return openLedger(w, c, slog.New(slog.DiscardHandler), Run{ID: "r"}, "h", maskOf("hunter2")), c
}

// TestAllLinesArrive prints far more than waits at once: a kind is slowed down, and nothing is lost.
func TestAllLinesArrive(t *testing.T) {
	w := &written{}
	l, _ := newLedger(w)
	const n = 3 * mostWaits
	var both sync.WaitGroup
	for half := range 2 {
		both.Go(func() {
			for i := range n / 2 {
				l.Printf("%d %d", half, i)
			}
		})
	}
	both.Wait()
	l.Progress(n, n, "printed with hunter2")
	l.close()
	if len(w.lines) != n || w.calls > 2*n/batchLines || w.last.What != "printed with ***" {
		t.Errorf("%d of %d lines arrived in %d writes, progress %q", len(w.lines), n, w.calls, w.last.What)
	}
	var next [2]int
	for _, line := range w.lines {
		var half, i int
		if _, err := fmt.Sscan(line.Text, &half, &i); err != nil || i != next[half] {
			t.Fatalf("line %q comes where %d was expected", line.Text, next[half])
		}
		next[half]++
	}
}

func TestOutputSurvivesAnOutage(t *testing.T) {
	w := &written{err: fault.New(fault.Unavailable, "The database does not answer."), came: make(chan struct{}, 1)}
	l, _ := newLedger(w)
	for i := range batchLines {
		l.Printf("%d", i)
	}
	<-w.came // refused
	for i := range 2 * mostWaits {
		l.Printf("%d", batchLines+i) // never blocks while the database is away
	}
	w.answers(nil)
	l.close()
	if n := len(w.lines); n != mostWaits+1 || w.lines[0].Text != "0" || w.lines[batchLines].Text != fmt.Sprint(batchLines) {
		t.Fatalf("%d lines arrived, from %q", n, w.lines[0].Text)
	}
	if last := w.lines[len(w.lines)-1].Text; !strings.Contains(last, "lines are missing") {
		t.Errorf("the last line is %q, want it to say that lines are missing", last)
	}
}

func TestOutputIsBounded(t *testing.T) {
	w := &written{}
	l, _ := newLedger(w)
	for range mostBytes/longLine + 100 {
		l.Printf("%s", strings.Repeat("x", longLine+1))
	}
	l.close()
	last := w.lines[len(w.lines)-1].Text
	if len(w.lines) > mostBytes/longLine+1 || !strings.Contains(last, "the output is cut here") {
		t.Errorf("%d long lines were kept, the last is %.80q", len(w.lines), last)
	}
}

// TestOutputHoldsLittleMemory prints long lines while the database is away: hundreds of runs may do that at once.
func TestOutputHoldsLittleMemory(t *testing.T) {
	w := &written{err: fault.New(fault.Unavailable, "The database does not answer."), came: make(chan struct{}, 1)}
	l, _ := newLedger(w)
	for range batchLines {
		l.Printf("%s", strings.Repeat("x", longLine))
	}
	<-w.came // refused
	for range mostHeld / longLine * 3 {
		l.Printf("%s", strings.Repeat("y", longLine))
	}
	if l.mu.Lock(); l.held > mostHeld+2*longLine {
		t.Errorf("%d bytes are held, of at most %d", l.held, mostHeld)
	}
	l.mu.Unlock()
	w.answers(nil)
	l.close()
	if l.held != 0 || !strings.Contains(w.lines[len(w.lines)-1].Text, "lines are missing") {
		t.Errorf("%d bytes are held at the end, and the last line is %.60q", l.held, w.lines[len(w.lines)-1].Text)
	}
}

func TestLostLedgerWritesNothing(t *testing.T) {
	w := &written{err: ErrTaken, came: make(chan struct{}, 1)}
	l, _ := newLedger(w)
	for range batchLines {
		l.Printf("x")
	}
	<-w.came
	if err := l.Commit(t.Context(), "removed", nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("Commit = %v, want a conflict", err)
	}
	for range 2 * mostWaits { // must not wait for room that nobody makes
		l.Printf("y")
	}
	l.close()
	if w.calls != 1 {
		t.Errorf("wrote %d times after the run was taken over, want none", w.calls-1)
	}
}

func TestStepNamesAreFixedWords(t *testing.T) {
	l, _ := newLedger(&written{})
	defer l.close()
	if err := l.Commit(t.Context(), "took out of Nordpank's queue", nil); !fault.Is(err, fault.Internal) {
		t.Errorf("Commit of a sentence = %v, want a refusal: it would stand in the journal", err)
	}
}

func TestPrintedLines(t *testing.T) {
	w := &written{}
	l, c := newLedger(w)
	l.Printf("one\r\ntwo\n\nthree\xff hunter2\n")
	c.Move(time.Second)
	l.close()
	var got []string
	for _, line := range w.lines {
		got = append(got, line.Text)
	}
	if want := "one|two||three\uFFFD ***"; strings.Join(got, "|") != want {
		t.Errorf("lines = %q, want %q", strings.Join(got, "|"), want)
	}
}
