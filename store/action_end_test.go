package store

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
)

func TestCrashIsLookedAtAndNeverStartedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		found action.Result
		err   error
		want  action.State
		told  string
	}{
		"it had its effect":  {found: action.Result{Done: true, Summary: "The message is gone."}, want: action.Succeeded, told: "run.succeeded"},
		"it had none":        {found: action.Result{Summary: "The message is still there."}, want: action.Failed, told: "run.failed"},
		"nobody can say":     {found: action.Result{Unknown: true, Summary: "Look at the shelf."}, want: action.Unknown, told: "run.unknown"},
		"it does not answer": {err: fault.New(fault.Unavailable, "The shelf does not answer."), want: action.Unknown, told: "run.unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				r := d.plan(t, map[string]any{"message": "m1"})
				still := d.crash(t, r)
				var looked []action.Step
				d.shelf.reconcile = func(_ context.Context, _ action.Call, steps []action.Step) (action.Result, error) {
					looked = steps
					return c.found, c.err
				}
				got := d.work(t, r)
				if got.State != c.want || d.shelf.done() != 1 {
					t.Errorf("run is %s (%s) after %d starts, want %s after one", got.State, got.Result.Summary, d.shelf.done(), c.want)
				}
				if len(looked) != 1 || looked[0].Name != "captured" || string(looked[0].Payload) != "m1" {
					t.Errorf("Reconcile saw %+v, want the committed step", looked)
				}
				if err := still(); !fault.Is(err, fault.Conflict) {
					t.Errorf("the vanished process's next step: %v, want a conflict", err)
				}
				if after := d.now(t, r); !cmp.Equal(after.Result, got.Result) {
					t.Errorf("the vanished process wrote %q", after.Result.Summary)
				}
				if told := d.told(t); told[len(told)-1] != c.told {
					t.Errorf("timeline %v, want it to end with %s", told, c.told)
				}
			})
		})
	}
}

func TestUnknownRunIsLookedAtAgain(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1"})
		still := d.crash(t, r)
		away := fault.New(fault.Unavailable, "The shelf does not answer.")
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) { return action.Result{}, away }
		if got := d.work(t, r); got.State != action.Unknown {
			t.Fatalf("run is %s, want unknown", got.State)
		}
		c.Move(time.Minute) // looked at again by itself, and again in vain
		if got := d.work(t, r); got.State != action.Unknown {
			t.Fatalf("run is %s, want unknown still", got.State)
		}
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) {
			return action.Result{Done: true, Summary: "The message is gone."}, nil
		}
		if _, err := d.Look(t.Context(), d.liis, r.ID); err != nil {
			t.Fatalf("Look: %v", err)
		}
		got := d.work(t, r)
		if got.State != action.Succeeded || d.shelf.done() != 1 {
			t.Errorf("run is %s after %d starts, want succeeded after one", got.State, d.shelf.done())
		}
		if _, err := d.Look(t.Context(), d.liis, r.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("Look at a run that is known = %v, want a conflict", err)
		}
		_ = still()
	})
}

func TestPersonSettlesUnknownRun(t *testing.T) {
	for had, want := range map[bool]action.State{true: action.Succeeded, false: action.Failed} {
		each(t, func(t *testing.T, db *DB, c *clock.Moved) {
			d := newDesk(t, db, c)
			r := d.plan(t, map[string]any{"message": "m1"})
			if _, err := d.Settle(t.Context(), d.liis, r.ID, had, "It is gone."); !fault.Is(err, fault.Conflict) {
				t.Errorf("Settle of a run that is planned = %v, want a conflict", err)
			}
			still := d.crash(t, r)
			if got := d.work(t, r); got.State != action.Unknown {
				t.Fatalf("run is %s, want unknown", got.State)
			}
			if _, err := d.Settle(t.Context(), d.liis, r.ID, had, " "); len(fault.FieldsOf(err)) != 1 {
				t.Errorf("Settle without a word = %v, want the field named", err)
			}
			if _, err := d.Settle(t.Context(), d.liis, r.ID, had, "I looked at the shelf."); err != nil {
				t.Fatalf("Settle: %v", err)
			}
			c.Move(time.Hour) // nobody looks again by itself
			if got := d.work(t, r); got.State != want || got.Result.Summary != "I looked at the shelf." || got.Result.Done != had {
				t.Errorf("run is %s: %q, want %s", got.State, got.Result.Summary, want)
			}
			if told := d.told(t); told[len(told)-1] != "run."+string(want) {
				t.Errorf("timeline %v, want it to end with run.%s", told, want)
			}
			if err := still(); !fault.Is(err, fault.Conflict) {
				t.Errorf("the vanished process's next step: %v, want a conflict", err)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	waits := func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
		if err := led.Commit(ctx, "began", nil); err != nil {
			return action.Result{}, err
		}
		<-ctx.Done()
		return action.Result{}, ctx.Err()
	}
	for name, c := range map[string]struct {
		found action.Result
		want  action.State
	}{
		"in time":  {action.Result{Summary: "The message stayed."}, action.Cancelled},
		"too late": {action.Result{Done: true, Summary: "The message is gone."}, action.Succeeded},
		"unclear":  {action.Result{Unknown: true, Summary: "Look at the shelf."}, action.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				d.shelf.do = waits
				d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) { return c.found, nil }
				r := d.plan(t, map[string]any{"message": "m1"})
				d.start(t, r)
				settle := d.working(t)
				d.await(t, r, func(r action.Run) bool { return r.Steps > 0 })
				if _, err := d.Cancel(t.Context(), d.liis, r.ID); err != nil {
					t.Fatalf("Cancel: %v", err)
				}
				settle()
				if got := d.now(t, r); got.State != c.want || got.CancelledBy.ID != "liis" {
					t.Errorf("run is %s (%s), want %s", got.State, got.Result.Summary, c.want)
				}
			})
		})
	}
}

