package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
)

// putBack is the kind that puts a message of the quarantine back on the shelf.
type putBack struct{ *shelf }

func (putBack) Name() string { return "shelf.put" }

func (p putBack) Plan(ctx context.Context, c action.Call) (action.Plan, error) {
	k, err := c.Kept(ctx, fmt.Sprint(c.Inputs["quarantine"]))
	if err != nil {
		return action.Plan{}, err
	}
	return action.Plan{Summary: "Puts it back.", Changes: []action.Change{{What: string(k.Envelope), Now: "in quarantine", After: "on the shelf", Count: 1}}}, nil
}

func (p putBack) Do(ctx context.Context, c action.Call, _ action.Plan, led action.Ledger) (action.Result, error) {
	id := fmt.Sprint(c.Inputs["quarantine"])
	k, err := c.Kept(ctx, id)
	if err != nil {
		return action.Result{}, err
	}
	p.mu.Lock()
	p.messages = append(p.messages, string(k.Envelope))
	p.mu.Unlock()
	return action.Result{Done: true, Summary: "It is back."}, led.Replayed(ctx, "replayed", id)
}

// takesBack lets the desk's runs offer to be taken back.
func (d *workplace) takesBack(t *testing.T) {
	t.Helper()
	d.Kinds["shelf.put"] = putBack{d.shelf}
	d.shelf.do = func(ctx context.Context, c action.Call, led action.Ledger) (action.Result, error) {
		r, err := d.shelf.take(ctx, c, led)
		if err != nil {
			return r, err
		}
		kept, err := d.Quarantine(ctx, d.liis, action.KeptFilter{Run: c.Run})
		if err != nil || len(kept) != 1 {
			return r, errors.Join(err, fmt.Errorf("%d are kept", len(kept)))
		}
		r.Undo = &action.Undo{Say: "Put it back.", Kind: "shelf.put", Settings: map[string]any{"password": "env:SHELF_PASSWORD"}, Inputs: map[string]any{"quarantine": kept[0].ID}, Within: time.Hour}
		return r, nil
	}
}

func (d *workplace) undo(t *testing.T, r action.Run) action.Run {
	t.Helper()
	u, err := d.Undo(t.Context(), d.liis, r.Ref(), "it was the wrong one")
	if err != nil {
		t.Fatalf("Undo: %v", err)
	}
	return u
}

func TestARunIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		d.takesBack(t)
		r := d.plan(t, map[string]any{"message": "m2"})
		d.start(t, r)
		if r = d.work(t, r); r.State != action.Succeeded || r.UndoUntil() != r.EndedAt.Add(time.Hour) {
			t.Fatalf("the run is %s and can be undone until %s", r.State, r.UndoUntil())
		}
		d.book["shelf/take"] = changed(takeMessage()) // the way back goes from what was done
		u := d.undo(t, r)
		if u.Undoes != r.ID || u.State != action.Planned || u.Plan.Changes[0].What != "m2" || u.Definition.ID != r.Definition.ID {
			t.Errorf("the way back is planned as %+v", u)
		}
		second := d.undo(t, r)
		d.start(t, u)
		if u = d.work(t, u); u.State != action.Succeeded {
			t.Fatalf("the way back %s: %s", u.State, u.Result.Summary)
		}
		if r = d.now(t, r); r.UndoneBy != u.ID {
			t.Errorf("the run says that %q took it back", r.UndoneBy)
		}
		if got := strings.Join(d.shelf.messages, " "); got != "m1 m3 m2" {
			t.Errorf("the shelf holds %s", got)
		}
		kept, err := d.Quarantine(t.Context(), d.liis, action.KeptFilter{Run: r.ID})
		if err != nil || kept[0].State != action.Replayed || kept[0].ReplayedAt.IsZero() {
			t.Errorf("in quarantine: %+v, %v", kept, err)
		}
		if _, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: second.ID, PlanHash: second.PlanHash, Key: "again"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken back twice: %v", err)
		}
		if _, err := d.Undo(t.Context(), d.liis, r.Ref(), ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("planned to be taken back twice: %v", err)
		}
	})
}

func changed(d action.Definition) action.Definition { d.Purpose = "Another purpose."; return d }

func TestTooLateToTakeBack(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		d.takesBack(t)
		r := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, r)
		r = d.work(t, r)
		d.clock.Move(61 * time.Minute)
		if _, err := d.Undo(t.Context(), d.liis, r.Ref(), ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("Undo = %v, want a conflict", err)
		}
	})
}

// glance is a kind that only looks whether something is still on the shelf.
type glance struct{ *shelf }

func (glance) Name() string { return "shelf.look" }

