package watch

import "slices"

// Tally sums counts up to leaves and buckets, for whoever takes them from a source.
type Tally struct {
	def     Definition
	buckets map[uint32]map[string]*Leaf
}

// NewTally begins to count for a definition.
func NewTally(d Definition) *Tally { return &Tally{def: d, buckets: map[uint32]map[string]*Leaf{}} }

// Observed says that a bucket is known, whether or not anything was counted in it.
func (t *Tally) Observed(bucket uint32) {
	if t.buckets[bucket] == nil {
		t.buckets[bucket] = map[string]*Leaf{}
	}
}

// Count adds to a leaf of a bucket. Values are one for each of the definition's labels.
func (t *Tally) Count(bucket uint32, values []string, errors, requests float64) {
	t.Observed(bucket)
	k := key(values)
	l := t.buckets[bucket][k]
	if l == nil {
		l = &Leaf{Values: values}
		t.buckets[bucket][k] = l
	}
	l.Errors, l.Requests = l.Errors+errors, l.Requests+requests
}

// Parts returns what was counted so far of buckets that are not whole, in the order of time: errors may come before their requests. Sums over all parts
// are what counts.
func (t *Tally) Parts() []Bucket {
	return t.sorted(func(l Leaf) (Leaf, bool) { return l, true })
}

// Buckets returns what was counted, in the order of time. Nobody fails more often than they ask, so errors are at most the requests of the same leaf; a count
// alone has one request, the bucket. Leaves in which nothing was counted are left out.
func (t *Tally) Buckets() []Bucket {
	return t.sorted(func(l Leaf) (Leaf, bool) {
		if t.def.Counted() {
			return l, l.Errors > 0
		}
		l.Errors = min(l.Errors, l.Requests)
		return l, l.Requests > 0
	})
}

// sorted orders buckets and leaves, and keeps the leaves that keep says, as it says.
func (t *Tally) sorted(keep func(Leaf) (Leaf, bool)) []Bucket {
	out := make([]Bucket, 0, len(t.buckets))
	for n, leaves := range t.buckets {
		b := Bucket{Number: n}
		for _, l := range leaves {
			one := *l
			if t.def.Counted() {
				one.Requests = 1
			}
			if one, there := keep(one); there {
				b.Leaves = append(b.Leaves, one)
			}
		}
		slices.SortFunc(b.Leaves, func(a, b Leaf) int { return slices.Compare(a.Values, b.Values) })
		out = append(out, b)
	}
	slices.SortFunc(out, byNumber)
	return out
}
