package prometheus

import (
	"math"
	"slices"
	"time"

	"frontline/watch"
	"frontline/watch/detect"
)

const (
	aheadAtMost = 10 * time.Minute // a reading from further ahead is of a clock that is wrong
	usualPause  = time.Minute      // between readings, at most: detect.Increment bridges five of them
)

// count turns readings into what was counted since the last ones, and remembers them in the mark. Buckets up to the position are decided. It returns how
// many series could not be followed because there are too many.
func (p picked) count(m *mark, position uint32) (buckets []watch.Bucket, left int) {
	t := watch.NewTally(p.def)
	quiet := max(longestQuiet, 6*p.def.Every())
	p.advance(m)
	m.forget(quiet)
	for _, c := range p.of {
		if _, known := m.last[c.id]; !known && len(m.last) >= mostMarked {
			left++
			continue
		}
		slices.SortStableFunc(c.samples, func(a, b sample) int { return int(min(max(a.at-b.at, -1), 1)) })
		for _, s := range c.samples {
			if p.takes(s) && m.newest-s.at <= quiet.Milliseconds() {
				p.one(t, m, position, c, s)
			}
		}
	}
	return t.Parts(), left
}

// takes says whether a sample is a reading at all.
func (p picked) takes(s sample) bool {
	return s.at > 0 && s.at <= p.now.Add(aheadAtMost).UnixMilli() && !s.stale() && s.value >= 0 && !math.IsInf(s.value, 1)
}

// advance moves the mark's first and newest times.
func (p picked) advance(m *mark) {
	for _, c := range p.of {
		for _, s := range c.samples {
			if !p.takes(s) {
				continue
			}
			if m.begun == 0 || len(m.last) == 0 && s.at < m.begun {
				m.begun = s.at
			}
			m.newest = max(m.newest, s.at)
		}
	}
}

// one counts what a counter grew up to a reading.
func (p picked) one(t *watch.Tally, m *mark, position uint32, c chosen, s sample) {
	now, pause := s.reading(), max(p.def.Every(), usualPause)
	var before *detect.Sample
	if last, there := m.last[c.id]; there {
		r := last.reading()
		before = &r
		if s.at <= last.at { // twice, or out of order: the next reading counts it
			return
		}
	} else if s.since >= m.begun && s.since > 0 && s.since < s.at && now.At.Sub(now.Since) <= 5*pause {
		before = &detect.Sample{At: now.Since, Since: now.Since} // born while we looked: it began at zero, and says when
	}
	m.last[c.id] = s
	more, known := detect.Increment(before, now, pause)
	if !known {
		return
	}
	n := uint32((s.at - 1) / p.def.Every().Milliseconds()) // a reading at the end of a bucket is of that bucket, as when we ask
	errors, requests := 0.0, 0.0
	if c.errors {
		errors = more
	}
	if c.total {
		requests = more
	}
	switch {
	case more > 0:
		t.Count(n, c.values, errors, requests)
	case n > position && (c.total || p.def.Counted()):
		t.Observed(n)
	}
}

func (s sample) reading() detect.Sample {
	r := detect.Sample{At: time.UnixMilli(s.at), Value: s.value}
	if s.since > 0 {
		r.Since = time.UnixMilli(s.since)
	}
	return r
}
