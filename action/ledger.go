package action

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Bounds of a run's output.
const (
	batchLines = 100                    // lines are written when there are so many
	batchTime  = 250 * time.Millisecond // or the oldest has waited so long
	mostLines  = 200_000                // a run's output in all,
	mostBytes  = 64 << 20               // and from one holder
	mostWaits  = 20_000                 // lines waiting to be written: then the kind waits, unless the database does not answer;
	mostHeld   = 2 << 20                // and bytes of them, because hundreds of runs may be under way
	longLine   = 8 << 10                // bytes of one line
)

var _ Ledger = (*ledger)(nil)

// ledger writes what one holder of a run does: steps at once and durably, output and progress in batches.
type ledger struct {
	runs   Pages
	clock  clock.Clock
	log    *slog.Logger
	run    Run
	holder string
	mask   masker

	mu       sync.Mutex
	waiting  []Line
	held     int // bytes of the waiting lines, and of those in flight
	flying   int // lines that are being written just now
	progress Progress
	dirty    bool  // there is something to write
	lines    int64 // that the run has, with those waiting
	bytes    int   // that this holder printed
	cut      bool  // the output is over its bounds
	files    int
	steps    int  // committed by anybody so far
	lost     bool // somebody else holds the run
	failing  bool // the last write did not succeed
	missing  bool // lines were left out since
	room     *sync.Cond

	kick chan struct{} // something became dirty
	full chan struct{} // a whole batch waits
	done chan struct{} // closed by close
	wg   sync.WaitGroup
}

// openLedger starts the writer of output; close ends it.
func openLedger(runs Pages, c clock.Clock, log *slog.Logger, r Run, holder string, m masker) *ledger {
	l := &ledger{runs: runs, clock: c, log: log, run: r, holder: holder, mask: m, progress: r.Progress, lines: r.Lines, steps: r.Steps,
		kick: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan struct{})}
	l.room = sync.NewCond(&l.mu)
	l.wg.Go(l.write)
	return l
}

// close writes what waits and stops the writer.
func (l *ledger) close() {
	close(l.done)
	l.wg.Wait()
}

// drain writes what could not be written before, until it is, somebody else holds the run, or ctx ends. It comes after close.
func (l *ledger) drain(ctx context.Context) {
	for {
		l.mu.Lock()
		waits := l.dirty && !l.lost
		l.mu.Unlock()
		if !waits {
			return
		}
		l.flush()
		tick, stop := l.clock.After(batchTime)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// committed is how many steps are durable.
func (l *ledger) committed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.steps
}

// Commit implements Ledger.
func (l *ledger) Commit(ctx context.Context, step string, payload []byte) error {
	_, err := l.commit(ctx, StepOf{Step: Step{Name: step, Payload: payload}})
	return err
}

// Quarantine implements Ledger.
func (l *ledger) Quarantine(ctx context.Context, step string, q Quarantined) (string, error) {
	return l.commit(ctx, StepOf{Step: Step{Name: step, Payload: []byte(q.Fingerprint)}, Keep: &Kept{Quarantined: q}})
}

// Removed implements Ledger.
func (l *ledger) Removed(ctx context.Context, step, quarantined string) error {
	_, err := l.commit(ctx, StepOf{Step: Step{Name: step, Payload: []byte(quarantined)}, Removed: quarantined})
	return err
}

// Replayed implements Ledger.
func (l *ledger) Replayed(ctx context.Context, step, quarantined string) error {
	_, err := l.commit(ctx, StepOf{Step: Step{Name: step, Payload: []byte(quarantined)}, Replayed: quarantined})
	return err
}

// Bounds of a run's files.
const (
	mostFile  = 10 << 20 // bytes of one
	mostFiles = 20       // of one holder
)

// File implements Ledger.
func (l *ledger) File(ctx context.Context, name, contentType string, body io.Reader) (File, error) {
	raw, err := io.ReadAll(io.LimitReader(body, mostFile+1))
	if err != nil {
		return File{}, err
	}
	if len(raw) > mostFile {
		return File{}, fault.New(fault.TooLarge, "The file %s is larger than 10 MB. Write less, or put it where people can fetch it.", cut(name, 100))
	}
	l.mu.Lock()
	l.files++
	many := l.files > mostFiles
	l.mu.Unlock()
	if many {
		return File{}, fault.New(fault.TooLarge, "A run keeps at most %d files. Pack them into one.", mostFiles)
	}
	f := NewFile(l.mask.text(name), contentType, raw)
	f.ID, err = l.runs.AddFile(ctx, l.run.ID, l.holder, f, raw)
	return f, err
}

// NewFile describes a file of a run, without its id.
func NewFile(name, contentType string, raw []byte) File {
	sum := sha256.Sum256(raw)
	return File{Name: cut(strings.ToValidUTF8(path.Base(name), "_"), 200), Type: contentType, Size: int64(len(raw)), Hash: hex.EncodeToString(sum[:])}
}

// Writes completes a step of the run at the time, as it is committed, with what the journal says of it.
func (r Run) Writes(s StepOf, now time.Time) (StepOf, journal.Consequences, error) {
	if !fixedWord.MatchString(s.Step.Name) {
		return s, journal.Consequences{}, fault.New(fault.Internal, "A step's name is one fixed word; the action's kind used another. Report this to its owner.")
	}
	s.Run, s.Step.At = r.ID, now
	if s.Keep != nil {
		k := *s.Keep
		k.Run, k.Action, k.Owner, k.Visibility, k.State = r.ID, r.Definition.ID, r.Definition.Team, r.Definition.Narrow(), Captured
		k.CapturedAt, k.ExpiresAt = now, now.Add(r.Definition.Limits.keep())
		s.Keep = &k
	}
	e := r.entry(journal.By(people.System("job")), "run.step", map[string]any{"step": s.Step.Name})
	return s, journal.Consequences{Entries: []journal.Entry{e}}, nil
}

func (l *ledger) commit(ctx context.Context, s StepOf) (string, error) {
	s.Holder = l.holder
	s, cs, err := l.run.Writes(s, l.clock.Now())
	if err != nil {
		return "", err
	}
	id, err := l.runs.CommitStep(ctx, s, cs)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps++
	return id, nil
}

// Progress implements Ledger.
func (l *ledger) Progress(done, total int, what string) {
	l.mu.Lock()
	l.progress = Progress{Done: done, Total: total, What: cut(l.mask.text(what), 200)}
	l.mu.Unlock()
	l.wake(false)
}

// Printf implements Ledger.
func (l *ledger) Printf(format string, args ...any) {
	text := strings.ToValidUTF8(l.mask.text(fmt.Sprintf(format, args...)), "\uFFFD")
	now := l.clock.Now()
	l.mu.Lock()
	for line := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "\n") {
		l.add(Line{At: now, Text: cut(strings.TrimSuffix(line, "\r"), longLine)})
	}
	full := len(l.waiting) >= batchLines && !l.failing // a database that does not answer is asked every quarter of a second
	l.mu.Unlock()
	l.wake(full)
}

