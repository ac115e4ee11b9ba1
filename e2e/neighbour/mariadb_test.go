package neighbour

import (
	"database/sql"
	"testing"
)

// TestMariaDB makes a database, writes to it and reads it again.
func TestMariaDB(t *testing.T) {
	m := OpenMariaDB(t)
	db, err := sql.Open("mysql", m.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"CREATE TABLE a (b TEXT)", "INSERT INTO a VALUES ('Põder')"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	var b, version string
	if err := db.QueryRowContext(t.Context(), "SELECT b, version() FROM a").Scan(&b, &version); err != nil || b != "Põder" {
		t.Errorf("read %q from %s: %v", b, version, err)
	}
}
