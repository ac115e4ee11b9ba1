package group

import (
	"math"
	"slices"
)

// meaning is word vectors learnt from the desk's own texts: words that stand beside the same words are near each other.
type meaning struct {
	words   vocabulary
	vectors dense
	weight  []float64 // of each word in a text: a/(a + its share of all words)
	common  []float64 // what all texts share, and is taken away
}

const (
	window     = 5    // words on each side that count as beside
	smoothing  = 0.75 // of how common a neighbour is, so that rare ones do not win
	sifWeight  = 1e-3 // a of Arora et al.
	mostTokens = 600_000
)

// learnMeaning factors the positive pointwise mutual information of words and their neighbours, max(0, log p(w,c)/(p(w)·p(c)^0.75)), and keeps
// U·√Σ. Sources: Levy, Goldberg and Dagan 2015, Transactions of the ACL 3; the weights and the common component: Arora, Liang and Ma 2017, "A
// simple but tough-to-beat baseline for sentence embeddings".
func learnMeaning(texts [][]string, words vocabulary, rank int, seed uint64) meaning {
	m := meaning{words: words, weight: make([]float64, len(words.idf))}
	pairs, counts, total := together(texts, words)
	if total == 0 || len(pairs) == 0 {
		return m
	}
	for i, n := range counts {
		m.weight[i] = sifWeight / (sifWeight + n/total)
	}
	basis, sigma := mutual(pairs, len(words.idf)).singular(rank, seed)
	for i := range basis.rows {
		row := basis.row(i)
		for j := range row {
			row[j] *= math.Sqrt(sigma[j])
		}
	}
	m.vectors = basis
	m.common = make([]float64, basis.cols)
	m.common = m.shared(texts)
	return m
}

// together counts which words stand within the window of each other; a pair's key is the lower word's number and the higher one's.
func together(texts [][]string, words vocabulary) (pairs []uint64, counts []float64, total float64) {
	counts = make([]float64, len(words.idf))
	for _, text := range texts {
		if total > mostTokens {
			break
		}
		var known []int32
		for _, w := range text {
			if at, ok := words.index[w]; ok {
				known = append(known, at)
				counts[at]++
				total++
			}
		}
		for i, a := range known {
			for _, b := range known[i+1 : min(len(known), i+1+window)] {
				pairs = append(pairs, uint64(min(a, b))<<32|uint64(max(a, b)))
			}
		}
	}
	slices.Sort(pairs)
	return pairs, counts, total
}

// mutual is the matrix of positive pointwise mutual information.
func mutual(pairs []uint64, words int) sparse {
	type cell struct {
		other int32
		n     float64
	}
	beside, sums := make([][]cell, words), make([]float64, words)
	for i := 0; i < len(pairs); {
		j := i
		for j < len(pairs) && pairs[j] == pairs[i] {
			j++
		}
		a, b, n := int32(pairs[i]>>32), int32(pairs[i]&math.MaxUint32), float64(j-i)
		beside[a] = append(beside[a], cell{b, n})
		sums[a] += n
		if a != b {
			beside[b] = append(beside[b], cell{a, n})
			sums[b] += n
		}
		i = j
	}
	var smooth, total float64
	for _, n := range sums {
		smooth += math.Pow(n, smoothing)
		total += n
	}
	s := sparse{rows: words, cols: words, start: []int{0}}
	for a, cells := range beside {
		for _, c := range cells {
			v := math.Log(c.n / total / (sums[a] / total * math.Pow(sums[c.other], smoothing) / smooth))
			if v > 0 {
				s.column, s.value = append(s.column, c.other), append(s.value, float32(v))
			}
		}
		s.start = append(s.start, len(s.column))
	}
	return s
}

// place writes the weighted mean of a text's word vectors, without what all texts share.
func (m meaning) place(text []string, to []float64) {
	clear(to)
	if m.vectors.rows == 0 {
		return
	}
	known := 0.0
	for _, w := range text {
		if at, ok := m.words.index[w]; ok {
			addScaled(to, m.weight[at], m.vectors.row(int(at)))
			known++
		}
	}
	if known > 0 {
		for i := range to {
			to[i] /= known
		}
		addScaled(to, -dot(to, m.common), m.common)
	}
}

// shared is the first principal direction of the texts.
func (m meaning) shared(texts [][]string) []float64 {
	all := newDense(len(texts), m.vectors.cols)
	for i, t := range texts {
		m.place(t, all.row(i))
	}
	_, vectors := all.principal()
	first := make([]float64, m.vectors.cols)
	for i := range first {
		first[i] = vectors.At(i, m.vectors.cols-1)
	}
	return first
}
