package desk

import (
	"context"
	"log/slog"
	"time"

	"frontline/clock"
)

// followEvery is how long what is written may be unknown to the search.
const followEvery = time.Second

// Follow keeps the text index and what is known by heart up to date until ctx ends. Several replicas may do so.
func (s *Service) Follow(ctx context.Context, c clock.Clock, log *slog.Logger) {
	for ctx.Err() == nil {
		more, err := s.DB.FollowFindings(ctx)
		if err == nil && !more {
			err = s.freshen(ctx)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("the text index does not follow", "err", err)
		}
		if err == nil && more {
			continue
		}
		tick, stop := c.After(followEvery)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
		}
	}
}

// freshen reads the sample and learns anew when they are old, so that nobody waits for it.
func (s *Service) freshen(ctx context.Context) error {
	book, err := s.Book(ctx)
	if err == nil {
		_, err = s.resample(ctx, book)
	}
	if err != nil {
		return err
	}
	return s.relearnWhenOld(ctx)
}
