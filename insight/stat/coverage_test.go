package stat

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// replicates multiplies how many worlds each simulation makes: the default keeps CI short, `-replicates 10` is for a change of method.
var replicates = flag.Int("replicates", 1, "how many times more worlds each coverage test simulates")

// fewDraws keeps the simulations short. Quantiles of draws are right for any number of them; more draws only make an interval steadier.
const fewDraws = 99

// world makes one set of requests whose truth is known, and says whether the interval that was printed for it holds the truth.
type world func(r *rand.Rand) (hits, of int)

// covers simulates worlds and demands that an interval of 95 % holds the truth in 93 to 97 of 100.
func covers(t *testing.T, worlds int, each world) {
	t.Helper()
	covered := coverage(worlds**replicates, each)
	t.Logf("covers %.1f %% of %d worlds", 100*covered, worlds**replicates)
	if covered < 0.93 || covered > 0.97 {
		t.Errorf("an interval of 95 %% covers %.1f %%", 100*covered)
	}
}

func coverage(worlds int, each world) float64 {
	hits, of := 0, 0
	for i := range worlds {
		h, n := each(rand.New(rand.NewPCG(uint64(i), 2026)))
		hits, of = hits+h, of+n
	}
	return float64(hits) / float64(of)
}

func one(hit bool) (int, int) {
	if hit {
		return 1, 1
	}
	return 0, 1
}

// must is the value of a call that has right input.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func binomial(r *rand.Rand, n int, p float64) int {
	k := 0
	for range n {
		if r.Float64() < p {
			k++
		}
	}
	return k
}

// Escalated share: of so many requests a month, of demands of which 3 to 15 % are escalated. At one single share the coverage of any
// interval for whole counts goes up and down with n (Brown, Cai and DasGupta 2001); what a reader meets is the mean over demands.
func TestShareCovers(t *testing.T) {
	for _, n := range []int{20, 40, 120, 400} {
		covers(t, 4000, func(r *rand.Rand) (int, int) {
			p := 0.03 + 0.12*r.Float64()
			return one(must[Estimate](t)(Share(binomial(r, n, p), n, Level)).Holds(p))
		})
	}
}

func TestDifferenceCovers(t *testing.T) {
	covers(t, 4000, func(r *rand.Rand) (int, int) {
		e := must[Estimate](t)(Difference(binomial(r, 150, 0.12), 150, binomial(r, 200, 0.075), 200, Level))
		return one(e.Holds(0.075 - 0.12))
	})
}

// support is the time a request takes, in hours: four of five are quick, one waits for others. Its quantile is found by bisection.
type support struct{ quick, slow float64 }

func (s support) draw(r *rand.Rand) float64 {
	if r.Float64() < 0.8 {
		return s.quick * math.Exp(r.NormFloat64())
	}
	return s.slow * math.Exp(r.NormFloat64())
}

func (s support) cdf(t float64) float64 {
	normal := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	return 0.8*normal(math.Log(t/s.quick)) + 0.2*normal(math.Log(t/s.slow))
}

