package detect

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/bench/drift"
)

func newDetector(t testing.TB, set Settings) *Detector {
	t.Helper()
	if set.Bucket == 0 {
		set.Bucket = time.Minute
	}
	d, err := New(set)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// scenario is the world of that name.
func scenario(t testing.TB, name string) drift.Scenario {
	t.Helper()
	for _, s := range drift.Scenarios() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no scenario %s", name)
	return drift.Scenario{}
}

// run observes so many buckets of the world and returns what happened, with the bucket.
func run(d *Detector, s *Series, w *drift.World, r *rand.Rand, buckets int) (events []Verdict, at []uint32) {
	for range buckets {
		bucket := w.At
		x, n, _ := w.Next(r)
		if v := d.Observe(s, Count{bucket, x, n}); v.Event != Nothing {
			events, at = append(events, v), append(at, bucket)
		}
	}
	return events, at
}

// learnt is a series that has observed days of the world.
func learnt(t testing.TB, d *Detector, name string, limit float64, days int) (Series, drift.World, *rand.Rand) {
	r := rand.New(rand.NewPCG(5, 7))
	w := scenario(t, name).Begin(r)
	s := d.Begin(limit)
	run(d, &s, &w, r, int(float64(days)*d.perDay))
	return s, w, r
}

func TestSettingsThatCannotBe(t *testing.T) {
	for name, set := range map[string]Settings{
		"no bucket":           {},
		"odd bucket":          {Bucket: 7 * time.Minute},
		"half a second":       {Bucket: 500 * time.Millisecond},
		"two hours":           {Bucket: 2 * time.Hour},
		"all of it":           {Bucket: time.Minute, Smallest: 1},
		"no number":           {Bucket: time.Minute, Smallest: math.NaN()},
		"learning in advance": {Bucket: time.Minute, Learn: -time.Hour},
	} {
		if _, err := New(set); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSeriesIsSmallAndHoldsNoReference(t *testing.T) {
	kind := reflect.TypeFor[Series]()
	if kind.Size() > 450 {
		t.Errorf("a series takes %d bytes", kind.Size())
	}
	for i := range kind.NumField() {
		switch k := kind.Field(i).Type.Kind(); k {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.String:
			t.Errorf("%s is a %s: the size is not constant", kind.Field(i).Name, k)
		}
	}
}

// Each factor has mean 1 under its law, and at most 1 under binomial and Poisson laws with a smaller mean.
func TestFactorsAreFair(t *testing.T) {
	for _, phi := range []float64{1, 1.05, 1.5, 6} {
		for _, rho := range []float64{0.3, 0.9, 1.0125, 1.3, 2.6} {
			tilt, mean := tiltOf(rho, phi), 9.0
			var total float64
			for x := range 2000 {
				total += mass(x, mean, phi) * math.Exp(float64(tilt.theta)*float64(x)-float64(tilt.kappa)*mean)
			}
			if math.Abs(total-1) > 1e-5 {
				t.Errorf("φ %v, ρ %v: the mean is %v", phi, rho, total)
			}
		}
	}
}

// mass is the chance of x under the negative binomial law (Poisson for φ = 1).
func mass(x int, mean, phi float64) float64 {
	a, _ := math.Lgamma(float64(x) + 1)
	if phi == 1 {
		return math.Exp(float64(x)*math.Log(mean) - mean - a)
	}
	size := mean / (phi - 1)
	b, _ := math.Lgamma(float64(x) + size)
	c, _ := math.Lgamma(size)
	return math.Exp(b - a - c + float64(x)*math.Log((phi-1)/phi) - size*math.Log(phi))
}

func TestExpIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-79, 67).Draw(t, "x")
		if got, want := exp(x), math.Exp(x); math.Abs(got/want-1) > 1e-6 {
			t.Fatalf("exp(%v) is %v, not %v", x, got, want)
		}
	})
}

