package search

import (
	"fmt"
	"slices"
	"testing"
)

// On a desk of eleven requests nothing is common yet by counting; what everybody writes is named as a reason nowhere all the same.
func TestFewTextsNameNoUsualWord(t *testing.T) {
	x := NewIndex(100)
	for i, text := range []string{
		"Yes the webhooks are late again, since yesterday", "Webhooks are late, yes, please look", "Yes we still need the invoice for October", "Please send the invoice for November",
		"The selfie upload fails on Android", "Android app: selfie upload fails again", "Which passports do you take?", "Do you take Kenyan passports?", "Password reset mail never came", "Where is the audit log?", "Yes it works now, thanks",
	} {
		x.Add(Entry{ID: fmt.Sprintf("R-%d", i+1), Text: Normal(text)})
	}
	for _, asked := range []string{"Yes the webhooks are late again, since yesterday", "Please, yes, where is the invoice for December?"} {
		for _, n := range x.Nearest(Normal(asked), 5) {
			for _, w := range []string{"Yes", "yes", "the", "the", "Please", "please", "for", "is", "are", "again"} {
				if slices.Contains(n.Because, w) {
					t.Errorf("%q is like %s because of %v", asked, n.ID, n.Because)
				}
			}
		}
	}
	near := x.Nearest(Normal("Yes the webhooks are late again, since yesterday"), 2)
	if len(near) != 2 || near[1].ID != "R-2" || !slices.Contains(near[1].Because, "webhooks") {
		t.Errorf("nearest: %+v", near)
	}
}

// From a thousand texts on only counting decides, so that what was measured on large sets stays as it is.
func TestBeliefFades(t *testing.T) {
	for _, holding := range []int{0, 3, 500, 1000} {
		if got, want := usually(1000, holding, true), rarity(1000, holding); got != want {
			t.Errorf("of a thousand texts %d hold it: %v, want %v", holding, got, want)
		}
	}
	if usual, not := usually(11, 2, true), usually(11, 2, false); usual >= not/4 {
		t.Errorf("a usual word tells %v, another %v", usual, not)
	}
}

// A model says because of which words it thinks so, also where no neighbour votes.
func TestModelSaysBecause(t *testing.T) {
	var examples []Example
	for i := range 20 {
		examples = append(examples,
			Example{ID: fmt.Sprint("a", i), Text: fmt.Sprintf("please the refund of order %d is pending", i), Shares: []Share{{"refund", 1}}},
			Example{ID: fmt.Sprint("b", i), Text: fmt.Sprintf("please the selfie upload of session %d fails", i), Shares: []Share{{"selfie", 1}}})
	}
	for _, some := range [][]Example{examples[:8], examples} { // centroids; the linear model
		got := Learn(some).Advise("please, where is my refund, it is pending", nil, func(string) []Share { return nil })
		if len(got.Suggestions) == 0 || got.Suggestions[0].Demand != "refund" || !slices.Contains(got.Suggestions[0].Because, "refund") || slices.Contains(got.Suggestions[0].Because, "please") {
			t.Errorf("of %d: %+v", len(some), got)
		}
	}
}
