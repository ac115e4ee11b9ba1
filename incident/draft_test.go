package incident

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"frontline/journal"
)

// hostile is words that try to break out of their place.
const hostile = "a|b *c* <script>alert(1)</script> [x](javascript:alert(1)) `d` ![i](https://evil.example/p.png)"

func TestDraftKeepsWordsInTheirPlace(t *testing.T) {
	x := opened(t, "liis")
	x.inc.Title = hostile
	x.book.customers[0].Name = hostile
	x.inc.Participants = []Participant{{"karl", Fixer, noon}}
	lines := []Line{{At: noon, Actor: "Karl Sepp", Sentence: "noted", Text: "first\n\n# second\n" + hostile}, {At: noon, Sentence: "a detail", Minor: true}}
	markdown, err := draftPaper(x.book, Room{Incident: withCustomers(x.book, x.inc), Timeline: lines,
		Updates: []Update{{Audience: ForCustomers, N: 1, State: WordInvestigating, Text: journal.Text{Body: hostile}, At: noon, Kept: noon.Add(-time.Minute)}}})
	if err != nil {
		t.Fatal(err)
	}
	html, err := NewMarkdown().HTML(markdown)
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", `href="javascript`, "<img", "style=", "a detail"} {
		if strings.Contains(html, never) {
			t.Errorf("the page holds %q:\n%s", never, html)
		}
	}
	for _, want := range []string{"<h1>a|b *c* &lt;script&gt;", "<td>a|b *c*", `<td align="right">`, "1 min later than promised", "Karl Sepp (fixer)", "<blockquote>"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q:\n%s", want, html)
		}
	}
	if n := strings.Count(html, "<h1>"); n != 2 { // the title, and the heading inside the quoted note
		t.Errorf("%d headings of the first rank", n)
	}
}

// TestMarkdownIsSafe throws text at the renderer: only known elements with known attributes come out.
func TestMarkdownIsSafe(t *testing.T) {
	m := NewMarkdown()
	tag := regexp.MustCompile(`<[^>]*>`)
	known := regexp.MustCompile(`^</?(h[1-6]|p|br|hr|ul|ol( start="\d+")?|li|blockquote|pre|code|em|strong|del|table|thead|tbody|tr|t[hd]( align="(left|center|right)")?)( /)?>$`)
	link := regexp.MustCompile(`^(<a href="(https?://|mailto:|/|#|\?|[^":]*")[^>]*rel="nofollow"[^>]*>|</a>)$`)
	bits := []string{"<script>", "<a href=x onclick=y>", "[a](javascript:alert`1`)", "[b](https://verity.example)", "![c](x)", "|a|b|\n|-|:-:|\n|c|d|\n", "# h\n", "`c`", "\n\n", "<", ">", "\"", "&", "*e*", "www.verity.example", "data:text/html,x", "<svg/onload=1>", "1. x\n", "~~d~~"}
	rapid.Check(t, func(r *rapid.T) {
		html, err := m.HTML(strings.Join(rapid.SliceOf(rapid.SampledFrom(bits)).Draw(r, "bits"), ""))
		if err != nil {
			r.Fatal(err)
		}
		for _, found := range tag.FindAllString(html, -1) {
			if !known.MatchString(found) && !link.MatchString(found) {
				r.Fatalf("%s came out in %s", found, html)
			}
		}
	})
}

func TestTidy(t *testing.T) {
	if got := tidy("\n\na  \n\n\n\nb\n\n"); got != "a\n\nb\n" {
		t.Errorf("tidy = %q", got)
	}
}
