// Package group finds out which requests that nobody could name ask for the same thing, and says why.
//
// Space learns from the desk's own texts where each lies; a Pile of them is divided into coarse or fine groups; Keep gives a group the number that
// it had yesterday. All of it is pure Go without a model from elsewhere, bounded in time and memory, and the same texts with the same seed give
// the same groups on the same machine. Groups are proposals: people promote one to a demand or leave it.
package group

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"frontline/fault"
)

// Group is requests that ask for much the same.
type Group struct {
	Members   []int   // places in the texts, the most typical first
	Terms     []Term  // what sets the group apart, the most telling first
	Exemplars []int   // places of up to three typical texts that differ
	Tightness float64 // mean cosine of the members to their middle: 1 is all the same, below 0.5 is hardly a group
}

// Term is a word and why it tells: the shares of the texts that have it.
type Term struct {
	Word          string
	In, Elsewhere float64 // in this group, in all others
}

// Grouping is a pile divided.
type Grouping struct {
	Groups []Group // the largest first
	Left   []int   // places of texts without a known word: they can be in no group
}

// neighbours is how many other texts a text is joined with.
const neighbours = 8

// Pile is texts laid out in a space, with their nearest neighbours: what both ways of dividing it begin from.
type Pile struct {
	texts []Text
	place []int // of each row in the texts
	x     dense
	near  [][]edge
	left  []int
	seed  uint64
}

// Pile lays texts out. Errors: fewer than 2 texts with known words.
func (s *Space) Pile(texts []Text, seed uint64) (*Pile, error) {
	p := &Pile{texts: texts, seed: seed}
	x := s.place(texts)
	for i := range texts {
		if row := x.row(i); dot(row, row) > 0 {
			copy(x.row(len(p.place)), row)
			p.place = append(p.place, i)
		} else {
			p.left = append(p.left, i)
		}
	}
	if len(p.place) < 2 {
		return nil, fault.Wrong("texts", "Fewer than two of these texts have words that are known; wait until there are more.")
	}
	p.x = x.part(0, len(p.place))
	p.near = nearest(p.x, neighbours, seed)
	return p, nil
}

// Coarse divides the pile into k groups by k-means; k = 0 takes √(n/2). Before, each text is drawn toward its 8 nearest neighbours by their
// cosine (one step of a low-pass filter on the neighbour graph), which makes short texts less dependent on single words. It suits few broad
// subjects and is the default. Sources: kMeans and nearest name theirs; the filter is that of Wu et al. 2019, "Simplifying graph
// convolutional networks". Errors: k negative or above the number of texts.
func (p *Pile) Coarse(k int) (Grouping, error) {
	if k < 0 || k > len(p.texts) {
		return Grouping{}, fault.Wrong("groups", "Between 1 and %d groups can be made of these texts; 0 chooses.", len(p.texts))
	}
	if k == 0 {
		k = max(2, int(math.Round(math.Sqrt(float64(p.x.rows)/2))))
	}
	assigned, _, _ := kMeans(drawn(p.x, p.near), k, p.seed)
	return p.grouping(assigned), nil
}

// Fine divides the pile by the communities of its neighbour graph (8 nearest, Louvain); how many there are shows by itself. Granularity is a
// knob for people: 4 is usual, 8 gives more and smaller groups, 1 few and large ones. It suits many narrow intents and is bad at broad
// subjects. Errors: granularity not above 0.
func (p *Pile) Fine(granularity float64) (Grouping, error) {
	if !(granularity > 0) || math.IsInf(granularity, 1) {
		return Grouping{}, fault.Wrong("granularity", "Granularity is above 0; 4 is usual.")
	}
	return p.grouping(louvain(neighbourGraph(p.near), granularity, p.seed)), nil
}

// drawn is each row with its neighbours added, weighed by their cosine, as long as 1.
func drawn(x dense, near [][]edge) dense {
	out := newDense(x.rows, x.cols)
	copy(out.data, x.data)
	for i, edges := range near {
		for _, e := range edges {
			if e.weight > 0 {
				addScaled(out.row(i), e.weight, x.row(int(e.to)))
			}
		}
	}
	out.unit()
	return out
}

// grouping gathers the rows of each group and describes them.
func (p *Pile) grouping(assigned []int32) Grouping {
	rows := map[int32][]int{}
	for i, c := range assigned {
		rows[c] = append(rows[c], i)
	}
	g := Grouping{Left: p.left}
	for _, members := range rows {
		g.Groups = append(g.Groups, p.describe(members))
	}
	slices.SortFunc(g.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(len(b.Members), len(a.Members)), slices.Compare(a.Members, b.Members))
	})
	label(g.Groups, p.texts)
	return g
}

// describe orders members by their cosine to the group's middle.
func (p *Pile) describe(rows []int) Group {
	middle := make([]float64, p.x.cols)
	for _, r := range rows {
		addScaled(middle, 1, p.x.row(r))
	}
	dense{1, len(middle), middle}.unit()
	typical := make(map[int]float64, len(rows))
	var g Group
	for _, r := range rows {
		row := p.x.row(r)
		typical[r] = dot(row, middle) / math.Sqrt(dot(row, row))
		g.Tightness += typical[r] / float64(len(rows))
	}
	slices.SortFunc(rows, func(a, b int) int { return cmp.Or(cmp.Compare(typical[b], typical[a]), cmp.Compare(a, b)) })
	for _, r := range rows {
		g.Members = append(g.Members, p.place[r])
	}
	g.Exemplars = p.exemplars(g.Members)
	return g
}

// exemplars is the three most typical members whose words are not the same.
func (p *Pile) exemplars(members []int) []int {
	const most = 3
	var chosen []int
	for _, m := range members {
		if len(chosen) == most {
			break
		}
		same := func(c int) bool { return strings.EqualFold(p.texts[c].body, p.texts[m].body) }
		if !slices.ContainsFunc(chosen, same) {
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// Body is the text as it is compared; empty when nothing was left of it.
func (t Text) Body() string { return t.body }
