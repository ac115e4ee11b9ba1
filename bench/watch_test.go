package bench

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/bench/drift"
	"frontline/watch/detect"
)

var (
	nullYears = flag.Int("watch.years", 2, "null years of BenchmarkDetection")
	changes   = flag.Int("watch.changes", 60, "changes of BenchmarkDetection")
	seed      = flag.Uint64("watch.seed", 20261123, "seed of BenchmarkDetection and BenchmarkIntervals")
	only      = flag.String("watch.only", "", "scenarios of BenchmarkDetection, separated by commas; all where empty")
	rivals    = flag.Bool("watch.rivals", true, "run the rivals too")
)

// measured is what one detector did in one scenario.
type measured struct {
	delays []float64 // minutes; +Inf is not within seven days
	alarms int
	years  float64
}

func (m measured) String() string {
	slices.Sort(m.delays)
	return fmt.Sprintf("%s / %s · %d in %.0f y", minutes(m.delays, 0.5), minutes(m.delays, 0.9), m.alarms, m.years)
}

func minutes(sorted []float64, share float64) string {
	v := sorted[int(share*float64(len(sorted)-1)+0.5)]
	if math.IsInf(v, 1) {
		return "-"
	}
	return fmt.Sprintf("%.3g", math.Round(v*10)/10)
}

// warm is how long everything learns before it is measured: 60 days.
const warm = 60 * 1440

// esr runs Frontline's detector through null years and then through changes at random times, each from a copy of the state and the world at
// that time.
func esr(b *testing.B, s drift.Scenario) measured {
	d, series := begin(b, s)
	r := rand.New(rand.NewPCG(*seed, 1))
	w := s.Begin(r)
	per := 1 / s.Minutes()
	m := measured{years: float64(*nullYears)}
	for range int(warm * per) {
		observe(d, &series, &w, r)
	}
	length := int(float64(*nullYears) * 525600 * per)
	gap := length / *changes
	next := r.IntN(gap)
	for i := range length {
		if v := observe(d, &series, &w, r); v.Event == detect.Raised {
			m.alarms++
		}
		if i == next {
			next = (i/gap+1)*gap + r.IntN(gap)
			if series.Open() == 0 {
				m.delays = append(m.delays, delay(d, series, w, r.Uint64()))
			}
		}
	}
	return m
}

func begin(b *testing.B, s drift.Scenario) (*detect.Detector, detect.Series) {
	set := detect.Settings{Bucket: time.Duration(s.Minutes() * float64(time.Minute))}
	if s.Both {
		set.Look = detect.Both
	}
	d, err := detect.New(set)
	if err != nil {
		b.Fatal(err)
	}
	return d, d.Begin(525600 / s.Minutes())
}

func observe(d *detect.Detector, s *detect.Series, w *drift.World, r *rand.Rand) detect.Verdict {
	at := w.At
	x, n, _ := w.Next(r)
	return d.Observe(s, detect.Count{Bucket: at, Errors: x, Requests: n})
}

func delay(d *detect.Detector, s detect.Series, w drift.World, seed uint64) float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	w.Changed = w.At
	for i := range int(7 * 1440 / w.Minutes()) {
		if v := observe(d, &s, &w, r); v.Event == detect.Raised {
			return float64(i+1) * w.Minutes()
		}
	}
	return math.Inf(1)
}

// beside runs a rival whose threshold is calibrated in the same null years to one alarm a year.
func beside(s drift.Scenario, rival drift.Rival) measured {
	r := rand.New(rand.NewPCG(*seed, 1))
	w := s.Begin(r)
	per := 1 / s.Minutes()
	for range 10 * 1440 * int(per) {
		rival.Next(w.Next(r))
	}
	type moment struct {
		w drift.World
		d drift.Rival
	}
	var moments []moment
	var peaks []float64 // the highest of each day; neighbouring days with alarms are one
	length := int(float64(*nullYears) * 525600 * per)
	gap := length / *changes
	next, day, peak := r.IntN(gap), int(1440*per), 0.0
	for i := range length {
		peak = max(peak, rival.Next(w.Next(r)))
		if (i+1)%day == 0 {
			peaks, peak = append(peaks, peak), 0
		}
		if i == next {
			next = (i/gap+1)*gap + r.IntN(gap)
			moments = append(moments, moment{w, rival.Copy()})
		}
	}
	threshold := calibrate(peaks, *nullYears)
	m := measured{years: float64(*nullYears), alarms: episodes(peaks, threshold)}
	for _, at := range moments {
		r, w := rand.New(rand.NewPCG(r.Uint64(), 2)), at.w
		w.Changed = w.At
		found := math.Inf(1)
		for i := range int(7 * 1440 * per) {
			if at.d.Next(w.Next(r)) >= threshold {
				found = float64(i+1) * w.Minutes()
				break
			}
		}
		m.delays = append(m.delays, found)
	}
	return m
}

// calibrate finds the lowest threshold with at most so many episodes.
func calibrate(peaks []float64, alarms int) float64 {
	sorted := slices.Clone(peaks)
	slices.Sort(sorted)
	low, high := 0, len(sorted)-1
	for low < high {
		if mid := (low + high) / 2; episodes(peaks, sorted[mid]) > alarms || mid < len(sorted)*3/4 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return sorted[low]
}

func episodes(peaks []float64, threshold float64) int {
	n, before := 0, false
	for _, p := range peaks {
		now := p >= threshold
		if now && !before {
			n++
		}
		before = now
	}
	return n
}

// BenchmarkDetection prints, for each scenario, the delay of Frontline's detector (median / 90th percentile, in minutes) and its false alarms in
// null years, beside rivals whose thresholds are calibrated in the same null years to one alarm a year. See docs/watches.md.
func BenchmarkDetection(b *testing.B) {
	for _, s := range drift.Scenarios() {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), s.Name) {
			continue
		}
		b.Run(s.Name, func(b *testing.B) {
			for b.Loop() {
				line := fmt.Sprintf("%s | %s", s.Name, esr(b, s))
				if *rivals {
					line += fmt.Sprintf(" | %s | %s | %s", beside(s, s.Oracle()), beside(s, drift.NewBurn(s.Rate, s.Minutes())), beside(s, drift.NewStatic(s.Rate, s.Minutes())))
				}
				b.Log(line)
			}
		})
	}
}
