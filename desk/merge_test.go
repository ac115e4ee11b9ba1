package desk

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMergeLines(t *testing.T) {
	const base = "one\ntwo\nthree\nfour\nfive"
	for name, c := range map[string]struct {
		mine, theirs, want string
		refused            bool
	}{
		"nothing":             {mine: base, theirs: base, want: base},
		"only mine":           {mine: "one\n2\nthree\nfour\nfive", theirs: base, want: "one\n2\nthree\nfour\nfive"},
		"only theirs":         {mine: base, theirs: "one\ntwo\nthree\nfour", want: "one\ntwo\nthree\nfour"},
		"different lines":     {mine: "ONE\ntwo\nthree\nfour\nfive", theirs: "one\ntwo\nthree\nfour\nFIVE\nsix", want: "ONE\ntwo\nthree\nfour\nFIVE\nsix"},
		"the same edit":       {mine: "one\n2\nthree\nfour\nfive", theirs: "one\n2\nthree\nfour\nfive", want: "one\n2\nthree\nfour\nfive"},
		"added and taken out": {mine: "zero\none\ntwo\nthree\nfour\nfive", theirs: "one\ntwo\nfour\nfive", want: "zero\none\ntwo\nfour\nfive"},
		"the same line":       {mine: "one\n2\nthree\nfour\nfive", theirs: "one\nzwei\nthree\nfour\nfive", refused: true},
		"changed and deleted": {mine: "one\n2\nthree\nfour\nfive", theirs: "one\nthree\nfour\nfive", refused: true},
		"both at the end":     {mine: base + "\nsix", theirs: base + "\n6", refused: true},
		"neighbours":          {mine: "one\n2\nthree\nfour\nfive", theirs: "one\ntwo\n3\nfour\nfive", refused: true},
		"all anew":            {mine: "x", theirs: "y", refused: true},
		"emptied":             {mine: "", theirs: base, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := mergeLines(base, c.mine, c.theirs)
			if ok == c.refused || got != c.want {
				t.Errorf("merged to %q, %v", got, ok)
			}
		})
	}
}

// Whatever two people do: an untouched side yields, equal edits agree, sides may be swapped, and what a merge returns holds each line that
// either added as often as they added it.
func TestMergeLosesNothing(t *testing.T) {
	text := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "c", "d"}), 1, 12), func(l []string) string { return strings.Join(l, "\n") })
	rapid.Check(t, func(t *rapid.T) { mergeHolds(t, text.Draw(t, "base"), text.Draw(t, "mine"), text.Draw(t, "theirs")) })
}

type failing interface {
	Errorf(format string, args ...any)
}

func mergeHolds(t failing, base, mine, theirs string) {
	if got, ok := mergeLines(base, mine, base); !ok || got != mine {
		t.Errorf("they did nothing: %q, %v", got, ok)
	}
	if got, ok := mergeLines(base, mine, mine); !ok || got != mine {
		t.Errorf("both did the same: %q, %v", got, ok)
	}
	got, ok := mergeLines(base, mine, theirs)
	swapped, also := mergeLines(base, theirs, mine)
	if got != swapped || ok != also {
		t.Errorf("the sides swapped: %q, %v and %q, %v", got, ok, swapped, also)
	}
	if !ok {
		return
	}
	have, was, one, other := counted(got), counted(base), counted(mine), counted(theirs)
	for line := range have {
		if was[line] == 0 && one[line] == 0 && other[line] == 0 {
			t.Errorf("%q came from nowhere", line)
		}
	}
	for _, side := range []map[string]int{one, other} {
		for line, n := range side {
			if was[line] == 0 && have[line] < n {
				t.Errorf("%q stands %d times in %q, was written %d times", line, have[line], got, n)
			}
		}
	}
}

func counted(text string) map[string]int {
	out := map[string]int{}
	for _, l := range strings.Split(text, "\n") {
		out[l]++
	}
	return out
}

func FuzzMergeLines(f *testing.F) {
	f.Add("one\ntwo\nthree", "1\ntwo\nthree", "one\ntwo\n3")
	f.Add("", "a", "b")
	f.Add("a\n\nb\n", "a\nb\n", "a\n\nb")
	f.Fuzz(func(t *testing.T, base, mine, theirs string) { mergeHolds(t, base, mine, theirs) })
}

// A change that is too long to be compared is one change: it is taken when the other side did nothing, and refused otherwise.
func TestMergeOfLongTexts(t *testing.T) {
	long := func(word string) string { return strings.Join(slices.Repeat([]string{word}, 3000), "\n") }
	if got, ok := mergeLines(long("a"), long("b"), long("a")); !ok || got != long("b") {
		t.Error("a long edit was refused")
	}
	if _, ok := mergeLines(long("a"), long("b"), long("c")); ok {
		t.Error("two long edits of the same lines were merged")
	}
}
