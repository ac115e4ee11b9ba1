// Package jobtest answers whether a queue keeps job.Queue's promises. store's two databases pass it.
package jobtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
)

// Backend is a queue and the way to write jobs into it.
type Backend struct {
	Queue job.Queue
	Add   func(t testing.TB, jobs ...job.New)
	Clock *clock.Moved
}

type args struct{ N int }

var (
	often = job.Kind[args]{Name: "test.often", Limit: time.Second}
	once  = job.Kind[args]{Name: "test.once", Mode: job.AtMostOnce, Limit: time.Second}
)

// Run runs the suite; open returns an empty queue on a moved clock.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for name, f := range map[string]func(*testing.T, Backend){
		"due order":         dueOrder,
		"not before due":    notBeforeDue,
		"key joins":         keyJoins,
		"fence":             fence,
		"retry and bury":    retryAndBury,
		"lost at most once": lostOnce,
		"claimed once":      claimedOnce,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

func claim(t *testing.T, b Backend, limit int) []job.Claim {
	t.Helper()
	cs, err := b.Queue.Claim(t.Context(), job.Normal, limit)
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	return cs
}

func dueOrder(t *testing.T, b Backend) {
	now := b.Clock.Now()
	b.Add(t, often.At(now.Add(-time.Second), "late", args{1}), often.At(now.Add(-time.Minute), "later", args{2}), often.At(now, "bulk", args{3}).Ranked(job.Bulk))
	got := claim(t, b, 10)
	if len(got) != 2 || got[0].Key != "later" || got[1].Key != "late" {
		t.Fatalf("claimed %+v, want later then late and nothing of another rank", got)
	}
}

func notBeforeDue(t *testing.T, b Backend) {
	b.Add(t, often.At(b.Clock.Now().Add(time.Minute), "", args{}))
	if got := claim(t, b, 10); len(got) != 0 {
		t.Fatalf("claimed %d jobs a minute early", len(got))
	}
	due, ok, err := b.Queue.Next(t.Context(), job.Normal)
	if err != nil || !ok || !due.Equal(b.Clock.Now().Add(time.Minute)) {
		t.Fatalf("Next = %v %v %v, want in a minute", due, ok, err)
	}
	b.Clock.Move(time.Minute)
	if got := claim(t, b, 10); len(got) != 1 {
		t.Fatalf("claimed %d jobs when one is due", len(got))
	}
}

func keyJoins(t *testing.T, b Backend) {
	now := b.Clock.Now()
	b.Add(t, often.At(now.Add(time.Hour), "k", args{1}))
	b.Add(t, often.At(now, "k", args{2}))
	b.Add(t, often.At(now.Add(time.Hour), "k", args{3}))
	got := claim(t, b, 10)
	if len(got) != 1 {
		t.Fatalf("claimed %d jobs, want the one that three joined, at the earliest time", len(got))
	}
	b.Add(t, often.At(now, "k", args{4})) // the first one runs: a new one may wait
	if got := claim(t, b, 10); len(got) != 1 {
		t.Fatalf("claimed %d, want the second job beside the running one", len(got))
	}
}

func fence(t *testing.T, b Backend) {
	b.Add(t, often.At(b.Clock.Now(), "", args{}))
	first := claim(t, b, 1)[0]
	b.Clock.Move(time.Hour) // the lease ends
	if _, ok, err := b.Queue.Next(t.Context(), job.Normal); err != nil || !ok {
		t.Fatalf("Next after a lost lease = %v %v, want the job back", ok, err)
	}
	second := claim(t, b, 1)[0]
	if second.Try != 2 {
		t.Errorf("Try = %d, want 2", second.Try)
	}
	if err := b.Queue.Finish(t.Context(), first); !fault.Is(err, fault.Conflict) {
		t.Errorf("Finish under a lost lease: %v, want a conflict", err)
	}
	if err := b.Queue.Finish(t.Context(), second); err != nil {
		t.Errorf("Finish: %v", err)
	}
}

func retryAndBury(t *testing.T, b Backend) {
	b.Add(t, often.At(b.Clock.Now(), "r", args{}))
	c := claim(t, b, 1)[0]
	b.Add(t, often.At(b.Clock.Now().Add(time.Hour), "r", args{}))
	if err := b.Queue.Retry(t.Context(), c, b.Clock.Now(), "again"); err != nil {
		t.Fatalf("Retry beside a waiting job of the same key: %v", err)
	}
	b.Clock.Move(time.Hour)
	got := claim(t, b, 10)
	if len(got) != 1 {
		t.Fatalf("claimed %d, want one job for both", len(got))
	}
	if err := b.Queue.Bury(t.Context(), got[0], "broken"); err != nil {
		t.Fatalf("Bury: %v", err)
	}
	b.Clock.Move(24 * time.Hour)
	if got := claim(t, b, 10); len(got) != 0 {
		t.Fatalf("a buried job came back")
	}
}

func lostOnce(t *testing.T, b Backend) {
	b.Add(t, once.At(b.Clock.Now(), "", args{}))
	if c := claim(t, b, 1)[0]; c.Lost {
		t.Fatal("the first claim is marked as lost")
	}
	b.Clock.Move(time.Hour)
	if _, _, err := b.Queue.Next(t.Context(), job.Normal); err != nil {
		t.Fatal(err)
	}
	if got := claim(t, b, 1); len(got) != 1 || !got[0].Lost {
		t.Fatalf("claimed %+v, want the job marked as lost, never a second start", got)
	}
}

func claimedOnce(t *testing.T, b Backend) {
	const n = 200
	for i := range n {
		b.Add(t, often.At(b.Clock.Now(), "", args{i}))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				cs, err := b.Queue.Claim(context.WithoutCancel(t.Context()), job.Normal, 7)
				if err != nil {
					t.Errorf("Claim: %v", err)
					return
				}
				if len(cs) == 0 {
					return
				}
				mu.Lock()
				for _, c := range cs {
					seen[c.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for id, times := range seen {
		if times != 1 {
			t.Errorf("job %s was claimed %d times", id, times)
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d jobs were claimed", len(seen), n)
	}
}
