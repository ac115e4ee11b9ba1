package watch

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSharesSpendTheBudgetAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(1e-3, 1e6), 1, 300).Draw(t, "weights")
		limits, err := Shares(30*24*time.Hour, time.Minute, weights)
		if err != nil {
			t.Fatal(err)
		}
		var alarms float64
		for i, l := range limits {
			alarms += 1 / l
			if j := i - 1; i > 0 && (weights[i] > weights[j]) != (l < limits[j]) && weights[i] != weights[j] {
				t.Fatalf("weights %v and %v have limits %v and %v", weights[j], weights[i], limits[j], l)
			}
		}
		if math.Abs(alarms*43200-1) > 1e-9 {
			t.Fatalf("together they raise %v alarms a month", alarms*43200)
		}
	})
}

func TestSharesThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		promised, bucket time.Duration
		weights          []float64
	}{
		"too often":   {5 * time.Minute, time.Minute, []float64{1}},
		"no bucket":   {time.Hour, 0, []float64{1}},
		"no weight":   {time.Hour, time.Minute, []float64{1, 0}},
		"no number":   {time.Hour, time.Minute, []float64{math.NaN()}},
		"all of them": {time.Hour, time.Minute, []float64{math.Inf(1)}},
	} {
		if _, err := Shares(c.promised, c.bucket, c.weights); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