// What a bucket says is doubled when both of its counts are: only sums matter.
func TestTwiceTheCountsAreTwiceTheEvidence(t *testing.T) {
	d := newDetector(t, Settings{})
	rapid.Check(t, func(t *rapid.T) {
		k, level := rapid.IntRange(0, 7).Draw(t, "ratio"), uint8(rapid.IntRange(0, 60).Draw(t, "level"))
		x, l := float64(rapid.IntRange(0, 20).Draw(t, "errors")), rapid.Float64Range(0.1, 20).Draw(t, "expected")
		once, twice := [1]float32{}, [1]float32{}
		a := math.Log(weigh(once[:], []uint8{level}, d.tilts.rise[k:], x, l))
		b := math.Log(weigh(twice[:], []uint8{level}, d.tilts.rise[k:], 2*x, 2*l))
		if b < 67 && a > -39 && math.Abs(b-2*a) > 1e-3 {
			t.Fatalf("once %v, twice %v", a, b)
		}
	})
}

func TestNeededIsTheDispersionWhereThatIsOne(t *testing.T) {
	d := newDetector(t, Settings{})
	for _, phi := range []float64{1, 1.7, 9} {
		curve := [scales]float64{phi, phi, phi, phi, phi}
		for _, delta := range []float64{0.05, 0.2, 0.8} {
			if got := needed(delta, 13, 10, d, &curve); math.Abs(got-phi) > 1e-9 {
				t.Errorf("φ %v everywhere, δ %v: needed is %v", phi, delta, got)
			}
		}
	}
	if got := needed(0.3, 13, 10, d, &[scales]float64{1.1, 1.3, 2, 6, 6}); got < 3 || got > 6 {
		t.Errorf("where dispersion grows, needed is %v", got)
	}
}

// With one false alarm a week promised, there are at most as many as weeks, whatever the noise.
func TestPromise(t *testing.T) {
	const week = 7 * 1440
	for _, name := range []string{"L20", "S1k", "V1k", "D1k"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := scenario(t, name)
			set := Settings{}
			if world.Both {
				set.Look = Both
			}
			d := newDetector(t, set)
			s, w, r := learnt(t, d, name, week, 30)
			raised := 0
			events, _ := run(d, &s, &w, r, 20*week)
			for _, v := range events {
				if v.Event == Raised {
					raised++
				}
			}
			if raised > 20 {
				t.Errorf("%d false alarms in 20 weeks", raised)
			}
		})
	}
}

func TestChangeIsRaisedLocatedAndOver(t *testing.T) {
	for _, c := range []struct {
		world     string
		look      Direction
		direction Direction
		within    uint32 // buckets
	}{
		{"A1k", Up, Up, 180}, {"B1k", Up, Up, 5}, {"S1k", Up, Up, 400}, {"D1k", Both, Down, 300}, {"L20", Up, Up, 200}, {"K10s", Up, Up, 1000},
	} {
		t.Run(c.world, func(t *testing.T) {
			t.Parallel()
			world := scenario(t, c.world)
			d := newDetector(t, Settings{Bucket: time.Duration(world.Minutes() * float64(time.Minute)), Look: c.look})
			s, w, r := learnt(t, d, c.world, 525600, 30)
			var counts []Count
			w.Changed = w.At + uint32(d.perDay/2)
			for s.Open() == 0 && w.At < w.Changed+c.within {
				bucket := w.At
				x, n, _ := w.Next(r)
				counts = append(counts, Count{bucket, x, n})
				d.Observe(&s, counts[len(counts)-1])
			}
			if s.Open() != c.direction || w.At <= w.Changed {
				t.Fatalf("open is %d after %d buckets", s.Open(), int(w.At)-int(w.Changed))
			}
			if d.Evidence(&s) != 1 || s.Window() > w.Changed+5 {
				t.Errorf("evidence %v, window from %d, changed at %d", d.Evidence(&s), s.Window(), w.Changed)
			}
			found, err := d.Onset(&s, counts)
			if err != nil {
				t.Fatal(err)
			}
			if found.From > w.Changed || found.To < w.Changed || !found.Ratio.Holds(w.Ratio) || found.Start < found.From || found.Start > found.To {
				t.Errorf("changed at %d by %v, found %+v", w.Changed, w.Ratio, found)
			}
			s.Settle(found.Ratio.Value)
			w.Changed = 0
			events, _ := run(d, &s, &w, r, int(c.within)*4)
			if want := []Verdict{{Recovered, c.direction}}; !cmp.Equal(events, want) {
				t.Errorf("after the change: %v", events)
			}
			if d.Evidence(&s) > 0.9 {
				t.Errorf("after recovery the evidence is %v", d.Evidence(&s))
			}
		})
	}
}

