package company

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/e2e/neighbour"
)

// queues are all sorts of queues, empty.
func queues() map[string]func(*testing.T) Queue {
	return map[string]func(*testing.T) Queue{
		"files": func(t *testing.T) Queue {
			q, err := openFiles(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			return q
		},
		"rabbitmq": func(t *testing.T) Queue {
			q, err := openAMQP(t.Context(), neighbour.RabbitMQ(t).AMQP, "decisions.in")
			if err != nil {
				t.Fatal(err)
			}
			return q
		},
	}
}

// Messages come in their order, and one that is given back comes first again.
func TestQueueKeepsOrder(t *testing.T) {
	for name, make := range queues() {
		t.Run(name, func(t *testing.T) {
			q := make(t)
			defer func() { _ = q.Close() }()
			for _, id := range []string{"a", "b", "c"} {
				if err := q.Publish(t.Context(), id, []byte("body of "+id)); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := q.Waiting(t.Context()); n != 3 || err != nil {
				t.Errorf("Waiting = %d %v, want 3", n, err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
			defer stop()
			var order []string
			err := q.Consume(ctx, time.Millisecond, func(_ context.Context, id string, body []byte) error {
				if string(body) != "body of "+id {
					t.Errorf("%s has the body %q", id, body)
				}
				order = append(order, id)
				if n, err := q.Waiting(t.Context()); err != nil || n != 3-len(slices.Compact(slices.Clone(order)))+1 {
					t.Errorf("while %v were handed out %d wait (%v)", order, n, err)
				}
				if len(order) < 3 {
					return errors.New("not yet")
				}
				if id == "c" {
					stop()
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{"a", "a", "a", "b", "c"}, order); d != "" {
				t.Errorf("order (-want +got):\n%s", d)
			}
		})
	}
}

// A worker that dies has its message given back.
func TestFilesOfADeadWorkerComeBack(t *testing.T) {
	dir := t.TempDir()
	q, err := openFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		if err := q.Publish(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
	}
	if name, err := q.take(); name != "000000000-a.json" || err != nil {
		t.Fatalf("take = %q %v", name, err)
	}
	again, err := openFiles(dir) // the first one is gone
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Publish(t.Context(), "c", nil); err != nil {
		t.Fatal(err)
	}
	names, err := again.list(readyFolder)
	if d := cmp.Diff([]string{"000000000-a.json", "000000001-b.json", "000000002-c.json"}, names); d != "" || err != nil {
		t.Errorf("ready (-want +got):\n%s %v", d, err)
	}
}

// Whoever moves files out while the worker works: each message is done or parked, never both, never neither.
func TestFilesAreInOnePlace(t *testing.T) {
	q, err := openFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const messages = 60
	want := map[string]bool{}
	for i := range messages {
		id := fmt.Sprintf("m%d", i)
		want[id] = true
		if err := q.Publish(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	ended := map[string]string{}
	var mu sync.Mutex
	end := func(id, how string) {
		mu.Lock()
		defer mu.Unlock()
		if before := ended[id]; before != "" {
			t.Errorf("%s was %s and then %s", id, before, how)
		}
		if ended[id] = how; len(ended) == messages {
			stop()
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		tries := map[string]int{}
		if err := q.Consume(ctx, 0, func(_ context.Context, id string, _ []byte) error {
			if tries[id]++; tries[id] < 2 {
				return errors.New("not yet")
			}
			end(id, "done")
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		for ctx.Err() == nil {
			names, err := q.list(readyFolder)
			if err != nil {
				t.Error(err)
			}
			for _, name := range names[len(names)/2:] {
				if os.Rename(filepath.Join(q.dir, readyFolder, name), filepath.Join(q.dir, parkedFolder, name)) == nil {
					end(name[len("000000000-"):len(name)-len(".json")], "parked")
					break
				}
			}
			pause(ctx, time.Millisecond)
		}
	})
	all.Wait()
	if d := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(ended))); d != "" {
		t.Errorf("ended (-want +got):\n%s", d)
	}
}
