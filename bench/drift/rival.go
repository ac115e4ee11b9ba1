package drift

import "math"

// Rival is a detector that is given the true baseline: errors, requests and the rate that could be expected, bucket by bucket. Its answer is a
// statistic that an alarm compares with a threshold. Reset begins again after an alarm; Copy goes on by itself.
type Rival interface {
	Next(errors, requests, rate float64) float64
	Reset()
	Copy() Rival
}

// Cusum is Page's test for the true change. It knows what nobody knows, and is the bound where its model holds (Moustakides 1986, Annals of
// Statistics 14).
type Cusum struct{ log, ratio, s float64 }

// NewCusum tests for the ratio.
func NewCusum(ratio float64) *Cusum { return &Cusum{log: math.Log(ratio), ratio: ratio} }

// Next implements Rival.
func (c *Cusum) Next(errors, requests, rate float64) float64 {
	c.s = max(0, c.s+errors*c.log-requests*rate*(c.ratio-1))
	return c.s
}

// Reset implements Rival.
func (c *Cusum) Reset() { c.s = 0 }

// Copy implements Rival.
func (c *Cusum) Copy() Rival { d := *c; return &d }

// Windows compares rates over windows of the past with the baseline. An alarm is when both windows of any pair are above factor times the
// threshold: the multi-window burn rate of the SRE workbook has three pairs, a static threshold one window.
type Windows struct {
	Base  float64
	pairs []pair
	x, n  []float64 // sums up to and with each bucket, in a ring
	at    int
}

type pair struct {
	long, short int // in buckets
	factor      float64
}

// NewBurn is the multi-window burn rate, with its windows in buckets of so many minutes.
func NewBurn(base, minutes float64) *Windows {
	b := func(m float64) int { return int(m / minutes) }
	return newWindows(base, pair{b(60), b(5), 14.4}, pair{b(360), b(30), 6}, pair{b(4320), b(360), 1})
}

// NewStatic is a threshold on the rate of five minutes.
func NewStatic(base, minutes float64) *Windows {
	return newWindows(base, pair{int(5 / minutes), int(5 / minutes), 1})
}

func newWindows(base float64, pairs ...pair) *Windows {
	longest := 0
	for _, p := range pairs {
		longest = max(longest, p.long)
	}
	return &Windows{Base: base, pairs: pairs, x: make([]float64, longest+1), n: make([]float64, longest+1)}
}

// Next implements Rival.
func (w *Windows) Next(errors, requests, _ float64) float64 {
	last, size := w.at%len(w.x), len(w.x)
	w.at++
	now := w.at % size
	w.x[now], w.n[now] = w.x[last]+errors, w.n[last]+requests
	best := 0.0
	for _, p := range w.pairs {
		best = max(best, min(w.rate(p.long), w.rate(p.short))/(w.Base*p.factor))
	}
	return best
}

func (w *Windows) rate(length int) float64 {
	if w.at < length {
		return 0
	}
	now, then := w.at%len(w.x), (w.at-length)%len(w.x)
	return (w.x[now] - w.x[then]) / max(w.n[now]-w.n[then], 1)
}

// Reset implements Rival: windows slide on by themselves.
func (w *Windows) Reset() {}

// Copy implements Rival.
func (w *Windows) Copy() Rival {
	c := *w
	c.x, c.n = append([]float64(nil), w.x...), append([]float64(nil), w.n...)
	return &c
}
