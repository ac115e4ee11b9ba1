package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

// TestSecretsAreNowhere prints the secrets through every hole there is and then reads the whole database.
func TestSecretsAreNowhere(t *testing.T) {
	const pin = "4711-0815"
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		var logged bytes.Buffer
		d.Log = slog.New(slog.NewTextHandler(&logged, nil))
		d.shelf.do = func(ctx context.Context, call action.Call, led action.Ledger) (action.Result, error) {
			p, pin := call.Secrets["password"].Reveal(), call.Secrets["pin"].Reveal()
			if p != password || pin != "4711-0815" || call.Inputs["pin"] != nil {
				return action.Result{}, fault.New(fault.Internal, "The secrets did not arrive.")
			}
			led.Printf("signing in with %s and %q\nand %s", p, p, pin)
			led.Progress(1, 2, "pin "+pin)
			if err := led.Commit(ctx, "began", nil); err != nil {
				return action.Result{}, err
			}
			return action.Result{Done: true, Summary: "used " + p, Tables: []action.Table{{Rows: [][]string{{pin}}}}, Links: map[string]string{pin: p},
				Facts: map[string]any{"pin": pin}}, nil
		}
		r := d.plan(t, map[string]any{"message": "m1", "pin": pin})
		if r.Inputs["pin"] != "***" {
			t.Errorf("inputs = %v, want the pin masked", r.Inputs)
		}
		d.start(t, r)
		if got := d.work(t, r); got.State != action.Succeeded || got.Result.Summary != "used ***" || got.Progress.What != "pin ***" || got.Sealed != nil {
			t.Errorf("run = %+v", got)
		}
		d.shelf.do = func(_ context.Context, call action.Call, _ action.Ledger) (action.Result, error) {
			return action.Result{}, fault.Wrap(errors.New(call.Secrets["pin"].Reveal()), fault.Forbidden, "The shelf refused %s.", call.Secrets["password"].Reveal())
		}
		failed := d.plan(t, map[string]any{"message": "m1", "pin": pin})
		d.start(t, failed)
		if got := d.work(t, failed); got.State != action.Failed || got.Result.Summary != "The shelf refused ***. Nothing was done." {
			t.Errorf("run is %s: %s", got.State, got.Result.Summary)
		}
		_, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "shelf/take", Inputs: map[string]any{"message": "tell me your password", "pin": pin}})
		if err == nil || strings.Contains(err.Error(), password) || fault.Sentence(err) != "The shelf refused ***." {
			t.Errorf("a plan that fails says %v", err)
		}
		if s := logged.String(); strings.Contains(s, pin) || !strings.Contains(s, "***") {
			t.Errorf("the log tells a secret, or nothing: %s", s)
		}
		for _, table := range []string{"run", "run_step", "run_output", "quarantine", "journal", "job", "action_version"} {
			for _, cell := range cells(t, db, table) {
				for _, s := range []string{password, pin, `p\"ss`, "p%22ss"} {
					if strings.Contains(cell, s) {
						t.Errorf("table %s holds a secret: %s", table, cell)
					}
				}
			}
		}
	})
}

func TestMissingSecretIsNamedWithoutValue(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		d.Getenv = func(string) string { return "" }
		_, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "shelf/take", Inputs: map[string]any{"message": "m1"}})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "SHELF_PASSWORD") {
			t.Errorf("Plan = %v, want it to name SHELF_PASSWORD", err)
		}
	})
}

func TestSecretsOfOldPlansAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1", "pin": "4711-0815"})
		if d.now(t, r).Sealed == nil {
			t.Fatal("the pin is not kept for the run")
		}
		c.Move(16 * time.Minute)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d.now(t, r).Sealed != nil {
			t.Error("the pin of a plan that cannot be started any more is kept")
		}
		d.Box = nil
		if _, err := d.Plan(t.Context(), d.liis, action.PlanRequest{Action: "shelf/take", Inputs: map[string]any{"message": "m1", "pin": "4711-0815"}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("Plan with a secret and no key = %v, want a refusal", err)
		}
	})
}

