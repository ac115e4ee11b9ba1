package group

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// vocabulary numbers the features (words or runs of characters) that at least two texts of the sample share, the commonest first.
type vocabulary struct {
	index map[string]int32
	idf   []float64
}

// learnVocabulary counts in how many texts each feature is and keeps the most common.
func learnVocabulary(texts int, features func(i int) []string, most int) vocabulary {
	holders := map[string]int{}
	seen := map[string]bool{}
	for i := range texts {
		clear(seen)
		for _, f := range features(i) {
			if !seen[f] {
				seen[f] = true
				holders[f]++
			}
		}
	}
	var names []string
	for f, n := range holders {
		if n >= 2 {
			names = append(names, f)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(holders[b], holders[a]), cmp.Compare(a, b)) })
	names = names[:min(len(names), most)]
	v := vocabulary{make(map[string]int32, len(names)), make([]float64, len(names))}
	for i, f := range names {
		v.index[f] = int32(i)
		v.idf[i] = math.Log(float64(texts+1) / float64(holders[f]))
	}
	return v
}

// entry is one feature of one text.
type entry struct {
	column int32
	value  float64
}

// weigh is a text's known features with their TF-IDF weight (1 + log tf)·idf, in the order of the columns, together as long as 1.
func (v vocabulary) weigh(features []string) []entry {
	counts := map[int32]float64{}
	for _, f := range features {
		if at, known := v.index[f]; known {
			counts[at]++
		}
	}
	entries := make([]entry, 0, len(counts))
	for at, n := range counts {
		entries = append(entries, entry{at, (1 + math.Log(n)) * v.idf[at]})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.column, b.column) })
	var length float64
	for _, e := range entries {
		length += e.value * e.value
	}
	for i := range entries {
		entries[i].value /= math.Sqrt(length)
	}
	return entries
}

// matrix weighs so many texts.
func (v vocabulary) matrix(texts int, features func(i int) []string) sparse {
	s := sparse{rows: texts, cols: len(v.idf), start: []int{0}}
	for i := range texts {
		for _, e := range v.weigh(features(i)) {
			s.column, s.value = append(s.column, e.column), append(s.value, float32(e.value))
		}
		s.start = append(s.start, len(s.column))
	}
	return s
}

// The runs of characters that are compared.
const (
	shortestRun = 3
	longestRun  = 5
)

// runs is all runs of 3 to 5 characters of a text, word ends counted as characters. They see through typing errors and compounds.
func runs(words []string) []string {
	text := " " + strings.Join(words, " ") + " "
	var at []int
	for i := range text {
		at = append(at, i)
	}
	at = append(at, len(text))
	all := make([]string, 0, 3*len(at))
	for size := shortestRun; size <= longestRun; size++ {
		for i := 0; i+size < len(at); i++ {
			all = append(all, text[at[i]:at[i+size]])
		}
	}
	return all
}
