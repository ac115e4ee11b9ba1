package detect

import "math"

// scales is at how many lengths of time dispersion is learnt: 1, 6, 36, 216 and 1,296 minutes.
const scales = 5

// cascade learns how much sums of residuals vary at each scale. A block of scale j is factor blocks of scale j−1, so that a bucket costs
// little more than one step on average.
type cascade struct {
	phi  [scales]float32     // variance over mean of blocks of each length, learnt
	r, l [scales - 1]float32 // residuals and expected errors of the blocks that are being filled; the shortest is one bucket
}

// add takes one bucket in: x − L = r where l were expected; seen counts this bucket too.
//
//	φ_j ← φ_j + (min(S², 16·φ_j·L_S) − φ_j·L_S) / (L̄·span·N)
//
// which is the ratio ΣS²/ΣL with a memory of N blocks. S² is cut off at four standard deviations: one burst in an otherwise quiet week would
// blind the series for weeks.
func (c *cascade) add(d *Detector, seen uint32, mean, r, l float64) {
	for j := range c.phi {
		if j > 0 {
			c.r[j-1] += float32(r)
			c.l[j-1] += float32(l)
			if seen%d.span[j] != 0 {
				return
			}
			r, l = float64(c.r[j-1]), float64(c.l[j-1])
			c.r[j-1], c.l[j-1] = 0, 0
		}
		phi, length := float64(c.phi[j]), float64(d.span[j])
		blocks := min(float64(seen), d.memory)/length + 1
		weight := min(l/(mean*length*blocks), 0.5)
		if l > 0 {
			c.phi[j] = float32(phi + weight*(min(r*r/l, 16*max(phi, 1))-phi))
		}
	}
}

// curve returns the dispersion at each scale as it is used: shrunk to the scale below with the weight of 20 blocks, with a quarter of a
// standard error on top, never falling with the scale and never under 1.
func (c *cascade) curve(d *Detector, seen uint32) (phi [scales]float64) {
	below := 1.0
	for j := range c.phi {
		blocks := min(float64(seen-min(seen, d.settle)), d.memory) / float64(d.span[j])
		shrunk := (blocks*float64(c.phi[j]) + 20*below) / (blocks + 20)
		below = max(below, shrunk)
		phi[j] = max(1, below*(1+dispersionMargin*math.Sqrt(2/(blocks+20))))
		if j > 0 {
			phi[j] = max(phi[j], phi[j-1])
		}
	}
	return phi
}

// dispersionMargin is how many standard errors are added to what was learnt of the dispersion.
const dispersionMargin = 0.25

// needed is the dispersion with which a component for a ratio 1+δ must reckon so that sums over no length of time T betray it. For residuals
// that are normal with variance φ(T)·L·T, the component passes ln A when they exceed φ_k·ln A/δ + δLT/2; that this is as improbable as 1/A
// (in the exponent) for every T needs
//
//	φ_k = max over T of (δ/ln A)·(√(2·ln A·φ(T)·L·T) − δ·L·T/2)
//
// Where φ is the same at all scales this is φ. Where it grows, the worst T is longer than the component needs for a true change, and the
// formula finds it; the prototype took "one octave more". The maximum is exact inside each octave, in which φ(T) is taken as constant. More
// than a doubling reckons with what a doubling does: there sums are too short to be normal.
func needed(delta, logA, mean float64, d *Detector, phi *[scales]float64) float64 {
	worst := 1.0
	delta = min(delta, 1)
	step := math.Sqrt(float64(d.factor))
	at := 1.0
	for i := range 2*scales + 1 {
		j := min(i/2, scales-1)
		p := phi[j]
		if i%2 == 1 && j < scales-1 {
			p = math.Sqrt(phi[j] * phi[j+1])
		}
		half := math.Sqrt(step)
		longest := mean * at * half
		if i == 2*scales {
			longest = math.Inf(1)
		}
		lt := min(max(2*logA*p/(delta*delta), mean*at/half), longest)
		worst = max(worst, delta/logA*(math.Sqrt(2*logA*p*lt)-delta*lt/2))
		at *= step
	}
	return worst
}
