package stat

import (
	"cmp"
	"math"
	"slices"

	"frontline/fault"
)

// Work is what one request took.
type Work struct {
	Hours           float64
	Asker, Customer string // empty where not known
	Parts           []Part // the demands it was confirmed to be; none if it was not
}

// Part is a demand's share of one request. The shares of a request add up to at most 1.
type Part struct {
	Demand string
	Share  float64
}

// Bar is one demand of the Pareto chart, the most hours first.
type Bar struct {
	Demand            string
	Requests          int
	Askers, Customers int
	Hours             Estimate
	Share             float64 // of the hours of all demands together
	Cumulated         float64 // Share of this bar and those before it
	Rank              Interval
}

// The bounds of the bootstrap: below a demand says too little for an interval; above, the closed form gives the same digits sooner.
const (
	fewestParts = 12
	mostDrawn   = 20_000
)

// Pareto ranks demands by the hours they took: H_d = Σ hours·share. Hours has a bootstrap-t interval from Draws resamples of whole
// requests (of all of them, so that how often a demand comes is as uncertain as how long it takes); above 20,000 requests its limit, the
// normal interval of log H_d, where both agree. Rank is the interval of the demand's place among the resamples; above 20,000 requests it is
// computed from the intervals of the hours. A demand of fewer than 12 requests has no interval. Askers and Customers are distinct. Errors:
// hours or shares that are negative, no numbers, or more than the whole.
func Pareto(works []Work, level float64, seed uint64) ([]Bar, error) {
	return rankDemands(works, level, seed, Draws)
}

// rankDemands is Pareto with so many draws.
func rankDemands(works []Work, level float64, seed uint64, draws int) ([]Bar, error) {
	if err := checkLevel(level); err != nil {
		return nil, err
	}
	p, err := tally(works)
	if err != nil {
		return nil, err
	}
	p.rankBy(level)
	if len(works) > 0 && len(works) <= mostDrawn {
		p.draw(level, seed, draws)
	}
	return p.finish(), nil
}

// pareto is the work in flat slices: part i gives hours[i] to demand[i], and belongs to the request whose parts begin at start[r].
type pareto struct {
	n                 int
	bars              []Bar
	sums              []sum
	start             []int32
	demand            []int32
	hours             []float64
	askers, customers []map[string]bool
}

func tally(works []Work) (*pareto, error) {
	p, index := &pareto{n: len(works)}, map[string]int32{}
	for _, w := range works {
		if err := checkFinite("hours", w.Hours, false); err != nil {
			return nil, err
		}
		p.start = append(p.start, int32(len(p.demand)))
		whole := 0.0
		for _, part := range w.Parts {
			if err := checkFinite("share", part.Share, false); err != nil {
				return nil, err
			}
			if whole += part.Share; whole > 1+1e-9 {
				return nil, fault.Wrong("share", "The shares of one request add up to more than 1; divide them anew.")
			}
			i, known := index[part.Demand]
			if !known {
				i = int32(len(p.bars))
				index[part.Demand] = i
				p.bars, p.sums = append(p.bars, Bar{Demand: part.Demand}), append(p.sums, sum{})
				p.askers, p.customers = append(p.askers, map[string]bool{}), append(p.customers, map[string]bool{})
			}
			p.count(i, w, part)
		}
	}
	p.start = append(p.start, int32(len(p.demand)))
	return p, nil
}

func (p *pareto) count(i int32, w Work, part Part) {
	hours := w.Hours * part.Share
	p.demand, p.hours = append(p.demand, i), append(p.hours, hours)
	p.sums[i].add(hours, 1)
	p.bars[i].Requests++
	if w.Asker != "" {
		p.askers[i][w.Asker] = true
	}
	if w.Customer != "" {
		p.customers[i][w.Customer] = true
	}
}

// rankBy gives each demand the closed form of its interval and, from those, the places it may have.
func (p *pareto) rankBy(level float64) {
	z := score(level)
	for i := range p.bars {
		b, s := &p.bars[i], p.sums[i]
		b.Hours = Estimate{Value: s.total, N: b.Requests}
		switch {
		case b.Requests < fewestParts:
			b.Hours.Why = "fewer than 12 requests"
		case s.total == 0:
			b.Hours.Why = "no time was booked"
		default:
			b.Hours.Interval = Interval{s.total * math.Exp(-z*s.error(p.n)), s.total * math.Exp(z*s.error(p.n))}
		}
	}
	for i := range p.bars {
		b := &p.bars[i]
		b.Rank = Interval{1, float64(len(p.bars))}
		if !b.Hours.Known() {
			continue
		}
		for j, other := range p.bars {
			if j == i || !other.Hours.Known() {
				continue
			}
			if other.Hours.Low > b.Hours.High {
				b.Rank.Low++
			}
			if other.Hours.High < b.Hours.Low {
				b.Rank.High--
			}
		}
	}
}

// draw replaces the closed forms by what the resamples say.
func (p *pareto) draw(level float64, seed uint64, draws int) {
	ts, ranks := make([][]float64, len(p.bars)), make([][]float64, len(p.bars))
	sums, order := make([]sum, len(p.bars)), make([]int, len(p.bars))
	for i := range ts {
		ts[i], ranks[i], order[i] = make([]float64, 0, draws), make([]float64, 0, draws), i
	}
	resample(p.n, draws, seed, func(_ int, times []uint16) {
		clear(sums)
		for r, t := range times {
			for i := p.start[r]; t > 0 && i < p.start[r+1]; i++ {
				sums[p.demand[i]].add(p.hours[i], float64(t))
			}
		}
		for i, s := range sums {
			ts[i] = append(ts[i], studentize(s, p.sums[i], p.n))
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(sums[b].total, sums[a].total), cmp.Compare(a, b)) })
		for place, i := range order {
			ranks[i] = append(ranks[i], float64(place+1))
		}
	})
	for i := range p.bars {
		p.bars[i].Rank = percentiles(ranks[i], level)
		if p.bars[i].Hours.Known() {
			p.bars[i].Hours.Interval = studentized(p.sums[i], p.n, ts[i], level)
		}
	}
}

// studentize is how far a resample is from the sample in standard errors. One in which the demand did not come at all is infinitely far
// below; one in which nothing varies says nothing of its own error and borrows the sample's.
func studentize(drawn, whole sum, n int) float64 {
	if drawn.total == 0 {
		return -math.MaxFloat64
	}
	se := drawn.error(n)
	if se == 0 {
		se = whole.error(n)
	}
	return (math.Log(drawn.total) - math.Log(whole.total)) / se
}

// finish orders the bars and adds up.
func (p *pareto) finish() []Bar {
	var all float64
	for i := range p.bars {
		p.bars[i].Askers, p.bars[i].Customers = len(p.askers[i]), len(p.customers[i])
		all += p.bars[i].Hours.Value
	}
	slices.SortFunc(p.bars, func(a, b Bar) int {
		return cmp.Or(cmp.Compare(b.Hours.Value, a.Hours.Value), cmp.Compare(a.Demand, b.Demand))
	})
	before := 0.0
	for i := range p.bars {
		if all > 0 {
			p.bars[i].Share = p.bars[i].Hours.Value / all
		}
		before += p.bars[i].Share
		p.bars[i].Cumulated = min(1, before)
	}
	return p.bars
}
