package stat

import (
	"gonum.org/v1/gonum/stat/distuv"

	"frontline/fault"
)

// CountOf is where the mean of a Poisson count lies of which n were seen. It is exact: it holds the mean with at least the chance asked for, and
// with more where n is small. Its ends are quantiles of the χ² distribution with 2n and 2n+2 degrees of freedom, halved. Source: Garwood 1936,
// Biometrika 28. Errors: a count below zero.
func CountOf(n int, level float64) (Interval, error) {
	if err := checkLevel(level); err != nil {
		return Interval{}, err
	}
	if n < 0 {
		return Interval{}, fault.Wrong("n", "A count is never negative; leave out what is not known.")
	}
	above := (1 - level) / 2
	out := Interval{High: distuv.ChiSquared{K: float64(2*n + 2)}.Quantile(1-above) / 2}
	if n > 0 {
		out.Low = distuv.ChiSquared{K: float64(2 * n)}.Quantile(above) / 2
	}
	return out, nil
}
