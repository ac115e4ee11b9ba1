package search

import (
	"cmp"
	"slices"
	"strings"
)

// Signature is the MinHash of a text: the share of its places in which two signatures agree estimates the share of n-grams that the texts have in
// common (Broder, "On the resemblance and containment of documents", 1997). Sixty-four places err by about 0.05.
type Signature [64]uint32

// The bands by which twins are found: two texts that resemble each other by 0.8 share one of sixteen with 99.98 %, by 0.3 with 12 %
// (1 - (1 - s⁴)¹⁶; Leskovec et al., "Mining of Massive Datasets", 3.4).
const (
	bands        = 16
	bandRows     = len(Signature{}) / bands
	shingle      = 5   // characters
	leastLikened = 0.8 // resemblance from which texts are twins
)

// Sign returns the signature of a text. Give it what Normal returns: then two alert mails that differ in times and ids are the same.
func Sign(text string) Signature {
	var s Signature
	for i := range s {
		s[i] = ^uint32(0)
	}
	eachGram(words(Tokens(clip(text))), shingle, shingle, func(g uint32) {
		h := mix(uint64(g))
		for i := range s {
			h = mix(h)
			s[i] = min(s[i], uint32(h>>32))
		}
	})
	return s
}

// mix is splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
func mix(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// blank says whether the text had no n-gram at all: such texts have no twins.
func (s Signature) blank() bool { return s[0] == ^uint32(0) }

// Resemblance estimates which share of the n-grams of two texts is in both, from 0 to 1.
func (s Signature) Resemblance(t Signature) float64 {
	if s.blank() || t.blank() {
		return 0
	}
	same := 0
	for i := range s {
		if s[i] == t[i] {
			same++
		}
	}
	return float64(same) / float64(len(s))
}

// Bands are the keys by which a store may find the signature's twins: texts that share none are not twins.
func (s Signature) Bands() [bands]uint64 {
	var all [bands]uint64
	for b := range all {
		h := uint64(b)
		for _, v := range s[b*bandRows : (b+1)*bandRows] {
			h = mix(h ^ uint64(v))
		}
		all[b] = h
	}
	return all
}

// Twins finds texts that are nearly the same: forwarded threads, alert mails, templates. It is not safe for several goroutines.
type Twins struct {
	signed map[string]Signature
	bands  map[uint64][]string
}

// NewTwins returns an empty set.
func NewTwins() *Twins {
	return &Twins{signed: make(map[string]Signature), bands: make(map[uint64][]string)}
}

// Add puts a signature in under an ID, in place of an earlier one.
func (t *Twins) Add(id string, s Signature) {
	t.Remove(id)
	if s.blank() {
		return
	}
	t.signed[id] = s
	for _, b := range s.Bands() {
		t.bands[b] = append(t.bands[b], id)
	}
}

// Remove takes an ID out, if it is there.
func (t *Twins) Remove(id string) {
	s, ok := t.signed[id]
	if !ok {
		return
	}
	delete(t.signed, id)
	for _, b := range s.Bands() {
		t.bands[b] = slices.DeleteFunc(t.bands[b], func(other string) bool { return other == id })
		if len(t.bands[b]) == 0 {
			delete(t.bands, b)
		}
	}
}

// Twin is a text that is nearly the same.
type Twin struct {
	ID          string
	Resemblance float64
}

// Find returns the texts that resemble a signature by 0.8 or more, the nearest first.
func (t *Twins) Find(s Signature) []Twin {
	var found []Twin
	if s.blank() {
		return nil
	}
	seen := make(map[string]bool)
	for _, b := range s.Bands() {
		for _, id := range t.bands[b] {
			if seen[id] {
				continue
			}
			seen[id] = true
			if r := s.Resemblance(t.signed[id]); r >= leastLikened {
				found = append(found, Twin{ID: id, Resemblance: r})
			}
		}
	}
	slices.SortFunc(found, func(a, b Twin) int {
		return cmp.Or(cmp.Compare(b.Resemblance, a.Resemblance), strings.Compare(a.ID, b.ID))
	})
	return found
}
