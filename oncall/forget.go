package oncall

import (
	"context"
	"time"

	"frontline/clock"
	"frontline/job"
)

// Archive forgets old pages. store implements it.
type Archive interface {
	// ForgetPages deletes pages that were opened before the time and have ended, with their attempts, at most limit pages, and returns
	// how many it deleted. What the journal says of them stays.
	ForgetPages(ctx context.Context, before time.Time, limit int) (int64, error)
}

// ForgetArgs has no arguments.
type ForgetArgs struct{}

// JobForget deletes old pages. It is asked for once a day.
func JobForget() job.Kind[ForgetArgs] { return job.Kind[ForgetArgs]{Name: "oncall.forget"} }

const forgetAtOnce = 500 // pages in one transaction

// Forget carries out JobForget. Pages are kept for so long after they were opened; for ever when that is 0.
func Forget(a Archive, keep time.Duration, c clock.Clock) func(context.Context, ForgetArgs) error {
	return func(ctx context.Context, _ ForgetArgs) error {
		for keep > 0 {
			n, err := a.ForgetPages(ctx, c.Now().Add(-keep), forgetAtOnce)
			if err != nil || n < forgetAtOnce {
				return err
			}
		}
		return nil
	}
}
