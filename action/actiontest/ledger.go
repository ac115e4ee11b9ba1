package actiontest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"frontline/action"
)

// Ledger keeps in memory what a kind commits. Its zero value is ready; it is safe for use by several goroutines.
type Ledger struct {
	// Before, when set, is asked before a step becomes durable; its error refuses the step.
	Before func(step string) error

	mu       sync.Mutex
	steps    []action.Step
	kept     []action.Quarantined
	removed  []string
	replayed []string
	files    map[string]string
	lines    []string
	progress []string
}

var _ action.Ledger = (*Ledger)(nil)

// Commit implements action.Ledger.
func (l *Ledger) Commit(ctx context.Context, step string, payload []byte) error {
	if err := l.may(ctx, step); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = append(l.steps, action.Step{Name: step, Payload: slices.Clone(payload), At: time.Now()})
	return nil
}

// Quarantine implements action.Ledger. The ids are "Q-1", "Q-2" and so on.
func (l *Ledger) Quarantine(ctx context.Context, step string, q action.Quarantined) (string, error) {
	if err := l.may(ctx, step); err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	q.Envelope = slices.Clone(q.Envelope)
	l.kept = append(l.kept, q)
	id := fmt.Sprintf("Q-%d", len(l.kept))
	l.steps = append(l.steps, action.Step{Name: step, Payload: []byte(q.Fingerprint), At: time.Now()})
	return id, nil
}

// Removed implements action.Ledger.
func (l *Ledger) Removed(ctx context.Context, step, quarantined string) error {
	if err := l.may(ctx, step); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removed = append(l.removed, quarantined)
	l.steps = append(l.steps, action.Step{Name: step, Payload: []byte(quarantined), At: time.Now()})
	return nil
}

// Replayed implements action.Ledger.
func (l *Ledger) Replayed(ctx context.Context, step, quarantined string) error {
	if err := l.may(ctx, step); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replayed = append(l.replayed, quarantined)
	l.steps = append(l.steps, action.Step{Name: step, Payload: []byte(quarantined), At: time.Now()})
	return nil
}

// File implements action.Ledger. The ids are "F-1", "F-2" and so on.
func (l *Ledger) File(_ context.Context, name, contentType string, body io.Reader) (action.File, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return action.File{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files == nil {
		l.files = map[string]string{}
	}
	l.files[name] = string(raw)
	return action.File{ID: fmt.Sprintf("F-%d", len(l.files)), Name: name, Type: contentType, Size: int64(len(raw))}, nil
}

var fixedWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$`)

func (l *Ledger) may(ctx context.Context, step string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !fixedWord.MatchString(step) {
		return fmt.Errorf("the step %q is not one fixed word", step)
	}
	if l.Before == nil {
		return nil
	}
	return l.Before(step)
}

// Progress implements action.Ledger.
func (l *Ledger) Progress(done, total int, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress = append(l.progress, fmt.Sprintf("%d/%d %s", done, total, what))
}

// Printf implements action.Ledger.
func (l *Ledger) Printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// Steps returns the committed steps in their order.
func (l *Ledger) Steps() []action.Step {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.steps)
}

// Names returns the names of the committed steps in their order.
func (l *Ledger) Names() []string {
	var names []string
	for _, s := range l.Steps() {
		names = append(names, s.Name)
	}
	return names
}

// Kept returns what was put into quarantine.
func (l *Ledger) Kept() []action.Quarantined {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

// Gone returns the ids of what was said to have left its neighbour.
func (l *Ledger) Gone() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.removed)
}

// Back returns the ids of what was said to be back in its neighbour.
func (l *Ledger) Back() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.replayed)
}

// Files returns the contents of the files by their names.
func (l *Ledger) Files() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.files)
}

// Lines returns the output.
func (l *Ledger) Lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// Progressed returns the progress as "done/total what".
func (l *Ledger) Progressed() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.progress)
}
