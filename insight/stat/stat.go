// Package stat computes what may be said about requests: shares, times, hours, changes, each with the interval in which the truth lies.
//
// Every function is pure: the same input gives the same digits, also where it resamples, because the seed is passed in. Wrong input is an
// error; input that is right but too thin gives a figure that says why it has no interval. Coverage of every interval is checked by
// simulation in this package's tests; docs/statistics.md says it all in plain words.
package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"frontline/fault"
)

// Level is the chance that Frontline's intervals promise to hold the truth, unless somebody asks for another.
const Level = 0.95

// The limits below which a share is not worth reading: requests counted, and the widest interval.
const (
	fewest = 20
	widest = 0.20
)

// Interval holds the truth with the chance that its maker was asked for. Its unit is that of the figure it belongs to. A side that is
// open is ±Inf.
type Interval struct{ Low, High float64 }

// Holds says whether v is inside.
func (i Interval) Holds(v float64) bool { return i.Low <= v && v <= i.High }

// Width is the distance between the ends.
func (i Interval) Width() float64 { return i.High - i.Low }

// Estimate is a figure, where the truth may lie, and on how many observations it stands. Where there is no interval, Why says so in a few
// words and Interval is zero. A figure that cannot be had at all is NaN.
type Estimate struct {
	Value float64
	Interval
	N   int
	Why string
}

// Known says whether the figure has an interval.
func (e Estimate) Known() bool { return e.Why == "" }

// TooFew says whether a share (0 to 1) stands on too little to be read: on fewer than 20 observations, or with an interval wider than 20
// points.
func (e Estimate) TooFew() bool { return e.N < fewest || !e.Known() || e.Width() > widest }

// without is a figure that has no interval.
func without(value float64, n int, why string) Estimate {
	return Estimate{Value: value, N: n, Why: why}
}

// score is the quantile of the standard normal distribution that leaves (1−level)/2 above it: 1.96 for 0.95.
func score(level float64) float64 { return distuv.UnitNormal.Quantile(1 - (1-level)/2) }

// checkLevel refuses a level that promises nothing or everything.
func checkLevel(level float64) error {
	if !(level >= 0.5 && level < 1) {
		return fault.Wrong("level", "The level of an interval is at least 0.5 and below 1; 0.95 is usual.")
	}
	return nil
}

// checkFinite refuses a value that is not a number, is infinite, or is negative where that has no sense.
func checkFinite(field string, v float64, negative bool) error {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fault.Wrong(field, "This is not a finite number; leave out what is not known.")
	case v < 0 && !negative:
		return fault.Wrong(field, "This is below zero; a span or an amount begins at zero.")
	}
	return nil
}

// mean is the arithmetic mean; of nothing it is NaN.
func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
