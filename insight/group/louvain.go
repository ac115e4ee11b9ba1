package group

import (
	"cmp"
	"slices"
)

// edge leads to another node of a graph; edges go both ways.
type edge struct {
	to     int32
	weight float64
}

// graph is the edges of each node; an edge of a node to itself counts once, with twice its weight.
type graph [][]edge

// neighbourGraph joins each row to its nearest ones, with the cosine as weight; where both name each other the weights add up.
func neighbourGraph(near [][]edge) graph {
	g := make(graph, len(near))
	for i, edges := range near {
		for _, e := range edges {
			if e.weight > 0 && int(e.to) != i {
				g[i] = append(g[i], e)
				g[e.to] = append(g[e.to], edge{int32(i), e.weight})
			}
		}
	}
	for i := range g {
		g[i] = merge(g[i])
	}
	return g
}

// merge sorts edges and adds up those that lead to the same node.
func merge(edges []edge) []edge {
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.weight, b.weight)) })
	out := edges[:0]
	for _, e := range edges {
		if n := len(out); n > 0 && out[n-1].to == e.to {
			out[n-1].weight += e.weight
		} else {
			out = append(out, e)
		}
	}
	return out
}

// louvain divides a graph into communities by modularity with a resolution (granularity): the higher, the more and smaller. Nodes move while
// it gains, in an order shuffled by the seed, then communities become nodes and it begins again. Sources: Blondel et al. 2008, J. Stat. Mech.
// P10008; Reichardt and Bornholdt 2006, Physical Review E 74 (resolution).
func louvain(g graph, granularity float64, seed uint64) []int32 {
	member := make([]int32, len(g))
	for i := range member {
		member[i] = int32(i)
	}
	for {
		of, moved := moveNodes(g, granularity, seed)
		if !moved {
			return member
		}
		count := renumber(of)
		for i, m := range member {
			member[i] = of[m]
		}
		g = fold(g, of, count)
	}
}

// moveNodes moves single nodes to the neighbouring community that gains most, until none gains.
func moveNodes(g graph, granularity float64, seed uint64) (of []int32, moved bool) {
	of = make([]int32, len(g))
	degree, total := make([]float64, len(g)), 0.0
	for i, edges := range g {
		of[i] = int32(i)
		for _, e := range edges {
			degree[i] += e.weight
		}
		total += degree[i]
	}
	weight := slices.Clone(degree) // of each community
	order := random(seed).Perm(len(g))
	links, touched := make([]float64, len(g)), []int32(nil)
	for again := true; again; {
		again = false
		for _, i := range order {
			touched = touched[:0]
			for _, e := range g[i] {
				if int(e.to) != i {
					if c := of[e.to]; links[c] == 0 {
						touched = append(touched, c)
					}
					links[of[e.to]] += e.weight
				}
			}
			old := of[i]
			weight[old] -= degree[i]
			best, most := old, links[old]-granularity*degree[i]*weight[old]/total
			for _, c := range touched {
				if gain := links[c] - granularity*degree[i]*weight[c]/total; gain > most+1e-12 {
					best, most = c, gain
				}
			}
			for _, c := range touched {
				links[c] = 0
			}
			of[i] = best
			weight[best] += degree[i]
			if best != old {
				again, moved = true, true
			}
		}
	}
	return of, moved
}

// renumber gives communities the numbers from 0 in the order in which they first appear, and says how many there are.
func renumber(of []int32) int {
	numbers := map[int32]int32{}
	for i, c := range of {
		n, known := numbers[c]
		if !known {
			n = int32(len(numbers))
			numbers[c] = n
		}
		of[i] = n
	}
	return len(numbers)
}

// fold makes one node of each community.
func fold(g graph, of []int32, count int) graph {
	folded := make(graph, count)
	for i, edges := range g {
		for _, e := range edges {
			folded[of[i]] = append(folded[of[i]], edge{of[e.to], e.weight})
		}
	}
	for i := range folded {
		folded[i] = merge(folded[i])
	}
	return folded
}
