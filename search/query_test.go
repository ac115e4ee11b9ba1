package search

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func noon() time.Time {
	return time.Date(2026, 11, 23, 12, 30, 0, 0, time.FixedZone("EET", 2*60*60))
}

func day(y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, 0, 0, 0, 0, noon().Location())
}

func word(s string) Term { return Term{Words: []string{Stem(Fold(s))}, Typed: s} }

func one(t Term) Clause { return Clause{Any: []Term{t}} }

func TestParse(t *testing.T) {
	for typed, want := range map[string]struct {
		clauses []Clause
		notes   int
	}{
		"":               {},
		"refund Pending": {[]Clause{one(word("refund")), one(word("Pending"))}, 0},
		`"card not received" -chargeback`: {[]Clause{
			one(Term{Words: []string{"card", "not", "receiv"}, Phrase: true, Typed: "card not received"}), {Not: true, Any: []Term{word("chargeback")}}}, 0},
		"„nicht erhalten“":   {[]Clause{one(Term{Words: []string{"nicht", "erhalten"}, Phrase: true, Typed: "nicht erhalten"})}, 0},
		"refund OR storno x": {[]Clause{{Any: []Term{word("refund"), word("storno")}}, one(word("x"))}, 0},
		"OR a AND NOT b OR":  {[]Clause{one(word("a")), {Not: true, Any: []Term{word("b")}}}, 0},
		"a OR -b":            {[]Clause{one(word("a")), {Not: true, Any: []Term{word("b")}}}, 1},
		"decision-pipeline":  {[]Clause{one(Term{Words: []string{"decision", "pipelin"}, Typed: "decision-pipeline"})}, 0},
		"from:Liis":          {[]Clause{one(Term{Field: "from", Value: "Liis"})}, 0},
		`CUSTOMER:"Lumo Ex"`: {[]Clause{one(Term{Field: "customer", Value: "Lumo Ex"})}, 0},
		"state:open,waiting": {[]Clause{{Any: []Term{{Field: "state", Value: "open"}, {Field: "state", Value: "waiting"}}}}, 0},
		"-team:a,b":          {[]Clause{{Not: true, Any: []Term{{Field: "team", Value: "a"}}}, {Not: true, Any: []Term{{Field: "team", Value: "b"}}}}, 0},
		"is:OPEN":            {[]Clause{one(Term{Field: "is", Value: "open"})}, 0},
		"is:purple":          {[]Clause{one(word("purple"))}, 1},
		"has:attachment":     {[]Clause{one(Term{Field: "has", Value: "attachment"})}, 0},
		"R-1042 #7":          {[]Clause{one(Term{Field: Number, Value: "1042", Number: 1042}), one(Term{Field: Number, Value: "7", Number: 7})}, 0},
		"number:r-12":        {[]Clause{one(Term{Field: Number, Value: "12", Number: 12})}, 0},
		"number:twelve":      {[]Clause{one(word("twelve"))}, 1},
		"since:2026-11-01":   {[]Clause{one(Term{Field: Since, Value: "2026-11-01", At: day(2026, 11, 1)})}, 0},
		"after:1.11.2026":    {[]Clause{one(Term{Field: Since, Value: "1.11.2026", At: day(2026, 11, 2)})}, 0},
		"after:2026-10":      {[]Clause{one(Term{Field: Since, Value: "2026-10", At: day(2026, 11, 1)})}, 0},
		"before:yesterday":   {[]Clause{one(Term{Field: Before, Value: "yesterday", At: day(2026, 11, 22)})}, 0},
		"since:7d":           {[]Clause{one(Term{Field: Since, Value: "7d", At: noon().AddDate(0, 0, -7)})}, 0},
		"before:36h":         {[]Clause{one(Term{Field: Before, Value: "36h", At: noon().Add(-36 * time.Hour)})}, 0},
		"since:2026-02-30":   {[]Clause{one(Term{Words: []string{"2026", "02", "30"}, Typed: "2026-02-30"})}, 1},
		"colour:red":         {[]Clause{one(Term{Words: []string{"colour", "red"}, Typed: "colour:red"})}, 1},
		"https://verity.example/x at 10:30": {[]Clause{one(Term{Words: []string{"http", "verity", "exampl", "x"}, Typed: "https://verity.example/x"}),
			one(word("at")), one(Term{Words: []string{"10", "30"}, Typed: "10:30"})}, 0},
		`from: "open end`: {[]Clause{one(word("from")), one(Term{Words: []string{"open", "end"}, Phrase: true, Typed: "open end"})}, 1},
		"- -- ( ) \"\" :": {},
	} {
		got := Parse(typed, Desk(noon()))
		if diff := cmp.Diff(want.clauses, got.Clauses); diff != "" {
			t.Errorf("%q (-want +got):\n%s", typed, diff)
		}
		if len(got.Notes) != want.notes {
			t.Errorf("%q: notes %q, want %d", typed, got.Notes, want.notes)
		}
	}
}

func TestQueryReadings(t *testing.T) {
	q := Parse(`refunds "card payment" OR type:refund -gym is:open since:2026-11-01`, Desk(noon()))
	if diff := cmp.Diff([]string{"card", "payment", "refund"}, q.Words()); diff != "" {
		t.Errorf("words:\n%s", diff)
	}
	if got := len(q.Fields()); got != 3 {
		t.Errorf("%d clauses with fields, want 3", got)
	}
	if got, want := q.String(), `refunds "card payment" OR type:refund -gym is:open since:2026-11-01T00:00`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLongQuery(t *testing.T) {
	q := Parse(strings.Repeat("wort ", 1000), Desk(noon()))
	if len(q.Clauses) != mostClauses || len(q.Notes) != 2 {
		t.Errorf("%d clauses, notes %q", len(q.Clauses), q.Notes)
	}
}

// Nothing is an error, a query written out is understood as itself, and every word of it is a word.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`refund "a b" -c from:d OR R-12`, `is:open,"x" since:7d`, `-"`, "OR OR", `a:b:c "d`, "„x“ «y» #9", "before:9999-12-31 after:9999 since:9999y", "number:r-0 -R-1 OR!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := Parse(s, Desk(noon()))
		if len(q.Clauses) > mostClauses {
			t.Fatalf("%d clauses", len(q.Clauses))
		}
		for _, c := range q.Clauses {
			if len(c.Any) == 0 || c.Not && len(c.Any) != 1 {
				t.Fatalf("%q: clause %+v", s, c)
			}
			for _, term := range c.Any {
				if term.Field == "" && (len(term.Words) == 0 || term.Typed == "") || slices.Contains(term.Words, "") {
					t.Fatalf("%q: term %+v", s, term)
				}
			}
		}
		if out := q.String(); len(out) <= longestQuery {
			if again := Parse(out, Desk(noon())).String(); again != out {
				t.Fatalf("%q is %q, which is %q", s, out, again)
			}
		}
	})
}
