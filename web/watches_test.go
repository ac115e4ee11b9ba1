package web

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/alert"
	"frontline/catalog"
	"frontline/people"
	"frontline/watch"
)

// observed is Verity's decisions: one in a hundred fails, and for Savanna Pay in Kenya eight times as many since began.
type observed struct {
	defs  []watch.Definition
	began time.Time
	down  error
}

func (o *observed) Watches() []watch.Definition { return o.defs }
func (o *observed) Watch(id string) (watch.Definition, bool) {
	for _, d := range o.defs {
		if d.ID == id {
			return d, true
		}
	}
	return watch.Definition{}, false
}
func (o *observed) Service(id string) (catalog.Service, bool) { return catalog.Service{ID: id}, true }
func (o *observed) Customers() []catalog.Customer             { return nil }

// Counts implements watch.Source.
func (o *observed) Counts(_ context.Context, d watch.Definition, from, until uint32) ([]watch.Bucket, error) {
	if o.down != nil {
		return nil, o.down
	}
	var out []watch.Bucket
	for n := from; n <= until; n++ {
		at := time.Unix(int64(n)*int64(d.Every()/time.Second), 0)
		chance := rand.New(rand.NewPCG(uint64(n), 11))
		b := watch.Bucket{Number: n}
		for _, customer := range []string{"nordpank", "lumo", "arco", "kivi", "savanna"} {
			for _, country := range []string{"EE", "KE"} {
				rate, errors := 0.01, 0
				if customer == "savanna" && country == "KE" && !o.began.IsZero() && !at.Before(o.began) {
					rate = 0.08
				}
				for range 200 {
					if chance.Float64() < rate {
						errors++
					}
				}
				b.Leaves = append(b.Leaves, watch.Leaf{Values: []string{customer, country}, Errors: float64(errors), Requests: 200})
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// silent takes signals and forgets them.
type silent struct{}

func (silent) Take(context.Context, alert.Source, alert.Batch) (alert.Accepted, error) {
	return alert.Accepted{}, nil
}

func decisionsWatch() watch.Definition {
	return watch.Definition{ID: "decisions", Name: "Decisions that fail", Team: "support", Service: "decision-pipeline", Bucket: 5 * time.Minute, Labels: []string{"customer", "country"}, Customer: "customer",
		Learn: 24 * time.Hour, History: 30 * time.Hour, Source: watch.Feed{Prometheus: &watch.Prometheus{URL: "https://prometheus.verity.example", Errors: "e", Total: "t"}}}
}

// observing lets the firm watch, by the real rules over a real database.
func (k *requestDesk) observing(o *observed) *watch.Keeper {
	book := func(context.Context) (watch.Directory, error) { return o, nil }
	k.desk.s.deps.Watches = &watch.Service{Store: k.db, Book: book, Clock: k.desk.clock}
	return &watch.Keeper{Store: k.db, Book: book, Ask: func(watch.Definition) (watch.Source, bool) { return o, true }, Signals: silent{}, Clock: k.desk.clock, Log: slog.New(slog.DiscardHandler),
		Link: func(f watch.Finding) string { return "https://ops.verity.example" + findingPath(f) }}
}

// looked lets the watches look once, and what they found be assessed.
func (k *requestDesk) looked(keeper *watch.Keeper, o *observed) []watch.Finding {
	k.t.Helper()
	for _, d := range o.defs {
		k.must(keeper.Tick(k.t.Context(), watch.TickArgs{Watch: d.ID}))
	}
	found, err := k.db.Findings(k.t.Context(), watch.Filter{})
	k.must(err)
	for _, f := range found {
		k.must(keeper.Assess(k.t.Context(), watch.AssessArgs{Finding: f.ID}))
	}
	return found
}

// Somebody sees the watches, one of them with its rate, and what it found; says what it was, and takes the level as usual.
func TestWatchesOnScreens(t *testing.T) {
	k := newRequestDesk(t)
	o := &observed{}
	keeper := k.observing(o)
	member, support := people.Member, people.Support
	k.desk.to("/watches", ask{as: member}).is(http.StatusOK).has(".blank .name", "No watch yet").has("pre", "false_alarms: 1 a month")
	k.desk.to("/watches/honesty", ask{as: member}).is(http.StatusOK).has(".blank .name", "No watch yet")
	o.defs = []watch.Definition{decisionsWatch(), {ID: "runs", Name: "Runs that fail", Team: "support", Service: "decision-pipeline", FalseAlarms: "1 a year", Source: watch.Feed{Push: &watch.Push{}}}}
	k.desk.to("/watches/honesty", ask{as: member}).is(http.StatusOK).has("tbody .state", "Learning").has("tbody tr", "none has learnt yet")
	k.desk.to("/watches", ask{as: member}).is(http.StatusOK).has("tbody tr:last-child .state", "Not begun").has("section ul.list li", "at most 1.1 a month")
	o.began = k.desk.clock.Now().Add(-80 * time.Minute)
	found := k.looked(keeper, o)
	if len(found) != 1 {
		t.Fatalf("found %+v", found)
	}
	k.desk.to("/watches", ask{as: member}).is(http.StatusOK).has("tbody tr:first-child .state", "1 finding").has("tbody tr:first-child th a[href='/watches/decisions']", "Decisions that fail").has("tbody tr:first-child svg.spark path.rate", "").
		has("tbody tr:first-child", "% more often").lacks("pre")
	k.desk.to("/watches/decisions", ask{as: member}).is(http.StatusOK).has(".ratechart rect.hot", "").has(".ratechart details tbody tr:first-child", "%").has(`a[href="/watches/decisions/findings/F-1"]`, "").has("nav.tabs [aria-current=page]", "2 days").has(".facts", "at most 1 a month")
	for _, span := range []string{"6h", "7d", "30d", "nonsense"} {
		k.desk.to("/watches/decisions?span="+span, ask{as: member}).is(http.StatusOK).has(".ratechart path.rate", "")
	}
	k.desk.to("/watches/decisions?of=nobody", ask{as: member}).is(http.StatusOK).has(".blank .name", "Nothing was counted")
	k.desk.to("/watches/nothing", ask{as: member}).is(http.StatusNotFound)
	k.desk.to("/watches/decisions?as=csv", ask{as: member}).is(http.StatusOK)
	one := "/watches/decisions/findings/F-1"
	k.desk.to(one, ask{as: member}).is(http.StatusOK).has("h1", "customer savanna").has(".verdict-line", "Since ").has(`section[aria-labelledby=where] tbody th`, "customer savanna").has("section[aria-labelledby=whom] tbody", "Savanna").lacks("form[action$='/judge']")
	k.desk.to("/watches/runs/findings/F-1", ask{as: member}).is(http.StatusNotFound)
	k.desk.to(one+"/customers.csv", ask{as: member}).is(http.StatusOK)
	k.desk.to(one+"/judge", ask{as: member, form: url.Values{"feedback": {"real"}}}).is(http.StatusForbidden)
	k.desk.to(one+"/judge", ask{as: support, form: url.Values{"feedback": {"loud"}}}).is(http.StatusUnprocessableEntity)
	k.desk.to(one+"/judge", ask{as: support, form: url.Values{"feedback": {"not_a_problem"}}}).leadsTo(one)
	k.desk.to(one, ask{as: support}).has("main button[aria-pressed=true]", "Not a problem").has("details.more summary", "Take this as usual")
	k.desk.to(one+"/accept", ask{as: support, form: url.Values{}}).leadsTo(one)
	k.desk.to(one+"/accept", ask{as: support, form: url.Values{}}).is(http.StatusConflict).has("[role=alert]", "is over")
	k.desk.to("/watches", ask{as: member}).has(`section[aria-labelledby=budgets] a[href="/watches/honesty"]`, "Is the promise kept?")
	k.desk.to("/watches/honesty", ask{as: member}).is(http.StatusOK).has("tbody tr .state", "Broken").has("tbody td[data-k='False alarms']", "1 (0.03–5.57)").has("nav.tabs [aria-current=page]", "90 days").has("dl.facts", "Garwood")
	k.desk.to("/watches/honesty?days=30", ask{as: member}).is(http.StatusOK).has("nav.tabs [aria-current=page]", "30 days").has(`a[download][href="/watches/honesty.csv?days=30"]`, "CSV")
	sheet := k.desk.to("/watches/honesty.csv", ask{as: member}).is(http.StatusOK).Body.String()
	if !strings.Contains(sheet, "\nsupport,1,") || !strings.Contains(sheet, ",1,0.0253178,5.57164,0,") {
		t.Errorf("the table is %s", sheet)
	}
	k.desk.to(one+"/judge", ask{as: support, form: url.Values{"feedback": {"real"}}}).leadsTo(one)
	k.desk.to("/watches/honesty", ask{as: member}).is(http.StatusOK).has("tbody td[data-k='Findings']", "1 real").has("tbody td[data-k='Found after']", "n = 1").has("tbody td[data-k='False alarms']", "0 (0–3.69)").has("tbody tr .state", "Kept")
	o.down = fmt.Errorf("no answer")
	k.after(time.Hour)
	k.looked(keeper, o)
	k.desk.to("/watches", ask{as: member}).has("tbody", "Sees nothing")
	o.defs = o.defs[1:] // retired
	k.desk.to(one, ask{as: member}).is(http.StatusOK)
}

// What came from outside is no formula in a spreadsheet.
func TestHarmless(t *testing.T) {
	for give, want := range map[string]string{"": "", "nordpank": "nordpank", "=1+1": "'=1+1", "@sum": "'@sum", "-1": "'-1"} {
		if got := harmless(give); got != want {
			t.Errorf("%q becomes %q, want %q", give, got, want)
		}
	}
}

// The line is broken where nothing was observed.
func TestChartsShowWhatIsMissing(t *testing.T) {
	at := night.Add(-time.Hour)
	var points []watch.Point
	for _, minute := range []int{0, 1, 2, 10, 11, 30} {
		points = append(points, watch.Point{At: at.Add(time.Duration(minute) * time.Minute), Errors: 1, Requests: 100, Usual: 0.01, High: 0.03})
	}
	c := newRateChart(decisionsWatch(), points, at, at.Add(time.Hour))
	if n := strings.Count(c.Rate, "M"); n != 3 {
		t.Errorf("%d pieces in %s", n, c.Rate)
	}
	if n := strings.Count(c.Band, "Z"); n != 3 || c.Top != "3.0 %" {
		t.Errorf("%d pieces in %s, top %s", n, c.Band, c.Top)
	}
}

// The screens of watches in both themes and on both sizes, with nothing on them and with a finding.
func TestWatchesLook(t *testing.T) {
	var k *requestDesk
	st, _ := walk(t, people.Support, "liis", func(f *firm) { k = openRequests(t, f) })
	o := &observed{}
	keeper := k.observing(o)
	st.lookAll("watches-none", "/watches", "/watches/honesty")
	o.defs = []watch.Definition{decisionsWatch(), {ID: "runs", Name: "Runs that fail", Team: "support", Service: "decision-pipeline", FalseAlarms: "1 a year", Source: watch.Feed{Push: &watch.Push{}}}}
	o.began = k.desk.clock.Now().Add(-80 * time.Minute)
	k.looked(keeper, o)
	st.lookAll("watches", "/watches", "/watches/honesty", "/watches/decisions", "/watches/runs", "/watches/decisions/findings/F-1")
}
