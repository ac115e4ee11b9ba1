package group

import (
	"math"
	"slices"
)

// The bounds of the search for neighbours.
const (
	exactRows = 6000 // up to here every row is compared with every other
	probed    = 12   // cells that are looked into above it
)

// nearest is the so many nearest other rows of each row, by their product, the nearest first. Up to 6,000 rows all are compared. Above, rows are
// kept in √n cells around centres (an inverted file), and a row is compared with those of the 12 cells nearest to its own; the tests say how
// many of the true neighbours that finds. Source: Sivic and Zisserman 2003, "Video Google"; Jégou, Douze and Schmid 2011, IEEE Trans. Pattern
// Anal. Mach. Intell. 33.
func nearest(x dense, count int, seed uint64) [][]edge {
	near := make([][]edge, x.rows)
	if x.rows <= exactRows {
		all := make([]int32, x.rows)
		for i := range all {
			all[i] = int32(i)
		}
		for from := 0; from < x.rows; from += block {
			compareRows(x, all[from:min(from+block, x.rows)], all, x, count, near)
		}
		return near
	}
	cells, centres := cellsOf(x, seed)
	products := newDense(1, centres.rows)
	for c, rows := range cells {
		centres.part(c, c+1).times(centres, true, products)
		var others []int32
		for _, e := range top(products.data, -1, nil, min(probed, centres.rows)) {
			others = append(others, cells[e.to]...)
		}
		gathered := newDense(len(others), x.cols)
		for i, r := range others {
			copy(gathered.row(i), x.row(int(r)))
		}
		for from := 0; from < len(rows); from += block {
			compareRows(x, rows[from:min(from+block, len(rows))], others, gathered, count, near)
		}
	}
	return near
}

// cellsOf divides the rows into √n cells by one k-means on a sample.
func cellsOf(x dense, seed uint64) ([][]int32, dense) {
	sample := newDense(min(x.rows, fitRows), x.cols)
	for i := range sample.rows {
		copy(sample.row(i), x.row(i*x.rows/sample.rows))
	}
	fit := newClusters(sample, spread(sample, int(math.Sqrt(float64(x.rows))), random(seed)))
	fit.settle(10)
	all := newClusters(x, fit.centres)
	all.assign()
	fit.centres.unit()
	cells := make([][]int32, fit.centres.rows)
	for i, c := range all.assigned {
		cells[c] = append(cells[c], int32(i))
	}
	return cells, fit.centres
}

// compareRows finds the nearest among others, whose rows are gathered, for each of some rows.
func compareRows(x dense, rows, others []int32, gathered dense, count int, near [][]edge) {
	these := newDense(len(rows), x.cols)
	for i, r := range rows {
		copy(these.row(i), x.row(int(r)))
	}
	products := newDense(len(rows), len(others))
	these.times(gathered, true, products)
	for i, r := range rows {
		near[r] = top(products.row(i), r, others, count)
	}
}

// top is the count largest values, but the one of own, as edges to names (or to their places), the largest first; of equal ones the lower name.
func top(values []float64, own int32, names []int32, count int) []edge {
	best := make([]edge, 0, count+1)
	for i, v := range values {
		if len(best) == count && v < best[count-1].weight {
			continue
		}
		name := int32(i)
		if names != nil {
			name = names[i]
		}
		if name == own {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, edge{name, v}, func(a, b edge) int {
			switch {
			case a.weight > b.weight || a.weight == b.weight && a.to < b.to:
				return -1
			case a == b:
				return 0
			}
			return 1
		})
		best = slices.Insert(best, at, edge{name, v})
		best = best[:min(len(best), count)]
	}
	return best
}
