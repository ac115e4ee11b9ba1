package watch

import (
	"context"
	"time"
)

// Happening is one thing that happened in Frontline itself.
type Happening struct {
	At     time.Time
	Labels map[string]string
	Failed bool
}

// Happenings are read where they are kept. store implements it.
type Happenings interface {
	// RequestsCame returns the requests that came from..until (not included), with the labels service, type and customer.
	RequestsCame(ctx context.Context, from, until time.Time) ([]Happening, error)
	// RunsEnded returns the runs of actions that ended from..until (not included), with the labels action and customer; one that failed, or of which
	// nobody knows, has Failed.
	RunsEnded(ctx context.Context, from, until time.Time) ([]Happening, error)
}

// Ourselves counts what happens in Frontline itself.
type Ourselves struct{ Happenings }

var _ Source = Ourselves{}

// Counts implements Source: requests are a count alone, runs are errors of a total.
func (o Ourselves) Counts(ctx context.Context, d Definition, from, until uint32) ([]Bucket, error) {
	width := int64(d.Every() / time.Second)
	read := o.RequestsCame
	if d.Source.Own.Of == OwnRuns {
		read = o.RunsEnded
	}
	all, err := read(ctx, time.Unix(int64(from)*width, 0), time.Unix((int64(until)+1)*width, 0))
	if err != nil {
		return nil, err
	}
	t := NewTally(d)
	for n := from; n <= until; n++ {
		t.Observed(n)
	}
	for _, h := range all {
		values := make([]string, len(d.Labels))
		for i, name := range d.Labels {
			values[i] = h.Labels[name]
		}
		errors := 0.0
		if h.Failed || d.Counted() {
			errors = 1
		}
		t.Count(uint32(h.At.Unix()/width), values, errors, 1)
	}
	return t.Buckets(), nil
}
