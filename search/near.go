package search

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Neighbour is a text that is like the one asked about.
type Neighbour struct {
	ID       string
	Likeness float64  // from 0 to 1, which is the same words in the same order
	Because  []string // the words that both hold and that tell most, as the text asked about writes them
}

// The parameters of BM25, as usual since TREC-3.
const (
	saturation = 1.2  // k1: how soon more of the same word stops counting
	levelling  = 0.75 // b: how far a long text is held against it
)

const (
	retrieved = 200 // how many texts with the rarest common words are compared closely
	reasons   = 4   // how many words Because names at most
)

// question is a text that neighbours are looked for: its terms and n-grams with what each weighs.
type question struct {
	terms     []string // sorted, so that sums are always made in the same order
	index     map[string]int
	times     []float64
	rare      []float64
	surface   []string
	gram      map[uint32]int
	mask      [256]uint64 // a bit for each n-gram: most of a text's are not asked for, and need no look into the map
	gramRare  []float64
	words     float64 // mean length of a text in words
	length    float64 // and in n-grams
	wordsSelf float64 // what the text scores against itself
	gramsSelf float64
}

// Nearest returns the n texts in the index that are most like a text (as Normal returns it), the likest first.
//
// The score is half BM25 over words and half BM25 over the set of character n-grams, each as a share of what the text scores against
// itself. Words find what it is about; n-grams forgive typos, endings and compounds and weigh word order.
func (x *Index) Nearest(text string, n int) []Neighbour {
	x.mu.RLock()
	defer x.mu.RUnlock()
	q := x.ask(text)
	found := x.retrieve(q, max(retrieved, n))
	all := make([]Neighbour, 0, len(found))
	compared := newCompared(q)
	for _, at := range found {
		all = append(all, x.compare(q, compared, x.slots[at]))
	}
	return likest(all, n)
}

// Among ranks entries that somebody else has retrieved, such as a store with a million texts that asked for Telling words. The score is that of
// Nearest; how common words are is taken from the texts in the index. Entries without anything in common are left out.
func (x *Index) Among(text string, entries []Entry, n int) []Neighbour {
	x.mu.RLock()
	defer x.mu.RUnlock()
	q := x.ask(text)
	all := make([]Neighbour, 0, len(entries))
	compared := newCompared(q)
	for _, e := range entries {
		s := slot{id: e.ID, text: words(Tokens(clip(e.Text)))}
		all = append(all, x.compare(q, compared, s))
	}
	return likest(all, n)
}

// Telling are the n terms of a text that tell most about it, the most telling first: what a store looks for to retrieve candidates. A term
// that the index has never seen is a typo or new and comes last.
func (x *Index) Telling(text string, n int) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	q := x.ask(text)
	order := make([]int, len(q.terms))
	for i := range order {
		order[i] = i
	}
	known := func(i int) int { return min(1, len(x.postings[q.terms[i]])) }
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(known(b), known(a)), cmp.Compare(q.rare[b], q.rare[a]), strings.Compare(q.terms[a], q.terms[b]))
	})
	terms := make([]string, 0, min(n, len(order)))
	for _, i := range order[:min(n, len(order))] {
		terms = append(terms, q.terms[i])
	}
	return terms
}

// Rarity is how much a term tells: ln(1 + (N - n + 0.5)/(n + 0.5)) of n of N texts that hold it.
func (x *Index) Rarity(term string) float64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return rarity(len(x.at), len(x.postings[term]))
}

func (x *Index) ask(text string) *question {
	text = clip(text)
	tokens := Tokens(text)
	q := &question{index: make(map[string]int), gram: make(map[uint32]int)}
	surface, times, usual := make(map[string]string), make(map[string]int), make(map[string]bool)
	for _, t := range tokens {
		if _, ok := surface[t.Term]; !ok {
			surface[t.Term], usual[t.Term] = text[t.From:t.To], Usual(t.Word)
			q.terms = append(q.terms, t.Term)
		}
		times[t.Term]++
	}
	slices.Sort(q.terms)
	documents := len(x.at)
	q.words = float64(x.words) / float64(max(documents, 1))
	q.length = float64(x.length) / float64(max(documents, 1))
	for i, t := range q.terms {
		q.index[t] = i
		q.surface = append(q.surface, surface[t])
		q.times = append(q.times, float64(times[t]))
		q.rare = append(q.rare, usually(documents, len(x.postings[t]), usual[t]))
	}
	length := x.askGrams(q, words(tokens))
	q.wordsSelf, q.gramsSelf = q.self(float64(len(tokens)), length)
	return q
}

