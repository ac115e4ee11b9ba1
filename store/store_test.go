package store

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/job"
	"frontline/job/jobtest"
	"frontline/journal"
	"frontline/people"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

// databases make a database of each sort that has our tables and nothing else. PostgreSQL is left out with -short.
var databases = neighbour.Databases(func(address string) error {
	db, err := Open(context.Background(), address, Options{Clock: clock.NewMoved(start), Log: slog.Default()})
	if err != nil {
		return err
	}
	return db.Close()
})

// each runs a test on every database.
func each(t *testing.T, f func(t *testing.T, db *DB, c *clock.Moved)) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			c := clock.NewMoved(start)
			f(t, openTest(t, address(t), c), c)
		})
	}
}

// two runs a test with two connections that race: two replicas on PostgreSQL, two callers of the one process on SQLite.
func two(t *testing.T, f func(t *testing.T, a, b *DB)) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			c, where := clock.NewMoved(start), address(t)
			a := openTest(t, where, c)
			b := a
			if name == "postgres" {
				b = openTest(t, where, c)
			}
			f(t, a, b)
		})
	}
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
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			jobtest.Run(t, func(t *testing.T) jobtest.Backend {
				c := clock.NewMoved(start)
				db := openTest(t, address(t), c)
				return jobtest.Backend{Queue: db, Clock: c, Add: func(t testing.TB, jobs ...job.New) {
					if err := db.write(t.Context(), func(x *tx) error { return x.enqueue(t.Context(), jobs) }); err != nil {
						t.Fatal(err)
					}
				}}
			})
		})
	}
}

// A replica that vanishes gives its jobs back at once, long before its lease ends.
func TestVanishedReplicaIsNoticedAtOnce(t *testing.T) {
	c, where := clock.NewMoved(start), databases["postgres"](t)
	alive := openTest(t, where, c)
	dying, err := Open(context.Background(), where, Options{Clock: c, Log: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	kind := job.Kind[struct{}]{Name: "test", Limit: time.Hour}
	if err := alive.write(t.Context(), func(x *tx) error { return x.enqueue(t.Context(), []job.New{kind.At(start, "", struct{}{})}) }); err != nil {
		t.Fatal(err)
	}
	if got, err := dying.Claim(t.Context(), job.Normal, 1); err != nil || len(got) != 1 {
		t.Fatalf("Claim = %v %v", got, err)
	}
	if _, ok, err := alive.Next(t.Context(), job.Normal); ok || err != nil {
		t.Fatalf("Next = %v %v while the other replica lives, want nothing", ok, err)
	}
	if err := dying.Close(); err != nil { // its session ends, as it does when the process is killed
		t.Fatal(err)
	}
	if _, ok, err := alive.Next(t.Context(), job.Normal); !ok || err != nil {
		t.Errorf("Next = %v %v after the other replica vanished, want its job back", ok, err)
	}
}

func TestSecondProcessIsRefusedOnSQLite(t *testing.T) {
	where := "sqlite:" + t.TempDir() + "/f.db"
	openTest(t, where, clock.Real{})
	_, err := Open(t.Context(), where, Options{Clock: clock.Real{}, Log: slog.Default()})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a second process on the same file: %v, want a conflict", err)
	}
}

// After Close nothing of this process holds a file of the database, and the next one takes it over with what was written.
func TestCloseLetsGoOfTheFiles(t *testing.T) {
	dir := t.TempDir()
	where := "sqlite:" + filepath.Join(dir, "f.db")
	for n := range 3 {
		db, err := Open(t.Context(), where, Options{Clock: clock.Real{}, Log: slog.Default()})
		if err != nil {
			t.Fatalf("Open, time %d: %v", n+1, err)
		}
		err = db.write(t.Context(), func(x *tx) error {
			_, err := x.exec(t.Context(), `INSERT INTO meta (name, value) VALUES ($1, '')`, fmt.Sprintf("n%d", n))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := rows(t.Context(), db.read, value[string], `SELECT name FROM meta WHERE name LIKE 'n_'`); err != nil || len(kept) != n+1 {
			t.Errorf("time %d finds %v, %v, want one row each time", n+1, kept, err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if held := openUnder(t, dir); len(held) > 0 {
			t.Fatalf("after Close the process still holds %v", held)
		}
	}
}

// openUnder lists what this process has open in a folder.
func openUnder(t *testing.T, dir string) []string {
	t.Helper()
	const mine = "/proc/self/fd"
	numbers, err := os.ReadDir(mine)
	if err != nil {
		t.Fatal(err)
	}
	var held []string
	for _, number := range numbers {
		if to, err := os.Readlink(filepath.Join(mine, number.Name())); err == nil && strings.HasPrefix(to, dir) {
			held = append(held, to)
		}
	}
	return held
}

// One failing transaction in a group undoes only itself, and a panic is an error.
func TestGroupMembersFailAlone(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				err := db.write(t.Context(), func(x *tx) error {
					if _, err := x.exec(t.Context(), `INSERT INTO meta (name, value) VALUES ($1, '')`, fmt.Sprintf("n%02d", i)); err != nil {
						return err
					}
					switch i % 3 {
					case 1:
						return fault.New(fault.Conflict, "No.")
					case 2:
						if i%2 == 0 {
							panic("a broken decision")
						}
						_, err := x.exec(t.Context(), `INSERT INTO nowhere (a) VALUES (1)`)
						return err
					}
					return nil
				})
				if want := []fault.Kind{"", fault.Conflict, fault.Internal}[i%3]; fault.KindOf(err) != want {
					t.Errorf("write %d: %v, want %q", i, err, want)
				}
			})
		}
		wg.Wait()
		n, _, err := row(t.Context(), db.read, value[int], `SELECT COUNT(*) FROM meta WHERE name LIKE 'n%'`)
		if n != 20 || err != nil {
			t.Errorf("%d rows %v, want the 20 of those that succeeded", n, err)
		}
	})
}

func TestChangesAreAnnouncedToTheOtherReplica(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		heard := b.Subscribe(ctx)
		err := a.write(ctx, func(x *tx) error {
			return x.record(ctx, journal.Consequences{Entries: []journal.Entry{journal.Note(people.System("test"), "alert.opened", journal.Of("alert", "a1"), nil)}})
		})
		if err != nil {
			t.Fatal(err)
		}
		if topics := <-heard; !slices.Contains(topics, "alert:a1") {
			t.Errorf("heard %v, want alert:a1", topics)
		}
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

// TestOddPath opens a database whose folder has characters that mean something in a URI.
func TestOddPath(t *testing.T) {
	folder := t.TempDir() + "/50%25 of #1?mode=memory"
	openTest(t, "sqlite:"+folder+"/f.db", clock.NewMoved(start))
	if info, err := os.Stat(folder + "/f.db"); err != nil || info.Size() == 0 {
		t.Errorf("the database is not where it was asked for: %v", err)
	}
}
