package incident

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// FuzzMarkdown gives a post-mortem any text. No script, no picture, no event and no address of another scheme comes out.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"# Decisions stopped\n\n| time | what |\n| --- | :-: |\n| 02:41 | the queue stopped |\n\n1. [dashboard](https://grafana.verity.example/d/1)\n",
		"[x](javascript:alert(1)) [y](JaVaScRiPt&colon;alert(1)) [z](data:text/html,x) <javascript:alert(1)>",
		"<script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=x>", "![x](https://verity.example/p.png)", "[a]: <java\nscript:x>\n[a]",
		"https://verity.example/\"onmouseover=x", "~~x~~ <a href='//evil.example'>x</a>", "```\n<b>\n", "\x00\xff",
	} {
		f.Add(seed)
	}
	m := NewMarkdown()
	f.Fuzz(func(t *testing.T, text string) {
		out, err := m.HTML(text)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := html.Parse(strings.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		for n := range tree.Descendants() {
			if n.Type == html.ElementNode && !slices.Contains(harmless(), n.Data) {
				t.Errorf("<%s> comes out of %q: %s", n.Data, text, out)
			}
			for _, a := range n.Attr {
				checkAttribute(t, text, a)
			}
		}
	})
}

func harmless() []string {
	return strings.Fields("html head body h1 h2 h3 h4 h5 h6 p br hr ul ol li blockquote pre code em strong del table thead tbody tr th td a")
}

func checkAttribute(t *testing.T, text string, a html.Attribute) {
	t.Helper()
	switch a.Key {
	case "align", "start", "rel":
	case "href":
		if u, err := url.Parse(a.Val); err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme) {
			t.Errorf("a link to %q comes out of %q", a.Val, text)
		}
	default:
		t.Errorf("the attribute %s=%q comes out of %q", a.Key, a.Val, text)
	}
}

// FuzzDate gives a date any text; what is taken is a day, written in the one way that sorts.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2026-12-04", "2026-02-30", "0000-00-00", "4.12.2026", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if Date(s).check() != nil {
			return
		}
		if day, err := time.Parse(time.DateOnly, s); err != nil || DateOf(day) != Date(s) {
			t.Errorf("%q is taken as a day: %s %v", s, DateOf(day), err)
		}
	})
}
