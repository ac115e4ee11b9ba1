package store

import (
	"context"
	"encoding/json"

	"frontline/action"
	"frontline/journal"
)

var _ action.Allowances = (*DB)(nil)

// KeepAllowance implements action.Allowances.
func (db *DB) KeepAllowance(ctx context.Context, l action.Looked, follows journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO allowance (action, version, looked_at, looked_by, said, fault) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (action) DO UPDATE SET version = excluded.version, looked_at = excluded.looked_at, looked_by = excluded.looked_by, said = excluded.said, fault = excluded.fault`,
			l.Action, l.Version, micros(t.now), asJSON(l.By), asJSON(l.Allowance), l.Fault)
		if err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}

// AllowanceList implements action.Allowances.
func (db *DB) AllowanceList(ctx context.Context) ([]action.Looked, error) {
	return rows(ctx, db.read, scanLooked, `SELECT action, version, looked_at, looked_by, said, fault FROM allowance ORDER BY action`)
}

func scanLooked(s scan) (l action.Looked, err error) {
	var at int64
	var by, said string
	if err := s(&l.Action, &l.Version, &at, &by, &said, &l.Fault); err != nil {
		return l, err
	}
	l.At = fromMicros(at)
	if err = json.Unmarshal([]byte(by), &l.By); err == nil {
		err = json.Unmarshal([]byte(said), &l.Allowance)
	}
	return l, err
}
