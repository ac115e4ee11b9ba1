package incident

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/alert"
	"frontline/fault"
	"frontline/insight/stat"
	"frontline/watch"
	"frontline/watch/detect"
	"frontline/watch/locate"
)

func measured(hit float64, list ...locate.Hurt) Measured {
	m := Measured{Name: "Decisions that fail"}
	m.NamesCustomers = true
	m.Customers = locate.Customers{Exposed: 40, Failed: len(list), List: list, Hit: stat.Estimate{Value: hit, Interval: stat.Interval{Low: hit - 0.6, High: hit + 0.6}}}
	return m
}

// TestWeigh: what was measured, whom people named and who asked come together at one customer each, the surest first.
func TestWeigh(t *testing.T) {
	h := Harm{Measures: []Measured{measured(2.2,
		locate.Hurt{Customer: "NORDPANK", Errors: 30, Requests: 900, Expected: 9, Chance: 0.99},
		locate.Hurt{Customer: "kivi", Errors: 4, Requests: 300, Expected: 3, Chance: 0.6},
		locate.Hurt{Customer: "savanna", Errors: 1, Requests: 300, Expected: 3, Chance: 0.2},
		locate.Hurt{Customer: "", Errors: 9, Requests: 9, Chance: 1})}}
	h.Customers = weigh(NewVerity(), h.Measures, []string{"Arco Móvil"}, []Asking{{"lumo", 3}, {"kivi", 1}})
	want := []Hurt{
		{ID: "nordpank", Name: "Nordpank", Tier: "platinum", Owner: "wanjiru", Certainty: Certainly, Errors: 30, Requests: 900, Expected: 9, Chance: 0.99},
		{Name: "Arco Móvil", Certainty: Certainly, Named: true},
		{ID: "kivi", Name: "Kivi Credit", Certainty: Probably, Errors: 4, Requests: 300, Expected: 3, Chance: 0.6, Asked: 1},
		{ID: "lumo", Name: "Lumo Exchange", Tier: "gold", Certainty: AskedUs, Asked: 3},
	}
	if diff := cmp.Diff(want, h.Customers); diff != "" {
		t.Error(diff)
	}
	if got := h.Say(); got != "About 2 customers were hit (1 to 3 of 40): 2 certainly, 1 probably; 1 more asked us." {
		t.Errorf("it says %q", got)
	}
	h.Measures = append(h.Measures, measured(1)) // whose customers may be the same
	if got := h.Say(); got != "3 customers were hit: 2 certainly, 1 probably; 1 more asked us." {
		t.Errorf("of two measures: %q", got)
	}
	if got := (Harm{Customers: h.Customers[3:]}).Say(); got != "1 customer asked us about it." {
		t.Errorf("of those who asked: %q", got)
	}
	if got := (Harm{}).Say(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	var text strings.Builder
	h.Customers[1].Name = "=cmd()"
	if err := h.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 5 || lines[1] != "nordpank,Nordpank,platinum,wanjiru,certainly,30,900,9.00,0.9900,false,0" || lines[2] != ",'=cmd(),,,certainly,,,,,true,0" {
		t.Errorf("as CSV:\n%s", text.String())
	}
}

// TestFollow: a measure is made of what was found behind the alerts: where the whole is known, of that; otherwise of each series; not of what was
// found before, of what is no problem, and not of what was not looked at yet.
func TestFollow(t *testing.T) {
	d := watch.Definition{ID: "decisions", Labels: []string{"customer", "country"}, By: []string{"country"}}
	g := alert.Group{Source: "watch", Key: "watch/decisions", BeganAt: noon}
	found := func(series string, causes ...locate.Label) watch.Finding {
		f := watch.Finding{Number: 12, Watch: "decisions", Direction: detect.Up, State: watch.Open, RaisedAt: noon.Add(9 * time.Minute),
			Evidence: watch.Evidence{AssessedAt: noon.Add(10 * time.Minute), Start: noon}}
		if series != "" {
			f.Series = []string{series}
		}
		if len(causes) > 0 {
			f.Causes = []locate.Cause{{Labels: causes}}
		}
		return f
	}
	savanna, kenya := locate.Label{Name: "customer", Value: "savanna"}, locate.Label{Name: "country", Value: "KE"}
	whole := found("", savanna)
	everyone := found("")
	everyone.Everyone = true
	early, joke, fresh := found("KE"), found("KE"), found("KE")
	early.RaisedAt, joke.Feedback, fresh.AssessedAt = noon.Add(-time.Hour), watch.NotProblem, time.Time{}
	for name, c := range map[string]struct {
		found []watch.Finding
		want  [][]locate.Label
	}{
		"the whole before its series":       {[]watch.Finding{found("KE", savanna), whole}, [][]locate.Label{{savanna}}},
		"everyone":                          {[]watch.Finding{everyone}, [][]locate.Label{nil}},
		"a series with its cause":           {[]watch.Finding{found("KE", kenya, savanna), found("")}, [][]locate.Label{{kenya, savanna}}},
		"two series":                        {[]watch.Finding{found("KE"), found("EE")}, [][]locate.Label{{kenya}, {{Name: "country", Value: "EE"}}}},
		"the same twice":                    {[]watch.Finding{found("KE"), found("KE")}, [][]locate.Label{{kenya}}},
		"before, no problem, not looked at": {[]watch.Finding{early, joke, fresh}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got [][]locate.Label
			for _, m := range follow(d, c.found, g) {
				got = append(got, m.Labels)
				if m.Finding != "F-12" || !m.From.Equal(noon) || !m.Until.IsZero() {
					t.Errorf("%+v", m)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, ok := watchOf(alert.Group{Source: "prometheus", Key: "watch/decisions"}); ok {
		t.Error("another source's alerts are taken for a watch's")
	}
}

func TestCustomersOfText(t *testing.T) {
	for text, want := range map[string][]string{
		"Nordpank\n  lumo \n\nKivi Credit\n":                          {"Nordpank", "lumo", "Kivi Credit"},
		"\ufeffname,tier\nNordpank,platinum\n\"Lumo, Exchange\",gold": {"Nordpank", "Lumo, Exchange"},
		"tier;customer_id\nplatinum;nordpank\n\ngold;lumo;more":       {"nordpank", "lumo"},
		"customer\tid\nNordpank\t7":                                   {"Nordpank"},
		"":                                                            nil,
		"say \"hello\"\nkivi":                                         {"say \"hello\"", "kivi"},
	} {
		got, err := Customers(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
}

func FuzzCustomersOfText(f *testing.F) {
	f.Add("name;tier\nNordpank;platinum\n\"x")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := Customers(text)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		for _, name := range all {
			if strings.TrimSpace(name) == "" || strings.ContainsAny(name, "\n\r") {
				t.Fatalf("%q is a customer of %q", name, text)
			}
		}
	})
}

// TestNamingCustomers: a customer is named once, whatever they are called, and the journal holds no name.
func TestNamingCustomers(t *testing.T) {
	x := opened(t, "liis")
	liis := x.book.As(t, "liis")
	var kept HarmKept
	name := func(add, remove []string) error {
		return x.decide(liis, func(t *turn) error {
			t.cur.Harm = kept
			return t.nameCustomers(add, remove)
		})
	}
	took := func(err error) Extent {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if x.last.Harm != nil {
			kept = *x.last.Harm
		}
		return kept.Extent
	}
	version := x.inc.Version
	if got := took(name([]string{"Nordpank", "nordpank", " ", "Arco  Móvil", "arco móvil"}, nil)).Named; !cmp.Equal(got, []string{"nordpank", "Arco Móvil"}) {
		t.Errorf("named %q", got)
	}
	if x.inc.Version != version+1 {
		t.Errorf("version %d after %d", x.inc.Version, version)
	}
	for _, e := range x.last.Entries {
		if strings.Contains(strings.ToLower(fmt.Sprint(e.Facts)), "nordpank") {
			t.Errorf("the journal says %v", e.Facts)
		}
	}
	took(name([]string{"NORDPANK"}, nil))
	if len(x.last.Entries) != 0 || x.last.Harm != nil {
		t.Errorf("named again: %+v", x.last)
	}
	if got := took(name(nil, []string{"Nordpank"})); !cmp.Equal(got.Named, []string{"Arco Móvil"}) || got.Version != 2 {
		t.Errorf("after taking back: %+v", got)
	}
	if err := name([]string{strings.Repeat("x", 201)}, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("a long name: %v", err)
	}
	x.must(t, liis, (*turn).resolve)
	if err := name([]string{"kivi"}, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("after the end: %v", err)
	}
	var f *fault.Error
	if err := name([]string{"kivi"}, nil); !errors.As(err, &f) || strings.Contains(f.Say, "kivi") {
		t.Errorf("the refusal is %v", err)
	}
}
