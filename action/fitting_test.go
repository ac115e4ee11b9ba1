package action

import (
	"slices"
	"testing"

	"frontline/people"
)

// What fits is what somebody named, then what says the same; and only what the person may run.
func TestFitting(t *testing.T) {
	all := []Definition{
		{ID: "sessions/reset", Title: "Reset a stuck verification session", Purpose: "The session hangs in review and its customer waits.", Team: "support", Risk: RiskChange, Allow: Allow{Run: []people.Who{"role:member"}}},
		{ID: "queue/park", Title: "Park a poisoned message", Purpose: "A message stops the queue of decisions.", Team: "support", Risk: RiskChange},
		{ID: "webhooks/resend", Title: "Send webhooks again", Purpose: "A customer did not get them.", Team: "support", Risk: RiskRead},
	}
	member := people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: people.Member}
	support := people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Support, Teams: []string{"support"}}
	for name, c := range map[string]struct {
		by    people.Actor
		named []string
		text  string
		want  []string
	}{
		"the same words":               {member, nil, "A verification session of Nordpank is stuck in review", []string{"sessions/reset"}},
		"not theirs to run":            {member, nil, "A poisoned message stops the queue", nil},
		"theirs to run":                {support, nil, "A poisoned message stops the queue", []string{"queue/park"}},
		"named first, then like it":    {support, []string{"webhooks/resend", "webhooks/resend", "gone"}, "A poisoned message stops the queue", []string{"webhooks/resend", "queue/park"}},
		"named, but not theirs":        {member, []string{"queue/park"}, "", nil},
		"other words":                  {support, nil, "How much is a licence?", nil},
		"nothing is asked, some named": {support, []string{"queue/park"}, "", []string{"queue/park"}},
	} {
		var got []string
		for _, f := range Fitting(c.by, all, c.named, c.text, 3) {
			got = append(got, f.ID)
			if named := slices.Contains(c.named, f.ID); named != (len(f.Because) == 0) {
				t.Errorf("%s: %s because of %v", name, f.ID, f.Because)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := Fitting(support, all, []string{"queue/park", "sessions/reset", "webhooks/resend"}, "", 2); len(got) != 2 {
		t.Errorf("%d fit, want at most 2", len(got))
	}
}
