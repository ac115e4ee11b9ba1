package jira

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// parsed reads Markdown.
func parsed(markdown string) (ast.Node, []byte) {
	src := []byte(markdown)
	return goldmark.New(goldmark.WithExtensions(extension.Linkify)).Parser().Parse(text.NewReader(src)), src
}

type node = map[string]any

// document writes Markdown as an Atlassian document. What it has no form for becomes its plain words.
func document(markdown string) node {
	root, src := parsed(markdown)
	return node{"type": "doc", "version": 1, "content": blocks(root, src)}
}

func blocks(parent ast.Node, src []byte) []node {
	out := []node{}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			out = append(out, node{"type": "heading", "attrs": node{"level": n.Level}, "content": inlines(n, src, nil)})
		case *ast.Blockquote:
			out = append(out, node{"type": "blockquote", "content": paragraphs(n, src)})
		case *ast.List:
			kind := "bulletList"
			if n.IsOrdered() {
				kind = "orderedList"
			}
			items := []node{}
			for i := n.FirstChild(); i != nil; i = i.NextSibling() {
				items = append(items, node{"type": "listItem", "content": paragraphs(i, src)})
			}
			out = append(out, node{"type": kind, "content": items})
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			if code := strings.TrimRight(string(n.Lines().Value(src)), "\n"); code != "" {
				out = append(out, node{"type": "codeBlock", "content": []node{{"type": "text", "text": code}}})
			}
		case *ast.ThematicBreak:
			out = append(out, node{"type": "rule"})
		case *ast.HTMLBlock:
			out = append(out, paragraph([]node{{"type": "text", "text": strings.TrimSpace(string(n.Lines().Value(src))) + " "}}))
		default:
			out = append(out, paragraph(inlines(n, src, nil)))
		}
	}
	return out
}

func paragraph(content []node) node { return node{"type": "paragraph", "content": content} }

// paragraphs are the blocks of a quote or of an item of a list, which take no headings.
func paragraphs(parent ast.Node, src []byte) []node {
	out := blocks(parent, src)
	for i, b := range out {
		if b["type"] == "heading" || b["type"] == "blockquote" || b["type"] == "rule" {
			out[i] = paragraph([]node{{"type": "text", "text": flat(b) + " "}})
		}
	}
	if len(out) == 0 {
		out = append(out, paragraph([]node{}))
	}
	return out
}

// inlines are the words of a block with what marks them.
func inlines(parent ast.Node, src []byte, marks []node) []node {
	out := []node{}
	say := func(s string, marks []node) {
		if s == "" {
			return
		}
		n := node{"type": "text", "text": s}
		if len(marks) > 0 {
			n["marks"] = marks
		}
		out = append(out, n)
	}
	with := func(m node) []node { return append(append([]node{}, marks...), m) }
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			say(string(n.Segment.Value(src)), marks)
			if n.HardLineBreak() || n.SoftLineBreak() {
				out = append(out, node{"type": "hardBreak"})
			}
		case *ast.String:
			say(string(n.Value), marks)
		case *ast.CodeSpan:
			say(spoken(n, src), []node{{"type": "code"}})
		case *ast.Emphasis:
			out = append(out, inlines(n, src, with(node{"type": map[int]string{1: "em", 2: "strong"}[n.Level]}))...)
		case *ast.Link:
			out = append(out, inlines(n, src, with(link(string(n.Destination))))...)
		case *ast.AutoLink:
			say(string(n.URL(src)), with(link(string(n.URL(src)))))
		case *ast.RawHTML:
			say(string(n.Segments.Value(src)), marks)
		default:
			say(spoken(n, src), marks)
		}
	}
	return out
}

func link(to string) node { return node{"type": "link", "attrs": node{"href": to}} }

// spoken is the plain words below a node.
func spoken(n ast.Node, src []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(src))
			continue
		}
		b.WriteString(spoken(c, src))
	}
	return b.String()
}

