package desk

import (
	"cmp"
	"context"
	"slices"

	"frontline/search"
)

// How many candidates are ranked. Enough of them hold all that was asked for, or the rarest of it.
const (
	mostCandidates = 150
	mostIncidents  = 100
)

// wish is one thing that was asked for and that a result may lack.
type wish struct {
	any    []Holding
	common int // about how many documents of the sample hold it
}

// When a word is not looked for: it is one of those that a quarter of all hold, and what else was asked for is met by so few that the index would have to
// walk through nearly everything that holds it. Candidates are ranked by it all the same, so those that hold it come first.
const (
	usualShare = 0.25
	fewShare   = 0.001
)

// shares says about how large a share of all documents meets wishes, as if words had nothing to do with each other.
type shares struct {
	held      float64 // what must be held
	documents int     // of the sample
}

func (s shares) of(wished ...wish) float64 {
	if s.documents == 0 {
		return 0
	}
	all := s.held
	for _, w := range wished {
		all *= min(1, (float64(w.common)+0.5)/(float64(s.documents)+1))
	}
	return all
}

// narrowing leaves out the wishes that narrow nothing, the commonest first.
func narrowing(wished []wish, s shares) []wish {
	alone := shares{1, s.documents}
	for n := len(wished) - 1; n > 0 && alone.of(wished[n]) >= usualShare && s.of(wished...) < fewShare; n-- {
		wished = wished[:n]
	}
	return wished
}

// wishes parts a query for the text index: what must be held, what must not, and what is wished for.
func wishes(q search.Query, common search.Commonness) (must [][]Holding, none []Holding, wished []wish) {
	for _, c := range q.Clauses {
		var any []Holding
		n, phrases, field := 0, true, false
		for _, t := range c.Any {
			field = field || t.Field != ""
			phrases = phrases && t.Phrase
			least := common.Documents()
			for _, w := range t.Words {
				least = min(least, common.Holding(w))
			}
			any, n = append(any, Holding{Words: t.Words}), n+least
		}
		switch {
		case field: // understand has taken it
		case c.Not:
			none = append(none, any...)
		case phrases:
			must = append(must, any)
		default:
			wished = append(wished, wish{any, n})
		}
	}
	slices.SortStableFunc(wished, func(a, b wish) int { return cmp.Compare(a.common, b.common) })
	return must, none, wished
}

// steps are the ways to retrieve candidates, the strictest first; a later one is only gone when those before found too few.
func steps(must [][]Holding, none []Holding, wished []wish, s shares) [][]Match {
	match := func(some ...wish) Match {
		m := Match{All: slices.Clone(must), None: none, Share: s.of(some...)}
		for _, w := range some {
			m.All = append(m.All, w.any)
		}
		return m
	}
	n := len(wished)
	switch {
	case n == 0 && len(must) == 0:
		return nil
	case n <= 1:
		return [][]Match{{match(wished...)}}
	}
	all := [][]Match{{match(wished...)}}
	if n > 2 && n <= 6 { // all but one
		var some []Match
		for i := range wished {
			some = append(some, match(slices.Delete(slices.Clone(wished), i, i+1)...))
		}
		all = append(all, some)
	}
	if n > 3 {
		all = append(all, pairs(wished[:min(n, 6)], match))
	}
	rarest := wished[:min(n, 4)]
	var any wish
	for _, w := range rarest {
		any.any, any.common = append(any.any, w.any...), any.common+w.common
	}
	return append(all, []Match{match(any)})
}

// pairs are any two of the wishes.
func pairs(wished []wish, match func(...wish) Match) []Match {
	var out []Match
	for i := range wished {
		for j := range i {
			out = append(out, match(wished[j], wished[i]))
		}
	}
	return out
}

// retrieve goes the steps until there are enough candidates.
func (s *Service) retrieve(ctx context.Context, r Retrieval, steps [][]Match) ([]int64, error) {
	var found []int64
	seen := map[int64]bool{}
	for _, any := range steps {
		r.Any = any
		more, err := s.DB.Candidates(ctx, r)
		if err != nil {
			return nil, err
		}
		for _, n := range more {
			if !seen[n] {
				seen[n] = true
				found = append(found, n)
			}
		}
		if len(found) >= r.Limit {
			break
		}
	}
	return found[:min(len(found), r.Limit)], nil
}
