// Package backoffice is Verity's back office: a database of customers, people and verifications, a log of decisions, and an API over them. It is what
// technical support works on by day, and a neighbour of Frontline like any other: actions change it by SQL, over HTTP and by scripts.
package backoffice

import (
	"context"
	stdsql "database/sql"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"frontline/secret"
)

// Options are what the office needs of its company.
type Options struct {
	Dir   string // where the database and the log are
	Token string // of its API
	// Queue puts a verification into the decision queue.
	Queue func(ctx context.Context, id string, body []byte) error
	// Mail sends a mail to a customer.
	Mail func(ctx context.Context, to, subject, text string) error
}

// Office is open from Open to Close.
type Office struct {
	o    Options
	db   *stdsql.DB
	mu   sync.Mutex // writes: SQLite has one writer, and the log too
	log  *os.File
	hook map[string]int // how many events each customer's own server took
}

// The files in the office's folder.
const (
	databaseFile = "verity.db"
	logFile      = "decisions.csv"
)

//go:embed schema.sql
var schema string

// Open opens the office, and fills it when it is new: Verity has been at work for two weeks.
func Open(ctx context.Context, o Options) (*Office, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the back office's folder: %w", err)
	}
	x := &Office{o: o, hook: map[string]int{}}
	// A rollback journal and not a write-ahead log: a script that may only read the folder can open it.
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(DELETE)", "synchronous(NORMAL)"}, "_txlock": {"immediate"}}
	var err error
	if x.db, err = stdsql.Open("sqlite", (&url.URL{Scheme: "file", Path: x.Database(), RawQuery: q.Encode()}).String()); err != nil {
		return nil, err
	}
	if x.log, err = os.OpenFile(x.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("open the log of decisions: %w", err), x.db.Close())
	}
	if err := x.fill(ctx, time.Now().UTC()); err != nil {
		return nil, errors.Join(fmt.Errorf("fill the back office: %w", err), x.Close())
	}
	return x, nil
}

// Database is the file of the SQLite database.
func (x *Office) Database() string { return filepath.Join(x.o.Dir, databaseFile) }

// Log is the file of the log of decisions.
func (x *Office) Log() string { return filepath.Join(x.o.Dir, logFile) }

// Close closes its files.
func (x *Office) Close() error { return errors.Join(x.log.Close(), x.db.Close()) }

// Decision is what the worker decided about a verification.
type Decision struct {
	ID, Customer, Country, Document string
	State, Because                  string
	Body                            []byte // what lay in the queue
}

// Decided writes a decision down: in the log, and in the database.
func (x *Office) Decided(ctx context.Context, d Decision) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now().UTC()
	if err := x.note(now, d); err != nil {
		return err
	}
	_, err := x.db.ExecContext(ctx, `INSERT INTO verifications (id, customer, country, document, state, because, decided_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, because = excluded.because, decided_at = excluded.decided_at`,
		d.ID, d.Customer, d.Country, d.Document, d.State, d.Because, stamp(now), string(d.Body))
	return err
}

// note adds a line to the log.
func (x *Office) note(at time.Time, d Decision) error {
	w := csv.NewWriter(x.log)
	if err := w.Write([]string{stamp(at), d.ID, d.Customer, d.Country, d.Document, d.State, d.Because}); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) }

// rerun puts a verification that was decided into the queue once more.
func (x *Office) rerun(ctx context.Context, id string) error {
	var body string
	x.mu.Lock()
	err := x.db.QueryRowContext(ctx, `UPDATE verifications SET state = 'waiting', because = '', tries = tries + 1 WHERE id = $1 AND state <> 'waiting' RETURNING body`, id).Scan(&body)
	x.mu.Unlock()
	if err != nil {
		return err
	}
	return x.o.Queue(ctx, id, []byte(body))
}

// deliver sends an event to the customer's own server once more, and notes what that answered.
func (x *Office) deliver(ctx context.Context, id, customersAnswer string, ok bool) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	state := "failed"
	if ok {
		state = "delivered"
	}
	_, err := x.db.ExecContext(ctx, `UPDATE deliveries SET state = $2, answer = $3, tries = tries + 1, changed_at = $4 WHERE id = $1`, id, state, customersAnswer, stamp(time.Now()))
	return err
}

// rotate makes a new key for a customer, which goes to the customer's contact and nowhere else; the one before ends in a day.
func (x *Office) rotate(ctx context.Context, customer, contact string) (id string, err error) {
	key := "vk_live_" + secret.Random(32)
	id = "key-" + secret.Random(6)
	x.mu.Lock()
	defer x.mu.Unlock()
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }()
	now := time.Now().UTC()
	if _, err := tx.ExecContext(ctx, `UPDATE keys SET ends_at = $2 WHERE customer = $1 AND ends_at IS NULL`, customer, stamp(now.Add(24*time.Hour))); err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO keys (id, customer, hash, last_four, made_at, sent) VALUES ($1, $2, $3, $4, $5, 1)`, id, customer, secret.Hash(key), key[len(key)-4:], stamp(now)); err != nil {
		return "", err
	}
	if err := x.o.Mail(ctx, contact, "Your new API key", "Your new API key is "+key+"\n\nThe one before works for another day.\n"); err != nil {
		return "", fmt.Errorf("mail the key: %w", err)
	}
	return id, tx.Commit()
}

// body is a verification as it lies in the queue.
func body(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // it is made of texts
		panic("backoffice: " + err.Error())
	}
	return string(b)
}

// Ask is the one value of a query.
func (x *Office) Ask(ctx context.Context, query string) (value string, err error) {
	err = x.db.QueryRowContext(ctx, query).Scan(&value)
	return value, err
}
