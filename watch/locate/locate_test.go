package locate

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/bench/drift"
)

var replicates = flag.Int("replicates", 1, "how many times as many simulated changes as usual; 10 gives the figures of docs/watches.md")

// company is Verity's traffic as simulated: 300 customers of very different size, countries that mostly go with the customer, versions,
// endpoints and regions. Each leaf's usual rate is a product of its values' effects.
type company struct {
	q     Question
	rates []float64
}

func newCompany(r *rand.Rand, requests float64) company {
	counts := []int{300, 25, 6, 15, 4}
	c := company{q: Question{Labels: []string{"customer", "country", "version", "endpoint", "region"}, Customer: 0}}
	effects := make([][]float64, len(counts))
	for d, n := range counts {
		for range n {
			effects[d] = append(effects[d], math.Exp(0.3*r.NormFloat64()))
		}
	}
	zipf := func(n int) int { return min(int(math.Exp(r.Float64()*math.Log(float64(n+1))))-1, n-1) }
	index := map[string]int{}
	for range int(requests / 6) {
		v := []int{zipf(counts[0]), 0, zipf(counts[2]), zipf(counts[3]), r.IntN(counts[4])}
		if v[1] = v[0] * 7 % counts[1]; r.Float64() < 0.2 {
			v[1] = r.IntN(counts[1])
		}
		key := fmt.Sprint(v)
		at, ok := index[key]
		if !ok {
			at, index[key] = len(c.q.Leaves), len(c.q.Leaves)
			l, rate := Leaf{}, 0.01
			for d, i := range v {
				l.Values = append(l.Values, fmt.Sprintf("%s%d", c.q.Labels[d][:2], i))
				rate *= effects[d][i]
			}
			c.q.Leaves, c.rates = append(c.q.Leaves, l), append(c.rates, min(rate, 0.2))
		}
		c.q.Leaves[at].Requests += 6
		c.q.Leaves[at].Old += 6 * 28
	}
	for i := range c.q.Leaves {
		l := &c.q.Leaves[i]
		l.OldErrors = min(drift.Poisson(r, l.Old*c.rates[i]), l.Old)
	}
	return c
}

// happen draws what happens when the rate of the leaves that match is ratio times the usual one.
func (c company) happen(r *rand.Rand, ratio float64, match map[int]string) Question {
	q := c.q
	q.Leaves = slices.Clone(q.Leaves)
	for i := range q.Leaves {
		p := c.rates[i]
		if matches(q.Leaves[i], match) {
			p *= ratio
		}
		q.Leaves[i].Errors = min(drift.Poisson(r, q.Leaves[i].Requests*p), q.Leaves[i].Requests)
	}
	return q
}

func matches(l Leaf, match map[int]string) bool {
	for d, v := range match {
		if l.Values[d] != v {
			return false
		}
	}
	return true
}

// usual is how many errors the leaves that match usually have.
func (c company) usual(match map[int]string) (errors float64) {
	for i, l := range c.q.Leaves {
		if matches(l, match) {
			errors += l.Requests * c.rates[i]
		}
	}
	return errors
}

func said(c Cause) string {
	var all []string
	for _, l := range c.Labels {
		all = append(all, l.Name+"="+l.Value)
	}
	return strings.Join(all, " ")
}

