package search

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Range is a stretch of a text, in bytes. It begins and ends between characters.
type Range struct{ From, To int }

// Snippet is the piece of a text or an answer that holds most of what was looked for. It is text and never markup: the screen escapes it
// and puts the marks in.
type Snippet struct {
	Answer        bool // from an answer, not from what was asked
	Text          string
	Marks         []Range // in Text
	Before, After bool    // the text goes on there
}

// The sizes of a snippet, in bytes.
const (
	snippetSize = 240
	mostTried   = 100
	snippetLead = 48 // how much of what comes before the first place is shown
)

// marks are the ranges of the places in one section, in order, with those that touch or overlap joined.
func marks(found []place, in section) []Range {
	var all []Range
	for _, f := range found {
		if f.in == in {
			all = append(all, f.mark)
		}
	}
	slices.SortFunc(all, func(a, b Range) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	joined := all[:0]
	for _, r := range all {
		if n := len(joined); n > 0 && r.From <= joined[n-1].To {
			joined[n-1].To = max(joined[n-1].To, r.To)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// excerpt chooses the stretch with the rarest different words, the earliest among equals, what was asked before answers. Without any it is the
// beginning of what was asked.
func excerpt(d Document, parts [sections][]Token, found []place) Snippet {
	best, worth := place{in: inBody}, 0.0
	tried := 0
	for _, f := range found {
		if f.in == inTitle || tried == mostTried {
			continue
		}
		tried++
		if w := window(f, found); w > worth {
			best, worth = f, w
		}
	}
	text := d.Body
	if best.in == inAnswers {
		text = d.Answers
	}
	from, to := bounds(text, parts[best.in], best)
	s := Snippet{Answer: best.in == inAnswers, Text: text[from:to], Before: from > 0, After: to < len(text)}
	for _, m := range marks(found, best.in) {
		if m.From >= from && m.To <= to {
			s.Marks = append(s.Marks, Range{m.From - from, m.To - from})
		}
	}
	return s
}

// window is what the different words are worth that stand within a snippet beginning at a place.
func window(first place, found []place) float64 {
	sum := 0.0
	seen := make(map[string]bool)
	for _, f := range found {
		if f.in == first.in && f.mark.From >= first.mark.From && f.mark.To <= first.mark.From+snippetSize-snippetLead && !seen[f.word] {
			seen[f.word] = true
			sum += f.rare
		}
	}
	return sum
}

// bounds are the snippet's first and last byte: it begins with a word a little before the place and ends with one.
func bounds(text string, tokens []Token, best place) (from, to int) {
	if len(text) <= snippetSize {
		return 0, len(text)
	}
	if best.to > 0 && best.mark.From > snippetLead {
		for i := best.from; i >= 0 && best.mark.From-tokens[i].From <= snippetLead; i-- {
			from = tokens[i].From
		}
	}
	if len(text)-from <= snippetSize {
		return from, len(text)
	}
	to = max(best.mark.To, from) // a phrase may be longer than the snippet
	for _, t := range tokens {
		if t.To > from && t.To <= from+snippetSize {
			to = max(to, t.To)
		}
	}
	if to == from { // no words: cut between characters
		for to = from + snippetSize; to > from && !utf8.RuneStart(text[to]); to-- {
		}
	}
	return from, to
}
