package action

import (
	"context"
	"time"

	"frontline/clock"
	"frontline/job"
)

// Archive forgets what is no longer needed in quarantine. store implements it.
type Archive interface {
	// ForgetReplayed deletes what was put back and expired before the time, at most limit things, and returns how many it deleted. What was
	// not put back may be the only copy there is, and stays.
	ForgetReplayed(ctx context.Context, before time.Time, limit int) (int64, error)
}

// ForgetArgs has no arguments.
type ForgetArgs struct{}

// JobForget deletes what was put back and has expired. It is asked for once a day.
func JobForget() job.Kind[ForgetArgs] { return job.Kind[ForgetArgs]{Name: "action.forget"} }

const forgetAtOnce = 500 // things in one transaction

// Forget carries out JobForget.
func Forget(a Archive, c clock.Clock) func(context.Context, ForgetArgs) error {
	return func(ctx context.Context, _ ForgetArgs) error {
		for {
			n, err := a.ForgetReplayed(ctx, c.Now(), forgetAtOnce)
			if err != nil || n < forgetAtOnce {
				return err
			}
		}
	}
}
