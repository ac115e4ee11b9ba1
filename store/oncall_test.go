package store

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"frontline/clock"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/oncall/oncalltest"
	"frontline/people"
	"frontline/secret"
)

func TestPages(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			oncalltest.Run(t, func(t *testing.T) oncalltest.Backend {
				c, where := clock.NewMoved(oncalltest.Night), address(t)
				db := openTest(t, where, c)
				other := db
				if name == "postgres" {
					other = openTest(t, where, c)
				}
				return oncalltest.Backend{Store: db, Replica: other, Clock: c,
					Jobs:    func(t testing.TB, kind string) []job.New { return waitingJobs(t, db, kind) },
					Entries: func(t testing.TB) []journal.Entry { return allEntries(t, db) }}
			})
		})
	}
}

func waitingJobs(t testing.TB, db *DB, kind string) []job.New {
	t.Helper()
	jobs, err := rows(t.Context(), db.read, func(s scan) (j job.New, err error) {
		var due int64
		err = s(&j.Kind, &j.Key, &j.Rank, &due)
		j.Due = fromMicros(due)
		return j, err
	}, `SELECT kind, key, rank, due_at FROM job WHERE state = 'ready' AND kind = $1 ORDER BY due_at`, kind)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func allEntries(t testing.TB, db *DB) []journal.Entry {
	t.Helper()
	entries, err := db.JournalPage(t.Context(), journal.Entry{}, "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// The auditor asks every few seconds for as long as the server lives: each of its questions must be answered by its own index.
func TestTheAuditorReadsIndexes(t *testing.T) {
	db := openTest(t, databases["sqlite"](t), clock.NewMoved(start))
	long := time.Now().UnixMicro()
	for index, query := range map[string]string{"page_due": latePages, "attempt_pending": stuckAttempts, "page_exhausted": exhaustedPages} {
		args := []any{long, 10}
		if index == "page_exhausted" {
			args = []any{10}
		}
		plan, err := rows(t.Context(), db.read, func(s scan) (string, error) {
			var id, parent, unused int
			var detail string
			return detail, s(&id, &parent, &unused, &detail)
		}, `EXPLAIN QUERY PLAN `+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(plan, "; "); !strings.Contains(got, "USING INDEX "+index) || strings.Contains(got, "TEMP B-TREE") {
			t.Errorf("%s is answered by: %s", query, got)
		}
	}
}

// A whole night on each database: jobs, pages, devices, and a clock that the test moves.
func TestTheSecondPhoneRings(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		push, mail := oncalltest.NewDevices(t, "ntfy"), oncalltest.NewDevices(t, "email")
		book := func(context.Context) (oncall.Book, error) { return oncalltest.Verity(), nil }
		links := oncall.NewLinks(secret.New("a key that only this test knows"), "https://frontline.verity.example")
		pager := oncall.NewPager(db, oncall.NewDuties(book, db), links, c, push, mail)
		answered := make(chan oncall.AnsweredArgs, 1)
		owner := oncall.JobAnswered().Handle(func(_ context.Context, a oncall.AnsweredArgs) error { answered <- a; return nil })
		settle := run(t, db, c, append(pager.Handlers(), owner)...)

		about := journal.Of("group", "g1")
		o := oncall.Opening{Subject: about, Team: "support", Policy: "critical", Title: "Decision queue has stopped"}
		if _, err := db.CarryOut(t.Context(), oncall.RaiseOrder(o, people.System("test"))); err != nil {
			t.Fatal(err)
		}
		settle(0)
		push.Expect("https://push.example/karl", o.Title)
		settle(2 * time.Minute)
		mail.Expect("karl@verity.example", o.Title)
		settle(3*time.Minute - time.Second)
		push.Quiet()
		settle(time.Second)
		token := push.Expect("https://push.example/aisha", o.Title).Link
		g, err := links.Read(token[strings.LastIndex(token, "/")+1:], c.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pager.Acknowledge(t.Context(), g.Actor(), g.Page); err != nil {
			t.Fatal(err)
		}
		settle(0)
		if a := <-answered; a.Subject != about || a.Person != "aisha" {
			t.Errorf("the owner of the subject hears %+v", a)
		}
		settle(29 * time.Minute)
		if _, err := db.CarryOut(t.Context(), oncall.EndOrder(about, "resolved", people.System("test"))); err != nil {
			t.Fatal(err)
		}
		settle(24 * time.Hour)
		if left := waitingJobs(t, db, oncall.JobStep().Name); len(left) != 0 {
			t.Errorf("after the end jobs wait: %+v", left)
		}
		page, tries, err := db.Page(t.Context(), "P-1")
		if err != nil || page.EndedWhy != "resolved" || len(tries) != 3 {
			t.Errorf("the ledger: %+v %+v %v", page, tries, err)
		}
	})
}

// run starts a runner and returns a function that moves the clock and waits until nothing is due.
func run(t *testing.T, db *DB, c *clock.Moved, handlers ...job.Handler) func(time.Duration) {
	t.Helper()
	runner, err := job.NewRunner(db, c, slog.New(slog.DiscardHandler), handlers...)
	if err != nil {
		t.Fatal(err)
	}
	db.OnJobs(runner.Wake)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); runner.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return func(d time.Duration) {
		t.Helper()
		c.Move(d)
		if err := runner.Settle(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
