package store

import (
	"context"
	"time"

	"frontline/action"
)

// SavedRuns implements action.Records.
func (db *DB) SavedRuns(ctx context.Context, of string, since time.Time, limit int) ([]action.SavedRun, error) {
	return rows(ctx, db.read, func(s scan) (x action.SavedRun, err error) {
		var ended, byHand, own, saved int64
		err = s(&x.Action, &ended, &x.Origin, &byHand, &own, &saved, &x.Customer)
		x.Counts, x.EndedAt = true, fromMicros(ended)
		x.ByHand, x.Own, x.Saved = span(byHand), span(own), span(saved)
		return x, err
	}, `SELECT action, ended_at, origin, by_hand, own, saved, customer FROM run
		WHERE counts AND undone_by = '' AND ended_at > $1 AND ($2 = '' OR action = $2) ORDER BY ended_at DESC LIMIT $3`, max(micros(since), 0), of, limit)
}

func span(micros int64) time.Duration { return time.Duration(micros) * time.Microsecond }
