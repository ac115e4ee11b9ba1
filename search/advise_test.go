package search

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestVote(t *testing.T) {
	near := []Neighbour{
		{ID: "a", Likeness: 0.8, Because: []string{"refund", "pending"}},
		{ID: "unconfirmed", Likeness: 0.8, Because: []string{"nothing"}},
		{ID: "b", Likeness: 0.4, Because: []string{"pending", "week"}},
		{ID: "both", Likeness: 0.4, Because: []string{"card"}},
		{ID: "c", Likeness: 0.2}, {ID: "d", Likeness: 0.2},
		{ID: "sixth", Likeness: 0.2, Because: []string{"late"}},
	}
	shares := map[string][]Share{"a": {{"refund", 1}}, "b": {{"refund", 1}}, "both": {{"refund", 0.25}, {"card", 0.75}}, "c": {{"invoice", 1}}, "d": {{"refund", 1}},
		"sixth": {{"late", 1}}, "unconfirmed": {{"refund", 0}}}
	got := Vote(near, func(id string) []Share { return shares[id] })
	want := []Suggestion{
		{Demand: "refund", Share: 1.5 / 2.2, Votes: 4, Because: []string{"refund", "pending", "week", "card"}},
		{Demand: "card", Share: 0.3 / 2.2, Votes: 1, Because: []string{"card"}},
		{Demand: "invoice", Share: 0.2 / 2.2, Votes: 1},
		{Demand: "late", Share: 0.2 / 2.2}, // votes, but is not among the five nearest
	}
	about := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
	if diff := cmp.Diff(want, got, about); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func deskExamples(t testing.TB) []Example {
	var all []Example
	for _, l := range desk(t) {
		all = append(all, Example{ID: l.id, Text: Normal(l.text), Shares: []Share{{l.demand, 1}}})
	}
	return all
}

func TestAdvise(t *testing.T) {
	m, x := Learn(deskExamples(t)), indexed(1000, deskEntries(t)...)
	shares := make(map[string][]Share)
	for _, e := range deskExamples(t) {
		shares[e.ID] = e.Shares
	}
	confirmed := func(id string) []Share { return shares[id] }
	text := Normal("Webhooks are missing since the outage, could you resend them?")
	a := m.Advise(text, x.Nearest(text, 10), confirmed)
	if a.Of != 5 || a.MaybeNew || len(a.Suggestions) == 0 || len(a.Suggestions) > 3 {
		t.Fatalf("%+v", a)
	}
	first := a.Suggestions[0]
	if first.Demand != "webhook-missing" || first.Votes < 3 || !slices.Contains(first.Because, "Webhooks") || first.Share < 0.5 {
		t.Errorf("%+v", first)
	}
	text = Normal("The coffee machine on the third floor leaks water")
	if a := m.Advise(text, x.Nearest(text, 10), confirmed); !a.MaybeNew {
		t.Errorf("what nobody has asked before is not called new: %+v", a)
	}
}

func TestAdviseWithoutKnowledge(t *testing.T) {
	none := func(string) []Share { return nil }
	if diff := cmp.Diff(Advice{}, Learn(nil).Advise("anything", []Neighbour{{ID: "a", Likeness: 1}}, none)); diff != "" {
		t.Error(diff)
	}
	if a := Learn(nil).Advise("x", []Neighbour{{ID: "a", Likeness: 1}}, func(string) []Share { return []Share{{"d", 1}} }); len(a.Suggestions) != 1 || a.Suggestions[0].Share != 1 {
		t.Errorf("neighbours alone: %+v", a)
	}
	if a := Learn([]Example{{ID: "a", Text: "refund", Shares: []Share{{"d", 1}}}}).Advise("refund", nil, none); len(a.Suggestions) != 1 || math.Abs(a.Suggestions[0].Share-1) > 1e-6 {
		t.Errorf("one example: %+v", a)
	}
}

// From fifteen examples a demand on, the linear model speaks; either way the order of the examples is nothing to it.
func TestLearnIsDeterministic(t *testing.T) {
	var many []Example
	for i := range 3 {
		for _, e := range deskExamples(t) {
			e.ID += string(rune('a' + i))
			many = append(many, e)
		}
	}
	for name, examples := range map[string][]Example{"centroids": deskExamples(t), "linear": many} {
		m := Learn(examples)
		if (m.weight != nil) != (name == "linear") {
			t.Errorf("%s: the other model was learnt", name)
		}
		shuffledExamples := make([]Example, len(examples))
		for i, j := range shuffled(len(examples)) {
			shuffledExamples[i] = examples[j]
		}
		again := Learn(shuffledExamples)
		if m.threshold != again.threshold || !slices.Equal(m.centroid, again.centroid) || !slices.Equal(m.weight, again.weight) {
			t.Errorf("%s: learnt something else from another order", name)
		}
		right := 0
		for _, e := range examples {
			a := m.Advise(e.Text, nil, func(string) []Share { return nil })
			if len(a.Suggestions) > 0 && a.Suggestions[0].Demand == e.Shares[0].Demand {
				right++
			}
		}
		if right*10 < len(examples)*9 {
			t.Errorf("%s: knows %d of the %d examples it was taught", name, right, len(examples))
		}
	}
}

// Shares are between nothing and all, and whatever examples say, nothing breaks.
func TestLearnAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var examples []Example
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			examples = append(examples, Example{
				ID:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"),
				Text: rapid.SampledFrom([]string{"", "refund", "refund pending", "検証 õ"}).Draw(t, "text"),
				Shares: []Share{{rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "demand"), rapid.SampledFrom([]float64{0, 1, 0.5, -1, math.NaN(), math.Inf(1)}).Draw(t, "part")},
					{"x", 1}},
			})
		}
		a := Learn(examples).Advise(rapid.SampledFrom([]string{"", "refund", "õ"}).Draw(t, "asked"), nil, nil)
		sum := 0.0
		for _, s := range a.Suggestions {
			if !(s.Share >= leastShare && s.Share <= 1+1e-6) {
				t.Fatalf("%+v", a)
			}
			sum += s.Share
		}
		if sum > 1+1e-6 {
			t.Fatalf("%+v", a)
		}
	})
}

func TestShuffled(t *testing.T) {
	got := shuffled(1000)
	if slices.IsSorted(got) || !slices.Equal(got, shuffled(1000)) {
		t.Error("not a fixed shuffled order")
	}
	slices.Sort(got)
	for i, v := range got {
		if i != v {
			t.Fatalf("%d at %d", v, i)
		}
	}
}
