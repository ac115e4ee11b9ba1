package search

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Document is a candidate that a store has retrieved, to be ranked and shown.
type Document struct {
	ID      string
	Title   string
	Body    string // what was asked
	Answers string // what was answered, all of it
	At      time.Time
}

// Commonness says how common terms are in everything that is searched: an Index, or a store's own count.
type Commonness interface {
	Documents() int
	Holding(term string) int
}

var _ Commonness = (*Index)(nil)

// section is one of the three texts of a document.
type section int

const (
	inTitle section = iota
	inBody
	inAnswers
	sections
)

// weight is how much a word counts there: a title says what it is about, an answer often says more than what was asked.
func (s section) weight() float64 { return [sections]float64{3, 1, 0.7}[s] }

// level is b of that part: a long title is hardly held against it, for titles are short.
func (s section) level() float64 { return [sections]float64{0.3, levelling, levelling}[s] }

func (s section) String() string { return [sections]string{"the title", "the text", "an answer"}[s] }

// The prior of what is new: a request of this moment counts a tenth more than an old one, one of three months ago a twentieth. So a newer request
// wins among equals and never over a clearly better one.
const (
	freshness = 0.10
	halfLife  = 90 * 24 * time.Hour
)

// Match is a condition of the query that a document meets, and how often where.
type Match struct {
	Word    string // as it was typed, or corrected
	Title   int
	Body    int
	Answers int
}

// Hit is a document that was found, with the places that made it found.
type Hit struct {
	ID      string
	Score   float64 // only comparable within one call
	Title   []Range // what to highlight in the title
	Snippet Snippet
	Matches []Match
	Missing []string // words of the query that it does not hold
}

// Rank drops the candidates that hold a refused word or lack a phrase in quotation marks, and returns the others, the best first.
// Clauses with fields are taken as met: the store selects by them.
//
// The score is BM25F (Robertson and Zaragoza 2009, 3.6.2): occurrences in title (3), text (1) and answers (0.7) are each levelled by that part's
// length, added, and only then saturated (only the first LongestText bytes of each are read); a phrase counts as one word as rare as its words together; a corrected word counts 0.7. It is
// multiplied with the share of the wished conditions that are met, and with 1 + 0.1·2^(-age/90 days). Mean lengths are those of the
// candidates. Equal scores: the newer first, then the ID.
func Rank(q Query, candidates []Document, common Commonness, now time.Time) []Hit {
	r := newRanking(q, candidates, common, now)
	var hits []Hit
	times := make(map[string]time.Time, len(candidates))
	for i, d := range candidates {
		times[d.ID] = d.At
		if h, ok := r.hit(d, r.read[i]); ok {
			hits = append(hits, h)
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), times[b.ID].Compare(times[a.ID]), strings.Compare(a.ID, b.ID))
	})
	return hits
}

type ranking struct {
	wished  []Clause // of words alone
	refused []Clause
	rare    map[string]float64
	read    [][sections][]Token
	mean    [sections]float64
	now     time.Time
}

func newRanking(q Query, candidates []Document, common Commonness, now time.Time) *ranking {
	r := &ranking{rare: make(map[string]float64), now: now}
	for _, c := range q.Clauses {
		switch {
		case c.fielded():
		case c.Not:
			r.refused = append(r.refused, c)
		default:
			r.wished = append(r.wished, c)
		}
	}
	for _, w := range q.Words() {
		r.rare[w] = rarity(max(common.Documents(), common.Holding(w)), common.Holding(w))
	}
	for _, d := range candidates {
		parts := [sections][]Token{Tokens(d.Title), Tokens(clip(d.Body)), Tokens(clip(d.Answers))}
		r.read = append(r.read, parts)
		for p := range parts {
			r.mean[p] += float64(len(parts[p])) // whole numbers: their order is nothing to the sum
		}
	}
	for p := range r.mean {
		r.mean[p] /= float64(max(len(candidates), 1))
	}
	return r
}

