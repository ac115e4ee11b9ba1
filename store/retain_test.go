package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
)

// talkative lets a desk's action say, keep and return something of everything.
func talkative(d *workplace) {
	d.shelf.do = func(ctx context.Context, c action.Call, led action.Ledger) (action.Result, error) {
		led.Printf("secret of Nordpank")
		f, err := led.File(ctx, "letter.txt", "text/plain", strings.NewReader("secret of Nordpank"))
		if err != nil {
			return action.Result{}, err
		}
		return action.Result{Done: true, Summary: "Two were found.", Facts: map[string]any{"found": 2}, Files: []action.File{f}, Links: map[string]string{"secret": "https://verity.example/secret"},
			Tables: []action.Table{{Title: "secret", Columns: []string{"who"}, Rows: [][]string{{"secret"}}}}}, led.Commit(ctx, "found", []byte("secret of Nordpank"))
	}
}

func (d *workplace) forgetOutput(t *testing.T, keep time.Duration) {
	t.Helper()
	f := action.Retention{Memory: d.db, Book: d.Runner.Book, Keep: keep, Clock: d.clock}
	if err := f.Forget(t.Context(), action.ForgetOutputArgs{}); err != nil {
		t.Fatal(err)
	}
}

// holds says which of the tables have the text in them.
func holds(t *testing.T, db *DB, text string) (in []string) {
	t.Helper()
	for _, table := range []string{"run", "run_output", "run_file", "run_step", "upload", "upload_part", "job", "journal"} {
		if strings.Contains(strings.Join(cells(t, db, table), "\n"), text) {
			in = append(in, table)
		}
	}
	return in
}

// Output, files and inputs go after their time, in as many bites as it takes; who did what when, the hash of the plan and the facts stay.
func TestOutputIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		d.shelf.messages = append(d.shelf.messages, "secret one")
		talkative(d)
		r := d.work(t, d.start(t, d.plan(t, map[string]any{"message": "secret one"})))
		idle := d.plan(t, map[string]any{"message": "secret one"})
		if in := strings.Join(holds(t, db, "secret"), " "); r.State != action.Succeeded || in != "run run_output run_file run_step" {
			t.Fatalf("%s: %s; secrets are in %s", r.State, r.Result.Summary, in)
		}
		const keep = 400 * 24 * time.Hour
		c.Move(keep)
		d.forgetOutput(t, keep)
		d.forgetOutput(t, 0)
		if got := d.now(t, r); !got.ForgottenAt.IsZero() {
			t.Error("it is forgotten at the very end of its time")
		}
		c.Move(time.Second)
		d.forgetOutput(t, 0)
		if got := d.now(t, r); !got.ForgottenAt.IsZero() {
			t.Error("it is forgotten where nothing is to be")
		}
		d.forgetOutput(t, keep)
		d.forgetOutput(t, keep)
		got := d.now(t, r)
		if !got.ForgottenAt.Equal(c.Now()) || len(got.Inputs) != 0 || got.PlanHash != r.PlanHash || got.Result.Summary != r.Result.Summary || got.Result.Facts["found"] != 2.0 ||
			got.Reason != r.Reason || got.StartedBy != r.StartedBy || !got.EndedAt.Equal(r.EndedAt) || got.State != r.State || got.Lines != r.Lines || got.Saving != r.Saving {
			t.Errorf("what is left: %+v", got)
		}
		if in := holds(t, db, "secret"); in != nil {
			t.Errorf("secrets are left in %v", in)
		}
		for _, table := range []string{"run_output", "run_file"} {
			if n := db.count(t, `SELECT COUNT(*) FROM `+table); n != 0 {
				t.Errorf("%s has %d rows", table, n)
			}
		}
		if got := d.now(t, idle); got.ForgottenAt.IsZero() {
			t.Error("a plan that nobody started is kept")
		}
		if _, _, err := d.File(t.Context(), d.liis, r.ID, r.Result.Files[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("its file: %v", err)
		}
		entries, err := db.JournalOf(t.Context(), []journal.Subject{journal.Of("run", r.ID)}, 20)
		if n := len(entries); err != nil || n == 0 || entries[0].Verb != "run.planned" || entries[n-1].Verb != "run.output_forgotten" || entries[n-1].Facts["files"] != 1.0 {
			t.Errorf("the journal of the run: %v, %v", entries, err)
		}
	})
}

