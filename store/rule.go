package store

import (
	"context"
	"encoding/json"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/rule"
)

var (
	_ rule.Store   = (*DB)(nil)
	_ rule.Records = (*DB)(nil)
)

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
	n, err := t.exec(ctx, `INSERT INTO rule_firing (id, rule, key, for_kind, for_id, why, action, inputs, at, outcome, say)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (rule, key) DO NOTHING`,
		f.ID, f.Rule, f.Key, f.For.Kind, f.For.ID, f.Why, f.Action, inputsOf(f), micros(f.At), f.Outcome, f.Say)
	if err != nil || n == 0 {
		return err
	}
	t.after.topic("rule", f.Rule)
	return t.record(ctx, follows(f))
}

// SetFiring implements rule.Store.
func (db *DB) SetFiring(ctx context.Context, f rule.Firing, follows journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `UPDATE rule_firing SET run = $2, outcome = $3, say = $4, why = $5, inputs = $6, at = $7 WHERE id = $1`,
			f.ID, f.Run, f.Outcome, f.Say, f.Why, inputsOf(f), micros(f.At)); err != nil {
			return err
		}
		t.after.topic("rule", f.Rule)
		return t.record(ctx, follows)
	})
}

// inputsOf is what is kept of a firing's inputs: nothing where it is about a request, because what people wrote has one place.
func inputsOf(f rule.Firing) string {
	if f.For.Kind == "request" {
		return "{}"
	}
	return asJSON(f.Inputs)
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
		WHERE at >= $1 AND ($2 = '' OR rule = $2) AND outcome NOT IN ('held', 'wrong', 'later', 'let') ORDER BY at DESC, id DESC LIMIT $3`, max(micros(since), 0), of, limit)
}

// Considered implements rule.Records.
func (db *DB) Considered(ctx context.Context, of string, limit int) ([]rule.Firing, error) {
	return rows(ctx, db.read, scanFiring, `SELECT `+firingColumns+` FROM rule_firing WHERE rule = $1 AND outcome <> 'let' ORDER BY at DESC, id DESC LIMIT $2`, of, limit)
}

// FiringsFor implements rule.Records.
func (db *DB) FiringsFor(ctx context.Context, about journal.Subject, limit int) ([]rule.Firing, error) {
	return rows(ctx, db.read, scanFiring, `SELECT `+firingColumns+` FROM rule_firing WHERE for_kind = $1 AND for_id = $2 AND outcome NOT IN ('held', 'wrong', 'later', 'let')
		ORDER BY at DESC, id DESC LIMIT $3`, about.Kind, about.ID, limit)
}

// Fired implements rule.Records.
func (db *DB) Fired(ctx context.Context, since time.Time) (map[string]rule.Tally, error) {
	all, err := rows(ctx, db.read, func(s scan) (x rule.Tally, err error) {
		var last int64
		err = s(&x.Rule, &x.Lately, &last)
		x.Last = fromMicros(last)
		return x, err
	}, `SELECT rule, COUNT(*) FILTER (WHERE at >= $1), MAX(at) FROM rule_firing WHERE outcome NOT IN ('held', 'wrong', 'later', 'let') GROUP BY rule`, max(micros(since), 0))
	out := make(map[string]rule.Tally, len(all))
	for _, x := range all {
		out[x.Rule] = x
	}
	return out, err
}

// Past implements rule.Records.
func (db *DB) Past(ctx context.Context, verbs []string, since time.Time, limit int) ([]journal.Entry, error) {
	list, args := in(3, verbs)
	return rows(ctx, db.read, scanEntry, `SELECT * FROM (SELECT `+entryColumns+` FROM journal WHERE at >= $1 AND verb IN (`+list+`)
		ORDER BY at DESC, id DESC LIMIT $2) newest ORDER BY at, id`, append([]any{max(micros(since), 0), limit}, args...)...)
}

const pauseColumns = `rule, paused_by, reason, salt, at`

func scanPause(s scan) (p rule.Pause, err error) {
	var by string
	var at int64
	if err := s(&p.Rule, &by, &p.Reason.Body, &p.Reason.Salt, &at); err != nil {
		return p, err
	}
	p.At = fromMicros(at)
	return p, json.Unmarshal([]byte(by), &p.By)
}

// Pauses implements rule.Store.
func (db *DB) Pauses(ctx context.Context) (map[string]rule.Pause, error) {
	all, err := rows(ctx, db.read, scanPause, `SELECT `+pauseColumns+` FROM rule_pause`)
	out := make(map[string]rule.Pause, len(all))
	for _, p := range all {
		out[p.Rule] = p
	}
	return out, err
}

// SetPause implements rule.Records.
func (db *DB) SetPause(ctx context.Context, of string, decide func(rule.Pause, time.Time) (rule.Pause, journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "rule "+of); err != nil {
			return err
		}
		now, _, err := row(ctx, t, scanPause, `SELECT `+pauseColumns+` FROM rule_pause WHERE rule = $1`, of)
		if err != nil {
			return err
		}
		next, follows, err := decide(now, t.now)
		if err != nil {
			return err
		}
		if next.At.IsZero() {
			_, err = t.exec(ctx, `DELETE FROM rule_pause WHERE rule = $1`, of)
		} else {
			_, err = t.exec(ctx, `INSERT INTO rule_pause (rule, paused_by, reason, salt, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (rule) DO NOTHING`,
				of, asJSON(next.By), next.Reason.Body, next.Reason.Salt, micros(next.At))
		}
		if err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}
