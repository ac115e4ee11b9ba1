package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"frontline/action"
	"frontline/action/actiontest"
	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/secret"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

func kind() *Kind { return New(clock.Real{}) }

// base is a database with the tables of the tests.
type base struct {
	dialect  dialect
	address  string // as the setting wants it
	password string
	db       *stdsql.DB
}

// each runs the test on every database.
func each(t *testing.T, test func(t *testing.T, open func(t *testing.T) base)) {
	for name, open := range map[dialect]func(*testing.T) base{sqliteDialect: openSQLite, postgresDialect: openPostgres, mysqlDialect: openMySQL} {
		t.Run(string(name), func(t *testing.T) { test(t, open) })
	}
}

func openSQLite(t *testing.T) base {
	file := filepath.Join(t.TempDir(), "sessions.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return base{sqliteDialect, "sqlite:" + file, "", filled(t, "sqlite", file, "TEXT")}
}

func openPostgres(t *testing.T) base {
	address := neighbour.Postgres(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	u.User = url.User(u.User.Username())
	return base{postgresDialect, u.String(), password, filled(t, "pgx", address, "TEXT")}
}

func openMySQL(t *testing.T) base {
	m := neighbour.OpenMariaDB(t)
	return base{mysqlDialect, "mysql://" + m.User + "@" + m.Host + "/" + m.Name, m.Password, filled(t, "mysql", m.DSN(), "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")}
}

func filled(t *testing.T, driver, dsn, text string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{
		"CREATE TABLE sessions (id INTEGER PRIMARY KEY, customer VARCHAR(100) NOT NULL, open INTEGER NOT NULL)",
		"INSERT INTO sessions VALUES (1, 'nordpank', 1), (2, 'nordpank', 1), (3, 'lumo', 1)",
		"CREATE TABLE arrived (value " + text + ")",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return db
}

func (b base) call(t testing.TB, risk action.Risk, settings map[string]any, inputs map[string]any) action.Call {
	t.Helper()
	settings["database"] = b.address
	secrets := map[string]secret.Text{}
	if b.password != "" {
		settings["password"], secrets["password"] = "env:DATABASE_PASSWORD", secret.New(b.password)
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return action.Call{Run: "RUN-7", Risk: risk, Settings: raw, Inputs: inputs, Secrets: secrets}
}

func (b base) observe(t testing.TB) (all string) {
	t.Helper()
	rows, err := b.db.Query("SELECT id, customer, open FROM sessions ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, open int
		var customer string
		if err := rows.Scan(&id, &customer, &open); err != nil {
			t.Fatal(err)
		}
		all += fmt.Sprintf("%d %s %d; ", id, customer, open)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestConformance runs the suite that every kind passes, on every database, with a look and without.
func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) base) {
		for _, looks := range []bool{false, true} {
			t.Run(fmt.Sprintf("look=%v", looks), func(t *testing.T) {
				actiontest.Run(t, func(t *testing.T) actiontest.World { return world(t, open(t), looks) })
			})
		}
	})
}

func world(t *testing.T, b base, looks bool) actiontest.World {
	settings := map[string]any{"statement": "UPDATE sessions SET open = 0 WHERE customer = :customer AND open = 1;",
		"preview": "SELECT id, customer FROM sessions WHERE customer = :customer AND open = 1 ORDER BY id"}
	if looks {
		settings["look"] = "SELECT NOT EXISTS (SELECT 1 FROM sessions WHERE customer = :customer AND open = 1)"
	}
	call := b.call(t, action.RiskChange, settings, map[string]any{"customer": "nordpank"})
	unreachable := call
	unreachable.Settings = json.RawMessage(strings.Replace(string(call.Settings), b.address, map[dialect]string{sqliteDialect: "sqlite:/no/such/file.db",
		postgresDialect: "postgres://frontline@127.0.0.1:1/x?sslmode=disable", mysqlDialect: "mysql://frontline@127.0.0.1:1/x"}[b.dialect], 1))
	return actiontest.World{
		Kind: kind(), Call: call, Unreachable: &unreachable, Blind: !looks,
		Bad: map[string]string{
			`{}`: "database",
			`{"database":"oracle://a@b/c","statement":"SELECT 1"}`:                                         "database",
			`{"database":"postgres://a:word@b/c","statement":"SELECT 1"}`:                                  "database",
			`{"database":"postgres://a@b/c?password=word","statement":"SELECT 1"}`:                         "database",
			`{"database":"sqlite:here.db","statement":"SELECT 1"}`:                                         "database",
			`{"database":"sqlite:/a.db","password":"word","statement":"SELECT 1"}`:                         "password",
			`{"database":"sqlite:/a.db"}`:                                                                  "statement",
			`{"database":"sqlite:/a.db","statement":"SELECT 1; DELETE FROM a"}`:                            "statement",
			`{"database":"sqlite:/a.db","statement":"DROP TABLE a"}`:                                       "statement",
			`{"database":"sqlite:/a.db","statement":"COMMIT"}`:                                             "statement",
			`{"database":"sqlite:/a.db","statement":"SELECT 'a"}`:                                          "statement",
			`{"database":"mysql://a@b/c","statement":"SELECT 1 /*! INTO OUTFILE 'x' */"}`:                  "statement",
			`{"database":"sqlite:/a.db","statement":"UPDATE a SET b=1","preview":"DELETE FROM a"}`:         "preview",
			`{"database":"sqlite:/a.db","statement":"UPDATE a SET b=1","look":"INSERT INTO a VALUES (1)"}`: "look",
			`{"database":"sqlite:/a.db","statement":"SELECT 1","rows":100000}`:                             "rows",
			`{"database":"sqlite:/a.db","statement":"SELECT 1","timeout":"1h"}`:                            "timeout",
			`{"database":"sqlite:/a.db","statement":"SELECT 1","write":true}`:                              "write",
		},
		Observe: b.observe,
		Move: func(t testing.TB) {
			if _, err := b.db.Exec("UPDATE sessions SET open = 0 WHERE id = 2"); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// do plans and does.
func do(t *testing.T, call action.Call) (action.Result, error) {
	t.Helper()
	plan, err := kind().Plan(t.Context(), call)
	if err != nil {
		return action.Result{}, err
	}
	return kind().Do(t.Context(), call, plan, &actiontest.Ledger{})
}

// TestHostileInputs writes what nobody would want to type.
func TestHostileInputs(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) base) {
		b := open(t)
		actiontest.RunHostile(t, "customer", func(t *testing.T, value string) (string, error) {
			if _, err := b.db.Exec("DELETE FROM arrived"); err != nil {
				t.Fatal(err)
			}
			call := b.call(t, action.RiskChange, map[string]any{"statement": "INSERT INTO arrived (value) VALUES (:customer)"}, map[string]any{"customer": value})
			if _, err := do(t, call); err != nil {
				return "", err
			}
			var got string
			if err := b.db.QueryRow("SELECT value FROM arrived").Scan(&got); err != nil {
				t.Fatal(err)
			}
			return got, nil
		})
		if got, want := b.observe(t), "1 nordpank 1; 2 nordpank 1; 3 lumo 1; "; got != want {
			t.Errorf("the sessions are %s, want %s", got, want)
		}
	})
}

// TestRead shows rows, says when there are more, and is kept from changing anything by the database itself.
func TestRead(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) base) {
		b := open(t)
		query := "SELECT customer, count(*) AS n, NULL AS empty FROM sessions WHERE open = :open GROUP BY customer ORDER BY customer -- :not one\n"
		res, err := do(t, b.call(t, action.RiskRead, map[string]any{"statement": query, "title": "Open"}, map[string]any{"open": json.Number("1")}))
		if err != nil || !res.Done || fmt.Sprint(res.Tables) != "[{Open [customer n empty] [[lumo 1 ] [nordpank 2 ]]}]" {
			t.Errorf("Do = %+v, %v", res, err)
		}
		res, err = do(t, b.call(t, action.RiskRead, map[string]any{"statement": query, "rows": 1}, map[string]any{"open": 1}))
		if err != nil || len(res.Tables[0].Rows) != 1 || !strings.Contains(res.Tables[0].Title, "there are more") || !strings.Contains(res.Summary, "more than 1 row") {
			t.Errorf("Do = %+v, %v", res, err)
		}
		change := b.call(t, action.RiskRead, map[string]any{"statement": "UPDATE sessions SET open = 0"}, nil)
		if err := kind().CheckRisk(action.RiskRead, change.Settings); len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "statement" {
			t.Errorf("CheckRisk = %v", err)
		}
		if _, err := do(t, change); !fault.Is(err, fault.Invalid) {
			t.Errorf("a change of risk read: %v", err)
		}
		// What we would not notice, the database does.
		p, err := parseSettings(change.Settings)
		if err != nil {
			t.Fatal(err)
		}
		err = p.within(t.Context(), change, true, func(ctx context.Context, tx *stdsql.Tx) error {
			_, err := tx.ExecContext(ctx, p.Statement)
			return err
		})
		if err == nil || b.observe(t) != "1 nordpank 1; 2 nordpank 1; 3 lumo 1; " {
			t.Errorf("the database let a read change something: %v", err)
		}
	})
}

