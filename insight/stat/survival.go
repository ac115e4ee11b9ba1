package stat

import (
	"cmp"
	"math"
	"slices"

	"frontline/fault"
)

// Life is how long one request has taken, in any one unit. Ended is false while it is open: then it takes at least that long.
type Life struct {
	Span  float64
	Ended bool
}

// Step is the curve from At until the next step: the share that takes longer than At.
type Step struct {
	At            float64
	AtRisk, Ended int // how many were still being waited for just before At, and how many ended at At
	S             float64
	Variance      float64 // Greenwood's, of S
	Interval              // of S
}

// Curve is the share of requests that is still unfinished, by how long it has been waited for.
type Curve struct {
	Steps    []Step // one for each time at which something ended, from early to late
	N, Ended int
	spans    []float64 // of all, from short to long
	level    float64
}

// Survival estimates the curve of Kaplan and Meier with what is still open as censored on the right:
//
//	S(t) = Π over t_i ≤ t of (1 − d_i/n_i),  Var S(t) = S(t)²·Σ d_i/(n_i(n_i − d_i))
//
// The interval is computed on log(−log S), so it stays between 0 and 1. Sources: Kaplan and Meier 1958, J. Am. Stat. Assoc. 53; Greenwood
// 1926; Kalbfleisch and Prentice 2002, section 1.4. Errors: a span that is negative or no number.
func Survival(lives []Life, level float64) (Curve, error) {
	if err := checkLevel(level); err != nil {
		return Curve{}, err
	}
	sorted := slices.Clone(lives)
	for _, l := range sorted {
		if err := checkFinite("span", l.Span, false); err != nil {
			return Curve{}, err
		}
	}
	slices.SortFunc(sorted, func(a, b Life) int { return cmp.Compare(a.Span, b.Span) })
	c := Curve{N: len(sorted), level: level, spans: make([]float64, len(sorted))}
	for i, l := range sorted {
		c.spans[i] = l.Span
	}
	c.climb(sorted, score(level))
	return c, nil
}

// climb adds one step for each time at which something ended.
func (c *Curve) climb(sorted []Life, z float64) {
	s, sum := 1.0, 0.0
	for i := 0; i < len(sorted); {
		at, risk, ended := sorted[i].Span, len(sorted)-i, 0
		for ; i < len(sorted) && sorted[i].Span == at; i++ {
			if sorted[i].Ended {
				ended++
			}
		}
		if ended == 0 {
			continue
		}
		c.Ended += ended
		d, n := float64(ended), float64(risk)
		s *= 1 - d/n
		sum += d / (n * (n - d)) // +Inf at the very end, where S is 0
		step := Step{At: at, AtRisk: risk, Ended: ended, S: s, Interval: logLog(s, sum, z)}
		if s > 0 {
			step.Variance = s * s * sum
		} else if len(c.Steps) > 0 {
			step.High = c.Steps[len(c.Steps)-1].High // nothing is known of the tail: what was possible before still is
		} else {
			step.High = 1
		}
		c.Steps = append(c.Steps, step)
	}
}

// logLog is S^exp(±z·se(log(−log S))), where se² = Σ d/(n(n−d)) / (log S)².
func logLog(s, sum, z float64) Interval {
	if s <= 0 {
		return Interval{}
	}
	v := z * math.Sqrt(sum) / math.Abs(math.Log(s))
	return Interval{math.Pow(s, math.Exp(v)), math.Pow(s, math.Exp(-v))}
}

// At is the step in force at t. Before anything ended everybody is still waiting: S is 1 and known only from that.
func (c Curve) At(t float64) Step {
	i, found := slices.BinarySearchFunc(c.Steps, t, func(s Step, t float64) int { return cmp.Compare(s.At, t) })
	if found {
		return c.Steps[i]
	}
	if i == 0 {
		return Step{AtRisk: c.N, S: 1, Interval: Interval{1, 1}}
	}
	return c.Steps[i-1]
}

// Quantile is the time by which a share of requests is done.
type Quantile struct {
	Share float64 // 0.5 for the median
	Estimate
}

// Reached says whether so many are done that the quantile is known. If not, Low is what it is at least.
func (q Quantile) Reached() bool { return !math.IsInf(q.Value, 1) }

// Quantile is the first time at which at most 1−share are unfinished; where the curve is exactly flat there, the middle of the flat part,
// as for the ordinary median. It is +Inf while not yet reached. The interval is Brookmeyer's and Crowley's, with the limits on log(−log S):
// all times at which the interval of S holds 1−share; an end that has not been reached yet is +Inf above and the longest wait below. Source: Brookmeyer and Crowley
// 1982, Biometrics 38, 29–41. Errors: share not between 0 and 1.
func (c Curve) Quantile(share float64) (Quantile, error) {
	if !(share > 0 && share < 1) {
		return Quantile{}, fault.Wrong("share", "A quantile is of a share between 0 and 1, such as 0.5 for the median.")
	}
	const hair = 1e-9 // S is a product of fractions: what should be 0.5 may be a hair beside it
	q := Quantile{Share: share, Estimate: Estimate{N: c.N, Value: math.Inf(1)}}
	rest := 1 - share
	for i, s := range c.Steps {
		if s.S > rest+hair {
			continue
		}
		q.Value = s.At
		if s.S > rest-hair && i+1 < len(c.Steps) {
			q.Value = (s.At + c.Steps[i+1].At) / 2
		}
		break
	}
	q.Interval = Interval{c.first(func(s Step) float64 { return s.Low }, rest), c.first(func(s Step) float64 { return s.High }, rest)}
	switch {
	case c.N == 0:
		q.Estimate = without(math.Inf(1), 0, "nothing was counted")
	case c.Ended == 0:
		q.Estimate = c.allOpen(share)
	case math.IsInf(q.Low, 1):
		q.Low = c.spans[c.N-1]
	}
	return q, nil
}

// allOpen is a quantile of which only a lower limit is known: were it shorter than t, so many that have waited at least t would not all be open,
// but with a chance of (1−share)^m, which is below (1−level)/2 for the m that are asked for.
func (c Curve) allOpen(share float64) Estimate {
	m := int(math.Ceil(math.Log((1-c.level)/2) / math.Log(1-share)))
	if m > c.N {
		return without(math.Inf(1), c.N, "nothing has ended yet")
	}
	return Estimate{Value: math.Inf(1), Interval: Interval{c.spans[c.N-m], math.Inf(1)}, N: c.N}
}

// first is when one limit of S first is at most rest.
func (c Curve) first(limit func(Step) float64, rest float64) float64 {
	for _, s := range c.Steps {
		if limit(s) <= rest {
			return s.At
		}
	}
	return math.Inf(1)
}

// Older says which share of requests was done sooner than age: 1 − S(age), with its interval. An open request of that age is older than
// so many ever got. Beyond the longest wait so far the curve says no more.
func (c Curve) Older(age float64) Estimate {
	if len(c.Steps) == 0 {
		return without(math.NaN(), c.N, "nothing has ended yet")
	}
	s := c.At(age)
	if s.At == 0 && s.S == 1 {
		return without(0, c.N, "nothing ended that soon")
	}
	return Estimate{Value: 1 - s.S, Interval: Interval{1 - s.High, 1 - s.Low}, N: c.N}
}
