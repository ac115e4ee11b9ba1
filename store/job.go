package store

import (
	"context"
	"slices"
	"time"

	"frontline/fault"
	"frontline/job"
)

var _ job.Queue = (*DB)(nil)

// enqueue writes jobs with what caused them. One with a key joins the waiting job of the same kind and key, which becomes due at
// the earlier of the two times.
func (t *tx) enqueue(ctx context.Context, jobs []job.New) error {
	for _, j := range jobs {
		due := j.Due
		if due.IsZero() {
			due = t.now
		}
		err := t.put(ctx, `INSERT INTO job (id, kind, key, args, rank, due_at, hold, once, state, made_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'ready', $9)
			ON CONFLICT (kind, key) WHERE state = 'ready' AND key <> '' DO UPDATE SET
				due_at = CASE WHEN excluded.due_at < job.due_at THEN excluded.due_at ELSE job.due_at END, args = excluded.args`,
			newID(), j.Kind, j.Key, string(j.Args), int(j.Rank), micros(due), j.Hold.Microseconds(), j.Once, micros(t.now))
		if err != nil {
			return err
		}
		t.after.jobs = true
	}
	return nil
}

// Claim implements job.Queue.
func (db *DB) Claim(ctx context.Context, rank job.Rank, limit int) ([]job.Claim, error) {
	var claims []job.Claim
	err := db.write(ctx, func(t *tx) (err error) {
		claims, err = rows(ctx, t, scanClaim, `UPDATE job SET state = 'leased', owner = $1, lease_until = $2 + hold,
				fence = fence + 1, tries = tries + 1
			WHERE id IN (SELECT id FROM job WHERE state = 'ready' AND rank = $3 AND due_at <= $2 ORDER BY due_at LIMIT $4`+db.skipLocked()+`)
			RETURNING id, kind, key, args, due_at, tries, fence, lost`, db.owner, micros(t.now), int(rank), limit)
		return err
	})
	slices.SortFunc(claims, func(a, b job.Claim) int { return a.Due.Compare(b.Due) }) // RETURNING has no order
	return claims, err
}

func scanClaim(s scan) (c job.Claim, err error) {
	var args string
	var due int64
	err = s(&c.ID, &c.Kind, &c.Key, &args, &due, &c.Try, &c.Fence, &c.Lost)
	c.Args, c.Due = []byte(args), fromMicros(due)
	return c, err
}

var errLostLease = fault.New(fault.Conflict, "Another process has taken this job over. Nothing needs to be done.")

// held runs a statement that must find the claim's row still under this process's fence.
func (t *tx) held(ctx context.Context, query string, args ...any) error {
	return t.must(ctx, errLostLease, query, args...)
}

// Finish implements job.Queue.
func (db *DB) Finish(ctx context.Context, c job.Claim) error {
	return db.write(ctx, func(t *tx) error { return t.finish(ctx, c) })
}

func (t *tx) finish(ctx context.Context, c job.Claim) error {
	return t.held(ctx, `DELETE FROM job WHERE id = $1 AND state = 'leased' AND fence = $2`, c.ID, c.Fence)
}

// Retry implements job.Queue. When a newer job with the same key waits already, that one stands for both.
func (db *DB) Retry(ctx context.Context, c job.Claim, due time.Time, why string) error {
	return db.write(ctx, func(t *tx) error {
		if c.Key != "" {
			n, err := t.exec(ctx, `DELETE FROM job WHERE id = $1 AND state = 'leased' AND fence = $2
				AND EXISTS (SELECT 1 FROM job w WHERE w.kind = $3 AND w.key = $4 AND w.state = 'ready')`, c.ID, c.Fence, c.Kind, c.Key)
			if err != nil || n > 0 {
				return err
			}
		}
		t.after.jobs = true
		return t.held(ctx, `UPDATE job SET state = 'ready', due_at = $3, why = $4, owner = '' WHERE id = $1 AND state = 'leased' AND fence = $2`,
			c.ID, c.Fence, micros(due), why)
	})
}

