package store

import (
	"context"
	"time"

	"frontline/watch"
)

var _ watch.Happenings = (*DB)(nil)

// RequestsCame implements watch.Happenings. A request that was merged into another came all the same.
func (db *DB) RequestsCame(ctx context.Context, from, until time.Time) ([]watch.Happening, error) {
	return rows(ctx, db.read, func(s scan) (h watch.Happening, err error) {
		var at int64
		var service, sort, customer string
		err = s(&at, &service, &sort, &customer)
		h.At, h.Labels = fromMicros(at), map[string]string{"service": service, "type": sort, "customer": customer}
		return h, err
	}, `SELECT received_at, service, type, customer FROM request WHERE received_at >= $1 AND received_at < $2 ORDER BY received_at, id`, micros(from), micros(until))
}

// RunsEnded implements watch.Happenings. Plans that were never started and runs that were cancelled did not fail and did not succeed: they are left out.
func (db *DB) RunsEnded(ctx context.Context, from, until time.Time) ([]watch.Happening, error) {
	return rows(ctx, db.read, func(s scan) (h watch.Happening, err error) {
		var at int64
		var action, customer, state string
		err = s(&at, &action, &customer, &state)
		h.At, h.Labels, h.Failed = fromMicros(at), map[string]string{"action": action, "customer": customer}, state != "succeeded"
		return h, err
	}, `SELECT ended_at, action, customer, state FROM run WHERE ended_at > 0 AND ended_at >= $1 AND ended_at < $2 AND state IN ('succeeded', 'failed', 'unknown')
		ORDER BY ended_at, id`, micros(from), micros(until))
}
