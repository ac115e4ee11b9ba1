package action

import (
	"context"
	"time"

	"frontline/clock"
	"frontline/job"
	"frontline/journal"
)

// Archive forgets what is no longer needed in quarantine. store implements it.
type Archive interface {
	// ForgetReplayed deletes what was put back and expired before the time, at most limit things, and returns how many it deleted. What was
	// not put back may be the only copy there is, and is dropped only after a warning.
	ForgetReplayed(ctx context.Context, before time.Time, limit int) (int64, error)
	// QuarantineItems and ChangeKept are those of Shelf.
	QuarantineItems(ctx context.Context, f KeptFilter) ([]Kept, error)
	ChangeKept(ctx context.Context, id string, decide func(Kept) (Kept, journal.Consequences, error)) (Kept, error)
}

// ForgetArgs has no arguments.
type ForgetArgs struct{}

// JobForget deletes what was put back and has expired, warns of what will be dropped, and drops what was warned of. It is asked for once a day.
func JobForget() job.Kind[ForgetArgs] { return job.Kind[ForgetArgs]{Name: "action.forget"} }

const forgetAtOnce = 500 // things in one transaction

// Forget carries out JobForget.
func Forget(a Archive, c clock.Clock) func(context.Context, ForgetArgs) error {
	return func(ctx context.Context, _ ForgetArgs) error {
		now := c.Now()
		here := KeptFilter{States: []KeptState{Captured, Removed}, Limit: forgetAtOnce}
		over, near := here, here
		over.Until, over.Warned = now, now.Add(-warnAtLeast)
		near.Until, near.Quiet = now.Add(warnBefore), true
		if err := changeAll(ctx, a, over, expire(now)); err != nil {
			return err
		}
		if err := changeAll(ctx, a, near, warn(now)); err != nil {
			return err
		}
		for {
			n, err := a.ForgetReplayed(ctx, now, forgetAtOnce)
			if err != nil || n < forgetAtOnce {
				return err
			}
		}
	}
}

// changeAll decides about everything that the filter finds; a decision takes a thing out of what it finds.
func changeAll(ctx context.Context, a Archive, f KeptFilter, decide func(Kept) (Kept, journal.Consequences, error)) error {
	for {
		found, err := a.QuarantineItems(ctx, f)
		if err != nil {
			return err
		}
		for _, k := range found {
			if _, err := a.ChangeKept(ctx, k.ID, decide); err != nil {
				return err
			}
		}
		if len(found) < f.Limit {
			return nil
		}
	}
}
