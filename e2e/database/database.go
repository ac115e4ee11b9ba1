// Package database answers a test that wants a database of ours with nothing in it: Frontline's tables are there, and no row. The tests of
// store itself and of what it imports make theirs with neighbour.Databases.
package database

import (
	"context"
	"log/slog"
	"testing"

	"frontline/clock"
	"frontline/e2e/neighbour"
	"frontline/store"
)

var empty = neighbour.Databases(func(address string) error {
	db, err := store.Open(context.Background(), address, store.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return db.Close()
})

// SQLite returns the address of a new file.
func SQLite(t testing.TB) string {
	t.Helper()
	return empty["sqlite"](t)
}

// Postgres returns the address of a new database in the cluster that the tests of this process share.
func Postgres(t testing.TB) string {
	t.Helper()
	return empty["postgres"](t)
}
