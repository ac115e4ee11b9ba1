package stat

import (
	"math"
	"time"

	"frontline/fault"
)

// Share is k of n with Wilson's score interval:
//
//	(p̂ + z²/2n ± z·√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n)
//
// It never leaves 0 to 1 and keeps its promise also for few and rare, where p̂ ± 1.96 se does not. With n = 0 there is no figure.
// Source: Wilson 1927, J. Am. Stat. Assoc. 22; Brown, Cai and DasGupta 2001, Statistical Science 16. Errors: k or n impossible.
func Share(k, n int, level float64) (Estimate, error) {
	if err := checkShare(k, n, level); err != nil {
		return Estimate{}, err
	}
	if n == 0 {
		return without(math.NaN(), 0, "nothing was counted"), nil
	}
	p := float64(k) / float64(n)
	return Estimate{Value: p, Interval: wilson(p, float64(n), level), N: n}, nil
}

// Weighted is a share of things that count in part: Σ weights of those that are in / Σ weights, with Wilson's interval for as many whole things as would be
// as uncertain, (Σw)²/Σw². With equal weights it is Share. N is how many there are. Source: Kish 1965, Survey Sampling, section 11.7. Errors: a weight that is
// not above 0, or not as many weights as answers.
func Weighted(weights []float64, in []bool, level float64) (Estimate, error) {
	if err := checkLevel(level); err != nil {
		return Estimate{}, err
	}
	var k, sum, squares float64
	if len(weights) != len(in) {
		return Estimate{}, fault.New(fault.Invalid, "There are %d weights and %d answers: give as many of both.", len(weights), len(in))
	}
	for i, w := range weights {
		if !(w > 0) || math.IsInf(w, 1) {
			return Estimate{}, fault.New(fault.Invalid, "The weight %v is not above 0: leave out what does not count.", w)
		}
		if sum, squares = sum+w, squares+w*w; in[i] {
			k += w
		}
	}
	if sum == 0 {
		return without(math.NaN(), 0, "nothing was counted"), nil
	}
	p := min(k/sum, 1)
	return Estimate{Value: p, Interval: wilson(p, sum*sum/squares, level), N: len(weights)}, nil
}

// wilson is the interval of Share for a share p of count things, which need not be whole.
func wilson(p, count, level float64) Interval {
	z := score(level)
	centre, spread := p+z*z/(2*count), z*math.Sqrt(p*(1-p)/count+z*z/(4*count*count))
	scale := 1 + z*z/count
	low, high := (centre-spread)/scale, (centre+spread)/scale
	if p == 0 {
		low = 0
	}
	if p == 1 {
		high = 1
	}
	return Interval{low, high}
}

// Difference is k2/n2 − k1/n1 with Newcombe's hybrid score interval: the distances from each share to its Wilson limits, squared and added.
// N is the smaller of both counts. Source: Newcombe 1998, Statistics in Medicine 17, 873–890, method 10. Errors: as Share.
func Difference(k1, n1, k2, n2 int, level float64) (Estimate, error) {
	before, err := Share(k1, n1, level)
	if err != nil {
		return Estimate{}, err
	}
	after, err := Share(k2, n2, level)
	if err != nil {
		return Estimate{}, err
	}
	n, diff := min(n1, n2), after.Value-before.Value
	if n == 0 {
		return without(math.NaN(), 0, "one side counts nothing"), nil
	}
	low := diff - math.Hypot(after.Value-after.Low, before.High-before.Value)
	high := diff + math.Hypot(after.High-after.Value, before.Value-before.Low)
	return Estimate{Value: diff, Interval: Interval{low, high}, N: n}, nil
}

func checkShare(k, n int, level float64) error {
	if n < 0 || k < 0 || k > n {
		return fault.Wrong("k", "A share is k of n with 0 ≤ k ≤ n, but this is %d of %d.", k, n)
	}
	return checkLevel(level)
}

// Target is one service level that applied to one request. Done is zero while it is pending.
type Target struct{ Due, Done time.Time }

// Attainment says how service levels were kept at one moment.
type Attainment struct {
	Met, Missed int
	Overdue     int // those of Missed that are still pending
	Pending     int // not yet due and not yet done: they count on neither side
	Share       Estimate
}

// Attain counts what was met. What is pending past its due time is missed now: nobody improves the figure by not closing. Share is
// met/(met+missed) with Wilson's interval. Errors: a target without a due time.
func Attain(targets []Target, now time.Time, level float64) (Attainment, error) {
	var a Attainment
	for _, t := range targets {
		switch {
		case t.Due.IsZero():
			return a, fault.Wrong("due", "A service level without a due time cannot be judged; leave it out.")
		case t.Done.IsZero() && now.After(t.Due):
			a.Missed++
			a.Overdue++
		case t.Done.IsZero():
			a.Pending++
		case t.Done.After(t.Due):
			a.Missed++
		default:
			a.Met++
		}
	}
	var err error
	a.Share, err = Share(a.Met, a.Met+a.Missed, level)
	return a, err
}
