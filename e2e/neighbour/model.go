package neighbour

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"frontline/secret"
)

// Databases makes new databases, of each sort by its name: "sqlite" and "postgres". Each function returns the address of one that belongs to
// its test alone.
//
// Prepare is run once for each sort, on an empty database, and closes it; what tests get are copies. Making all tables takes longer than
// most tests.
func Databases(prepare func(address string) error) map[string]func(t testing.TB) string {
	return map[string]func(t testing.TB) string{"sqlite": copiesOfFile(prepare), "postgres": copiesOfDatabase(prepare)}
}

func copiesOfFile(prepare func(address string) error) func(t testing.TB) string {
	model := sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "frontline-model-")
		if err != nil {
			return nil, fmt.Errorf("make a folder for the model of databases: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		file := filepath.Join(dir, "frontline.db")
		if err := prepare("sqlite:" + file); err != nil {
			return nil, fmt.Errorf("prepare the model of databases: %w", err)
		}
		if left, err := os.Stat(file + "-wal"); err == nil && left.Size() > 0 {
			return nil, fmt.Errorf("prepare left %d bytes in the log of the database", left.Size())
		}
		return os.ReadFile(file)
	})
	return func(t testing.TB) string {
		t.Helper()
		content, err := model()
		must(t, err)
		file := filepath.Join(t.TempDir(), "frontline.db")
		must(t, os.WriteFile(file, content, 0o600))
		return "sqlite:" + file
	}
}

func copiesOfDatabase(prepare func(address string) error) func(t testing.TB) string {
	model := sync.OnceValues(func() (string, error) {
		c, err := sharedCluster()
		if err != nil {
			return "", err
		}
		name := "model_" + secret.Random(10)
		if err := c.exec(context.Background(), "CREATE DATABASE "+name); err != nil {
			return "", err
		}
		if err := prepare(c.url(name)); err != nil {
			return "", fmt.Errorf("prepare the model of databases: %w", err)
		}
		return name, nil
	})
	return func(t testing.TB) string {
		t.Helper()
		Need(t)
		name, err := model()
		must(t, err)
		c, err := sharedCluster()
		must(t, err)
		return c.copy(t, name)
	}
}
