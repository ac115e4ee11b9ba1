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
	out := make([]Bucket, 0, until-from+1)
	for n := from; n <= until; n++ {
		out = append(out, Bucket{Number: n})
	}
	for _, h := range all {
		b := &out[uint32(h.At.Unix()/width)-from]
		b.Leaves = append(b.Leaves, d.leafOf(h))
	}
	for i := range out {
		out[i].Leaves = Add(nil, out[i].Leaves)
		if d.Counted() { // each leaf was looked at for one bucket
			for j := range out[i].Leaves {
				out[i].Leaves[j].Requests = 1
			}
		}
	}
	return out, nil
}

func (d Definition) leafOf(h Happening) Leaf {
	l := Leaf{Values: make([]string, len(d.Labels)), Requests: 1}
	for i, name := range d.Labels {
		l.Values[i] = h.Labels[name]
	}
	if h.Failed || d.Counted() {
		l.Errors = 1
	}
	return l
}
