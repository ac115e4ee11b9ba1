package desk

import (
	"testing"
	"time"

	"frontline/search"
)

// The nearest coded requests vote for what their demand counts as today; what nobody coded has no vote, and the first codes have something to choose from.
func TestAdvise(t *testing.T) {
	late := Demand{ID: "a", Number: 1, Title: "Webhooks late", Into: []string{"b"}, EndedAt: time.Unix(1, 0)}
	register := []Demand{late, {ID: "b", Number: 2, Title: "Webhooks"}, {ID: "c", Number: 3, Title: "Passports"}, {ID: "d", Number: 4, Title: "Limits"}}
	coded := func(id, demand string) Near {
		return Near{Request: Request{ID: id, Codes: []Code{{Demand: demand, Share: 100}}}, Likeness: 0.5, Because: []string{"webhooks"}}
	}
	learnt := search.Learn(nil) // nothing yet
	got := advise(register, learnt, "webhooks are late", []Near{coded("1", "a"), {Request: Request{ID: "2"}, Likeness: 0.9}, coded("3", "b"), coded("4", "d")})
	if len(got) != 3 || got[0].Demand.ID != "b" || got[0].Votes != 2 || got[0].Of != 3 || len(got[0].Because) != 1 || got[1].Demand.ID != "d" || got[2].Demand.ID != "c" || got[2].Of != 0 {
		t.Errorf("advised: %+v", got)
	}
	if got := advise(register, learnt, "webhooks are late", nil); len(got) != 3 || got[0].Demand.ID != "b" || got[0].Votes != 0 {
		t.Errorf("with nothing like it: %+v", got)
	}
}

// What was learnt counts half and needs no like request; a demand that was merged since is offered as what it became, once.
func TestAdviseFromWhatWasLearnt(t *testing.T) {
	late := Demand{ID: "a", Number: 1, Title: "Webhooks late", Into: []string{"b"}, EndedAt: time.Unix(1, 0)}
	register := []Demand{late, {ID: "b", Number: 2, Title: "Webhooks"}, {ID: "c", Number: 3, Title: "Passports"}}
	var examples []search.Example
	for i, text := range []string{"webhooks come late", "late webhooks again", "no webhooks since noon", "which passports have a chip", "is this passport taken"} {
		demand := []string{"a", "b", "b", "c", "c"}[i]
		examples = append(examples, search.Example{ID: text, Text: text, Shares: []search.Share{{Demand: demand, Part: 1}}})
	}
	got := advise(register, search.Learn(examples), "our webhooks are late", nil)
	if len(got) != 2 || got[0].Demand.ID != "b" || got[0].Share < 0.8 || got[0].Of != 0 || len(got[0].Because) == 0 {
		t.Errorf("advised: %+v", got)
	}
}
