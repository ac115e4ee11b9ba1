package store

import (
	"slices"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

// TestQuarantineEnds follows one thing to its end: nobody puts it back, people are warned in the journal, and only then its content goes.
func TestQuarantineEnds(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		planned := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, planned)
		d.work(t, planned)
		items, err := db.QuarantineItems(t.Context(), action.KeptFilter{})
		if err != nil || len(items) != 1 {
			t.Fatalf("%+v, %v", items, err)
		}
		id := items[0].ID
		var verbs []string
		daily := func() action.Kept {
			t.Helper()
			if err := action.Forget(db, c)(t.Context(), action.ForgetArgs{}); err != nil {
				t.Fatal(err)
			}
			k, err := db.QuarantineItem(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			verbs, err = rows(t.Context(), db.read, value[string], `SELECT verb FROM journal WHERE subject_kind = 'quarantine' ORDER BY at, id`)
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		for _, step := range []struct {
			after time.Duration
			state action.KeptState
			verbs []string
		}{
			{4 * 24 * time.Hour, action.Removed, nil},
			{26 * time.Hour, action.Removed, []string{"quarantine.expiring"}}, // the desk's action keeps for a week
			{time.Hour, action.Removed, []string{"quarantine.expiring"}},
			{46 * time.Hour, action.Dropped, []string{"quarantine.expiring", "quarantine.dropped"}},
			{24 * time.Hour, action.Dropped, []string{"quarantine.expiring", "quarantine.dropped"}},
		} {
			c.Move(step.after)
			if k := daily(); k.State != step.state || !slices.Equal(verbs, step.verbs) || (len(k.Envelope) == 0) != (k.State == action.Dropped) {
				t.Errorf("after another %v it is %s with %d bytes, and the journal says %v; want %s and %v", step.after, k.State, len(k.Envelope), verbs, step.state, step.verbs)
			}
		}
	})
}

// TestQuarantineIsNotDroppedUnwarned lets the machine sleep over warning and end: it is warned about first, and dropped a day later.
func TestQuarantineIsNotDroppedUnwarned(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		planned := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, planned)
		d.work(t, planned)
		for _, step := range []struct {
			after time.Duration
			want  action.KeptState
		}{{30 * 24 * time.Hour, action.Removed}, {23 * time.Hour, action.Removed}, {2 * time.Hour, action.Dropped}} {
			c.Move(step.after)
			if err := action.Forget(db, c)(t.Context(), action.ForgetArgs{}); err != nil {
				t.Fatal(err)
			}
			if items, err := db.QuarantineItems(t.Context(), action.KeptFilter{}); err != nil || len(items) != 1 || items[0].State != step.want {
				t.Errorf("after another %v: %+v, %v, want %s", step.after, items, err, step.want)
			}
		}
	})
}

// TestDropByHand asks who may let go of something, and what is left of it.
func TestDropByHand(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d := newDesk(t, db, c)
		planned := d.plan(t, map[string]any{"message": "m1"})
		d.start(t, planned)
		d.work(t, planned)
		items, err := db.QuarantineItems(t.Context(), action.KeptFilter{})
		if err != nil || len(items) != 1 {
			t.Fatalf("%+v, %v", items, err)
		}
		id, team := items[0].ID, items[0].Owner
		as := func(role people.Role, teams ...string) people.Actor {
			return people.Actor{Kind: people.ByPerson, ID: "marika", Role: role, Teams: teams}
		}
		for _, c := range []struct {
			by     people.Actor
			reason string
			want   fault.Kind
		}{
			{people.Actor{}, "old", fault.Unauthenticated},
			{as(people.Member, team), "old", fault.Forbidden},
			{as(people.Support, team), "old", fault.Forbidden},
			{as(people.Lead, "another"), "old", fault.Forbidden},
			{as(people.Lead, team), " ", fault.Invalid},
		} {
			if _, err := d.Runner.Drop(t.Context(), c.by, id, c.reason); !fault.Is(err, c.want) {
				t.Errorf("%s of %v with %q: %v, want %s", c.by.Role, c.by.Teams, c.reason, err, c.want)
			}
		}
		k, err := d.Runner.Drop(t.Context(), as(people.Lead, team), id, "Nordpank sent it anew.")
		if err != nil || k.State != action.Dropped || k.DroppedBy != "marika" {
			t.Fatalf("%+v, %v", k, err)
		}
		after, err := db.QuarantineItem(t.Context(), id)
		if err != nil || after.State != action.Dropped || len(after.Envelope) > 0 || after.DropReason != "Nordpank sent it anew." || after.Fingerprint == "" {
			t.Errorf("it is %+v, %v", after, err)
		}
		if _, err := d.Runner.Drop(t.Context(), as(people.Admin), id, "again"); !fault.Is(err, fault.Conflict) {
			t.Errorf("dropped twice: %v", err)
		}
	})
}
