package config

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"frontline/clock"
	"frontline/fault"
)

// remembered keeps folders in memory.
type remembered struct {
	all    map[string]Folder
	writes int
}

func (r *remembered) SetFolder(_ context.Context, f Folder) error {
	r.all[f.Name] = f
	r.writes++
	return nil
}

func (r *remembered) Folders(context.Context) (out []Folder, _ error) {
	for _, f := range r.all {
		out = append(out, f)
	}
	return out, nil
}

// A folder under git is followed: what is new there is applied, what is gone is retired, and what is wrong changes nothing and is said.
func TestAFolderIsFollowed(t *testing.T) {
	c, store := setUp()
	folders := &remembered{all: map[string]Folder{}}
	files, commit, unreadable := file(verity), "aaa", error(nil)
	s := &Syncer{Name: "verity", From: "/srv/verity", Config: c, Store: folders, Clock: clock.NewMoved(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)),
		Log: slog.New(slog.DiscardHandler), Read: func(context.Context) ([]File, string, error) { return files, commit, unreadable }}
	look := func() Folder {
		t.Helper()
		if err := s.Look(t.Context()); err != nil {
			t.Fatalf("Look: %v", err)
		}
		return folders.all["verity"]
	}
	if f := look(); f.Commit != "aaa" || f.Problem != "" || f.At.IsZero() {
		t.Errorf("after the first look: %+v", f)
	}
	if e := store.entries[len(store.entries)-1]; e.Facts["commit"] != "aaa" || e.Actor.Via != "sync" {
		t.Errorf("the journal says %+v", e)
	}
	look()
	if folders.writes != 1 {
		t.Errorf("looking at the same folder again wrote %d times", folders.writes-1)
	}
	before, commit2 := len(c.people(t)), "bbb"
	files, commit = file(strings.Replace(verity, "role: admin", "role: chief", 1)), commit2
	if f := look(); f.Commit != "aaa" || f.Problem == "" || len(f.Problems) != 1 || !strings.HasPrefix(f.Problems[0].File, "people.yaml:") {
		t.Errorf("after a wrong commit: %+v", f)
	}
	look()
	if folders.writes != 2 || len(c.people(t)) != before {
		t.Errorf("%d writes, %d people of %d", folders.writes, len(c.people(t)), before)
	}
	unreadable = fault.New(fault.Unavailable, "The repository cannot be read now.")
	if err := s.Look(t.Context()); !fault.Is(err, fault.Unavailable) || folders.writes != 2 {
		t.Errorf("Look = %v after %d writes", err, folders.writes)
	}
	files, commit, unreadable = file("teams:\n  - {id: support, name: Technical support}\n"), "ccc", nil
	if f := look(); f.Commit != "ccc" || f.Problem != "" || len(c.people(t)) != 0 {
		t.Errorf("after people left: %+v with %d people", f, len(c.people(t)))
	}
}

func (c *Config) people(t *testing.T) []string {
	t.Helper()
	b, err := c.Book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b.ids("person")
}
