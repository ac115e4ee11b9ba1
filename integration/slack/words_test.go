package slack

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMarkdown(t *testing.T) {
	for name, c := range map[string][2]string{
		"plain":                 {"Send it again.", "Send it again."},
		"escaped":               {"a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"},
		"no mention":            {"<!channel> and <@U1>", "&lt;!channel&gt; and &lt;@U1&gt;"},
		"bold and italic":       {"**Stop** and _look_", "*Stop* and _look_"},
		"struck":                {"~~no~~", "~no~"},
		"link":                  {"[the screen](https://x.example/a?b=1&c=2)", "<https://x.example/a?b=1&amp;c=2|the screen>"},
		"a link to a script":    {"[click](javascript:alert(1))", "click"},
		"heading":               {"## Steps\n\nOne.", "*Steps*\n\nOne."},
		"list":                  {"- one\n- two", "• one\n• two"},
		"numbered":              {"3. one\n4. two", "3. one\n4. two"},
		"code":                  {"Run `a < b`.", "Run `a &lt; b`."},
		"block of code":         {"```sql\nselect 1 < 2\n```", "```\nselect 1 &lt; 2\n```"},
		"quote":                 {"> said\n> so", "> said\n> so"},
		"lines stay lines":      {"one\ntwo", "one\ntwo"},
		"paragraphs stay apart": {"one\n\ntwo", "one\n\ntwo"},
		"html":                  {"<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := markdown(c[0], 1000); got != c[1] {
				t.Errorf("%q became %q, want %q", c[0], got, c[1])
			}
		})
	}
}

func TestUnmarked(t *testing.T) {
	name := func(u string) string { return map[string]string{"U1": "Liis Tamm"}[u] }
	for in, want := range map[string]string{
		"hello <@U1>, see <#C1|help>":                "hello @Liis Tamm, see #help",
		"<https://x.example/a?b=1&amp;c=2|the page>": "the page (https://x.example/a?b=1&c=2)",
		"<https://x.example>":                        "https://x.example",
		"<mailto:a@b.example|a@b.example>":           "a@b.example",
		"<!here> 1 &lt; 2 &amp;&amp; 3 &gt; 2":       "@here 1 < 2 && 3 > 2",
		"<!subteam^S1|@support>":                     "@support",
		"nothing &amp;lt; double":                    "nothing &lt; double",
		"a\x00b":                                     "a b",
		"&lt;script&gt;<https://x.example|a|b>":      "<script>a|b (https://x.example)",
		"<@U9>":                                      "@",
	} {
		if got := unmarked(in, name); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// What is written for Slack is never longer than asked, and holds no bracket that is not ours.
func FuzzFit(f *testing.F) {
	f.Add("a < b & c > d", 8)
	f.Add("Tõrge 📈 مرحبا", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = 1 + (n&0xff+256)&0xff
		got := fit(s, n)
		if utf8.RuneCountInString(got) > n || !utf8.ValidString(got) || strings.ContainsAny(got, "<>") {
			t.Errorf("fit(%q, %d) = %q", s, n, got)
		}
	})
}
