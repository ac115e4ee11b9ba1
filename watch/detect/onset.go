package detect

import (
	"cmp"
	"math"
	"slices"

	"frontline/fault"
	"frontline/insight/stat"
)

// Change is what is known of a change that was raised: since when, and how far. Each interval holds the truth with a chance of 0.95.
type Change struct {
	Direction Direction
	Start     uint32 // the bucket at which it most likely began,
	From, To  uint32 // and between which it began
	Ratio     stat.Estimate
	Excess    stat.Estimate // errors since the start beyond those expected; below zero for a fall
	Errors    float64       // counted since Start
	Requests  float64
	Expected  float64 // errors, in the same buckets
}

// Onset says since when and how far a series has changed, from buckets in order of time: about two days of them, or since two hours before
// Window where that is longer ago. The series may stand at the alarm or later; it is not changed.
//
// It is Bayes' rule over every start τ and 96 sizes ρ, with no start and no order of size preferred,
//
//	P(τ, ρ | counts) ∝ exp(θ_ρ·X_τ − κ_ρ·L_τ),  X_τ = Σ errors since τ,  L_τ = Σ expected since τ
//
// because a plain ratio X/L at the moment of an alarm is too high (the alarm chose the moment), while what follows from Bayes' rule does not
// depend on why one stopped to look (Berger and Wolpert 1988, The Likelihood Principle, section 4.2). Start is the median of τ, Ratio that
// of ρ, Excess that of (ρ−1)·L_τ. Errors: nothing is open, or there are no buckets with requests.
func (d *Detector) Onset(s *Series, counts []Count) (Change, error) {
	if s.open == 0 {
		return Change{}, fault.New(fault.Invalid, "Nothing has changed in this series; ask again after a change was raised.")
	}
	posterior := d.posterior(s, counts)
	if posterior == nil {
		return Change{}, fault.New(fault.Invalid, "There are no counts to tell the start from; fetch about two days of them.")
	}
	c := Change{Direction: s.open}
	starts := posterior.along(func(o option) float64 { return float64(o.at) })
	sizes := posterior.along(func(o option) float64 { return math.Log(math.Abs(o.rho - 1)) })
	at := int(starts.quantile(0.5))
	low, high := starts.shortest()
	c.Start, c.From, c.To = counts[at].Bucket, counts[low].Bucket, counts[high].Bucket
	for _, k := range counts[at:] {
		x, n := d.clean(k.Errors, k.Requests)
		c.Errors, c.Requests = c.Errors+x, c.Requests+n
	}
	c.Expected = posterior.expected[at]
	sign := 1.0
	if s.open == Down {
		sign = -1
	}
	size := func(q float64) float64 { return 1 + sign*math.Exp(sizes.between(q)) }
	excess := posterior.along(func(o option) float64 { return (o.rho - 1) * posterior.expected[o.at] })
	c.Ratio = stat.Estimate{Value: size(0.5), Interval: ordered(size(0.025), size(0.975)), N: int(c.Errors)}
	c.Excess = stat.Estimate{Value: excess.between(0.5), Interval: ordered(excess.between(0.025), excess.between(0.975)), N: int(c.Errors)}
	return c, nil
}

func ordered(a, b float64) stat.Interval { return stat.Interval{Low: min(a, b), High: max(a, b)} }

// sizes is how many ratios Onset weighs, from 1.02 to 101 or from 1/1.02 to 1/101.
const sizes = 96

// option is one start and one size.
type option struct {
	at     int // index of the bucket
	rho    float64
	weight float64
}

type posterior struct {
	options  []option
	expected []float64 // errors from the bucket on
}

// posterior weighs all starts and sizes; options of no weight are left out.
func (d *Detector) posterior(s *Series, counts []Count) *posterior {
	errors, expected := make([]float64, len(counts)), make([]float64, len(counts))
	sea := d.season(s)
	var x, l float64
	for i := len(counts) - 1; i >= 0; i-- {
		k, n := d.clean(counts[i].Errors, counts[i].Requests)
		x, l = x+k, l+n*sea.at(d, counts[i].Bucket)
		errors[i], expected[i] = x, l
	}
	if l == 0 {
		return nil
	}
	phi := dispersion(int(s.levelOf(float64(s.ratio))))
	var tilts [sizes]tilt
	var rhos [sizes]float64
	for g := range rhos {
		rhos[g] = 1 + 0.02*math.Pow(5000, float64(g)/(sizes-1))
		if s.open == Down {
			rhos[g] = 1 / rhos[g]
		}
		tilts[g] = tiltOf(rhos[g], phi)
	}
	log := func(i, g int) float64 { return float64(tilts[g].theta)*errors[i] - float64(tilts[g].kappa)*expected[i] }
	best := math.Inf(-1)
	for i := range counts {
		for g := range rhos {
			best = max(best, log(i, g))
		}
	}
	p := &posterior{expected: expected}
	for i := range counts {
		for g := range rhos {
			if v := log(i, g) - best; v > -16 {
				p.options = append(p.options, option{i, rhos[g], exp(v)})
			}
		}
	}
	return p
}

// at is the learnt rate in the middle of a bucket, whichever it is.
func (sea *season) at(d *Detector, bucket uint32) float64 {
	local := d.local(bucket) + d.width/2
	before := (local - 1800) / 3600
	share := float64(local-1800-before*3600) / 3600
	return max(sea.rate(before)*(1-share)+sea.rate(before+1)*share, 1e-12)
}

// line is the posterior of one figure, sorted, with weights that sum to 1.
type line []struct{ value, weight float64 }

func (p *posterior) along(figure func(option) float64) line {
	all := make(line, len(p.options))
	var total float64
	for i, o := range p.options {
		all[i].value, all[i].weight = figure(o), o.weight
		total += o.weight
	}
	slices.SortFunc(all, func(a, b struct{ value, weight float64 }) int { return cmp.Compare(a.value, b.value) })
	merged := all[:0]
	for _, v := range all {
		v.weight /= total
		if n := len(merged); n > 0 && merged[n-1].value == v.value {
			merged[n-1].weight += v.weight
		} else {
			merged = append(merged, v)
		}
	}
	return merged
}

// quantile is the first value up to which at least q lies.
func (l line) quantile(q float64) float64 {
	var below float64
	for _, v := range l {
		if below += v.weight; below >= q {
			return v.value
		}
	}
	return l[len(l)-1].value
}

// between is the quantile of a figure that is continuous in truth: linear between the middles of the steps.
func (l line) between(q float64) float64 {
	var below float64
	for i, v := range l {
		middle := below + v.weight/2
		if middle >= q {
			if i == 0 {
				return v.value
			}
			before := below - l[i-1].weight/2
			return l[i-1].value + (v.value-l[i-1].value)*(q-before)/(middle-before)
		}
		below += v.weight
	}
	return l[len(l)-1].value
}

// shortest is the smallest range of buckets that is left when the ends are cut off, the less likely end first, as long as 0.95 remain.
func (l line) shortest() (low, high int) {
	i, j, cut := 0, len(l)-1, 0.05
	for i < j {
		if l[i].weight <= l[j].weight && l[i].weight <= cut {
			cut -= l[i].weight
			i++
		} else if l[j].weight <= cut {
			cut -= l[j].weight
			j--
		} else {
			break
		}
	}
	return int(l[i].value), int(l[j].value)
}
