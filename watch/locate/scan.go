// Package locate says where a change sits and whom it hurts: which combination of labels carries it, and how many customers were hit.
//
// Given are the leaves of a series since its change began: one for each combination of labels that had requests, with its counts then and in
// the baseline. Scan names up to three causes, or nobody in particular when the rise is the same everywhere.
package locate

import (
	"cmp"
	"math"
	"slices"

	"frontline/fault"
	"frontline/insight/stat"
)

// Leaf is one combination of all labels, with what was counted since the change began and before it.
type Leaf struct {
	Values           []string // one for each label, in their order
	Errors, Requests float64
	OldErrors, Old   float64 // errors and requests of the baseline: the same hours of earlier days, or the days before
}

// Question is what Scan is asked.
type Question struct {
	Labels     []string // names; at most 8
	Customer   int      // which label names the customer; −1 is none
	Leaves     []Leaf
	Dispersion float64 // variance over mean of counts, as detect knows it; 1 where it is less
	Causes     int     // the most that are named; 3 where it is zero
	Risk       float64 // chance of naming a cause where the rise is the same everywhere; 0.01 where it is zero
}

// Label is one label with its value.
type Label struct{ Name, Value string }

// Cause is one combination of labels that carries the change. Intervals hold the truth with a chance of 0.95.
type Cause struct {
	Labels    []Label // none: the whole
	Errors    float64
	Requests  float64
	Expected  float64       // errors
	Ratio     stat.Estimate // errors over those expected
	Excess    stat.Estimate // errors beyond those expected
	Share     float64       // of the excess of the whole
	Evidence  float64       // nats by which its likelihood exceeds that of a rise that is the same everywhere, less the price of having looked
	Customers Customers
}

// Answer is what Scan found.
type Answer struct {
	Whole    Cause   // everything together
	Causes   []Cause // the strongest first
	Everyone bool    // no combination stands out: the rise is the same everywhere
}

// The constants of the scan; docs/adr/0024 says why.
const (
	most      = 8    // labels
	deepest   = 4    // labels of one combination
	fewErrors = 5    // that a combination must have
	spread    = 0.2  // natural standard deviation of an effect between leaves, as a share of the effect
	wander    = 0.05 // and of a leaf's own usual rate from one day to the next, below which it does not fall
	shrink    = 3.0  // pseudo-errors with which a leaf's and a value's old rate are drawn to what is usual
	simpler   = 0.9  // share of the best score at which fewer labels are preferred
	further   = 0.3  // share of the first cause's evidence that a further one needs
	residue   = 0.25 // share of the excess that must be unexplained to look further
	raking    = 3    // rounds over the labels
	z95       = 1.959964
)

