package store

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"frontline/clock"
	"frontline/journal"
	"frontline/privacy"
)

// tableColumns are the columns of every table with their types, in lower case, without those of goose and of the index's own tables.
func tableColumns(t *testing.T, db *DB) map[string]map[string]string {
	t.Helper()
	query := `SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'finding_text%'`
	if db.dialect == postgresDialect {
		query = `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'`
	}
	out := map[string]map[string]string{}
	err := db.read.query(t.Context(), func(s scan) error {
		var table, column, kind string
		err := s(&table, &column, &kind)
		if table == "goose_db_version" {
			return err
		}
		if out[table] == nil {
			out[table] = map[string]string{}
		}
		out[table][column] = strings.ToLower(kind)
		return err
	}, query)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parts(h holding) []string {
	return []string{h.refs, h.prose, h.bytes, h.identity, h.sealed, h.configured, h.index}
}

// Every column of text or bytes is in words(), once: what erasing does not know of, it would leave.
func TestErasingKnowsEveryColumn(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		all := tableColumns(t, db)
		known := words()
		for table, columns := range all {
			count := map[string]int{}
			for _, part := range parts(known[table]) {
				for _, c := range strings.Fields(part) {
					count[c]++
					if _, there := columns[c]; !there && db.dialect == postgresDialect {
						t.Errorf("%s.%s is in words() and in no table: take it out of store/words.go", table, c)
					}
				}
			}
			for column, kind := range columns {
				holds := kind != "bigint" && kind != "integer" && kind != "boolean"
				if holds && count[column] != 1 {
					t.Errorf("%s.%s (%s) is in %d parts of words(), want 1: say in store/words.go whether it holds ids and fixed words (refs), people's words (prose), files (bytes) or who somebody is (identity)",
						table, column, kind, count[column])
				}
			}
		}
		for table := range known {
			if all[table] == nil {
				t.Errorf("%s is in words() and there is no such table", table)
			}
		}
	})
}

// planted is somebody who is named everywhere.
func planted() privacy.Whom {
	return privacy.Whom{Ref: "Ännika.Kuusk@Nordpank.example", Names: []string{"Ännika Kuusk"}, Addresses: []string{"annika.kuusk@nordpank.example", "+372 5550 1928"}}
}

const plantedSay = `{"say": "to\nannika.kuusk@nordpank.example, or ÄNNIKA KUUSK \u003cAnnika.Kuusk@Nordpank.example\u003e, +372 5550 1928. Not to mari.annika.kuusk@nordpank.example.org."}`

// plant puts a row into every table in which mentions are looked for, with the person in each column that may hold one.
func plant(t *testing.T, db *DB) {
	t.Helper()
	all := tableColumns(t, db)
	conn, err := db.read.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, free := range freed(t, db) {
		if _, err := conn.ExecContext(t.Context(), free); err != nil {
			t.Fatal(err)
		}
	}
	for n, table := range swept() {
		var columns, values []string
		var args []any
		for _, c := range slices.Sorted(maps.Keys(all[table])) {
			if kind := all[table][c]; c != "number" || kind != "integer" {
				args = append(args, plantedValue(words()[table], c, kind, n))
				columns, values = append(columns, c), append(values, fmt.Sprint("$", len(args)))
			}
		}
		if _, err := conn.ExecContext(t.Context(), `INSERT INTO `+table+` (`+strings.Join(columns, ", ")+`) VALUES (`+strings.Join(values, ", ")+`)`, args...); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
}

func plantedValue(h holding, column, kind string, n int) any {
	in := func(part string) bool { return slices.Contains(strings.Fields(part), column) }
	switch {
	case in(h.prose):
		return plantedSay
	case in(h.bytes):
		return []byte(plantedSay)
	case kind == "boolean":
		return false
	case kind == "bytea" || kind == "blob":
		return []byte{1}
	case kind != "text":
		return n + 1
	case column == "body" || column == "labels":
		return "{}"
	}
	return fmt.Sprint("ref-", n)
}

// freed are the statements after which any row may be planted.
func freed(t *testing.T, db *DB) []string {
	t.Helper()
	if db.dialect != postgresDialect {
		return []string{`PRAGMA ignore_check_constraints = 1`, `PRAGMA foreign_keys = 0`}
	}
	out, err := rows(t.Context(), db.read, value[string], `SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname) FROM pg_constraint
		WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace ORDER BY contype DESC`)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// carryOut carries out an erasure to its end.
func carryOut(t *testing.T, db *DB, w privacy.Whom) privacy.Erasure {
	t.Helper()
	e, err := db.BeginErasure(t.Context(), w, "marika", func(privacy.Erasure) (c journal.Consequences) { return c })
	if err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		if more, err = db.StepErasure(t.Context(), e.ID, func(privacy.Erasure) (c journal.Consequences) { return c }); err != nil {
			t.Fatal(err)
		}
	}
	e, err = db.Erasure(t.Context(), e.ID)
	if err != nil || e.State != privacy.Ended {
		t.Fatalf("%+v, %v", e, err)
	}
	return e
}

// allBytes is all that a database holds, as bytes: on SQLite its files after the program has ended, on PostgreSQL every column of every table as text.
func allBytes(t *testing.T, db *DB, address string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if db.dialect == postgresDialect {
		for table := range tableColumns(t, db) {
			all, err := rows(context.Background(), db.read, value[string], `SELECT x::TEXT FROM `+table+` x`)
			if err != nil {
				t.Fatal(err)
			}
			out[table] = strings.Join(all, "\n")
		}
		return out
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(strings.TrimPrefix(address, "sqlite:"))
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = string(content)
	}
	return out
}

// nowhere fails when one of the words stands anywhere, whatever its letters' case. PostgreSQL writes bytes as hex.
func nowhere(t *testing.T, all map[string]string, words ...string) {
	t.Helper()
	for place, content := range all {
		content = strings.ToLower(content)
		for _, w := range words {
			for _, way := range []string{strings.ToLower(w), fmt.Sprintf("%x", w), fmt.Sprintf("%x", strings.ToLower(w))} {
				if at := strings.Index(content, way); at >= 0 {
					t.Errorf("%q is left in %s: …%q…", w, place, content[max(0, at-60):min(len(content), at+len(way)+60)])
				}
			}
		}
	}
}

// Somebody who stands in every column that may hold words stands in none of them afterwards; somebody with a longer address stays.
func TestMentionsAreReplacedEverywhere(t *testing.T) {
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			where := address(t)
			db := openTest(t, where, clock.NewMoved(start))
			plant(t, db)
			e := carryOut(t, db, planted())
			columns := 0
			for _, h := range words() {
				columns += len(strings.Fields(h.prose))*4 + len(strings.Fields(h.bytes))
			}
			if e.Counts.Mentions != columns {
				t.Errorf("%d mentions were replaced, want %d", e.Counts.Mentions, columns)
			}
			left := allBytes(t, db, where)
			nowhere(t, left, "ännika kuusk", "5550 1928", " annika.kuusk@nordpank", "cannika.kuusk@nordpank", "nannika.kuusk@nordpank")
			if all := fmt.Sprint(left); !strings.Contains(all, "mari.annika.kuusk@nordpank.example.org") {
				t.Error("somebody else, whose address is longer, is gone too")
			}
		})
	}
}
