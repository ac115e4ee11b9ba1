package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"modernc.org/sqlite" // registers the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"frontline/fault"
)

// openSQLite opens PATH with one writing connection and a pool of readers.
func (db *DB) openSQLite(ctx, background context.Context, path string) error {
	db.dialect = sqliteDialect
	if path == "" {
		return fault.Wrong("database", "sqlite: needs a path, such as sqlite:/var/lib/frontline/frontline.db. Correct the setting.")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fault.Wrap(err, fault.Invalid, "The folder of the database, %s, cannot be made. Choose another path or make it writable.", filepath.Dir(path))
	}
	if err := db.lockFile(path + ".lock"); err != nil {
		return err
	}
	if err := ownFile(path); err != nil {
		return err
	}
	dsn := "file:" + uriPath(path) + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(0)&_pragma=secure_delete(1)&_pragma=cache_size(-32000)"
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return public(err)
	}
	db.closers = append(db.closers, pool.Close)
	if err := pool.PingContext(ctx); err != nil {
		return unopened(err, path)
	}
	if err := db.migrate(ctx, pool); err != nil {
		return err
	}
	pool.SetMaxOpenConns(10)
	pool.SetMaxIdleConns(10)
	db.read = readers{pool}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return public(err)
	}
	w := &groupWriter{db: db, conn: newCached(conn), queue: make(chan *write, 4096), ended: make(chan struct{})}
	db.writer = w
	db.wg.Go(func() { w.run(background) })
	db.wg.Go(func() { db.checkpoint(background, w) })
	db.wg.Go(func() { db.foldAll(background) })
	db.closers = append(db.closers, func() error {
		_, err := conn.ExecContext(context.Background(), `PRAGMA wal_checkpoint(TRUNCATE)`)
		return errors.Join(err, w.conn.close(), conn.Close())
	})
	return db.freeLeases(ctx)
}

// uriPath writes a path as SQLite's URI wants it: a # or ? in a folder's name would otherwise end it, and another file would be opened.
func uriPath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

// lockFile refuses a second process: two of them would each believe that every lease is their own.
func (db *DB) lockFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The lock file %s cannot be made. Make the folder writable for the Frontline server.", path)
	}
	db.closers = append(db.closers, f.Close)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fault.Wrap(err, fault.Conflict, "Another process uses this database (it holds %s). Stop it, or use PostgreSQL for several replicas.", path)
	}
	return nil
}

// ownFile makes the database's file when there is none, for its owner alone: it holds what customers wrote and how people sign in. SQLite gives
// the files beside it the same mode.
func ownFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return unopened(err, path)
	}
	return public(f.Close())
}

// unopened says why a file cannot be the database.
func unopened(err error, path string) error {
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return fault.Wrong("database", "%s is a folder. Give a file in it, such as sqlite:%s.", path, filepath.Join(path, "frontline.db"))
	}
	if f := new(sqlite.Error); errors.As(err, &f) && f.Code()&0xff == sqlite3.SQLITE_NOTADB {
		return fault.Wrap(err, fault.Invalid, "%s is no SQLite database, or a damaged one. Choose another file, or restore its backup.", path)
	}
	return fault.Wrap(err, fault.Invalid, "The database %s cannot be opened for writing. Make the file and its folder writable for the Frontline server.", path)
}

// write is one waiting transaction.
type write struct {
	ctx  context.Context
	fn   func(*tx) error
	err  error
	done chan struct{}
}

// groupWriter is the one writer of SQLite. It commits what waits together, a savepoint each, because a commit costs a sync of
// the disk and that sync is the same for one and for two hundred.
type groupWriter struct {
	db    *DB
	conn  *cached
	queue chan *write
	long  atomic.Bool   // the write-ahead log has grown beyond longestLog
	ended chan struct{} // closed when run is over
}

const (
	groupMost = 256                   // transactions committed together at most
	groupTime = 12 * time.Millisecond // and how long a group may take to fill
)

func (w *groupWriter) do(ctx context.Context, fn func(*tx) error) error {
	one := &write{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case w.queue <- one:
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, "The database is too busy to take this. Try again in a moment.")
	}
	select {
	case <-one.done: // the group always answers: its work is bounded and a cancelled one is passed over
		return one.err
	case <-w.ended:
		return errStopping()
	}
}

func (w *groupWriter) run(ctx context.Context) {
	defer close(w.ended)
	for {
		select {
		case first := <-w.queue:
			w.group(first)
		case <-ctx.Done():
			w.refuse()
			return
		}
	}
}

