package stat

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"frontline/fault"
)

// near compares with what a paper prints: so many digits and no more.
func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) && got != want {
		t.Errorf("%s is %.5f, want %.5f", what, got, want)
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{9, 120, 0.040, 0.136}, {30, 400, 0.053, 0.105}, {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		e := must[Estimate](t)(Share(c.k, c.n, Level))
		near(t, "low", e.Low, c.low, 0.0005) // the last four: Newcombe 1998, Statistics in Medicine 17, 857–872, table I
		near(t, "high", e.High, c.high, 0.0005)
	}
	if e := must[Estimate](t)(Share(0, 0, Level)); e.Known() || !e.TooFew() || !math.IsNaN(e.Value) {
		t.Errorf("nothing of nothing is %+v", e)
	}
	if e := must[Estimate](t)(Share(5, 60, Level)); e.TooFew() {
		t.Errorf("5 of 60 can be read: %+v", e)
	}
	if e := must[Estimate](t)(Share(20, 40, Level)); !e.TooFew() {
		t.Errorf("half of 40 is known to 30 points only: %+v", e)
	}
}

// The examples of Newcombe 1998, 873–890, table II, method 10.
func TestDifference(t *testing.T) {
	for _, c := range []struct {
		k1, n1, k2, n2  int
		diff, low, high float64
	}{{48, 80, 56, 70, 0.2, 0.0524, 0.3339}, {3, 10, 9, 10, 0.6, 0.1705, 0.8090}, {0, 29, 5, 56, 0.0893, -0.0381, 0.1926}} {
		e := must[Estimate](t)(Difference(c.k1, c.n1, c.k2, c.n2, Level))
		near(t, "difference", e.Value, c.diff, 0.0001)
		near(t, "low", e.Low, c.low, 0.0001)
		near(t, "high", e.High, c.high, 0.0001)
	}
}

// The weeks of remission of Freireich et al. 1963, as every book on survival has them.
func remission() (treated, placebo []Life) {
	ended := []float64{6, 6, 6, 7, 10, 13, 16, 22, 23}
	open := []float64{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35}
	for _, w := range ended {
		treated = append(treated, Life{w, true})
	}
	for _, w := range open {
		treated = append(treated, Life{w, false})
	}
	for _, w := range []float64{1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23} {
		placebo = append(placebo, Life{w, true})
	}
	return treated, placebo
}

func TestSurvivalOfTheBooks(t *testing.T) {
	treated, placebo := remission()
	c := must[Curve](t)(Survival(treated, Level))
	for _, want := range []struct{ at, s, se float64 }{{6, 0.8571, 0.0764}, {7, 0.8067, 0.0869}, {10, 0.7529, 0.0963}, {13, 0.6902, 0.1068},
		{16, 0.6275, 0.1141}, {22, 0.5378, 0.1282}, {23, 0.4482, 0.1346}} {
		step := c.At(want.at + 0.5)
		near(t, "S", step.S, want.s, 0.0001)
		near(t, "its error", math.Sqrt(step.Variance), want.se, 0.0001)
	}
	near(t, "low of S(6)", c.At(6).Low, 0.6197, 0.0001) // conf.type="log-log" of R's survival
	near(t, "high of S(6)", c.At(6).High, 0.9516, 0.0001)
	q := must[Quantile](t)(c.Quantile(0.5))
	if q.Value != 23 || q.Low != 13 || !math.IsInf(q.High, 1) {
		t.Errorf("the median is %+v, want 23 from 13 to not yet reached", q)
	}
	if q := must[Quantile](t)(c.Quantile(0.75)); q.Reached() {
		t.Errorf("three quarters are not done yet, but %+v", q)
	}
	p := must[Curve](t)(Survival(placebo, Level))
	if q := must[Quantile](t)(p.Quantile(0.5)); q.Value != 8 || q.Low != 4 || q.High != 11 {
		t.Errorf("the median of the others is %+v, want 8 from 4 to 11", q)
	}
	test := must[Test](t)(LogRank(treated, placebo))
	near(t, "log-rank", test.Statistic, 16.79, 0.005)
	near(t, "its chance", test.P, 4.17e-5, 1e-7)
	if test.Freedom != 1 {
		t.Errorf("two groups have %d degrees of freedom", test.Freedom)
	}
	older := c.Older(22.5)
	near(t, "older than", older.Value, 1-0.5378, 0.0001)
}

