package stat

import (
	"math"
	"math/rand/v2"
	"testing"

	"frontline/fault"
)

// Equal weights are plain counting; unequal ones are less certain, and hold what they promise.
func TestWeightedShare(t *testing.T) {
	plain, err := Share(3, 12, Level)
	if err != nil {
		t.Fatal(err)
	}
	weights, in := make([]float64, 12), make([]bool, 12)
	for i := range weights {
		weights[i], in[i] = 0.5, i < 3
	}
	same, err := Weighted(weights, in, Level)
	if err != nil || math.Abs(same.Low-plain.Low) > 1e-12 || math.Abs(same.High-plain.High) > 1e-12 || same.N != 12 {
		t.Errorf("equal weights: %+v, want %+v, %v", same, plain, err)
	}
	for name, w := range map[string][]float64{"nothing": {0}, "less than nothing": {-1}, "no number": {math.NaN()}, "endless": {math.Inf(1)}, "two for one": {1, 1}} {
		if _, err := Weighted(w, []bool{true}, Level); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if none, err := Weighted(nil, nil, Level); err != nil || none.Known() || !math.IsNaN(none.Value) {
		t.Errorf("of nothing: %+v, %v", none, err)
	}

	r, held := rand.New(rand.NewPCG(1, 2)), 0
	const worlds = 2000
	for range worlds {
		weights, in := make([]float64, 60), make([]bool, 60)
		for i := range weights {
			weights[i], in[i] = []float64{1, 0.5, 0.3}[r.IntN(3)], r.Float64() < 0.3
		}
		e, err := Weighted(weights, in, Level)
		if err != nil {
			t.Fatal(err)
		}
		if e.Low <= 0.3 && 0.3 <= e.High {
			held++
		}
	}
	if share := float64(held) / worlds; share < 0.93 || share > 0.97 {
		t.Errorf("%.1f of a hundred intervals hold the truth", 100*share)
	} else {
		t.Logf("%.1f of a hundred intervals hold the truth", 100*share)
	}
}
