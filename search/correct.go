package search

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Vocabulary is the words that texts hold, against which typos are corrected. It does not change.
type Vocabulary struct {
	words   []entry
	stems   map[string]int // in how many texts some form of the word stands
	bigrams map[[2]rune][]int32
}

type entry struct {
	word      string
	runes     []rune
	documents int
}

// The limits of correction.
const (
	shortestTypo = 4   // characters: shorter words are too near to each other
	twoTypos     = 8   // characters from which two slips are forgiven
	muchCommoner = 100 // a word that is written is still corrected to one that is so many times as common
	lessSure     = 0.7 // what a corrected word counts
)

// NewVocabulary gathers words with the number of texts that hold them, such as Index.Words.
func NewVocabulary(words iter.Seq2[string, int]) *Vocabulary {
	v := &Vocabulary{stems: make(map[string]int), bigrams: make(map[[2]rune][]int32)}
	for w, n := range words {
		w = Fold(w)
		v.stems[Stem(w)] += n
		if correctable(w) {
			v.words = append(v.words, entry{word: w, runes: []rune(w), documents: n})
		}
	}
	slices.SortFunc(v.words, func(a, b entry) int { return strings.Compare(a.word, b.word) })
	for i, w := range v.words {
		for b := range bigrams(w.runes) {
			v.bigrams[b] = append(v.bigrams[b], int32(i))
		}
	}
	return v
}

// correctable says whether a word is long enough, and one of letters: a number with a digit swapped is another number.
func correctable(w string) bool {
	return utf8.RuneCountInString(w) >= shortestTypo && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
}

// bigrams are the different pairs of characters of a word, with its ends marked.
func bigrams(w []rune) map[[2]rune]bool {
	set := make(map[[2]rune]bool, len(w)+1)
	before := ' '
	for _, r := range w {
		set[[2]rune{before, r}] = true
		before = r
	}
	set[[2]rune{before, ' '}] = true
	return set
}

// Nearest returns the word that was probably meant, and whether there is one: at most one slip away (two from eight characters on), a slip being a
// letter too many, too few, wrong, or two swapped. The fewest slips win, then the commoner word, then the alphabet. A word that is
// written itself is only corrected to one a hundred times as common.
func (v *Vocabulary) Nearest(word string) (string, bool) {
	word = Fold(word)
	if !correctable(word) {
		return "", false
	}
	runes := []rune(word)
	most, known := 1, v.stems[Stem(word)]
	if len(runes) >= twoTypos && known == 0 {
		most = 2
	}
	best, slips := entry{}, most+1
	for _, i := range v.sharing(runes, most) {
		w := v.words[i]
		n := distance(runes, w.runes, most)
		if n == 0 || n > most || known > 0 && w.documents < muchCommoner*known || Stem(w.word) == Stem(word) {
			continue
		}
		if n < slips || n == slips && w.documents > best.documents {
			best, slips = w, n
		}
	}
	return best.word, slips <= most
}

// sharing are the words that share enough pairs of characters to be within most slips, in alphabetical order. A slip spoils at most three pairs
// (Ukkonen, "Approximate string-matching with q-grams and maximal matches", 1992).
func (v *Vocabulary) sharing(word []rune, most int) []int32 {
	own := bigrams(word)
	shared := make([]uint16, len(v.words))
	for b := range own {
		for _, i := range v.bigrams[b] {
			shared[i]++
		}
	}
	var found []int32
	for i, n := range shared {
		if n == 0 || int(n) < len(own)-3*most {
			continue
		}
		if difference := len(v.words[i].runes) - len(word); max(difference, -difference) <= most {
			found = append(found, int32(i))
		}
	}
	return found
}

// distance is the number of slips between two words (Damerau 1964, in the variant in which no two slips overlap: optimal string alignment), or
// limit+1 when it is more than limit.
func distance(a, b []rune, limit int) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit+1)
}

// Correction is a word that was looked for in place of, or beside, one that was typed.
type Correction struct {
	Typed, Instead string
	Known          bool // the word as typed is written somewhere, but the other is far commoner
}

// String says what was done.
func (c Correction) String() string {
	if c.Known {
		return fmt.Sprintf("Showing results for “%s” and “%s”.", c.Typed, c.Instead)
	}
	return fmt.Sprintf("Showing results for “%s”; nobody has written “%s”.", c.Instead, c.Typed)
}

// Forgive looks for the words that were probably meant beside those that were typed. Refused words and fields stay as they are; so do phrases in
// quotation marks, for who types those means them.
func (q Query) Forgive(v *Vocabulary) (Query, []Correction) {
	var made []Correction
	clauses := slices.Clone(q.Clauses)
	for i, c := range clauses {
		if c.Not {
			continue
		}
		for _, t := range c.Any {
			if t.Field != "" || len(t.Words) != 1 || t.Phrase || t.Corrected {
				continue
			}
			word, ok := v.Nearest(t.Typed)
			if !ok || slices.ContainsFunc(clauses[i].Any, func(t Term) bool { return t.Corrected && t.Typed == word }) {
				continue
			}
			clauses[i].Any = append(slices.Clone(clauses[i].Any), Term{Words: []string{Stem(word)}, Typed: word, Corrected: true})
			made = append(made, Correction{Typed: t.Typed, Instead: word, Known: v.stems[t.Words[0]] > 0})
		}
	}
	q.Clauses = clauses
	slices.SortStableFunc(made, func(a, b Correction) int { return cmp.Compare(a.Typed, b.Typed) })
	return q, slices.Compact(made)
}
