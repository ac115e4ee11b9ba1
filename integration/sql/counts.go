package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"frontline/fault"
	"frontline/secret"
	"frontline/watch"
)

var _ watch.Source = (*Counts)(nil)

// Counts asks a database for counts, with the query of the definition, in a transaction that only reads.
type Counts struct {
	secret func(ctx context.Context, d watch.Definition, ref secret.Ref) (secret.Text, error)
}

// NewCounts returns a source that looks connections up with secret.
func NewCounts(secret func(ctx context.Context, d watch.Definition, ref secret.Ref) (secret.Text, error)) *Counts {
	return &Counts{secret: secret}
}

const (
	countsTimeout = time.Minute
	mostCounts    = 1_000_000 // rows of one answer
)

// Counts implements watch.Source: what a query that succeeds does not say was not counted, so every bucket is known.
func (c *Counts) Counts(ctx context.Context, d watch.Definition, from, until uint32) ([]watch.Bucket, error) {
	s := d.Source.SQL
	if s == nil {
		return nil, fault.New(fault.Invalid, "The watch %s is not fed by a query. Give it that source.", d.ID)
	}
	p, err := question(s)
	if err != nil {
		return nil, err
	}
	dsn, err := c.secret(ctx, d, s.DSN)
	if err != nil {
		return nil, err
	}
	db, err := p.connect(dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(ctx, countsTimeout)
	defer cancel()
	tx, err := db.BeginTx(ctx, &stdsql.TxOptions{ReadOnly: p.dialect != sqliteDialect})
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The database of the watch did not answer or did not let us in. It is tried again; look at the connection that the watch names.")
	}
	defer func() { _ = tx.Rollback() }()
	return p.count(ctx, tx, d, from, until)
}

// question is the query of a watch, understood.
func question(s *watch.SQL) (parsed, error) {
	p := parsed{dialect: map[string]dialect{"postgres": postgresDialect, "mysql": mysqlDialect, "sqlite": sqliteDialect}[s.Driver]}
	t := parse(p.dialect, s.Query)
	switch {
	case t.odd != "":
		return p, fault.Wrong("query", "The query of the watch has %s, which cannot be taken. Take that out.", t.odd)
	case t.many:
		return p, fault.Wrong("query", "The query of the watch is more than one statement. Leave one.")
	case len(t.words) == 0 || !slices.Contains([]string{"SELECT", "WITH", "VALUES", "TABLE"}, t.words[0]):
		return p, fault.Wrong("query", "The query of the watch begins with SELECT or WITH. Correct it.")
	}
	for _, name := range t.names {
		if name != "from" && name != "until" {
			return p, fault.Wrong("query", "The query of the watch has the parameter :%s. There are :from and :until alone.", name)
		}
	}
	p.statement = t
	return p, nil
}