// add takes a line while there is room; the first one too many says so in its place.
func (l *ledger) add(line Line) {
	for l.crowded() && !l.failing && !l.lost {
		l.dirty = true
		nudge(l.kick)
		nudge(l.full)
		l.room.Wait()
	}
	crowded := l.crowded()
	switch {
	case l.lost, l.cut, crowded && l.missing:
		return
	case l.lines >= mostLines, l.bytes >= mostBytes:
		line.Text, l.cut = fmt.Sprintf("… the output is cut here, after %d lines; the run goes on.", l.lines), true
	case crowded:
		line.Text, l.missing = "… lines are missing here: the database did not answer.", true
	}
	l.waiting = append(l.waiting, line)
	l.lines++
	l.bytes += len(line.Text)
	l.held += len(line.Text)
}

// crowded says whether as much waits as may be held in memory.
func (l *ledger) crowded() bool { return len(l.waiting)+l.flying >= mostWaits || l.held >= mostHeld }

func (l *ledger) wake(full bool) {
	l.mu.Lock()
	l.dirty = true
	l.mu.Unlock()
	nudge(l.kick)
	if full {
		nudge(l.full)
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// write puts what waits into the database: after a quarter of a second, or at once when a batch is full, and a last time at close.
func (l *ledger) write() {
	for {
		select {
		case <-l.kick:
		case <-l.done:
			l.flush()
			return
		}
		tick, stop := l.clock.After(batchTime)
		select {
		case <-tick:
		case <-l.full:
		case <-l.done:
		}
		stop()
		l.flush()
	}
}

// flush has a context of its own: the output of a run that was cancelled is wanted most.
func (l *ledger) flush() {
	l.mu.Lock()
	lines, p, dirty := l.waiting, l.progress, l.dirty && !l.lost
	if !dirty {
		l.mu.Unlock()
		return
	}
	l.waiting, l.flying, l.dirty = nil, len(lines), false
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := l.runs.AddOutput(ctx, l.run.ID, l.holder, lines, p)
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.room.Broadcast()
	l.flying = 0
	switch {
	case err == nil:
		l.failing, l.missing = false, false
		l.held -= weight(lines)
	case fault.Is(err, fault.Conflict):
		l.lost = true
		l.held -= weight(lines)
	default:
		l.failing, l.dirty = true, true
		l.waiting = append(lines, l.waiting...) // the next line or the end tries again
		l.log.Warn("output of a run cannot be written now", "run", l.run.ID, "err", err)
	}
}

func weight(lines []Line) (n int) {
	for _, line := range lines {
		n += len(line.Text)
	}
	return n
}

// Full says whether the run has all the output that is kept. Its ledger says so in the last line.
func (r Run) Full() bool { return r.Lines > mostLines }

// Received is what a runner elsewhere sent as output at a time, within the bounds of what a ledger writes.
func Received(lines []Line, p Progress, now time.Time) ([]Line, Progress) {
	out := make([]Line, len(lines))
	for i, line := range lines {
		if line.At.IsZero() || line.At.After(now) {
			line.At = now
		}
		out[i] = Line{At: line.At, Text: cut(storable(line.Text), longLine)}
	}
	p.What = cut(storable(p.What), 200)
	return out, p
}

// storable is a text without what a database refuses.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// cut shortens a text to about so many bytes, at a whole character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return fmt.Sprintf("%s… (%d more bytes)", s[:n], len(s)-n)
}
