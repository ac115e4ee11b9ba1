package slack

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever Slack sends, what we keep of it is plain text without control characters.
func FuzzUnmarked(f *testing.F) {
	f.Add("hello <@U1>, see <#C1|help> &amp; <https://x.example|y>")
	f.Add("<<!here>>|<@|>&lt;\x00")
	f.Fuzz(func(t *testing.T, s string) {
		got := unmarked(s, func(u string) string { return u })
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x1b\r") {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// Whatever people write in Markdown, it mentions nobody in Slack, and fits.
func FuzzMarkdown(f *testing.F) {
	f.Add("**bold** <!channel> [x](https://x.example/|y>z) `<@U1>`")
	f.Add("- a\n  - <!here>\n\n> <@U1>\n```\n<!everyone>\n```\n<!channel>")
	f.Fuzz(func(t *testing.T, s string) {
		got := markdown(s, 500)
		if n := utf8.RuneCountInString(got); n > 500 {
			t.Errorf("%q became %d characters", s, n)
		}
		for _, call := range []string{"<!", "<@", "<#"} {
			if strings.Contains(got, call) {
				t.Errorf("%q calls somebody: %q", s, got)
			}
		}
	})
}
