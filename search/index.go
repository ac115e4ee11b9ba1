package search

import (
	"cmp"
	"container/heap"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Entry is a text that others are compared with.
type Entry struct {
	ID   string
	Text string    // what Normal returns; only the first LongestText bytes count
	At   time.Time // when it came: a full index forgets the oldest
}

// LongestText is how much of a text is compared, in bytes: what somebody asks for stands at the beginning.
const LongestText = 4000

// Index holds texts in memory and finds those that are like another one. It is built one text after the other and holds the newest of them up to
// its limit: about 1 kB for a text of 200 characters, 8 MB for 100,000 of those beside it. What it answers depends on the texts it holds
// and never on the order in which they came. It may be used by several goroutines.
//
// It is also the measure for texts that it does not hold: how common words are is counted on the texts that it does, and Among ranks candidates
// that a store has retrieved by exactly the same score as Nearest.
type Index struct {
	mu       sync.RWMutex
	limit    int
	slots    []slot
	holes    int
	at       map[string]int32     // ID to slot
	postings map[string][]posting // by term, ascending by slot
	surfaces map[string]int       // folded words to how many texts hold them
	grams    []int32              // how many texts hold an n-gram of this bucket
	words    int64                // in all texts
	length   int64                // in n-grams, of all texts
	age      ages
}

// slot is one text in its compared form. Without a text, which has a space at least, it is a hole that a removed one left.
type slot struct {
	id    string
	text  string // folded words with spaces around them
	at    int64
	words int32
	grams int32
}

type posting struct {
	slot  int32
	count int32
}

// gramBuckets is into how many buckets n-grams are hashed for counting how common they are: 8 MB. Two that share a bucket count as one (Weinberger
// et al., "Feature hashing for large scale multitask learning", ICML 2009); the memory stays the same whatever people write.
const gramBuckets = 1 << 21

// NewIndex returns an empty index that holds at most limit texts.
func NewIndex(limit int) *Index {
	x := &Index{limit: max(limit, 1)}
	x.clear()
	return x
}

func (x *Index) clear() {
	x.slots, x.holes, x.words, x.length, x.age = nil, 0, 0, 0, nil
	x.at = make(map[string]int32)
	x.postings = make(map[string][]posting)
	x.surfaces = make(map[string]int)
	if x.grams == nil {
		x.grams = make([]int32, gramBuckets)
	}
	clear(x.grams)
}

// Add puts a text in; one with the same ID is replaced. When the index is full, the oldest text goes, which may be this one.
func (x *Index) Add(e Entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(e.ID)
	x.put(slot{id: e.ID, at: e.At.UnixMicro(), text: strings.Clone(words(Tokens(clip(e.Text))))})
	for len(x.at) > x.limit {
		x.remove(x.oldest())
	}
	x.compact()
}

// Remove takes a text out, if it is there.
func (x *Index) Remove(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(id)
	x.compact()
}

// Documents is how many texts the index holds.
func (x *Index) Documents() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.at)
}

// Holding is in how many texts a term stands.
func (x *Index) Holding(term string) int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.postings[term])
}

// Words are the folded words with how many texts hold them, in the order of the alphabet: what a Vocabulary is made of.
func (x *Index) Words() iter.Seq2[string, int] {
	x.mu.RLock()
	held := maps.Clone(x.surfaces)
	x.mu.RUnlock()
	return func(yield func(string, int) bool) {
		for _, w := range slices.Sorted(maps.Keys(held)) {
			if !yield(w, held[w]) {
				return
			}
		}
	}
}

// clip is the part of a text that is compared.
func clip(s string) string { return head(s, LongestText) }

// head is the beginning of s, at most so many bytes, cut between characters.
func head(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

func (x *Index) put(s slot) {
	at := int32(len(x.slots))
	counts, surfaces := count(s.text)
	for term, n := range counts {
		list, known := x.postings[term]
		if !known {
			term = strings.Clone(term) // not a piece of a text that may be removed
		}
		x.postings[term] = append(list, posting{slot: at, count: int32(n)})
		s.words += int32(n)
	}
	for w := range surfaces {
		if x.surfaces[w] == 0 {
			w = strings.Clone(w)
		}
		x.surfaces[w]++
	}
	set, length := gramSet(s.text)
	for _, g := range set {
		x.grams[g%gramBuckets]++
	}
	s.grams = int32(length)
	x.words, x.length = x.words+int64(s.words), x.length+int64(s.grams)
	x.slots, x.at[s.id] = append(x.slots, s), at
	heap.Push(&x.age, birth{at: s.at, id: s.id, slot: at})
}

func (x *Index) remove(id string) {
	at, ok := x.at[id]
	if !ok {
		return
	}
	s := x.slots[at]
	counts, surfaces := count(s.text)
	for term := range counts {
		list := x.postings[term]
		i, _ := slices.BinarySearchFunc(list, at, func(p posting, at int32) int { return cmp.Compare(p.slot, at) })
		if list = slices.Delete(list, i, i+1); len(list) == 0 {
			delete(x.postings, term)
		} else {
			x.postings[term] = list
		}
	}
	for w := range surfaces {
		if x.surfaces[w]--; x.surfaces[w] == 0 {
			delete(x.surfaces, w)
		}
	}
	set, _ := gramSet(s.text)
	for _, g := range set {
		x.grams[g%gramBuckets]--
	}
	x.words, x.length = x.words-int64(s.words), x.length-int64(s.grams)
	x.slots[at], x.holes = slot{}, x.holes+1
	delete(x.at, id)
}

// compact builds the index anew without its holes when they are many.
func (x *Index) compact() {
	if x.holes < 1024 || x.holes < len(x.slots)/2 {
		return
	}
	old := x.slots
	x.clear()
	for _, s := range old {
		if s.text != "" {
			s.words, s.grams = 0, 0
			x.put(s)
		}
	}
}

// oldest is the ID of the oldest text. Ages of texts that were removed are dropped on the way.
func (x *Index) oldest() string {
	for {
		b := heap.Pop(&x.age).(birth)
		if at, ok := x.at[b.id]; ok && at == b.slot {
			return b.id
		}
	}
}

// count returns how often each term stands in a text in its compared form, and its words.
func count(text string) (terms map[string]int, surfaces map[string]bool) {
	fields := strings.Fields(text)
	terms, surfaces = make(map[string]int, len(fields)), make(map[string]bool, len(fields))
	for _, w := range fields {
		terms[Stem(w)]++
		surfaces[w] = true
	}
	return terms, surfaces
}

// gramSet returns the different n-grams of a text, sorted, and how many it has with repetitions.
func gramSet(text string) (set []uint32, length int) {
	set = make([]uint32, 0, 3*len(text))
	eachGram(text, shortestGram, longestGram, func(g uint32) { set = append(set, g) })
	length = len(set)
	slices.Sort(set)
	return slices.Compact(set), length
}

// rarity is the inverse document frequency of Robertson and Zaragoza, "The probabilistic relevance framework: BM25 and beyond" (2009), in the
// form that is never negative: ln(1 + (N - n + 0.5)/(n + 0.5)).
func rarity(documents, holding int) float64 {
	return math.Log(1 + (float64(documents-holding)+0.5)/(float64(holding)+0.5))
}

// birth and ages are the heap of texts by age.
type birth struct {
	at   int64
	id   string
	slot int32
}

type ages []birth

func (a ages) Len() int { return len(a) }
func (a ages) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].at, a[j].at), strings.Compare(a[i].id, a[j].id)) < 0
}
func (a ages) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *ages) Push(v any)   { *a = append(*a, v.(birth)) }
func (a *ages) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
