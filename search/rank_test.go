package search

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// counted is how common terms are in a store.
type counted map[string]int

func (c counted) Documents() int          { return 1000 }
func (c counted) Holding(term string) int { return c[term] }

func inbox() []Document {
	old := noon().AddDate(-1, 0, 0)
	return []Document{
		{ID: "title", Title: "Refund is pending", Body: "It has been a week.", At: old},
		{ID: "body", Title: "Question", Body: "My refund is late, where is the refund?", At: old},
		{ID: "answer", Title: "Money", Body: "Where is it?", Answers: "Your refund was sent.", At: old},
		{ID: "fresh", Title: "Question", Body: "My refund is late, where is the refund?", At: noon()},
		{ID: "pending", Title: "Card payment", Body: "The payment is pending since Monday.", At: noon()},
		{ID: "other", Title: "Chargeback", Body: "A refund or a chargeback?", At: noon()},
		{ID: "none", Title: "Invoice", Body: "Twice.", At: noon()},
	}
}

func ids(hits []Hit) []string {
	var all []string
	for _, h := range hits {
		all = append(all, h.ID)
	}
	return all
}

func search(typed string) []Hit {
	return Rank(Parse(typed, Desk(noon())), inbox(), counted{"refund": 50, "pend": 30, "question": 500}, noon())
}

func TestRank(t *testing.T) {
	for typed, want := range map[string][]string{
		"refund":                      {"title", "fresh", "body", "other", "answer"}, // title before text before answer, new before old
		"refund pending":              {"title", "fresh", "pending", "body", "other", "answer"},
		"refund -chargeback":          {"title", "fresh", "body", "answer"},
		`"refund was sent"`:           {"answer"},
		`"refund is pending"`:         {"title"},
		`question "payment is"`:       {"pending"},
		"chargeback OR invoice":       {"other", "none"},
		"xylophone":                   nil,
		"is:open":                     {"fresh", "none", "other", "pending", "answer", "body", "title"}, // nothing to rank by: the newest first
		"refund OR is:open":           {"fresh", "none", "other", "pending", "answer", "body", "title"}, // the store has chosen
		`"refund is pending" is:open`: {"title"},
	} {
		if diff := cmp.Diff(want, ids(search(typed))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", typed, diff)
		}
	}
}

func TestRankSaysWhy(t *testing.T) {
	hits := search("refund iban")
	at := slices.IndexFunc(hits, func(h Hit) bool { return h.ID == "fresh" })
	if got, want := hits[at].String(), "refund 2 times in the text; without iban"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
	if diff := cmp.Diff([]Range{{3, 9}, {32, 38}}, hits[at].Snippet.Marks); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Range{{0, 6}}, hits[0].Title); diff != "" {
		t.Error(diff)
	}
}

// A word that Forgive added finds, but an exact hit stays before it.
func TestRankCorrected(t *testing.T) {
	v := NewVocabulary(func(yield func(string, int) bool) { yield("refund", 50) })
	q, _ := Parse("refudn", Desk(noon())).Forgive(v)
	docs := append(inbox(), Document{ID: "typo", Title: "Question", Body: "My refudn is late, where is it?", At: noon()})
	hits := Rank(q, docs, counted{"refund": 50, "refudn": 1}, noon())
	if got := ids(hits); len(got) != 6 || got[0] != "typo" {
		t.Errorf("found %q", got)
	}
}

// The score for one word is the formula of BM25F, computed by hand.
func TestRankFormula(t *testing.T) {
	docs := []Document{
		{ID: "a", Title: "refund", Body: "where is the refund", At: noon()},
		{ID: "b", Title: "other words", Body: "nothing at all here too", At: noon()},
	}
	hits := Rank(Parse("refund", Desk(noon())), docs, counted{"refund": 50}, noon())
	title, body := 1-0.3+0.3*1/1.5, 1-levelling+levelling*4/4.5
	tf := 3/title + 1/body
	want := math.Log(1+(1000-50+0.5)/(50+0.5)) * tf * 2.2 / (tf + 1.2) * 1.1
	if len(hits) != 1 || math.Abs(hits[0].Score-want) > 1e-9 {
		t.Errorf("%+v, want a score of %g", hits, want)
	}
}

func TestSnippet(t *testing.T) {
	filler := strings.Repeat("sõna ", 200)
	d := Document{ID: "a", Body: filler + "the refund is pending " + filler, Answers: "refund"}
	hits := Rank(Parse("refund pending", Desk(noon())), []Document{d}, counted{"refund": 1, "pend": 2}, noon())
	s := hits[0].Snippet
	if !s.Before || !s.After || s.Answer || len(s.Text) > snippetSize || !strings.Contains(s.Text, "refund is pending") || len(s.Marks) != 2 {
		t.Errorf("%+v", s)
	}
	long := Rank(Parse("is:open", Desk(noon())), []Document{{ID: "x", Body: strings.Repeat("—", 200)}}, counted{}, noon())
	if s := long[0].Snippet; len(s.Text) > snippetSize || s.Text == "" || !utf8.ValidString(s.Text) {
		t.Errorf("of a text without words: %+v", s)
	}
}

// The order of the candidates is nothing to the result, and every mark lies between characters and holds a word that was looked for.
func TestRankOfAnything(t *testing.T) {
	piece := rapid.SampledFrom([]string{"refund", "Refunded", "pending", "põder", "Põdra", "ei", " ", ", ", "検証", "\u0301", "😀", "\xff", strings.Repeat("pikk ", 30), "don't"})
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 20).Draw(t, "pieces"), " ") })
	rapid.Check(t, func(t *rapid.T) {
		var docs []Document
		for i := range rapid.IntRange(0, 8).Draw(t, "n") {
			docs = append(docs, Document{ID: fmt.Sprint(i), Title: text.Draw(t, "title"), Body: text.Draw(t, "body"), Answers: text.Draw(t, "answers"),
				At: noon().Add(-time.Duration(rapid.IntRange(-5, 5).Draw(t, "age")) * time.Hour)})
		}
		q := Parse(rapid.SampledFrom([]string{"refund", `"refund pending"`, "poder OR 検", "refund -ei", "is:open", "don't pikk"}).Draw(t, "q"), Desk(noon()))
		hits := Rank(q, docs, counted{"refund": 3}, noon())
		if diff := cmp.Diff(hits, Rank(q, rapid.Permutation(docs).Draw(t, "order"), counted{"refund": 3}, noon())); diff != "" {
			t.Fatalf("another order of candidates (-one +other):\n%s", diff)
		}
		for _, h := range hits {
			checkMarks(t, q, docs[slices.IndexFunc(docs, func(d Document) bool { return d.ID == h.ID })].Title, h.Title)
			checkMarks(t, q, h.Snippet.Text, h.Snippet.Marks)
		}
	})
}

func checkMarks(t *rapid.T, q Query, text string, marks []Range) {
	before := 0
	for _, m := range marks {
		if m.From < before || m.To <= m.From || m.To > len(text) {
			t.Fatalf("mark %+v of %q", m, text)
		}
		first, _ := utf8.DecodeRuneInString(text[m.From:])
		if last, _ := utf8.DecodeLastRuneInString(text[:m.To]); first == utf8.RuneError || last == utf8.RuneError {
			t.Fatalf("mark %+v of %q is cut inside of a character", m, text)
		}
		for _, token := range Tokens(text[m.From:m.To]) {
			if !slices.Contains(q.Words(), token.Term) {
				t.Fatalf("%q is marked in %q", token.Word, text)
			}
		}
		before = m.To
	}
}
