package detect

import (
	"math"
	"math/rand/v2"
	"testing"

	"frontline/bench/drift"
)

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
	excess := (w.Ratio - 1) * w.Requests * w.Rate * float64(w.At-w.Changed)
	return covered{c.From <= w.Changed && w.Changed <= c.To, c.Ratio.Holds(w.Ratio), c.Excess.Holds(excess)}, true
}

func TestIntervalsCover(t *testing.T) {
	d := newDetector(t, Settings{})
	s, w, _ := learnt(t, d, "A1k", 525600, 30)
	r := rand.New(rand.NewPCG(31, 1))
	var start, size, excess, n float64
	for range 150 {
		w := w
		w.Ratio = 1 + 0.15*math.Pow(10, r.Float64())
		c, ok := covers(t, d, s, w, r)
		if !ok {
			continue
		}
		n++
		start, size, excess = start+one(c.start), size+one(c.size), excess+one(c.excess)
	}
	t.Logf("start %.3f, size %.3f, excess %.3f of %v", start/n, size/n, excess/n, n)
	for name, share := range map[string]float64{"start": start / n, "size": size / n, "excess": excess / n} {
		if share < 0.90 || share > 0.99 {
			t.Errorf("%s: %.3f of %v intervals hold the truth", name, share, n)
		}
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
