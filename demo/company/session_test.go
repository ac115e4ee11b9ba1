package company

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	good := Session{ID: "vs-1", Customer: "nordpank", Born: "1984-05-17", Expires: "2031-01-01", At: now}
	tests := map[string]struct {
		spoil   func(*Session)
		verdict string
		fails   string
	}{
		"good":                     {func(*Session) {}, "approved", ""},
		"expired":                  {func(s *Session) { s.Expires = "2026-11-23" }, "declined", ""},
		"under age":                {func(s *Session) { s.Born = "2008-11-25" }, "declined", ""},
		"of age since yesterday":   {func(s *Session) { s.Born = "2008-11-23" }, "approved", ""},
		"a leap day":               {func(s *Session) { s.Born = "1992-02-29" }, "approved", ""},
		"a day that was not":       {func(s *Session) { s.Born = "1991-02-29" }, "", "field born"},
		"an expiry that cannot be": {func(s *Session) { s.Expires = "2031-13-01" }, "", "field expires"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := good
			tt.spoil(&s)
			raw, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			d, err := decide(raw)
			if d.Verdict != tt.verdict || (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("decide = %+v %v, want %q or a failure with %q", d, err, tt.verdict, tt.fails)
			}
		})
	}
	if _, err := decide([]byte("{")); err == nil {
		t.Error("half a message is decided")
	}
}

// Only the poisoned session cannot be read.
func TestSessionsAreReadable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[string]int{}
	for i := range 2000 {
		raw, err := json.Marshal(newSession(r, now.AddDate(0, 0, i)))
		if err != nil {
			t.Fatal(err)
		}
		d, err := decide(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		seen[d.Verdict]++
		seen[d.Customer]++
	}
	for _, s := range senders() {
		if seen[s.customer] == 0 {
			t.Errorf("nobody came from %s", s.customer)
		}
	}
	if seen["approved"] < 1000 {
		t.Errorf("%v: most are good people", seen)
	}
	raw, err := json.Marshal(poisoned(now))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decide(raw); err == nil {
		t.Error("the poisoned session can be read")
	}
}
