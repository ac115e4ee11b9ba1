package stat

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"frontline/fault"
)

// Coded is one request as two people coded it without seeing each other's.
type Coded struct{ First, Second string }

// Kappa is Cohen's agreement of two coders beyond chance: κ = (p_o − p_e)/(1 − p_e), with the large-sample interval of Fleiss, Cohen and
// Everitt 1969 (Psychological Bulletin 72, formula 13). 1 is full agreement, 0 is what chance gives; below 0.6 a demand's description needs
// work. With fewer than 20 pairs, or when both always say the same one thing, there is no interval. Source: Cohen 1960, Educational and
// Psychological Measurement 20. Errors: an empty code.
func Kappa(pairs []Coded, level float64) (Estimate, error) {
	if err := checkLevel(level); err != nil {
		return Estimate{}, err
	}
	cells, first, second := map[Coded]float64{}, map[string]float64{}, map[string]float64{}
	n := float64(len(pairs))
	for _, p := range pairs {
		if p.First == "" || p.Second == "" {
			return Estimate{}, fault.Wrong("pairs", "A pair has no code; leave out what only one person coded.")
		}
		cells[p]++
		first[p.First]++
		second[p.Second]++
	}
	agreed, chance := 0.0, 0.0
	for _, code := range slices.Sorted(maps.Keys(first)) {
		agreed += cells[Coded{code, code}] / n
		chance += first[code] / n * second[code] / n
	}
	if len(pairs) == 0 || chance > 1-1e-12 {
		return without(math.NaN(), len(pairs), "there is nothing to disagree on"), nil
	}
	kappa := (agreed - chance) / (1 - chance)
	if len(pairs) < fewest {
		return without(kappa, len(pairs), "fewer than 20 pairs"), nil
	}
	order := slices.Collect(maps.Keys(cells))
	slices.SortFunc(order, compareCoded)
	var sum float64
	for _, c := range order {
		p := cells[c] / n
		if c.First == c.Second {
			d := 1 - (first[c.First]+second[c.First])/n*(1-kappa)
			sum += p * d * d
		} else {
			d := (1 - kappa) * (second[c.First] + first[c.Second]) / n
			sum += p * d * d
		}
	}
	rest := kappa - chance*(1-kappa)
	se := math.Sqrt(max(0, sum-rest*rest)/n) / (1 - chance)
	z := score(level)
	return Estimate{Value: kappa, Interval: Interval{max(-1, kappa-z*se), min(1, kappa+z*se)}, N: len(pairs)}, nil
}

// Little compares what was seen open with what must be: L = λ·W. It is arithmetic of averages and has no interval: a gap means that
// something is not being logged, or that the time is too short to be steady.
type Little struct {
	Expected float64 // λ·W
	Observed float64 // mean number open, counted by itself
	Ratio    float64 // Observed/Expected; NaN of nothing to nothing
	Holds    bool    // the two are within 20 % of each other
}

// CheckLittle takes arrivals per unit of time, the mean time each stays in the same unit, and the mean number seen open. Source: Little
// 1961, Operations Research 9. Errors: a figure that is negative or no number.
func CheckLittle(arrivals, stay, open float64) (Little, error) {
	for _, v := range []float64{arrivals, stay, open} {
		if err := checkFinite("rate", v, false); err != nil {
			return Little{}, err
		}
	}
	const tolerance = 0.2
	l := Little{Expected: arrivals * stay, Observed: open}
	l.Ratio = l.Observed / l.Expected
	l.Holds = l.Observed == l.Expected || math.Abs(math.Log(l.Ratio)) <= math.Log(1+tolerance)
	return l, nil
}

func compareCoded(a, b Coded) int {
	return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second))
}