// Scan looks at every combination of up to four labels. With E_c errors expected in combination c, x_c seen, and r the rest, the evidence for
// a rise that is larger in c than elsewhere is
//
//	G(c) = (x_c·ln(x_c/E_c) + x_r·ln(x_r/E_r) − X·ln(X/E)) / (φ + σ²·ΣE_leaf²/E_c)
//
// the likelihood ratio of two ratios against one, divided by how much more than Poisson such counts vary: φ for noise, σ for effects that
// differ a little between leaves, without which one huge leaf outvotes structure: a fifth of the change, and 0.05 at least. Each combination pays what it costs to name it,
// code(c) = ln(D choose k) + ln D + Σ ln(values of each label); the best score G − code wins, or one with fewer labels within a tenth of it.
//
// The error bound: for φ = 1 and σ = 0, given X errors and a rise that is the same everywhere, x_c is binomial with share E_c/E and
// G = X·KL(x_c/X ‖ E_c/E), so P(G ≥ g) ≤ e^(−g) (Chernoff 1952, Annals of Mathematical Statistics 23). Codes satisfy Kraft's inequality
// Σ e^(−code) ≤ 1, so a cause with G − code ≥ ln(1/risk) is named wrongly with a chance of at most risk, over all combinations together, where
// E is known. The statistic is Kulldorff's (1997, Communications in Statistics 26) over the lattice of labels.
//
// What is found is taken as given (E is multiplied by its ratio) before the next cause is looked for. Errors: no leaves, leaves of other labels,
// counts that cannot be.
func Scan(q Question) (Answer, error) {
	if err := q.check(); err != nil {
		return Answer{}, err
	}
	q.Dispersion = max(q.Dispersion, 1)
	if q.Causes <= 0 {
		q.Causes = 3
	}
	if !(q.Risk > 0 && q.Risk < 1) {
		q.Risk = 0.01
	}
	c := newCube(&q)
	answer := Answer{Whole: c.cause(nil, c.all())}
	total := answer.Whole.Excess.Value
	first := 0.0
	for len(answer.Causes) < q.Causes && total > 0 {
		best, score := c.best()
		if best == nil || score < math.Log(1/q.Risk) || score < further*first {
			break
		}
		leaves := c.inside(best)
		cause := c.cause(best, leaves)
		cause.Evidence, cause.Share = score, cause.Excess.Value/total
		answer.Causes = append(answer.Causes, cause)
		first = max(first, score)
		if left := c.explain(leaves); left < residue*total {
			break
		}
	}
	answer.Everyone = len(answer.Causes) == 0
	return answer, nil
}

// Sum is what Scan says of everything together, without looking where it is.
func Sum(q Question) (Cause, error) {
	if err := q.check(); err != nil {
		return Cause{}, err
	}
	q.Dispersion = max(q.Dispersion, 1)
	c := newExpectation(&q)
	return c.cause(nil, c.all()), nil
}

func (q *Question) check() error {
	if len(q.Labels) == 0 || len(q.Labels) > most {
		return fault.Wrong("labels", "A change is looked for over one to %d labels; choose those that tell most.", most)
	}
	if q.Customer >= len(q.Labels) {
		return fault.Wrong("customer", "The label of the customer is one of the labels.")
	}
	var requests float64
	for _, l := range q.Leaves {
		if len(l.Values) != len(q.Labels) {
			return fault.Wrong("leaves", "A leaf has %d values and there are %d labels.", len(l.Values), len(q.Labels))
		}
		for _, v := range []float64{l.Errors, l.Requests, l.OldErrors, l.Old} {
			if !(v >= 0 && v <= 1e15) {
				return fault.Wrong("leaves", "A count of a leaf is not a number from zero on.")
			}
		}
		if l.Errors > l.Requests || l.OldErrors > l.Old {
			return fault.Wrong("leaves", "A leaf has more errors than requests.")
		}
		requests += l.Requests
	}
	if requests == 0 {
		return fault.Wrong("leaves", "There were no requests since the change began; wait for some.")
	}
	return nil
}

// cube holds the leaves with values as small numbers, and for each subset of labels the cell in which each leaf is.
type cube struct {
	q        *Question
	names    [][]string // of each label's values
	values   [][]int32  // by label, then leaf
	original []float64  // expected errors
	expected []float64  // the same, times the ratios of the causes that were found
	variance []float64  // of original, as a share of its square
	cuboids  []cuboid
}

// cuboid is one subset of labels.
type cuboid struct {
	labels []int
	cell   []int32 // of each leaf
	first  []int32 // a leaf of each cell
	code   float64
}

// newCube is for looking where.
func newCube(q *Question) *cube {
	c := newExpectation(q)
	c.cut(nil, 0)
	slices.SortStableFunc(c.cuboids, func(a, b cuboid) int { return cmp.Compare(len(a.labels), len(b.labels)) })
	return c
}

