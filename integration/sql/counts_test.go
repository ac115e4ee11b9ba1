package sql

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/secret"
	"frontline/watch"
	"frontline/watch/sourcetest"
)

const decisions = `SELECT strftime('%Y-%m-%d %H:%M', decided_at) AS at, customer, sum(outcome = 'error') AS errors, count(*) AS total
	FROM decision WHERE decided_at >= :from AND decided_at < :until GROUP BY 1, 2`

// source is a database with decisions around 14:07, and what asks it.
func source(t *testing.T) (*Counts, watch.Definition) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "decisions.db")
	if err := Make(t.Context(), path, `CREATE TABLE decision (decided_at TEXT, customer TEXT, outcome TEXT);
		INSERT INTO decision VALUES ('2026-11-23 14:06:59', 'kivi', 'ok'), ('2026-11-23 14:07:00', 'kivi', 'error'), ('2026-11-23 14:07:30', 'kivi', 'ok'),
			('2026-11-23 14:07:59', 'nordpank', 'ok'), ('2026-11-23 14:09:00', 'nordpank', 'error'), ('2026-11-23 14:12:00', 'nordpank', 'error')`); err != nil {
		t.Fatal(err)
	}
	c := NewCounts(func(_ context.Context, _ watch.Definition, ref secret.Ref) (secret.Text, error) {
		return ref.Resolve(func(string) string { return path })
	})
	return c, watch.Definition{ID: "decisions", Labels: []string{"customer"}, Source: watch.Feed{SQL: &watch.SQL{Driver: "sqlite", DSN: "env:DECISIONS", Query: decisions}}}
}

const at1406 = uint32(1_795_442_760 / 60) // 2026-11-23 14:06 UTC

func TestADatabaseIsAskedForCounts(t *testing.T) {
	c, d := source(t)
	kivi, nordpank := []string{"kivi"}, []string{"nordpank"}
	want := []watch.Bucket{
		{Number: at1406, Leaves: []watch.Leaf{{Values: kivi, Requests: 1}}},
		{Number: at1406 + 1, Leaves: []watch.Leaf{{Values: kivi, Errors: 1, Requests: 2}, {Values: nordpank, Requests: 1}}},
		{Number: at1406 + 2},
		{Number: at1406 + 3, Leaves: []watch.Leaf{{Values: nordpank, Errors: 1, Requests: 1}}},
		{Number: at1406 + 4},
	}
	if diff := cmp.Diff(want, sourcetest.Keeps(t, c, d, at1406, at1406+4, at1406+2, at1406+4)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestWhatAQueryOfAWatchMayNot(t *testing.T) {
	for query, want := range map[string]string{
		`DELETE FROM decision`:                                          "begins with SELECT",
		`SELECT 1; SELECT 2`:                                            "more than one statement",
		`SELECT :now AS at`:                                             "parameter :now",
		`SELECT 1 AS at, 1 AS total, 'x' AS customer`:                   "no column errors",
		`SELECT 1 AS at, 1 AS errors, 'x' AS customer`:                  "no column total",
		`SELECT 1 AS at, 1 AS errors, 2 AS total`:                       "no column customer",
		`SELECT 'noon' AS at, 1 AS errors, 2 AS total, 'x' AS customer`: "It is a time",
		`SELECT 1 AS at, -1 AS errors, 2 AS total, 'x' AS customer`:     "from zero on",
		`SELECT at FROM nowhere`:                                        "nowhere",
		`WITH x AS (SELECT 1) DELETE FROM decision`:                     "readonly",
	} {
		c, d := source(t)
		d.Source.SQL.Query = query
		if _, err := c.Counts(t.Context(), d, at1406, at1406); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestAConnectionIsNotTold(t *testing.T) {
	for driver, dsn := range map[string]string{"postgres": "postgres://wanjiru:am7kq2@host:port/x", "mysql": "wanjiru:am7kq2@nowhere"} {
		c := NewCounts(func(context.Context, watch.Definition, secret.Ref) (secret.Text, error) { return secret.New(dsn), nil })
		_, err := c.Counts(t.Context(), watch.Definition{Source: watch.Feed{SQL: &watch.SQL{Driver: driver, Query: "SELECT 1"}}}, 1, 1)
		if err == nil || strings.Contains(err.Error(), "am7kq2") || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", driver, err)
		}
	}
}

// TestGenuineDatabasesAreAskedForCounts: PostgreSQL and MariaDB take the parameters as times and give times back.
func TestGenuineDatabasesAreAskedForCounts(t *testing.T) {
	const rest = ` AS at, 'kivi' AS customer, 1 AS errors, 2 AS total) x WHERE at >= :from AND at < :until`
	for driver, c := range map[string]struct{ dsn, query string }{
		"postgres": {neighbour.Postgres(t), `SELECT at, customer, sum(errors) AS errors, sum(total) AS total FROM (SELECT TIMESTAMPTZ '2026-11-23 16:07:10+02'` + rest + ` GROUP BY 1, 2`},
		"mysql":    {neighbour.OpenMariaDB(t).DSN(), `SELECT at, customer, sum(errors) AS errors, sum(total) AS total FROM (SELECT TIMESTAMP '2026-11-23 14:07:10'` + rest + ` GROUP BY 1, 2`},
	} {
		s := NewCounts(func(context.Context, watch.Definition, secret.Ref) (secret.Text, error) {
			return secret.New(c.dsn), nil
		})
		d := watch.Definition{ID: "decisions", Labels: []string{"customer"}, Source: watch.Feed{SQL: &watch.SQL{Driver: driver, DSN: "env:DECISIONS", Query: c.query}}}
		want := []watch.Bucket{{Number: at1406}, {Number: at1406 + 1, Leaves: []watch.Leaf{{Values: []string{"kivi"}, Errors: 1, Requests: 2}}}, {Number: at1406 + 2}}
		if diff := cmp.Diff(want, sourcetest.Keeps(t, s, d, at1406, at1406+2, at1406, at1406+2)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", driver, diff)
		}
	}
}
