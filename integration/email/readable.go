package email

import (
	"slices"
	"strings"

	"golang.org/x/net/html"

	"frontline/plain"
)

// readable is what a page of HTML says, for mails without a text part. Scripts and styles say nothing; a link keeps its address.
func readable(page string) string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil || page == "" {
		return ""
	}
	var b strings.Builder
	tell(&b, root)
	var lines []string
	for line := range strings.Lines(b.String()) {
		line = plain.Line(line)
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func tell(b *strings.Builder, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		b.WriteString(strings.Join(strings.FieldsFunc(n.Data, func(r rune) bool { return r == '\n' || r == '\r' }), " "))
	case n.Type == html.ElementNode && slices.Contains([]string{"script", "style", "head", "title", "template"}, n.Data):
		return
	case n.Type == html.ElementNode && (n.Data == "br" || n.Data == "li"):
		b.WriteString("\n")
	}
	if n.Data == "blockquote" && n.Type == html.ElementNode {
		quote(b, n)
		return
	}
	for child := range n.ChildNodes() {
		tell(b, child)
	}
	if n.Type != html.ElementNode {
		return
	}
	switch n.Data {
	case "a":
		if to := attribute(n, "href"); strings.HasPrefix(to, "http") && !strings.Contains(b.String(), to) {
			b.WriteString(" (" + to + ")")
		}
	case "p", "div", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "pre", "section":
		b.WriteString("\n")
	case "td", "th":
		b.WriteString("\t")
	}
}

// quote writes what somebody else said as mails in text do.
func quote(b *strings.Builder, n *html.Node) {
	var inside strings.Builder
	for child := range n.ChildNodes() {
		tell(&inside, child)
	}
	b.WriteString("\n")
	for line := range strings.Lines(strings.TrimSpace(inside.String())) {
		b.WriteString("> " + strings.TrimSpace(line) + "\n")
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
