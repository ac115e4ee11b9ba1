package detect

import "math"

// Usual is the baseline as it is known now, for charts and evidence.
type Usual struct {
	d   *Detector
	sea season
	phi float64
}

// Usual reads what a series has learnt.
func (d *Detector) Usual(s *Series) Usual {
	phi := s.noise.curve(d, s.seen)
	return Usual{d: d, sea: d.season(s), phi: d.phiAt(&phi, d.width)}
}

// Rate is the usual rate in the middle of a bucket, whichever it is, in the past or to come: errors a request.
func (u Usual) Rate(bucket uint32) float64 { return u.sea.at(u.d, bucket) }

// Dispersion is how much more than Poisson the errors of one bucket vary, 1 or more.
func (u Usual) Dispersion() float64 { return u.phi }

// BandOf is where the rate of so many requests lies in 19 of 20 cases while nothing has changed: usual ± 1.96·√(φ·usual/n).
func (u Usual) BandOf(usual, requests float64) (low, high float64) {
	if !(requests > 0) {
		return 0, 0
	}
	sd := math.Sqrt(u.phi * usual / requests)
	return max(0, usual-1.959964*sd), usual + 1.959964*sd
}

// Learnt is the share of the time to learn that a series has observed, from 0 to 1.
func (d *Detector) Learnt(s *Series) float64 {
	if d.learn == 0 {
		return 1
	}
	return min(float64(s.seen)/float64(d.learn), 1)
}
