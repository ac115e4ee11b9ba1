package store

import (
	"context"
	"encoding/json"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/rule"
)

var _ rule.Store = (*DB)(nil)

// SealedAfter implements rule.Store.
func (db *DB) SealedAfter(ctx context.Context, seq int64, limit int) ([]journal.Entry, error) {
	return rows(ctx, db.read, scanEntry, `SELECT `+entryColumns+` FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
}

// RuleCursor implements rule.Store.
func (db *DB) RuleCursor(ctx context.Context) (at, end int64, err error) {
	at, known, err := row(ctx, db.read, value[int64], `SELECT seq FROM rule_cursor WHERE name = 'rules'`)
	if err != nil {
		return 0, 0, err
	}
	end, _, err = row(ctx, db.read, value[int64], `SELECT seq FROM journal WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
	if !known {
		at = -1
	}
	return at, end, err
}

// AddFirings implements rule.Store.
func (db *DB) AddFirings(ctx context.Context, from, to int64, fs []rule.Firing, follows func(rule.Firing) journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "rules"); err != nil {
			return err
		}
		at, known, err := row(ctx, t, value[int64], `SELECT seq FROM rule_cursor WHERE name = 'rules'`)
		if err != nil {
			return err
		}
		if !known {
			at = -1
		}
		if at != from {
			return fault.New(fault.Conflict, "Another replica has followed the journal further. Look again.")
		}
		_, err = t.exec(ctx, `INSERT INTO rule_cursor (name, seq) VALUES ('rules', $1) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq`, to)
		if err != nil {
			return err
		}
		for _, f := range fs {
			if err := t.addFiring(ctx, f, follows); err != nil {
				return err
			}
		}
		return nil
	})
}

// addFiring writes a firing, unless the rule has fired for the same before.
func (t *tx) addFiring(ctx context.Context, f rule.Firing, follows func(rule.Firing) journal.Consequences) error {
	f.ID = newID()
	n, err := t.exec(ctx, `INSERT INTO rule_firing (id, rule, key, for_kind, for_id, why, action, inputs, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (rule, key) DO NOTHING`, f.ID, f.Rule, f.Key, f.For.Kind, f.For.ID, f.Why, f.Action, asJSON(f.Inputs), micros(f.At))
	if err != nil || n == 0 {
		return err
	}
	t.after.topic("rule", f.Rule)
	return t.record(ctx, follows(f))
}

// SetFiring implements rule.Store.
func (db *DB) SetFiring(ctx context.Context, f rule.Firing, follows journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `UPDATE rule_firing SET run = $2, outcome = $3, say = $4 WHERE id = $1`, f.ID, f.Run, f.Outcome, f.Say); err != nil {
			return err
		}
		t.after.topic("rule", f.Rule)
		return t.record(ctx, follows)
	})
}

const firingColumns = `id, rule, key, for_kind, for_id, why, action, inputs, at, run, outcome, say`

func scanFiring(s scan) (f rule.Firing, err error) {
	var inputs string
	var at int64
	if err := s(&f.ID, &f.Rule, &f.Key, &f.For.Kind, &f.For.ID, &f.Why, &f.Action, &inputs, &at, &f.Run, &f.Outcome, &f.Say); err != nil {
		return f, err
	}
	f.At = fromMicros(at)
	return f, json.Unmarshal([]byte(inputs), &f.Inputs)
}

// Firing implements rule.Store.
func (db *DB) Firing(ctx context.Context, id string) (rule.Firing, error) {
	f, ok, err := row(ctx, db.read, scanFiring, `SELECT `+firingColumns+` FROM rule_firing WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such firing of a rule. Look at the list of rules.")
	}
	return f, err
}

// Firings implements rule.Store.
func (db *DB) Firings(ctx context.Context, of string, since time.Time, limit int) ([]rule.Firing, error) {
	return rows(ctx, db.read, scanFiring, `SELECT `+firingColumns+` FROM rule_firing
		WHERE at >= $1 AND ($2 = '' OR rule = $2) ORDER BY at DESC, id DESC LIMIT $3`, max(micros(since), 0), of, limit)
}