func TestCancelBeforeItBegan(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		planned, started := d.plan(t, map[string]any{"message": "m1"}), d.plan(t, map[string]any{"message": "m2"})
		d.start(t, started)
		for _, r := range []action.Run{planned, started} {
			if _, err := d.Cancel(t.Context(), d.liis, r.ID); err != nil {
				t.Fatalf("Cancel: %v", err)
			}
		}
		for _, r := range []action.Run{planned, started} {
			if got := d.work(t, r); got.State != action.Cancelled || d.shelf.done() != 0 {
				t.Errorf("run is %s after %d starts, want cancelled before any", got.State, d.shelf.done())
			}
		}
		if _, err := d.Start(t.Context(), d.liis, action.StartRequest{Run: planned.ID, PlanHash: planned.PlanHash, Key: "k"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("Start of a discarded plan = %v, want a conflict", err)
		}
	})
}

func TestHowRunsEnd(t *testing.T) {
	began := func(then func(context.Context) (action.Result, error)) func(context.Context, action.Call, action.Ledger) (action.Result, error) {
		return func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			if err := led.Commit(ctx, "began", nil); err != nil {
				return action.Result{}, err
			}
			return then(ctx)
		}
	}
	for name, c := range map[string]struct {
		do    func(context.Context, action.Call, action.Ledger) (action.Result, error)
		found action.Result
		want  action.State
		say   string
	}{
		"the world moved": {do: func(context.Context, action.Call, action.Ledger) (action.Result, error) {
			return action.Result{}, fault.New(fault.Conflict, "The message is not where it was. Plan again.")
		}, want: action.Failed, say: "The message is not where it was. Plan again. Nothing was done."},
		"a final error after a step": {do: began(func(context.Context) (action.Result, error) {
			return action.Result{}, fault.New(fault.Forbidden, "The shelf is locked. Ask its owner.")
		}), want: action.Failed, say: "The shelf is locked. Ask its owner."},
		"a doubtful error after a step": {do: began(func(context.Context) (action.Result, error) {
			return action.Result{}, fault.New(fault.Unavailable, "The shelf does not answer.")
		}), found: action.Result{Done: true, Summary: "The message is gone."}, want: action.Succeeded, say: "The message is gone."},
		"a panic": {do: began(func(context.Context) (action.Result, error) { panic("nil shelf") }),
			found: action.Result{Unknown: true, Summary: "Look at the shelf."}, want: action.Unknown, say: "Look at the shelf."},
		"no effect": {do: began(func(context.Context) (action.Result, error) {
			return action.Result{Summary: "The program ended with code 3."}, nil
		}), want: action.Failed, say: "The program ended with code 3."},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, clk *clock.Moved) {
				d := newDesk(t, db, clk)
				d.shelf.do = c.do
				d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) { return c.found, nil }
				r := d.plan(t, map[string]any{"message": "m1"})
				d.start(t, r)
				if got := d.work(t, r); got.State != c.want || got.Result.Summary != c.say {
					t.Errorf("run is %s: %q; want %s: %q", got.State, got.Result.Summary, c.want, c.say)
				}
			})
		})
	}
}

func TestTimeLimitAndStoppedServer(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		begun := make(chan struct{})
		d.shelf.do = func(ctx context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			if err := led.Commit(ctx, "began", nil); err != nil {
				return action.Result{}, err
			}
			begun <- struct{}{}
			<-ctx.Done()
			return action.Result{}, ctx.Err()
		}
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) {
			return action.Result{Summary: "The message is still there."}, nil
		}
		late := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, late)
		settle := d.working(t)
		<-begun
		c.Move(61 * time.Second)
		settle()
		if got := d.now(t, late); got.State != action.Failed || got.Result.Summary != "The run took longer than 1m0s and was stopped. The message is still there." {
			t.Errorf("run is %s: %q", got.State, got.Result.Summary)
		}

		stopped := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, stopped)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); d.jobs.Run(ctx) }()
		<-begun
		stop()
		<-ended
		if got := d.now(t, stopped); got.State != action.Failed || got.Result.Summary != "The server was stopped during the run. The message is still there." {
			t.Errorf("run is %s: %q", got.State, got.Result.Summary)
		}
	})
}

func TestStrayRunsAreFound(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		never, cut := d.plan(t, map[string]any{"message": "m1"}), d.plan(t, map[string]any{"message": "m2"})
		d.start(t, never)
		loseJobs(t, db)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.now(t, never); got.State != action.Failed {
			t.Errorf("a run that was never begun is %s, want failed", got.State)
		}
		still := d.crash(t, cut)
		loseJobs(t, db)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.now(t, cut); got.State != action.Unknown {
			t.Errorf("a run that was cut off is %s, want unknown", got.State)
		}
		d.shelf.reconcile = func(context.Context, action.Call, []action.Step) (action.Result, error) {
			return action.Result{Done: true, Summary: "The message is gone."}, nil
		}
		if got := d.work(t, cut); got.State != action.Succeeded {
			t.Errorf("after looking it is %s, want succeeded", got.State)
		}
		_ = still()
	})
}
