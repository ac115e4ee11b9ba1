package store

import (
	"strings"
	"sync"
	"testing"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

var master = secret.New("5f1d2c9be07a4c6f8e3b1a2d4c5e6f70")

func TestKeyIsMadeOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx := t.Context()
		first, err := db.Key(ctx, "links", master)
		if err != nil || len(first.Reveal()) != 32 {
			t.Fatalf("Key = %d bytes, %v", len(first.Reveal()), err)
		}
		writes := db.feed.writes.Load()
		again, err := db.Key(ctx, "links", master)
		if err != nil || !again.Equal(first.Reveal()) {
			t.Errorf("asked again it is another key (%v)", err)
		}
		if db.feed.writes.Load() != writes {
			t.Error("asking again wrote to the database")
		}
		if o, err := db.Key(ctx, "webhooks", master); err != nil || o.Equal(first.Reveal()) {
			t.Errorf("a key of another name is the same (%v)", err)
		}
	})
}

func TestKeyNeedsItsMaster(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx := t.Context()
		if _, err := db.Key(ctx, "links", secret.New("short")); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "FRONTLINE_KEY") {
			t.Errorf("a short master: %v, want a fault that names FRONTLINE_KEY", err)
		}
		if _, err := db.Key(ctx, "links", master); err != nil {
			t.Fatal(err)
		}
		stranger := secret.New("another " + master.Reveal())
		_, err := db.Key(ctx, "links", stranger)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "FRONTLINE_KEY") || strings.Contains(err.Error(), stranger.Reveal()) {
			t.Errorf("another master: %v, want a fault that names FRONTLINE_KEY and not its value", err)
		}
	})
}

func TestReplicasAgreeOnAKey(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		keys := make([]secret.Text, 8)
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				mine, err := []*DB{a, b}[i%2].makeKey(t.Context(), "links", master) // as if each had found none
				if err != nil {
					t.Error(err)
				}
				plain, err := secret.Open(master, "key links", mine)
				if err != nil {
					t.Error(err)
				}
				keys[i] = secret.New(string(plain))
			})
		}
		wg.Wait()
		for _, k := range keys {
			if !k.Equal(keys[0].Reveal()) || k.Empty() {
				t.Fatal("two replicas hold different keys")
			}
		}
	})
}
