package store

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"frontline/clock"
	"frontline/job"
	"frontline/job/jobtest"
	"frontline/journal"
	"frontline/people"
)

// each runs a test on every database.
func each(t *testing.T, f func(t *testing.T, db *DB, c *clock.Moved)) {
	t.Run("sqlite", func(t *testing.T) { c := clock.NewMoved(start); f(t, openTest(t, "sqlite:"+t.TempDir()+"/f.db", c), c) })
}

var start = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

func openTest(t *testing.T, address string, c clock.Clock) *DB {
	t.Helper()
	db, err := Open(context.Background(), address, Options{Clock: c, Log: slog.Default()})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestQueue(t *testing.T) {
	each(t, func(t *testing.T, _ *DB, _ *clock.Moved) {
		jobtest.Run(t, func(t *testing.T) jobtest.Backend {
			c := clock.NewMoved(start)
			db := openTest(t, "sqlite:"+t.TempDir()+"/f.db", c)
			return jobtest.Backend{Queue: db, Clock: c, Add: func(t testing.TB, jobs ...job.New) {
				if err := db.write(t.Context(), func(x *tx) error { return x.enqueue(t.Context(), jobs) }); err != nil {
					t.Fatal(err)
				}
			}}
		})
	})
}

func TestJournalIsSealedAndTamperingShows(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx := t.Context()
		for i := range 10 {
			err := db.write(ctx, func(x *tx) error {
				return x.record(ctx, journal.Consequences{Entries: []journal.Entry{journal.Note(people.System("test"), "alert.opened", journal.Of("alert", "a1"), map[string]any{"n": i, "worst": "critical"})}})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n, err := db.Seal(ctx, 4); n != 4 || err != nil {
			t.Fatalf("Seal(4) = %d %v", n, err)
		}
		if n, err := db.Seal(ctx, 100); n != 6 || err != nil {
			t.Fatalf("Seal = %d %v, want the other 6", n, err)
		}
		if bad, err := db.VerifyJournal(ctx); bad != 0 || err != nil {
			t.Fatalf("VerifyJournal = %d %v, want an unbroken chain", bad, err)
		}
		err := db.write(ctx, func(x *tx) error {
			_, err := x.exec(ctx, `UPDATE journal SET verb = 'alert.forged' WHERE seq = 7`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if bad, err := db.VerifyJournal(ctx); bad != 7 || err != nil {
			t.Fatalf("VerifyJournal after tampering = %d %v, want entry 7", bad, err)
		}
	})
}
