// Package store answers what is written down and how it stays true: all SQL, on SQLite and PostgreSQL from one text.
//
// A write runs in one transaction that locks its subject, lets a pure domain function decide, and stores the new state
// together with the journal entries and jobs that the decision names. Rules never slide into SQL. Each wing has one file here;
// only exported methods open a transaction, only rows and row read rows.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"frontline/clock"
	"frontline/fault"
)

// DB is the store. It is safe for use by several goroutines.
type DB struct {
	dialect dialect
	read    readers
	writer  writer
	clock   clock.Clock
	skew    atomic.Int64 // nanoseconds that the database's clock is ahead of ours; 0 on SQLite
	owner   string       // names this process in leases
	log     *slog.Logger
	feed    feed
	folds   chan *folding
	shut    sync.Once
	closed  chan struct{} // closed once nobody answers any more
	texts   sync.Map      // of statements that insert several rows: insertKey → string
	closers []func() error
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// writer runs functions in transactions: one after the other on SQLite, side by side on PostgreSQL.
type writer interface {
	do(ctx context.Context, fn func(*tx) error) error
}

// Options are what Open needs besides the address.
type Options struct {
	Clock clock.Clock
	Log   *slog.Logger
}

// Open opens the database at "sqlite:PATH" or "postgres://…", brings its tables up to date and takes this process's place
// among its users. A SQLite file that another process uses is refused.
func Open(ctx context.Context, address string, o Options) (*DB, error) {
	db := &DB{clock: o.Clock, log: o.Log, owner: newID(), folds: make(chan *folding, 4096), closed: make(chan struct{})}
	db.feed.init()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	db.stop = stop
	var err error
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		err = db.openSQLite(ctx, background, strings.TrimPrefix(address, "sqlite:"))
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		err = db.openPostgres(ctx, background, address)
	default:
		err = fault.Wrong("database", "The database is given as sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; %q is neither. Correct the setting.", Masked(address))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Masked returns a database address without its password, for messages.
func Masked(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, ":")
		return scheme + ":***"
	}
	return u.Redacted()
}

// Close gives up this process's leases and closes the database. It is safe to call twice.
func (db *DB) Close() error {
	db.stop()
	db.wg.Wait()
	db.shut.Do(func() { close(db.closed) })
	var errs []error
	for i := len(db.closers) - 1; i >= 0; i-- {
		errs = append(errs, db.closers[i]())
	}
	db.closers = nil
	return errors.Join(errs...)
}

// Ping says whether the database can be read and written now.
func (db *DB) Ping(ctx context.Context) error {
	err := db.writer.do(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `SELECT 1`)
		return err
	})
	return public(err)
}

// Now is the time that decides what is due: the database's on PostgreSQL, so that replicas agree, and ours on SQLite.
func (db *DB) Now() time.Time {
	return db.clock.Now().Add(time.Duration(db.skew.Load())).Truncate(time.Microsecond)
}

// errStopping answers what comes too late.
func errStopping() error {
	return fault.New(fault.Unavailable, "The server is stopping. Try again in a moment.")
}

// querier is what a transaction and the pool of readers have in common.
type querier interface {
	// query calls each for every row.
	query(ctx context.Context, each func(scan) error, query string, args ...any) error
}

// statements is what a transaction runs.
type statements interface {
	querier
	// exec returns how many rows the statement changed.
	exec(ctx context.Context, query string, args ...any) (int64, error)
}

// tx is one transaction. After tells what to announce once it is committed.
type tx struct {
	statements
	db    *DB
	now   time.Time
	after announcement
}

// put runs a statement that the decision needs no answer of. On PostgreSQL it may travel later, with others: its error is then that of the next
// statement, or of the commit.
func (t *tx) put(ctx context.Context, query string, args ...any) error {
	return t.must(ctx, nil, query, args...)
}

// must is put for a statement that has to change a row: when it changes none, the transaction fails with missing.
func (t *tx) must(ctx context.Context, missing error, query string, args ...any) error {
	if p, ok := t.statements.(*pipe); ok {
		p.keep(missing, query, args...)
		return nil
	}
	n, err := t.exec(ctx, query, args...)
	if err == nil && n == 0 {
		err = missing
	}
	return err
}

// write runs fn in one transaction and announces what it changed once it is durable. fn may run twice.
func (db *DB) write(ctx context.Context, fn func(*tx) error) error {
	var done announcement
	err := db.writer.do(ctx, func(t *tx) error {
		t.after = announcement{}
		err := fn(t)
		done = t.after
		return err
	})
	if err != nil {
		return public(err)
	}
	db.announce(done)
	return nil
}

// rows reads every row of a query.
func rows[T any](ctx context.Context, q querier, scanned func(scan) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := q.query(ctx, func(s scan) error {
		v, err := scanned(s)
		out = append(out, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, public(err)
	}
	return out, nil
}

// readers is the pool of reading connections.
type readers struct{ *sql.DB }

// query implements querier.
func (p readers) query(ctx context.Context, each func(scan) error, query string, args ...any) error {
	rs, err := p.QueryContext(ctx, query, args...)
	return labelled(query, readAll(rs, err, each))
}

// readAll owns the loop over rows and its error.
func readAll(rs *sql.Rows, err error, each func(scan) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rs.Close() }()
	for rs.Next() {
		if err := each(rs.Scan); err != nil {
			return err
		}
	}
	return rs.Err()
}

// row reads the first row of a query; false when there is none.
func row[T any](ctx context.Context, q querier, scan func(scan) (T, error), query string, args ...any) (T, bool, error) {
	all, err := rows(ctx, q, scan, query, args...)
	if err != nil || len(all) == 0 {
		var none T
		return none, false, err
	}
	return all[0], true, nil
}

// scan reads the columns of the current row.
type scan func(dest ...any) error

// value scans a single column.
func value[T any](s scan) (T, error) {
	var v T
	return v, s(&v)
}

// in returns "$from,$from+1,…" and the arguments, for an IN list, which neither database binds as one value. The last value is repeated until
// there is a power of two of them, so that a few texts serve every length.
func in[T any](from int, values []T) (string, []any) {
	if len(values) == 0 {
		return "NULL", nil
	}
	var b strings.Builder
	var args []any
	for i := 0; i < len(values) || i&(i-1) != 0; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
		args = append(args, values[min(i, len(values)-1)])
	}
	return b.String(), args
}

// micros is how times are stored: microseconds since 1970 UTC; 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// newID returns a UUIDv7: unique, and nearly in order of time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// labelled says in which statement an error came.
func labelled(query string, err error) error {
	if err == nil {
		return nil
	}
	w := strings.Fields(query)
	return fmt.Errorf("%s: %w", strings.ToLower(strings.Join(w[:min(len(w), 4)], " ")), err)
}

// public gives an error of the database its kind and sentence; faults of the domain pass through.
func public(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	if unreachable(err) {
		return fault.Wrap(err, fault.Unavailable, "The database does not answer. Try again in a moment.")
	}
	if postgresNoText(err) {
		return fault.Wrap(err, fault.Invalid, "This holds a character that no text can have: a zero byte or broken UTF-8. Take it out and try again.")
	}
	return fault.Wrap(err, fault.Internal, "The database refused this. Nothing was changed; give your administrator the reference below.")
}
