// Package selector reads the selectors of Prometheus, such as decisions_total{outcome=~"error|timeout", env!="test"}, and says which series they choose.
// The syntax is that of PromQL's instant vector selectors, without offset and @: https://prometheus.io/docs/prometheus/latest/querying/basics/.
package selector

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"frontline/fault"
)

// Name is the label that has a metric's name.
const Name = "__name__"

// Selector chooses series.
type Selector struct{ matchers []matcher }

type matcher struct {
	label   string
	not     bool
	value   string
	pattern *regexp.Regexp // of the whole value; nil for = and !=
}

// longest is the most a selector may be, in bytes.
const longest = 4000

// Parse reads a selector. A fault of kind Invalid says what is wrong with it.
func Parse(text string) (Selector, error) {
	p := &parser{text: text, left: strings.TrimSpace(text)}
	if len(text) > longest {
		return Selector{}, p.wrong("it is longer than 4,000 characters")
	}
	var s Selector
	if name := p.word(true); name != "" {
		s.matchers = append(s.matchers, matcher{label: Name, value: name})
	}
	if p.take("{") {
		more, err := p.braces()
		if err != nil {
			return Selector{}, err
		}
		s.matchers = append(s.matchers, more...)
	}
	switch {
	case p.left != "":
		return Selector{}, p.wrong("%.30q does not belong to it", p.left)
	case !s.chooses():
		return Selector{}, p.wrong("it would choose everything")
	}
	return s, nil
}

// chooses says whether any matcher needs a label to be there, as Prometheus wants.
func (s Selector) chooses() bool {
	for _, m := range s.matchers {
		if !m.matches("") {
			return true
		}
	}
	return false
}

// Matches says whether a series with these labels is chosen. A label that is not there is empty.
func (s Selector) Matches(label func(name string) string) bool {
	for _, m := range s.matchers {
		if !m.matches(label(m.label)) {
			return false
		}
	}
	return true
}

func (m matcher) matches(value string) bool {
	if m.pattern != nil {
		return m.pattern.MatchString(value) != m.not
	}
	return (value == m.value) != m.not
}

type parser struct{ text, left string }

func (p *parser) wrong(why string, args ...any) error {
	return fault.Wrong("selector", "%.200q is no selector: "+why+". Write it like decisions_total{outcome=\"error\"}.", append([]any{p.text}, args...)...)
}

func (p *parser) space() { p.left = strings.TrimLeft(p.left, " \t\r\n") }

// take takes a sign that comes next.
func (p *parser) take(sign string) bool {
	rest, there := strings.CutPrefix(p.left, sign)
	if there {
		p.left = rest
		p.space()
	}
	return there
}

// word takes a name: of a metric, which may have colons, or of a label.
func (p *parser) word(metric bool) string {
	n := 0
	for n < len(p.left) {
		c := p.left[n]
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || metric && c == ':'
		if !letter && (n == 0 || c < '0' || c > '9') {
			break
		}
		n++
	}
	word := p.left[:n]
	p.left = p.left[n:]
	p.space()
	return word
}

// braces takes matchers up to the closing brace. A quoted name alone is that of the metric, as Prometheus 3 has it.
func (p *parser) braces() ([]matcher, error) {
	var out []matcher
	for {
		if p.take("}") {
			return out, nil
		}
		m, err := p.matcher()
		if err != nil {
			return nil, err
		}
		out = append(out, m)
		if !p.take(",") && !strings.HasPrefix(p.left, "}") {
			return nil, p.wrong("a comma or a brace is missing before %.30q", p.left)
		}
	}
}

func (p *parser) matcher() (matcher, error) {
	m := matcher{label: p.word(false)}
	if m.label == "" {
		quoted, err := p.quoted()
		if err != nil || quoted == "" {
			return m, p.wrong("there is no label before %.30q", p.left)
		}
		m.label = quoted
		if strings.HasPrefix(p.left, ",") || strings.HasPrefix(p.left, "}") {
			return matcher{label: Name, value: quoted}, nil
		}
	}
	regex := false
	switch {
	case p.take("=~"):
		regex = true
	case p.take("!~"):
		regex, m.not = true, true
	case p.take("!="):
		m.not = true
	case !p.take("="):
		return m, p.wrong("after the label %s comes =, !=, =~ or !~", m.label)
	}
	var err error
	if m.value, err = p.quoted(); err != nil {
		return m, err
	}
	if regex {
		if m.pattern, err = regexp.Compile("^(?s:" + m.value + ")$"); err != nil {
			return m, p.wrong("%.60q is no regular expression", m.value)
		}
	}
	return m, nil
}

// quoted takes a text in double, single or back quotes.
func (p *parser) quoted() (string, error) {
	if p.left == "" || !strings.ContainsRune("\"'`", rune(p.left[0])) {
		return "", p.wrong("a value stands in quotes")
	}
	quote := p.left[0]
	if quote == '`' {
		value, rest, ended := strings.Cut(p.left[1:], "`")
		if !ended {
			return "", p.wrong("a quote is not closed")
		}
		p.left = rest
		p.space()
		return value, nil
	}
	rest := p.left[1:]
	var out strings.Builder
	for rest != "" && rest[0] != quote {
		c, _, tail, err := strconv.UnquoteChar(rest, quote)
		if err != nil {
			return "", p.wrong("%.30q cannot be unquoted", p.left)
		}
		out.WriteRune(c)
		rest = tail
	}
	if rest == "" || !utf8.ValidString(out.String()) {
		return "", p.wrong("a quote is not closed")
	}
	p.left = rest[1:]
	p.space()
	return out.String(), nil
}
