package store

import (
	"context"
	"encoding/json"
	"fmt"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
)

func (t *tx) keep(ctx context.Context, k action.Kept) (string, error) {
	id := newID()
	_, err := t.exec(ctx, `INSERT INTO quarantine (id, run, action, owner, visibility, kind, origin, fingerprint, envelope, facts, state, captured_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'captured', $11, $12)`,
		id, k.Run, k.Action, k.Owner, string(k.Visibility), k.Kind, k.Origin, k.Fingerprint, k.Envelope, asJSON(k.Facts), micros(k.CapturedAt), micros(k.ExpiresAt))
	return id, err
}

func (t *tx) removed(ctx context.Context, s action.StepOf) error {
	n, err := t.exec(ctx, `UPDATE quarantine SET state = 'removed', removed_at = $3 WHERE id = $1 AND run = $2 AND state = 'captured'`, s.Removed, s.Run, micros(s.Step.At))
	if err == nil && n == 0 {
		return fault.New(fault.Internal, "The run says that something left its neighbour which is not in its quarantine. Report this to the action's owner.")
	}
	return err
}

// replayed notes that another run, of any action, has put something back.
func (t *tx) replayed(ctx context.Context, s action.StepOf) error {
	n, err := t.exec(ctx, `UPDATE quarantine SET state = 'replayed', replayed_at = $2 WHERE id = $1 AND state IN ('captured', 'removed')`, s.Replayed, micros(s.Step.At))
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "What was to be put back has been put back already. Look at the quarantine.")
	}
	return err
}

const keptColumns = `id, run, action, owner, visibility, kind, origin, fingerprint, facts, state, captured_at, removed_at, replayed_at, expires_at, warned_at, dropped_at, dropped_by, drop_reason`

func scanKept(s scan) (k action.Kept, err error) {
	var facts string
	var captured, removed, replayed, expires, warned, dropped int64
	err = s(&k.ID, &k.Run, &k.Action, &k.Owner, &k.Visibility, &k.Kind, &k.Origin, &k.Fingerprint, &facts, &k.State, &captured, &removed, &replayed, &expires, &warned, &dropped, &k.DroppedBy, &k.DropReason)
	if err != nil {
		return k, err
	}
	k.WarnedAt, k.DroppedAt = fromMicros(warned), fromMicros(dropped)
	k.CapturedAt, k.RemovedAt, k.ReplayedAt, k.ExpiresAt = fromMicros(captured), fromMicros(removed), fromMicros(replayed), fromMicros(expires)
	return k, json.Unmarshal([]byte(facts), &k.Facts)
}

// QuarantineItems implements action.Shelf.
func (db *DB) QuarantineItems(ctx context.Context, f action.KeptFilter) ([]action.Kept, error) {
	var c conditions
	if f.Run != "" {
		c.add(`run = %s`, f.Run)
	}
	if f.Owner != "" {
		c.add(`owner = %s`, f.Owner)
	}
	addIn(&c, `state`, texts(f.States))
	if !f.Until.IsZero() {
		c.add(`expires_at < %s`, micros(f.Until))
	}
	if !f.Warned.IsZero() {
		c.add(`warned_at > 0 AND warned_at <= %s`, micros(f.Warned))
	}
	if f.Quiet {
		c.and(`warned_at = 0`)
	}
	c.args = append(c.args, orUsual(f.Limit, 100))
	return rows(ctx, db.read, scanKept, `SELECT `+keptColumns+` FROM quarantine WHERE TRUE`+c.text+fmt.Sprintf(` ORDER BY captured_at DESC, id DESC LIMIT $%d`, len(c.args)), c.args...)
}

// QuarantineItem implements action.Shelf.
func (db *DB) QuarantineItem(ctx context.Context, id string) (action.Kept, error) {
	k, ok, err := row(ctx, db.read, func(s scan) (action.Kept, error) {
		var envelope []byte
		k, err := scanKept(func(dest ...any) error { return s(append(dest, &envelope)...) })
		k.Envelope = envelope
		return k, err
	}, `SELECT `+keptColumns+`, envelope FROM quarantine WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is nothing with that id in quarantine. Look at the list.")
	}
	return k, err
}

// ChangeKept implements action.Shelf and action.Archive.
func (db *DB) ChangeKept(ctx context.Context, id string, decide func(action.Kept) (action.Kept, journal.Consequences, error)) (action.Kept, error) {
	var after action.Kept
	err := db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "quarantine "+id); err != nil {
			return err
		}
		now, ok, err := row(ctx, t, scanKept, `SELECT `+keptColumns+` FROM quarantine WHERE id = $1`, id)
		if err == nil && !ok {
			err = fault.New(fault.NotFound, "There is nothing with that id in quarantine. Look at the list.")
		}
		if err != nil {
			return err
		}
		k, c, err := decide(now)
		if err != nil {
			return err
		}
		after = k
		// What is put back meanwhile is not dropped: a run changes the state without this lock.
		n, err := t.exec(ctx, `UPDATE quarantine SET state = $2, warned_at = $3, dropped_at = $4, dropped_by = $5, drop_reason = $6,
			envelope = CASE WHEN $2 = 'dropped' THEN NULL ELSE envelope END WHERE id = $1 AND state = $7`,
			id, string(k.State), micros(k.WarnedAt), micros(k.DroppedAt), k.DroppedBy, k.DropReason, string(now.State))
		if err == nil && n != 1 {
			err = fault.New(fault.Conflict, "Somebody changed it at the same moment. Look at it again.")
		}
		if err != nil {
			return err
		}
		return t.record(ctx, c)
	})
	return after, err
}
