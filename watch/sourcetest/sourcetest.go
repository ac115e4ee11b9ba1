// Package sourcetest says what every watch.Source promises, as a test of each.
package sourcetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/watch"
)

// Keeps asks a source for the buckets from..until, once at once and once in pieces, and fails where it breaks a promise: the same buckets have the same
// counts however they are asked for, they are in their order and none is beyond what was asked for, each leaf has a value for each label and is there once, no leaf has
// more errors than requests, and a bucket in which nothing was counted is there without leaves. quiet names such buckets. What the source said is returned.
func Keeps(t *testing.T, s watch.Source, d watch.Definition, from, until uint32, quiet ...uint32) []watch.Bucket {
	t.Helper()
	whole := ask(t, s, d, from, until)
	if diff := cmp.Diff(whole, ask(t, s, d, from, until)); diff != "" {
		t.Errorf("asked again, it says something else (-first +second):\n%s", diff)
	}
	var pieces []watch.Bucket
	for at := from; at <= until; at += 3 {
		pieces = append(pieces, ask(t, s, d, at, min(at+2, until))...)
	}
	if diff := cmp.Diff(whole, pieces); diff != "" {
		t.Errorf("asked in pieces, it says something else (-whole +pieces):\n%s", diff)
	}
	for _, n := range quiet {
		i := slices.IndexFunc(whole, func(b watch.Bucket) bool { return b.Number == n })
		if i < 0 || len(whole[i].Leaves) > 0 {
			t.Errorf("bucket %d, in which nothing was counted, is not there without leaves", n)
		}
	}
	return whole
}

func ask(t *testing.T, s watch.Source, d watch.Definition, from, until uint32) []watch.Bucket {
	t.Helper()
	buckets, err := s.Counts(t.Context(), d, from, until)
	if err != nil {
		t.Fatalf("buckets %d to %d: %v", from, until, err)
	}
	for i, b := range buckets {
		if b.Number < from || b.Number > until || i > 0 && b.Number <= buckets[i-1].Number {
			t.Errorf("bucket %d is not in its place between %d and %d", b.Number, from, until)
		}
		if len(b.Late) > 0 {
			t.Errorf("bucket %d has something late, which is for the store alone", b.Number)
		}
		seen := map[string]bool{}
		for _, l := range b.Leaves {
			sane(t, d, b.Number, l, seen)
		}
	}
	return buckets
}

func sane(t *testing.T, d watch.Definition, bucket uint32, l watch.Leaf, seen map[string]bool) {
	t.Helper()
	name := fmt.Sprintf("%q", l.Values)
	if len(l.Values) != len(d.Labels) || seen[name] {
		t.Errorf("bucket %d: the leaf %q has not one value for each label, or is there twice", bucket, l.Values)
	}
	seen[name] = true
	if !(l.Errors >= 0) || !(l.Requests > 0) || !d.Counted() && l.Errors > l.Requests || d.Counted() && l.Requests != 1 {
		t.Errorf("bucket %d: %q has %g errors of %g", bucket, l.Values, l.Errors, l.Requests)
	}
}
