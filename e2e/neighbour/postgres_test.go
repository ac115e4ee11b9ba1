package neighbour

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestPostgresDatabasesAreTheTestsOwn shows that two databases do not see each other.
func TestPostgresDatabasesAreTheTestsOwn(t *testing.T) {
	one, other := Postgres(t), Postgres(t)
	run(t, one, "CREATE TABLE page (id TEXT)")
	run(t, other, "CREATE TABLE page (id TEXT)")
}

// TestPostgresKeepsCommits finds a committed row after an orderly stop and after a kill, at the same address.
func TestPostgresKeepsCommits(t *testing.T) {
	c := OwnPostgres(t)
	url := c.Database(t)
	run(t, url, "CREATE TABLE page (id TEXT)")
	run(t, url, "INSERT INTO page VALUES ('night')")
	for _, end := range []func(){c.Stop, c.Kill} {
		end()
		if conn, err := pgx.Connect(t.Context(), url); err == nil {
			_ = conn.Close(t.Context())
			t.Fatal("the server still answers")
		}
		c.Start()
		if got := run(t, url, "SELECT id FROM page"); got != "night" {
			t.Fatalf("the row says %q, want night", got)
		}
		if got := run(t, url, "SHOW fsync"); got != "on" {
			t.Fatalf("fsync is %q, want on", got)
		}
	}
}

// run executes the statement and returns the first column of the first row, if there is one.
func run(t *testing.T, url, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), statement)
	must(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(got) == 0 {
		return ""
	}
	return got[0]
}
