package desk

import (
	"context"
	"log/slog"
	"time"

	"frontline/clock"
)

// followEvery is how long what is written may be unknown to the search.
const followEvery = time.Second

// Follow keeps the text index up to date until ctx ends. Several replicas may do so.
func Follow(ctx context.Context, f Finding, c clock.Clock, log *slog.Logger) {
	for {
		more, err := f.FollowFindings(ctx)
		if err != nil && ctx.Err() == nil {
			log.Warn("the text index does not follow", "err", err)
			more = false
		}
		if more && ctx.Err() == nil {
			continue
		}
		tick, stop := c.After(followEvery)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}
