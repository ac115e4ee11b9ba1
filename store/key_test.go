package store

import (
	"strings"
	"sync"
	"testing"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
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

// TestMasterIsChanged seals the keys of an installation under another master key, as often as replicas ask for it.
func TestMasterIsChanged(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx, next := t.Context(), secret.New("0a8e7d6c5b4f3e2d1c0b9a8f7e6d5c4b")
		before := map[string]secret.Text{}
		for _, name := range []string{"links", "stored secrets"} {
			k, err := db.Key(ctx, name, master)
			if err != nil {
				t.Fatal(err)
			}
			before[name] = k
		}
		stranger := secret.New("another " + master.Reveal())
		if n, err := db.ChangeMaster(ctx, stranger, next); n != 0 || !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), "FRONTLINE_KEY_OLD") || strings.Contains(err.Error(), stranger.Reveal()) {
			t.Errorf("with a wrong old key: %d, %v", n, err)
		}
		if _, err := db.Key(ctx, "links", master); err != nil {
			t.Errorf("a change that was refused changed something: %v", err)
		}
		if _, err := db.ChangeMaster(ctx, master, secret.New("short")); !fault.Is(err, fault.Invalid) {
			t.Errorf("a short new key: %v", err)
		}
		if n, err := db.ChangeMaster(ctx, master, next); n != 2 || err != nil {
			t.Fatalf("ChangeMaster = %d, %v, want both keys", n, err)
		}
		if n, err := db.ChangeMaster(ctx, master, next); n != 0 || err != nil {
			t.Errorf("the second replica: %d, %v, want nothing to do", n, err)
		}
		for name, k := range before {
			if now, err := db.Key(ctx, name, next); err != nil || !now.Equal(k.Reveal()) {
				t.Errorf("the %s key is another one under the new master (%v)", name, err)
			}
			if _, err := db.Key(ctx, name, master); !fault.Is(err, fault.Invalid) {
				t.Errorf("the old master still opens the %s key: %v", name, err)
			}
		}
		entries, err := db.JournalPage(ctx, journal.Entry{}, "key.", "", 10)
		if err != nil || len(entries) != 1 {
			t.Errorf("the journal has %d entries about it, %v, want 1", len(entries), err)
		}
	})
}

// TestMasterIsChangedForAllKeysOrNone meets one key that neither opens after one that does.
func TestMasterIsChangedForAllKeysOrNone(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		ctx := t.Context()
		if _, err := db.Key(ctx, "a", master); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Key(ctx, "b", secret.New("another "+master.Reveal())); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ChangeMaster(ctx, master, secret.New("0a8e7d6c5b4f3e2d1c0b9a8f7e6d5c4b")); !fault.Is(err, fault.Invalid) {
			t.Errorf("ChangeMaster = %v", err)
		}
		if _, err := db.Key(ctx, "a", master); err != nil {
			t.Errorf("the first key was changed although the second could not be: %v", err)
		}
	})
}
