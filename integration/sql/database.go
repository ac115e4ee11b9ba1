package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"frontline/action"
	"frontline/fault"
)

// open makes a pool of one connection, which is not made yet.
func (p parsed) open(call action.Call, readOnly bool) (*stdsql.DB, error) {
	password := call.Secrets["password"].Reveal()
	var db *stdsql.DB
	switch p.dialect {
	case postgresDialect:
		cfg, err := pgx.ParseConfig(p.address.String())
		if err != nil {
			return nil, fault.New(fault.Invalid, "The setting database is not an address that PostgreSQL's driver takes. Correct it.")
		}
		cfg.Password, cfg.ConnectTimeout = password, time.Duration(p.Timeout)
		cfg.RuntimeParams["application_name"] = "frontline"
		cfg.RuntimeParams["statement_timeout"] = fmt.Sprint(time.Duration(p.Timeout).Milliseconds())
		db = stdlib.OpenDB(*cfg)
	case mysqlDialect:
		cfg := mysql.NewConfig()
		cfg.User, cfg.Passwd, cfg.Net, cfg.DBName = p.address.User.Username(), password, "tcp", strings.Trim(p.address.Path, "/")
		cfg.Addr = net.JoinHostPort(p.address.Hostname(), first(p.address.Port(), "3306"))
		cfg.TLSConfig = first(p.address.Query().Get("tls"), "preferred")
		cfg.ClientFoundRows, cfg.ParseTime, cfg.Timeout = true, true, time.Duration(p.Timeout)
		connector, err := mysql.NewConnector(cfg)
		if err != nil {
			return nil, fault.New(fault.Invalid, "The setting database is not an address that MySQL's driver takes. Correct it.")
		}
		db = stdsql.OpenDB(connector)
	default:
		mode := "rw"
		q := url.Values{"_pragma": {"busy_timeout(5000)"}, "_txlock": {"immediate"}}
		if readOnly {
			mode, q = "ro", url.Values{"_pragma": {"busy_timeout(5000)", "query_only(1)"}}
		}
		q.Set("mode", mode)
		var err error
		if db, err = stdsql.Open("sqlite", (&url.URL{Scheme: "file", Path: p.address.Path, RawQuery: q.Encode()}).String()); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The setting database is not a file that SQLite can open. Correct it.")
		}
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// Make makes a SQLite database in a new file and runs the statements in it, for the test of an action.
func Make(ctx context.Context, path, statements string) error {
	db, err := stdsql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, statements); err != nil {
		return fault.Wrap(err, fault.Invalid, "SQLite refused the statements under database of a test: %s. Correct them.", err)
	}
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// within calls f in a transaction of its own, which is rolled back unless f commits it.
func (p parsed) within(ctx context.Context, call action.Call, readOnly bool, f func(context.Context, *stdsql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.Timeout))
	defer cancel()
	db, err := p.open(call, readOnly)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return p.unreachable(err)
	}
	defer func() { _ = conn.Close() }()
	if p.dialect == mysqlDialect { // MariaDB and MySQL call it differently; each refuses the other's
		_, _ = conn.ExecContext(ctx, fmt.Sprintf("SET SESSION max_statement_time = %f", time.Duration(p.Timeout).Seconds()))
		_, _ = conn.ExecContext(ctx, fmt.Sprintf("SET SESSION max_execution_time = %d", time.Duration(p.Timeout).Milliseconds()))
	}
	tx, err := conn.BeginTx(ctx, &stdsql.TxOptions{ReadOnly: readOnly && p.dialect != sqliteDialect})
	if err != nil {
		return p.unreachable(err)
	}
	defer func() { _ = tx.Rollback() }()
	return f(ctx, tx)
}

// arguments are the values of a statement's parameters. An input that was not given is NULL.
func (p parsed) arguments(call action.Call, t text) ([]any, error) {
	args := make([]any, len(t.names))
	for i, name := range t.names {
		if s, ok := call.Secrets[name]; ok {
			args[i] = s.Reveal()
			continue
		}
		v, err := argument(name, call.Inputs[name])
		if err != nil {
			return nil, err
		}
		if v != nil && p.dialect == postgresDialect { // a text takes the type that its place has
			v = fmt.Sprint(v)
		}
		args[i] = v
	}
	return args, nil
}

