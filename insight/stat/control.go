package stat

import (
	"math"

	"frontline/fault"
)

// Signal is why a point of a control chart is not chance. The words are stored and shown.
type Signal string

// The signal rules.
const (
	Outside     Signal = "outside"        // beyond a limit
	EightInARow Signal = "eight in a row" // on the same side of the centre
	ThreeOfFour Signal = "three of four"  // nearer a limit than the centre, on the same side
)

// Point is one period of a control chart.
type Point struct {
	Value   float64
	Limits  Interval // what chance alone rarely leaves
	Signals []Signal // none: this is noise
}

// Chart is a control chart. Its limits are three sigma and no interval of an estimate: they say which single periods deserve a look.
type Chart struct {
	Centre float64
	Sigma  float64 // XmR: of the values; p′: how much wider than binomial the limits had to be (1 is not at all)
	Points []Point
}

// The constants of moving ranges of two: d₂ = 1.128, and 3/d₂ = 2.66.
const (
	meanRange   = 1.128
	leastPoints = 2
	threeSigma  = 3
)

// XmR is the chart of single values, such as requests a week when they are five or more: centre x̄, limits x̄ ± 2.66·mR̄, where mR̄ is the
// mean distance between neighbours. Centre and limits are taken from the first baseline points, or from all where baseline is 0. Where no
// value is negative the lower limit is not either. Source: Wheeler 2000, Understanding Variation. Errors: fewer than two points.
func XmR(values []float64, baseline int) (Chart, error) {
	base, err := checkBaseline(len(values), baseline)
	if err != nil {
		return Chart{}, err
	}
	positive := true
	for _, v := range values {
		if err := checkFinite("values", v, true); err != nil {
			return Chart{}, err
		}
		positive = positive && v >= 0
	}
	c := Chart{Centre: mean(values[:base]), Sigma: movingRange(values[:base]) / meanRange}
	limits := Interval{c.Centre - threeSigma*c.Sigma, c.Centre + threeSigma*c.Sigma}
	if positive {
		limits.Low = max(0, limits.Low)
	}
	distances := make([]float64, len(values))
	for i, v := range values {
		c.Points = append(c.Points, Point{Value: v, Limits: limits})
		distances[i] = standardize(v-c.Centre, c.Sigma)
	}
	c.mark(distances)
	return c, nil
}

// Count is k of n in one period.
type Count struct{ K, N int }

// Prime is Laney's p′ chart of a share over time: centre p̄ = Σk/Σn, limits p̄ ± 3·σ_i·σ_z with σ_i = √(p̄(1−p̄)/n_i), and σ_z the mean
// moving range of z_i = (p_i − p̄)/σ_i over 1.128. σ_z widens the limits of a plain p chart where weeks differ by more than chance, as
// they do with large n. Periods without a request are left out of the rules and have no limits. Source: Laney 2002, Quality
// Engineering 14, 531–537. Errors: k of n impossible; fewer than two periods with requests in the baseline.
func Prime(counts []Count, baseline int) (Chart, error) {
	base, err := checkBaseline(len(counts), baseline)
	if err != nil {
		return Chart{}, err
	}
	var k, n, used int
	for i, c := range counts {
		if err := checkShare(c.K, c.N, Level); err != nil {
			return Chart{}, err
		}
		if i < base && c.N > 0 {
			k, n, used = k+c.K, n+c.N, used+1
		}
	}
	if used < leastPoints {
		return Chart{}, fault.Wrong("counts", "A control chart needs two periods with requests; choose a longer time.")
	}
	c := Chart{Centre: float64(k) / float64(n)}
	var zs, early []float64
	for i, each := range counts {
		if each.N > 0 {
			z := standardize(float64(each.K)/float64(each.N)-c.Centre, c.binomial(each.N))
			zs = append(zs, z)
			if i < base {
				early = append(early, z)
			}
		}
	}
	c.Sigma = movingRange(early) / meanRange
	c.place(counts, zs)
	return c, nil
}

// binomial is the standard deviation of a share of n by chance alone.
func (c Chart) binomial(n int) float64 { return math.Sqrt(c.Centre * (1 - c.Centre) / float64(n)) }

// place makes the points of a p′ chart and marks them.
func (c *Chart) place(counts []Count, zs []float64) {
	c.Points = make([]Point, len(counts))
	var shown Chart
	var at []int
	for i, each := range counts {
		c.Points[i] = Point{Value: math.NaN(), Limits: Interval{0, 1}}
		if each.N == 0 {
			continue
		}
		reach := threeSigma * c.binomial(each.N) * c.Sigma
		c.Points[i] = Point{Value: float64(each.K) / float64(each.N), Limits: Interval{max(0, c.Centre-reach), min(1, c.Centre+reach)}}
		shown.Points, at = append(shown.Points, c.Points[i]), append(at, i)
	}
	for i := range zs {
		zs[i] = standardize(zs[i], c.Sigma)
	}
	shown.mark(zs)
	for i, p := range at {
		c.Points[p].Signals = shown.Points[i].Signals
	}
}

// mark applies the rules to distances from the centre, in sigmas.
func (c *Chart) mark(distances []float64) {
	for i := range distances {
		p := &c.Points[i]
		if math.Abs(distances[i]) > threeSigma {
			p.Signals = append(p.Signals, Outside)
		}
		if sameSide(distances[:i+1], 8, 8, 0) {
			p.Signals = append(p.Signals, EightInARow)
		}
		if sameSide(distances[:i+1], 4, 3, threeSigma/2.0) {
			p.Signals = append(p.Signals, ThreeOfFour)
		}
	}
}

// sameSide says whether, of the last so many distances, enough lie further out than limit on the side of the last one.
func sameSide(distances []float64, last, enough int, limit float64) bool {
	if len(distances) < last {
		return false
	}
	tail := distances[len(distances)-last:]
	above, below := 0, 0
	for _, d := range tail {
		if d > limit {
			above++
		}
		if d < -limit {
			below++
		}
	}
	now := tail[last-1]
	return above >= enough && now > limit || below >= enough && now < -limit
}

// standardize is the distance in sigmas; without any spread everything off the centre is infinitely far.
func standardize(distance, sigma float64) float64 {
	switch {
	case sigma > 0:
		return distance / sigma
	case distance > 1e-12:
		return math.Inf(1)
	case distance < -1e-12:
		return math.Inf(-1)
	}
	return 0
}

// movingRange is the mean distance between neighbours.
func movingRange(values []float64) float64 {
	var ranges float64
	for i := 1; i < len(values); i++ {
		ranges += math.Abs(values[i] - values[i-1])
	}
	return ranges / float64(max(1, len(values)-1))
}

func checkBaseline(n, baseline int) (int, error) {
	if baseline == 0 {
		baseline = n
	}
	if n < leastPoints || baseline < leastPoints || baseline > n {
		return 0, fault.Wrong("baseline", "A control chart takes its limits from at least two periods that it shows; choose a longer time.")
	}
	return baseline, nil
}
