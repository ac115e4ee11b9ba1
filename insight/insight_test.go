package insight

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/fault"
	"frontline/insight/stat"
)

func tallinn(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Tallinn")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func quarter(t testing.TB) Scope {
	zone := tallinn(t)
	return Scope{From: time.Date(2026, 8, 1, 0, 0, 0, 0, zone), To: time.Date(2026, 11, 1, 0, 0, 0, 0, zone), Now: time.Date(2026, 11, 1, 9, 0, 0, 0, zone),
		Zone: zone, Filter: []Condition{{"team", "technical-support"}}, Seed: 1}
}

// halfYear is what a support team had in half a year: 1,200 requests of four types, of which one in twelve is escalated and the youngest are open.
func halfYear(scope Scope) []Fact {
	r := rand.New(rand.NewPCG(1, 2))
	types := []string{"webhook", "document", "limit", "invoice"}
	customers := []string{"Nordpank", "Lumo Exchange", "Arco Móvil", "Kivi Credit", "Savanna Pay"}
	facts := make([]Fact, 1200)
	begin := scope.From.AddDate(0, -3, 0)
	for i := range facts {
		kind := r.IntN(4)
		f := Fact{Type: types[kind], Asker: fmt.Sprint("asker ", r.IntN(40)), Customer: customers[r.IntN(5)], Confirmed: r.IntN(10) > 0,
			Arrived: begin.Add(time.Duration(r.Float64() * float64(scope.To.Sub(begin)))), Hours: 0.3 * math.Exp(r.NormFloat64())}
		f.Demands = []stat.Part{{Demand: fmt.Sprintf("%s %d", types[kind], r.IntN(3)), Share: 1}}
		f.Escalated = r.Float64() < 0.04+0.03*float64(kind)
		if f.Escalated {
			f.Escalation, f.Tracker, f.Verdict = fmt.Sprint("escalation ", i/40), "pipeline", []string{"", "confirmed", "fixed", "not_a_bug", "duplicate"}[i/40%5]
			f.DeveloperMinutes = 60 * math.Exp(0.8*r.NormFloat64())
		}
		reply, done := f.Arrived.Add(time.Duration(40*math.Exp(r.NormFloat64())*float64(time.Minute))), f.Arrived.Add(time.Duration(20*math.Exp(1.5*r.NormFloat64())*float64(time.Hour)))
		if reply.Before(scope.Now) {
			f.Replied = reply
		}
		if done.Before(scope.Now) {
			f.Resolved = done
		}
		f.Targets = []stat.Target{{Due: f.Arrived.Add(4 * time.Hour), Done: f.Replied}}
		facts[i] = f
	}
	return facts
}

// all is every report of some facts.
func all(facts []Fact, scope Scope) map[string]func() (Report, error) {
	name := func(f Fact) string { return "R-" + f.Arrived.UTC().Format("0102150405") }
	return map[string]func() (Report, error){
		"demand-hours":          func() (Report, error) { return DemandByHours(facts, scope) },
		"escalated-share":       func() (Report, error) { return EscalatedShare(facts, scope) },
		"escalated-by-demand":   func() (Report, error) { return EscalatedByDemand(facts, scope) },
		"escalation-verdicts":   func() (Report, error) { return EscalationVerdicts(facts, scope) },
		"developer-hours-saved": func() (Report, error) { return DeveloperHoursSaved(facts, scope) },
		"time-to-first-reply":   func() (Report, error) { return TimeUntil(FirstReply, facts, scope) },
		"time-to-resolution":    func() (Report, error) { return TimeUntil(Resolution, facts, scope) },
		"service-levels":        func() (Report, error) { return ServiceLevels(facts, scope) },
		"age-of-open":           func() (Report, error) { return AgeOfOpen(facts, scope, name) },
		"what-changed":          func() (Report, error) { return WhatChanged(facts, scope) },
	}
}

func written(t *testing.T, r Report) (asJSON, asCSV string) {
	t.Helper()
	var j, c bytes.Buffer
	if err := r.WriteJSON(&j); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteCSV(&c); err != nil {
		t.Fatal(err)
	}
	return j.String(), c.String()
}

