package stat

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"frontline/fault"
)

// QuantileOf is the quantile of finished values, with an interval that assumes nothing about how they are distributed: two order
// statistics chosen by the binomial distribution of how many lie below the truth, and interpolated between neighbours so that the
// promise is met and not exceeded. The value is interpolated between order statistics (type 7 of Hyndman and Fan). Where there are too few
// values for a side of the interval, there is none. Source: Hettmansperger and Sheather 1986, Statistics & Probability Letters 4; Nyblom 1992,
// same 14. Errors: a value that is no number; share not between 0 and 1.
func QuantileOf(values []float64, share, level float64) (Estimate, error) {
	if err := checkLevel(level); err != nil {
		return Estimate{}, err
	}
	if !(share > 0 && share < 1) {
		return Estimate{}, fault.Wrong("share", "A quantile is of a share between 0 and 1, such as 0.5 for the median.")
	}
	for _, v := range values {
		if err := checkFinite("values", v, true); err != nil {
			return Estimate{}, err
		}
	}
	n := len(values)
	if n == 0 {
		return without(math.NaN(), 0, "nothing was counted"), nil
	}
	sorted := slices.Sorted(slices.Values(values))
	e := Estimate{Value: quantile(sorted, share), N: n}
	low, ok := lowerLimit(sorted, share, 1-(1-level)/2)
	mirror := make([]float64, n)
	for i, v := range sorted {
		mirror[n-1-i] = -v
	}
	high, also := lowerLimit(mirror, 1-share, 1-(1-level)/2)
	if !ok || !also {
		return without(e.Value, n, "too few for an interval"), nil
	}
	e.Interval = Interval{low, -high}
	return e, nil
}

// lowerLimit is the order statistic that is below the quantile with the chance sure, interpolated (Nyblom, formula 3): the d-th is below
// with chance P(B ≥ d), B being binomial.
func lowerLimit(sorted []float64, share, sure float64) (float64, bool) {
	n := float64(len(sorted))
	b := distuv.Binomial{N: n, P: share}
	above := func(d int) float64 { return 1 - b.CDF(float64(d)-1) }
	if 1-math.Pow(1-share, n) < sure {
		return 0, false
	}
	d := sort.Search(len(sorted), func(d int) bool { return above(d+1) < sure }) // above falls with d
	if d >= len(sorted) {
		return sorted[d-1], true
	}
	here, next := above(d), above(d+1)
	if here == sure {
		return sorted[d-1], true
	}
	at := float64(d)
	weight := 1 / (1 + at*(1-share)*(sure-next)/((n-at)*share*(here-sure)))
	return sorted[d-1] + weight*(sorted[d]-sorted[d-1]), true
}

// quantile interpolates between the order statistics around (n−1)·share.
func quantile(sorted []float64, share float64) float64 {
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