func TestNewLevelIsAccepted(t *testing.T) {
	d := newDetector(t, Settings{})
	s, w, r := learnt(t, d, "A1k", 525600, 30)
	w.Changed, w.Ratio = w.At, 2
	run(d, &s, &w, r, 30)
	if s.Open() != Up {
		t.Fatal("a doubling was not raised in half an hour")
	}
	d.Accept(&s, 600, 30000)
	if s.Open() != 0 {
		t.Error("still open")
	}
	if events, _ := run(d, &s, &w, r, 20*1440); len(events) > 0 {
		t.Errorf("the accepted level was raised again: %v", events)
	}
	if got := d.rateAt(&s, w.At); math.Abs(got/0.02-1) > 0.03 {
		t.Errorf("the new level is %v", got)
	}
}

func TestBaselineNeverLearnsWhatIsOpen(t *testing.T) {
	d := newDetector(t, Settings{})
	s, w, r := learnt(t, d, "A1k", 525600, 30)
	before, _ := s.totals()
	w.Changed, w.Ratio = w.At, 5
	run(d, &s, &w, r, 3*1440)
	if after, _ := s.totals(); s.Open() != Up || after > before*1.02 {
		t.Errorf("open %d; errors behind the baseline grew from %v to %v", s.Open(), before, after)
	}
}

func TestNothingIsRaisedBeforeAWeekIsLearnt(t *testing.T) {
	d := newDetector(t, Settings{})
	r := rand.New(rand.NewPCG(1, 1))
	w := scenario(t, "A1k").Begin(r)
	s := d.Begin(10000)
	w.Changed, w.Ratio = w.At+4*1440, 3
	if events, _ := run(d, &s, &w, r, 7*1440-1); len(events) > 0 || d.Ready(&s) {
		t.Errorf("%v, ready %v", events, d.Ready(&s))
	}
}

func TestSeasonIsLearnt(t *testing.T) {
	d := newDetector(t, Settings{})
	s, w, _ := learnt(t, d, "W1k", 525600, 56)
	sea := d.season(&s)
	for hours := range uint32(7 * 24) {
		bucket := w.At + hours*60 + 30
		want, _ := w.Usual(bucket)
		if got := sea.at(d, bucket); math.Abs(got/want-1) > 0.15 {
			t.Errorf("after %d hours the rate is %.4f, learnt %.4f", hours, want, got)
		}
	}
	flat, _, _ := learnt(t, d, "A1k", 525600, 56)
	if margin := flat.margin; margin > 0.03 {
		t.Errorf("a series without a season is uncertain by %v", margin)
	}
}

func TestMissingLateAndRepeated(t *testing.T) {
	d := newDetector(t, Settings{})
	base, w, _ := learnt(t, d, "A1k", 525600, 20)
	at := w.At
	same := func(name string, a, b Series) {
		t.Helper()
		if a != b {
			t.Errorf("%s: the states differ:\n%s", name, cmp.Diff(a, b, cmp.AllowUnexported(Series{}, bin{})))
		}
	}
	one, two := base, base
	d.Observe(&one, Count{at, 20, 1000})
	d.Observe(&two, Count{at, 20, 1000})
	d.Observe(&two, Count{at, 500, 1000}) // again
	d.Observe(&two, Count{at - 5, 500, 1000})
	same("repeated", one, two)

	one, two = base, base
	for i, late := range []Count{{at, 3, 50}, {at, 0, 7}, {at, 11, 400}} {
		d.Late(&one, late.Errors, late.Requests)
		back := []Count{{at, 11, 400}, {at, 3, 50}, {at, 0, 7}}[i]
		d.Late(&two, back.Errors, back.Requests)
	}
	d.Observe(&one, Count{at, 10, 1000})
	d.Observe(&two, Count{at, 10, 1000})
	same("late in another order", one, two)
	three := base
	d.Observe(&three, Count{at, 24, 1457})
	same("late is as if in time", one, three)

	one = base
	d.Observe(&one, Count{at, 0, 0}) // nothing was observed
	one.last = base.last
	same("missing", one, base)

	one, two = base, base
	d.Observe(&one, Count{at, 2000, 1000})
	d.Observe(&two, Count{at, 1000, 1000})
	same("more errors than requests", one, two)
	d.Observe(&one, Count{at + 1, math.NaN(), 1000})
	d.Observe(&two, Count{at + 1, 0, 1000})
	same("no number", one, two)
}

