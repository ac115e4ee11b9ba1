package runner

import (
	"context"
	"time"
)

// listenEvery is how often it is looked whether a runner has fallen silent.
const listenEvery = 5 * time.Second

// Listen tells open screens when a runner falls silent, until ctx ends: silence writes nothing that would tell them. Each replica tells its own screens.
func (d *Dispatch) Listen(ctx context.Context) {
	there := map[string]bool{}
	for {
		if err := d.listen(ctx, there); err != nil && ctx.Err() == nil {
			d.Log.Warn("it cannot be seen whether runners are there", "err", err)
		}
		tick, stop := d.Clock.After(listenEvery)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// listen looks once, and remembers who was there.
func (d *Dispatch) listen(ctx context.Context, there map[string]bool) error {
	all, err := d.Store.Runners(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		now := d.there(r)
		if there[r.ID] && !now && r.RevokedAt.IsZero() { // who is revoked has been told about
			d.Announce("runner", r.ID)
		}
		there[r.ID] = now
	}
	return nil
}
