package runner

import (
	"context"
	"strings"
	"testing"
	"time"

	"frontline/clock"
)

// fewRunners is a store that has runners and is asked for nothing else.
type fewRunners struct {
	Store
	all []Runner
}

func (f *fewRunners) Runners(context.Context) ([]Runner, error) { return f.all, nil }

// A runner that falls silent is told of once, one that is heard again and falls silent again is told of again, and a revoked one is not.
func TestSilenceIsTold(t *testing.T) {
	c := clock.NewMoved(time.Date(2026, 11, 24, 2, 41, 0, 0, time.UTC))
	var told []string
	few := &fewRunners{all: []Runner{{ID: "berlin-1", SeenAt: c.Now()}, {ID: "berlin-2", SeenAt: c.Now()}, {ID: "never"}}}
	d := &Dispatch{Store: few, Clock: c, Lease: time.Minute, Since: c.Now().Add(-time.Hour), Announce: func(kind, id string) { told = append(told, kind+" "+id) }}
	there := map[string]bool{}
	look := func(want string) {
		t.Helper()
		if err := d.listen(t.Context(), there); err != nil || strings.Join(told, ", ") != want {
			t.Errorf("told %q (%v), want %q", told, err, want)
		}
	}
	look("")
	c.Move(30 * time.Second)
	look("")
	few.all[1].RevokedAt = c.Now()
	c.Move(45 * time.Second)
	look("runner berlin-1")
	look("runner berlin-1")
	few.all[0].SeenAt = c.Now()
	look("runner berlin-1")
	c.Move(2 * time.Minute)
	look("runner berlin-1, runner berlin-1")
}