func TestCohortsGoByArrival(t *testing.T) {
	treated, placebo := remission()
	var arrivals []Arrival
	for _, l := range placebo {
		arrivals = append(arrivals, Arrival{"2026-10", l})
	}
	for _, l := range treated {
		arrivals = append(arrivals, Arrival{"2026-09", l})
	}
	cohorts, test, err := Cohorts(arrivals, Level)
	if err != nil {
		t.Fatal(err)
	}
	if len(cohorts) != 2 || cohorts[0].Name != "2026-09" || cohorts[0].Ended != 9 || cohorts[1].Ended != 21 {
		t.Errorf("the cohorts are %+v", cohorts)
	}
	near(t, "log-rank", test.Statistic, 16.79, 0.005)
	if _, test, err := Cohorts(arrivals[:3], Level); err != nil || test.P != 1 {
		t.Errorf("one cohort differs from nothing: %+v, %v", test, err)
	}
}

// Where nothing is open the curve is the plain share and its median the plain median.
func TestSurvivalOfClosedIsThePlainShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1000), 1, 60).Draw(t, "values")
		lives := make([]Life, len(values))
		for i, v := range values {
			lives[i] = Life{v, true}
		}
		c, err := Survival(lives, Level)
		if err != nil {
			t.Fatal(err)
		}
		at := rapid.Float64Range(0, 1000).Draw(t, "at")
		left := 0
		for _, v := range values {
			if v > at {
				left++
			}
		}
		if math.Abs(c.At(at).S-float64(left)/float64(len(values))) > 1e-9 {
			t.Errorf("S(%v) = %v, want %d of %d", at, c.At(at).S, left, len(values))
		}
		q, err := c.Quantile(0.5)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(values)
		if want := quantile(values, 0.5); math.Abs(q.Value-want) > 1e-9 && slices.Max(values) != slices.Min(values) {
			// between equal neighbours of the middle the next step may be later: the first time at which half are done is right too
			if i := (len(values) - 1) / 2; values[i] != q.Value && len(values)%2 == 1 {
				t.Errorf("median %v, want %v", q.Value, want)
			}
		}
		if q.Low > q.Value || q.High < q.Value {
			t.Errorf("the median %v is not inside %+v", q.Value, q.Interval)
		}
	})
}

func TestQuantileOf(t *testing.T) {
	var ten []float64
	for i := range 10 {
		ten = append(ten, float64(10-i))
	}
	e := must[Estimate](t)(QuantileOf(ten, 0.5, Level))
	near(t, "median", e.Value, 5.5, 0)
	near(t, "low", e.Low, 2+0.6577, 0.001) // λ = (n−d)I/(d+(n−2d)I), I = (γ_d−0.95)/(γ_d−γ_{d+1}), d = 2
	near(t, "high", e.High, 9-0.6577, 0.001)
	if e := must[Estimate](t)(QuantileOf(ten[:5], 0.5, Level)); e.Known() {
		t.Errorf("5 values give no interval of 95 %%: %+v", e)
	}
	if e := must[Estimate](t)(QuantileOf(ten, 0.9, Level)); e.Known() {
		t.Errorf("10 values have no upper limit of the 90th percentile: %+v", e)
	}
}

