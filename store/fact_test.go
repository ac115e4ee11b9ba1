package store

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/insight"
	"frontline/people"
)

func (k *frontdesk) figures() *insight.Board {
	return &insight.Board{DB: k.db, Now: k.db.Now, Book: func(ctx context.Context) (insight.Directory, error) { return k.conf.Book(ctx) }}
}

func (k *frontdesk) report(b *insight.Board, name string, q insight.Asked) insight.Report {
	k.t.Helper()
	q.From = k.clock.Now().Add(-30 * 24 * time.Hour)
	r, err := b.Report(k.t.Context(), k.actor("wanjiru"), name, q)
	k.must(err)
	return r
}

func csvOf(k *frontdesk, r insight.Report) string {
	k.t.Helper()
	var out bytes.Buffer
	k.must(r.WriteCSV(&out))
	return out.String()
}

// Forty requests are asked, worked on and coded; the report's digits are those that one counts by hand, and stay when everybody is erased.
func TestReportsCountWhatHappened(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.fortyRequests()
		b := k.figures()
		hours := csvOf(k, k.report(b, "demand-hours", insight.Asked{}))
		// 20 of a quarter of an hour each and half of 10 of an hour each; the other half is passports.
		for _, want := range []string{"\nWebhooks,10,", ",30,3,0\n", "\nWhich passports,5,", ",10,1,0\n"} {
			if !strings.Contains(hours, want) {
				t.Errorf("demand by hours lacks %q:\n%s", want, hours)
			}
		}
		then := csvOf(k, k.report(b, "demand-hours", insight.Asked{CodedThen: true}))
		if !strings.Contains(then, "\nWebhooks late,10,") {
			t.Errorf("as coded then:\n%s", then)
		}
		escalated := k.report(b, "escalated-share", insight.Asked{})
		if escalated.N != 40 || !strings.HasPrefix(escalated.Answer, "Escalated are 7.5 % (2.6 % to 19.9 %).") {
			t.Errorf("escalated: %d, %s", escalated.N, escalated.Answer)
		}
		if only := k.report(b, "demand-hours", insight.Asked{Type: "question"}); only.N != 0 {
			t.Errorf("of another type: %d", only.N)
		}
		if age := k.report(b, "age-of-open", insight.Asked{}); len(age.Rows) != 4 {
			t.Errorf("open: %d rows", len(age.Rows))
		}
		k.eraseEverybody()
		if again := csvOf(k, k.report(k.figures(), "demand-hours", insight.Asked{})); again != hours {
			t.Errorf("after the erasure:\n%s\nwas\n%s", again, hours)
		}
		if _, err := b.Report(t.Context(), people.Actor{Kind: people.Nobody}, "demand-hours", insight.Asked{From: k.clock.Now().Add(-time.Hour)}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func (k *frontdesk) fortyRequests() {
	k.t.Helper()
	ctx, liis := k.t.Context(), k.actor("liis")
	born := func(title string) desk.Demand {
		d, err := k.NewDemand(ctx, liis, desk.DemandDraft{Title: title})
		k.must(err)
		return d
	}
	late, hooks, passports := born("Webhooks late"), born("Webhooks"), born("Which passports")
	for i := range 40 {
		who := "ops@lumo.example"
		switch {
		case i < 20 && i%2 == 0:
			who = "desk@kivi.example"
		case i >= 20 && i < 30:
			who = "it@arco.example"
		}
		r := k.mailed(fmt.Sprintf("<%d@verity>", i), who, "Help", "Words that are erased later.")
		k.clock.Move(time.Hour)
		end := desk.Ending{Outcome: desk.Done}
		switch {
		case i < 20:
			k.must(k.Touch(ctx, liis, r.ID, false, 90))
			for range 9 {
				k.clock.Move(time.Minute)
				k.must(k.Touch(ctx, liis, r.ID, false, 90))
			}
			end.Size, end.Coding = desk.Medium, desk.Coding{Codes: []desk.Code{{Demand: late.ID}}}
			if i < 3 {
				_, err := k.WaitFor(ctx, liis, r.ID, desk.Developers)
				k.must(err)
			}
		case i < 30:
			end.Size, end.Coding = desk.Large, desk.Coding{Codes: []desk.Code{{Demand: late.ID}, {Demand: passports.ID}}}
		case i < 36:
			end.Coding = desk.Coding{None: true}
		default:
			continue
		}
		_, err := k.Close(ctx, liis, r.ID, end)
		k.must(err)
	}
	_, err := k.MergeDemand(ctx, liis, late.ID, hooks.ID)
	k.must(err)
}

// eraseEverybody takes away what an erasure takes away.
func (k *frontdesk) eraseEverybody() {
	k.t.Helper()
	k.must(k.db.write(k.t.Context(), func(t *tx) error {
		for _, erase := range []string{`UPDATE party SET person = '', address = '', name = ''`, `UPDATE request SET title = '', fields = '{}'`, `UPDATE request_message SET body = '', cut = '', salt = ''`} {
			if _, err := t.exec(k.t.Context(), erase); err != nil {
				return err
			}
		}
		return nil
	}))
}

// A duplicate is answered, solved and coded where its original is; rounds of service levels are counted; what is missing is made again.
func TestFactsOfDuplicatesAndOlderRequests(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.apply(deskOfVerity + "\n" + `service_levels: [{id: usual, title: Usual, goals: [{kind: first_reply, within: 1h}, {kind: resolution, within: 8h}]}]`)
		ctx, liis := t.Context(), k.actor("liis")
		d, err := k.NewDemand(ctx, liis, desk.DemandDraft{Title: "Webhooks"})
		k.must(err)
		first := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40.")
		second := k.mailed("<2@kivi>", "desk@kivi.example", "No webhooks either", "Since 10:41.")
		k.clock.Move(2 * time.Hour)
		_, err = k.DuplicateOf(ctx, liis, second.ID, first.ID)
		k.must(err)
		_, err = k.Reply(ctx, liis, first.ID, desk.Words{Body: "They come again.", Then: desk.Then{Close: &desk.Ending{Outcome: desk.Fixed, Coding: desk.Coding{Codes: []desk.Code{{Demand: d.ID}}}}}})
		k.must(err)
		look := func() []insight.Fact {
			all, err := k.db.Facts(ctx, k.clock.Now().Add(-24*time.Hour), k.clock.Now().Add(time.Hour))
			k.must(err)
			return all
		}
		all := look()
		if len(all) != 2 || !all[1].Resolved.Equal(all[0].Resolved) || len(all[1].Demands) != 1 || !all[0].Escalated {
			t.Fatalf("facts: %+v", all)
		}
		met, missed := 0, 0
		for _, x := range all[0].Targets {
			if x.Done.After(x.Due) {
				missed++
			} else {
				met++
			}
		}
		if met != 1 || missed != 1 {
			t.Errorf("first reply was late and the solution was not: met %d, missed %d", met, missed)
		}
		k.must(k.db.write(ctx, func(t *tx) error { _, err := t.exec(ctx, `DELETE FROM request_fact`); return err }))
		k.must(k.figures().Fill(ctx))
		if again := look(); fmt.Sprint(again) != fmt.Sprint(all) {
			t.Errorf("made again: %+v\nwas %+v", again, all)
		}
	})
}
