package detect

import (
	"math"
	"time"
)

// bin is what was counted at one hour of the day, or on one day of the week.
type bin struct{ errors, exposure float32 }

// turn reads the baseline anew at each half hour: commits hours that have become old enough, finds the season, and draws the line between
// the middles of the two hours around the bucket.
func (d *Detector) turn(s *Series, bucket uint32) {
	local := d.local(bucket)
	if hour := uint32(local / 3600); hour != s.hour {
		d.commit(s, hour)
	}
	sea := d.season(s)
	half := int64(1800)
	from := local / half * half // the line is drawn over this half hour, or over the hour where that is a bucket
	before := (from - half) / 3600
	end := from + max(half, d.width)
	begins, ends := sea.rate(before), sea.rate(before+1)
	at := func(t int64) float64 { return begins + (ends-begins)*float64(t-before*3600-half)/3600 }
	steps := (end - from) / d.width
	s.until = bucket - uint32((local-from)/d.width) + uint32(steps)
	middle := d.width / 2
	s.rate = float32(at(end + middle))
	s.slope = float32((at(end+middle) - at(from+middle)) / float64(steps))
	s.margin = float32(min(standard*max(sea.error(before), sea.error(before+1)), 10) + d.set.Smallest)
}

// local is the bucket's beginning in seconds since 1970 on the clock of the zone.
func (d *Detector) local(bucket uint32) int64 {
	unix := int64(bucket) * d.width
	if d.set.Zone == time.UTC {
		return unix
	}
	_, offset := time.Unix(unix, 0).In(d.set.Zone).Zone()
	return max(unix+int64(offset), 0)
}

// commit moves on to the hour: what was held for two hours is learnt.
func (d *Detector) commit(s *Series, hour uint32) {
	if s.hour == 0 || hour < s.hour { // the first hour ever, or a clock that was put back: keep what is held for the hour that is repeated
		s.hour = hour
		s.tune(d)
		return
	}
	sea := d.season(s)
	for steps := min(hour-s.hour, uint32(len(s.held))); steps > 0; steps-- {
		old := s.held[2]
		s.learnHour(&sea, int64(s.hour)-2, old, d.settle)
		s.held[2], s.held[1], s.held[0] = s.held[1], s.held[0], bin{}
		s.hour++
	}
	s.hour = hour
	if s.seen < d.learn || hour%tuneEvery == 0 {
		s.tune(d)
	}
}

// tuneEvery is how many hours the choice of ratios and their dispersion stands: what it is made of changes over weeks.
const tuneEvery = 4

// learnHour adds one hour to its bins. Each side is freed from the other first: the hour learns errors of requests that are weighted by the
// usual factor of the weekday, the weekday learns errors of those that the hour alone leads to expect.
func (s *Series) learnHour(sea *season, hour int64, b bin, settle uint32) {
	if b.exposure == 0 || hour < 0 {
		return
	}
	h, day := &s.hours[hour%24], &s.days[weekday(hour)]
	h.errors = h.errors*dayKept + b.errors
	h.exposure = h.exposure*dayKept + b.exposure*float32(sea.day(hour))
	if s.seen <= settle { // the level is hardly known yet
		return
	}
	kept := float32(math.Pow(weekKept, 1.0/24))
	day.errors = day.errors*kept + b.errors
	day.exposure = day.exposure*kept + b.exposure*float32(sea.hour(hour))
}

// weekday is the day of the week of an hour since 1970, 0 is a Thursday.
func weekday(hour int64) int64 { return hour / 24 % 7 }

// season is the baseline as it is known at one moment: rate = level · shape of the hour · shape of the weekday.
type season struct {
	s             *Series
	level         float64
	pull, pullDay float64 // pseudo-errors with which an hour or a weekday is drawn to the level; +Inf is a series without that season
	noise, slow   float64 // dispersion of an hour and of a day
	errors        float64 // behind the level
}

// season learns how much hours and weekdays differ. Empirical Bayes by moments:
//
//	p = (Σa + ½)/(Σb + 1),  τ² = max(0, Σ e_h(r_h−1)² − φ(H−1)) / Σ e_h,  s = φ/τ²,  shape_h = (a_h + s)/(p·b_h + s)
//
// with e_h = p·b_h expected errors behind bin h, r_h = a_h/e_h and φ the dispersion of sums over an hour (or a day). A series without a
// season has τ² = 0 and is flat by itself. Source: Clayton and Kaldor 1987, Biometrics 43 (gamma–Poisson shrinkage), moments as in Morris
// 1983, J. Am. Stat. Assoc. 78.
func (d *Detector) season(s *Series) season {
	a, b := s.totals()
	sea := season{s: s, level: (a + 0.5) / (b + 1), errors: a + 0.5}
	phi := s.noise.curve(d, s.seen)
	sea.noise, sea.slow = d.phiAt(&phi, 3600), d.phiAt(&phi, 86400)
	sea.pull = pull(s.hours[:], sea.level, sea.noise)
	sea.pullDay = pull(s.days[:], 1, sea.slow)
	return sea
}