func (l glance) Plan(context.Context, action.Call) (action.Plan, error) {
	return action.Plan{Summary: "Looks.", Private: []byte(`{}`)}, nil
}

func (l glance) Do(_ context.Context, c action.Call, _ action.Plan, led action.Ledger) (action.Result, error) {
	led.Printf("looking with %s", c.Secrets["password"].Reveal())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks++
	if l.looks < l.enough {
		return action.Result{}, fault.New(fault.Conflict, "The consumer still stands.")
	}
	return action.Result{Done: true, Summary: "The consumer goes on."}, nil
}

func TestTheLookAfterwards(t *testing.T) {
	for name, c := range map[string]struct {
		enough int // looks until it has helped
		want   action.Finding
	}{
		"helps after a while": {3, action.Finding{Helped: true, Summary: "The consumer goes on."}},
		"does not help":       {1000, action.Finding{Summary: "The consumer still stands."}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				d.shelf.enough = c.enough
				d.Kinds["shelf.look"] = glance{d.shelf}
				def := takeMessage()
				def.Proof = &action.Part{Kind: "shelf.look", Settings: map[string]any{"password": "env:SHELF_PASSWORD"}, Wait: 5 * time.Second, Within: time.Minute}
				d.book["shelf/take"] = def
				r := d.plan(t, map[string]any{"message": "m2"})
				d.start(t, r)
				done := d.working(t)
				d.passing(t, func() { d.await(t, r, func(r action.Run) bool { return r.State != action.Running }) })
				done()
				r = d.now(t, r)
				if r.State != action.Succeeded || r.Result.Check == nil || r.Result.Check.Helped != c.want.Helped || r.Result.Check.Summary != c.want.Summary {
					t.Errorf("the run %s; the look found %+v", r.State, r.Result.Check)
				}
				lines, err := d.Output(t.Context(), d.liis, r.ID, 1)
				if err != nil || strings.Contains(fmt.Sprint(lines), password) || !strings.Contains(fmt.Sprint(lines), "looking with ***") {
					t.Errorf("the output is %v, %v", lines, err)
				}
			})
		})
	}
}

// passing lets time pass while f runs: whoever waits for the clock is woken.
func (d *workplace) passing(t *testing.T, f func()) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				d.clock.Move(time.Second)
				time.Sleep(5 * time.Millisecond)
			}
		}
	})
	f()
	close(stop)
	wg.Wait()
}

func TestFilesOfARun(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		var file action.File
		d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (r action.Result, err error) {
			if _, err := led.File(ctx, "big.bin", "application/octet-stream", strings.NewReader(strings.Repeat("x", 10<<20+1))); !fault.Is(err, fault.TooLarge) {
				return r, fmt.Errorf("a large file: %w", err)
			}
			file, err = led.File(ctx, "../export.csv", "text/csv", strings.NewReader("id,name\n1,Nordpank\n"))
			return action.Result{Done: true, Summary: "Exported.", Files: []action.File{file}}, err
		}
		r := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, r)
		if r = d.work(t, r); r.State != action.Succeeded || len(r.Result.Files) != 1 || r.Result.Files[0] != file || file.Name != "export.csv" || file.Size != 19 {
			t.Fatalf("the run %s (%s) with %+v", r.State, r.Result.Summary, r.Result.Files)
		}
		got, body, err := d.File(t.Context(), d.liis, r.Ref(), file.ID)
		if err != nil || got != file || string(body) != "id,name\n1,Nordpank\n" {
			t.Errorf("File = %+v, %q, %v", got, body, err)
		}
		if _, _, err := d.File(t.Context(), d.liis, r.Ref(), "another"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a file that is not there: %v", err)
		}
		if _, err := db.AddFile(t.Context(), r.ID, "another holder", file, []byte("x")); !errors.Is(err, action.ErrTaken) {
			t.Errorf("a file from somebody who does not hold the run: %v", err)
		}
	})
}

func TestPartsAreChecked(t *testing.T) {
	kinds, err := action.NewKinds(&shelf{}, picky{})
	if err != nil {
		t.Fatal(err)
	}
	d := takeMessage()
	d.Proof = &action.Part{Kind: "picky", Within: time.Hour}
	d.Reverse = &action.Part{Kind: "missing", Wait: time.Second}
	var names []string
	for _, f := range kinds.Check(d) {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "check.within undo.wait undo check.settings.color undo.kind" {
		t.Errorf("wrong are %s", got)
	}
}

// picky is a kind that likes no settings.
type picky struct{ action.Kind }

func (picky) Name() string                { return "picky" }
func (picky) Check(json.RawMessage) error { return fault.Wrong("color", "Say which color.") }
