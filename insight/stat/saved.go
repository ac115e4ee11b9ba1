package stat

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"frontline/fault"
)

// Kept is one type of request: how many the desk solved without a developer, and what those cost a developer that were escalated.
type Kept struct {
	Type     string
	Resolved int
	Minutes  []float64 // a developer's, one for each escalated request whose time is known
}

// Saved is the developers' time that the desk kept away from them, in hours.
type Saved struct {
	Hours Estimate
	Types []TypeSaved // the most hours first
	Left  []string    // types with too few escalated to know what one costs; they count as nothing
}

// TypeSaved is one type's part; Minutes is the median of its escalated requests.
type TypeSaved struct {
	Type     string
	Resolved int
	Minutes  Estimate
	Hours    Estimate
}

// fewestEscalated is the smallest sample whose median has an interval of 95 % at all: 1 − 2·0.5⁶ = 0.97.
const fewestEscalated = 6

// mostMinutes bounds the work of the bootstrap: a median of more values is as good as normal.
const mostMinutes = 2000

// DeveloperHours is Σ over types of resolved · median minutes / 60. The median is of developers' time on escalated requests of the same
// type, so it is measured and not guessed; it is below the mean, so the figure is a careful one. How many were resolved is counted and has no
// error; what one costs has: a type's interval is that of its median (QuantileOf), the sum's is of Draws resamples of the minutes within
// each type, percentiles (of more than 2,000 minutes of a type, draws from the normal distribution of their median). Types with fewer than 6 known minutes are left out and named. Errors: minutes negative or no numbers.
func DeveloperHours(kinds []Kept, level float64, seed uint64) (Saved, error) {
	var s Saved
	draws, n := make([]float64, Draws), 0
	for i, k := range kinds {
		if k.Resolved < 0 {
			return s, fault.Wrong("resolved", "A count is never negative; leave out what is not known.")
		}
		for _, m := range k.Minutes {
			if err := checkFinite("minutes", m, false); err != nil {
				return s, err
			}
		}
		if len(k.Minutes) < fewestEscalated {
			s.Left = append(s.Left, k.Type)
			continue
		}
		median, err := QuantileOf(k.Minutes, 0.5, level)
		if err != nil {
			return s, err
		}
		s.Types = append(s.Types, typeSaved(k, median))
		s.Hours.Value += s.Types[len(s.Types)-1].Hours.Value
		n += len(k.Minutes)
		if len(k.Minutes) <= mostMinutes {
			addMedians(draws, k, seed+uint64(i))
		} else {
			addNormal(draws, s.Types[len(s.Types)-1].Hours, level, seed+uint64(i))
		}
	}
	slices.Sort(s.Left)
	slices.SortFunc(s.Types, func(a, b TypeSaved) int {
		return cmp.Or(cmp.Compare(b.Hours.Value, a.Hours.Value), cmp.Compare(a.Type, b.Type))
	})
	s.Hours.N = n
	switch len(s.Types) {
	case 0:
		s.Hours.Why = "no type has 6 escalated requests whose time is known"
	case 1:
		s.Hours = s.Types[0].Hours
	default:
		s.Hours.Interval = percentiles(draws, level)
	}
	return s, nil
}

func typeSaved(k Kept, median Estimate) TypeSaved {
	scale := float64(k.Resolved) / 60
	hours := median
	hours.Value, hours.Low, hours.High = hours.Value*scale, hours.Low*scale, hours.High*scale
	return TypeSaved{Type: k.Type, Resolved: k.Resolved, Minutes: median, Hours: hours}
}

// addMedians adds the hours of one type to each draw.
func addMedians(draws []float64, k Kept, seed uint64) {
	sorted := slices.Sorted(slices.Values(k.Minutes))
	n := len(sorted)
	resample(n, len(draws), seed, func(draw int, times []uint16) {
		draws[draw] += (drawn(sorted, times, (n-1)/2) + drawn(sorted, times, n/2)) / 2 * float64(k.Resolved) / 60
	})
}

// addNormal adds what one type's hours may be by the normal distribution that has their interval.
func addNormal(draws []float64, hours Estimate, level float64, seed uint64) {
	random, se := rand.New(rand.NewPCG(seed, stream)), hours.Width()/(2*score(level))
	for i := range draws {
		draws[i] += hours.Value + se*random.NormFloat64()
	}
}

// drawn is the value at a place of the sorted resample.
func drawn(sorted []float64, times []uint16, place int) float64 {
	for i, t := range times {
		if place -= int(t); place < 0 {
			return sorted[i]
		}
	}
	return sorted[len(sorted)-1]
}