func TestParetoRanksByHours(t *testing.T) {
	works := []Work{
		{Hours: 4, Asker: "liis", Customer: "Nordpank", Parts: []Part{{"refund", 0.5}, {"webhook", 0.5}}},
		{Hours: 1, Asker: "karl", Customer: "Nordpank", Parts: []Part{{"refund", 1}}},
		{Hours: 9, Asker: "liis"},
		{Hours: 0.5, Asker: "liis", Customer: "Savanna Pay", Parts: []Part{{"webhook", 1}}},
	}
	bars := must[[]Bar](t)(Pareto(works, Level, 1))
	want := []Bar{
		{Demand: "refund", Requests: 2, Askers: 2, Customers: 1, Hours: Estimate{Value: 3, N: 2, Why: "fewer than 12 requests"}, Share: 3 / 5.5, Cumulated: 3 / 5.5},
		{Demand: "webhook", Requests: 2, Askers: 1, Customers: 2, Hours: Estimate{Value: 2.5, N: 2, Why: "fewer than 12 requests"}, Share: 2.5 / 5.5, Cumulated: 1},
	}
	if diff := cmp.Diff(want, bars, cmpopts.IgnoreFields(Bar{}, "Rank"), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	for _, b := range bars {
		if b.Rank.Low != 1 || b.Rank.High != 2 {
			t.Errorf("with four requests %s may be first or second, not %+v", b.Demand, b.Rank)
		}
	}
}

// The bootstrap and the closed form that takes its place in a large desk agree where they meet, and a seed gives the same digits again.
func TestParetoOfManyAgreesWithTheBootstrap(t *testing.T) {
	var works []Work
	for i := range 4000 {
		works = append(works, Work{Hours: 0.2 + float64(i%17)*float64(i%5)/20, Parts: []Part{{[]string{"a", "b", "c"}[i%7%3], 1}}})
	}
	drawn := must[[]Bar](t)(Pareto(works, Level, 3))
	if diff := cmp.Diff(drawn, must[[]Bar](t)(Pareto(works, Level, 3))); diff != "" {
		t.Error("the same seed gave other digits:", diff)
	}
	p, err := tally(works)
	if err != nil {
		t.Fatal(err)
	}
	p.rankBy(Level)
	for i, b := range p.finish() {
		near(t, "low", b.Hours.Low/drawn[i].Hours.Low, 1, 0.02)
		near(t, "high", b.Hours.High/drawn[i].Hours.High, 1, 0.02)
	}
}

func TestXmR(t *testing.T) {
	values := []float64{10, 12, 9, 11, 10, 13, 10, 30}
	c := must[Chart](t)(XmR(values, 7))
	near(t, "centre", c.Centre, 75.0/7, 1e-9)
	near(t, "upper limit", c.Points[0].Limits.High, 75.0/7+2.66*14/6, 0.01)
	if got := c.Points[7].Signals; !slices.Equal(got, []Signal{Outside}) {
		t.Errorf("30 is %v", got)
	}
	for _, p := range c.Points[:7] {
		if len(p.Signals) > 0 {
			t.Errorf("%v is noise, not %v", p.Value, p.Signals)
		}
	}
	long := []float64{10, 12, 9, 11, 10, 12, 11.5, 11.4, 11.6, 11.5, 11.7, 11.5, 11.6, 11.8}
	c = must[Chart](t)(XmR(long, 5))
	if !slices.Contains(c.Points[12].Signals, EightInARow) || slices.Contains(c.Points[11].Signals, EightInARow) {
		t.Errorf("the eighth above the centre is the thirteenth: %+v", c.Points)
	}
	c = must[Chart](t)(XmR([]float64{10, 12, 10, 12, 10, 12, 14.5, 14.6, 11.2, 14.4}, 6))
	if !slices.Contains(c.Points[9].Signals, ThreeOfFour) || slices.Contains(c.Points[8].Signals, ThreeOfFour) {
		t.Errorf("three of four near the limit are reached last: %+v", c.Points)
	}
}

// With shares that vary as the binomial distribution would have it, p′ is the p chart; where they vary more it is wider.
func TestPrime(t *testing.T) {
	counts := []Count{{30, 400}, {28, 380}, {36, 420}, {0, 0}, {30, 410}}
	c := must[Chart](t)(Prime(counts, 0))
	p := 124.0 / 1610
	near(t, "centre", c.Centre, p, 1e-12)
	var zs []float64
	for _, each := range counts {
		if each.N > 0 {
			zs = append(zs, (float64(each.K)/float64(each.N)-p)/math.Sqrt(p*(1-p)/float64(each.N)))
		}
	}
	sigma := (math.Abs(zs[1]-zs[0]) + math.Abs(zs[2]-zs[1]) + math.Abs(zs[3]-zs[2])) / 3 / 1.128
	near(t, "σ_z", c.Sigma, sigma, 1e-12)
	near(t, "limit", c.Points[1].Limits.High, p+3*sigma*math.Sqrt(p*(1-p)/380), 1e-12)
	if !math.IsNaN(c.Points[3].Value) {
		t.Errorf("a week without a request has no share: %+v", c.Points[3])
	}
	jump := must[Chart](t)(Prime([]Count{{30, 400}, {28, 380}, {36, 420}, {33, 400}, {90, 410}}, 4))
	if !slices.Contains(jump.Points[4].Signals, Outside) {
		t.Errorf("three times as many escalated is no signal: %+v", jump.Points[4])
	}
}

func TestRare(t *testing.T) {
	even := make([]int, 1000) // so long that x̄ is certain
	for i := range even {
		even[i] = 1
	}
	s := must[Surge](t)(Rare(even, []int{2, 3, 2, 2}))
	near(t, "P(K ≥ 9 | μ=4)", s.P, 0.0214, 0.0005) // Poisson tables
	if s.Limit != 10 {
		t.Errorf("chance reaches %d in one of 100, want 10", s.Limit)
	}
	if s := must[Surge](t)(Rare(make([]int, 26), []int{0, 0, 0, 1})); s.P < 0.05 || s.P > 0.2 {
		t.Errorf("a first request after half a year is no surge by itself: %+v", s)
	}
}

// The example of Benjamini and Hochberg 1995, section 3.1: of 15 comparisons four are believed at 0.05.
func TestDiscoveries(t *testing.T) {
	ps := []float64{0.0459, 0.0001, 0.0004, 0.3240, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	found := must[[]bool](t)(Discoveries(ps, 0.05))
	var which []float64
	for i, f := range found {
		if f {
			which = append(which, ps[i])
		}
	}
	if !slices.Equal(which, []float64{0.0001, 0.0004, 0.0019, 0.0095}) {
		t.Errorf("believed are %v", which)
	}
}

// A demand's share lies between its own and the common one, the nearer to its own the more requests it has.
func TestShrink(t *testing.T) {
	counts := []Count{{1, 2}, {40, 100}, {5, 100}, {0, 30}, {12, 150}, {0, 0}, {9, 60}}
	s := must[Shrunk](t)(Shrink(counts, Level))
	for i, c := range counts {
		own := float64(c.K) / float64(max(1, c.N))
		got := s.Parts[i]
		if c.N > 0 && !(Interval{min(own, s.M) - 0.03, max(own, s.M) + 0.03}).Holds(got.Value) {
			t.Errorf("%+v is drawn to %.3f, between %.3f and %.3f it should be", c, got.Value, own, s.M)
		}
		if !got.Holds(got.Value) {
			t.Errorf("%+v: %.3f is outside %+v", c, got.Value, got.Interval)
		}
	}
	if math.Abs(s.Parts[1].Value-0.4) > 0.05 || s.Parts[0].Value > 0.4 {
		t.Errorf("40 of 100 speaks for itself and 1 of 2 does not: %.3f, %.3f", s.Parts[1].Value, s.Parts[0].Value)
	}
	same := must[Shrunk](t)(Shrink([]Count{{10, 100}, {10, 100}, {10, 100}, {10, 100}}, Level))
	if same.Alpha < 500 {
		t.Errorf("demands that do not differ weigh the common share with %.0f only", same.Alpha)
	}
}

func observations(group string, n, ones int) []Observation {
	all := make([]Observation, n)
	for i := range all {
		all[i].Group = group
		if i < ones {
			all[i].Value = 1
		}
	}
	return all
}

// Every group was escalated less, and the whole more, because more of the hard ones came.
func TestDecomposeFlagsSimpson(t *testing.T) {
	before := slices.Concat(observations("bug", 100, 40), observations("how", 900, 36))
	after := slices.Concat(observations("bug", 400, 140), observations("how", 600, 18))
	s := must[Shift](t)(Decompose(before, after, Level, 1))
	near(t, "before", s.Before, 0.076, 1e-12)
	near(t, "after", s.After, 0.158, 1e-12)
	near(t, "mix", s.Mix.Value, 0.3*0.375-0.3*0.035, 1e-12)
	near(t, "within", s.Within.Value, -0.05*0.25-0.01*0.75, 1e-12)
	near(t, "change", s.Mix.Value+s.Within.Value, s.Change.Value, 1e-12)
	if !s.Simpson {
		t.Error("every group fell and the whole rose, and nobody is warned")
	}
	if !s.Mix.Holds(s.Mix.Value) || s.Mix.Low < 0 {
		t.Errorf("the mix is surely up: %+v", s.Mix)
	}
}

func TestDecomposeAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Observation {
			return Observation{rapid.SampledFrom([]string{"bug", "how", "limit"}).Draw(t, "group"), rapid.Float64Range(-9, 9).Draw(t, "value")}
		}), 1, 12)
		before, after := some.Draw(t, "before"), some.Draw(t, "after")
		old, _ := gather(before, groupNames(before, after))
		now, _ := gather(after, groupNames(before, after))
		s := compare(old.total, now.total, groupNames(before, after))
		mix, within := terms(old.total, now.total)
		if math.Abs(mix-s.Mix.Value) > 1e-9 || math.Abs(within-s.Within.Value) > 1e-9 || math.Abs(mix+within-s.Change.Value) > 1e-9 {
			t.Errorf("mix %v and within %v do not add up to %+v", mix, within, s)
		}
	})
}

