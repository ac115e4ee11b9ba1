package store

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"frontline/clock"
	"frontline/fault"
)

// A database that a newer program wrote is left alone, whatever number its change has.
func TestTablesOfANewerVersion(t *testing.T) {
	for _, version := range []string{"999999", "11"} {
		each(t, func(t *testing.T, db *DB, c *clock.Moved) {
			if _, err := db.read.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (`+version+`, TRUE)`); err != nil {
				t.Fatal(err)
			}
			err := db.migrate(t.Context(), db.read.DB)
			if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), version) || !strings.Contains(fault.Sentence(err), "newer version") {
				t.Errorf("migrate = %v, want a refusal that names the change", err)
			}
		})
	}
}

// A wing's new change comes to a database that has changes with higher numbers already.
func TestTablesOfAnOlderVersion(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		for _, undo := range []string{`DROP INDEX attempt_failed`, `DROP INDEX page_opened`, `DELETE FROM goose_db_version WHERE version_id = 21`} {
			if _, err := db.read.ExecContext(t.Context(), undo); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.migrate(t.Context(), db.read.DB); err != nil {
			t.Fatalf("migrate = %v", err)
		}
		if _, err := db.read.ExecContext(t.Context(), `DROP INDEX page_opened`); err != nil {
			t.Errorf("the change was not made: %v", err)
		}
	})
}

// What cannot be the database says why, and is not touched.
func TestFilesThatAreNoDatabase(t *testing.T) {
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(letter, []byte(strings.Repeat("Dear customer, ", 600)), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{dir: "is a folder", letter: "is no SQLite database"} {
		db, err := Open(t.Context(), "sqlite:"+path, Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
		if db != nil {
			t.Fatalf("%s was opened: %v", path, db.Close())
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), says) || !strings.Contains(fault.Sentence(err), path) {
			t.Errorf("Open(%s) = %v, want that it %s", path, err, says)
		}
	}
	if text, err := os.ReadFile(letter); err != nil || !strings.HasPrefix(string(text), "Dear customer") {
		t.Errorf("the letter is now %q, %v", text, err)
	}
}

// The database holds what customers wrote: nobody else on the machine reads it.
func TestTheDatabaseIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "frontline.db")
	db, err := Open(t.Context(), "sqlite:"+path, Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want mode 600", name, info, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