// TestReadThatLooks is what a check of another action is: it succeeds where its look says yes, and fails where it does not.
func TestReadThatLooks(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) base) {
		b := open(t)
		for look, say := range map[string]string{
			"SELECT count(*) = 2 FROM sessions WHERE customer = :customer": "has 2 rows.",
			"SELECT count(*) = 1 FROM sessions WHERE customer = :customer": "the look says no",
			"SELECT customer FROM sessions WHERE customer = :customer":     "not one value",
		} {
			call := b.call(t, action.RiskRead, map[string]any{"statement": "SELECT id FROM sessions WHERE customer = :customer", "look": look}, map[string]any{"customer": "nordpank"})
			res, err := do(t, call)
			if err != nil || res.Done != (say == "has 2 rows.") || !strings.Contains(res.Summary, say) || len(res.Tables[0].Rows) != 2 {
				t.Errorf("%s: Do = %+v, %v", look, res, err)
			}
		}
	})
}

// TestChange says what the plan shows, finds nothing to do, and refuses what breaks.
func TestChange(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) base) {
		b := open(t)
		settings := func() map[string]any {
			return map[string]any{"statement": "UPDATE sessions SET open = 0 WHERE customer = :customer", "preview": "SELECT id FROM sessions WHERE customer = :customer ORDER BY id"}
		}
		plan, err := kind().Plan(t.Context(), b.call(t, action.RiskChange, settings(), map[string]any{"customer": "nordpank"}))
		if err != nil || plan.Changes[0].Count != 2 || fmt.Sprint(plan.Tables[0].Rows) != "[[1] [2]]" || !strings.Contains(plan.Summary, "2 rows") {
			t.Errorf("the plan is %+v, %v", plan, err)
		}
		if plan, err = kind().Plan(t.Context(), b.call(t, action.RiskChange, settings(), map[string]any{"customer": "savanna"})); err != nil || !plan.Nothing {
			t.Errorf("the plan is %+v, %v", plan, err)
		}
		_, err = kind().Plan(t.Context(), b.call(t, action.RiskChange, map[string]any{"statement": "INSERT INTO sessions VALUES (1, 'again', 1)"}, nil))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "refused the statement") {
			t.Errorf("a row that is there already: %v", err)
		}
		// A row comes between plan and run that the number of rows does not show.
		call := b.call(t, action.RiskChange, settings(), map[string]any{"customer": "nordpank"})
		if plan, err = kind().Plan(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if _, err := b.db.Exec("UPDATE sessions SET id = 20 WHERE id = 2"); err != nil {
			t.Fatal(err)
		}
		if _, err := kind().Do(t.Context(), call, plan, &actiontest.Ledger{}); !fault.Is(err, fault.Conflict) {
			t.Errorf("other rows than planned: %v", err)
		}
	})
}

