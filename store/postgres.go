package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"frontline/fault"
)

// foldersOnPostgres is how many transactions with signals run side by side: more of them only wait for each other's groups.
const foldersOnPostgres = 2

// mostConns is how many connections a replica opens at most, beside its session.
const mostConns = 24

// openPostgres opens a pool, and one session of its own whose advisory lock shows the other replicas that this process lives.
func (db *DB) openPostgres(ctx, background context.Context, address string) error {
	db.dialect = postgresDialect
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return fault.Wrong("database", "The PostgreSQL address %s cannot be read. It looks like postgres://USER:PASSWORD@HOST:5432/NAME.", Masked(address))
	}
	db.read = readers{stdlib.OpenDB(*cfg)}
	db.read.SetMaxOpenConns(mostConns)
	db.read.SetMaxIdleConns(mostConns)
	db.read.SetConnMaxIdleTime(5 * time.Minute)
	db.closers = append(db.closers, db.read.Close)
	if err := db.read.PingContext(ctx); err != nil {
		return fault.Wrap(err, fault.Unavailable, "PostgreSQL at %s does not let us in. Check that it runs and that user, password and name are right.", Masked(address))
	}
	if err := db.migrate(ctx, db.read.DB); err != nil {
		return err
	}
	db.writer = &sideWriter{db: db}
	if err := db.measureSkew(ctx); err != nil {
		return public(err)
	}
	session, err := db.openSession(ctx, cfg)
	if err != nil {
		return public(err)
	}
	db.wg.Go(func() { db.attend(background, cfg, session) })
	db.wg.Go(func() { db.tell(background) })
	for range foldersOnPostgres {
		db.wg.Go(func() { db.foldAll(background) })
	}
	return nil
}

// measureSkew finds how far the database's clock is ahead of ours, so that all replicas agree on what is due.
func (db *DB) measureSkew(ctx context.Context) error {
	before := db.clock.Now()
	theirs, _, err := row(ctx, db.read, value[int64], `SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT`)
	if err != nil {
		return err
	}
	if !db.ownClock() {
		middle := before.Add(db.clock.Now().Sub(before) / 2)
		db.skew.Store(int64(fromMicros(theirs).Sub(middle)))
	}
	return nil
}

// sideWriter lets PostgreSQL run transactions side by side, and runs one again that lost against another.
type sideWriter struct{ db *DB }

func (w *sideWriter) do(ctx context.Context, fn func(*tx) error) error {
	const tries = 6
	for n := 1; ; n++ {
		err := w.once(ctx, fn)
		if n == tries || !lost(err) {
			return err
		}
		// The other transaction needs real time to end, also in a test that moves the clock.
		if w.db.pause(ctx, time.Duration(n)*5*time.Millisecond); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// lost says whether a transaction lost against another one and may be decided again: a serialization failure, a deadlock, or two of them that
// made the same thing at once.
func lost(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "23505" && (pg.ConstraintName == "alert_open" || pg.ConstraintName == "job_key")
}

func (w *sideWriter) once(ctx context.Context, fn func(*tx) error) error {
	conn, err := w.db.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	return conn.Raw(func(c any) (err error) {
		p := newPipe(c.(*stdlib.Conn).Conn())
		defer func() {
			if broken := recover(); broken != nil { // as on SQLite: one broken decision must not take the others down
				err = fmt.Errorf("panic in a transaction: %v", broken)
			}
			p.end(ctx)
		}()
		if err := fn(&tx{statements: p, db: w.db, now: w.db.Now()}); err != nil {
			return err
		}
		return p.commit(ctx)
	})
}

// lockKey locks what a decision is about. SQLite has one writer and needs no lock; PostgreSQL takes an advisory lock on the key,
// which also works for what does not exist yet.
func (t *tx) lockKey(ctx context.Context, key string) error {
	if t.db.dialect != postgresDialect {
		return nil
	}
	return t.put(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, key)
}

// lockKeys locks several keys with one statement, in their order, so that two transactions never wait for each other.
func (t *tx) lockKeys(ctx context.Context, prefix string, keys []string) error {
	if t.db.dialect != postgresDialect || len(keys) == 0 {
		return nil
	}
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{prefix + k}
	}
	for len(rows) > 0 {
		n := chunk(len(rows))
		query := `SELECT pg_advisory_xact_lock(hashtextextended(k, 0)) FROM (` + t.db.insertText(`VALUES `, n, 1) + `) AS v (k)`
		if err := t.put(ctx, query, slices.Concat(rows[:n]...)...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// forUpdate is the end of a SELECT that locks its rows.
func (t *tx) forUpdate() string {
	if t.db.dialect == postgresDialect {
		return " FOR UPDATE"
	}
	return ""
}

// openSession opens the connection that holds this process's lock and listens.
func (db *DB) openSession(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, `SELECT pg_advisory_lock($1, hashtext($2))`, ownerLocks, db.owner)
	if err == nil {
		_, err = conn.Exec(ctx, `LISTEN frontline`)
	}
	if err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return conn, nil
}

// ownerLocks is the first half of the advisory locks by which living processes are known.
const ownerLocks = 771001

// attend listens on the session, opens it anew when it breaks, and measures the clock once a minute.
func (db *DB) attend(ctx context.Context, cfg *pgx.ConnConfig, conn *pgx.Conn) {
	for ctx.Err() == nil {
		if conn == nil {
			var err error
			if conn, err = db.openSession(ctx, cfg); err != nil {
				conn = nil
				db.pause(ctx, time.Second)
				continue
			}
			db.feed.publish([]string{everything}, true) // what was said meanwhile was not heard
		}
		limited, cancel := context.WithTimeout(ctx, time.Minute)
		n, err := conn.WaitForNotification(limited)
		cancel()
		switch {
		case err == nil:
			db.heard(n.Payload)
		case ctx.Err() == nil && limited.Err() != nil:
			if err := db.measureSkew(ctx); err != nil && ctx.Err() == nil {
				db.log.Warn("the database's clock cannot be read", "err", err)
			}
		}
		if conn.IsClosed() {
			conn = nil
		}
	}
	if conn != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
	}
}

func (db *DB) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func postgresUnreachable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "53", "57", "40":
			return true
		}
		return pg.Code == "55P03"
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, sql.ErrConnDone) || pgconn.SafeToRetry(err)
}

// postgresNoText says whether PostgreSQL was given bytes that are no text to it (22021); SQLite takes any.
func postgresNoText(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "22021"
}