// Blocks of requests give the same interval as the requests themselves.
func TestDecomposeOfManyByBlocks(t *testing.T) {
	before := slices.Concat(observations("bug", 4000, 1000), observations("how", 8000, 320))
	after := slices.Concat(observations("bug", 5000, 1100), observations("how", 7000, 270))
	s := must[Shift](t)(Decompose(before, after, Level, 1))
	p0, p1 := 1320.0/12000, 1370.0/12000
	se := math.Sqrt(p0*(1-p0)/12000 + p1*(1-p1)/12000)
	near(t, "width of the change", s.Change.Width()/(2*1.96*se), 1, 0.15)
}

// The example of Fleiss, Cohen and Everitt 1969: 200 subjects, κ = 0.429, error 0.054.
func TestKappa(t *testing.T) {
	table := map[Coded]int{{"a", "a"}: 106, {"a", "b"}: 10, {"a", "c"}: 4, {"b", "a"}: 22, {"b", "b"}: 28, {"b", "c"}: 10, {"c", "a"}: 2, {"c", "b"}: 12, {"c", "c"}: 6}
	var pairs []Coded
	for c, n := range table {
		for range n {
			pairs = append(pairs, c)
		}
	}
	e := must[Estimate](t)(Kappa(pairs, Level))
	near(t, "κ", e.Value, 0.429, 0.0005)
	near(t, "its error", e.Width()/2/1.96, 0.054, 0.0006)
	if e := must[Estimate](t)(Kappa(pairs[:3], Level)); e.Known() {
		t.Errorf("three pairs have no interval: %+v", e)
	}
}

