package insight

import (
	"math"
	"slices"

	"frontline/insight/stat"
)

// Size is how much work a request was, as whoever closed it felt it.
type Size string

// The sizes. The words are those of the desk.
const (
	Small  Size = "s"
	Medium Size = "m"
	Large  Size = "l"
	Huge   Size = "xl"
)

// band is a size in hours: what it stands for, and the range that it speaks for. The ranges meet at the geometric means of what the sizes stand for.
type band struct{ usual, low, high float64 }

func (s Size) band() (band, bool) {
	const minute = 1.0 / 60
	switch s {
	case Small:
		return band{5 * minute, 0, 10 * minute}, true
	case Medium:
		return band{20 * minute, 10 * minute, 35 * minute}, true
	case Large:
		return band{60 * minute, 35 * minute, 120 * minute}, true
	case Huge:
		return band{240 * minute, 120 * minute, 480 * minute}, true
	}
	return band{}, false
}

// TouchHours joins what was measured with what was felt: the size says in which range the hours lie, the measurement where in it. So a screen that
// was left open makes no small thing large, and a telephone call is not lost. Without a size the measurement counts as it is; without a
// measurement, what the size stands for.
func TouchHours(measured float64, size Size) float64 {
	b, ok := size.band()
	switch {
	case !ok:
		return measured
	case measured == 0:
		return b.usual
	}
	return min(max(measured, b.low), b.high)
}

// TouchBySize lays the measured touch time beside the sizes that people chose. Errors: none of its own.
func TouchBySize(facts []Fact, scope Scope) (Report, error) {
	in := slices.DeleteFunc(scope.within(facts), func(f Fact) bool { return f.Resolved.IsZero() })
	r := scope.begin("touch-by-size", "Measured and felt", "Does the measured time agree with what people say it took?",
		"counted hours = measured, kept within the range of the size: S to 10 min, M 10 to 35, L 35 to 120, XL 2 to 8 h; median of the measured: order statistics; share: Wilson", 1, len(in))
	r.Columns = []Column{{"size", "Size", Text}, {"median", "Measured, half took less", Minutes}, {"within", "Measured within its range", Share},
		{"measured", "Measured in all", Hours}, {"counted", "Counted in all", Hours}, {"requests", "Requests", Count}}
	var whole stat.Count
	for _, row := range []struct {
		size Size
		say  string
	}{{Small, "S, about 5 min"}, {Medium, "M, about 20 min"}, {Large, "L, about an hour"}, {Huge, "XL, half a day or more"}, {"", "no size given"}} {
		cells, agree, err := row.size.line(in, scope)
		if err != nil {
			return Report{}, err
		}
		whole.K, whole.N = whole.K+agree.K, whole.N+agree.N
		r.Rows = append(r.Rows, append([]Cell{Word(row.say)}, cells...))
	}
	share, err := stat.Share(whole.K, whole.N, scope.level())
	if err != nil {
		return Report{}, err
	}
	r.Answer = "No request was closed with a size that was also measured."
	if whole.N > 0 {
		r.Answer = "Measured and felt agree in " + measured(share, percent)
	}
	r.Notes = []string{"Measured is the time that people had the request before them (a pause of 90 seconds ends it), and the time from the plan to the start of runs that helped."}
	return r, nil
}

// line is one size: its cells, and how many that were measured are within its range.
func (s Size) line(facts []Fact, scope Scope) (cells []Cell, agree stat.Count, err error) {
	var minutes []float64
	var seen, counted float64
	n := 0
	b, sized := s.band()
	for _, f := range facts {
		if f.Size != s {
			continue
		}
		n++
		seen, counted = seen+f.Measured, counted+f.Hours
		if f.Measured > 0 {
			minutes = append(minutes, 60*f.Measured)
			if sized {
				agree.N++
				if f.Measured >= b.low && f.Measured <= b.high {
					agree.K++
				}
			}
		}
	}
	median, err := stat.QuantileOf(minutes, 0.5, scope.level())
	if err != nil {
		return nil, agree, err
	}
	within := Figure(stat.Estimate{Value: math.NaN(), Why: "no range"})
	if sized {
		share, err := stat.Share(agree.K, agree.N, scope.level())
		if err != nil {
			return nil, agree, err
		}
		within = Figure(share)
	}
	return []Cell{Figure(median), within, Plain(seen, "a sum of what was measured"), Plain(counted, "a sum"), Counted(n)}, agree, nil
}
