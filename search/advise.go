package search

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// The sizes of an advice.
const (
	voters     = 10 // how many neighbours vote
	nearest    = 5  // of how many a person is told
	suggested  = 3  // how many demands are suggested
	leastShare = 0.02
)

// Suggestion is a demand that a request may belong to. It is a proposal: only what a person confirms is counted.
type Suggestion struct {
	Demand  string
	Share   float64  // how much speaks for it, from 0 to 1; over all demands they sum to one
	Votes   int      // how many of the nearest Advice.Of requests are of this demand
	Because []string // the words that those requests and this one share; without votes, those that speak for the demand in all confirmed ones
}

// Advice is what is suggested about one request.
type Advice struct {
	Suggestions []Suggestion // at most three, the likeliest first
	Of          int          // how many of the nearest requests were looked at: "4 of 5 nearest"
	MaybeNew    bool         // it is less like every known demand than nine of ten known requests are like theirs
}

// Vote is the share of each demand among the ten nearest whose demands are confirmed, each weighing its likeness. Confirmed returns nothing for
// a request that has none. The larger share comes first; all demands with a vote are returned.
func Vote(neighbours []Neighbour, confirmed func(id string) []Share) []Suggestion {
	votes, _ := vote(neighbours, confirmed)
	slices.SortFunc(votes, byShare)
	return votes
}

func vote(neighbours []Neighbour, confirmed func(id string) []Share) (all []Suggestion, of int) {
	at := make(map[string]int)
	total, n := 0.0, 0
	for _, near := range neighbours {
		parts := Example{Shares: confirmed(near.ID)}.shares()
		if len(parts) == 0 {
			continue
		}
		if n++; n > voters {
			break
		}
		for _, s := range parts {
			i, ok := at[s.Demand]
			if !ok {
				i, at[s.Demand], all = len(all), len(all), append(all, Suggestion{Demand: s.Demand})
			}
			all[i].Share += near.Likeness * s.Part
			total += near.Likeness * s.Part
			if n <= nearest {
				all[i].Votes++
				all[i].Because = merge(all[i].Because, near.Because)
			}
		}
	}
	for i := range all {
		all[i].Share = share(all[i].Share, total)
	}
	return all, min(n, nearest)
}

// merge adds the words that are not there yet, up to the number of reasons.
func merge(words, more []string) []string {
	for _, w := range more {
		if len(words) < reasons && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}

func byShare(a, b Suggestion) int {
	return cmp.Or(cmp.Compare(b.Share, a.Share), strings.Compare(a.Demand, b.Demand))
}

// Advise joins what the model guesses with the vote of the nearest requests, half and half. Either may be missing: without examples only the
// neighbours speak, without neighbours only the model. Where many requests are not confirmed, ask for more than ten neighbours: the others have
// no vote.
func (m *Model) Advise(text string, neighbours []Neighbour, confirmed func(id string) []Share) Advice {
	all, of := vote(neighbours, confirmed)
	guess, likeness := m.guess(text)
	at := make(map[string]int, len(all))
	for i := range all {
		at[all[i].Demand] = i
		if guess != nil {
			all[i].Share /= 2
		}
	}
	weight := 0.5
	if of == 0 {
		weight = 1
	}
	for d, p := range guess {
		i, ok := at[m.demands[d]]
		if !ok {
			i, all = len(all), append(all, Suggestion{Demand: m.demands[d]})
		}
		all[i].Share += weight * float64(p)
	}
	all = slices.DeleteFunc(all, func(s Suggestion) bool { return s.Share < leastShare })
	best := top(all, suggested, byShare)
	for i, s := range best {
		if len(s.Because) == 0 {
			best[i].Because = m.because(text, s.Demand)
		}
	}
	return Advice{Suggestions: best, Of: of, MaybeNew: len(m.demands) > 0 && likeness < m.threshold}
}

// because names the words of a text that speak most for a demand: by what each adds to its score, over what it adds to a demand's on average.
func (m *Model) because(text, demand string) []string {
	d, known := slices.BinarySearch(m.demands, demand)
	if !known {
		return nil
	}
	text = clip(text)
	table := m.centroid
	if m.weight != nil {
		table = m.weight
	}
	worth, surface := map[string]float64{}, map[string]string{}
	for _, t := range Tokens(text) {
		if _, seen := surface[t.Term]; seen || Usual(t.Word) {
			continue
		}
		f := feature("w", t.Term)
		if row := m.row(table, f); row != nil {
			mean := 0.0
			for _, w := range row {
				mean += float64(w) / float64(len(row))
			}
			surface[t.Term], worth[t.Term] = text[t.From:t.To], float64(m.rare[f])*(float64(row[d])-mean)
		}
	}
	terms := slices.SortedFunc(maps.Keys(surface), func(a, b string) int { return cmp.Or(cmp.Compare(worth[b], worth[a]), strings.Compare(a, b)) })
	var names []string
	for _, t := range terms[:min(reasons, len(terms))] {
		if worth[t] > 0 && worth[t] >= worth[terms[0]]/4 {
			names = append(names, surface[t])
		}
	}
	return names
}

// Demands is how many demands the model knows.
func (m *Model) Demands() int { return len(m.demands) }

// guess returns the model's share for each demand, or nothing when it knows nothing of the text, and the likeness to the nearest demand.
func (m *Model) guess(text string) (shares []float32, likeness float64) {
	v := m.weigh(extract(text))
	cosines := m.scores(m.centroid, v)
	if len(cosines) == 0 {
		return nil, 0
	}
	likeness = float64(slices.Max(cosines))
	switch {
	case likeness == 0:
		return nil, 0
	case m.weight != nil:
		return m.softmax(v), likeness
	}
	return normalise(cosines, sharpness), likeness
}

// sharpness turns cosines into shares. Over the demands of Banking77 with ten examples each, the first share then says about as often the truth
// as it claims.
const sharpness = 25
