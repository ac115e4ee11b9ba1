package detect

import "math"

// Series is all that is kept of one series: 448 bytes, whatever it has seen. Begin makes one.
type Series struct {
	up    [upward]float32 // W_k of rises
	fall  [down]float32   // W_k of falls
	limit float32         // A, in buckets

	rate, slope float32 // errors a request at bucket until, and its change a bucket
	margin      float32 // what is given to the baseline before anything counts as evidence, as a share
	mean        float32 // expected errors a bucket, over some days

	hours [24]bin
	days  [7]bin
	held  [3]bin // this hour and the two before it, which the baseline does not know yet

	noise cascade

	lateErrors, lateRequests float32

	seen  uint32 // observed buckets
	last  uint32 // the last one
	until uint32 // the bucket at which the baseline is read anew
	hour  uint32 // the hour of held[0], counted since 1970 in the zone
	since uint32 // the last bucket at which there was no evidence worth the name

	ratio   float32 // of the change that was raised
	against float32 // evidence that it is over, in nats

	upLevel   [upward]uint8 // dispersion of each component
	fallLevel [down]uint8
	first     uint8 // which ratio up[0] is for
	open      Direction
}

// Begin returns the state of a series of which nothing is known. limit is the mean time to a false alarm in buckets, both directions
// together; watch.Shares hands it out. It is kept between 10 and 10¹².
func (d *Detector) Begin(limit float64) Series {
	s := Series{limit: float32(min(max(limit, 10), 1e12)), first: 3}
	for j := range s.noise.phi {
		s.noise.phi[j] = 1
	}
	if math.IsNaN(limit) {
		s.limit = 1e12
	}
	return s
}

// Limit changes the mean time to a false alarm, in buckets. What was gathered stays.
func (s *Series) Limit(limit float64) {
	if limit > 0 {
		s.limit = float32(min(max(limit, 10), 1e12))
	}
}

// threshold is A of one direction: when both are looked at, each has half of the budget.
func (d *Detector) threshold(s *Series) float64 {
	if d.set.Look == Both {
		return 2 * float64(s.limit)
	}
	return float64(s.limit)
}

// Ready says whether the series has learnt enough to raise anything.
func (d *Detector) Ready(s *Series) bool { return s.seen >= d.learn }

// Open says which change was raised and is not over: 0 is none.
func (s *Series) Open() Direction { return s.open }

// Last is the last bucket that was observed; 0 is none.
func (s *Series) Last() uint32 { return s.last }

// Window is the bucket since which there has been evidence of a change, though the change may have begun a little earlier: fetch the buckets
// since two hours before it to ask Onset.
func (s *Series) Window() uint32 { return s.since }

// Evidence is how near the series is to an alarm: 0 is none, 1 is the alarm. It is ln M / ln A of the direction that is nearer.
func (d *Detector) Evidence(s *Series) float64 {
	m := max(sum(s.up[:]), sum(s.fall[:]))
	if s.open != 0 {
		return 1
	}
	return min(max(math.Log(m), 0)/math.Log(d.threshold(s)), 1)
}

func sum(w []float32) float64 {
	var m float64
	for _, v := range w {
		m += float64(v)
	}
	return m
}

// Late adds what arrived after its bucket was observed. It counts in the next bucket, so that the order in which late counts arrive has no
// effect. Failures tend to arrive later than successes: hold a bucket back for a minute before observing it.
func (d *Detector) Late(s *Series, errors, requests float64) {
	x, n := d.clean(errors, requests)
	s.lateErrors += float32(x)
	s.lateRequests += float32(n)
}

// clean takes what cannot be for what it must have been: no negative count, nothing infinite, and no more errors than requests.
func (d *Detector) clean(errors, requests float64) (x, n float64) {
	if !(requests > 0) || !(errors >= 0) {
		if !(requests > 0) {
			return 0, 0
		}
		errors = 0
	}
	x, n = min(errors, 1e12), min(requests, 1e12)
	if !d.set.Counts {
		x = min(x, n)
	}
	return x, n
}

// Observe takes the next bucket in. A bucket that is not after the last one has been observed already and changes nothing.
func (d *Detector) Observe(s *Series, c Count) Verdict {
	if c.Bucket <= s.last {
		return Verdict{}
	}
	s.last = c.Bucket
	x, n := d.clean(c.Errors, c.Requests)
	x, n = x+float64(s.lateErrors), n+float64(s.lateRequests)
	if n == 0 {
		return Verdict{}
	}
	s.lateErrors, s.lateRequests = 0, 0
	if c.Bucket >= s.until {
		d.turn(s, c.Bucket)
	}
	s.seen++
	expected := n * d.rateAt(s, c.Bucket)
	if s.seen <= d.settle { // the level is hardly known yet
		s.mean = float32(expected)
	}
	s.mean += float32((expected - float64(s.mean)) * d.lbarPer)
	if s.open != 0 {
		return d.recover(s, x, expected)
	}
	if s.seen < d.learn {
		s.learn(d, x, n, expected)
		s.since = c.Bucket
		return Verdict{}
	}
	return d.judge(s, x, n, expected)
}

// rateAt is the learnt rate at the bucket; the season is linear between the middles of two hours.
func (d *Detector) rateAt(s *Series, bucket uint32) float64 {
	return min(max(float64(s.rate)-float64(s.slope)*float64(int32(s.until-bucket)), 1e-12), mostErrors)
}

