package stat

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"frontline/fault"
)

// Test is the answer of a test of "all are alike": P is the chance of a statistic at least as large when they are.
type Test struct {
	Statistic float64
	Freedom   int
	P         float64
}

// Arrival is one request of one cohort: those that arrived in the same week or month, or are of the same type.
type Arrival struct {
	Cohort string
	Life
}

// Cohort is the curve of those that arrived together.
type Cohort struct {
	Name string
	Curve
}

// Cohorts estimates one curve for each cohort, in the order of their names, and tests whether the cohorts differ. Requests belong to when
// they arrived, never to when they were closed: what is closed in a good month may have waited since a bad one. Errors: as Survival.
func Cohorts(arrivals []Arrival, level float64) ([]Cohort, Test, error) {
	by := map[string][]Life{}
	for _, a := range arrivals {
		by[a.Cohort] = append(by[a.Cohort], a.Life)
	}
	var cohorts []Cohort
	var groups [][]Life
	for name, lives := range by {
		c, err := Survival(lives, level)
		if err != nil {
			return nil, Test{}, err
		}
		cohorts = append(cohorts, Cohort{name, c})
	}
	slices.SortFunc(cohorts, func(a, b Cohort) int { return cmp.Compare(a.Name, b.Name) })
	for _, c := range cohorts {
		groups = append(groups, by[c.Name])
	}
	if len(groups) < 2 {
		return cohorts, Test{P: 1}, nil
	}
	test, err := LogRank(groups...)
	return cohorts, test, err
}

// LogRank tests whether groups of requests take equally long, open ones counted. At each end it compares how many ended in a group with
// how many would if all were alike; the squared sum of the differences, weighed by their covariance, is χ² with one degree less than there
// are groups. Source: Mantel 1966, Cancer Chemotherapy Reports 50; Kalbfleisch and Prentice 2002, section 1.5. Errors: fewer than two
// groups; a span that is negative or no number.
func LogRank(groups ...[]Life) (Test, error) {
	if len(groups) < 2 {
		return Test{}, fault.Wrong("groups", "A comparison needs at least two groups; choose another split.")
	}
	type member struct {
		Life
		group int
	}
	var all []member
	risk := make([]float64, len(groups))
	for g, lives := range groups {
		risk[g] = float64(len(lives))
		for _, l := range lives {
			if err := checkFinite("span", l.Span, false); err != nil {
				return Test{}, err
			}
			all = append(all, member{l, g})
		}
	}
	slices.SortFunc(all, func(a, b member) int { return cmp.Compare(a.Span, b.Span) })
	sum := newRanks(len(groups))
	for i := 0; i < len(all); {
		at, ended, left := all[i].Span, make([]float64, len(groups)), make([]float64, len(groups))
		for ; i < len(all) && all[i].Span == at; i++ {
			left[all[i].group]++
			if all[i].Ended {
				ended[all[i].group]++
			}
		}
		sum.add(risk, ended)
		for g := range risk {
			risk[g] -= left[g]
		}
	}
	return sum.test()
}

// ranks adds up, for each group, how many more ended than expected, and the covariances of that.
type ranks struct {
	more []float64
	cov  *mat.SymDense
}

func newRanks(groups int) ranks { return ranks{make([]float64, groups), mat.NewSymDense(groups, nil)} }

func (r ranks) add(risk, ended []float64) {
	var n, d float64
	for g := range risk {
		n += risk[g]
		d += ended[g]
	}
	if d == 0 {
		return
	}
	var spread float64
	if n > 1 {
		spread = d * (n - d) / (n - 1)
	}
	for g := range risk {
		share := risk[g] / n
		r.more[g] += ended[g] - d*share
		for h := g; h < len(risk); h++ {
			v := -share * risk[h] / n
			if g == h {
				v = share * (1 - share)
			}
			r.cov.SetSym(g, h, r.cov.At(g, h)+spread*v)
		}
	}
}

// test leaves the last group out: the differences add up to zero. Groups that were never at risk when something ended say nothing and are
// left out too.
func (r ranks) test() (Test, error) {
	var use []int
	for g := range r.more {
		if r.cov.At(g, g) > 1e-12 {
			use = append(use, g)
		}
	}
	if len(use) < 2 {
		return Test{P: 1}, nil
	}
	use = use[:len(use)-1]
	cov, more := mat.NewSymDense(len(use), nil), mat.NewVecDense(len(use), nil)
	for i, g := range use {
		more.SetVec(i, r.more[g])
		for j := i; j < len(use); j++ {
			cov.SetSym(i, j, r.cov.At(g, use[j]))
		}
	}
	var solve mat.Cholesky
	var x mat.VecDense
	if !solve.Factorize(cov) {
		return Test{P: 1}, nil // the groups never overlap: nothing can be compared
	}
	if err := solve.SolveVecTo(&x, more); err != nil {
		return Test{}, fault.Wrap(err, fault.Internal, "These groups cannot be compared; choose a coarser split.")
	}
	t := Test{Statistic: mat.Dot(more, &x), Freedom: len(use)}
	t.P = distuv.ChiSquared{K: float64(t.Freedom)}.Survival(t.Statistic)
	return t, nil
}
