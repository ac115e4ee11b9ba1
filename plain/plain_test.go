package plain

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestLineAndProse(t *testing.T) {
	for _, c := range []struct{ in, line, prose string }{
		{"", "", ""},
		{" Queue\r\n  stopped\x00 \xff", "Queue stopped �", "Queue\n  stopped  �"},
		{"one\ttwo\x1b[2J\n", "one two [2J", "one\ttwo [2J"},
		{"\x07\x00", "", ""},
		{"queue \u202Edeppots\u202C now \u2067x\u2069", "queue deppots now x", "queue deppots now x"},
		{"مرحبا 検証 📈", "مرحبا 検証 📈", "مرحبا 検証 📈"},
	} {
		if got := Line(c.in); got != c.line {
			t.Errorf("Line(%q) = %q, want %q", c.in, got, c.line)
		}
		if got := Prose(c.in); got != c.prose {
			t.Errorf("Prose(%q) = %q, want %q", c.in, got, c.prose)
		}
	}
}

func TestCutAndClip(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		cut   string // in bytes
		clip  string // in characters
	}{
		{"", 1, "", ""},
		{"abcdef", 6, "abcdef", "abcdef"},
		{"abcdef", 5, "ab…", "abcd…"},
		{"öööööö", 6, "ö…", "öööööö"},
		{"öööööö", 5, "ö…", "öööö…"},
		{"ab cdef", 6, "ab…", "ab cd…"},
		{"abcd", 3, "…", "ab…"},
		{"abcd", 2, "", "a…"},
		{"abcd", 1, "", "…"},
	} {
		if got := Cut(c.in, c.limit); got != c.cut {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.limit, got, c.cut)
		}
		if got := Clip(c.in, c.limit); got != c.clip {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.in, c.limit, got, c.clip)
		}
	}
}

func TestBlank(t *testing.T) {
	for s, want := range map[string]bool{"": true, " \n\t\u00a0": true, "\x00\x07": true, "\u200b": true, "ä": false, " -": false, "📈": false} {
		if Blank(s) != want {
			t.Errorf("Blank(%q) = %t", s, !want)
		}
	}
}

// Whatever bytes come in, what goes out is clean and within the limits, and doing it twice changes nothing.
func TestAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "in"))
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		line, prose := Line(in), Prose(in)
		cut, clip := Cut(line, limit), Clip(line, limit)
		for _, s := range []string{line, prose, cut, clip} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
				t.Fatalf("%q is not clean", s)
			}
		}
		if strings.ContainsAny(line, "\n\t") || len(cut) > limit || utf8.RuneCountInString(clip) > limit {
			t.Fatalf("beyond the limit %d: %q, %q, %q", limit, line, cut, clip)
		}
		if Line(line) != line || Prose(prose) != prose || Cut(cut, limit) != cut || Clip(clip, limit) != clip {
			t.Fatalf("twice is not once: %q, %q, %q, %q", line, prose, cut, clip)
		}
	})
}
