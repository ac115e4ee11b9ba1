package search

import (
	"math"
	"slices"
)

// centre makes the centroids, and from them the likeness below which a request is called new.
func (m *Model) centre(vectors []vector, targets [][]float32) {
	m.centroid = m.table()
	for i, v := range vectors {
		for _, c := range v {
			row := m.row(m.centroid, c.feature)
			for d, y := range targets[i] {
				row[d] += y * c.value
			}
		}
	}
	square := make([]float64, len(m.demands))
	for at, w := range m.centroid {
		square[at%len(m.demands)] += float64(w) * float64(w)
	}
	m.threshold = m.ordinary(vectors, targets, square)
	for at := range m.centroid {
		if s := square[at%len(m.demands)]; s > 0 {
			m.centroid[at] /= float32(math.Sqrt(s))
		}
	}
}

// ordinary is the likeness to the nearest demand that nine of ten known requests reach. Each is compared with its demands as if it had not been
// an example: the cosine of x with S - yx, where S is the demand's sum, is (x·S - y) / √(S·S - 2y x·S + y²).
func (m *Model) ordinary(vectors []vector, targets [][]float32, square []float64) float64 {
	var likeness []float64
	for i, v := range vectors {
		best := 0.0
		for d, dot := range m.scores(m.centroid, v) {
			y := float64(targets[i][d])
			left := square[d] - 2*y*float64(dot) + y*y
			if left > 1e-6 {
				best = math.Max(best, (float64(dot)-y)/math.Sqrt(left))
			}
		}
		likeness = append(likeness, best)
	}
	if len(likeness) == 0 {
		return 0
	}
	slices.Sort(likeness)
	return likeness[int(calledNew*float64(len(likeness)))]
}

// descend fits the linear model: each round sees all examples in a fixed shuffled order and steps against the gradient of the cross entropy.
// There is no other regularisation than stopping after the rounds.
func (m *Model) descend(vectors []vector, targets [][]float32) {
	m.weight, m.bias = m.table(), make([]float32, len(m.demands))
	order := shuffled(len(vectors))
	for round := range rounds {
		step := float32(firstStep / math.Sqrt(float64(round+1)))
		for _, i := range order {
			m.step(vectors[i], targets[i], step)
		}
	}
}

func (m *Model) step(v vector, target []float32, step float32) {
	off := m.softmax(v)
	var wrong []int
	for d, y := range target {
		off[d] -= y
		if off[d] > 1e-3 || off[d] < -1e-3 {
			wrong = append(wrong, d)
		}
	}
	for _, c := range v {
		row := m.row(m.weight, c.feature)
		for _, d := range wrong {
			row[d] -= step * off[d] * c.value
		}
	}
	for _, d := range wrong {
		m.bias[d] -= step * off[d] / 100
	}
}

// softmax is how likely the linear model thinks each demand.
func (m *Model) softmax(v vector) []float32 {
	p := m.scores(m.weight, v)
	for d := range p {
		p[d] += m.bias[d]
	}
	return normalise(p, 1)
}

// normalise turns scores into shares that sum to one, the sharper the larger.
func normalise(p []float32, sharp float64) []float32 {
	if len(p) == 0 {
		return p
	}
	best, sum := slices.Max(p), 0.0
	for d := range p {
		e := math.Exp(sharp * float64(p[d]-best))
		p[d], sum = float32(e), sum+e
	}
	for d := range p {
		p[d] /= float32(sum)
	}
	return p
}

// shuffled is the numbers below n in an order that looks random and is always the same: xorshift32 (Marsaglia 2003) and Fisher–Yates.
func shuffled(n int) []int {
	order := make([]int, n)
	state := uint32(2463534242)
	for i := range order {
		order[i] = i
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		j := int(state % uint32(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}
