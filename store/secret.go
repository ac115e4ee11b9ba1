package store

import (
	"context"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
)

var _ action.Safe = (*DB)(nil)

func scanStored(s scan) (x action.Stored, err error) {
	var at int64
	err = s(&x.Name, &x.Team, &x.SetBy, &at)
	x.SetAt = fromMicros(at)
	return x, err
}

// StoredSecrets implements action.Safe.
func (db *DB) StoredSecrets(ctx context.Context) ([]action.Stored, error) {
	return rows(ctx, db.read, scanStored, `SELECT name, team, set_by, set_at FROM stored_secret ORDER BY name`)
}

// StoredSecret implements action.Safe.
func (db *DB) StoredSecret(ctx context.Context, name string) (x action.Stored, sealed string, err error) {
	x, ok, err := row(ctx, db.read, func(s scan) (action.Stored, error) {
		return scanStored(func(dest ...any) error { return s(append(dest, &sealed)...) })
	}, `SELECT name, team, set_by, set_at, sealed FROM stored_secret WHERE name = $1`, name)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no stored secret %.70q. Look at the list of secrets.", name)
	}
	return x, sealed, err
}

// SetStored implements action.Safe.
func (db *DB) SetStored(ctx context.Context, x action.Stored, sealed string, decide func(action.Stored) (journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "secret "+x.Name); err != nil {
			return err
		}
		before, _, err := row(ctx, t, scanStored, `SELECT name, team, set_by, set_at FROM stored_secret WHERE name = $1`, x.Name)
		if err != nil {
			return err
		}
		follows, err := decide(before)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO stored_secret (name, team, sealed, set_by, set_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, set_by = excluded.set_by, set_at = excluded.set_at`,
			x.Name, x.Team, sealed, x.SetBy, micros(t.now)); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}

// RemoveStored implements action.Safe.
func (db *DB) RemoveStored(ctx context.Context, name string, follows journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `DELETE FROM stored_secret WHERE name = $1`, name); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}
