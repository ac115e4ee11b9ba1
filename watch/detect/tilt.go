package detect

import "math"

// The ratios of new to old rate that are looked for, and how many of them a series looks for at once in each direction.
const (
	ratios  = 13 // 1.0125, 1.025, 1.05, 1.1, 1.2, 1.4, 1.8, 2.6, 4.2, 7.4, 13.8, 26.6, 52.2
	upward  = 8
	down    = 5
	levels  = 256 // of dispersion
	biggest = 1e30
	// Within one nat of the alarm nothing is learnt any more. To stop earlier would cut off the high side of the baseline and break the
	// promise.
	brink = 1 / math.E
)

// ratio is the i-th ratio, 1 + 0.0125·2^i. Neighbours are a factor of 2 apart in ratio−1, which costs a change between two of them at most
// a ninth of its drift.
func ratio(i int) float64 { return 1 + math.Ldexp(0.0125, i) }

// dispersion is the i-th level of variance over mean: fine steps near 1, steps of 5 % far above.
func dispersion(i int) float64 { return 1 + 0.25*(math.Pow(1.05, float64(i))-1) }

// level is the nearest level of dispersion.
func level(phi float64) uint8 {
	i := math.Log1p(max(phi-1, 0)/0.25) / math.Log(1.05)
	return uint8(min(i+0.5, levels-1))
}

// tilt is one likelihood ratio: exp(theta·x − kappa·L).
type tilt struct{ theta, kappa float32 }

type tilts struct{ rise, fall [ratios][levels]tilt }

func newTilts() tilts {
	var t tilts
	for i := range ratios {
		for j := range levels {
			t.rise[i][j] = tiltOf(ratio(i), dispersion(j))
			t.fall[i][j] = tiltOf(1/ratio(i), dispersion(j))
		}
	}
	return t
}

// tiltOf makes the tilt for a ratio ρ of new to old rate and a dispersion φ = variance/mean:
//
//	φ = 1:  θ = ln ρ                     κ = ρ − 1
//	φ > 1:  θ = ln(ρφ/(1 + ρ(φ−1)))      κ = ln((1 + ρ(φ−1))/φ)/(φ−1)
//
// For x negative binomial with mean L and variance φL, E exp(θx − κL) = 1 exactly, and the law that is tilted so is negative binomial with
// mean ρL. For x binomial with mean at most L the form for φ = 1 has mean at most 1 for every ρ, because (1 + p(ρ−1))^n ≤ exp(np(ρ−1)).
// Source: Cameron and Trivedi 2013, Regression Analysis of Count Data, section 3.3 (NB1); the generating functions of both laws.
func tiltOf(rho, phi float64) tilt {
	if phi <= 1 {
		return tilt{float32(math.Log(rho)), float32(rho - 1)}
	}
	kappa := math.Log1p((rho-1)*(phi-1)/phi) / (phi - 1)
	return tilt{float32(math.Log(rho) - kappa*(phi-1)), float32(kappa)}
}

// exp is eˣ within 1 part in 10⁶, and between e⁻⁸⁰ and e⁶⁸: 13 factors a bucket notice the time of math.Exp. x is split into k·ln 2 + r with
// |r| ≤ ln 2/2; adding round, in which the last bit of a float is 1, rounds to the nearest whole k. 2^k comes from the bits of a float, e^r
// from its series.
func exp(x float64) float64 {
	const round = 3 << 51
	x = min(max(x, -80), 68)
	k := x*math.Log2E + round
	whole := k - round
	r := x - whole*math.Ln2
	square := r * r
	p := 1 + r + square*(1.0/2+r*(1.0/6)) + square*square*(1.0/24+r*(1.0/120)+square*(1.0/720))
	return p * math.Float64frombits(uint64(int64(math.Float64bits(k)<<20)>>20+1023)<<52)
}