func (x *Index) askGrams(q *question, text string) (length float64) {
	eachGram(text, shortestGram, longestGram, func(g uint32) {
		length++
		if _, ok := q.gram[g]; !ok {
			q.gram[g] = len(q.gramRare)
			q.mask[g/64%256] |= 1 << (g % 64)
			q.gramRare = append(q.gramRare, rarity(len(x.at), int(x.grams[g%gramBuckets])))
		}
	})
	return length
}

// self is what the question scores against itself, for its words and for its n-grams.
func (q *question) self(wordCount, gramCount float64) (words, grams float64) {
	for i, n := range q.times {
		words += q.rare[i] * tf(n, wordCount, q.words)
	}
	for _, r := range q.gramRare {
		grams += r
	}
	return words, grams * tf(1, gramCount, q.length)
}

// tf is how much n occurrences count in a text of some length.
func tf(n, length, mean float64) float64 {
	if mean == 0 {
		mean = 1
	}
	return n * (saturation + 1) / (n + saturation*(1-levelling+levelling*length/mean))
}

// retrieve returns the slots of the most promising texts, by BM25 over words alone.
func (x *Index) retrieve(q *question, most int) []int32 {
	score := make([]float32, len(x.slots))
	var touched []int32
	for i, t := range q.terms {
		for _, p := range x.postings[t] {
			if score[p.slot] == 0 {
				touched = append(touched, p.slot)
			}
			score[p.slot] += float32(q.rare[i] * tf(float64(p.count), float64(x.slots[p.slot].words), q.words))
		}
	}
	order := func(a, b int32) int {
		return cmp.Or(cmp.Compare(score[b], score[a]), strings.Compare(x.slots[a].id, x.slots[b].id))
	}
	return top(touched, most, order)
}

// compared is the memory in which one text after the other is compared with a question.
type compared struct {
	times []float64
	seen  []int32
	round int32
}

func newCompared(q *question) *compared {
	return &compared{times: make([]float64, len(q.terms)), seen: make([]int32, len(q.gramRare))}
}

// compare scores one text closely.
func (x *Index) compare(q *question, c *compared, s slot) Neighbour {
	c.round++
	clear(c.times)
	length := 0.0
	for w := range strings.FieldsSeq(s.text) {
		length++
		if i, ok := q.index[Stem(w)]; ok {
			c.times[i]++
		}
	}
	worth := make([]float64, len(q.terms))
	sum := 0.0
	for i, n := range c.times {
		if n > 0 {
			worth[i] = q.rare[i] * tf(n, length, q.words)
			sum += worth[i]
		}
	}
	grams, size := 0.0, 0.0
	eachGram(s.text, shortestGram, longestGram, func(g uint32) {
		size++
		if q.mask[g/64%256]&(1<<(g%64)) == 0 {
			return
		}
		if i, ok := q.gram[g]; ok && c.seen[i] != c.round {
			c.seen[i] = c.round
			grams += q.gramRare[i]
		}
	})
	grams *= tf(1, size, q.length)
	return Neighbour{ID: s.id, Likeness: (share(sum, q.wordsSelf) + share(grams, q.gramsSelf)) / 2, Because: q.because(worth)}
}

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// because names the words that carry the likeness: at most four, those that tell less than a quarter of the best one left out, and those that more
// than half of all texts hold.
func (q *question) because(worth []float64) []string {
	best := 0.0
	var order []int
	for i, w := range worth {
		if w > 0 {
			order, best = append(order, i), math.Max(best, w)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(worth[b], worth[a]), strings.Compare(q.terms[a], q.terms[b]))
	})
	var names []string
	for _, i := range order[:min(reasons, len(order))] {
		if worth[i] >= best/4 && q.rare[i] >= math.Ln2 {
			names = append(names, q.surface[i])
		}
	}
	return names
}

// likest sorts and cuts. A likeness over 1 (a shorter text that holds the same rare words) is 1 to the reader.
func likest(all []Neighbour, n int) []Neighbour {
	all = slices.DeleteFunc(all, func(x Neighbour) bool { return x.Likeness <= 0 })
	all = top(all, n, func(a, b Neighbour) int {
		return cmp.Or(cmp.Compare(b.Likeness, a.Likeness), strings.Compare(a.ID, b.ID))
	})
	for i := range all {
		all[i].Likeness = math.Min(1, all[i].Likeness)
	}
	return all
}

// top returns the first n of all in their order, sorted. It sorts no more than twice n at a time, for all may be every text there is.
func top[T any](all []T, n int, order func(a, b T) int) []T {
	if n <= 0 || len(all) == 0 {
		return nil
	}
	best := make([]T, 0, min(2*n, len(all)))
	full := false
	for _, v := range all {
		if full && order(v, best[n-1]) >= 0 {
			continue
		}
		if best = append(best, v); len(best) == 2*n {
			slices.SortFunc(best, order)
			best, full = best[:n], true
		}
	}
	slices.SortFunc(best, order)
	return best[:min(n, len(best))]
}