// connect makes a pool of one connection. What is wrong with a connection is not told by its cause: a password may stand in it.
func (p parsed) connect(dsn secret.Text) (*stdsql.DB, error) {
	wrong := fault.New(fault.Invalid, "The connection that the watch names is none that its driver takes. Write postgres://user:password@host/name, user:password@tcp(host:3306)/name for mysql, or the path of a SQLite file.")
	var db *stdsql.DB
	switch p.dialect {
	case postgresDialect:
		cfg, err := pgx.ParseConfig(dsn.Reveal())
		if err != nil {
			return nil, wrong
		}
		cfg.RuntimeParams["application_name"] = "frontline"
		cfg.RuntimeParams["statement_timeout"] = fmt.Sprint(countsTimeout.Milliseconds())
		cfg.RuntimeParams["timezone"] = "UTC"
		db = stdlib.OpenDB(*cfg)
	case mysqlDialect:
		cfg, err := mysql.ParseDSN(dsn.Reveal())
		if err != nil {
			return nil, wrong
		}
		cfg.ParseTime, cfg.Timeout, cfg.ReadTimeout, cfg.Loc = true, 20*time.Second, countsTimeout, time.UTC
		connector, err := mysql.NewConnector(cfg)
		if err != nil {
			return nil, wrong
		}
		db = stdsql.OpenDB(connector)
	default:
		path := strings.TrimPrefix(dsn.Reveal(), "sqlite:")
		q := url.Values{"_pragma": {"busy_timeout(5000)", "query_only(1)"}, "mode": {"ro"}}
		var err error
		if db, err = stdsql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()); err != nil {
			return nil, wrong
		}
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// count runs the query and sums its rows up.
func (p parsed) count(ctx context.Context, tx *stdsql.Tx, d watch.Definition, from, until uint32) ([]watch.Bucket, error) {
	width := int64(d.Every() / time.Second)
	edges := map[string]time.Time{"from": time.Unix(int64(from)*width, 0).UTC(), "until": time.Unix((int64(until)+1)*width, 0).UTC()}
	args := make([]any, len(p.statement.names))
	for i, name := range p.statement.names {
		args[i] = edges[name]
		if p.dialect == sqliteDialect { // which has no times; this is how its own functions write them
			args[i] = edges[name].Format(time.DateTime)
		}
	}
	rows, err := tx.QueryContext(ctx, p.statement.sql, args...)
	if err != nil {
		return nil, p.refused(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, p.refused(ctx, err)
	}
	at, err := placed(d, columns)
	if err != nil {
		return nil, err
	}
	t := watch.NewTally(d)
	for n := from; n <= until; n++ {
		t.Observed(n)
	}
	for count := 0; rows.Next(); count++ {
		if count == mostCounts {
			return nil, fault.New(fault.Invalid, "The query of the watch returns more than %d rows. Group by fewer labels, or make the bucket wider.", mostCounts)
		}
		cells, err := scanWhole(rows, len(columns))
		if err != nil {
			return nil, p.refused(ctx, err)
		}
		one, err := at.read(cells)
		if err != nil {
			return nil, err
		}
		if n := one.at.Unix() / width; n >= int64(from) && n <= int64(until) {
			t.Count(uint32(n), one.values, one.errors, one.total)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, p.refused(ctx, err)
	}
	return t.Buckets(), nil
}

// places says which column is what.
type places struct {
	at, errors, total int // total is -1 for a count alone
	labels            []int
}

func placed(d watch.Definition, columns []string) (places, error) {
	find := func(name string) int {
		return slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, name) })
	}
	p := places{at: find("at"), errors: find("errors"), total: find("total")}
	missing := func(name string) error {
		return fault.Wrong("query", "The query of the watch returns no column %s. It returns at, errors, total and one for each label.", name)
	}
	switch {
	case p.at < 0:
		return p, missing("at")
	case p.errors < 0:
		return p, missing("errors")
	case p.total < 0 && !d.Counted():
		return p, missing("total")
	}
	for _, l := range d.Labels {
		i := find(l)
		if i < 0 {
			return p, missing(l)
		}
		p.labels = append(p.labels, i)
	}
	return p, nil
}

// row is one row of an answer.
type row struct {
	at            time.Time
	errors, total float64
	values        []string
}

func (p places) read(cells []string) (r row, err error) {
	if r.at, err = moment(cells[p.at]); err != nil {
		return r, err
	}
	for _, one := range []struct {
		at   int
		into *float64
	}{{p.errors, &r.errors}, {p.total, &r.total}} {
		if one.at < 0 || cells[one.at] == "" { // a sum over nothing is NULL
			continue
		}
		n, err := strconv.ParseFloat(cells[one.at], 64)
		if err != nil || !(n >= 0) || n > 1e300 {
			return r, fault.Wrong("query", "The query of the watch returns %.40q for a count. Errors and total are numbers from zero on.", cells[one.at])
		}
		*one.into = n
	}
	for _, i := range p.labels {
		r.values = append(r.values, cells[i])
	}
	return r, nil
}

// moment reads a time: of the database's own type, as text in UTC, or in seconds since 1970.
func moment(cell string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(cell, 64); err == nil && seconds >= 0 && seconds < 1e11 {
		return time.Unix(int64(seconds), 0), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, cell); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.Wrong("query", "The query of the watch returns %.40q for at. It is a time, or seconds since 1970.", cell)
}
