package store

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/clock"
)

const insertMeta = `INSERT INTO meta (name, value) VALUES ($1, $2)`

// kept are the values that a test wrote, in the order of their names.
func kept(t *testing.T, db *DB) []string {
	t.Helper()
	got, err := rows(t.Context(), db.read, value[string], `SELECT value FROM meta WHERE name LIKE 'test %' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestKeptStatementsRunInTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		err := db.write(t.Context(), func(x *tx) error {
			put := func(query string, args ...any) {
				if err := x.put(t.Context(), query, args...); err != nil {
					t.Fatal(err)
				}
			}
			put(insertMeta, "test a", "1")
			put(`UPDATE meta SET value = '2' WHERE name = $1`, "test a")
			seen, ok, err := row(t.Context(), x, value[string], `SELECT value FROM meta WHERE name = $1`, "test a")
			if err != nil || !ok || seen != "2" {
				t.Errorf("a decision sees %q %v %v, want what it wrote before", seen, ok, err)
			}
			put(insertMeta, "test b", "3")
			n, err := x.exec(t.Context(), `UPDATE meta SET value = '4' WHERE name LIKE 'test %'`)
			if err != nil || n != 2 {
				t.Errorf("exec changed %d %v, want 2", n, err)
			}
			put(`UPDATE meta SET value = '5' WHERE name = $1`, "test b")
			return x.must(t.Context(), errors.New("never"), `UPDATE meta SET value = '6' WHERE name = $1 AND value = '5'`, "test b")
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"4", "6"}, kept(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestKeptStatementThatFailsUndoesAll(t *testing.T) {
	errMissing := errors.New("there is none")
	for name, last := range map[string]func(context.Context, *tx) error{
		"changes no row": func(ctx context.Context, x *tx) error {
			return x.must(ctx, errMissing, `DELETE FROM meta WHERE name = 'none'`)
		},
		"is refused":          func(ctx context.Context, x *tx) error { return x.put(ctx, insertMeta, "test a", "again") },
		"cannot be read":      func(ctx context.Context, x *tx) error { return x.put(ctx, `UPDATE nowhere SET x = 1`) },
		"and nobody listened": func(ctx context.Context, x *tx) error { _, _ = x.exec(ctx, insertMeta, "test a", "again"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
				if name == "and nobody listened" && db.dialect == sqliteDialect {
					return // a statement that fails there undoes only itself
				}
				err := db.write(t.Context(), func(x *tx) error {
					if err := x.put(t.Context(), insertMeta, "test a", "1"); err != nil {
						return err
					}
					if err := last(t.Context(), x); err != nil {
						return err
					}
					return x.put(t.Context(), insertMeta, "test b", "2")
				})
				if err == nil || name == "changes no row" && !errors.Is(err, errMissing) {
					t.Errorf("write = %v", err)
				}
				if got := kept(t, db); len(got) != 0 {
					t.Errorf("%v was written by a transaction that failed", got)
				}
				if err := db.write(t.Context(), func(x *tx) error { return x.put(t.Context(), insertMeta, "test c", "3") }); err != nil {
					t.Errorf("the next transaction fails: %v", err)
				}
			})
		})
	}
}

func TestListsComeInFewLengths(t *testing.T) {
	for n, want := range map[int]string{0: "NULL", 1: "$2", 2: "$2,$3", 3: "$2,$3,$4,$5", 5: "$2,$3,$4,$5,$6,$7,$8,$9"} {
		values := make([]int, n)
		for i := range values {
			values[i] = i
		}
		list, args := in(2, values)
		if list != want {
			t.Errorf("in of %d = %s, want %s", n, list, want)
		}
		for i, arg := range args {
			if arg != values[min(i, n-1)] {
				t.Errorf("in of %d has %v at %d", n, arg, i)
			}
		}
	}
}