func scan(t testing.TB, q Question) Answer {
	t.Helper()
	a, err := Scan(q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Of changes that brought 100 errors in one, two or three labels, what is named has nearly the same errors as what was changed, and the excess
// is covered. Not every name is exact: most of a customer's requests come from one country, and to name both says no more.
func TestCauseIsNamed(t *testing.T) {
	r := rand.New(rand.NewPCG(2026, 11))
	c := newCompany(r, 60000)
	for labels := 1; labels <= 3; labels++ {
		overlap, exact, covered, n := 0.0, 0.0, 0.0, 0.0
		for n < 20*float64(*replicates) {
			l := c.q.Leaves[r.IntN(len(c.q.Leaves))]
			match := map[int]string{}
			for _, d := range r.Perm(5)[:labels] {
				match[d] = l.Values[d]
			}
			usual := c.usual(match)
			if usual < 4 || usual > 80 {
				continue
			}
			n++
			q := c.happen(r, 1+100/usual, match)
			a := scan(t, q)
			if len(a.Causes) == 0 {
				continue
			}
			f1 := alike(q, match, a.Causes[0])
			overlap += f1
			if f1 == 1 {
				exact++
				if a.Causes[0].Excess.Holds(100) {
					covered++
				}
			}
		}
		t.Logf("%d labels: overlap %.3f, exact %.0f of %.0f, excess covered in %.0f of those", labels, overlap/n, exact, n, covered)
		if overlap < 0.85*n || covered < 0.85*exact {
			t.Errorf("%d labels: overlap %.3f, exact %.0f of %.0f, excess covered in %.0f of those", labels, overlap/n, exact, n, covered)
		}
	}
}

// alike is how well the cause names what was changed: the harmonic mean of which share of its errors lies in there and the other way round.
func alike(q Question, match map[int]string, cause Cause) float64 {
	named := map[int]string{}
	for _, l := range cause.Labels {
		named[slices.Index(q.Labels, l.Name)] = l.Value
	}
	var both, one, other float64
	for _, l := range q.Leaves {
		a, b := matches(l, match), matches(l, named)
		if a && b {
			both += l.Errors
		}
		if a {
			one += l.Errors
		}
		if b {
			other += l.Errors
		}
	}
	return 2 * both / (one + other)
}

// A rise that is the same everywhere is everyone's.
func TestEveryone(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	c := newCompany(r, 60000)
	wrong, n := 0, 20**replicates
	for i := range n {
		if a := scan(t, c.happen(r, []float64{1, 1.5, 2.5}[i%3], nil)); !a.Everyone {
			wrong++
		}
	}
	t.Logf("%d of %d rises of the whole were said to be somebody's", wrong, n)
	if wrong > 1+n*5/100 {
		t.Errorf("%d of %d rises of the whole were said to be somebody's", wrong, n)
	}
}

func TestTwoCausesAreTwo(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 11))
	c := newCompany(r, 60000)
	q := c.happen(r, 6, map[int]string{0: "cu3"})
	other := c.happen(r, 15, map[int]string{3: "en5", 2: "ve1"})
	for i, l := range q.Leaves {
		if l.Values[0] != "cu3" {
			q.Leaves[i].Errors = other.Leaves[i].Errors
		}
	}
	a := scan(t, q)
	var got []string
	for _, cause := range a.Causes {
		got = append(got, said(cause))
	}
	slices.Sort(got)
	if want := []string{"customer=cu3", "version=ve1 endpoint=en5"}; !cmp.Equal(got, want) {
		t.Errorf("found %v", got)
	}
	if a.Whole.Ratio.Value < 1.2 || a.Everyone {
		t.Errorf("the whole: %+v", a.Whole)
	}
}

// The answer does not depend on the order of leaves or labels' values, and evidence grows with the counts.
func TestOrderOfLeavesIsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 11))
	q := newCompany(r, 20000).happen(r, 5, map[int]string{1: "co7"})
	want := scan(t, q)
	rapid.Check(t, func(t *rapid.T) {
		mixed := q
		mixed.Leaves = rapid.Permutation(q.Leaves).Draw(t, "leaves")
		a, err := Scan(mixed)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Causes) != len(want.Causes) || said(a.Causes[0]) != said(want.Causes[0]) || math.Abs(a.Causes[0].Evidence-want.Causes[0].Evidence) > 1e-6 {
			t.Fatalf("in another order: %+v", a.Causes)
		}
		twice := q
		twice.Leaves = slices.Clone(q.Leaves)
		for i := range twice.Leaves {
			l := &twice.Leaves[i]
			l.Errors, l.Requests = 2*l.Errors, 2*l.Requests
		}
		if b, err := Scan(twice); err != nil || len(b.Causes) == 0 || b.Causes[0].Evidence < want.Causes[0].Evidence {
			t.Fatalf("with twice the counts: %+v, %v", b.Causes, err)
		}
	})
}

func TestNothingIsEverNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.SampledFrom([]float64{0, 1, 2, 7, 50, 1000, 1e9, 1e15})
		q := Question{Labels: []string{"customer", "country", "version"}, Customer: rapid.IntRange(-1, 2).Draw(t, "customer"), Dispersion: rapid.Float64Range(0, 9).Draw(t, "dispersion")}
		for range rapid.IntRange(1, 40).Draw(t, "leaves") {
			l := Leaf{Requests: count.Draw(t, "n"), Old: count.Draw(t, "old")}
			l.Errors, l.OldErrors = min(count.Draw(t, "x"), l.Requests), min(count.Draw(t, "x0"), l.Old)
			for range q.Labels {
				l.Values = append(l.Values, rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "value"))
			}
			q.Leaves = append(q.Leaves, l)
		}
		a, err := Scan(q)
		if err != nil {
			return
		}
		for _, c := range append(a.Causes, a.Whole) {
			for _, v := range []float64{c.Errors, c.Expected, c.Ratio.Value, c.Ratio.Low, c.Ratio.High, c.Excess.Value, c.Excess.Low, c.Excess.High, c.Share, c.Evidence,
				c.Customers.Hit.Value, c.Customers.Hit.Low, c.Customers.Hit.High} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%v in %+v", v, c)
				}
			}
			if h := c.Customers; h.Hit.Value > float64(h.Failed)+1e-9 || h.Failed > h.Exposed {
				t.Fatalf("customers: %+v", h)
			}
		}
	})
}

