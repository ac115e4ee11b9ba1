package incident

import (
	"context"
	"sync"
	"time"

	"frontline/clock"
)

// StatusCache reads the status page at most once a second, whoever asks, and goes on showing what it knows while the database is away. A page
// is read most when things are worst.
type StatusCache struct {
	reader StatusReader
	clock  clock.Clock

	mu      sync.Mutex
	last    Published
	at      time.Time // when last was read; zero when never
	next    time.Time // not to be read again before
	reading bool
}

var _ StatusReader = (*StatusCache)(nil)

// freshFor is how long what was read is shown without reading again.
const freshFor = time.Second

// NewStatusCache returns a cache in front of reader.
func NewStatusCache(reader StatusReader, c clock.Clock) *StatusCache {
	return &StatusCache{reader: reader, clock: c}
}

// Published implements StatusReader. It always reads as far back as a Board needs; since only narrows nothing.
func (s *StatusCache) Published(ctx context.Context, _ time.Time) (Published, error) {
	p, _, err := s.Look(ctx)
	return p, err
}

// Look returns the page and when it was read. What it returns must not be changed. While one caller reads, the others get what is known.
func (s *StatusCache) Look(ctx context.Context) (Published, time.Time, error) {
	now := s.clock.Now()
	if p, at, ok := s.known(now); ok {
		return p, at, nil
	}
	fresh, err := s.reader.Published(ctx, BoardSince(now))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading, s.next = false, now.Add(freshFor)
	if err == nil {
		s.last, s.at = fresh, now
	} else if !s.at.IsZero() {
		err = nil // as of earlier is better than nothing, and the caller is told when that was
	}
	return s.last, s.at, err
}

// known returns what can be shown without reading; false when the caller has to read.
func (s *StatusCache) known(now time.Time) (Published, time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && (s.reading || now.Before(s.next)) {
		return s.last, s.at, true
	}
	s.reading = true
	return Published{}, time.Time{}, false
}
