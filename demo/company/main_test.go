package company

import (
	"context"
	"testing"
	"time"

	"frontline/e2e/neighbour"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

// open opens a company that lives fast, on a queue of files.
func open(t *testing.T, change func(*Options)) *Company {
	t.Helper()
	o := Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Pace: fast(), Phones: []Holder{
		{Name: "Karl Sepp", Line: "First line", Topic: "verity-karl"}, {Name: "Liis Tamm", Line: "Second line", Topic: "verity-liis"}}}
	if change != nil {
		change(&o)
	}
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func fast() Pace {
	return Pace{Arrive: 20 * time.Millisecond, Decide: 2 * time.Millisecond, Again: 20 * time.Millisecond, Look: 20 * time.Millisecond, Stuck: 300 * time.Millisecond,
		Alerts: AlertPace{Wait: 20 * time.Millisecond, Interval: 50 * time.Millisecond, Repeat: time.Hour}}
}

// until waits until what is observed is as wanted.
func until(t *testing.T, c *Company, what string, is func(Observed) bool) Observed {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	o, err := c.Until(ctx, is)
	if err != nil {
		t.Fatalf("not yet (%v): %s; observed %+v", err, what, o)
	}
	return o
}
