package group

import (
	"math"
	"math/rand/v2"
	"slices"
)

// The bounds of k-means.
const (
	seeds      = 3      // independent starts of the random numbers
	inits      = 3      // beginnings for each; of all, the one with the lowest inertia is kept
	manyRows   = 4096   // above so many one beginning for each is enough: the more rows, the less beginnings differ
	mostRounds = 40     // of Lloyd's steps
	fitRows    = 16_384 // rows that centres are fitted on, evenly spaced; the rest joins them afterwards
	block      = 512    // rows compared with all centres at once
)

// kMeans puts each row to one of k centres, and says the inertia (the sum of squared distances). Centres begin as in k-means++ with several
// candidates each, and move by Lloyd's steps until nothing changes. Sources: Lloyd 1982, IEEE Trans. Inf. Theory 28; Arthur and Vassilvitskii
// 2007, "k-means++" (with greedy candidates, as their section 5 says).
func kMeans(x dense, k int, seed uint64) (assigned []int32, centres dense, inertia float64) {
	fit := x
	if x.rows > fitRows {
		fit = newDense(fitRows, x.cols)
		for i := range fitRows {
			copy(fit.row(i), x.row(i*x.rows/fitRows))
		}
	}
	k = min(k, fit.rows)
	inertia = math.Inf(1)
	begin := inits
	if fit.rows > manyRows {
		begin = 1
	}
	for s := range seeds {
		r := random(seed + uint64(s))
		for range begin {
			c := newClusters(fit, spread(fit, k, r))
			c.settle(mostRounds)
			if c.inertia < inertia {
				inertia, centres = c.inertia, c.centres
			}
		}
	}
	all := newClusters(x, centres)
	all.settle(3)
	return all.assigned, all.centres, all.inertia
}

// spread chooses k rows as centres: each new one far from those before, the best of a few drawn with chances by squared distance.
func spread(x dense, k int, r *rand.Rand) dense {
	centres := newDense(k, x.cols)
	nearest, lengths := make([]float64, x.rows), make([]float64, x.rows)
	for i := range nearest {
		nearest[i], lengths[i] = math.Inf(1), dot(x.row(i), x.row(i))
	}
	tries := 2 + int(math.Log(float64(k)))
	candidates := newDense(tries, x.cols)
	distances := newDense(x.rows, tries)
	for at := range k {
		rows := make([]int, tries)
		for t := range rows {
			rows[t] = drawRow(nearest, r)
			copy(candidates.row(t), x.row(rows[t]))
		}
		x.times(candidates, true, distances)
		best, lowest := 0, math.Inf(1)
		for t := range tries {
			sum := 0.0
			for i := range x.rows {
				d := max(0, lengths[i]+lengths[rows[t]]-2*distances.data[i*tries+t])
				distances.data[i*tries+t] = d
				sum += min(d, nearest[i])
			}
			if sum < lowest {
				best, lowest = t, sum
			}
		}
		for i := range nearest {
			nearest[i] = min(nearest[i], distances.data[i*tries+best])
		}
		copy(centres.row(at), candidates.row(best))
	}
	return centres
}

// drawRow draws a row with chances by weight; evenly while nothing is known.
func drawRow(weights []float64, r *rand.Rand) int {
	if math.IsInf(weights[0], 1) {
		return r.IntN(len(weights))
	}
	var sum float64
	for _, w := range weights {
		sum += w
	}
	at := r.Float64() * sum
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// clusters is one state of Lloyd's algorithm.
type clusters struct {
	x        dense
	lengths  []float64 // squared, of the rows
	centres  dense
	assigned []int32
	inertia  float64
}

func newClusters(x, centres dense) *clusters {
	c := &clusters{x: x, centres: dense{centres.rows, centres.cols, slices.Clone(centres.data)}, assigned: make([]int32, x.rows), lengths: make([]float64, x.rows)}
	for i := range c.assigned {
		c.assigned[i], c.lengths[i] = -1, dot(x.row(i), x.row(i))
	}
	return c
}

// settle assigns and moves until nothing changes, or for so many rounds, and leaves the assignment to the last centres.
func (c *clusters) settle(rounds int) {
	for range rounds {
		if !c.assign() {
			return
		}
		c.move()
	}
	c.assign()
}

// assign puts each row to its nearest centre and says whether any went elsewhere.
func (c *clusters) assign() bool {
	k := c.centres.rows
	own := make([]float64, k)
	for j := range own {
		own[j] = dot(c.centres.row(j), c.centres.row(j))
	}
	products := newDense(block, k)
	changed := false
	c.inertia = 0
	for from := 0; from < c.x.rows; from += block {
		to := min(from+block, c.x.rows)
		c.x.part(from, to).times(c.centres, true, products.part(0, to-from))
		for i := from; i < to; i++ {
			best, lowest := 0, math.Inf(1)
			for j, p := range products.row(i - from) {
				if d := own[j] - 2*p; d < lowest {
					best, lowest = j, d
				}
			}
			changed = changed || c.assigned[i] != int32(best)
			c.assigned[i] = int32(best)
			c.inertia += max(0, c.lengths[i]+lowest)
		}
	}
	return changed
}

// move puts each centre to the mean of its rows. A centre that has lost all its rows stays where it is.
func (c *clusters) move() {
	sums, counts := newDense(c.centres.rows, c.centres.cols), make([]float64, c.centres.rows)
	for i, j := range c.assigned {
		addScaled(sums.row(int(j)), 1, c.x.row(i))
		counts[j]++
	}
	for j, n := range counts {
		if n == 0 {
			continue
		}
		clear(c.centres.row(j))
		addScaled(c.centres.row(j), 1/n, sums.row(j))
	}
}
