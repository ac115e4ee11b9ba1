package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"frontline/clock"
	"frontline/fault"
)

func TestTablesFitWhateverIsInThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 6).Draw(t, "columns")
		row := rapid.SliceOfN(rapid.String(), columns, columns)
		indent := rapid.IntRange(0, 4).Draw(t, "indent")
		rows := rapid.SliceOfN(row, 0, 5).Draw(t, "rows")
		p := &paper{}
		p.table(indent, row.Draw(t, "head"), rows)
		lines := strings.Split(strings.TrimSuffix(p.b.String(), "\n"), "\n")
		if len(lines) != len(rows)+1 {
			t.Fatalf("%d rows became %d lines", len(rows), len(lines)-1)
		}
		for _, l := range lines {
			if n := utf8.RuneCountInString(l); n > width {
				t.Fatalf("a line has %d characters: %q", n, l)
			}
		}
	})
}

func TestWordsAreWrappedAndKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringMatching(`[a-zõä…]{1,30}`)).Draw(t, "words")
		n := rapid.IntRange(1, 40).Draw(t, "columns")
		lines := wrap(strings.Join(words, " "), n)
		if got := strings.Fields(strings.Join(lines, " ")); strings.Join(got, " ") != strings.Join(words, " ") {
			t.Fatalf("%q became %q", words, lines)
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > n && strings.Contains(l, " ") {
				t.Fatalf("%q is longer than %d", l, n)
			}
		}
	})
}

func TestTimesArePeoples(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)
	p := &paper{env: Env{Clock: clock.NewMoved(now), Zone: time.FixedZone("EET", 7200)}}
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, ""},
		{now, "02:41, just now"},
		{now.Add(-59 * time.Second), "02:40, 59 s ago"},
		{now.Add(-time.Hour), "01:41, 1 h ago"},
		{now.Add(-3 * time.Hour), "23 Nov 23:41, 3 h ago"},
		{now.Add(30*time.Minute - time.Millisecond), "03:10, in 30 min"},
		{now.Add(-time.Hour + time.Second), "01:41, 1 h ago"},
		{now.Add(-400 * 24 * time.Hour), "20 Oct 2025 02:41, 400 days ago"},
	} {
		if got := p.when(tt.at); got != tt.want {
			t.Errorf("%s is %q, want %q", tt.at, got, tt.want)
		}
	}
}

func TestComplaintsHaveTheirCodes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		want string
	}{
		{fault.Wrong("title", "Write a title."), 2, "frontline: Write a title.\n"},
		{&fault.Error{Kind: fault.Invalid, Say: "Two are wrong.", Fields: []fault.Field{{Name: "a", Say: "A."}, {Name: "b", Say: "B."}}}, 2, "frontline: Two are wrong.\n  a: A.\n  b: B.\n"},
		{fault.Wrap(errors.New("secret"), fault.Unavailable, "Try again."), 1, "frontline: Try again.\n"},
		{Ended{Code: 3, Say: "Look."}, 3, "frontline: Look.\n"},
		{Ended{Code: 2}, 2, ""},
		{errors.New("odd"), 1, "frontline: odd\n"},
		{context.Canceled, 130, "frontline: Stopped.\n"},
	} {
		var b strings.Builder
		if code := Complain(&b, tt.err); code != tt.code || b.String() != tt.want {
			t.Errorf("%v: %d %q, want %d %q", tt.err, code, b.String(), tt.code, tt.want)
		}
	}
}
