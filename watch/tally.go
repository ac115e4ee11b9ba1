package watch

import "slices"

// Tally sums counts up to leaves and buckets, for whoever takes them from a source.
type Tally struct {
	def     Definition
	buckets map[uint32]map[string]*Leaf
}

// NewTally begins to count for a definition.
func NewTally(d Definition) *Tally { return &Tally{def: d, buckets: map[uint32]map[string]*Leaf{}} }

// LeafKey tells combinations of values apart.
func LeafKey(values []string) string { return key(values) }

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

// Buckets returns what was counted, in the order of time. Nobody fails more often than they ask, so errors are at most the requests of the same leaf; a count
// alone has one request, the bucket. Leaves in which nothing was counted are left out.
func (t *Tally) Buckets() []Bucket {
	out := make([]Bucket, 0, len(t.buckets))
	for n, leaves := range t.buckets {
		b := Bucket{Number: n}
		for _, l := range leaves {
			if t.def.Counted() {
				l.Requests = 1
			} else {
				l.Errors = min(l.Errors, l.Requests)
			}
			if l.Requests > 0 && (l.Errors > 0 || !t.def.Counted()) {
				b.Leaves = append(b.Leaves, *l)
			}
		}
		if len(b.Leaves) > 0 {
			b.Leaves = Add(nil, b.Leaves)
		}
		out = append(out, b)
	}
	slices.SortFunc(out, byNumber)
	return out
}
