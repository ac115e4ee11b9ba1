package detect

import (
	"math/rand/v2"
	"reflect"
	"syscall"
	"testing"
	"time"
)

// BenchmarkObserve takes one bucket of each of many learnt series at a time, in both directions, with all that is learnt: the time of a
// series-tick and the bytes of a series.
func BenchmarkObserve(b *testing.B) {
	d := newDetector(b, Settings{Look: Both})
	learnt, w, r := learnt(b, d, "S1k", 525600, 14)
	const many = 200_000
	series := make([]Series, many)
	for i := range series {
		series[i] = learnt
	}
	counts := make([]Count, 4096)
	for i := range counts {
		counts[i].Errors, counts[i].Requests, _ = (&w).Next(rand.New(r))
	}
	first := learnt.Last() + 1
	at := 0
	began := processor(b)
	for b.Loop() {
		c := counts[at%len(counts)]
		c.Bucket = first + uint32(at/many)
		d.Observe(&series[at%many], c)
		at++
	}
	b.ReportMetric(float64(processor(b)-began)/float64(at), "cpu-ns/op")
	b.ReportMetric(float64(reflect.TypeFor[Series]().Size()), "B/series")
}

// processor is the processor time of this process: on a busy machine the clock on the wall tells about others.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
