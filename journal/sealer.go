package journal

import (
	"context"
	"log/slog"
	"time"

	"frontline/clock"
)

// Chain is where the sealer works. store implements it.
type Chain interface {
	// Seal seals at most limit entries and returns how many.
	Seal(ctx context.Context, limit int) (int, error)
	// Grew receives when there may be entries to seal.
	Grew() <-chan struct{}
}

// Seal numbers and chains entries as they come, until ctx ends. It works in small bites and after a pause, so that signals and pages are
// written first, and it rests while nothing happens.
func Seal(ctx context.Context, c Chain, clk clock.Clock, log *slog.Logger) {
	const bite, pause = 200, 200 * time.Millisecond
	for {
		n, err := c.Seal(ctx, bite)
		if err != nil && ctx.Err() == nil {
			log.Warn("journal cannot be sealed", "err", err)
		}
		if n < bite || err != nil {
			select {
			case <-c.Grew():
			case <-ctx.Done():
				return
			}
		}
		tick, stop := clk.After(pause)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}