// TestNoTransactions refuses a table that could not be rolled back.
func TestNoTransactions(t *testing.T) {
	b := openMySQL(t)
	if _, err := b.db.Exec("CREATE TABLE old (n INTEGER) ENGINE=MyISAM"); err != nil {
		t.Fatal(err)
	}
	_, err := kind().Plan(t.Context(), b.call(t, action.RiskChange, map[string]any{"statement": "INSERT INTO old VALUES (1)"}, nil))
	var n int
	if scanned := b.db.QueryRow("SELECT count(*) FROM old").Scan(&n); !fault.Is(err, fault.Invalid) || scanned != nil || n != 0 {
		t.Errorf("Plan = %v; the table has %d rows, %v", err, n, scanned)
	}
}

// TestLook says what each answer of a look means.
func TestLook(t *testing.T) {
	b := openSQLite(t)
	for look, want := range map[string]string{"SELECT 1": "true false", "SELECT 0": "false false", "SELECT 2": "false true", "SELECT 1 WHERE 1 = 0": "false true", "SELECT 1, 1": "false true"} {
		call := b.call(t, action.RiskChange, map[string]any{"statement": "DELETE FROM sessions", "look": look}, nil)
		res, err := kind().Reconcile(t.Context(), call, action.Plan{}, []action.Step{{Name: stepCommitting}}, &actiontest.Ledger{})
		if got := fmt.Sprint(res.Done, " ", res.Unknown); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", look, got, err, want)
		}
	}
}

