package people

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"frontline/fault"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestWaitGrowsAfterFiveFailures(t *testing.T) {
	g := gate{key: "k", free: freeByEmail}
	now, y := noon, Tally{Key: "k"}
	want := []time.Duration{0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900} // seconds before each attempt
	for i, seconds := range want {
		wait := g.wait(y, now)
		if wait != seconds*time.Second {
			t.Fatalf("before attempt %d one waits %v, want %v", i+1, wait, seconds*time.Second)
		}
		now = now.Add(wait)
		y = g.count(y, now)
	}
	if wait := g.wait(y, now.Add(15*time.Minute)); wait != 0 {
		t.Errorf("after the longest wait one waits %v more", wait)
	}
	if y := g.fresh(y, now.Add(23*time.Hour)); y.Failures != len(want) {
		t.Errorf("a run is forgotten within the day: %+v", y)
	}
	if y := g.fresh(y, now.Add(24*time.Hour)); y.Failures != 0 {
		t.Errorf("a run is remembered after a day: %+v", y)
	}
}

func TestFewFailuresAreForgottenAfterTheWindow(t *testing.T) {
	g := gate{key: "k", free: freeByEmail}
	now, y := noon, Tally{Key: "k"}
	for range 100 { // four every quarter of an hour hurt nobody
		for range freeByEmail - 1 {
			if wait := g.wait(y, now); wait != 0 {
				t.Fatalf("waits %v", wait)
			}
			y = g.count(y, now)
		}
		now = now.Add(patienceWindow)
	}
}

func TestAttemptsPassOnlyOpenGates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var gates []gate
		var current []Tally
		closed := false
		for i := range rapid.IntRange(1, 3).Draw(t, "gates") {
			g := gate{key: fmt.Sprint(i), free: rapid.IntRange(1, 20).Draw(t, "free")}
			y := Tally{Key: g.key, Failures: rapid.IntRange(0, 40).Draw(t, "failures")}
			y.Since = noon.Add(-time.Duration(rapid.IntRange(0, 2000).Draw(t, "since")) * time.Second)
			y.Last = y.Since.Add(time.Duration(rapid.Int64Range(0, int64(noon.Sub(y.Since))).Draw(t, "last")))
			gates, current = append(gates, g), append(current, y)
			closed = closed || g.wait(y, noon) > 0
		}
		next, err := pass(gates, current, noon)
		if (err != nil) != closed {
			t.Fatalf("pass = %v, want refused: %v", err, closed)
		}
		if err == nil {
			for i, y := range next {
				if y.Key != gates[i].key || y.Failures < 1 || y.Failures > current[i].Failures+1 || !y.Last.Equal(noon) || y.Since.After(noon) {
					t.Fatalf("tally %+v became %+v", current[i], y)
				}
			}
			return
		}
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.TooMany || f.After <= 0 || f.After > longestWait {
			t.Fatalf("refused with %v, want too many and when to come back", err)
		}
		if _, err := pass(gates, current, noon.Add(f.After)); err != nil {
			t.Fatalf("refused again after the wait it was told: %v", err)
		}
	})
}

func TestWaitInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1: "1 second", time.Second: "1 second", 4900 * time.Millisecond: "5 seconds", time.Minute: "60 seconds",
		61 * time.Second: "2 minutes", 15 * time.Minute: "15 minutes",
	} {
		if got := inWords(d); got != want {
			t.Errorf("inWords(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestNetworkIsWhatOneHostCommands(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "@": "@", "": "",
	} {
		if got := network(from); got != want {
			t.Errorf("network(%q) = %q, want %q", from, got, want)
		}
	}
}

func TestAMailAddressSuggestsAnID(t *testing.T) {
	for email, want := range map[string]string{
		"Marika.Oja@verity.example": "marika", "liis@verity.example": "liis", "a+b@c.example": "a", "õie@verity.example": "admin",
		"7of9@verity.example": "7of9", ".x@verity.example": "admin",
	} {
		got := wordOf(email)
		if got != want {
			t.Errorf("wordOf(%q) = %q, want %q", email, got, want)
		}
		if bad := (Person{ID: got, Name: "N", Email: "n@verity.example", Role: Admin}).Check(); len(bad) > 0 {
			t.Errorf("wordOf(%q) = %q is no id: %v", email, got, bad)
		}
	}
}

func TestARoleIsOnlyLowered(t *testing.T) {
	for _, own := range Roles() {
		for _, most := range append(Roles(), "") {
			got := lower(own, most)
			if got.rank() > own.rank() || most != "" && got.rank() > most.rank() || got != own && got != most {
				t.Errorf("lower(%s, %s) = %s", own, most, got)
			}
		}
	}
}

func TestSurplusSessionsEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []KeptSession
		for i := range rapid.IntRange(0, 40).Draw(t, "sessions") {
			seen := noon.Add(-time.Duration(rapid.IntRange(0, 20*24).Draw(t, "hours")) * time.Hour)
			all = append(all, KeptSession{ID: fmt.Sprint(i), Seen: seen, Until: seen.Add(30 * 24 * time.Hour)})
		}
		ends := map[string]bool{}
		for _, id := range surplus(all, noon) {
			ends[id] = true
		}
		left, oldest, newestEnded := 0, noon, time.Time{}
		for _, k := range all {
			switch {
			case !alive(k, noon) && !ends[k.ID]:
				t.Fatalf("session %s has ended and stays", k.ID)
			case !ends[k.ID]:
				left++
				if k.Seen.Before(oldest) {
					oldest = k.Seen
				}
			case alive(k, noon) && k.Seen.After(newestEnded):
				newestEnded = k.Seen
			}
		}
		if left >= sessionCount {
			t.Fatalf("%d sessions stay beside the new one", left)
		}
		if !newestEnded.IsZero() && (left != sessionCount-1 || newestEnded.After(oldest)) {
			t.Fatalf("a session seen %v ended though one seen %v stays (%d stay)", newestEnded, oldest, left)
		}
	})
}