// newExpectation knows of each leaf what was to be expected, and no combinations.
func newExpectation(q *Question) *cube {
	c := &cube{q: q, names: make([][]string, len(q.Labels)), values: make([][]int32, len(q.Labels))}
	for d := range q.Labels {
		known := map[string]int32{}
		c.values[d] = make([]int32, len(q.Leaves))
		for i := range q.Leaves {
			v, ok := known[q.Leaves[i].Values[d]]
			if !ok {
				v = int32(len(known))
				known[q.Leaves[i].Values[d]] = v
				c.names[d] = append(c.names[d], q.Leaves[i].Values[d])
			}
			c.values[d][i] = v
		}
	}
	c.expect()
	return c
}

// expect computes how many errors each leaf would have had, were all as before:
//
//	E = n·(x₀ + s·m)/(n₀ + s),  m = p·Π factors of its values,  s = 3/p
//
// p is the old rate of all; the factors are raked, so that each value's old errors come out right although labels go together (most of a
// customer's requests come from one country), and drawn to 1 with three errors. A leaf that was never seen is expected to be like its values,
// and a large customer that sends more is no change. Source: Deming and Stephan 1940, Annals of Mathematical Statistics 11.
func (c *cube) expect() {
	n := len(c.q.Leaves)
	c.original, c.variance = make([]float64, n), make([]float64, n)
	var errors, requests float64
	for i := range c.q.Leaves {
		errors, requests = errors+c.q.Leaves[i].OldErrors, requests+c.q.Leaves[i].Old
	}
	p := (errors + 0.5) / (requests + 1)
	usual := make([]float64, n)
	for i := range usual {
		usual[i] = p
	}
	for step := range raking * len(c.values) {
		d := step % len(c.values)
		x, e := make([]float64, len(c.names[d])), make([]float64, len(c.names[d]))
		for i, v := range c.values[d] {
			x[v] += c.q.Leaves[i].OldErrors
			e[v] += usual[i] * c.q.Leaves[i].Old
		}
		for i, v := range c.values[d] {
			usual[i] *= (x[v] + shrink) / (e[v] + shrink)
		}
	}
	for i := range c.q.Leaves {
		l := &c.q.Leaves[i]
		s := shrink / p
		rate := min((l.OldErrors+s*usual[i])/(l.Old+s), 1)
		c.original[i] = l.Requests * rate
		c.variance[i] = 1 / (l.OldErrors + shrink)
	}
	c.expected = slices.Clone(c.original)
}

// cut makes the cuboids of all subsets that begin with labels.
func (c *cube) cut(labels []int, from int) {
	for d := from; d < len(c.q.Labels) && len(labels) < deepest; d++ {
		sub := append(slices.Clone(labels), d)
		c.cuboids = append(c.cuboids, c.cuboid(sub, labels))
		c.cut(sub, d+1)
	}
}

// cuboid numbers the cells of a subset from those of the subset without its last label, which has been made before.
func (c *cube) cuboid(labels, parent []int) cuboid {
	last := labels[len(labels)-1]
	dimensions, k := len(c.q.Labels), len(labels)
	out := cuboid{labels: labels, code: math.Log(choose(dimensions, k)) + math.Log(float64(min(dimensions, deepest)))}
	for _, d := range labels {
		out.code += math.Log(float64(len(c.names[d])))
	}
	if len(parent) == 0 {
		out.cell = c.values[last]
		out.first = make([]int32, len(c.names[last]))
		for i := len(out.cell) - 1; i >= 0; i-- {
			out.first[out.cell[i]] = int32(i)
		}
		return out
	}
	var above *cuboid
	for i := range c.cuboids {
		if slices.Equal(c.cuboids[i].labels, parent) {
			above = &c.cuboids[i]
		}
	}
	out.cell = make([]int32, len(above.cell))
	width := len(c.names[last])
	known := newNumbers(len(above.first)*width, len(above.cell))
	for i, a := range above.cell {
		cell, fresh := known.of(int(a)*width + int(c.values[last][i]))
		out.cell[i] = cell
		if fresh {
			out.first = append(out.first, int32(i))
		}
	}
	return out
}