// TestParse finds parameters, and nothing else, in statements.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		dialect dialect
		sql     string
		want    string
		names   string
	}{
		{postgresDialect, `SELECT a::text, ':b', ":c", $x$:d$x$, $$:e$$ /* :f */ FROM t -- :g` + "\n" + `WHERE h = :h AND i = :h AND j=:j_2;`, `SELECT a::text, ':b', ":c", $x$:d$x$, $$:e$$ /* :f */ FROM t -- :g` + "\n" + `WHERE h = $1 AND i = $2 AND j=$3`, "[h h j_2]"},
		{postgresDialect, `SELECT 'it''s :a' || :b`, `SELECT 'it''s :a' || $1`, "[b]"},
		{mysqlDialect, "SELECT 'it\\'s :a', `:b`, :c # :d", "SELECT 'it\\'s :a', `:b`, ? # :d", "[c]"},
		{sqliteDialect, `SELECT "a:b", :c`, `SELECT "a:b", ?`, "[c]"},
		{mysqlDialect, "SELECT @n := :n", "SELECT @n := ?", "[n]"},
	} {
		got := parse(c.dialect, c.sql)
		if got.sql != c.want || fmt.Sprint(got.names) != c.names || got.many || got.odd != "" {
			t.Errorf("%s: %+v, want %s with %s", c.sql, got, c.want, c.names)
		}
	}
	for _, many := range []string{"SELECT 1; SELECT 2", "SELECT 1;;SELECT 2", "SELECT 1; -- x\nDELETE FROM a"} {
		if !parse(postgresDialect, many).many {
			t.Errorf("%q is taken for one statement", many)
		}
	}
}

// FuzzParse gives statements any form.
func FuzzParse(f *testing.F) {
	f.Add(`SELECT a FROM b WHERE c = :c AND d = ':e' -- f`, "postgres")
	f.Add("SELECT $$ :a $$, `b` /* c */; SELECT 1", "mysql")
	f.Fuzz(func(t *testing.T, sql, name string) {
		got := parse(dialect(name), sql)
		if got.odd == "" && len(got.names) == 0 && !strings.HasPrefix(sql, got.sql) {
			t.Errorf("without a parameter %q became %q", sql, got.sql)
		}
	})
}