func argument(name string, v any) (any, error) {
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) || !utf8.ValidString(v) {
			return nil, fault.Wrong(name, "The input %s contains a zero byte or is not valid UTF-8, which databases do not keep as it is. Take that out.", name)
		}
		return v, nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return v.String(), nil
	case nil, bool, int, int64, float64:
		return v, nil
	}
	return nil, fault.Wrong(name, "The input %s is a list, which a parameter cannot be. Use one value.", name)
}

// query runs a query and makes its rows a table of at most so many.
func (p parsed) query(ctx context.Context, tx *stdsql.Tx, call action.Call, t text, title string) (action.Table, error) {
	args, err := p.arguments(call, t)
	if err != nil {
		return action.Table{}, err
	}
	rows, err := tx.QueryContext(ctx, t.sql, args...)
	if err != nil {
		return action.Table{}, p.refused(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	table := action.Table{Title: title}
	if table.Columns, err = rows.Columns(); err != nil {
		return action.Table{}, p.refused(ctx, err)
	}
	more := false
	for rows.Next() {
		if more = len(table.Rows) == p.Rows; more {
			break
		}
		row, err := scan(rows, len(table.Columns))
		if err != nil {
			return action.Table{}, p.refused(ctx, err)
		}
		table.Rows = append(table.Rows, row)
	}
	if err := rows.Err(); err != nil && !more {
		return action.Table{}, p.refused(ctx, err)
	}
	if more {
		table.Title = fmt.Sprintf("%s (the first %d; there are more)", title, p.Rows)
	}
	return table, nil
}

const cellAtMost = 1000 // bytes

// scan reads a row as texts for people, the long ones shortened.
func scan(rows *stdsql.Rows, width int) ([]string, error) {
	cells, err := scanWhole(rows, width)
	for i := range cells {
		cells[i] = strings.ToValidUTF8(cells[i], "�")
		if len(cells[i]) > cellAtMost {
			cells[i] = strings.ToValidUTF8(cells[i][:cellAtMost], "") + "…"
		}
	}
	return cells, err
}

// scanWhole reads a row as texts, without shortening them.
func scanWhole(rows *stdsql.Rows, width int) ([]string, error) {
	values, into := make([]any, width), make([]any, width)
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	cells := make([]string, width)
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case []byte:
			cells[i] = string(v)
		case time.Time:
			cells[i] = v.UTC().Format(time.RFC3339Nano)
		case float64:
			cells[i] = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			cells[i] = fmt.Sprint(v)
		}
	}
	return cells, nil
}

// change runs a change and returns how many rows it concerned.
func (p parsed) change(ctx context.Context, tx *stdsql.Tx, call action.Call) (int64, error) {
	if err := p.canRollBack(ctx, tx); err != nil {
		return 0, err
	}
	args, err := p.arguments(call, p.statement)
	if err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, p.statement.sql, args...)
	if err != nil {
		return 0, p.refused(ctx, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, p.refused(ctx, err)
	}
	return n, nil
}

// canRollBack refuses tables of MySQL that know no transactions: planning would change them.
func (p parsed) canRollBack(ctx context.Context, tx *stdsql.Tx) error {
	if p.dialect != mysqlDialect {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'
		AND engine NOT IN (SELECT engine FROM information_schema.engines WHERE transactions = 'YES')
		AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')`)
	if err != nil {
		return p.refused(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return p.refused(ctx, err)
		}
		if slices.ContainsFunc(p.statement.words, func(w string) bool { return strings.EqualFold(w, table) }) || strings.Contains(p.statement.sql, "`"+table+"`") {
			return fault.Wrong("statement", "The table %s knows no transactions, so the change cannot be planned. Turn it into one of InnoDB.", table)
		}
	}
	return rows.Err()
}

func (p parsed) unreachable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "The database at %s did not answer or did not let us in. Try again, or look at its user and password.", first(p.address.Host, p.address.Path))
}

// refused says what the database says.
func (p parsed) refused(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fault.Wrap(err, fault.Unavailable, "The statement took too long or was stopped, and was rolled back. Try again, or raise the setting timeout.")
	}
	say := err.Error()
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		say = e.Message
	} else if e := (*mysql.MySQLError)(nil); errors.As(err, &e) {
		say = e.Message
	} else if e := net.Error(nil); errors.As(err, &e) {
		return p.unreachable(err)
	}
	if len(say) > 300 {
		say = strings.ToValidUTF8(say[:300], "") + "…"
	}
	return fault.Wrap(err, fault.Invalid, "The database refused the statement: %s. Correct the statement or what was filled in.", strings.TrimRight(say, "."))
}