// wiki writes Markdown as wiki markup.
func wiki(markdown string) string {
	root, src := parsed(markdown)
	return strings.TrimSpace(wikiBlocks(root, src, ""))
}

func wikiBlocks(parent ast.Node, src []byte, bullets string) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			fmt.Fprintf(&b, "h%d. %s\n\n", n.Level, wikiWords(n, src))
		case *ast.Blockquote:
			fmt.Fprintf(&b, "{quote}\n%s\n{quote}\n\n", strings.TrimSpace(wikiBlocks(n, src, "")))
		case *ast.List:
			mark := bullets + map[bool]string{true: "#", false: "*"}[n.IsOrdered()]
			for i := n.FirstChild(); i != nil; i = i.NextSibling() {
				fmt.Fprintf(&b, "%s %s\n", mark, strings.TrimSpace(wikiBlocks(i, src, mark)))
			}
			if bullets == "" {
				b.WriteString("\n")
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			fmt.Fprintf(&b, "{noformat}\n%s{noformat}\n\n", strings.ReplaceAll(string(n.Lines().Value(src)), "{noformat}", "{ noformat}"))
		case *ast.ThematicBreak:
			b.WriteString("----\n\n")
		case *ast.HTMLBlock:
			b.WriteString(wikiPlain(string(n.Lines().Value(src))) + "\n")
		case *ast.TextBlock:
			b.WriteString(wikiWords(n, src) + "\n")
		default:
			b.WriteString(wikiWords(n, src) + "\n\n")
		}
	}
	return b.String()
}

func wikiWords(parent ast.Node, src []byte) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.WriteString(wikiPlain(string(n.Segment.Value(src))))
			if n.HardLineBreak() || n.SoftLineBreak() {
				b.WriteString("\n")
			}
		case *ast.CodeSpan:
			b.WriteString("{{" + wikiPlain(spoken(n, src)) + "}}")
		case *ast.Emphasis:
			mark := map[int]string{1: "_", 2: "*"}[n.Level]
			b.WriteString(mark + wikiWords(n, src) + mark)
		case *ast.Link:
			b.WriteString("[" + wikiWords(n, src) + "|" + string(n.Destination) + "]")
		case *ast.AutoLink:
			b.WriteString(string(n.URL(src)))
		default:
			b.WriteString(wikiPlain(spoken(n, src)))
		}
	}
	return b.String()
}

// wikiPlain keeps what would be markup from being it: macros begin with a brace, links and mentions with a bracket.
func wikiPlain(s string) string { return strings.NewReplacer("{", `\{`, "[", `\[`).Replace(s) }

// plainText is the words of a comment, whether it is a document or wiki markup.
func plainText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var d node
	if json.Unmarshal(raw, &d) != nil {
		return ""
	}
	return strings.TrimSpace(flat(d))
}

// flat is the words of a node of a document, a line a block.
func flat(n node) string {
	kind, _ := n["type"].(string)
	attrs, _ := n["attrs"].(map[string]any)
	switch kind {
	case "text":
		s, _ := n["text"].(string)
		return s
	case "hardBreak":
		return "\n"
	case "mention", "emoji", "status", "date":
		s, _ := attrs["text"].(string)
		return s
	case "inlineCard", "blockCard":
		s, _ := attrs["url"].(string)
		return s
	}
	var b strings.Builder
	for _, c := range children(n) {
		b.WriteString(flat(c))
	}
	switch kind {
	case "paragraph", "heading", "codeBlock", "blockquote":
		b.WriteString("\n\n")
	case "listItem":
		return "- " + strings.TrimSpace(b.String()) + "\n"
	}
	return b.String()
}

func children(n node) (out []node) {
	switch all := n["content"].(type) {
	case []node:
		return all
	case []any:
		for _, c := range all {
			if c, ok := c.(node); ok {
				out = append(out, c)
			}
		}
	}
	return out
}
