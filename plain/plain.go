// Package plain makes text from outside fit to be stored and shown: valid UTF-8, no control characters (PostgreSQL refuses NUL, mail and
// HTTP headers end at a line break, terminals obey escapes), and cut only between characters.
package plain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const more = "…"

// Line is s on one line: every run of white space and control characters is one space.
func Line(s string) string {
	return strings.Join(strings.Fields(clean(s, false)), " ")
}

// Prose is s with its line breaks and tabs, without white space around it.
func Prose(s string) string {
	return strings.TrimSpace(clean(strings.ReplaceAll(s, "\r\n", "\n"), true))
}

// Cut is s in at most limit bytes. What is cut off shows as "…"; below three bytes nothing is left.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit - len(more)
	if end < 0 {
		return ""
	}
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.TrimSpace(s[:end]) + more
}

// Clip is s in at most limit characters, limit being at least 1. What is cut off shows as "…".
func Clip(s string, limit int) string {
	n := 0
	for at := range s {
		if n++; n == limit {
			if _, size := utf8.DecodeRuneInString(s[at:]); at+size == len(s) {
				return s
			}
			return strings.TrimSpace(s[:at]) + more
		}
	}
	return s
}

// Blank says whether a person would see nothing.
func Blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

// clean turns control characters into spaces, but for line breaks and tabs when they are wanted. An invalid byte becomes U+FFFD. What
// turns the direction of the text that follows (Unicode TR9, explicit embeddings, overrides and isolates) is dropped: an alert's title
// must not scramble the words beside it.
func clean(s string, breaks bool) string {
	return strings.Map(func(r rune) rune {
		if r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		if unicode.IsControl(r) && (!breaks || r != '\n' && r != '\t') {
			return ' '
		}
		return r
	}, s)
}
