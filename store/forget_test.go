package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
	"frontline/oncall/oncalltest"
	"frontline/people"
	"frontline/secret"
)

const keepPages = 400 * 24 * time.Hour

// Ended pages go after their time with all of their attempts, in as many bites as it takes. Younger ones and those that still go on stay.
func TestOldPagesAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		book := func(context.Context) (oncall.Book, error) { return oncalltest.Verity(), nil }
		links := oncall.NewLinks(secret.New("a key that only this test knows"), "https://frontline.verity.example")
		pager := oncall.NewPager(db, oncall.NewDuties(book, db), links, c, oncalltest.NewDevices(t, "ntfy"), oncalltest.NewDevices(t, "email"))
		raise := func(about journal.Subject) oncall.Page {
			t.Helper()
			o := oncall.Opening{Subject: about, Team: "support", Policy: "critical", Title: "Decision queue has stopped"}
			pages, err := db.CarryOut(t.Context(), oncall.RaiseOrder(o, people.System("test")))
			if err == nil {
				err = pager.Step(t.Context(), oncall.StepArgs{Page: pages[0].ID})
			}
			if err != nil {
				t.Fatal(err)
			}
			return pages[0]
		}
		end := func(about journal.Subject) {
			t.Helper()
			if _, err := db.CarryOut(t.Context(), oncall.EndOrder(about, "resolved", people.System("test"))); err != nil {
				t.Fatal(err)
			}
		}
		forget := func(keep time.Duration) {
			t.Helper()
			if err := oncall.Forget(db, keep, c)(t.Context(), oncall.ForgetArgs{}); err != nil {
				t.Fatal(err)
			}
		}
		about := func(n int) journal.Subject { return journal.Of("group", fmt.Sprintf("g%d", n)) }
		old, going := raise(about(1)), raise(about(2))
		end(about(1))
		db.copyPages(t, old.ID, 1100) // more than two bites
		c.Move(keepPages)
		young := raise(about(3))
		end(about(3))
		forget(keepPages)
		if n := db.count(t, `SELECT COUNT(*) FROM page`); n != 1103 {
			t.Errorf("at the very end of their time %d pages are kept, want all 1103", n)
		}
		c.Move(time.Second)
		forget(0)
		if n := db.count(t, `SELECT COUNT(*) FROM page`); n != 1103 {
			t.Errorf("with nothing said %d pages are kept, want all 1103", n)
		}
		forget(keepPages)
		if _, _, err := db.Page(t.Context(), old.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the old page: %v, want it gone", err)
		}
		for name, p := range map[string]oncall.Page{"that goes on": going, "that is young": young} {
			if _, tries, err := db.Page(t.Context(), p.ID); err != nil || len(tries) == 0 {
				t.Errorf("the page %s has %d attempts, %v, want it untouched", name, len(tries), err)
			}
		}
		if n := db.count(t, `SELECT COUNT(*) FROM attempt WHERE NOT EXISTS (SELECT 1 FROM page WHERE page.id = attempt.page)`); n != 0 {
			t.Errorf("%d attempts are left without their page", n)
		}
		if n := db.count(t, `SELECT COUNT(*) FROM page`); n != 2 {
			t.Errorf("%d pages are left, want 2", n)
		}
	})
}

// What was put back goes once it has expired. What was not put back may be the only copy, and stays.
func TestReplayedThingsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		var runs []string
		for _, message := range []string{"m1", "m2"} {
			planned := d.plan(t, map[string]any{"message": message})
			d.start(t, planned)
			runs = append(runs, d.work(t, planned).ID)
		}
		kept := func() (of []string) {
			t.Helper()
			items, err := db.QuarantineItems(t.Context(), action.KeptFilter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range items {
				of = append(of, k.Run)
			}
			return of
		}
		err := db.write(t.Context(), func(x *tx) error {
			_, err := x.exec(t.Context(), `UPDATE quarantine SET state = 'replayed', replayed_at = $2 WHERE run = $1`, runs[0], micros(c.Now()))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			want  []string
		}{{7 * 24 * time.Hour, []string{runs[1], runs[0]}}, {time.Second, runs[1:]}, {keepPages, runs[1:]}} { // the desk's action keeps for a week
			c.Move(step.after)
			if err := action.Forget(db, c)(t.Context(), action.ForgetArgs{}); err != nil {
				t.Fatal(err)
			}
			if got := kept(); !slices.Equal(got, step.want) {
				t.Errorf("after another %v what the runs %v took is kept, want that of %v", step.after, got, step.want)
			}
		}
	})
}

// copyPages makes n more of a page and its attempts.
func (db *DB) copyPages(t *testing.T, id string, n int) {
	t.Helper()
	err := db.write(t.Context(), func(x *tx) error {
		for i := range n {
			copied := fmt.Sprintf("%s-%d", id, i)
			if _, err := x.exec(t.Context(), `INSERT INTO page (id, subject_kind, subject, state, due_at, exhausted, version, opened_at, body)
				SELECT $1, subject_kind, subject, state, due_at, exhausted, version, opened_at, body FROM page WHERE id = $2`, copied, id); err != nil {
				return err
			}
			if _, err := x.exec(t.Context(), `INSERT INTO attempt (id, page, n, firing, person, state, due_at, body)
				SELECT id || $1, $2, n, firing, person, state, due_at, body FROM attempt WHERE page = $3`, fmt.Sprintf("-%d", i), copied, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (db *DB) count(t *testing.T, query string) int64 {
	t.Helper()
	n, _, err := row(t.Context(), db.read, value[int64], query)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
