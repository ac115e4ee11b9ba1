package group

import "math"

// agreement is how well groups agree with labels that the grouper has not seen.
type agreement struct {
	NMI float64 // mutual information over the mean of both entropies
	ARI float64 // pairs that are together in both, beyond chance (Hubert and Arabie 1985)
	ACC float64 // texts that are in the group that was matched with their label (Hungarian)
}

func agree(groups []int32, labels []string) agreement {
	n := float64(len(groups))
	rows, columns := map[int32]int{}, map[string]int{}
	for i := range groups {
		if _, known := rows[groups[i]]; !known {
			rows[groups[i]] = len(rows)
		}
		if _, known := columns[labels[i]]; !known {
			columns[labels[i]] = len(columns)
		}
	}
	table := make([][]float64, len(rows))
	for i := range table {
		table[i] = make([]float64, len(columns))
	}
	for i := range groups {
		table[rows[groups[i]]][columns[labels[i]]]++
	}
	pairs := func(k float64) float64 { return k * (k - 1) / 2 }
	entropy := func(k float64) float64 { return -k / n * math.Log(k/n) }
	sums, across := make([]float64, len(rows)), make([]float64, len(columns))
	var together, byGroup, byLabel, ofGroups, ofLabels, joint float64
	for i := range table {
		for j, k := range table[i] {
			sums[i] += k
			across[j] += k
			together += pairs(k)
			if k > 0 {
				joint += entropy(k)
			}
		}
		byGroup += pairs(sums[i])
		ofGroups += entropy(sums[i])
	}
	for _, k := range across {
		byLabel += pairs(k)
		ofLabels += entropy(k)
	}
	a := agreement{NMI: 2 * (ofGroups + ofLabels - joint) / (ofGroups + ofLabels)}
	chance := byGroup * byLabel / pairs(n)
	a.ARI = (together - chance) / ((byGroup+byLabel)/2 - chance)
	for i, j := range match(table) {
		if j >= 0 {
			a.ACC += table[i][j] / n
		}
	}
	return a
}