// Every report says what it stands on, gives each figure its interval or why it has none, and comes out the same the second time.
func TestReports(t *testing.T) {
	scope := quarter(t)
	facts := halfYear(scope)
	again := all(halfYear(scope), scope)
	for name, make := range all(facts, scope) {
		r, err := make()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %s %s", name, r.Answer, strings.Join(r.Notes, " "))
		asJSON, asCSV := written(t, r)
		second, err := again[name]()
		if err != nil {
			t.Fatal(err)
		}
		secondJSON, secondCSV := written(t, second)
		if asJSON != secondJSON || asCSV != secondCSV {
			t.Errorf("%s differs the second time:\n%s", name, cmp.Diff(asJSON, secondJSON))
		}
		if r.Name != name || r.N == 0 || len(r.Rows) == 0 || r.Zone != "Europe/Tallinn" || len(r.Filter) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		checkFigures(t, name, asJSON)
		rows, err := csv.NewReader(strings.NewReader(asCSV)).ReadAll()
		if err != nil || len(rows) != len(r.Rows)+1 {
			t.Errorf("%s: the CSV has %d rows, want %d, %v", name, len(rows), len(r.Rows)+1, err)
		}
	}
}

// checkFigures reads the JSON as a stranger would.
func checkFigures(t *testing.T, name, text string) {
	t.Helper()
	var read struct {
		Columns []struct{ Name, Unit string }
		Rows    [][]any
	}
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, row := range read.Rows {
		for i, cell := range row {
			figure, ok := cell.(map[string]any)
			if !ok {
				continue
			}
			_, low := figure["low"]
			_, why := figure["no_interval"]
			if low == why {
				t.Errorf("%s: %s is %v: an interval or why there is none, not both", name, read.Columns[i].Name, figure)
			}
		}
	}
}

// A person is a reference in a fact: which one changes no digit, so that erasing who it stands for changes none either.
func TestReportsDoNotDependOnWhoAsked(t *testing.T) {
	scope := quarter(t)
	facts := halfYear(scope)
	erased := halfYear(scope)
	for i := range erased {
		erased[i].Asker = "erased " + erased[i].Asker
	}
	after := all(erased, scope)
	for name, make := range all(facts, scope) {
		r, err := make()
		if err != nil {
			t.Fatal(err)
		}
		other, err := after[name]()
		if err != nil {
			t.Fatal(err)
		}
		first, _ := written(t, r)
		if second, _ := written(t, other); first != second {
			t.Errorf("%s: %s", name, cmp.Diff(first, second))
		}
	}
}

// Nothing at all is answered with a sentence, or refused with one; never with a figure.
func TestReportsOfNothing(t *testing.T) {
	for name, make := range all(nil, quarter(t)) {
		r, err := make()
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if text, _ := written(t, r); strings.Contains(r.Answer+text, "NaN") || strings.Contains(r.Answer+text, "Inf") || r.Answer == "" {
			t.Errorf("%s of nothing: %s", name, r.Answer)
		}
	}
}

// What a report says about time counts those who still wait: the month that has just ended is not quicker for being young.
func TestOpenRequestsCount(t *testing.T) {
	scope := quarter(t)
	var facts []Fact
	for i := range 100 { // all take 10 days; those of the last days are open
		f := Fact{Type: "limit", Arrived: scope.To.Add(-time.Duration(i) * 12 * time.Hour).Add(-time.Hour)}
		if done := f.Arrived.Add(240 * time.Hour); done.Before(scope.Now) {
			f.Resolved = done
		}
		facts = append(facts, f)
	}
	r, err := TimeUntil(Resolution, facts, scope)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Rows[0][1].Estimate().Value; got != 240 {
		t.Errorf("half within %v hours, want 240", got)
	}
	if r.Rows[0][5].Estimate().Value != 20 || r.N != 100 {
		t.Errorf("of %d there are %v open, want 20", r.N, r.Rows[0][5].Estimate().Value)
	}
	young := facts[:10]
	r, err = TimeUntil(Resolution, young, scope)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Answer, "not yet reached (at least 2.4 days)") {
		t.Errorf("ten open ones: %s", r.Answer)
	}
	text, table := written(t, r)
	if !strings.Contains(text, `"not_yet_reached": true`) || !strings.Contains(table, "all,,58,,,,94,,,,106,,,10,10") {
		t.Errorf("not yet reached is written as\n%s\n%s", text, table)
	}
}

