package company

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// files is a queue of files in one folder, for a machine without a broker. A message is a file, and where it lies is what it is: in ready it
// waits, in hand the worker has it, in parked somebody took it out. Moves are renames, so a message is in exactly one place whoever moves it and
// whenever the power goes. tries holds a file for each message that came back, with a line for each time.
type files struct {
	dir  string
	next int // number of the next message
}

// The folders of the queue.
const (
	readyFolder  = "ready"
	handFolder   = "hand"
	parkedFolder = "parked"
	triesFolder  = "tries"
	draftFolder  = "draft"
)

var _ Queue = (*files)(nil)

// openFiles opens the queue in the folder and gives back what a worker that died had in hand.
func openFiles(dir string) (*files, error) {
	q := &files{dir: dir}
	for _, name := range []string{readyFolder, handFolder, parkedFolder, triesFolder, draftFolder} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, fmt.Errorf("make the queue's folders: %w", err)
		}
	}
	left, err := q.list(handFolder)
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		if err := q.move(handFolder, readyFolder, name); err != nil {
			return nil, err
		}
	}
	for _, folder := range []string{readyFolder, parkedFolder} {
		names, err := q.list(folder)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			var n int
			if _, err := fmt.Sscanf(name, "%d-", &n); err == nil {
				q.next = max(q.next, n+1)
			}
		}
	}
	return q, nil
}

// Publish implements Queue. Only one goroutine publishes.
func (q *files) Publish(_ context.Context, id string, body []byte) error {
	name := fmt.Sprintf("%09d-%s.json", q.next, id)
	q.next++
	f, err := os.OpenFile(filepath.Join(q.dir, draftFolder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	_, err = f.Write(body)
	if err := cmp.Or(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	return q.move(draftFolder, readyFolder, name)
}

// Consume implements Queue.
func (q *files) Consume(ctx context.Context, again time.Duration, handle Handle) error {
	for {
		name, err := q.take()
		if err != nil {
			return err
		}
		rest := 40 * time.Millisecond // nothing is there
		if name != "" {
			done, err := q.hand(ctx, name, handle)
			if err != nil {
				return err
			}
			if rest = again; done {
				rest = 0
			}
		}
		if !pause(ctx, rest) {
			return nil
		}
	}
}

// take moves the first message into the hand; none is "".
func (q *files) take() (string, error) {
	names, err := q.list(readyFolder)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		err := q.move(readyFolder, handFolder, name)
		if errors.Is(err, os.ErrNotExist) {
			continue // somebody took it out just now
		}
		return name, err
	}
	return "", nil
}

// hand has the message handled, and ends it or gives it back; it says which.
func (q *files) hand(ctx context.Context, name string, handle Handle) (done bool, err error) {
	path := filepath.Join(q.dir, handFolder, name)
	body, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("read a message: %w", err)
	}
	_, id, _ := strings.Cut(strings.TrimSuffix(name, ".json"), "-")
	if failed := handle(ctx, id, body); failed != nil {
		return false, cmp.Or(q.note(name, failed), q.move(handFolder, readyFolder, name))
	}
	if err := os.Remove(path); err != nil {
		return false, fmt.Errorf("end a message: %w", err)
	}
	return true, syncFolder(filepath.Join(q.dir, handFolder))
}

// note adds a line about a failure to the message's own file.
func (q *files) note(name string, failed error) error {
	f, err := os.OpenFile(filepath.Join(q.dir, triesFolder, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("note a failure: %w", err)
	}
	_, err = fmt.Fprintln(f, failed)
	if err := cmp.Or(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("note a failure: %w", err)
	}
	return nil
}

// Waiting implements Queue.
func (q *files) Waiting(context.Context) (int, error) {
	hand, err := q.list(handFolder) // first, so that what is given back in between is counted twice and not left out
	if err != nil {
		return 0, err
	}
	ready, err := q.list(readyFolder)
	return len(hand) + len(ready), err
}

// Where implements Queue.
func (q *files) Where() string { return "files in " + q.dir }

// Close implements Queue.
func (q *files) Close() error { return nil }

// list names the messages of a folder in their order.
func (q *files) list(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(q.dir, folder))
	if err != nil {
		return nil, fmt.Errorf("look into the queue: %w", err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	slices.Sort(names)
	return names, nil
}

func (q *files) move(from, to, name string) error {
	if err := os.Rename(filepath.Join(q.dir, from, name), filepath.Join(q.dir, to, name)); err != nil {
		return fmt.Errorf("move a message: %w", err)
	}
	return cmp.Or(syncFolder(filepath.Join(q.dir, to)), syncFolder(filepath.Join(q.dir, from)))
}

// syncFolder makes renames in the folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open a folder of the queue: %w", err)
	}
	return cmp.Or(d.Sync(), d.Close())
}

// pause lets d pass; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
