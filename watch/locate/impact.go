package locate

import (
	"cmp"
	"math"
	"slices"

	"frontline/insight/stat"
)

// Customers says how many customers a cause reached.
type Customers struct {
	Exposed int           // sent at least one request that the cause covers
	Failed  int           // had at least one error, of which some would have come anyway
	Hit     stat.Estimate // had at least one error that the change brought
	List    []Hurt        // those that failed, the surest first; at most mostHurt
}

// Hurt is one customer with errors since a change began.
type Hurt struct {
	Customer                   string
	Errors, Requests, Expected float64
	Chance                     float64 // that the change brought at least one of its errors
}

// mostHurt is how many customers are listed.
const mostHurt = 500

// cause sums up these leaves. The excess is x − E ± 1.96·√(φ·x + (se E)²); the ratio has the interval of its logarithm.
func (c *cube) cause(at *cell, leaves []int) Cause {
	var out Cause
	if at != nil {
		first := at.cuboid.first[at.number]
		for _, d := range at.cuboid.labels {
			out.Labels = append(out.Labels, Label{c.q.Labels[d], c.names[d][c.values[d][first]]})
		}
	}
	var square float64 // (se E)²
	for _, i := range leaves {
		l := &c.q.Leaves[i]
		out.Errors, out.Requests, out.Expected = out.Errors+l.Errors, out.Requests+l.Requests, out.Expected+c.original[i]
		square += c.original[i] * c.original[i] * c.variance[i]
	}
	x, e := out.Errors, max(out.Expected, 1e-9)
	sd := math.Sqrt(c.q.Dispersion*max(x, 1) + square)
	out.Excess = stat.Estimate{Value: x - e, Interval: stat.Interval{Low: x - e - z95*sd, High: x - e + z95*sd}, N: int(x)}
	se := math.Sqrt(c.q.Dispersion/max(x, 1) + square/(e*e))
	out.Ratio = stat.Estimate{Value: x / e, Interval: stat.Interval{Low: x / e * math.Exp(-z95*se), High: x / e * math.Exp(z95*se)}, N: int(x)}
	if c.q.Customer >= 0 {
		out.Customers = c.customers(leaves)
	}
	return out
}

// customers counts the customers of these leaves.
func (c *cube) customers(leaves []int) Customers {
	names := c.names[c.q.Customer]
	byCustomer := make([]Reach, len(names))
	for _, i := range leaves {
		r := &byCustomer[c.values[c.q.Customer][i]]
		r.Errors += c.q.Leaves[i].Errors
		r.Requests += c.q.Leaves[i].Requests
		r.Expected += c.original[i]
	}
	out := Count(byCustomer, c.q.Dispersion)
	out.List = Chances(names, byCustomer, c.q.Dispersion)
	return out
}

// Chances says of each customer with errors how likely the change brought at least one of them, as Count has it; the surest first.
func Chances(names []string, all []Reach, phi float64) []Hurt {
	e, ok := learn(all, phi)
	var out []Hurt
	for i, r := range all {
		if r.Errors > 0 {
			h := Hurt{Customer: names[i], Errors: r.Errors, Requests: r.Requests, Expected: r.Expected}
			if ok {
				h.Chance = e.chance(r, e.lambda)
			}
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b Hurt) int {
		return cmp.Or(cmp.Compare(b.Chance, a.Chance), cmp.Compare(b.Errors, a.Errors), cmp.Compare(a.Customer, b.Customer))
	})
	return out[:min(len(out), mostHurt)]
}

// learn goes through the rounds of the weighted moments; false when the change brings nothing.
func learn(all []Reach, phi float64) (effect, bool) {
	e := effect{phi: max(phi, 1), shape: math.Inf(1)}
	for range 4 {
		if e = e.learn(all); !(e.lambda > 0) {
			return e, false
		}
	}
	return e, true
}

// Reach is what one customer had since a change began.
type Reach struct{ Errors, Requests, Expected float64 }

