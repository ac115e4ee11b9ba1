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
	Share   float64  // how much speaks for it, from 0 to 1; 0: nothing does, and it is offered because it is coded most often
	Votes   int      // how many of the Of nearest coded requests are of this demand
	Of      int      // 0: no coded request is like this one
	New     bool     // the request is less like every known demand than nine of ten known requests are like theirs
	Because []string // the words that those requests and this one share, or that speak for the demand in all that are coded
}

// Of how many like requests the codes are looked at, and how many demands are offered.
const (
	mostAsked   = 40
	mostAdvised = 3
)

// Advise offers at most three demands for a request, the likeliest first: half is the vote of the confirmed requests that are like it, half what was
// learnt from all confirmed ones (search.Model). Where these are fewer than three, the demands with the most examples among live ones follow, so
// that the first codes have something to choose from.
func (s *Service) Advise(ctx context.Context, a people.Actor, ref string) ([]Advised, error) {
	if err := people.May(a, people.WorkRequests, topic()); err != nil {
		return nil, err
	}
	register, err := s.DB.Demands(ctx)
	if err != nil || len(register) == 0 {
		return nil, err
	}
	r, err := s.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return nil, err
	}
	all, err := s.DB.Written(ctx, KindRequest, []int64{r.Number})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	near, err := s.nearest(ctx, a, alike(all[0]), r, mostAsked)
	if err != nil {
		return nil, err
	}
	model, err := s.learnt(ctx, register)
	if err != nil {
		return nil, err
	}
	return advise(register, model, alike(all[0]), near), nil
}

func advise(register []Demand, model *search.Model, text string, near []Near) []Advised {
	var neighbours []search.Neighbour
	coded := map[string][]search.Share{}
	for _, n := range near {
		neighbours = append(neighbours, search.Neighbour{ID: n.Request.ID, Likeness: n.Likeness, Because: n.Because})
		coded[n.Request.ID] = sharesOf(register, n.Request)
	}
	advice := model.Advise(text, neighbours, func(id string) []search.Share { return coded[id] })
	var out []Advised
	for _, x := range advice.Suggestions {
		d, ok := findDemand(register, CountedAs(register, x.Demand)) // it may have been merged since it was learnt
		at := slices.IndexFunc(out, func(o Advised) bool { return o.Demand.ID == d.ID })
		switch {
		case !ok || !d.Live():
		case at >= 0:
			out[at].Share, out[at].Votes = out[at].Share+x.Share, out[at].Votes+x.Votes
		default:
			out = append(out, Advised{Demand: d, Share: x.Share, Votes: x.Votes, Of: advice.Of, New: advice.MaybeNew, Because: x.Because})
		}
	}
	return fillUp(register, out)
}

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