func TestAttainCountsTheOverdueAsMissed(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	a := must[Attainment](t)(Attain([]Target{
		{Due: now.Add(-time.Hour), Done: now.Add(-2 * time.Hour)},
		{Due: now.Add(-time.Hour), Done: now.Add(-time.Minute)},
		{Due: now.Add(-time.Hour)},
		{Due: now.Add(time.Hour)},
		{Due: now.Add(time.Hour), Done: now.Add(-time.Minute)},
	}, now, Level))
	if a.Met != 2 || a.Missed != 2 || a.Overdue != 1 || a.Pending != 1 || a.Share.Value != 0.5 || a.Share.N != 4 {
		t.Errorf("attained %+v", a)
	}
}

func TestDeveloperHours(t *testing.T) {
	s := must[Saved](t)(DeveloperHours([]Kept{
		{"webhook", 60, []float64{30, 60, 90, 45, 75, 60, 62}},
		{"export", 500, []float64{20, 40}},
		{"refund", 120, []float64{10, 20, 30, 25, 15, 20, 22, 18}},
	}, Level, 1))
	near(t, "hours", s.Hours.Value, 60+40, 1e-9)
	if !slices.Equal(s.Left, []string{"export"}) || s.Types[0].Type != "webhook" || s.Hours.N != 15 {
		t.Errorf("saved %+v", s)
	}
	if !s.Hours.Holds(100) || s.Hours.Low < 50 {
		t.Errorf("the interval is %+v", s.Hours.Interval)
	}
	if s := must[Saved](t)(DeveloperHours(nil, Level, 1)); s.Hours.Known() {
		t.Errorf("nothing is known of nothing: %+v", s)
	}
}

