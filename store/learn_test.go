package store

import (
	"fmt"
	"slices"
	"testing"

	"frontline/desk"
)

// elevenRequests are a young desk's, two kinds of which somebody has named.
func (k *frontdesk) elevenRequests() (webhooks, passports desk.Demand) {
	k.t.Helper()
	ctx, liis := k.t.Context(), k.actor("liis")
	born := func(title string) desk.Demand {
		d, err := k.NewDemand(ctx, liis, desk.DemandDraft{Title: title})
		k.must(err)
		return d
	}
	webhooks, passports = born("Webhooks late"), born("Which passports")
	for i, said := range [][2]string{
		{"Webhooks are late again", "Yes, since yesterday they come ten minutes late."}, {"Our webhooks are late", "Please look, yes, again."},
		{"Late webhooks at Nordpank", "They get them after an hour."}, {"Which passports do you take?", "Kenyan ones, yes?"}, {"Is a Latvian passport fine?", "It has a chip."},
		{"Passports without a chip", "Which of them are accepted?"}, {"Invoice for October", "Yes, we need it again, please."}, {"Selfie upload fails", "On Android, again."},
		{"Android app closes", "While the selfie is taken."}, {"Password mail never came", "Yes, we looked into spam."}, {"Where is the audit log?", "We need it for a review."},
	} {
		r := k.mailed(fmt.Sprintf("<%d@verity>", i), fmt.Sprintf("asker%d@lumo.example", i%4), said[0], said[1])
		end := desk.Ending{Outcome: desk.Answered}
		switch {
		case i < 3:
			end.Coding.Codes = []desk.Code{{Demand: webhooks.ID}}
		case i < 6:
			end.Coding.Codes = []desk.Code{{Demand: passports.ID}}
		default:
			end.Coding.None = true
		}
		_, err := k.Close(ctx, liis, r.ID, end)
		k.must(err)
	}
	k.followed()
	return webhooks, passports
}

// On a desk of eleven requests each finds its like, for reasons that tell something; suggestions come from what was learnt and from the nearest.
func TestYoungDeskFindsItsLike(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		webhooks, _ := k.elevenRequests()
		ctx, liis := t.Context(), k.actor("liis")
		near, err := k.Similar(ctx, liis, "R-1", 3)
		k.must(err)
		if len(near) < 2 || !slices.Contains([]string{"R-2", "R-3"}, near[0].Request.Name()) {
			t.Fatalf("like R-1: %+v", near)
		}
		for _, n := range near {
			for _, w := range []string{"Yes", "again", "they", "since", "yesterday", "are"} {
				if slices.Contains(n.Because, w) {
					t.Errorf("%s is like R-1 because of %v", n.Request.Name(), n.Because)
				}
			}
		}
		r := k.mailed("<new@verity>", "ops@arco.example", "Again no webhooks in time", "They are late.")
		k.followed()
		advised, err := k.Advise(ctx, liis, r.ID)
		k.must(err)
		if len(advised) != 2 || advised[0].Demand.ID != webhooks.ID || advised[0].Share <= advised[1].Share || advised[0].Votes == 0 || !slices.Contains(advised[0].Because, "webhooks") {
			t.Errorf("advised: %+v", advised)
		}
		guesser, err := k.Guesser(ctx)
		k.must(err)
		if got := guesser.Guess("The webhooks are late again"); got != webhooks.ID {
			t.Errorf("guessed %q", got)
		}
		if got := guesser.Guess(""); got != "" {
			t.Errorf("of nothing was guessed %q", got)
		}
	})
}