// learn adds a bucket to what the baseline and the dispersion are made of.
func (s *Series) learn(d *Detector, x, n, expected float64) {
	s.held[0].errors += float32(x)
	s.held[0].exposure += float32(n)
	if s.seen > d.settle {
		s.noise.add(d, s.seen, float64(s.mean), x-expected, expected)
	}
}

// judge weighs the bucket and raises what passes the threshold.
func (d *Detector) judge(s *Series, x, n, expected float64) Verdict {
	limit := d.threshold(s)
	var rise, drop float64
	if d.set.Look&Up != 0 {
		rise = weigh(s.up[:], s.upLevel[:], d.tilts.rise[s.first:], x, expected*(1+float64(s.margin)))
	}
	if d.set.Look&Down != 0 {
		drop = weigh(s.fall[:], s.fallLevel[:], d.tilts.fall[s.firstDown():], x, expected*max(1-float64(s.margin), 0.05))
	}
	m := max(rise, drop)
	switch {
	case m >= limit:
		return d.raise(s, rise >= drop)
	case m < limit*brink:
		s.learn(d, x, n, expected)
	}
	if m < quiet {
		s.since = s.last
	}
	return Verdict{}
}

// quiet is evidence not worth the name: M is above it for a third of the time when nothing has changed.
const quiet = 20

// weigh carries the recursion one bucket on and returns M.
func weigh(w []float32, level []uint8, tilts [][levels]tilt, x, expected float64) (m float64) {
	inject := float32(1 / float64(len(w)))
	for k := range w {
		t := &tilts[k][level[k]]
		v := float64(w[k]+inject) * exp(float64(t.theta)*x-float64(t.kappa)*expected)
		if v > biggest {
			v = biggest
		}
		w[k] = float32(v)
		m += v
	}
	return m
}

// raise opens a change. What the baseline does not know yet is thrown away, so that it never learns the change; the size that recovery is
// measured against is the mean of the ratios, weighted by their evidence.
func (d *Detector) raise(s *Series, up bool) Verdict {
	s.open = Down
	w, first := s.fall[:], s.firstDown()
	if up {
		s.open, w, first = Up, s.up[:], int(s.first)
	}
	var mass, total float64
	for k, v := range w {
		mass += float64(v)
		total += float64(v) * ratio(first+k)
	}
	s.ratio = float32(total / mass)
	if !up {
		s.ratio = 1 / s.ratio
	}
	s.against = 0
	s.held = [3]bin{}
	s.up, s.fall = [upward]float32{}, [down]float32{}
	return Verdict{Event: Raised, Direction: s.open}
}

// firstDown is which ratio fall[0] is for: falls are looked for from 1/1.1 to 1/2.6, and finer where there are many errors.
func (s *Series) firstDown() int { return min(max(int(s.first), 1), 4) }

// Settle tells an open change its size as Onset found it, so that recovery is measured against that.
func (s *Series) Settle(ratio float64) {
	if s.open == Up && ratio > 1.001 && ratio < 1e6 || s.open == Down && ratio > 0 && ratio < 0.999 {
		s.ratio = float32(ratio)
	}
}

// certain is the evidence in nats at which a change is over: 1,000 to 1.
const certain = 6.907755

// recover looks whether an open change is over: Page's test of the old rate against the new one, brought a fifth nearer to the old,
//
//	C ← max(0, C + κ'L − θ'x),  over when C ≥ ln 1000,  ρ' = 1 + 0.8·(ρ−1)
//
// Source: Page 1954, Biometrika 41. Nearer by a fifth, so that a size that was
// overstated does not make what is left of the change look like its end.
func (d *Detector) recover(s *Series, x, expected float64) Verdict {
	rho := 1 + 0.8*(float64(s.ratio)-1)
	phi := dispersion(int(s.levelOf(float64(s.ratio))))
	t := tiltOf(rho, phi)
	s.against = float32(min(max(0, float64(s.against)+float64(t.kappa)*expected-float64(t.theta)*x), 1e6))
	if s.against < certain {
		return Verdict{}
	}
	v := Verdict{Event: Recovered, Direction: s.open}
	s.close()
	return v
}

// levelOf is the dispersion of the component that is nearest to the ratio.
func (s *Series) levelOf(r float64) uint8 {
	level, first := s.upLevel[:], int(s.first)
	if r < 1 {
		r, level, first = 1/r, s.fallLevel[:], s.firstDown()
	}
	k := 0
	for k < len(level)-1 && ratio(first+k) < r {
		k++
	}
	return level[k]
}

// close ends what was open; evidence begins at nothing.
func (s *Series) close() {
	s.open, s.against, s.ratio, s.since = 0, 0, 0, s.last
	s.up, s.fall = [upward]float32{}, [down]float32{}
}

// Accept makes the level since the change the new usual one: somebody has said so. The season keeps its shape; the level is taken from the
// errors and requests counted since the change, and weighs as much as they do.
func (d *Detector) Accept(s *Series, errors, requests float64) {
	x, n := d.clean(errors, requests)
	if s.open == 0 || n == 0 {
		return
	}
	a, b := s.totals()
	if a > 0 && b > 0 {
		level := (x + 0.5) / (n + 1)
		keep := min((x+0.5)/a, 1) // the share of the old weight that the new level deserves
		for i := range s.hours {
			s.hours[i].errors *= float32(keep * level * b / a)
			s.hours[i].exposure *= float32(keep)
		}
	}
	s.close()
	s.until = 0
}
