package watch

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func ratio() Definition {
	return Definition{ID: "decisions", Name: "Decisions that fail", Service: "decision-pipeline", Source: Feed{Push: &Push{}}, Labels: []string{"customer", "country"}, By: []string{"country"}, Customer: "customer"}
}

func TestBudgetIsReadInWords(t *testing.T) {
	for words, want := range map[string]time.Duration{"": 720 * time.Hour, "1 a month": 720 * time.Hour, "2 a week": 84 * time.Hour, "4 a year": 91*24*time.Hour + 6*time.Hour, "1 a quarter": 91 * 24 * time.Hour} {
		if got, err := Budget(words); err != nil || got != want {
			t.Errorf("%q is %s %v, want %s", words, got, err, want)
		}
	}
	for _, words := range []string{"1", "none", "0 a month", "-1 a day", "1 per month", "2 a fortnight", "1001 a day"} {
		if got, err := Budget(words); err == nil {
			t.Errorf("%q is %s", words, got)
		}
	}
}

func TestDefinitionSaysWhatIsWrong(t *testing.T) {
	if wrong := ratio().Check(); len(wrong) > 0 {
		t.Fatalf("%+v", wrong)
	}
	for field, change := range map[string]func(*Definition){
		"id":                    func(d *Definition) { d.ID = "Decisions!" },
		"name":                  func(d *Definition) { d.Name = " " },
		"service":               func(d *Definition) { d.Service = "" },
		"zone":                  func(d *Definition) { d.Zone = "Tallinn" },
		"bucket":                func(d *Definition) { d.Bucket = 7 * time.Minute },
		"hold":                  func(d *Definition) { d.Hold = 2 * time.Hour },
		"learn":                 func(d *Definition) { d.Learn = time.Hour },
		"history":               func(d *Definition) { d.History = 36 * 24 * time.Hour },
		"look":                  func(d *Definition) { d.Look = "up" },
		"false_alarms":          func(d *Definition) { d.FalseAlarms = "few" },
		"severity":              func(d *Definition) { d.Severity = "bad" },
		"by[0]":                 func(d *Definition) { d.By = []string{"region"} },
		"customer":              func(d *Definition) { d.Customer = "tenant" },
		"labels[2]":             func(d *Definition) { d.Labels = []string{"customer", "country", "country"} },
		"labels":                func(d *Definition) { d.Labels = strings.Split("customer country a b c d e f g", " ") },
		"source":                func(d *Definition) { d.Source.Own = &Own{Of: OwnRuns} },
		"source.own.of":         func(d *Definition) { d.Source = Feed{Own: &Own{Of: "alerts"}} },
		"source.prometheus.url": func(d *Definition) { d.Source = Feed{Prometheus: &Prometheus{URL: "prometheus:9090", Errors: "e"}} },
		"source.prometheus.total": func(d *Definition) {
			d.Source = Feed{Prometheus: &Prometheus{URL: "http://p", Errors: "e", Total: "t", Gauge: true}}
		},
		"source.remote_write.errors": func(d *Definition) { d.Source = Feed{RemoteWrite: &Written{}} },
		"source.sql.driver":          func(d *Definition) { d.Source = Feed{SQL: &SQL{Driver: "oracle", DSN: "env:DSN", Query: "SELECT 1"}} },
	} {
		d := ratio()
		change(&d)
		var names []string
		for _, f := range d.Check() {
			names = append(names, f.Name)
		}
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+field+" ") {
			t.Errorf("%s: said of %v", field, names)
		}
	}
}

func TestVersionIsOfWhatTheStateDependsOn(t *testing.T) {
	d := ratio()
	same := d
	same.Name, same.FalseAlarms, same.Hold, same.Severity = "Decisions", "2 a week", time.Second, "warning"
	other := d
	other.Labels = []string{"country", "customer"}
	if d.Version() != same.Version() || d.Version() == other.Version() {
		t.Errorf("%s, %s, %s", d.Version(), same.Version(), other.Version())
	}
}

// Whatever is counted, no count is lost between the leaves, the series and the hours.
func TestNoCountIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := ratio()
		value := rapid.SampledFrom([]string{"", "KE", "EE", "a\x1fb"})
		leaf := rapid.Custom(func(t *rapid.T) Leaf {
			n := rapid.IntRange(0, 50).Draw(t, "n")
			return Leaf{Values: []string{value.Draw(t, "customer"), value.Draw(t, "country")}, Requests: float64(n), Errors: float64(rapid.IntRange(0, n).Draw(t, "x"))}
		})
		b := Bucket{Number: 60 * 1000, Leaves: Add(nil, rapid.SliceOfN(leaf, 0, 20).Draw(t, "leaves")), Late: rapid.SliceOfN(leaf, 0, 5).Draw(t, "late")}
		x, n := Sum(append(append([]Leaf{}, b.Leaves...), b.Late...))
		var rx, rn float64
		for _, r := range d.Roots(b) {
			rx, rn = rx+r.Count.Errors+r.Late.Errors, rn+r.Count.Requests+r.Late.Requests
		}
		h := hourly(d)(1000, []Bucket{b})
		hx, hn := Sum(h.Leaves)
		var lx, ln float64
		for _, l := range h.Lines {
			if len(l.Values) > 0 {
				lx, ln = lx+l.Errors[0], ln+l.Requests[0]
			}
		}
		if rx != x || rn != n || hx != x || hn != n || lx != x || ln != n || h.Lines[0].Errors[0] != x {
			t.Fatalf("counted %g of %g; series %g of %g; hour %g of %g; lines %g of %g", x, n, rx, rn, hx, hn, lx, ln)
		}
		back, err := UnpackLeaves(PackLeaves(b.Leaves))
		if diff := cmp.Diff(b.Leaves, back); err != nil || diff != "" && len(b.Leaves) > 0 {
			t.Fatalf("%v %s", err, diff)
		}
		again, err := UnpackHour(PackHour(h))
		again.Number = h.Number
		if diff := cmp.Diff(h, again); err != nil || diff != "" && len(b.Leaves)+len(b.Late) > 0 {
			t.Fatalf("%v %s", err, diff)
		}
	})
}

func TestFiguresReadAsPeopleSayThem(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 2.94: "2.9", 12.4: "12", 212: "212", 12345.6: "12,346", 0.031: "0.031", -1500: "-1,500"} {
		if got := Figure(v); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0 %", 0.01: "1.0 %", 0.0136: "1.4 %", 0.00031: "0.031 %", 0.25: "25 %", 1: "100 %"} {
		if got := Rate(v); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
}
