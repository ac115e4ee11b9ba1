package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"frontline/chat"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
)

// A call that comes many times at once is taken once, with its job once, until it is forgotten.
func TestChatTakesACallOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx := t.Context()
		work := func() job.New {
			return chat.JobCall().At(time.Time{}, "", chat.CallArgs{Kind: "event", Body: []byte(`{}`)})
		}
		var fresh atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				ok, err := db.TakeCall(ctx, "event Ev1", work())
				if err != nil {
					t.Error(err)
				}
				if ok {
					fresh.Add(1)
				}
			})
		}
		wg.Wait()
		claims, err := db.Claim(ctx, job.Normal, 10)
		if err != nil || fresh.Load() != 1 || len(claims) != 1 {
			t.Fatalf("taken %d times with %d jobs, want once: %v", fresh.Load(), len(claims), err)
		}
		if err := db.ForgetCalls(ctx, db.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if ok, err := db.TakeCall(ctx, "event Ev1"); !ok || err != nil {
			t.Errorf("it was forgotten and is still known: %v", err)
		}
	})
}

// A message shows what it showed first; a subject's messages are found by their purpose.
func TestChatPosts(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx := t.Context()
		about := journal.Of("request", "r1")
		first := chat.Post{Place: "C1", TS: "1.1", Purpose: chat.Thread, Subject: about}
		other := chat.Post{Place: "C1", TS: "1.1", Purpose: chat.Thread, Subject: journal.Of("request", "r2")}
		for _, p := range []chat.Post{first, other, {Place: "D1", TS: "2.2", Purpose: chat.Approval, Subject: about, Of: "liis"}} {
			if err := db.PutPost(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		if got, ok, err := db.PostAt(ctx, "C1", "1.1"); !ok || err != nil || got.Subject != about {
			t.Errorf("the message shows %+v %t %v, want the first subject", got, ok, err)
		}
		if got, err := db.PostsOf(ctx, about, chat.Thread); err != nil || len(got) != 1 || got[0].At.IsZero() {
			t.Errorf("threads of it: %+v %v", got, err)
		}
		if _, ok, err := db.PostAt(ctx, "C1", "9.9"); ok || err != nil {
			t.Errorf("a stranger's message: %t %v", ok, err)
		}
	})
}

// Two replicas follow the journal: what each entry asks for is written once.
func TestChatFollowsOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx := t.Context()
		show := []job.New{chat.JobShow().At(time.Time{}, "page p1", chat.ShowArgs{Kind: "page", ID: "p1"})}
		if at, _, err := db.ChatCursor(ctx); at != -1 || err != nil {
			t.Fatalf("the cursor begins at %d: %v", at, err)
		}
		if err := db.FollowChat(ctx, -1, 7, show); err != nil {
			t.Fatal(err)
		}
		if err := db.FollowChat(ctx, -1, 7, show); !fault.Is(err, fault.Conflict) {
			t.Errorf("the slower replica: %v, want a Conflict", err)
		}
		if at, _, err := db.ChatCursor(ctx); at != 7 || err != nil {
			t.Errorf("the cursor is at %d: %v", at, err)
		}
		if claims, err := db.Claim(ctx, job.Normal, 10); err != nil || len(claims) != 1 {
			t.Errorf("%d jobs, want 1: %v", len(claims), err)
		}
	})
}
