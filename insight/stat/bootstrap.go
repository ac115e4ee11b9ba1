package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Draws is how often a bootstrap resamples.
const Draws = 1000

// stream keeps Frontline's random numbers apart from those of others who use the same seed.
const stream = 0x66726f6e746c696e

// resample draws n of n rows with replacement, so many times, and hands over how often each row was drawn. The seed decides everything. Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 6.
func resample(n, draws int, seed uint64, use func(draw int, times []uint16)) {
	random, times := rand.NewPCG(seed, stream), make([]uint16, n)
	for draw := range draws {
		clear(times)
		for i := 0; i < n; i += 2 { // two rows from one number; with n far below 2³² none is favoured by more than n/2³²
			u := random.Uint64()
			times[(u>>32)*uint64(n)>>32]++
			if i+1 < n {
				times[(u&math.MaxUint32)*uint64(n)>>32]++
			}
		}
		use(draw, times)
	}
}

// percentiles is the interval between the quantiles (1±level)/2 of what the draws gave. It sorts them.
func percentiles(draws []float64, level float64) Interval {
	slices.Sort(draws)
	return Interval{drawQuantile(draws, (1-level)/2), drawQuantile(draws, 1-(1-level)/2)}
}

// drawQuantile is the order statistic at share·(B + 1) of B draws, interpolated: below it a further draw lies with that chance exactly,
// however few the draws.
func drawQuantile(sorted []float64, share float64) float64 {
	at := share*float64(len(sorted)+1) - 1
	i := int(max(0, at))
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + max(0, at-float64(i))*(sorted[i+1]-sorted[i])
}

// sum is the sum of a random number of positive amounts, known from one sample.
type sum struct{ total, squares float64 }

func (s *sum) add(v, times float64) {
	s.total += v * times
	s.squares += v * v * times
}

// error is the standard error of log total, when n rows were drawn, most of which may have given nothing.
func (s sum) error(n int) float64 {
	return math.Sqrt(max(0, s.squares-s.total*s.total/float64(n))) / s.total
}

// studentized is the bootstrap-t interval of a total on the logarithmic scale, from t* = (log total* − log total)/se*. The logarithm keeps
// it above zero and nearly symmetric; the t makes up for the long tail of hours, which plain percentiles do not. Source: Hall 1988, Annals of
// Statistics 16; Efron and Tibshirani 1993, section 12.5.
func studentized(s sum, n int, draws []float64, level float64) Interval {
	slices.Sort(draws)
	se := s.error(n)
	return Interval{
		s.total * math.Exp(-se*drawQuantile(draws, 1-(1-level)/2)),
		s.total * math.Exp(-se*drawQuantile(draws, (1-level)/2)),
	}
}