func choose(n, k int) float64 {
	c := 1.0
	for i := range k {
		c = c * float64(n-i) / float64(i+1)
	}
	return c
}

// numbers gives keys numbers in the order in which they come: by an array where that is small, otherwise by a map.
type numbers struct {
	list  []int32
	table map[int]int32
	next  int32
}

func newNumbers(keys, leaves int) *numbers {
	if keys <= 16*leaves+4096 {
		return &numbers{list: make([]int32, keys)}
	}
	return &numbers{table: make(map[int]int32, leaves)}
}

func (n *numbers) of(key int) (number int32, fresh bool) {
	if n.list != nil {
		number = n.list[key]
	} else {
		number = n.table[key]
	}
	if number > 0 {
		return number - 1, false
	}
	n.next++
	if n.list != nil {
		n.list[key] = n.next
	} else {
		n.table[key] = n.next
	}
	return n.next - 1, true
}

// cell is one combination: a cuboid and the values of one of its leaves.
type cell struct {
	cuboid *cuboid
	number int32
}

// best returns the combination with the best score, or one with fewer labels that is nearly as good.
func (c *cube) best() (*cell, float64) {
	var x, e float64
	for i := range c.expected {
		x, e = x+c.q.Leaves[i].Errors, e+c.expected[i]
	}
	var bests [deepest + 1]struct {
		cell
		score float64
	}
	for i := range c.cuboids {
		k := len(c.cuboids[i].labels)
		if number, score := c.strongest(&c.cuboids[i], x, e); score > bests[k].score {
			bests[k].cell, bests[k].score = cell{&c.cuboids[i], number}, score
		}
	}
	highest := 0.0
	for _, b := range bests {
		highest = max(highest, b.score)
	}
	for k := range bests {
		if b := &bests[k]; b.score > 0 && b.score >= simpler*highest {
			return &b.cell, b.score
		}
	}
	return nil, 0
}

// strongest returns the cell of the cuboid with the best score.
func (c *cube) strongest(cub *cuboid, x, e float64) (number int32, score float64) {
	type sums struct{ x, e, square float64 }
	cells := make([]sums, len(cub.first))
	for i, at := range cub.cell {
		s, ei := &cells[at], c.expected[i]
		s.x += c.q.Leaves[i].Errors
		s.e += ei
		s.square += ei * ei
	}
	own := max(spread*min(x/e-1, 1), wander) // a small change differs less between leaves than a large one
	for i, s := range cells {
		rest, ratio := e-s.e, x/e
		if s.x < fewErrors || s.e <= 0 || s.x <= ratio*s.e || rest < 1e-9*e {
			continue
		}
		g := plogp(s.x, s.e) + plogp(x-s.x, rest) - plogp(x, e)
		if v := g/(c.q.Dispersion+own*own*s.square/s.e) - cub.code; v > score {
			number, score = int32(i), v
		}
	}
	return number, score
}

// plogp is x·ln(x/e), 0 for no errors.
func plogp(x, e float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(x/e)
}

func (c *cube) all() []int {
	leaves := make([]int, len(c.q.Leaves))
	for i := range leaves {
		leaves[i] = i
	}
	return leaves
}

func (c *cube) inside(at *cell) []int {
	var leaves []int
	for i, n := range at.cuboid.cell {
		if n == at.number {
			leaves = append(leaves, i)
		}
	}
	return leaves
}

// explain takes the ratio of these leaves as given and returns how many errors are still unexplained.
func (c *cube) explain(leaves []int) float64 {
	var x, e float64
	for _, i := range leaves {
		x, e = x+c.q.Leaves[i].Errors, e+c.expected[i]
	}
	for _, i := range leaves {
		c.expected[i] *= x / e
	}
	var left float64
	for i := range c.expected {
		left += c.q.Leaves[i].Errors - c.expected[i]
	}
	return left
}
