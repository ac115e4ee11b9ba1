package group

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"frontline/search"
)

// The bounds of a label.
const (
	labelTerms = 6
	lift       = 2.0 // so many times more often in the group than elsewhere, or the word tells nothing
	leastShare = 0.1 // of the group's texts that have the word
)

// counted is how often a word is in a group, and in how many of its texts.
type counted struct{ times, texts int }

// label finds the words that set each group apart by c-TF-IDF: all texts of a group are one, and a word weighs tf·log(1 + A/f), A being the
// mean number of words of a group and f how often the word is in all. Only words count that are in a tenth of the group's texts and at least
// twice as often there as elsewhere, which keeps most of "the" and "my" out; the rest of them (search.Usual) and bare numbers name nothing. Source:
// Grootendorst 2022, "BERTopic".
func label(groups []Group, texts []Text) {
	counts, everywhere := make([]map[string]counted, len(groups)), map[string]counted{}
	words, members := 0, 0
	for g := range groups {
		counts[g] = count(groups[g].Members, texts)
		for w, c := range counts[g] {
			all := everywhere[w]
			everywhere[w] = counted{all.times + c.times, all.texts + c.texts}
			words += c.times
		}
		members += len(groups[g].Members)
	}
	average := float64(words) / float64(max(1, len(groups)))
	for g := range groups {
		n := float64(len(groups[g].Members))
		weight := map[string]float64{}
		var terms []Term
		for w, c := range counts[g] {
			all := everywhere[w]
			t := Term{Word: w, In: float64(c.texts) / n, Elsewhere: float64(all.texts-c.texts) / math.Max(1, float64(members)-n)}
			if t.In >= leastShare && t.In >= lift*t.Elsewhere && names(w) {
				weight[w] = float64(c.times) * math.Log(1+average/float64(all.times))
				terms = append(terms, t)
			}
		}
		slices.SortFunc(terms, func(a, b Term) int {
			return cmp.Or(cmp.Compare(weight[b.Word], weight[a.Word]), cmp.Compare(a.Word, b.Word))
		})
		groups[g].Terms = slices.Clip(terms[:min(len(terms), labelTerms)])
	}
}

// names says whether a word can be a name.
func names(w string) bool {
	return !search.Usual(w) && strings.ContainsFunc(w, unicode.IsLetter) && len(w) > 1
}

func count(members []int, texts []Text) map[string]counted {
	counts, seen := map[string]counted{}, map[string]bool{}
	for _, m := range members {
		clear(seen)
		words, _ := texts[m].words()
		for _, w := range words {
			c := counts[w]
			c.times++
			if !seen[w] {
				seen[w] = true
				c.texts++
			}
			counts[w] = c
		}
	}
	return counts
}
