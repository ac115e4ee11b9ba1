package stat

import (
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The limits of Garwood's table, and what they mean: at each end, what was seen or something farther away has the chance that is left.
func TestCountOfIsGarwoods(t *testing.T) {
	for _, c := range []struct {
		n         int
		low, high float64
	}{{0, 0, 3.689}, {1, 0.0253, 5.572}, {2, 0.242, 7.225}, {5, 1.623, 11.668}, {10, 4.795, 18.390}, {50, 37.111, 65.919}} {
		got, err := CountOf(c.n, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "low", got.Low, c.low, 0.0006)
		near(t, "high", got.High, c.high, 0.0006)
		near(t, "at most n at the high end", distuv.Poisson{Lambda: got.High}.CDF(float64(c.n)), 0.025, 1e-9)
		if c.n > 0 {
			near(t, "at least n at the low end", 1-distuv.Poisson{Lambda: got.Low}.CDF(float64(c.n-1)), 0.025, 1e-9)
		}
	}
	if _, err := CountOf(-1, 0.95); err == nil {
		t.Error("-1 is a count")
	}
	if _, err := CountOf(1, 1); err == nil {
		t.Error("1 is a level")
	}
}
