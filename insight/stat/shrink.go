package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"frontline/fault"
)

// Shrunk is the shares of many demands, each drawn toward the common one by as much as its own count leaves open.
type Shrunk struct {
	M     float64    // the common share
	Alpha float64    // how many requests of a demand's own weigh as much as the common share
	Parts []Estimate // p̃ with its credible interval, in the order of the counts
}

// strengths is how many values of α stand for all, equally spaced in 1/√(1+α).
const strengths = 32

// Shrink fits a beta-binomial model to shares k_d of n_d: p_d ~ Beta(αm, α(1−m)), and returns the posterior p̃_d = (k_d + αm)/(n_d + α).
// M and Alpha are those of maximum likelihood. They are estimates themselves, so figures and intervals are of the mixture over all that are
// likely: α flat in 1/√(1+α), and logit m for each α by its normal approximation. The
// intervals hold level of the demands' true shares together, not each demand's by itself. Sources: Kleinman 1973, J. Am. Stat. Assoc. 68; Kass
// and Steffey 1989, same 84; Gelman et al. 2013, Bayesian Data Analysis, section 5.3. Errors: k of n impossible; fewer than 3 demands with
// requests, of which nothing can be learnt about their differences.
func Shrink(counts []Count, level float64) (Shrunk, error) {
	used := 0
	for _, c := range counts {
		if err := checkShare(c.K, c.N, level); err != nil {
			return Shrunk{}, err
		}
		if c.N > 0 {
			used++
		}
	}
	if used < 3 {
		return Shrunk{}, fault.Wrong("counts", "How demands differ is learnt from at least 3 of them; widen the filter.")
	}
	priors, best := betaPriors(counts)
	s := Shrunk{M: best.m, Alpha: best.alpha, Parts: make([]Estimate, len(counts))}
	for i, c := range counts {
		s.Parts[i] = posterior(priors, c, level)
	}
	return s, nil
}

// prior is one possible beta distribution of the demands' shares and how likely it is.
type prior struct{ alpha, m, weight float64 }

// betaPriors is the grid of priors with their weights, and the most likely one.
func betaPriors(counts []Count) ([]prior, prior) {
	type cell struct{ alpha, logit, sd, likely float64 }
	var cells []cell
	best := cell{likely: math.Inf(-1)}
	for i := range strengths {
		u := (float64(i) + 0.5) / strengths
		c := cell{alpha: 1/(u*u) - 1}
		likely := func(logit float64) float64 { return betaLikelihood(counts, c.alpha, logistic(logit)) }
		c.logit = golden(likely, -12, 12)
		c.likely = likely(c.logit)
		const h = 0.05
		curve := (likely(c.logit+h) + likely(c.logit-h) - 2*c.likely) / (h * h)
		c.sd = min(2, 1/math.Sqrt(max(1e-9, -curve)))
		if c.likely > best.likely {
			best = c
		}
		cells = append(cells, c)
	}
	var priors []prior
	for _, c := range cells { // three nodes of the Gauss–Hermite rule over logit m
		w := math.Exp(c.likely-best.likely) * c.sd
		far := math.Sqrt(3) * c.sd
		priors = append(priors, prior{c.alpha, logistic(c.logit), w * 2 / 3},
			prior{c.alpha, logistic(c.logit - far), w / 6}, prior{c.alpha, logistic(c.logit + far), w / 6})
	}
	return likely(priors), prior{alpha: best.alpha, m: logistic(best.logit)}
}

// likely drops what hardly weighs and makes the rest add up to 1.
func likely(priors []prior) []prior {
	var all, kept float64
	for _, p := range priors {
		all += p.weight
	}
	priors = slices.DeleteFunc(priors, func(p prior) bool { return p.weight < all/1000 })
	for _, p := range priors {
		kept += p.weight
	}
	for i := range priors {
		priors[i].weight /= kept
	}
	return priors
}

// posterior is one demand's share, averaged over the priors; its interval leaves equal chances on both sides of the mixture.
func posterior(priors []prior, c Count, level float64) Estimate {
	var at float64
	parts := make([]prior, len(priors)) // alpha and m of each become the parameters of its beta distribution
	for i, p := range priors {
		parts[i] = prior{float64(c.K) + p.alpha*p.m, float64(c.N-c.K) + p.alpha*(1-p.m), p.weight}
		at += p.weight * parts[i].alpha / (parts[i].alpha + parts[i].m)
	}
	limit := func(chance float64) float64 {
		low, high := 0.0, 1.0
		for high-low > 1e-5 {
			middle, below := (low+high)/2, 0.0
			for _, p := range parts {
				below += p.weight * mathext.RegIncBeta(p.alpha, p.m, middle)
			}
			if below < chance {
				low = middle
			} else {
				high = middle
			}
		}
		return (low + high) / 2
	}
	return Estimate{Value: at, N: c.N, Interval: Interval{limit((1 - level) / 2), limit(1 - (1-level)/2)}}
}

// betaLikelihood is Σ log B(k+αm, n−k+α(1−m)) − log B(αm, α(1−m)).
func betaLikelihood(counts []Count, alpha, m float64) float64 {
	a, b := alpha*m, alpha*(1-m)
	prior := logBeta(a, b)
	var sum float64
	for _, c := range counts {
		if c.N > 0 {
			sum += logBeta(a+float64(c.K), b+float64(c.N-c.K)) - prior
		}
	}
	return sum
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// golden finds where f is largest between low and high, if it has one top there (Kiefer 1953, golden section).
func golden(f func(float64) float64, low, high float64) float64 {
	const ratio = 0.6180339887498949
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	fa, fb := f(a), f(b)
	for high-low > 1e-6 {
		if fa < fb {
			low, a, fa = a, b, fb
			b = low + ratio*(high-low)
			fb = f(b)
		} else {
			high, b, fb = b, a, fa
			a = high - ratio*(high-low)
			fa = f(a)
		}
	}
	return (low + high) / 2
}