func TestQuestionsThatCannotBe(t *testing.T) {
	good := Leaf{Values: []string{"a"}, Errors: 1, Requests: 2}
	for name, q := range map[string]Question{
		"no labels":         {Leaves: []Leaf{good}},
		"no leaves":         {Labels: []string{"customer"}},
		"other labels":      {Labels: []string{"customer", "country"}, Leaves: []Leaf{good}},
		"too many errors":   {Labels: []string{"customer"}, Leaves: []Leaf{{Values: []string{"a"}, Errors: 3, Requests: 2}}},
		"no number":         {Labels: []string{"customer"}, Leaves: []Leaf{{Values: []string{"a"}, Errors: 1, Requests: math.NaN()}}},
		"no such customer":  {Labels: []string{"customer"}, Customer: 1, Leaves: []Leaf{good}},
		"nothing was asked": {Labels: []string{"customer"}, Leaves: []Leaf{{Values: []string{"a"}}}},
	} {
		if _, err := Scan(q); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The interval of customers that were hit holds the truth, also where the change is stronger for some than for others.
func TestHitCustomersAreCovered(t *testing.T) {
	for _, c := range []struct {
		customers             int
		requests, rate, ratio float64
		spread                float64 // of the logarithm of a customer's own ratio
		usual                 bool    // the naive count is far too high here
	}{
		{300, 20000, 0.01, 3, 0, false}, {2000, 100000, 0.01, 1.5, 0, true}, {2000, 100000, 0.01, 1.5, 0.5, true}, {5000, 50000, 0.002, 5, 0.5, false}, {500, 200000, 0.01, 1.3, 0, true},
	} {
		r := rand.New(rand.NewPCG(uint64(c.customers), 3))
		n := 60 * *replicates
		var covered, truth, estimate, naive float64
		for range n {
			all, hit := reached(r, c.customers, c.requests, c.rate, c.ratio, c.spread)
			got := Count(all, 1)
			truth, estimate, naive = truth+hit, estimate+got.Hit.Value, naive+float64(got.Failed)
			if got.Hit.Holds(hit) {
				covered++
			}
		}
		t.Logf("%d customers, ratio %v, spread %v: truly %.0f, estimated %.0f, with an error %.0f, covered %.3f", c.customers, c.ratio, c.spread, truth/float64(n), estimate/float64(n), naive/float64(n), covered/float64(n))
		if covered < 0.85*float64(n) || math.Abs(estimate/truth-1) > 0.04 || c.usual && naive < 1.5*truth {
			t.Errorf("%d customers, ratio %v, spread %v: truly %.0f, estimated %.0f, covered %v of %d", c.customers, c.ratio, c.spread, truth, estimate, covered, n)
		}
	}
}

// reached draws customers of very different size and how many of them had an error that the change brought.
func reached(r *rand.Rand, customers int, requests, rate, ratio, spread float64) (all []Reach, hit float64) {
	all = make([]Reach, customers)
	var total float64
	for i := range all {
		all[i].Requests = 1 / float64(i+1)
		total += all[i].Requests
	}
	for i := range all {
		n := math.Ceil(requests * all[i].Requests / total)
		own := max(1, 1+(ratio-1)*math.Exp(spread*r.NormFloat64()-spread*spread/2))
		usual, brought := drift.Poisson(r, n*rate), drift.Poisson(r, n*rate*(own-1))
		all[i] = Reach{Errors: usual + brought, Requests: n, Expected: n * rate}
		if brought > 0 {
			hit++
		}
	}
	return all, hit
}

// BenchmarkScan looks for the cause of a change in about 8,000 leaves of five labels.
func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 11))
	c := newCompany(r, 100000)
	q := c.happen(r, 4, map[int]string{1: "co7", 2: "ve1"})
	q.Leaves = q.Leaves[:min(len(q.Leaves), 8000)]
	var u, v syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		scan(b, q)
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &v); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(q.Leaves)), "leaves")
	b.ReportMetric(float64(v.Utime.Nano()-u.Utime.Nano())/float64(b.N)/float64(time.Millisecond), "cpu-ms/op")
}