// The bootstrap of a median and the normal distribution that takes its place with many minutes agree where they meet.
func TestDeveloperHoursOfManyAgree(t *testing.T) {
	minutes := make([]float64, mostMinutes+1)
	for i := range minutes {
		minutes[i] = 60 * math.Exp(math.Sin(float64(i)*1.7)+math.Cos(float64(i)*0.37))
	}
	few := Kept{"limit", 10, []float64{10, 20, 30, 25, 15, 20, 22, 18}}
	many := must[Saved](t)(DeveloperHours([]Kept{{"webhook", 600, minutes}, few}, Level, 1))
	drawn := must[Saved](t)(DeveloperHours([]Kept{{"webhook", 600, minutes[:mostMinutes]}, few}, Level, 1))
	near(t, "width", many.Hours.Width()/drawn.Hours.Width(), 1, 0.15)
	near(t, "hours", many.Hours.Value/drawn.Hours.Value, 1, 0.01)
}

func TestLittle(t *testing.T) {
	if l := must[Little](t)(CheckLittle(10, 3, 31)); !l.Holds || l.Expected != 30 {
		t.Errorf("31 open of 30: %+v", l)
	}
	if l := must[Little](t)(CheckLittle(10, 3, 18)); l.Holds {
		t.Errorf("18 open of 30: %+v", l)
	}
	if l := must[Little](t)(CheckLittle(0, 3, 0)); !l.Holds {
		t.Errorf("nothing comes and nothing is open: %+v", l)
	}
}

// Input that cannot be is refused with a sentence and the name of the field.
func TestRefusesWhatCannotBe(t *testing.T) {
	nan := math.NaN()
	for name, call := range map[string]func() error{
		"share":     func() error { _, err := Share(3, 2, Level); return err },
		"level":     func() error { _, err := Share(1, 2, 1); return err },
		"level nan": func() error { _, err := QuantileOf([]float64{1}, 0.5, nan); return err },
		"quantile":  func() error { _, err := QuantileOf([]float64{1}, 1, Level); return err },
		"value":     func() error { _, err := QuantileOf([]float64{nan}, 0.5, Level); return err },
		"span":      func() error { _, err := Survival([]Life{{-1, true}}, Level); return err },
		"median":    func() error { _, err := Curve{}.Quantile(0); return err },
		"log-rank":  func() error { _, err := LogRank([]Life{{1, true}}); return err },
		"hours": func() error {
			_, err := Pareto([]Work{{Hours: math.Inf(1), Parts: []Part{{"a", 1}}}}, Level, 1)
			return err
		},
		"parts": func() error {
			_, err := Pareto([]Work{{Hours: 1, Parts: []Part{{"a", 1}, {"b", 0.2}}}}, Level, 1)
			return err
		},
		"xmr":       func() error { _, err := XmR([]float64{1}, 0); return err },
		"baseline":  func() error { _, err := XmR([]float64{1, 2, 3}, 4); return err },
		"prime":     func() error { _, err := Prime([]Count{{1, 2}, {0, 0}}, 0); return err },
		"rare":      func() error { _, err := Rare([]int{1, 2}, []int{3}); return err },
		"p":         func() error { _, err := Discoveries([]float64{1.2}, 0.1); return err },
		"shrink":    func() error { _, err := Shrink([]Count{{1, 2}, {0, 0}, {0, 3}}, Level); return err },
		"decompose": func() error { _, err := Decompose([]Observation{{"a", nan}}, nil, Level, 1); return err },
		"kappa":     func() error { _, err := Kappa([]Coded{{"a", ""}}, Level); return err },
		"due":       func() error { _, err := Attain([]Target{{}}, time.Time{}, Level); return err },
		"kept":      func() error { _, err := DeveloperHours([]Kept{{Resolved: -1}}, Level, 1); return err },
		"little":    func() error { _, err := CheckLittle(nan, 1, 1); return err },
	} {
		err := call()
		if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
