package wire

import "testing"

// FuzzDuration gives a time span any text; what is taken is written so that it is read as the same.
func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"5m", "1h30m", "90s", "0s", "1h0m0s", "-5m", "10m10s", "1.5h", "2540400h10m10s", "5", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d, again Duration
		if d.UnmarshalText([]byte(s)) != nil {
			return
		}
		text, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalText(text); err != nil || again != d {
			t.Errorf("%q is %d, written %q, read as %d: %v", s, d, text, again, err)
		}
	})
}