func TestIncrement(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	old, began := &Sample{At: at(60), Value: 40}, &Sample{At: at(60), Since: at(10), Value: 40}
	for _, c := range []struct {
		name   string
		before *Sample
		now    Sample
		want   float64
		known  bool
	}{
		{"first", nil, Sample{At: at(60), Value: 40}, 0, false},
		{"usual", old, Sample{At: at(120), Value: 47}, 7, true},
		{"nothing", old, Sample{At: at(120), Value: 40}, 0, true},
		{"reset", old, Sample{At: at(120), Value: 5}, 5, true},
		{"gap", old, Sample{At: at(60 + 301), Value: 50}, 0, false},
		{"five intervals", old, Sample{At: at(60 + 300), Value: 50}, 10, true},
		{"gap, and began as before", began, Sample{At: at(5000), Since: at(10), Value: 90}, 50, true},
		{"began later, and is higher", began, Sample{At: at(120), Since: at(100), Value: 60}, 60, true},
		{"the same time", old, Sample{At: at(60), Value: 50}, 0, false},
		{"no number", old, Sample{At: at(120), Value: math.NaN()}, 0, false},
	} {
		if got, known := Increment(c.before, c.now, time.Minute); got != c.want || known != c.known {
			t.Errorf("%s: %v, %v", c.name, got, known)
		}
	}
}

func TestChildInheritsAndIsSoonItself(t *testing.T) {
	d := newDetector(t, Settings{})
	parent, w, r := learnt(t, d, "S1k", 525600, 30)
	child := d.Begin(525600)
	d.Inherit(&child, &parent)
	x, _ := child.totals()
	if math.Abs(x-5) > 0.01 {
		t.Errorf("the parent weighs %v errors", x)
	}
	w.Rate *= 3
	run(d, &child, &w, r, 20*1440)
	if rate, _ := w.Usual(w.At); math.Abs(d.rateAt(&child, w.At)/rate-1) > 0.1 {
		t.Errorf("the child's rate is %v, not %v", d.rateAt(&child, w.At), rate)
	}
}

// hostile are counts that nobody should send.
func hostile(t *rapid.T) float64 {
	return rapid.OneOf(rapid.Float64Range(0, 100), rapid.Float64(), rapid.SampledFrom([]float64{0, -1, math.Inf(1), math.NaN(), 1e300, 1e12})).Draw(t, "count")
}

func TestNothingIsEverNaN(t *testing.T) {
	detectors := []*Detector{newDetector(t, Settings{Look: Both, Learn: time.Hour}), newDetector(t, Settings{Bucket: time.Hour, Look: Both, Counts: true, Learn: time.Hour})}
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(detectors).Draw(t, "detector")
		s := d.Begin(rapid.Float64().Draw(t, "limit"))
		bucket := uint32(30_000_000)
		for range rapid.IntRange(1, 100).Draw(t, "buckets") {
			bucket += uint32(rapid.SampledFrom([]int{1, 1, 1, 1, 2, 100, 5000}).Draw(t, "gap"))
			if rapid.IntRange(0, 9).Draw(t, "late") == 0 {
				d.Late(&s, hostile(t), hostile(t))
			}
			d.Observe(&s, Count{bucket, hostile(t), hostile(t)})
			s.walk(func(v *float32) {
				if f := float64(*v); math.IsNaN(f) || math.IsInf(f, 0) {
					t.Fatalf("a field is %v: %+v", f, s)
				}
			}, func(*uint32) {}, func(*uint8) {})
			if e := d.Evidence(&s); !(e >= 0 && e <= 1) {
				t.Fatalf("the evidence is %v", e)
			}
		}
		if !s.sound(d) {
			t.Fatalf("not sound: %+v", s)
		}
	})
}