func TestUnknownRunOutlivesItsSecrets(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1", "pin": "4711-0815"})
		still := d.crash(t, r)
		if got := d.work(t, r); got.State != action.Unknown || got.Sealed == nil {
			t.Fatalf("run is %s, want it unknown with its secrets", got.State)
		}
		c.Move(8 * 24 * time.Hour)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Look(t.Context(), d.liis, r.ID); err != nil {
			t.Fatalf("Look: %v", err)
		}
		if got := d.work(t, r); got.State != action.Unknown || got.Sealed != nil || !strings.Contains(got.Result.Summary, "not kept any more") {
			t.Errorf("run is %s: %q", got.State, got.Result.Summary)
		}
		_ = still()
	})
}

func TestOutputIsLiveAndBatched(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		printed, more := make(chan struct{}), make(chan struct{})
		d.shelf.do = func(_ context.Context, _ action.Call, led action.Ledger) (action.Result, error) {
			for i := range 250 {
				led.Printf("line %d", i+1)
			}
			led.Printf("%s", strings.Repeat("x", 10_000))
			close(printed)
			<-more
			return action.Result{Done: true, Summary: "Printed."}, nil
		}
		r := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, r)
		settle := d.working(t)
		<-printed
		for d.now(t, r).Lines < 251 { // while it runs
			c.Move(time.Millisecond)
		}
		lines, err := d.Output(t.Context(), d.liis, r.ID, 249)
		if err != nil || len(lines) != 3 || lines[0].Text != "line 249" || !strings.HasSuffix(lines[2].Text, "x… (1808 more bytes)") {
			t.Errorf("Output from line 249 = %d lines, %v", len(lines), err)
		}
		close(more)
		settle()
		all, err := d.Output(t.Context(), d.liis, r.ID, 0)
		if err != nil || len(all) != 251 || all[99].Number != 100 || all[100].Text != "line 101" {
			t.Errorf("Output = %d lines, %v", len(all), err)
		}
		batches, _, err := row(t.Context(), db.read, value[int], `SELECT COUNT(*) FROM run_output`)
		if err != nil || batches > 12 {
			t.Errorf("251 lines in %d rows, want batches", batches)
		}
	})
}