func (s support) quantile(p float64) float64 {
	low, high := 0.0, 1e6
	for range 200 {
		if middle := (low + high) / 2; s.cdf(middle) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// quarter is requests that arrived evenly over 90 days (in hours), seen at its end: who came late is more often still open.
func quarter(r *rand.Rand, s support, n int) []Life {
	lives := make([]Life, n)
	for i := range lives {
		seen, takes := r.Float64()*90*24, s.draw(r)
		lives[i] = Life{Span: min(seen, takes), Ended: takes <= seen}
	}
	return lives
}

func TestSurvivalCovers(t *testing.T) {
	desk := support{quick: 24, slow: 600}
	for _, p := range []float64{0.5, 0.75, 0.9} {
		truth := desk.quantile(p)
		covers(t, 1000, func(r *rand.Rand) (int, int) {
			c := must[Curve](t)(Survival(quarter(r, desk, 200), Level))
			q := must[Quantile](t)(c.Quantile(p))
			return one(q.Holds(truth))
		})
		covers(t, 1000, func(r *rand.Rand) (int, int) {
			c := must[Curve](t)(Survival(quarter(r, desk, 200), Level))
			return one(c.At(truth).Holds(1-p) && c.Older(truth).Holds(p))
		})
	}
}

// The median with open requests counted is right; the mean and the 90th percentile of closed ones are not, and the test shows by how much.
func TestSurvivalIsRightWhereClosedOnlyIsNot(t *testing.T) {
	desk := support{quick: 33, slow: 720} // 90 days of which one request in five waits about a month
	lives := quarter(rand.New(rand.NewPCG(7, 2026)), desk, 60_000)
	c := must[Curve](t)(Survival(lives, Level))
	var closed []float64
	for _, l := range lives {
		if l.Ended {
			closed = append(closed, l.Span)
		}
	}
	slices.Sort(closed)
	for _, p := range []float64{0.5, 0.9} {
		truth, seen := desk.quantile(p), must[Quantile](t)(c.Quantile(p))
		t.Logf("p%.0f: truth %.1f h, all requests %.1f h, closed only %.1f h", 100*p, truth, seen.Value, quantile(closed, p))
		if math.Abs(seen.Value/truth-1) > 0.05 {
			t.Errorf("p%.0f is %.1f, but the truth is %.1f", 100*p, seen.Value, truth)
		}
	}
	truth := 0.8*desk.quick*math.Exp(0.5) + 0.2*desk.slow*math.Exp(0.5)
	t.Logf("mean: truth %.1f h, closed only %.1f h", truth, mean(closed))
	if mean(closed) > 0.75*truth || quantile(closed, 0.9) > 0.75*desk.quantile(0.9) {
		t.Errorf("closed requests alone should look far too quick: mean %.1f of %.1f", mean(closed), truth)
	}
}

func TestLogRankIsCalibrated(t *testing.T) {
	desk := support{quick: 24, slow: 600}
	covers(t, 1500, func(r *rand.Rand) (int, int) {
		test := must[Test](t)(LogRank(quarter(r, desk, 80), quarter(r, desk, 120), quarter(r, desk, 60)))
		return one(test.P > 0.05)
	})
}

func TestQuantileOfCovers(t *testing.T) {
	desk := support{quick: 24, slow: 600}
	for _, c := range []struct {
		n int
		p float64
	}{{15, 0.5}, {40, 0.5}, {60, 0.75}, {150, 0.9}} {
		truth := desk.quantile(c.p)
		covers(t, 3000, func(r *rand.Rand) (int, int) {
			values := make([]float64, c.n)
			for i := range values {
				values[i] = desk.draw(r)
			}
			return one(must[Estimate](t)(QuantileOf(values, c.p, Level)).Holds(truth))
		})
	}
}

// Hours by demand: 400 requests of six demands; what one takes is lognormal, so that a few take most. A demand of 20 such requests is
// covered in 93 of 100, one of 40 and more in 94 to 95; plain percentiles cover 87 and 91.
func TestParetoCovers(t *testing.T) {
	demands, shares := []string{"refund", "webhook", "limits", "login", "export", "report"}, []float64{0.25, 0.2, 0.2, 0.15, 0.1, 0.1}
	const n, spread = 400, 1.0
	truth := func(d int) float64 { return n * shares[d] * 0.5 * math.Exp(spread*spread/2) }
	covers(t, 300, func(r *rand.Rand) (hits, of int) {
		works := make([]Work, n)
		for i := range works {
			u, d := r.Float64(), 0
			for ; u > shares[d] && d < len(shares)-1; d++ {
				u -= shares[d]
			}
			works[i] = Work{Hours: 0.5 * math.Exp(spread*r.NormFloat64()), Parts: []Part{{demands[d], 1}}}
		}
		for _, b := range must[[]Bar](t)(rankDemands(works, Level, 1, fewDraws)) {
			if b.Hours.Known() {
				of++
				if b.Hours.Holds(truth(slices.Index(demands, b.Demand))) {
					hits++
				}
			}
		}
		return hits, of
	})
}

func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3 // Marsaglia and Tsang 2000
	for {
		x := r.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	return x / (x + y)
}

func poisson(r *rand.Rand, mean float64) int {
	k, p, limit := 0, r.Float64(), math.Exp(-mean)
	for ; p > limit; k++ {
		p *= r.Float64()
	}
	return k
}

// Escalated share by demand: 40 demands that differ, most with few requests.
func TestShrinkCovers(t *testing.T) {
	covers(t, 20, func(r *rand.Rand) (hits, of int) {
		truth, counts := make([]float64, 40), make([]Count, 40)
		for d := range counts {
			truth[d] = beta(r, 0.075*25, 0.925*25)
			n := 5 + poisson(r, 25*gamma(r, 0.7))
			counts[d] = Count{binomial(r, n, truth[d]), n}
		}
		for d, e := range must[Shrunk](t)(Shrink(counts, Level)).Parts {
			of++
			if e.Holds(truth[d]) {
				hits++
			}
		}
		return hits, of
	})
}

// Escalated share and mean hours of two periods in which both the mix and the groups changed.
func TestDecomposeCovers(t *testing.T) {
	names, before, after := []string{"bug", "how", "limit"}, []float64{0.2, 0.5, 0.3}, []float64{0.3, 0.4, 0.3}
	old, now := []float64{0.25, 0.04, 0.08}, []float64{0.20, 0.04, 0.10}
	period := func(r *rand.Rand, n int, shares, rates []float64, value func(float64) float64) []Observation {
		all := make([]Observation, n)
		for i := range all {
			u, g := r.Float64(), 0
			for ; u > shares[g] && g < len(shares)-1; g++ {
				u -= shares[g]
			}
			all[i] = Observation{names[g], value(rates[g])}
		}
		return all
	}
	var mix, within float64
	for g := range names {
		mix += (after[g] - before[g]) * (old[g] + now[g]) / 2
		within += (now[g] - old[g]) * (before[g] + after[g]) / 2
	}
	for _, hours := range []bool{false, true} {
		covers(t, 350, func(r *rand.Rand) (hits, of int) {
			value := func(rate float64) float64 {
				if hours {
					return rate * math.Exp(0.6*r.NormFloat64()-0.18)
				}
				return float64(binomial(r, 1, rate))
			}
			s := must[Shift](t)(decompose(period(r, 200, before, old, value), period(r, 250, after, now, value), Level, 1, fewDraws))
			for _, term := range []bool{s.Mix.Holds(mix), s.Within.Holds(within), s.Change.Holds(mix + within)} {
				if of++; term {
					hits++
				}
			}
			return hits, of
		})
	}
}

func TestKappaCovers(t *testing.T) {
	codes := []string{"refund", "webhook", "limits", "login"}
	agree := 0.75 // both see the truth; otherwise each guesses
	covers(t, 3000, func(r *rand.Rand) (int, int) {
		pairs := make([]Coded, 120)
		for i := range pairs {
			c := codes[r.IntN(4)]
			pairs[i] = Coded{c, c}
			if r.Float64() >= agree {
				pairs[i] = Coded{codes[r.IntN(4)], codes[r.IntN(4)]}
			}
		}
		return one(must[Estimate](t)(Kappa(pairs, Level)).Holds(agree))
	})
}

func TestDeveloperHoursCover(t *testing.T) {
	medians, resolved := []float64{40, 95, 25}, []int{300, 60, 500}
	var truth float64
	for i, m := range medians {
		truth += m * float64(resolved[i]) / 60
	}
	covers(t, 300, func(r *rand.Rand) (int, int) {
		var kinds []Kept
		for i, m := range medians {
			k := Kept{Type: string(rune('a' + i)), Resolved: resolved[i], Minutes: make([]float64, 30)}
			for j := range k.Minutes {
				k.Minutes[j] = m * math.Exp(0.9*r.NormFloat64())
			}
			kinds = append(kinds, k)
		}
		return one(must[Saved](t)(DeveloperHours(kinds, Level, 1)).Hours.Holds(truth))
	})
}

// Service levels: the share kept, with what is pending and overdue counted as missed, is the share that will have been kept of what was due.
func TestAttainCovers(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	covers(t, 3000, func(r *rand.Rand) (int, int) {
		targets := make([]Target, 150)
		for i := range targets {
			came := now.Add(-time.Duration(r.Float64() * 48 * float64(time.Hour)))
			done := came.Add(time.Duration(-math.Log(r.Float64()) * float64(4*time.Hour)))
			targets[i] = Target{Due: came.Add(8 * time.Hour), Done: done}
			if done.After(now) {
				targets[i].Done = time.Time{}
			}
		}
		// Those done before they are due are kept at once; of the others it is known at their due time. The truth is over those due by now.
		var due []Target
		for _, each := range targets {
			if !each.Due.After(now) {
				due = append(due, each)
			}
		}
		return one(must[Attainment](t)(Attain(due, now, Level)).Share.Holds(1 - math.Exp(-2)))
	})
}

// A demand that has not changed is called a surge at P ≤ 0.05 in about one of twenty windows, and never more often: the count is whole, so
// its chance is rather less.
func TestRareIsCalibrated(t *testing.T) {
	for _, c := range []struct{ mean, size float64 }{{1, math.Inf(1)}, {2, 3}, {0.5, 1}} {
		week := func(r *rand.Rand) int {
			if math.IsInf(c.size, 1) {
				return poisson(r, c.mean)
			}
			return poisson(r, c.mean*gamma(r, c.size)/c.size)
		}
		quiet := coverage(3000**replicates, func(r *rand.Rand) (int, int) {
			weeks := make([]int, 30)
			for i := range weeks {
				weeks[i] = week(r)
			}
			return one(must[Surge](t)(Rare(weeks[:26], weeks[26:])).P > 0.05)
		})
		t.Logf("mean %.1f, size %.0f: quiet in %.1f %%", c.mean, c.size, 100*quiet)
		if quiet < 0.93 || quiet > 0.99 {
			t.Errorf("mean %.1f, size %.0f: quiet in %.1f %% of windows, want 95 or a little more", c.mean, c.size, 100*quiet)
		}
	}
}