// Count says how many customers were hit: had at least one error that the change brought. To count everybody with an error gives up to twice
// the truth, for many errors would have come anyway. Customer c has usual errors, Poisson with mean E_c, and brought ones, Poisson with mean
// λ_c·E_c, where λ_c has a gamma law of mean λ and shape a, for a change is stronger for some than for others. Given x errors, none was
// brought with chance
//
//	1/S,  S = Σ t_j,  t_0 = 1,  t_(j+1) = t_j · (x−j)·(a+j)/(j+1) · λ/(a + λE_c)
//
// by Bayes' rule; where all customers are alike this is ρ^(−x) with ρ = 1 + λ. λ and a are learnt by weighted moments,
//
//	λ = Σw(x−E)/ΣwE,  w = 1/(φρ + λ²E/a),  1/a = max(0, Σ((x−ρE)² − φρE)/Σ(λE)²),  var λ = 1/ΣwE
//
// so that one huge customer does not speak for all. The interval is 1.96·√(Σ h(1−h) + (dH/dλ)²·var λ), h the chance of each. Source: thinning
// of Poisson processes (Kingman 1993, Poisson Processes, section 5.1); moments as in Clayton and Kaldor 1987, Biometrics 43.
func Count(all []Reach, phi float64) Customers {
	var out Customers
	for _, r := range all {
		if r.Requests > 0 {
			out.Exposed++
		}
		if r.Errors > 0 {
			out.Failed++
		}
	}
	e, ok := learn(all, phi)
	if !ok {
		out.Hit = stat.Estimate{N: out.Exposed}
		return out
	}
	hits, variance := e.hit(all, e.lambda)
	step := 0.01 * e.lambda
	more, _ := e.hit(all, e.lambda+step)
	less, _ := e.hit(all, e.lambda-step)
	slope := (more - less) / (2 * step)
	sd := math.Sqrt(variance + slope*slope*e.variance)
	out.Hit = stat.Estimate{Value: hits, N: out.Exposed,
		Interval: stat.Interval{Low: max(hits-z95*sd, 0), High: min(hits+z95*sd, float64(out.Failed))}}
	return out
}

// effect is the law of how much the change brings to a customer.
type effect struct{ phi, lambda, shape, variance float64 }

// learn goes one step of the weighted moments on.
func (e effect) learn(all []Reach) effect {
	var excess, expected float64
	for _, r := range all {
		w := 1 / (e.phi*(1+e.lambda) + e.lambda*e.lambda*r.Expected/e.shape)
		excess += w * (r.Errors - r.Expected)
		expected += w * r.Expected
	}
	if expected <= 0 {
		return effect{}
	}
	next := effect{phi: e.phi, lambda: excess / expected, variance: 1 / expected}
	var spread, square float64
	for _, r := range all {
		m := (1 + next.lambda) * r.Expected
		spread += (r.Errors-m)*(r.Errors-m) - e.phi*m
		square += next.lambda * r.Expected * next.lambda * r.Expected
	}
	next.shape = math.Inf(1)
	if spread > 0 {
		next.shape = max(square/spread, 0.05)
	}
	return next
}

// hit sums the chances of all customers, and their variances.
func (e effect) hit(all []Reach, lambda float64) (mean, variance float64) {
	for _, r := range all {
		h := e.chance(r, lambda)
		mean += h
		variance += h * (1 - h)
	}
	return mean, variance
}

// chance is that of one customer: 1 − 1/S.
func (e effect) chance(r Reach, lambda float64) float64 {
	sum, term := 1.0, 1.0
	for j := 0.0; j < min(r.Errors, 5000) && sum < 1e9 && (j < 20 || term > 1e-9*sum); j++ {
		odds := lambda
		if !math.IsInf(e.shape, 1) {
			odds *= (e.shape + j) / (e.shape + lambda*r.Expected)
		}
		term *= (r.Errors - j) / (j + 1) * odds
		sum += term
	}
	return 1 - 1/sum
}
