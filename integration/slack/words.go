package slack

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"frontline/plain"
)

// Limits of Slack, in characters as it counts them, with some room.
const (
	mostSection = 2900 // of 3000
	mostTitle   = 400
	mostLabel   = 70   // of 75, on a button
	mostText    = 3900 // of 4000
)

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escaped makes text from outside harmless in mrkdwn: it cannot become a link, a mention or a call to the whole channel.
func escaped(s string) string { return escapes.Replace(plain.Prose(s)) }

// line is one line of text from outside, cut at n characters.
func line(s string, n int) string { return fit(plain.Line(s), n) }

// fit escapes text and cuts it so that what is left has at most n characters, and no half of an escape.
func fit(s string, n int) string {
	s = plain.Prose(s)
	if whole := escapes.Replace(s); utf8.RuneCountInString(whole) <= n {
		return whole
	}
	var b strings.Builder
	left := n - 1
	for _, r := range s {
		x := escapes.Replace(string(r))
		if left -= utf8.RuneCountInString(x); left < 0 {
			break
		}
		b.WriteString(x)
	}
	return b.String() + "…"
}

// link is a link with a label.
func link(label, url string) string {
	if url == "" {
		return escapes.Replace(label)
	}
	label = strings.NewReplacer("|", "¦", "\n", " ").Replace(label)
	return "<" + strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C", " ", "%20").Replace(url) + "|" + escapes.Replace(label) + ">"
}

// moment is a time as each reader's own clock shows it.
func moment(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2 January 15:04 UTC"))
}

// markdown turns people's Markdown into mrkdwn, at most n characters of it. What is cut ends with a sign of it.
func markdown(body string, n int) string {
	src := []byte(plain.Prose(body))
	doc := goldmark.New(goldmark.WithExtensions(extension.Strikethrough)).Parser().Parse(text.NewReader(src))
	w := writer{src: src}
	w.blocks(doc, "")
	out := strings.TrimSpace(w.b.String())
	if utf8.RuneCountInString(out) <= n {
		return out
	}
	return fit(body, n) // marks that are not closed would run on: it is shown as it was written
}

// writer writes a Markdown document as mrkdwn.
type writer struct {
	src []byte
	b   strings.Builder
}

// blocks writes the children of a block; indent stands before each line.
func (w *writer) blocks(n ast.Node, indent string) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch v := c.(type) {
		case *ast.Heading:
			w.b.WriteString(indent + "*" + w.inlines(v) + "*\n\n")
		case *ast.Paragraph:
			w.b.WriteString(indented(w.inlines(v), indent) + "\n\n")
		case *ast.TextBlock:
			w.b.WriteString(indented(w.inlines(v), indent) + "\n")
		case *ast.FencedCodeBlock:
			w.b.WriteString("```\n" + w.lines(v) + "```\n\n")
		case *ast.CodeBlock:
			w.b.WriteString("```\n" + w.lines(v) + "```\n\n")
		case *ast.List:
			w.list(v, indent)
		case *ast.Blockquote:
			inner := writer{src: w.src}
			inner.blocks(v, "")
			w.b.WriteString(indented(strings.TrimSpace(inner.b.String()), "> ") + "\n\n")
		case *ast.ThematicBreak:
			w.b.WriteString(indent + "———\n\n")
		case *ast.HTMLBlock:
			w.b.WriteString(indented(strings.TrimSpace(w.lines(v)), indent) + "\n\n")
		default:
			w.blocks(c, indent)
		}
	}
}

func (w *writer) list(l *ast.List, indent string) {
	n := l.Start
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "• "
		if l.IsOrdered() {
			mark = strconv.Itoa(n) + ". "
			n++
		}
		inner := writer{src: w.src}
		inner.blocks(item, "")
		w.b.WriteString(indent + mark + strings.ReplaceAll(strings.TrimSpace(inner.b.String()), "\n", "\n"+indent+"   ") + "\n")
	}
	w.b.WriteString("\n")
}

// lines is the text of a block of code.
func (w *writer) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		b.Write(seg.Value(w.src))
	}
	return escapes.Replace(b.String())
}

func indented(s, indent string) string {
	if indent == "" {
		return s
	}
	return indent + strings.ReplaceAll(s, "\n", "\n"+indent)
}

// inlines writes what stands in a line.
func (w *writer) inlines(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch v := c.(type) {
		case *ast.Text:
			b.WriteString(escapes.Replace(string(v.Segment.Value(w.src))))
			if v.HardLineBreak() || v.SoftLineBreak() {
				b.WriteString("\n")
			}
		case *ast.String:
			b.WriteString(escapes.Replace(string(v.Value)))
		case *ast.CodeSpan:
			b.WriteString("`" + strings.ReplaceAll(w.inlines(v), "`", "'") + "`")
		case *ast.Emphasis:
			mark := map[int]string{1: "_", 2: "*"}[v.Level]
			b.WriteString(mark + w.inlines(v) + mark)
		case *east.Strikethrough:
			b.WriteString("~" + w.inlines(v) + "~")
		case *ast.Link:
			b.WriteString(webLink(string(v.Destination), w.inlines(v)))
		case *ast.AutoLink:
			b.WriteString(webLink(string(v.URL(w.src)), escapes.Replace(string(v.Label(w.src)))))
		case *ast.RawHTML:
			for i := range v.Segments.Len() {
				seg := v.Segments.At(i)
				b.WriteString(escapes.Replace(string(seg.Value(w.src))))
			}
		default:
			b.WriteString(w.inlines(c))
		}
	}
	return b.String()
}

// webLink is a link to the web or to a mail address; any other is shown as its words. label is escaped already.
func webLink(url, label string) string {
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "mailto:") {
		return label
	}
	return "<" + strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C", "&", "&amp;").Replace(url) + "|" + strings.ReplaceAll(label, "|", "¦") + ">"
}

// marked finds what Slack puts between angle brackets: <@U1>, <#C1|name>, <!here>, <https://…|label>.
var marked = regexp.MustCompile(`<([^<>\n]+)>`)

// unmarked turns a message of Slack's into plain text. name says what a user is called.
func unmarked(s string, name func(user string) string) string {
	s = marked.ReplaceAllStringFunc(s, func(m string) string {
		what, label, labelled := strings.Cut(m[1:len(m)-1], "|")
		switch {
		case strings.HasPrefix(what, "@"):
			return "@" + name(strings.TrimPrefix(what, "@"))
		case strings.HasPrefix(what, "#") && labelled:
			return "#" + label
		case strings.HasPrefix(what, "#"):
			return "#" + strings.TrimPrefix(what, "#")
		case strings.HasPrefix(what, "!") && labelled:
			return label
		case strings.HasPrefix(what, "!"):
			return "@" + strings.TrimPrefix(what, "!")
		case labelled && label != what && "mailto:"+label != what:
			return label + " (" + what + ")"
		case labelled:
			return label
		}
		return what
	})
	return plain.Prose(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s))
}
