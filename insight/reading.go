package insight

import (
	"context"
	"sync"
	"time"

	"frontline/insight/stat"
)

type part = stat.Part

// The bounds of what is kept of readings.
const (
	fewFacts    = 5_000            // fewer are read anew whenever somebody asks
	keptAsLong  = 100              // a reading is used so many times as long as it took: reading anew costs a hundredth of the time at most
	keptAtMost  = 15 * time.Minute // and a report is never older than this
	mostWindows = 8
	mostKept    = 1_000_000 // facts over all windows
)

// reading is the facts of a window as they were at one moment. It does not change.
type reading struct {
	id       int // no other has it
	from, to time.Time
	facts    []Fact
	at       time.Time // when it was read: the report says so
	until    time.Time // how long it may be used
}

// readings keeps the latest readings, so that a report over many requests is quick when it is asked for again.
type readings struct {
	mu   sync.Mutex
	made int
	kept []reading // the latest last
}

// facts returns the facts of a window; those that arrived up to now when to is not before. Its facts must not be changed.
func (c *readings) facts(ctx context.Context, b *Board, from, to time.Time) (reading, error) {
	now := b.Now()
	if r, ok := c.find(from, to, now); ok {
		return r, nil
	}
	facts, err := b.DB.Facts(ctx, from, to)
	if err != nil {
		return reading{}, err
	}
	took := max(b.Now().Sub(now), 0)
	r := reading{from: from, to: to, facts: facts, at: now, until: now.Add(min(keptAsLong*took, keptAtMost))}
	if len(facts) < fewFacts {
		r.until = now
	}
	return c.keep(r), nil
}

// find returns a reading that has the window. It may end a little earlier than asked, as long as it may be used.
func (c *readings) find(from, to, now time.Time) (reading, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.kept) - 1; i >= 0; i-- {
		r := c.kept[i]
		recent := !r.to.Before(to) || !r.to.Before(r.at) // it has all there was when it was read
		if now.Before(r.until) && recent && !r.from.After(from) {
			return r, true
		}
	}
	return reading{}, false
}

func (c *readings) keep(r reading) reading {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	r.id = c.made
	c.kept = append(c.kept, r)
	total := 0
	for i := len(c.kept) - 1; i >= 0; i-- {
		total += len(c.kept[i].facts)
		if len(c.kept)-i > mostWindows || total > mostKept {
			c.kept = append([]reading(nil), c.kept[i+1:]...)
			break
		}
	}
	return r
}
