// Package clock is the time that is passed in. Nothing but app, cmd and this package asks the operating system
// what time it is, so that a test moves the clock instead of sleeping.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time and wakes.
type Clock interface {
	// Now returns the time in UTC, cut to microseconds, which is what the databases keep.
	Now() time.Time
	// After returns a channel that receives once d has passed, and a function that gives up waiting.
	After(d time.Duration) (<-chan time.Time, func())
}

// Real is the operating system's clock.
type Real struct{}

// Now implements Clock.
func (Real) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// After implements Clock.
func (Real) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Moved is a clock that stands still until a test moves it. It is safe for use by several goroutines.
type Moved struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[*waiter]struct{}
}

type waiter struct {
	at time.Time
	c  chan time.Time
}

// NewMoved returns a clock that stands at t.
func NewMoved(t time.Time) *Moved {
	return &Moved{now: t.UTC().Truncate(time.Microsecond), waiting: map[*waiter]struct{}{}}
}

// Now implements Clock.
func (m *Moved) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// After implements Clock.
func (m *Moved) After(d time.Duration) (<-chan time.Time, func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &waiter{at: m.now.Add(d), c: make(chan time.Time, 1)}
	if d <= 0 {
		w.c <- m.now
		return w.c, func() {}
	}
	m.waiting[w] = struct{}{}
	return w.c, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.waiting, w)
	}
}

// Move lets d pass and wakes whoever waited for it.
func (m *Moved) Move(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	for w := range m.waiting {
		if !w.at.After(m.now) {
			w.c <- m.now
			delete(m.waiting, w)
		}
	}
}
