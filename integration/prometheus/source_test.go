package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/fault"
	"frontline/secret"
	"frontline/watch"
	"frontline/watch/sourcetest"
)

// played is a Prometheus whose counters have a reading at some minutes, counted from 0.
type played struct {
	series map[string][]counter // by selector
	status int                  // answered instead
	asked  int
}

type counter struct {
	labels map[string]string
	at     map[int64]float64 // by minute
}

func (p *played) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked++
	q := r.URL.Query()
	if p.status != 0 || r.Header.Get("Authorization") != "Bearer am7kq2" || r.URL.Path != "/prom/api/v1/query_range" || q.Get("step") != "60" {
		w.WriteHeader(max(p.status, 400))
		_, _ = w.Write([]byte(`{"status":"error","errorType":"bad_data","error":"parse error: unclosed left brace"}`))
		return
	}
	start, _ := strconv.ParseInt(q.Get("start"), 10, 64)
	end, _ := strconv.ParseInt(q.Get("end"), 10, 64)
	result := []map[string]any{}
	for _, c := range p.series[q.Get("query")] {
		var values [][2]any
		for at := start; at <= end; at += 60 {
			if v, ok := c.at[at/60]; ok {
				values = append(values, [2]any{at, fmt.Sprint(v)})
			}
		}
		if len(values) > 0 {
			result = append(result, map[string]any{"metric": c.labels, "values": values})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}})
}

// readings begin at a minute, one each; below zero there is none.
func readings(from int64, values ...float64) map[int64]float64 {
	out := map[int64]float64{}
	for i, v := range values {
		if v >= 0 {
			out[from+int64(i)] = v
		}
	}
	return out
}

func (p *played) source(t *testing.T) (*Source, watch.Definition) {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	token := func(_ context.Context, _ watch.Definition, ref secret.Ref) (secret.Text, error) {
		return ref.Resolve(func(string) string { return "am7kq2" })
	}
	return New(token), watch.Definition{ID: "decisions", Service: "decision-pipeline", Labels: []string{"customer", "country"},
		Source: watch.Feed{Prometheus: &watch.Prometheus{URL: server.URL + "/prom/", Token: "env:PROM_TOKEN", Errors: "e", Total: "t",
			Rename: []watch.Renaming{{Label: "customer", From: "tenant"}}}}}
}

func of(tenant, country, pod string) map[string]string {
	return map[string]string{"tenant": tenant, "country": country, "pod": pod}
}

// TestIncrementsAreOfEachCounter: pods are summed to leaves, a counter that begins anew counts what it has, one that was away for some minutes counts what it
// missed, a first reading counts nothing, and nobody fails more often than they ask.
func TestIncrementsAreOfEachCounter(t *testing.T) {
	p := &played{series: map[string][]counter{
		"t": {
			{of("nordpank", "EE", "a"), readings(10, 100, 110, 130, 5, 5, 5, 25)},
			{of("nordpank", "EE", "b"), readings(11, 1000, 1001, -1, -1, 1010, 1010)},
			{of("kivi", "FI", "a"), readings(10, 7, 8, 9, 10, 10, 10, 10)},
		},
		"e": {
			{of("nordpank", "EE", "a"), readings(10, 1, 2, 4, 1, 1, 1, 1)},
			{of("kivi", "FI", "a"), readings(10, 0, 5, 5, 5, 5, 5, 5)},
		},
	}}
	s, d := p.source(t)
	got := sourcetest.Keeps(t, s, d, 5, 20, 13)
	nordpank, kivi := []string{"nordpank", "EE"}, []string{"kivi", "FI"}
	want := []watch.Bucket{ // bucket 10 ends at minute 11
		{Number: 10, Leaves: []watch.Leaf{{Values: kivi, Errors: 1, Requests: 1}, {Values: nordpank, Errors: 1, Requests: 10}}},
		{Number: 11, Leaves: []watch.Leaf{{Values: kivi, Requests: 1}, {Values: nordpank, Errors: 2, Requests: 21}}},
		{Number: 12, Leaves: []watch.Leaf{{Values: kivi, Requests: 1}, {Values: nordpank, Errors: 1, Requests: 5}}},
		{Number: 13},
		{Number: 14, Leaves: []watch.Leaf{{Values: nordpank, Requests: 9}}},
		{Number: 15, Leaves: []watch.Leaf{{Values: nordpank, Requests: 20}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if p.asked < 10 {
		t.Errorf("sixteen buckets were asked for at once, before it was known how much that is")
	}
}

// TestACountAloneAndAGauge: one bucket is one request.
func TestACountAloneAndAGauge(t *testing.T) {
	p := &played{series: map[string][]counter{
		"e": {{of("nordpank", "EE", "a"), readings(10, 1, 2, 2, 5)}, {of("nordpank", "EE", "b"), readings(10, 1, 2, 2, 2)}},
		"g": {{of("kivi", "FI", "a"), readings(11, 0, 2.5)}},
	}}
	s, d := p.source(t)
	d.Source.Prometheus.Total = ""
	want := []watch.Bucket{{Number: 10, Leaves: []watch.Leaf{{Values: []string{"nordpank", "EE"}, Errors: 2, Requests: 1}}}, {Number: 11},
		{Number: 12, Leaves: []watch.Leaf{{Values: []string{"nordpank", "EE"}, Errors: 3, Requests: 1}}}}
	if diff := cmp.Diff(want, sourcetest.Keeps(t, s, d, 9, 15, 11)); diff != "" {
		t.Errorf("count alone (-want +got):\n%s", diff)
	}
	d.Source.Prometheus.Errors, d.Source.Prometheus.Gauge = "g", true
	want = []watch.Bucket{{Number: 10}, {Number: 11, Leaves: []watch.Leaf{{Values: []string{"kivi", "FI"}, Errors: 2.5, Requests: 1}}}}
	if diff := cmp.Diff(want, sourcetest.Keeps(t, s, d, 9, 15, 10)); diff != "" {
		t.Errorf("gauge (-want +got):\n%s", diff)
	}
}

// TestWhyPrometheusCannotBeAsked is said with the next step, without the token.
func TestWhyPrometheusCannotBeAsked(t *testing.T) {
	for status, want := range map[int]struct {
		kind fault.Kind
		say  string
	}{
		400: {fault.Invalid, "unclosed left brace"},
		401: {fault.Unauthenticated, "Set a valid one."},
		403: {fault.Forbidden, "the right to query"},
		503: {fault.Unavailable, "It is tried again."},
	} {
		p := &played{status: status}
		s, d := p.source(t)
		_, err := s.Counts(t.Context(), d, 1, 2)
		if say := fault.Sentence(err); fault.KindOf(err) != want.kind || !strings.Contains(say, want.say) || strings.Contains(fmt.Sprint(err), "am7kq2") {
			t.Errorf("%d: %v, %q", status, fault.KindOf(err), say)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"hello":1}`)) }))
	defer server.Close()
	d := watch.Definition{Source: watch.Feed{Prometheus: &watch.Prometheus{URL: server.URL, Errors: "e"}}}
	if _, err := New(nil).Counts(t.Context(), d, 1, 2); !strings.Contains(fault.Sentence(err), "Look at the address") {
		t.Errorf("not a Prometheus: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	if _, err := New(nil).Counts(ctx, d, 1, 2); !fault.Is(err, fault.Unavailable) {
		t.Errorf("cancelled: %v", err)
	}
}