func (s *Series) totals() (errors, exposure float64) {
	for _, h := range s.hours {
		errors += float64(h.errors)
		exposure += float64(h.exposure)
	}
	return errors, exposure
}

// phiAt is the dispersion of sums over so many seconds: that of the nearest scale above.
func (d *Detector) phiAt(phi *[scales]float64, seconds int64) float64 {
	for j, span := range d.span {
		if int64(span)*d.width >= seconds {
			return phi[j]
		}
	}
	return phi[scales-1]
}

func pull(bins []bin, level, noise float64) float64 {
	var spread, expected, n float64
	for _, b := range bins {
		if e := level * float64(b.exposure); e > 0 {
			r := float64(b.errors)/e - 1
			spread += e * r * r
			expected += e
			n++
		}
	}
	if excess := spread - noise*(n-1); n > 1 && excess > 0 {
		return max(noise*expected/excess, 1e-6)
	}
	return math.Inf(1)
}

// shape is the factor of one bin.
func shape(b bin, level, pull float64) float64 {
	if math.IsInf(pull, 1) {
		return 1
	}
	return (float64(b.errors) + pull) / (level*float64(b.exposure) + pull)
}

func (sea *season) hour(h int64) float64 {
	return sea.level * shape(sea.s.hours[h%24], sea.level, sea.pull)
}

func (sea *season) day(h int64) float64 { return shape(sea.s.days[weekday(h)], 1, sea.pullDay) }

// rate is errors a request in the middle of the hour. Bins that nobody counted, from a snapshot that somebody made up, could make it infinite.
func (sea *season) rate(h int64) float64 { return min(sea.hour(h)*sea.day(h), mostErrors) }

// mostErrors is the largest rate: where errors are a count without a total it is that of a bucket.
const mostErrors = 1e12

// error is the standard error of rate as a share of it: that of the level, and that of each shape, which stands on its own errors and on
// those it borrows. Where there is no season only the level is uncertain.
func (sea *season) error(h int64) float64 {
	v := sea.noise / sea.errors
	if !math.IsInf(sea.pull, 1) {
		v += sea.noise / (float64(sea.s.hours[h%24].errors) + sea.pull)
	}
	if !math.IsInf(sea.pullDay, 1) {
		v += sea.slow / (float64(sea.s.days[weekday(h)].errors) + sea.pullDay)
	}
	return math.Sqrt(v)
}

// tune chooses which ratios are looked for, and the dispersion of each. The largest ratio is the smallest one that a single
// bucket would prove: a larger one would only pass the threshold further, and waste its share of the budget. Evidence moves with its ratio,
// and what falls off an end goes to the neighbour, so that M stays what it is.
func (s *Series) tune(d *Detector) {
	logA, mean := math.Log(d.threshold(s)), max(float64(s.mean), 1e-9)
	top := upward - 1
	for top < ratios-1 && (ratio(top)*math.Log(ratio(top))-ratio(top)+1)*mean < logA {
		top++
	}
	s.shift(top - upward + 1)
	phi := s.noise.curve(d, s.seen)
	for k := range s.upLevel {
		s.upLevel[k] = level(needed(ratio(int(s.first)+k)-1, logA, mean, d, &phi))
	}
	for k := range s.fallLevel {
		s.fallLevel[k] = level(needed(1-1/ratio(s.firstDown()+k), logA, mean, d, &phi))
	}
}

// shift moves the window of ratios.
func (s *Series) shift(first int) {
	downBefore := s.firstDown()
	by := first - int(s.first)
	s.first = uint8(first)
	slide(s.up[:], by)
	slide(s.fall[:], s.firstDown()-downBefore)
}

// slide moves evidence by so many places to the front; what falls off stays in the place at the end.
func slide(w []float32, by int) {
	if by == 0 {
		return
	}
	var old [upward]float32
	copy(old[:], w)
	clear(w)
	for k, v := range old[:len(w)] {
		at := min(max(k-by, 0), len(w)-1)
		w[at] = min(w[at]+v, biggest)
	}
}

// Inherit gives a series that has not been observed yet its parent's rate, season and noise, with the weight of five errors: enough to begin
// with, and soon outvoted.
func (d *Detector) Inherit(s, parent *Series) {
	a, _ := parent.totals()
	if s.seen > 0 || a <= 0 {
		return
	}
	weight := float32(min(inherited/a, 1))
	for i, b := range parent.hours {
		s.hours[i] = bin{b.errors * weight, b.exposure * weight}
	}
	for i, b := range parent.days {
		s.days[i] = bin{b.errors * weight, b.exposure * weight}
	}
	s.noise.phi = parent.noise.phi
}

// inherited is how many errors a parent's baseline weighs.
const inherited = 5
