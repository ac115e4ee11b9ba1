package desk

import "strings"

// mostPairs is how many pairs of lines are compared at most, after equal beginnings and ends were set aside. A longer change counts as one.
const mostPairs = 4_000_000

// mergeLines puts two edits of one text together, line by line. It says false when both changed the same place, or neighbouring lines, in
// different ways: then nobody but a person knows what is meant.
//
// This is diff3 (Khanna, Kunal and Pierce, "A formal investigation of diff3", FSTTCS 2007): lines that all three share divide the texts into
// parts; of each part the changed side is taken, or either when both made the same change.
func mergeLines(base, mine, theirs string) (string, bool) {
	o, a, b := strings.Split(base, "\n"), strings.Split(mine, "\n"), strings.Split(theirs, "\n")
	inA, inB := matched(o, a), matched(o, b)
	var out []string
	var fromO, fromA, fromB int
	for at := 0; at <= len(o); at++ {
		toA, toB := len(a), len(b)
		if at < len(o) {
			if inA[at] < 0 || inB[at] < 0 {
				continue
			}
			toA, toB = inA[at], inB[at]
		}
		part, ok := mergePart(o[fromO:at], a[fromA:toA], b[fromB:toB])
		if !ok {
			return "", false
		}
		out = append(out, part...)
		if at < len(o) {
			out = append(out, o[at])
		}
		fromO, fromA, fromB = at+1, toA+1, toB+1
	}
	return strings.Join(out, "\n"), true
}

func mergePart(base, mine, theirs []string) ([]string, bool) {
	switch {
	case sameLines(mine, theirs), sameLines(base, theirs):
		return mine, true
	case sameLines(base, mine):
		return theirs, true
	}
	return nil, false
}

func sameLines(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// matched returns for each line of the base its place in the other text, or -1: a longest common subsequence.
func matched(base, other []string) []int {
	at := make([]int, len(base))
	for i := range at {
		at[i] = -1
	}
	first := 0
	for first < len(base) && first < len(other) && base[first] == other[first] {
		at[first] = first
		first++
	}
	last := 0
	for last < len(base)-first && last < len(other)-first && base[len(base)-1-last] == other[len(other)-1-last] {
		at[len(base)-1-last] = len(other) - 1 - last
		last++
	}
	o, x := base[first:len(base)-last], other[first:len(other)-last]
	if len(o)*len(x) <= mostPairs {
		for i, j := range common(o, x) {
			if j >= 0 {
				at[first+i] = first + j
			}
		}
	}
	return at
}

// common is the longest common subsequence of what is neither begun nor ended alike.
func common(o, x []string) []int {
	width := len(x) + 1
	length := make([]int32, (len(o)+1)*width) // of the rest behind each pair
	for i := len(o) - 1; i >= 0; i-- {
		for j := len(x) - 1; j >= 0; j-- {
			if o[i] == x[j] {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	at := make([]int, len(o))
	for i, j := 0, 0; i < len(o); i++ {
		at[i] = -1
		for j < len(x) && o[i] != x[j] && length[i*width+j+1] > length[(i+1)*width+j] {
			j++
		}
		if j < len(x) && o[i] == x[j] {
			at[i] = j
			j++
		}
	}
	return at
}
