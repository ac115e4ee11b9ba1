package group

import (
	"cmp"
	"math"
	"slices"

	"frontline/fault"
)

// Numbered is a group as people know it: a number that it keeps, and its texts.
type Numbered struct {
	Number  int
	Members []string // ids of texts
}

// keeps is how alike a group of today must be to one of yesterday to keep its number.
const keeps = 0.5

// Keep gives today's groups the numbers of yesterday's that they continue, so that a comment on group 17 is about the same tomorrow. Pairs are
// chosen so that their likeness adds up to the most (Hungarian method), and a pair counts from half alike: the Jaccard index of their members
// is at least 0.5. Only texts that were there on both days are compared: a group that doubles over night is the same group. Others get numbers
// from next on, the largest first; it returns the number after the last one given. Source: Kuhn 1955, Naval Research Logistics Quarterly 2; Jaccard 1912,
// New Phytologist 11. Errors: a text that is in two groups of a day; next not above yesterday's numbers.
func Keep(yesterday []Numbered, today [][]string, next int) ([]int, int, error) {
	before, now := map[string]int{}, map[string]int{}
	for i, g := range yesterday {
		if g.Number >= next {
			return nil, 0, fault.Wrong("next", "Group %d has a number that is still to be given; begin above it.", g.Number)
		}
		if err := enlist(before, g.Members, i); err != nil {
			return nil, 0, err
		}
	}
	for i, members := range today {
		if err := enlist(now, members, i); err != nil {
			return nil, 0, err
		}
	}
	numbers := make([]int, len(today))
	for i, j := range match(likeness(before, len(yesterday), now, len(today))) {
		if j >= 0 {
			numbers[j] = yesterday[i].Number
		}
	}
	order := make([]int, len(today))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(today[b]), len(today[a])) })
	for _, i := range order {
		if numbers[i] == 0 {
			numbers[i] = next
			next++
		}
	}
	return numbers, next, nil
}

func enlist(of map[string]int, members []string, group int) error {
	for _, m := range members {
		if other, known := of[m]; known && other != group {
			return fault.Wrong("members", "Text %s is in two groups; a text belongs to one.", m)
		}
		of[m] = group
	}
	return nil
}

// likeness is the Jaccard index of each group of yesterday with each of today over the texts of both days; what is less than half alike is 0.
func likeness(before map[string]int, olds int, now map[string]int, news int) [][]float64 {
	common, old, fresh := make([][]float64, olds), make([]float64, olds), make([]float64, news)
	for i := range common {
		common[i] = make([]float64, news)
	}
	for id, i := range before {
		if j, still := now[id]; still {
			common[i][j]++
			old[i]++
			fresh[j]++
		}
	}
	for i := range common {
		for j, n := range common[i] {
			common[i][j] = 0
			if n > 0 && n/(old[i]+fresh[j]-n) >= keeps {
				common[i][j] = n / (old[i] + fresh[j] - n)
			}
		}
	}
	return common
}

// match pairs rows with columns so that the values add up to the most; a row has −1 where no pair is worth anything. It is the Hungarian method
// with potentials, in rows²·columns steps (Jonker and Volgenant 1987, Computing 38). One long, straight piece: an augmenting path cannot be
// followed in two places. It is written for rows ≤ columns and turns the table otherwise.
func match(value [][]float64) []int {
	rows := len(value)
	if rows == 0 {
		return nil
	}
	columns := len(value[0])
	if rows > columns {
		return turned(value)
	}
	u, v := make([]float64, rows+1), make([]float64, columns+1)
	row, way := make([]int, columns+1), make([]int, columns+1) // row of a column, counted from 1; the column before on the path
	for i := 1; i <= rows; i++ {
		row[0] = i
		lowest, done := make([]float64, columns+1), make([]bool, columns+1)
		for j := range lowest {
			lowest[j] = math.Inf(1)
		}
		at := 0
		for row[at] != 0 {
			done[at] = true
			least, next := math.Inf(1), 0
			for j := 1; j <= columns; j++ {
				if done[j] {
					continue
				}
				if cost := -value[row[at]-1][j-1] - u[row[at]] - v[j]; cost < lowest[j] {
					lowest[j], way[j] = cost, at
				}
				if lowest[j] < least {
					least, next = lowest[j], j
				}
			}
			for j := range done {
				if done[j] {
					u[row[j]] += least
					v[j] -= least
				} else {
					lowest[j] -= least
				}
			}
			at = next
		}
		for at != 0 {
			row[at] = row[way[at]]
			at = way[at]
		}
	}
	pairs := make([]int, rows)
	for j := 1; j <= columns; j++ {
		if row[j] > 0 {
			pairs[row[j]-1] = j - 1
		}
	}
	for i, j := range pairs {
		if value[i][j] <= 0 {
			pairs[i] = -1
		}
	}
	return pairs
}

// turned matches a table with more rows than columns.
func turned(value [][]float64) []int {
	over := make([][]float64, len(value[0]))
	for j := range over {
		over[j] = make([]float64, len(value))
		for i := range value {
			over[j][i] = value[i][j]
		}
	}
	pairs := make([]int, len(value))
	for i := range pairs {
		pairs[i] = -1
	}
	if len(over) == 0 {
		return pairs
	}
	for j, i := range match(over) {
		if i >= 0 {
			pairs[i] = j
		}
	}
	return pairs
}
