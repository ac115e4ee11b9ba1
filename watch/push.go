package watch

import (
	"context"
	"math"
	"time"

	"frontline/fault"
	"frontline/people"
)

// Count is one line of what is pushed.
type Count struct {
	At     time.Time         // within the bucket
	Labels map[string]string // by the definition's labels; others are left out
	Errors float64
	Total  float64
}

const (
	mostPushed = 100_000       // lines of one delivery
	latePushed = 2 * time.Hour // how long after it was decided a bucket still takes what is late
)

// Push takes counts in that somebody sends. The same delivery key again counts nothing; without one, what is sent again is counted again.
// All lines are taken or none.
func (s *Service) Push(ctx context.Context, by people.Actor, id, delivery string, counts []Count) error {
	d, err := s.definition(ctx, by, id)
	if err != nil {
		return err
	}
	if err := people.May(by, people.SendCounts, d.Subject()); err != nil {
		return err
	}
	switch {
	case d.Source.Push == nil:
		return fault.New(fault.Conflict, "The watch %s takes no counts that are sent: its source is another one. Make a watch with the source push.", d.ID)
	case len(delivery) > 200:
		return fault.Wrong("idempotency_key", "An idempotency key has at most 200 characters.")
	case len(counts) > mostPushed:
		return fault.Wrong("counts", "One delivery has at most %d lines. Send it in several.", mostPushed)
	}
	return s.Store.TakeCounts(ctx, d.ID, func(c Cursor) (Taken, error) {
		buckets, err := d.buckets(counts, c.Position, s.Clock.Now())
		return Taken{Key: delivery, Buckets: buckets}, err
	})
}

// buckets sorts lines into buckets.
func (d Definition) buckets(counts []Count, position uint32, now time.Time) ([]Bucket, error) {
	width := int64(d.Every() / time.Second)
	t := NewTally(d)
	for i, c := range counts {
		if err := d.sane(c, i, now); err != nil {
			return nil, err
		}
		n := uint32(c.At.Unix() / width)
		if end := time.Unix(int64(n+1)*width, 0); n <= position && now.Sub(end) > latePushed {
			return nil, fault.Wrong("counts", "Count %d is of %s, which was decided more than %s ago. Send history before the first counts of now.", i+1, c.At.UTC().Format(time.RFC3339), latePushed)
		}
		values := make([]string, len(d.Labels))
		for j, l := range d.Labels {
			values[j] = c.Labels[l]
		}
		t.Count(n, values, c.Errors, c.Total)
	}
	return t.Parts(), nil
}

// sane refuses counts that cannot be.
func (d Definition) sane(c Count, i int, now time.Time) error {
	switch {
	case c.At.IsZero() || c.At.After(now.Add(10*time.Minute)):
		return fault.Wrong("counts", "Count %d has no time, or one that has not come. Give it as RFC 3339, such as 2026-11-23T14:07:00Z.", i+1)
	case c.At.Before(now.Add(-keepHours)):
		return fault.Wrong("counts", "Count %d is older than 35 days. Leave it out.", i+1)
	case !(c.Errors >= 0) || math.IsInf(c.Errors, 0) || !(c.Total >= 0) || math.IsInf(c.Total, 0):
		return fault.Wrong("counts", "Count %d has a count below zero, or none. Send errors and total as numbers.", i+1)
	case !d.Counted() && c.Errors > c.Total:
		return fault.Wrong("counts", "Count %d has more errors (%g) than requests (%g). Send both of the same requests.", i+1, c.Errors, c.Total)
	}
	return nil
}
