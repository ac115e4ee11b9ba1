package search

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// piece is one blank-separated part of what was typed.
type piece struct {
	not    bool
	field  string // before the colon; empty without one
	text   string // after it, or all; without its quotation marks
	quoted bool
}

var (
	requestNumber = regexp.MustCompile(`(?i)^(?:R-|#)(\d{1,15})$`)
	fieldName     = regexp.MustCompile(`^\p{L}[\p{L}_-]{0,30}$`)
	spanOf        = regexp.MustCompile(`^(\d{1,4})(h|d|w|m|y)$`)
)

// Parse reads what somebody typed. Nothing that is typed is an error: what is not understood is looked for as words, and a note says so.
//
// Words, "words that follow each other", -refused, field:value, field:"a value", field:one,other, OR between two terms, R-1042, since:7d.
func Parse(typed string, s Syntax) Query {
	p := parser{syntax: s}
	if len(typed) > longestQuery {
		typed = strings.ToValidUTF8(typed[:longestQuery], "")
		p.note("What you typed is very long; only its beginning was looked for.")
	}
	typed = strings.ToValidUTF8(typed, " ")
	for rest := strings.TrimSpace(typed); rest != ""; {
		var next piece
		next, rest = p.cut(rest)
		p.take(next)
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
	}
	return p.query
}

type parser struct {
	syntax Syntax
	query  Query
	or     bool // the next term is an alternative to the last
	not    bool // NOT was said
}

func (p *parser) note(say string, args ...any) {
	if n := fmt.Sprintf(say, args...); !slices.Contains(p.query.Notes, n) {
		p.query.Notes = append(p.query.Notes, n)
	}
}

// cut takes the next piece off.
func (p *parser) cut(rest string) (piece, string) {
	var next piece
	if after, ok := strings.CutPrefix(rest, "-"); ok && after != "" && !strings.HasPrefix(after, "-") && !startsWithSpace(after) {
		next.not, rest = true, after
	}
	if name, value, ok := strings.Cut(rest, ":"); ok && fieldName.MatchString(name) && value != "" && !startsWithSpace(value) {
		next.field, rest = name, value
	}
	if open, size := utf8.DecodeRuneInString(rest); quotation(open) {
		next.quoted = true
		rest = rest[size:]
		end := strings.IndexFunc(rest, quotation)
		if end < 0 {
			p.note("A quotation mark has no partner; what follows it was taken as one phrase.")
			next.text = rest
			return next, ""
		}
		next.text = rest[:end]
		_, size = utf8.DecodeRuneInString(rest[end:])
		return next, rest[end+size:]
	}
	end := strings.IndexFunc(rest, unicode.IsSpace)
	if end < 0 {
		end = len(rest)
	}
	next.text = rest[:end]
	return next, rest[end:]
}