// What runs, waits, is unknown, can be taken back or has to be reviewed is left alone, however old it is.
func TestOutputThatIsNeededStays(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		for _, id := range []string{"shelf/move", "shelf/tidy", "shelf/sell"} {
			x := d.book[id]
			x.Limits.KeepOutput = 24 * time.Hour
			d.book[id] = x
		}
		liis := h.screen("liis", c)
		start := func(id, glass string) action.Run {
			t.Helper()
			r, err := d.click(t, liis, d.planOf(t, liis, id), glass)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) {
			return action.Result{Unknown: true, Summary: "It fell silent."}, nil
		}
		runs := map[string]action.Run{"lost": d.work(t, start("shelf/move", ""))}
		d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			return action.Result{Done: true, Summary: "Done.", Undo: &action.Undo{Say: "Puts it back.", Kind: "shelf.take", Within: 3 * 24 * time.Hour}}, led.Commit(ctx, "done", nil)
		}
		runs["back"] = d.work(t, start("shelf/move", ""))
		runs["longer"] = d.work(t, start("shelf/look", "")) // an action that says nothing
		runs["glass"] = d.work(t, start("shelf/sell", "It burns, and nobody answers"))
		runs["waiting"], runs["running"] = start("shelf/tidy", ""), start("shelf/move", "")
		gone := func(want ...string) {
			t.Helper()
			d.forgetOutput(t, 300*24*time.Hour)
			var got []string
			for _, name := range slices.Sorted(maps.Keys(runs)) {
				now, err := db.ActionRun(t.Context(), runs[name].ID)
				if err != nil || now.State != runs[name].State {
					t.Fatalf("%s was %s and is %s, %v", name, runs[name].State, now.State, err)
				}
				if !now.ForgottenAt.IsZero() {
					got = append(got, name)
				} else if len(now.Inputs) == 0 || len(now.Plan.Changes) == 0 {
					t.Errorf("%s has lost its inputs", name)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("at %v forgotten are %v, want %v", c.Now(), got, want)
			}
		}
		c.Move(2 * 24 * time.Hour)
		gone()
		c.Move(2 * 24 * time.Hour) // the way back is over
		gone("back")
		delete(d.book, "shelf/move") // what an action said last holds when it is gone
		c.Move(297 * 24 * time.Hour)
		gone("back", "longer")
	})
}

// Files that were given for a run go with it, but not those that another run of the action has as well.
func TestGivenFilesAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newCounter(t, db, c)
		x := d.book["sessions/close"]
		x.Limits.Keep, x.Limits.KeepOutput = 90*24*time.Hour, 24*time.Hour // the files alone would live for longer
		d.book["sessions/close"] = x
		give := func(body string) string {
			t.Helper()
			u, err := d.Upload(t.Context(), d.liis, action.UploadRequest{Action: "sessions/close", Input: "proof", Name: "proof.txt", Type: "text/plain"}, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		plan := func(file string) {
			t.Helper()
			if _, err := d.close(t, map[string]any{"customer": "nordpank", "session": "vs_a", "proof": file}); err != nil {
				t.Fatal(err)
			}
		}
		alone, shared := give("alone"), give("shared")
		plan(alone)
		plan(shared)
		c.Move(12 * time.Hour)
		plan(shared)
		left := func(uploads int64) {
			t.Helper()
			d.forgetOutput(t, 0)
			if n, parts := db.count(t, `SELECT COUNT(*) FROM upload`), db.count(t, `SELECT COUNT(*) FROM upload_part`); n != uploads || parts != uploads {
				t.Errorf("%d files in %d parts are left, want %d", n, parts, uploads)
			}
		}
		left(2)
		c.Move(13 * time.Hour)
		left(1)
		if u, err := db.Upload(t.Context(), shared); err != nil || u.ID != shared {
			t.Errorf("the file of two runs: %v", err)
		}
		c.Move(13 * time.Hour)
		left(0)
	})
}