func TestWhatChangedWarnsOfSimpson(t *testing.T) {
	scope := quarter(t)
	var facts []Fact
	add := func(n, escalated int, kind string, at time.Time) {
		for i := range n {
			facts = append(facts, Fact{Type: kind, Arrived: at, Escalated: i < escalated})
		}
	}
	add(100, 40, "webhook", scope.From.AddDate(0, 0, -20))
	add(900, 36, "limit", scope.From.AddDate(0, 0, -20))
	add(400, 140, "webhook", scope.From.AddDate(0, 0, 20))
	add(600, 18, "limit", scope.From.AddDate(0, 0, 20))
	r, err := WhatChanged(facts, scope)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Answer, "+8.2 points") {
		t.Errorf("%s %v", r.Answer, r.Notes)
	}
}

func TestWeeksBeginInTheZone(t *testing.T) {
	scope := quarter(t)
	sunday := time.Date(2026, 10, 18, 22, 30, 0, 0, time.UTC) // Monday in Tallinn
	if got := scope.week(sunday); got != "2026-W43" {
		t.Errorf("the week is %s", got)
	}
	if got := scope.month(time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC)); got != "2026-10" {
		t.Errorf("the month is %s", got)
	}
}

// A whole report as it is written. Figures are rounded for their unit, markup is not escaped, and no text becomes a formula in a spreadsheet.
func TestEncodings(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	r := Report{Name: "example", Title: "Example", Question: "What?", Answer: "Less < more.", N: 120, Formula: "k/n", Version: 2, AsOf: at, Zone: "UTC", Level: 0.95,
		Columns: []Column{{"demand", "Demand", Text}, {"share", "Share", Share}, {"hours", "Hours", Hours}, {"requests", "Requests", Count}},
		Rows: [][]Cell{
			{Word("=HYPERLINK(\"x\")"), Figure(stat.Estimate{Value: 0.075, Interval: stat.Interval{Low: 0.0399721, High: 0.1362}, N: 120}), Plain(-0.001, "measured"), Counted(9)},
			{Word("refund, late"), Figure(stat.Estimate{Value: math.NaN(), Why: "nothing was counted"}), Figure(stat.Estimate{Value: math.Inf(1), Interval: stat.Interval{Low: 12.3456, High: math.Inf(1)}, N: 3}), Counted(1_200_000)},
		},
		Series: []Series{{"share", Share, []Point{{At: "2026-W43", Value: 1.0 / 3, Low: math.NaN(), High: 1, Marks: []string{"outside"}}}}}}
	asJSON, asCSV := written(t, r)
	wantCSV := `demand,share,share_low,share_high,share_no_interval,hours,hours_low,hours_high,hours_no_interval,requests
"'=HYPERLINK(""x"")",0.075,0.04,0.1362,,0,,,measured,9
"refund, late",,,,nothing was counted,,12.35,,,1200000
`
	if diff := cmp.Diff(wantCSV, asCSV); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{`"answer": "Less < more."`, `"definition_version": 2`, `"as_of": "2026-11-01T09:00:00Z"`, `"filter": []`, `"interval_level": 0.95`,
		`"value": 0.3333`, `"low": null`, `"not_yet_reached": true`, `"no_interval": "measured"`, `1200000`} {
		if !strings.Contains(asJSON, part) {
			t.Errorf("the JSON lacks %s:\n%s", part, asJSON)
		}
	}
}

func TestRefusesWhatLacksSomething(t *testing.T) {
	scope := quarter(t)
	whole := scope.begin("example", "Example", "What?", "k/n", 1, 3)
	whole.Answer = "This."
	whole.Columns = []Column{{"share", "Share", Share}}
	for what, spoil := range map[string]func(r *Report){
		"answer":   func(r *Report) { r.Answer = "" },
		"formula":  func(r *Report) { r.Formula = "" },
		"zone":     func(r *Report) { r.Zone = "" },
		"cell":     func(r *Report) { r.Rows = [][]Cell{{}} },
		"text":     func(r *Report) { r.Rows = [][]Cell{{Word("x")}} },
		"interval": func(r *Report) { r.Rows = [][]Cell{{Figure(stat.Estimate{Value: 0.5})}} },
	} {
		r := whole
		spoil(&r)
		if err := r.WriteJSON(new(bytes.Buffer)); !fault.Is(err, fault.Internal) {
			t.Errorf("without %s: %v", what, err)
		}
	}
	if err := whole.WriteCSV(new(bytes.Buffer)); err != nil {
		t.Error(err)
	}
}

func BenchmarkReports(b *testing.B) {
	scope := quarter(b)
	few := halfYear(scope)
	facts := make([]Fact, 0, 100*len(few))
	for range 100 {
		facts = append(facts, few...)
	}
	for name, make := range all(facts, scope) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := make(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
