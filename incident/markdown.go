package incident

import (
	"bytes"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"frontline/fault"
)

// Markdown turns people's Markdown (with tables) into HTML that is safe to show. Raw HTML in it is dropped, links get
// rel="nofollow" and lead to http, https and mailto only; images are dropped, so that nothing is
// fetched.
type Markdown struct {
	parser goldmark.Markdown
	clean  *bluemonday.Policy
}

// NewMarkdown returns a Markdown, which several goroutines may use.
func NewMarkdown() *Markdown {
	policy := bluemonday.NewPolicy()
	policy.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "del",
		"table", "thead", "tbody", "tr", "th", "td")
	policy.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("th", "td")
	policy.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("http", "https", "mailto")
	policy.AllowRelativeURLs(true)
	policy.RequireParseableURLs(true)
	policy.RequireNoFollowOnLinks(true)
	tables := extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)) // no style attributes
	return &Markdown{parser: goldmark.New(goldmark.WithExtensions(tables, extension.Strikethrough, extension.Linkify)), clean: policy}
}

// HTML returns the text as HTML.
func (m *Markdown) HTML(text string) (string, error) {
	var b bytes.Buffer
	if err := m.parser.Convert([]byte(text), &b); err != nil {
		return "", fault.Wrap(err, fault.Internal, "This text cannot be shown as a page. Read it as plain text.")
	}
	return m.clean.Sanitize(b.String()), nil
}