func TestPermissionIsAskedFirst(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		r := d.plan(t, map[string]any{"message": "m1"})
		hidden, danger := takeMessage(), takeMessage()
		hidden.ID, hidden.Visibility = "shelf/hidden", people.TeamOnly
		danger.ID, danger.Risk = "shelf/burn", action.RiskDanger
		d.book[hidden.ID], d.book[danger.ID] = hidden, danger
		person := func(role people.Role, teams ...string) people.Actor {
			return people.As(people.Person{ID: "karl", Role: role, Teams: teams}, "api")
		}
		plan := func(id string) func(people.Actor) error {
			return func(by people.Actor) error {
				_, err := d.Plan(t.Context(), by, action.PlanRequest{Action: id, Inputs: map[string]any{"message": "m1"}, Reason: "r"})
				return err
			}
		}
		start := func(by people.Actor) error {
			_, err := d.Start(t.Context(), by, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: "k"})
			return err
		}
		cancel := func(by people.Actor) error { _, err := d.Cancel(t.Context(), by, r.ID); return err }
		see := func(by people.Actor) error { _, err := d.Run(t.Context(), by, r.ID); return err }
		kept := func(by people.Actor) error {
			_, err := d.Runner.Quarantine(t.Context(), by, action.KeptFilter{})
			return err
		}
		for name, x := range map[string]struct {
			by   people.Actor
			do   func(people.Actor) error
			want fault.Kind
		}{
			"nobody plans":             {people.Anonymous("api"), plan("shelf/take"), fault.Unauthenticated},
			"nobody sees":              {people.Anonymous("api"), see, fault.Unauthenticated},
			"a source plans":           {people.Actor{Kind: people.BySource, ID: "am"}, plan("shelf/take"), fault.Forbidden},
			"a member plans":           {person(people.Member), plan("shelf/take"), fault.Forbidden},
			"a member starts":          {person(people.Member), start, fault.Forbidden},
			"a member cancels":         {person(people.Member), cancel, fault.Forbidden},
			"a member sees":            {person(people.Member), see, ""},
			"a member opens":           {person(people.Member), kept, fault.Forbidden},
			"support plans danger":     {person(people.Support), plan("shelf/burn"), fault.Forbidden},
			"a lead plans danger":      {person(people.Lead), plan("shelf/burn"), ""},
			"another team":             {person(people.Lead, "fraud"), plan("shelf/hidden"), fault.NotFound},
			"its team":                 {person(people.Support, "support"), plan("shelf/hidden"), ""},
			"an action that is not":    {person(people.Admin), plan("shelf/none"), fault.NotFound},
			"a run that is not, as no": {people.Anonymous("api"), func(by people.Actor) error { _, err := d.Run(t.Context(), by, "RUN-99"); return err }, fault.Unauthenticated},
		} {
			if err := x.do(x.by); fault.KindOf(err) != x.want {
				t.Errorf("%s: %v, want %q", name, err, x.want)
			}
		}
		list, err := d.Actions(t.Context(), person(people.Member, "fraud"), "")
		if err != nil || len(list) != 2 {
			t.Errorf("Actions = %d, %v, want the two that are open to everyone", len(list), err)
		}
		if list, err = d.Actions(t.Context(), d.liis, "decision-pipeline"); err != nil || len(list) != 1 {
			t.Errorf("Actions of a service = %d, %v, want its one", len(list), err)
		}
		if _, err := d.Plan(t.Context(), person(people.Lead), action.PlanRequest{Action: danger.ID, Inputs: map[string]any{"message": "m1"}}); len(fault.FieldsOf(err)) != 1 {
			t.Errorf("danger without a reason = %v, want the field named", err)
		}
	})
}

func TestOldVersionsAndFigures(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		took := []time.Duration{2, 4, 6, 8, 10, 12, 14, 16, 18, 20}
		for _, s := range took {
			r := d.plan(t, map[string]any{"message": "m1"})
			d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) {
				c.Move(s * time.Second)
				return action.Result{Done: true, Summary: "Done."}, nil
			}
			d.start(t, r)
			d.work(t, r)
		}
		changed := takeMessage()
		changed.Title = "Take it"
		d.book["shelf/take"] = changed
		r := d.plan(t, map[string]any{"message": "m1"})
		d.shelf.do = func(context.Context, action.Call, action.Ledger) (action.Result, error) {
			return action.Result{Summary: "In vain."}, nil
		}
		d.start(t, r)
		d.work(t, r)
		got, err := d.Figures(t.Context(), d.liis, "")
		want := map[string]action.Figures{"shelf/take": {Action: "shelf/take", Succeeded: 10, Failed: 1, Usual: 10 * time.Second, NineInTen: 18 * time.Second}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Figures (-want +got): %v\n%s", err, diff)
		}
		versions, err := d.Versions(t.Context(), d.liis, "shelf/take")
		if err != nil || len(versions) != 2 || versions[0].Title != "Take it" || versions[0].Version != changed.Version() {
			t.Errorf("Versions = %+v, %v", versions, err)
		}
		first, err := d.Run(t.Context(), d.liis, "RUN-1")
		if err != nil || first.Definition.Title != "Take a message off the shelf" || first.Version == r.Version {
			t.Errorf("an old run is of %q, %v; want the version it was", first.Definition.Title, err)
		}
		page, err := d.List(t.Context(), d.liis, action.RunFilter{Action: "shelf/take", States: []action.State{action.Succeeded, action.Failed}, Before: 11, Limit: 3})
		if err != nil || len(page) != 3 || page[0].Number != 10 {
			t.Errorf("List before 11 = %v, %v", page, err)
		}
	})
}
