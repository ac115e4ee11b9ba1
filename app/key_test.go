package app

import (
	"log/slog"
	"path/filepath"
	"testing"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// TestTheInstallationsKeyIsChanged starts with both keys, then with the new one alone: what was stored before is still there.
func TestTheInstallationsKeyIsChanged(t *testing.T) {
	const old, next = "5f1d2c9be07a4c6f8e3b1a2d4c5e6f70", "0a8e7d6c5b4f3e2d1c0b9a8f7e6d5c4b"
	s := Settings{Database: "sqlite:" + filepath.Join(t.TempDir(), "frontline.db"), Listen: "127.0.0.1:0", Zone: "UTC", LogLevel: "info", LogFormat: "text"}
	with := func(keys map[string]string, use func(v *action.Vault)) error {
		t.Helper()
		a, err := New(t.Context(), s, Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string { return keys[name] }})
		if err != nil {
			return err
		}
		use(a.actions.Vault)
		return a.Close()
	}
	holds := func(v *action.Vault) {
		t.Helper()
		if got, err := v.Value(t.Context(), "support", "broker-password"); err != nil || !got.Equal("swordfish-1928") {
			t.Errorf("what was stored before does not open: %v", err)
		}
	}
	admin := people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: people.Admin, Via: "api"}
	for _, c := range []struct {
		name string
		keys map[string]string
		use  func(*action.Vault)
	}{
		{"the old key", map[string]string{"FRONTLINE_KEY": old}, func(v *action.Vault) {
			if err := v.SetSecret(t.Context(), admin, "broker-password", "support", secret.New("swordfish-1928")); err != nil {
				t.Fatal(err)
			}
		}},
		{"both", map[string]string{"FRONTLINE_KEY": next, "FRONTLINE_KEY_OLD": old}, holds},
		{"both again", map[string]string{"FRONTLINE_KEY": next, "FRONTLINE_KEY_OLD": old}, holds},
		{"the new key", map[string]string{"FRONTLINE_KEY": next}, holds},
	} {
		if err := with(c.keys, c.use); err != nil {
			t.Fatalf("with %s: %v", c.name, err)
		}
	}
	if err := with(map[string]string{"FRONTLINE_KEY": old}, func(*action.Vault) {}); !fault.Is(err, fault.Invalid) {
		t.Errorf("it still starts with the old key: %v", err)
	}
}