func startsWithSpace(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

func quotation(r rune) bool { return strings.ContainsRune(`"“”„«»`, r) }

// take turns a piece into a clause or joins it to the last one.
func (p *parser) take(next piece) {
	if next.field == "" && !next.quoted && !next.not {
		switch next.text {
		case "OR", "|", "||":
			p.or = len(p.query.Clauses) > 0
			return
		case "AND", "&", "&&", "+":
			return
		case "NOT":
			p.not = true
			return
		}
	}
	next.not, p.not = next.not || p.not, false
	terms := p.terms(next)
	if len(terms) == 0 {
		return
	}
	or := p.or
	p.or = false
	last := len(p.query.Clauses) - 1
	switch {
	case or && !next.not && !p.query.Clauses[last].Not:
		p.query.Clauses[last].Any = append(p.query.Clauses[last].Any, terms...)
		return
	case or:
		p.note("OR does not go with a minus; both were taken as conditions of their own.")
	}
	if !next.not {
		p.add(Clause{Any: terms})
		return
	}
	for _, t := range terms {
		p.add(Clause{Not: true, Any: []Term{t}})
	}
}

func (p *parser) add(c Clause) {
	if len(p.query.Clauses) >= mostClauses {
		p.note("These are more than %d conditions; the rest was left out.", mostClauses)
		return
	}
	p.query.Clauses = append(p.query.Clauses, c)
}

// terms are the alternatives that a piece means.
func (p *parser) terms(next piece) []Term {
	if next.field == "" {
		if m := requestNumber.FindStringSubmatch(next.text); m != nil && !next.quoted {
			return []Term{numbered(m[1])}
		}
		return phrase(next.text, next.quoted)
	}
	name := Fold(next.field)
	i := slices.IndexFunc(p.syntax.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		if !strings.HasPrefix(next.text, "/") { // https://… is no field
			p.note("There is no field “%s”; it was looked for as words. Fields are %s.", next.field, p.names())
		}
		return phrase(next.field+":"+next.text, false)
	}
	values := []string{next.text}
	if !next.quoted {
		values = strings.Split(next.text, ",")
	}
	var terms []Term
	for _, v := range values {
		if v = strings.TrimFunc(v, func(r rune) bool { return unicode.IsSpace(r) || quotation(r) }); v != "" {
			terms = append(terms, p.value(p.syntax.Fields[i], v)...)
		}
	}
	return terms
}

func (p *parser) names() string {
	names := make([]string, len(p.syntax.Fields))
	for i, f := range p.syntax.Fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

// value understands one value of a field.
func (p *parser) value(f Field, v string) []Term {
	switch {
	case f.Name == Number:
		for _, v := range []string{v, "R-" + v} {
			if m := requestNumber.FindStringSubmatch(v); m != nil {
				return []Term{numbered(m[1])}
			}
		}
		p.note("“%s” is no number of a request, such as R-1042; it was looked for as a word.", v)
	case f.Day:
		if t, ok := p.day(f.Name, v); ok {
			return []Term{t}
		}
		p.note("“%s” is no day, such as 2026-11-23, and no span, such as 7d; it was looked for as words.", v)
	case len(f.Values) > 0 && !slices.Contains(f.Values, Fold(v)):
		p.note("“%s:” is followed by one of %s; “%s” was looked for as words.", f.Name, strings.Join(f.Values, ", "), v)
	case len(f.Values) > 0:
		return []Term{{Field: f.Name, Value: Fold(v)}}
	default:
		return []Term{{Field: f.Name, Value: v}}
	}
	return phrase(v, false)
}

func numbered(digits string) Term {
	n, _ := strconv.ParseInt(digits, 10, 64) // at most 15 digits
	return Term{Field: Number, Value: digits, Number: n}
}

// phrase is one term of the words in s, or none when there are no words.
func phrase(s string, quoted bool) []Term {
	t := Term{Phrase: quoted || strings.ContainsFunc(s, unicode.IsSpace)}
	tokens := Tokens(s)
	for _, token := range tokens {
		t.Words = append(t.Words, token.Term)
	}
	if len(tokens) == 0 {
		return nil
	}
	t.Typed = s[tokens[0].From:tokens[len(tokens)-1].To]
	return []Term{t}
}

// day understands a day or a span. "after" a day begins with the next one.
func (p *parser) day(field, v string) (Term, bool) {
	at, next, ok := p.instant(strings.ToLower(v))
	if !ok {
		return Term{}, false
	}
	if field == after {
		field, at = Since, next
	}
	return Term{Field: field, Value: v, At: at}, true
}

// instant returns where a day, a month or a span begins and where the next one does.
func (p *parser) instant(v string) (at, next time.Time, ok bool) {
	now := p.syntax.Now
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch v {
	case "today":
		return today, today.AddDate(0, 0, 1), true
	case "yesterday":
		return today.AddDate(0, 0, -1), today, true
	}
	if m := spanOf.FindStringSubmatch(v); m != nil {
		n, _ := strconv.Atoi(m[1]) // at most four digits
		at = back(now, n, m[2])
		return at, at, m[2] != "y" || n <= 1000
	}
	for _, f := range []struct {
		layout       string
		months, days int
	}{{"2006-01-02", 0, 1}, {"2.1.2006", 0, 1}, {"2006-01", 1, 0}, {"2006", 12, 0}, {"2006-01-02t15:04", 0, 0}} {
		if t, err := time.ParseInLocation(f.layout, v, now.Location()); err == nil {
			next = t.AddDate(0, f.months, f.days)
			return t, next, next.Year() <= 9999
		}
	}
	return at, at, false
}

// back is a span before now.
func back(now time.Time, n int, unit string) time.Time {
	switch unit {
	case "h":
		return now.Add(-time.Duration(n) * time.Hour)
	case "w":
		return now.AddDate(0, 0, -7*n)
	case "m":
		return now.AddDate(0, -n, 0)
	case "y":
		return now.AddDate(-n, 0, 0)
	}
	return now.AddDate(0, 0, -n)
}
