package secret_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"frontline/secret"
)

// letters of base64.RawURLEncoding, to alter what is sealed.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestSealedOpensOnlyUnderItsKeyAndName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		master := rapid.StringMatching(`[0-9a-f]{32,64}`).Draw(t, "master")
		other := rapid.StringMatching(`[0-9a-f]{32,64}`).Filter(func(s string) bool { return s != master }).Draw(t, "other")
		name := rapid.StringMatching(`[a-z]{1,10}`).Draw(t, "name")
		plain := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "plain")

		sealed, err := secret.Seal(secret.New(master), name, plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := secret.Open(secret.New(master), name, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Open = %x %v, want %x", got, err, plain)
		}
		if again, _ := secret.Seal(secret.New(master), name, plain); again == sealed {
			t.Fatal("sealing twice gave the same text: the nonce is not random")
		}
		for what, open := range map[string]func() ([]byte, error){
			"another master": func() ([]byte, error) { return secret.Open(secret.New(other), name, sealed) },
			"another name":   func() ([]byte, error) { return secret.Open(secret.New(master), name+"2", sealed) },
			"cut short":      func() ([]byte, error) { return secret.Open(secret.New(master), name, sealed[:len(sealed)-4]) },
			"no prefix":      func() ([]byte, error) { return secret.Open(secret.New(master), name, sealed[1:]) },
		} {
			if got, err := open(); !errors.Is(err, secret.ErrSealed) {
				t.Fatalf("%s: Open = %x %v, want ErrSealed", what, got, err)
			}
		}
	})
}

func TestAlteredSealDoesNotOpen(t *testing.T) {
	master := secret.New(strings.Repeat("k", 32))
	rapid.Check(t, func(t *rapid.T) {
		sealed, err := secret.Seal(master, "links", []byte("thirty-two bytes, more or less.."))
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(sealed, ":")
		at := len(sealed) - len(text) + rapid.IntRange(0, len(text)-2).Draw(t, "at") // the last letter holds bits that mean nothing
		b := []byte(sealed)
		b[at] = letters[(strings.IndexByte(letters, b[at])+rapid.IntRange(1, 63).Draw(t, "by"))%64]
		if got, err := secret.Open(master, "links", string(b)); !errors.Is(err, secret.ErrSealed) {
			t.Fatalf("altered at %d: Open = %q %v, want ErrSealed", at, got, err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	master := secret.New(strings.Repeat("k", 32))
	sealed, _ := secret.Seal(master, "links", []byte("plain"))
	f.Add(sealed)
	f.Add("sealed1:")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if plain, err := secret.Open(master, "links", text); err == nil && string(plain) != "plain" {
			t.Fatalf("Open(%q) = %q, which nobody sealed", text, plain)
		}
	})
}

func TestMasterMustBeLong(t *testing.T) {
	if err := secret.CheckMaster("FRONTLINE_KEY", secret.New(strings.Repeat("x", 31))); err == nil || !strings.Contains(err.Error(), "FRONTLINE_KEY") {
		t.Errorf("CheckMaster(31 letters) = %v, want a fault that names the setting", err)
	}
	if err := secret.CheckMaster("FRONTLINE_KEY", secret.New(strings.Repeat("x", 32))); err != nil {
		t.Errorf("CheckMaster(32 letters) = %v", err)
	}
}
