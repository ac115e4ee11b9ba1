package web

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
)

func TestLinksOfResults(t *testing.T) {
	got := resultLinks(map[string]string{"evict it": "action:k8s/evict?pod=decide-7&namespace=verity", "the log": "https://logs.verity.example/7",
		"a trick": "javascript:alert(1)", "another": "/settings", "plain": "action:queue/look"}, "incident:i1")
	want := []link{{Word: "evict it", Path: "/actions/k8s/evict?for=incident%3Ai1&in.namespace=verity&in.pod=decide-7"},
		{Word: "plain", Path: "/actions/queue/look?for=incident%3Ai1"}, {Word: "the log", Path: "https://logs.verity.example/7"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestPrefilled(t *testing.T) {
	f := form{Fields: []field{{Name: "in.pod", Kind: "text"}, {Name: "in.token", Kind: "password"}, {Name: "in.why", Value: "as usual"}}}
	got := prefilled(f, map[string][]string{"in.pod": {"decide-7"}, "in.token": {"hunter2"}, "other": {"x"}})
	if got.Fields[0].Value != "decide-7" || got.Fields[1].Value != "" || got.Fields[2].Value != "as usual" {
		t.Errorf("filled in: %+v", got.Fields)
	}
}

func TestDrawn(t *testing.T) {
	c := drawn(action.Chart{Title: "Ready", Labels: []string{"02:00", "02:05", "02:10"}, Series: []action.Series{{Name: "ready", Values: []float64{0, 50, 100}}, {Name: "unacked", Values: []float64{1, math.NaN(), 3}}}})
	if c.Top != "100" || c.Low != "0" || c.First != "02:00" || c.Last != "02:10" || c.Lines[0].Points != "0.0,200.0 300.0,100.0 600.0,0.0" || strings.Count(c.Lines[1].Points, ",") != 2 {
		t.Errorf("drawn %+v", c)
	}
	if c.Table.Rows[2][1] != "100" || len(c.Table.Columns) != 3 {
		t.Errorf("the table is %+v", c.Table)
	}
	bars := drawn(action.Chart{Bars: true, Labels: []string{"a", "b"}, Series: []action.Series{{Values: []float64{-5, 5}}}})
	if len(bars.Bars) != 2 || bars.Bars[0].Y != "100.0" || bars.Bars[0].H != "100.0" || bars.Bars[1].Y != "0.0" {
		t.Errorf("bars %+v", bars.Bars)
	}
	if empty := drawn(action.Chart{}); empty.Top != "1" {
		t.Errorf("an empty chart %+v", empty)
	}
}