// Bury implements job.Queue.
func (db *DB) Bury(ctx context.Context, c job.Claim, why string) error {
	return db.write(ctx, func(t *tx) error {
		return t.held(ctx, `UPDATE job SET state = 'buried', why = $3, owner = '' WHERE id = $1 AND state = 'leased' AND fence = $2`,
			c.ID, c.Fence, why)
	})
}

// Backlog tells what of the durable work needs a look: what was due before the time and is not held, and what was buried.
func (db *DB) Backlog(ctx context.Context, late time.Time) (job.Backlog, error) {
	b, _, err := row(ctx, db.read, func(s scan) (b job.Backlog, err error) {
		var since int64
		err = s(&b.Late, &since)
		b.Since = fromMicros(since)
		return b, err
	}, `SELECT COUNT(*), COALESCE(MIN(due_at), 0) FROM job WHERE state = 'ready' AND due_at < $1`, micros(late))
	if err != nil {
		return b, err
	}
	b.Buried, err = rows(ctx, db.read, func(s scan) (x job.Buried, err error) {
		var last int64
		err = s(&x.Kind, &x.N, &last, &x.Why)
		x.Last = fromMicros(last)
		return x, err
	}, `SELECT kind, n, made_at, why FROM (SELECT kind, made_at, why, COUNT(*) OVER (PARTITION BY kind) AS n,
			ROW_NUMBER() OVER (PARTITION BY kind ORDER BY made_at DESC, id DESC) AS nth FROM job WHERE state = 'buried') youngest
		WHERE nth = 1 ORDER BY kind`)
	return b, err
}

// Next implements job.Queue. It only reads while nothing was lost.
func (db *DB) Next(ctx context.Context, rank job.Rank) (time.Time, bool, error) {
	lost, _, err := row(ctx, db.read, value[int64], `SELECT COUNT(*) FROM job WHERE state = 'leased' AND rank = $1 AND (lease_until < $2`+db.deadOwner()+`)`,
		int(rank), micros(db.Now()))
	if err == nil && lost > 0 {
		err = db.recover(ctx)
	}
	if err != nil {
		return time.Time{}, false, err
	}
	due, ok, err := row(ctx, db.read, value[int64], `SELECT due_at FROM job WHERE state = 'ready' AND rank = $1 ORDER BY due_at LIMIT 1`, int(rank))
	return fromMicros(due).Add(-time.Duration(db.skew.Load())), ok, err
}

// deadOwner adds the leases of processes whose session is gone. On SQLite there is no other process.
func (db *DB) deadOwner() string {
	if db.dialect != postgresDialect {
		return ""
	}
	return ` OR hashtext(owner)::BIGINT NOT IN (SELECT (objid::BIGINT::BIT(32)::INT)::BIGINT FROM pg_locks
		WHERE locktype = 'advisory' AND classid = 771001 AND objsubid = 2 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`
}

// recover gives back what vanished processes held. Work that may run at most once comes back marked as lost.
func (db *DB) recover(ctx context.Context) error {
	return db.write(ctx, func(t *tx) error {
		return t.release(ctx, `(lease_until < $1`+db.deadOwner()+`)`, micros(t.now))
	})
}

// freeLeases gives back every lease: a SQLite file has one process, and that one has just started.
func (db *DB) freeLeases(ctx context.Context) error {
	return db.write(ctx, func(t *tx) error { return t.release(ctx, `$1 = $1`, int64(0)) })
}

func (t *tx) release(ctx context.Context, which string, arg int64) error {
	// Two processes may have vanished with jobs of one key, or a newer one waits: the older ones are dropped.
	_, err := t.exec(ctx, `DELETE FROM job WHERE state = 'leased' AND key <> '' AND NOT once AND `+which+`
		AND EXISTS (SELECT 1 FROM job w WHERE w.kind = job.kind AND w.key = job.key AND w.id <> job.id AND (w.state = 'ready' OR (w.state = 'leased' AND w.id > job.id)))`, arg)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE job SET state = 'ready', owner = '', lost = once, due_at = CASE WHEN once THEN 0 ELSE due_at END WHERE state = 'leased' AND `+which, arg)
	t.after.jobs = n > 0
	return err
}
