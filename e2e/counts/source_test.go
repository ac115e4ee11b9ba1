// Package counts holds what counts mistakes against a genuine Prometheus: that it is asked, and that it writes to us.
package counts

import (
	"bytes"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"

	"frontline/e2e/neighbour"
	"frontline/integration/prometheus"
	"frontline/watch"
	"frontline/watch/sourcetest"
)

func TestMain(m *testing.M) { neighbour.Main(m) }

// fill writes the readings of one series into a Prometheus, one each ten seconds from a time on.
func fill(t *testing.T, p *neighbour.Monitor, from time.Time, values []float64, labels ...string) {
	t.Helper()
	var series []byte
	for i := 0; i < len(labels); i += 2 {
		label := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), labels[i])
		label = protowire.AppendString(protowire.AppendTag(label, 2, protowire.BytesType), labels[i+1])
		series = protowire.AppendBytes(protowire.AppendTag(series, 1, protowire.BytesType), label)
	}
	for i, v := range values {
		sample := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(v))
		sample = protowire.AppendVarint(protowire.AppendTag(sample, 2, protowire.VarintType), uint64(from.Add(time.Duration(i)*10*time.Second).UnixMilli()))
		series = protowire.AppendBytes(protowire.AppendTag(series, 2, protowire.BytesType), sample)
	}
	body := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), series)
	res, err := http.Post(p.URL+"/api/v1/write", "application/x-protobuf", bytes.NewReader(snappy.Encode(nil, body)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("Prometheus does not take %v: %s", labels, res.Status)
	}
}

// growing are readings each ten seconds over so many minutes, of a counter that grows by so much in each of them.
func growing(first float64, each ...float64) []float64 {
	out := []float64{first}
	for _, more := range each {
		for i := range 6 {
			out = append(out, first+math.Round(more*float64(i+1)/6))
		}
		first += more
	}
	return out
}

// TestPrometheusIsAsked: the increments that a genuine Prometheus has are the ones that were written into it, bucket by bucket, through a restart of a pod.
func TestPrometheusIsAsked(t *testing.T) {
	p := neighbour.Prometheus(t, "global: {scrape_interval: 1h}\n")
	start := time.Now().Add(-20 * time.Minute).Truncate(time.Minute)
	fill(t, p, start, growing(1000, 60, 60, 66, 0, 60), "__name__", "decisions_total", "outcome", "ok", "pod", "a", "customer", "nordpank")
	fill(t, p, start, growing(3, 1, 2, 4, 0, 1), "__name__", "decisions_total", "outcome", "error", "pod", "a", "customer", "nordpank")
	anew := append(growing(500, 6, 6)[:12], growing(4, 2, 0, 12)...) // begins anew ten seconds before the end of the second minute
	fill(t, p, start, anew, "__name__", "decisions_total", "outcome", "ok", "pod", "b", "customer", "kivi")
	fill(t, p, start, growing(1, 0, 0, 0, 0, 0), "__name__", "other_total", "outcome", "error", "pod", "b", "customer", "kivi")

	d := watch.Definition{ID: "decisions", Labels: []string{"whom"}, Source: watch.Feed{Prometheus: &watch.Prometheus{URL: p.URL,
		Errors: `decisions_total{outcome="error"}`, Total: `decisions_total`, Rename: []watch.Renaming{{Label: "whom", From: "customer"}}}}}
	first := uint32(start.Unix() / 60)
	got := sourcetest.Keeps(t, prometheus.New(nil), d, first-5, first+4, first+3)
	leaf := func(customer string, errors, total float64) watch.Leaf {
		return watch.Leaf{Values: []string{customer}, Errors: errors, Requests: total}
	}
	want := []watch.Bucket{
		{Number: first, Leaves: []watch.Leaf{leaf("kivi", 0, 6), leaf("nordpank", 1, 61)}},
		{Number: first + 1, Leaves: []watch.Leaf{leaf("kivi", 0, 4), leaf("nordpank", 2, 62)}}, // what kivi counted up to the restart is not seen at the edges of buckets
		{Number: first + 2, Leaves: []watch.Leaf{leaf("kivi", 0, 2), leaf("nordpank", 4, 70)}},
		{Number: first + 3},
		{Number: first + 4, Leaves: []watch.Leaf{leaf("kivi", 0, 12), leaf("nordpank", 1, 61)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	d.Source.Prometheus.Gauge, d.Source.Prometheus.Total, d.Source.Prometheus.Errors = true, "", `sum by (customer) (decisions_total{pod="a", outcome="error"})`
	gauge := sourcetest.Keeps(t, prometheus.New(nil), d, first, first+1)
	if x, _ := watch.Sum(gauge[0].Leaves); x != 4 {
		t.Errorf("as a gauge, minute %s: %+v", strconv.Itoa(int(first)), gauge)
	}
}
