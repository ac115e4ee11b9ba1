package store

import (
	"context"
	"time"

	"frontline/action"
	"frontline/journal"
)

var _ action.Memory = (*DB)(nil)

// RememberedActions implements action.Memory.
func (db *DB) RememberedActions(ctx context.Context) ([]string, error) {
	return rows(ctx, db.read, value[string], `SELECT DISTINCT action FROM run WHERE forgotten_at = 0 ORDER BY action`)
}

// OldRuns implements action.Memory.
func (db *DB) OldRuns(ctx context.Context, of string, before time.Time, after int64, limit int) ([]action.OldRun, error) {
	return rows(ctx, db.read, func(s scan) (o action.OldRun, err error) {
		err = s(&o.ID, &o.Number)
		return o, err
	}, `SELECT id, number FROM run WHERE action = $1 AND forgotten_at = 0 AND number > $2 AND planned_at < $3
		AND (state = 'planned' OR ended_at < $3 AND state IN ('succeeded', 'failed', 'cancelled', 'refused', 'expired')) ORDER BY number LIMIT $4`,
		of, after, micros(before), limit)
}

// ForgetOutput implements action.Memory.
func (db *DB) ForgetOutput(ctx context.Context, id string, decide func(action.Current) (action.Run, journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "run "+id); err != nil {
			return err
		}
		before, err := t.run(ctx, id)
		if err != nil {
			return err
		}
		current := action.Current{Run: before, Now: t.now}
		if current.Flow, err = t.flowOf(ctx, before); err != nil {
			return err
		}
		next, follows, err := decide(current)
		if err != nil || next.ForgottenAt.IsZero() || !before.ForgottenAt.IsZero() {
			return err
		}
		if err := t.forgetRun(ctx, before, next); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}

// flowOf is the flow that the run is a step of.
func (t *tx) flowOf(ctx context.Context, r action.Run) (*action.Run, error) {
	if r.In.Flow == "" {
		return nil, nil
	}
	f, ok, err := row(ctx, t, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.id = $1`, r.In.Flow)
	if err != nil || !ok {
		return nil, err
	}
	return &f, nil
}

func (t *tx) forgetRun(ctx context.Context, before, next action.Run) error {
	if err := t.forgetUploads(ctx, before); err != nil {
		return err
	}
	for _, text := range []string{`DELETE FROM run_output WHERE run = $1`, `DELETE FROM run_file WHERE run = $1`, `UPDATE run_step SET payload = NULL WHERE run = $1`} {
		if _, err := t.exec(ctx, text, next.ID); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `UPDATE run SET forgotten_at = $2, inputs = $3, sealed = $4, plan = $5, result = $6, progress = $7 WHERE id = $1`,
		next.ID, micros(next.ForgottenAt), asJSON(next.Inputs), next.Sealed, asJSON(next.Plan), asJSON(next.Result), asJSON(next.Progress))
	return err
}

// forgetUploads deletes the files that were given for the run, except those that another run of the action was planned with and keeps.
func (t *tx) forgetUploads(ctx context.Context, r action.Run) error {
	for _, v := range r.Inputs {
		f, _ := v.(map[string]any)
		id, _ := f["id"].(string)
		if id == "" {
			continue
		}
		others, _, err := row(ctx, t, value[int64], `SELECT COUNT(*) FROM run WHERE action = $1 AND forgotten_at = 0 AND id <> $2 AND inputs LIKE $3`,
			r.Definition.ID, r.ID, `%"`+id+`"%`)
		if err != nil {
			return err
		}
		if others > 0 {
			continue
		}
		if err := t.dropUploads(ctx, `kept AND id = $1`, id); err != nil {
			return err
		}
	}
	return nil
}
