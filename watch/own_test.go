package watch_test

import (
	"context"
	"testing"
	"time"

	"frontline/watch"
	"frontline/watch/sourcetest"
)

// lately is what happened in a Frontline.
type lately struct{ requests, runs []watch.Happening }

func between(all []watch.Happening, from, until time.Time) (out []watch.Happening) {
	for _, h := range all {
		if !h.At.Before(from) && h.At.Before(until) {
			out = append(out, h)
		}
	}
	return out
}

func (l lately) RequestsCame(_ context.Context, from, until time.Time) ([]watch.Happening, error) {
	return between(l.requests, from, until), nil
}

func (l lately) RunsEnded(_ context.Context, from, until time.Time) ([]watch.Happening, error) {
	return between(l.runs, from, until), nil
}

func TestOurselvesAreCounted(t *testing.T) {
	const first = 29_000_000
	at := func(bucket, second int) time.Time { return time.Unix(int64(first+bucket)*60+int64(second), 0) }
	came := func(when time.Time, sort string) watch.Happening {
		return watch.Happening{At: when, Labels: map[string]string{"service": "decision-pipeline", "type": sort, "customer": "nordpank"}}
	}
	ended := func(when time.Time, failed bool) watch.Happening {
		return watch.Happening{At: when, Labels: map[string]string{"action": "queue/purge"}, Failed: failed}
	}
	o := watch.Ourselves{Happenings: lately{
		requests: []watch.Happening{came(at(0, 0), "question"), came(at(0, 59), "question"), came(at(0, 30), "bug"), came(at(2, 0), "bug")},
		runs:     []watch.Happening{ended(at(0, 1), false), ended(at(0, 2), true), ended(at(4, 59), false), ended(at(5, 0), true)}}}
	d := watch.Definition{ID: "requests", Labels: []string{"type"}, Source: watch.Feed{Own: &watch.Own{Of: watch.OwnRequests}}}
	got := sourcetest.Keeps(t, o, d, first, first+4, first+1, first+3)
	if len(got) != 5 || len(got[0].Leaves) != 2 || got[0].Leaves[1].Errors != 2 || got[0].Leaves[1].Values[0] != "question" || got[2].Leaves[0].Errors != 1 {
		t.Errorf("requests: %+v", got)
	}
	d = watch.Definition{ID: "runs", Labels: []string{"action"}, Source: watch.Feed{Own: &watch.Own{Of: watch.OwnRuns}}}
	got = sourcetest.Keeps(t, o, d, first, first+4, first+1, first+2, first+3)
	if x, n := watch.Sum(got[0].Leaves); x != 1 || n != 2 || got[4].Leaves[0].Requests != 1 || got[4].Leaves[0].Errors != 0 {
		t.Errorf("runs: %+v", got)
	}
}
