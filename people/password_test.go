package people

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"frontline/clock"
	"frontline/fault"
	"frontline/secret"
)

// cheap is a cost for tests that hash often.
func cheap() Cost { return Cost{Memory: 64, Passes: 1, Lanes: 1} }

func TestWhatAPasswordMustBe(t *testing.T) {
	for _, c := range []struct {
		password, email string
		ok              bool
	}{
		{"correct horse", "liis@verity.example", true},
		{"eleven char", "liis@verity.example", false},
		{"twelve chars", "liis@verity.example", true},
		{"õõõõõõõõõõõ", "liis@verity.example", false}, // 22 bytes, but 11 characters
		{"õõõõõõõõõõõõ", "liis@verity.example", true},
		{"aaaaaaaaaaaa", "liis@verity.example", true}, // no rules of composition
		{"liis@verity.example", "liis@verity.example", false},
		{" Liis@Verity.Example ", "liis@verity.example", false},
		{strings.Repeat("x", 1024), "liis@verity.example", true},
		{strings.Repeat("x", 1025), "liis@verity.example", false},
		{"", "", false},
	} {
		err := checkPassword("password", c.email, secret.New(c.password))
		if (err == nil) != c.ok {
			t.Errorf("checkPassword(%q) = %v, want allowed: %v", c.password, err, c.ok)
		}
		if err != nil && (!fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Name != "password") {
			t.Errorf("checkPassword(%q) = %v, want the field to be named", c.password, err)
		}
		if err != nil && len(c.password) > 0 && strings.Contains(err.Error(), c.password) {
			t.Errorf("the refusal of %q repeats it", c.password)
		}
	}
}

func TestOnlyThePasswordMatchesItsHash(t *testing.T) {
	ps := newPasswords(clock.Real{}, cheap())
	rapid.Check(t, func(t *rapid.T) {
		right, wrong := rapid.String().Filter(notEmpty).Draw(t, "right"), rapid.String().Draw(t, "wrong")
		h, err := ps.hash(context.Background(), secret.New(right))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(h, right) && len(right) > 3 {
			t.Fatalf("the hash %s tells the password", h)
		}
		for password, want := range map[string]bool{wrong: wrong == right, right: true} {
			if ok, stale, err := ps.match(context.Background(), h, secret.New(password)); ok != want || stale || err != nil {
				t.Fatalf("match(%q) = %v %v %v, want %v", password, ok, stale, err, want)
			}
		}
		if ok, _, err := ps.match(context.Background(), "", secret.New(right)); ok || err != nil {
			t.Fatalf("match without a hash = %v %v, want false", ok, err)
		}
	})
}

func notEmpty(s string) bool { return s != "" && len(s) <= passwordMost }

func TestHashOfAnotherCostIsStale(t *testing.T) {
	old, now := newPasswords(clock.Real{}, cheap()), newPasswords(clock.Real{}, Cost{Memory: 128, Passes: 1, Lanes: 1})
	h, err := old.hash(t.Context(), secret.New("correct horse battery"))
	if err != nil {
		t.Fatal(err)
	}
	if ok, stale, err := now.match(t.Context(), h, secret.New("correct horse battery")); !ok || !stale || err != nil {
		t.Errorf("match = %v, stale %v, %v; want a match that is stale", ok, stale, err)
	}
}

func TestTooLongAPasswordMatchesNothing(t *testing.T) {
	ps := newPasswords(clock.Real{}, cheap())
	long := secret.New(strings.Repeat("x", passwordMost+1))
	h, _ := ps.hash(t.Context(), long)
	if ok, _, err := ps.match(t.Context(), h, long); ok || err != nil {
		t.Errorf("match of %d bytes = %v %v, want false", passwordMost+1, ok, err)
	}
	empty, _ := ps.hash(t.Context(), secret.Text{})
	if ok, _, err := ps.match(t.Context(), empty, long); ok || err != nil {
		t.Errorf("match of a long password with the hash of none = %v %v, want false", ok, err)
	}
}

func TestTwoHashAtOnceAndTheThirdWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := newPasswords(clock.Real{}, cheap())
		var free []func()
		for range hashings {
			f, err := ps.turn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			free = append(free, f)
		}
		began := time.Now()
		if _, _, err := ps.match(t.Context(), "", secret.New("x")); !fault.Is(err, fault.Unavailable) || time.Since(began) != hashQueue {
			t.Fatalf("a third one got %v after %v, want unavailable after %v", err, time.Since(began), hashQueue)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := ps.hash(ctx, secret.New("x")); !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a third one in a hurry got %v, want unavailable", err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := ps.hash(t.Context(), secret.New("x"))
			done <- err
		}()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
		free[0]()
		if err := <-done; err != nil {
			t.Fatalf("after its turn came: %v", err)
		}
	})
}

func TestTodaysCostIsAtLeastWhatOWASPAsks(t *testing.T) {
	c := Today()
	if uint64(c.Memory)*uint64(c.Passes) < 19456*2 || !c.bearable() {
		t.Errorf("today's cost is %+v", c)
	}
}

func FuzzParseHash(f *testing.F) {
	ps := newPasswords(clock.Real{}, cheap())
	good, err := ps.hash(context.Background(), secret.New("correct horse battery"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(ps.decoy)
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno")
	f.Add("$argon2id$v=19$m=4294967295,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno")
	f.Add("$argon2i$v=19$m=64,t=1,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno")
	f.Add("$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy")
	f.Add("$argon2id$v=19$m=64,t=1,p=1$$")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseHash(s)
		if err != nil {
			if !errors.Is(err, errNoHash) {
				t.Fatalf("parseHash(%q) = %v, want errNoHash", s, err)
			}
			return
		}
		if e.String() != s {
			t.Fatalf("parseHash(%q) writes %q", s, e)
		}
		if !e.bearable() || e.Memory > 256<<10 || e.Passes == 0 || e.Lanes == 0 {
			t.Fatalf("parseHash(%q) takes a cost of %+v", s, e.Cost)
		}
	})
}