// hit scores one document; false when a condition that must hold does not.
func (r *ranking) hit(d Document, parts [sections][]Token) (Hit, bool) {
	for _, c := range r.refused {
		if len(places(c.Any[0], parts)) > 0 {
			return Hit{}, false
		}
	}
	h := Hit{ID: d.ID}
	var found []place
	sum, met := 0.0, 0
	for _, c := range r.wished {
		best, m, at := r.clause(c, parts)
		if best == 0 {
			if c.required() {
				return Hit{}, false
			}
			h.Missing = append(h.Missing, c.Any[0].Typed)
			continue
		}
		sum, met = sum+best, met+1
		h.Matches, found = append(h.Matches, m), append(found, at...)
	}
	if len(r.wished) > 0 && met == 0 {
		return Hit{}, false
	}
	h.Score = r.fresh(d.At)
	if met > 0 {
		h.Score *= sum * float64(met) / float64(len(r.wished))
	}
	h.Title = marks(found, inTitle)
	h.Snippet = excerpt(d, parts, found)
	return h, true
}

// required says whether every result must meet the clause: something in quotation marks was asked for.
func (c Clause) required() bool {
	return !slices.ContainsFunc(c.Any, func(t Term) bool { return !t.Phrase })
}

// clause returns what the best of its terms is worth, and all places of all of them.
func (r *ranking) clause(c Clause, parts [sections][]Token) (best float64, m Match, all []place) {
	for _, t := range c.Any {
		at := places(t, parts)
		if len(at) == 0 {
			continue
		}
		counts, worth := [sections]int{}, 0.0
		for i := range at {
			counts[at[i].in]++
			at[i].rare = r.rarity(t)
		}
		for p := range sections {
			level := 1 - p.level() + p.level()*float64(len(parts[p]))/math.Max(r.mean[p], 1)
			worth += p.weight() * float64(counts[p]) / level
		}
		worth = r.rarity(t) * worth * (saturation + 1) / (worth + saturation)
		if t.Corrected {
			worth *= lessSure
		}
		if all = append(all, at...); worth > best {
			best, m = worth, Match{Word: t.Typed, Title: counts[inTitle], Body: counts[inBody], Answers: counts[inAnswers]}
		}
	}
	return best, m, all
}

// rarity of a term is that of its words together.
func (r *ranking) rarity(t Term) float64 {
	sum := 0.0
	for _, w := range t.Words {
		sum += r.rare[w]
	}
	return sum
}

func (r *ranking) fresh(at time.Time) float64 {
	age := max(0, r.now.Sub(at))
	return 1 + freshness*math.Exp2(-float64(age)/float64(halfLife))
}

// place is where a term stands in a document.
type place struct {
	in       section
	from, to int // tokens
	mark     Range
	rare     float64
	word     string
}

// places finds a term in all parts.
func places(t Term, parts [sections][]Token) []place {
	var all []place
	for p := range sections {
		tokens := parts[p]
		for i := 0; i+len(t.Words) <= len(tokens); i++ {
			n := len(t.Words)
			if n == 0 || !follows(tokens[i:i+n], t.Words) {
				continue
			}
			all = append(all, place{in: p, from: i, to: i + n, mark: Range{tokens[i].From, tokens[i+n-1].To}, word: t.Typed})
			i += n - 1
		}
	}
	return all
}

func follows(tokens []Token, words []string) bool {
	for i, w := range words {
		if tokens[i].Term != w {
			return false
		}
	}
	return true
}

// String says why the document was found: "refund in the title and 2 times in the text; without iban".
func (h Hit) String() string {
	var said []string
	for _, m := range h.Matches {
		var where []string
		for p, n := range [sections]int{m.Title, m.Body, m.Answers} {
			switch {
			case n == 1:
				where = append(where, "in "+section(p).String())
			case n > 1:
				where = append(where, fmt.Sprintf("%d times in %s", n, section(p)))
			}
		}
		said = append(said, m.Word+" "+strings.Join(where, " and "))
	}
	for _, w := range h.Missing {
		said = append(said, "without "+w)
	}
	return strings.Join(said, "; ")
}
