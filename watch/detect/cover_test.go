package detect

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"frontline/bench/drift"
)

var replicates = flag.Int("replicates", 1, "how many hundred changes of each kind; 10 gives the figures of docs/watches.md")

// covered says of one simulated change which intervals held the truth.
type covered struct{ start, size, excess bool }

// covers raises a change of the ratio at a random time and asks Onset at the alarm.
func covers(t testing.TB, d *Detector, s Series, w drift.World, r *rand.Rand) (covered, bool) {
	var counts []Count
	w.Changed = w.At + uint32(600+r.IntN(1440))
	for s.Open() == 0 && w.At < w.Changed+5*1440 {
		bucket := w.At
		x, n, _ := w.Next(r)
		counts = append(counts, Count{bucket, x, n})
		d.Observe(&s, counts[len(counts)-1])
	}
	if s.Open() == 0 || w.At <= w.Changed {
		return covered{}, false // never found, or a false alarm before
	}
	c, err := d.Onset(&s, counts)
	if err != nil {
		t.Fatal(err)
	}
	var excess float64
	for b := w.Changed; b < w.At; b++ {
		rate, requests := w.Usual(b)
		excess += (w.Ratio - 1) * rate * requests
	}
	return covered{c.From <= w.Changed && w.Changed <= c.To, c.Ratio.Holds(w.Ratio), c.Excess.Holds(excess)}, true
}

func TestIntervalsCover(t *testing.T) {
	for _, c := range []struct {
		name  string
		ratio float64 // 0 is a different one each time, from 1.15 to 2.5
		n     int
	}{{"A1k", 0, 150}, {"A1k", 1.3, 0}, {"A1k", 2, 0}, {"S1k", 0, 0}, {"L20", 4, 0}} {
		n := c.n
		if *replicates > 1 {
			n = 100 * *replicates
		}
		if n == 0 {
			continue // only with -replicates
		}
		d := newDetector(t, Settings{})
		s, w, _ := learnt(t, d, c.name, 525600, 30)
		r := rand.New(rand.NewPCG(31, 1))
		var start, size, excess, of float64
		for range n {
			w := w
			if w.Ratio = c.ratio; c.ratio == 0 {
				w.Ratio = 1 + 0.15*math.Pow(10, r.Float64())
			}
			if got, ok := covers(t, d, s, w, r); ok {
				of++
				start, size, excess = start+one(got.start), size+one(got.size), excess+one(got.excess)
			}
		}
		t.Logf("%s, ratio %v: start %.3f, size %.3f, excess %.3f of %v", c.name, c.ratio, start/of, size/of, excess/of, of)
		for name, hits := range map[string]float64{"start": start, "size": size, "excess": excess} {
			if c.ratio == 0 && c.name == "A1k" && (hits < 0.90*of || hits > 0.99*of) {
				t.Errorf("%s: %v of %v intervals hold the truth", name, hits, of)
			}
		}
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
