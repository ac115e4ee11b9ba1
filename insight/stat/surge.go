package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"frontline/fault"
)

// Surge says whether a demand comes more often than it used to.
type Surge struct {
	Count    int     // in the recent weeks together
	Expected float64 // in as many weeks, from the weeks before
	Size     float64 // of the negative binomial distribution; +Inf where weeks vary no more than Poisson
	Limit    int     // the smallest count that chance reaches in at most 1 of 100 such windows
	P        float64 // chance of Count or more if nothing has changed
}

// rarely is the chance at which Limit is drawn.
const rarely = 0.01

// Rare looks at counts too small for a control chart (below five a week): the recent weeks together against the negative binomial
// distribution with the mean and variance of the weeks before,
//
//	μ = r·x̄,  v = r·s²·(1 + r/b),  P(K ≥ k) = I_{μ/(μ+size)}(k, size),  size = μ²/(v − μ)
//
// for r recent and b earlier weeks. The factor 1 + r/b is the uncertainty of x̄ itself; s² is at least x̄ (Poisson). Where nothing ever
// came, half a request is assumed. Source: predictive limits as in Hahn and Meeker 1991, Statistical Intervals; moments as in Anscombe 1950,
// Biometrika 37. Errors: negative counts; fewer than 8 earlier weeks; no recent one.
func Rare(before, recent []int) (Surge, error) {
	if len(before) < 8 || len(recent) == 0 {
		return Surge{}, fault.Wrong("before", "A surge is judged against at least 8 earlier weeks; choose a longer time.")
	}
	var s Surge
	total := 0
	for _, k := range slices.Concat(before, recent) {
		if k < 0 {
			return s, fault.Wrong("before", "A count is never negative; leave out what is not known.")
		}
		total += k
	}
	for _, k := range recent {
		s.Count += k
	}
	b, r := float64(len(before)), float64(len(recent))
	rate := max(float64(total-s.Count), 0.5) / b
	var spread float64
	for _, k := range before {
		spread += (float64(k) - rate) * (float64(k) - rate)
	}
	s.Expected = r * rate
	variance := r * max(rate, spread/(b-1)) * (1 + r/b)
	s.Size = s.Expected * s.Expected / (variance - s.Expected)
	s.P = s.orMore(s.Count)
	for s.Limit = int(s.Expected); s.orMore(s.Limit) > rarely; {
		s.Limit++
	}
	return s, nil
}

// orMore is P(K ≥ k).
func (s Surge) orMore(k int) float64 {
	if k <= 0 {
		return 1
	}
	if math.IsInf(s.Size, 1) {
		return mathext.GammaIncReg(float64(k), s.Expected)
	}
	return mathext.RegIncBeta(float64(k), s.Size, s.Expected/(s.Expected+s.Size))
}

// Discoveries says which of many tests to believe so that, on average, at most the share rate of those believed is chance: the p-values up
// to the largest p_(i) ≤ rate·i/m. Source: Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57. Errors: a p-value or rate outside 0 to 1.
func Discoveries(ps []float64, rate float64) ([]bool, error) {
	if !(rate > 0 && rate < 1) {
		return nil, fault.Wrong("rate", "The rate of false discoveries is between 0 and 1; 0.1 is usual.")
	}
	order := make([]int, len(ps))
	for i, p := range ps {
		if !(p >= 0 && p <= 1) {
			return nil, fault.Wrong("p", "A p-value is between 0 and 1; leave out what was not tested.")
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	last := -1
	for i, at := range order {
		if ps[at] <= rate*float64(i+1)/float64(len(ps)) {
			last = i
		}
	}
	found := make([]bool, len(ps))
	for _, at := range order[:last+1] {
		found[at] = true
	}
	return found, nil
}
