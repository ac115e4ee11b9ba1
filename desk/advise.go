package desk

import (
	"cmp"
	"context"
	"slices"

	"frontline/people"
	"frontline/search"
)

// Advised is a demand that a request may belong to. It is a proposal: only what a person confirms is counted.
type Advised struct {
	Demand  Demand
	Votes   int      // how many of the Of nearest coded requests are of this demand
	Of      int      // 0: no coded request is like this one, and the demand is offered because it is coded most often
	Because []string // the words that those requests and this one share
}

// Of how many like requests the codes are looked at, and how many demands are offered.
const (
	mostAsked   = 40
	mostAdvised = 3
)

// Advise offers at most three demands for a request: those of the confirmed requests that are like it, the likeliest first (search.Vote). Where
// these are fewer than three, the demands with the most examples among live ones follow, so that the first codes have something to choose from.
func (s *Service) Advise(ctx context.Context, a people.Actor, ref string) ([]Advised, error) {
	if err := people.May(a, people.WorkRequests, topic()); err != nil {
		return nil, err
	}
	register, err := s.DB.Demands(ctx)
	if err != nil || len(register) == 0 {
		return nil, err
	}
	near, err := s.Similar(ctx, a, ref, mostAsked)
	if err != nil {
		return nil, err
	}
	return advise(register, near), nil
}

func advise(register []Demand, near []Near) []Advised {
	var neighbours []search.Neighbour
	coded, codes := map[string][]search.Share{}, 0
	for _, n := range near {
		neighbours = append(neighbours, search.Neighbour{ID: n.Request.ID, Likeness: n.Likeness, Because: n.Because})
		for _, c := range n.Request.Codes {
			if d, ok := findDemand(register, CountedAs(register, c.Demand)); ok && d.Live() {
				coded[n.Request.ID] = append(coded[n.Request.ID], search.Share{Demand: d.ID, Part: float64(c.Share) / 100})
			}
		}
		if len(coded[n.Request.ID]) > 0 {
			codes++
		}
	}
	var out []Advised
	for _, v := range search.Vote(neighbours, func(id string) []search.Share { return coded[id] }) {
		if d, ok := findDemand(register, v.Demand); ok && len(out) < mostAdvised {
			out = append(out, Advised{Demand: d, Votes: v.Votes, Of: min(codes, nearestTold), Because: v.Because})
		}
	}
	return fillUp(register, out)
}

// nearestTold is of how many of the nearest a person is told.
const nearestTold = 5

// fillUp offers further live demands: those with the most examples, then the oldest.
func fillUp(register []Demand, out []Advised) []Advised {
	rest := slices.DeleteFunc(slices.Clone(register), func(d Demand) bool {
		return !d.Live() || slices.ContainsFunc(out, func(o Advised) bool { return o.Demand.ID == d.ID })
	})
	slices.SortStableFunc(rest, func(a, b Demand) int {
		return cmp.Or(cmp.Compare(len(b.Examples), len(a.Examples)), cmp.Compare(a.Number, b.Number))
	})
	for _, d := range rest[:min(len(rest), mostAdvised-len(out))] {
		out = append(out, Advised{Demand: d})
	}
	return out
}
