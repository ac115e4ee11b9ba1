package store

import (
	"context"
	"time"

	"frontline/action"
	"frontline/oncall"
)

var (
	_ oncall.Archive = (*DB)(nil)
	_ action.Archive = (*DB)(nil)
)

// ForgetPages implements oncall.Archive.
func (db *DB) ForgetPages(ctx context.Context, before time.Time, limit int) (n int64, err error) {
	err = db.write(ctx, func(t *tx) error {
		n = 0
		old, err := rows(ctx, t, value[string], `SELECT id FROM page WHERE opened_at < $1 AND state = 'ended' ORDER BY opened_at LIMIT $2`, micros(before), limit)
		if err != nil || len(old) == 0 {
			return err
		}
		list, args := in(1, old)
		if _, err := t.exec(ctx, `DELETE FROM attempt WHERE page IN (`+list+`)`, args...); err != nil {
			return err
		}
		n, err = t.exec(ctx, `DELETE FROM page WHERE id IN (`+list+`)`, args...)
		return err
	})
	return n, err
}

// ForgetReplayed implements action.Archive.
func (db *DB) ForgetReplayed(ctx context.Context, before time.Time, limit int) (n int64, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err = t.exec(ctx, `DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine WHERE state = 'replayed' AND expires_at < $1 ORDER BY expires_at LIMIT $2)`,
			micros(before), limit)
		return err
	})
	return n, err
}
