// Package drift simulates mistake rates whose truth is known, and the detectors that Frontline's is measured beside. Only tests use it.
package drift

import (
	"math"
	"math/rand/v2"
)

// Scenario is one world: its traffic, its usual rate, how that varies although nothing has changed, and the change that is to be found.
type Scenario struct {
	Name     string
	Requests float64 // a bucket, on average
	Rate     float64
	Ratio    float64 // of the rate after the change
	Ramp     int     // buckets in which the change comes up; 0 is at once
	Tuned    float64 // what the CUSUM is told of a ratio that ramps up; 0 is Ratio
	Traffic  float64 // traffic varies by ± this share over the day
	Season   float64 // the rate varies by ± this share over the day
	Weekend  float64 // the rate is so many times as high at weekends; 0 is 1
	Spread   float64 // coefficient of variation of the rate, each bucket by itself (beta-binomial)
	Wander   float64 // standard deviation of a rate that wanders (Ornstein–Uhlenbeck, of its logarithm)
	Memory   float64 // of the wandering, in buckets
	Seconds  int     // of a bucket; 0 is 60
	Both     bool    // both directions are looked at
}

// Scenarios are those of docs/watches.md, in its order.
func Scenarios() []Scenario {
	return []Scenario{
		{Name: "A100", Requests: 100, Rate: 0.01, Ratio: 1.3},
		{Name: "A1k", Requests: 1000, Rate: 0.01, Ratio: 1.3},
		{Name: "A10k", Requests: 10000, Rate: 0.01, Ratio: 1.3},
		{Name: "T10k", Requests: 10000, Rate: 0.01, Ratio: 1.05},
		{Name: "B1k", Requests: 1000, Rate: 0.01, Ratio: 5},
		{Name: "R1k", Requests: 1000, Rate: 0.01, Ratio: 2, Ramp: 360, Tuned: 1.5},
		{Name: "L20", Requests: 20, Rate: 0.01, Ratio: 4},
		{Name: "S1k", Requests: 1000, Rate: 0.01, Ratio: 1.3, Traffic: 0.8, Season: 0.3},
		{Name: "O1k", Requests: 1000, Rate: 0.01, Ratio: 1.3, Spread: 0.3},
		{Name: "U1k", Requests: 1000, Rate: 0.01, Ratio: 1.3, Wander: 0.1, Memory: 60},
		{Name: "V1k", Requests: 1000, Rate: 0.01, Ratio: 1.5, Wander: 0.2, Memory: 30},
		{Name: "W1k", Requests: 1000, Rate: 0.01, Ratio: 1.3, Traffic: 0.8, Season: 0.3, Weekend: 1.4},
		{Name: "D1k", Requests: 1000, Rate: 0.01, Ratio: 1 / 1.3, Both: true},
		{Name: "P1k", Requests: 1000, Rate: 0.01, Ratio: 1.3, Both: true},
		{Name: "K10s", Requests: 1000.0 / 6, Rate: 0.01, Ratio: 1.3, Seconds: 10},
	}
}

// Minutes is the width of a bucket in minutes.
func (s Scenario) Minutes() float64 {
	if s.Seconds == 0 {
		return 1
	}
	return float64(s.Seconds) / 60
}

// World is a scenario as it goes on. It is a value: a copy goes on by itself, with the random numbers it is given.
type World struct {
	Scenario
	At      uint32 // the next bucket
	Changed uint32 // the bucket at which the change begins; 0 is never
	drift   float64
}

// Begin starts the world at a Monday's midnight, with the wandering where it usually is.
func (s Scenario) Begin(r *rand.Rand) World {
	perDay := uint32(1440 / s.Minutes())
	return World{Scenario: s, At: 20000 / 7 * 7 * perDay, drift: r.NormFloat64()}
}

// Usual is the rate that may be expected of the bucket while nothing has changed, and its requests on average.
func (w *World) Usual(bucket uint32) (rate, requests float64) {
	minute := float64(bucket) * w.Minutes()
	wave := math.Sin(2 * math.Pi * minute / 1440)
	rate, requests = w.Rate*(1+w.Season*wave), w.Requests*(1+w.Traffic*wave)
	if day := uint32(minute/1440) % 7; w.Weekend > 0 && (day == 2 || day == 3) {
		rate *= w.Weekend
	}
	return rate, requests
}

// Factor is by how much the change has raised the rate at the bucket.
func (w *World) Factor(bucket uint32) float64 {
	if w.Changed == 0 || bucket < w.Changed {
		return 1
	}
	if age := int(bucket - w.Changed); age < w.Ramp {
		return 1 + (w.Ratio-1)*float64(age)/float64(w.Ramp)
	}
	return w.Ratio
}

// Next is the next bucket: its requests, its errors, and the rate that could be expected of it.
func (w *World) Next(r *rand.Rand) (errors, requests, rate float64) {
	rate, mean := w.Usual(w.At)
	requests = mean
	if w.Traffic > 0 {
		requests = math.Round(mean)
	}
	p := rate * w.Factor(w.At)
	if w.Wander > 0 {
		keep := math.Exp(-1 / w.Memory)
		w.drift = keep*w.drift + math.Sqrt(1-keep*keep)*r.NormFloat64()
		p *= math.Exp(w.Wander*w.drift - w.Wander*w.Wander/2)
	}
	if w.Spread > 0 {
		shape := 1 / (w.Spread * w.Spread)
		p *= gamma(r, shape) / shape
	}
	w.At++
	return Poisson(r, requests*p), requests, rate
}

// Poisson draws a count. Source: inversion below 10; above, Hörmann 1993, Insurance: Mathematics and Economics 12 (PTRS).
func Poisson(r *rand.Rand, mean float64) float64 {
	if mean < 10 {
		p, k := math.Exp(-mean), 0.0
		for u := r.Float64(); u > p; k++ {
			u -= p
			p *= mean / (k + 1)
			if p < 1e-300 {
				return k
			}
		}
		return k
	}
	root := math.Sqrt(mean)
	b := 0.931 + 2.53*root
	a := -0.059 + 0.02483*b
	inverse := 1.1239 + 1.1328/(b-3.4)
	edge := 0.9277 - 3.6224/(b-2)
	for {
		u, v := r.Float64()-0.5, r.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && v <= edge {
			return k
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		l, _ := math.Lgamma(k + 1)
		if math.Log(v*inverse/(a/(us*us)+b)) <= k*math.Log(mean)-mean-l {
			return k
		}
	}
}

// gamma draws from the gamma distribution with mean shape. Source: Marsaglia and Tsang 2000, ACM Transactions on Mathematical Software 26.
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// Oracle is the test that knows the change, but for its ramp: then it is told the middle of it.
func (s Scenario) Oracle() *Cusum {
	if s.Tuned > 0 {
		return NewCusum(s.Tuned)
	}
	return NewCusum(s.Ratio)
}
