package search

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Share says how much of a request belongs to a demand, from 0 to 1.
type Share struct {
	Demand string
	Part   float64
}

// Example is a text (as Normal returns it) whose demands a person has confirmed.
type Example struct {
	ID     string
	Text   string
	Shares []Share
}

// The sizes of what is learnt.
const (
	features    = 1 << 17 // buckets that words, pairs of words and n-grams are hashed into
	fewExamples = 15      // below so many a demand (in the median) the nearest centroid guesses better than the linear model
	rounds      = 12      // how often the linear model sees each example
	firstStep   = 8.0     // its first step; the steps fall with the root of the round
	calledNew   = 0.10    // this share of known requests is called "maybe new" by mistake
)

// Model guesses demands from confirmed examples. It is learnt anew from all of them, always to the same numbers whatever their order. It does not
// change; several goroutines may use it. It takes at most 1 MB for each demand, and as much again once it is linear.
//
// With few examples a demand is the mean direction of its examples and the nearest by cosine wins (Rocchio; Manning et al., "Introduction to
// Information Retrieval", 14.2). With more, a linear softmax model (multinomial logistic regression) is fitted by stochastic gradient descent.
// Where the one overtakes the other was measured: docs/search.md.
type Model struct {
	demands   []string  // sorted
	examples  []int     // of each demand
	rare      []float32 // by feature
	held      int32     // features that some example has
	rows      []int32   // feature to its row in the two tables below, -1 for one that no example has
	centroid  []float32 // row by demand
	weight    []float32 // row by demand; nil when the centroids guess
	bias      []float32
	threshold float64
}

// vector is a text as features, with length one. It is sorted by feature.
type vector []component

type component struct {
	feature uint32
	value   float32
}

// Learn builds the model. Examples without a share above zero teach nothing.
func Learn(examples []Example) *Model {
	examples = slices.DeleteFunc(slices.Clone(examples), func(e Example) bool { return len(e.shares()) == 0 })
	slices.SortFunc(examples, func(a, b Example) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Text, b.Text))
	})
	m := &Model{rare: make([]float32, features), rows: make([]int32, features)}
	m.name(examples)
	raw := m.commonness(examples)
	vectors := make([]vector, len(examples))
	targets := make([][]float32, len(examples))
	for i, e := range examples {
		vectors[i] = m.weigh(raw[i])
		targets[i] = m.target(e)
	}
	m.centre(vectors, targets)
	if m.median() >= fewExamples {
		m.descend(vectors, targets)
	}
	return m
}

// shares are those of an example above zero.
func (e Example) shares() []Share {
	return slices.DeleteFunc(slices.Clone(e.Shares), func(s Share) bool { return !(s.Part > 0) || math.IsInf(s.Part, 0) })
}

func (m *Model) name(examples []Example) {
	for _, e := range examples {
		for _, s := range e.shares() {
			m.demands = append(m.demands, s.Demand)
		}
	}
	slices.Sort(m.demands)
	m.demands = slices.Compact(m.demands)
	m.examples = make([]int, len(m.demands))
}

// target is the shares of an example by demand, summing to one.
func (m *Model) target(e Example) []float32 {
	y := make([]float32, len(m.demands))
	sum := 0.0
	for _, s := range e.shares() {
		sum += s.Part
	}
	for _, s := range e.shares() {
		d, _ := slices.BinarySearch(m.demands, s.Demand)
		if y[d] == 0 {
			m.examples[d]++
		}
		y[d] += float32(s.Part / sum)
	}
	return y
}

func (m *Model) median() int {
	if len(m.examples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(m.examples))
	return sorted[len(sorted)/2]
}

// commonness counts the features of all examples and sets how rare each is and its row.
func (m *Model) commonness(examples []Example) []vector {
	holding := make([]int, features)
	raw := make([]vector, len(examples))
	for i, e := range examples {
		raw[i] = extract(e.Text)
		for _, c := range raw[i] {
			holding[c.feature]++
		}
	}
	unseen := float32(rarity(len(examples), 0))
	for f, n := range holding {
		m.rows[f], m.rare[f] = -1, unseen
		if n > 0 {
			m.rows[f], m.rare[f] = m.held, float32(rarity(len(examples), n))
			m.held++
		}
	}
	return raw
}

// extract counts the features of a text: terms, pairs of neighbouring terms, and character n-grams of three and four.
func extract(text string) vector {
	tokens := Tokens(clip(text))
	all := make([]uint32, 0, 8*len(tokens))
	before := ""
	for _, t := range tokens {
		all = append(all, feature("w", t.Term))
		if before != "" {
			all = append(all, feature("p", before, t.Term))
		}
		before = t.Term
	}
	eachGram(words(tokens), shortestGram, longestGram-1, func(g uint32) { all = append(all, g%features) })
	slices.Sort(all)
	var v vector
	for _, f := range all {
		if n := len(v); n > 0 && v[n-1].feature == f {
			v[n-1].value++
			continue
		}
		v = append(v, component{feature: f, value: 1})
	}
	return v
}

// feature hashes its parts into a bucket (FNV-1a).
func feature(parts ...string) uint32 {
	hash := uint32(2166136261)
	for _, p := range parts {
		for _, c := range []byte(p) {
			hash = (hash ^ uint32(c)) * 16777619
		}
		hash = (hash ^ 0xFF) * 16777619
	}
	return hash % features
}

// weigh turns counts into (1 + ln count) · rarity with length one.
func (m *Model) weigh(raw vector) vector {
	v := make(vector, 0, len(raw))
	sum := 0.0
	for _, c := range raw {
		w := float32(1+math.Log(float64(c.value))) * m.rare[c.feature]
		sum += float64(w) * float64(w)
		v = append(v, component{feature: c.feature, value: w})
	}
	if sum > 0 {
		norm := float32(1 / math.Sqrt(sum))
		for i := range v {
			v[i].value *= norm
		}
	}
	return v
}

func (m *Model) row(table []float32, f uint32) []float32 {
	r := int(m.rows[f])
	if r < 0 {
		return nil
	}
	return table[r*len(m.demands) : (r+1)*len(m.demands)]
}

// scores adds up the rows of a table for a text.
func (m *Model) scores(table []float32, v vector) []float32 {
	sum := make([]float32, len(m.demands))
	for _, c := range v {
		for d, w := range m.row(table, c.feature) {
			sum[d] += w * c.value
		}
	}
	return sum
}

func (m *Model) table() []float32 { return make([]float32, int(m.held)*len(m.demands)) }
