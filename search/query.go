package search

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Syntax is what a search box understands beside words: its fields, and what time it is for "since:7d".
type Syntax struct {
	Now    time.Time // days begin in its location
	Fields []Field
}

// Field is a name that may stand before a colon.
type Field struct {
	Name   string
	Values []string // what may follow; anything when empty
	Day    bool     // a day or a span follows
}

// The names of fields that Parse gives a meaning of its own.
const (
	Number = "number" // R-1042 and number:1042
	Since  = "since"  // that came at Term.At or later; also what "after" becomes
	Before = "before" // that came before Term.At
	after  = "after"
)

// Desk is the syntax of the desk's search box.
func Desk(now time.Time) Syntax {
	return Syntax{Now: now, Fields: []Field{
		{Name: "from"}, {Name: "customer"}, {Name: "service"}, {Name: "type"}, {Name: "state"}, {Name: "team"}, {Name: "assignee"}, {Name: "demand"}, {Name: "tag"},
		{Name: "is", Values: []string{"open", "closed", "new", "waiting", "snoozed", "escalated", "unassigned", "mine", "overdue", "merged"}},
		{Name: "has", Values: []string{"attachment", "answer", "note", "run", "incident", "escalation", "demand"}},
		{Name: Number}, {Name: Since, Day: true}, {Name: after, Day: true}, {Name: Before, Day: true},
	}}
}

// Term is one thing that is looked for: words that follow each other, or the value of a field.
type Term struct {
	Field  string // empty for words
	Value  string // of the field, as it was typed
	Number int64  // of Number
	At     time.Time
	Words  []string // what the words are compared as; more than one follow each other
	Phrase bool     // in quotation marks: every result must hold it
	Typed  string   // the words as they were typed, or as they were corrected
	// Corrected says that Forgive has added it beside a word that nobody has written.
	Corrected bool
}

// Clause is one condition: any of its terms, or, with Not, not its only one.
type Clause struct {
	Not bool
	Any []Term
}

// Query is what somebody looks for. Conditions on fields, phrases and refused words hold for every result; single words are wished for: results with all of
// them come first.
type Query struct {
	Clauses []Clause
	Notes   []string // what was not understood and what was done instead, a sentence each
}

// The limits of a query. More is pasted text, for which Nearest is the better question.
const (
	longestQuery = 1000 // bytes
	mostClauses  = 32
)

// Words are the terms of all words that are looked for, sorted: what a store retrieves candidates by. Refused words are not among them.
func (q Query) Words() []string {
	var all []string
	for _, c := range q.Clauses {
		for _, t := range c.Any {
			if !c.Not {
				all = append(all, t.Words...)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Fields are the clauses with a field in them: what a store selects by. A clause may also hold words, as in "refund OR type:refund".
func (q Query) Fields() []Clause {
	return slices.DeleteFunc(slices.Clone(q.Clauses), func(c Clause) bool { return !c.fielded() })
}

func (c Clause) fielded() bool {
	return slices.ContainsFunc(c.Any, func(t Term) bool { return t.Field != "" })
}

// String says what was understood, in a form that Parse understands again: the same search, written out.
func (q Query) String() string {
	said := make([]string, 0, len(q.Clauses))
	for _, c := range q.Clauses {
		terms := make([]string, 0, len(c.Any))
		for _, t := range c.Any {
			if !t.Corrected {
				terms = append(terms, t.String())
			}
		}
		one := strings.Join(terms, " OR ")
		if c.Not {
			one = "-" + one
		}
		said = append(said, one)
	}
	return strings.Join(said, " ")
}

// String is the term as one may type it.
func (t Term) String() string {
	switch {
	case t.Field == "" && !t.Phrase && !t.misread():
		return t.Typed
	case t.Field == "":
		return quoted(t.Typed)
	case t.Field == Number:
		return fmt.Sprintf("R-%d", t.Number)
	case t.Field == Since || t.Field == Before:
		return t.Field + ":" + t.At.Format("2006-01-02T15:04")
	case strings.ContainsAny(t.Value, ", \t"):
		return t.Field + ":" + quoted(t.Value)
	}
	return t.Field + ":" + t.Value
}

// misread says whether a word would be taken for something else without quotation marks.
func (t Term) misread() bool {
	return slices.Contains([]string{"OR", "AND", "NOT"}, t.Typed) || requestNumber.MatchString(t.Typed) || strings.Contains(t.Typed, ":")
}

func quoted(s string) string {
	return `"` + strings.Map(func(r rune) rune {
		if quotation(r) {
			return ' '
		}
		return r
	}, s) + `"`
}