// refuse answers what came too late.
func (w *groupWriter) refuse() {
	for {
		select {
		case one := <-w.queue:
			one.err = errStopping()
			close(one.done)
		default:
			return
		}
	}
}

// group runs first and what else waits in one transaction. Its statements use a context of their own: a caller that gives up
// must not interrupt the others' commit.
func (w *groupWriter) group(first *write) {
	ctx := context.Background()
	began := w.db.clock.Now()
	members := []*write{}
	_, err := w.conn.exec(ctx, `BEGIN IMMEDIATE`)
	for one := first; one != nil; one = w.next(len(members), began) {
		members = append(members, one)
		if one.err = err; err == nil {
			one.err = w.member(ctx, one)
		}
	}
	if err == nil {
		_, err = w.conn.exec(ctx, `COMMIT`)
	}
	if err != nil {
		_, _ = w.conn.exec(ctx, `ROLLBACK`)
	}
	for _, one := range members {
		if one.err == nil {
			one.err = err
		}
		close(one.done)
	}
	if w.long.Swap(false) {
		if _, err := w.conn.exec(ctx, moveLog); err != nil {
			w.db.log.Warn("write-ahead log cannot be moved", "err", err)
		}
	}
}

func (w *groupWriter) next(n int, began time.Time) *write {
	if n >= groupMost || w.db.clock.Now().Sub(began) > groupTime {
		return nil
	}
	select {
	case one := <-w.queue:
		return one
	default:
		return nil
	}
}

// member runs one transaction under a savepoint, so that its failure undoes only itself.
func (w *groupWriter) member(ctx context.Context, one *write) (err error) {
	if err := one.ctx.Err(); err != nil {
		return err
	}
	if _, err := w.conn.exec(ctx, `SAVEPOINT one`); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v", p)
		}
		if err != nil {
			_, back := w.conn.exec(ctx, `ROLLBACK TO one`)
			err = errors.Join(err, back)
		}
		_, out := w.conn.exec(ctx, `RELEASE one`)
		err = errors.Join(err, out)
	}()
	return one.fn(&tx{statements: w.conn, db: w.db, now: w.db.Now()})
}

// moveLog moves what it can of the write-ahead log into the database file, and waits for nobody.
const moveLog = `PRAGMA wal_checkpoint(PASSIVE)`

// longestLog is how long the write-ahead log may become, in pages of 4 kB, before the writer waits a moment for it. It begins anew only when all of it was
// moved, and while something is always being written, as when the text index is filled, what is moved beside the writer is never all.
const longestLog = 16_384

// checkpoint moves the write-ahead log into the database file in the background, so that no signal waits for it. It does nothing
// while nothing is written.
func (db *DB) checkpoint(ctx context.Context, w *groupWriter) {
	var last int64
	for {
		tick, stop := db.clock.After(time.Second)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
		if n := db.feed.writes.Load(); n != last {
			last = n
			pages, _, err := row(ctx, db.read, func(s scan) (pages int, err error) {
				var busy, moved int
				return pages, s(&busy, &pages, &moved)
			}, moveLog)
			if err != nil && ctx.Err() == nil {
				db.log.Warn("write-ahead log cannot be moved", "err", err)
			}
			w.long.Store(pages > longestLog)
		}
	}
}

// cached keeps prepared statements for one connection: parsing costs as much as running for statements as short as ours.
type cached struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

const cachedMost = 512

func newCached(conn *sql.Conn) *cached { return &cached{conn: conn, stmts: map[string]*sql.Stmt{}} }

func (c *cached) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	if len(c.stmts) >= cachedMost {
		for q, s := range c.stmts {
			_ = s.Close()
			delete(c.stmts, q)
			break
		}
	}
	s, err := c.conn.PrepareContext(ctx, query)
	if err == nil {
		c.stmts[query] = s
	}
	return s, err
}

// close lets the statements go. While one is left SQLite keeps the file open, and with it the locks, after the connection is closed.
func (c *cached) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// exec implements statements.
func (c *cached) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return 0, labelled(query, err)
	}
	res, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, labelled(query, err)
	}
	return res.RowsAffected()
}

// query implements querier.
func (c *cached) query(ctx context.Context, each func(scan) error, query string, args ...any) error {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return labelled(query, err)
	}
	rs, err := s.QueryContext(ctx, args...)
	return labelled(query, readAll(rs, err, each))
}

func sqliteUnreachable(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}
