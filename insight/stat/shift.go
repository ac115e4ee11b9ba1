package stat

import (
	"math"
	"slices"
)

// Observation is one request's value in one group: minutes for a mean; 1 or 0 for a rate.
type Observation struct {
	Group string
	Value float64
}

// Shift says why a rate or a mean changed: because there was more of other things, or because the same things went differently.
type Shift struct {
	Before, After       float64
	Change, Mix, Within Estimate // Change = Mix + Within
	Simpson             bool     // every group moved the other way than the whole
	Groups              []GroupShift
}

// GroupShift is one group's part. A group that is missing on one side has no mean there (NaN), and counts as mix alone.
type GroupShift struct {
	Group                   string
	ShareBefore, ShareAfter float64
	Before, After           float64
	Mix, Within             float64
}

// Decompose splits the change of a mean m = Σ s_g·m_g between two periods:
//
//	mix    = Σ (s_g¹ − s_g⁰)·(m_g⁰ + m_g¹)/2
//	within = Σ (m_g¹ − m_g⁰)·(s_g⁰ + s_g¹)/2
//
// Each term has the percentile interval of Draws resamples of the requests of both periods; of more than 4,096 requests a period, of blocks
// of requests in the order given, one after the other dealt to 4,096 blocks. A group's own mix is shown against the mean of both periods,
// which adds up to the same. Source: Kitagawa 1955, J. Am. Stat. Assoc. 50. Errors: a value that is no number.
func Decompose(before, after []Observation, level float64, seed uint64) (Shift, error) {
	return decompose(before, after, level, seed, Draws)
}

// decompose is Decompose with so many draws.
func decompose(before, after []Observation, level float64, seed uint64, draws int) (Shift, error) {
	if err := checkLevel(level); err != nil {
		return Shift{}, err
	}
	names := groupNames(before, after)
	old, err := gather(before, names)
	if err != nil {
		return Shift{}, err
	}
	now, err := gather(after, names)
	if err != nil {
		return Shift{}, err
	}
	n := min(len(before), len(after))
	s := compare(old.total, now.total, names)
	if n < 2 {
		for _, e := range []*Estimate{&s.Change, &s.Mix, &s.Within} {
			*e = without(e.Value, n, "one side counts nothing or only one")
		}
		return s, nil
	}
	changes, mixes, withins := make([]float64, draws), make([]float64, draws), make([]float64, draws)
	drawn := old.draws(seed, draws)
	for i, later := range now.draws(seed+1, draws) {
		mixes[i], withins[i] = terms(drawn[i], later)
		changes[i] = mixes[i] + withins[i]
	}
	s.Change.N, s.Mix.N, s.Within.N = n, n, n
	s.Change.Interval, s.Mix.Interval, s.Within.Interval = percentiles(changes, level), percentiles(mixes, level), percentiles(withins, level)
	return s, nil
}

func groupNames(before, after []Observation) []string {
	seen := map[string]bool{}
	var names []string
	for _, o := range slices.Concat(before, after) {
		if !seen[o.Group] {
			seen[o.Group] = true
			names = append(names, o.Group)
		}
	}
	slices.Sort(names)
	return names
}

// groupSum is one group's requests and the sum of their values.
type groupSum struct{ n, sum float64 }

func (g groupSum) mean() float64 { return g.sum / g.n }

// period is the requests of one period as blocks that can be drawn.
type period struct {
	total  []groupSum
	start  []int32
	groups []int32
	sums   []groupSum
}

// mostBlocks bounds the work of the bootstrap; block sums of independent requests are as independent, so blocks may be drawn in their place.
const mostBlocks = 4096

func gather(all []Observation, names []string) (period, error) {
	p := period{total: make([]groupSum, len(names))}
	index := make(map[string]int32, len(names))
	for i, name := range names {
		index[name] = int32(i)
	}
	blocks := min(len(all), mostBlocks)
	for b := range blocks {
		p.start = append(p.start, int32(len(p.groups)))
		block := map[int32]int{}
		for i := b; i < len(all); i += blocks {
			if err := checkFinite("value", all[i].Value, true); err != nil {
				return p, err
			}
			g := index[all[i].Group]
			p.total[g].n++
			p.total[g].sum += all[i].Value
			at, known := block[g]
			if !known {
				at = len(p.groups)
				block[g] = at
				p.groups, p.sums = append(p.groups, g), append(p.sums, groupSum{})
			}
			p.sums[at].n++
			p.sums[at].sum += all[i].Value
		}
	}
	p.start = append(p.start, int32(len(p.groups)))
	return p, nil
}

// draws is the groups of each resample.
func (p period) draws(seed uint64, draws int) [][]groupSum {
	all := make([][]groupSum, draws)
	resample(len(p.start)-1, draws, seed, func(draw int, times []uint16) {
		sums := make([]groupSum, len(p.total))
		for b, t := range times {
			for i := p.start[b]; t > 0 && i < p.start[b+1]; i++ {
				sums[p.groups[i]].n += float64(t) * p.sums[i].n
				sums[p.groups[i]].sum += float64(t) * p.sums[i].sum
			}
		}
		all[draw] = sums
	})
	return all
}

// terms is mix and within of two periods.
func terms(before, after []groupSum) (mix, within float64) {
	old, now := whole(before), whole(after)
	for g := range before {
		share0, share1 := before[g].n/old.n, after[g].n/now.n
		mean0, mean1 := means(before[g], after[g])
		mix += (share1 - share0) * (mean0 + mean1) / 2
		within += (mean1 - mean0) * (share0 + share1) / 2
	}
	return mix, within
}

// means is a group's mean before and after; where it is missing on one side, that of the other, so that nothing is within.
func means(before, after groupSum) (float64, float64) {
	switch {
	case before.n == 0 && after.n == 0:
		return 0, 0
	case before.n == 0:
		return after.mean(), after.mean()
	case after.n == 0:
		return before.mean(), before.mean()
	}
	return before.mean(), after.mean()
}

func whole(groups []groupSum) groupSum {
	var all groupSum
	for _, g := range groups {
		all.n += g.n
		all.sum += g.sum
	}
	return all
}

// compare is the shift itself, without intervals.
func compare(before, after []groupSum, names []string) Shift {
	old, now := whole(before), whole(after)
	s := Shift{Before: old.mean(), After: now.mean()}
	middle := (s.Before + s.After) / 2
	against := 0
	for g, name := range names {
		part := GroupShift{Group: name, ShareBefore: before[g].n / old.n, ShareAfter: after[g].n / now.n,
			Before: before[g].mean(), After: after[g].mean()}
		mean0, mean1 := means(before[g], after[g])
		part.Mix = (part.ShareAfter - part.ShareBefore) * ((mean0+mean1)/2 - middle)
		part.Within = (mean1 - mean0) * (part.ShareBefore + part.ShareAfter) / 2
		s.Mix.Value += part.Mix
		s.Within.Value += part.Within
		if (mean1-mean0)*(s.After-s.Before) < 0 {
			against++
		}
		s.Groups = append(s.Groups, part)
	}
	s.Change.Value = s.After - s.Before
	s.Simpson = len(names) > 1 && against == len(names) && !math.IsNaN(s.Change.Value)
	return s
}
