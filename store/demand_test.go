package store

import (
	"testing"

	"frontline/desk"
	"frontline/fault"
)

// A request is closed with what it was about; merging demands restates the counts, splitting leaves them, and what was typed wrong is named.
func TestDemandsAndCodes(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		ctx, liis := t.Context(), k.actor("liis")
		born := func(title string) desk.Demand {
			d, err := k.NewDemand(ctx, liis, desk.DemandDraft{Title: title, Owner: "marika"})
			k.must(err)
			return d
		}
		late, stopped, other := born("Webhooks late"), born("Webhooks stopped"), born("Which passports")
		if late.Name() != "D-1" || late.Handling != desk.ByHand || late.BornAt.IsZero() {
			t.Errorf("born: %+v", late)
		}
		r := k.mailed("<1@lumo>", "ops@lumo.example", "No webhooks", "Since 10:40.")
		closed, err := k.Close(ctx, liis, r.ID, desk.Ending{Outcome: desk.Done, Size: desk.Small, Coding: desk.Coding{Codes: []desk.Code{{Demand: "D-1"}, {Demand: stopped.ID}, {Demand: other.ID}}}})
		k.must(err)
		if len(closed.Codes) != 3 || closed.Codes[0].Share+closed.Codes[1].Share+closed.Codes[2].Share != 100 || closed.Codes[0].By != "liis" {
			t.Errorf("codes: %+v", closed.Codes)
		}
		for name, c := range map[string]desk.Coding{
			"both":          {None: true, Codes: []desk.Code{{Demand: "D-1"}}},
			"unknown":       {Codes: []desk.Code{{Demand: "D-9"}}},
			"twice":         {Codes: []desk.Code{{Demand: "D-1"}, {Demand: late.ID}}},
			"not a hundred": {Codes: []desk.Code{{Demand: "D-1", Share: 50}, {Demand: "D-2", Share: 40}}},
		} {
			if _, err := k.Code(ctx, liis, r.ID, c); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = k.MergeDemand(ctx, liis, "D-1", "D-2")
		k.must(err)
		parts, err := k.SplitDemand(ctx, liis, "D-3", []string{"Which passports have a chip", "Which passports are taken"})
		k.must(err)
		register, err := k.Demands(ctx, k.actor("wanjiru"))
		k.must(err)
		if len(register) != 5 || len(parts) != 3 || desk.CountedAs(register, late.ID) != stopped.ID || desk.CountedAs(register, other.ID) != other.ID {
			t.Errorf("register: %+v", register)
		}
		if _, err := k.Code(ctx, liis, r.ID, desk.Coding{Codes: []desk.Code{{Demand: "D-1"}}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a demand that has ended: %v", err)
		}
		if _, err := k.MergeDemand(ctx, liis, "D-1", "D-4"); !fault.Is(err, fault.Conflict) {
			t.Errorf("merged twice: %v", err)
		}
		if _, err := k.NewDemand(ctx, k.actor("wanjiru"), desk.DemandDraft{Title: "Mine"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member: %v", err)
		}
		d, err := k.ChangeDemand(ctx, liis, "D-2", desk.DemandDraft{Title: "Webhooks", Handling: desk.Themselves, Examples: []string{r.Name()}}, 0)
		k.must(err)
		if d.ShippedAt.IsZero() || len(d.Examples) != 1 || d.Examples[0] != r.ID || len(d.From) != 1 {
			t.Errorf("changed: %+v", d)
		}
	})
}

// Where the type says so, the end waits for an answer to what it was about: also by macro and in bulk.
func TestEndWaitsForACode(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		k.apply(deskOfVerity + "\n" + `queues: [{id: mine, title: Mine, search: "assignee:me"}]`)
		k.apply(replaceOnce(deskOfVerity, "{id: question, title: A question, team: frontline}", "{id: question, title: A question, team: frontline, must_code: true}"))
		ctx, liis := t.Context(), k.actor("liis")
		r := k.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil)
		_, err := k.Close(ctx, liis, r.ID, desk.Ending{Outcome: desk.Answered})
		if f := fault.FieldsOf(err); len(f) != 1 || f[0].Name != "demand" {
			t.Errorf("without a demand: %v", err)
		}
		did, err := k.Bulk(ctx, liis, []string{r.Name()}, desk.Deed{Close: &desk.Ending{Outcome: desk.Answered}})
		k.must(err)
		if len(did.Done) != 0 {
			t.Error("closed in bulk without a demand")
		}
		got, err := k.Reply(ctx, liis, r.ID, desk.Words{Body: "All since 2023.", Then: desk.Then{Close: &desk.Ending{Outcome: desk.Answered, Coding: desk.Coding{None: true}}}})
		k.must(err)
		if got.State != desk.Closed || !got.NoDemand {
			t.Errorf("closed: %+v", got)
		}
	})
}

// A macro brings its demands along, as what they have become since; what is chosen stands over them; and what hangs on a problem counts for what
// the problem counts for.
func TestMacrosAndProblemsBringTheirDemands(t *testing.T) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		coded := replaceOnce(deskOfVerity, "{id: question, title: A question, team: frontline}", "{id: question, title: A question, team: frontline, must_code: true}")
		k.apply(coded + `
  - {id: chip, title: Which have a chip, reply: "Hello {asker}, all since 2023.", close: answered, demands: [{demand: D-1, share: 60}, {demand: D-2, share: 40}]}
  - {id: bare, title: Answered, reply: "See the list.", close: answered}
`)
		ctx, liis := t.Context(), k.actor("liis")
		var all []desk.Demand
		for _, title := range []string{"Which passports", "Chips", "Documents"} {
			d, err := k.NewDemand(ctx, liis, desk.DemandDraft{Title: title})
			k.must(err)
			all = append(all, d)
		}
		asked := func() desk.Request {
			return k.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil)
		}
		use := func(macro string, more ...desk.Code) (desk.Request, error) {
			d, err := k.Macro(ctx, liis, macro)
			k.must(err)
			if len(more) > 0 {
				d.Close.Codes = more
			}
			return k.Do(ctx, liis, asked().ID, d, "")
		}
		shares := func(r desk.Request) map[string]int {
			out := map[string]int{}
			for _, c := range r.Codes {
				out[c.Demand] = c.Share
			}
			return out
		}
		if _, err := use("bare"); len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "demand" {
			t.Errorf("a macro without demands: %v", err)
		}
		r, err := use("bare", desk.Code{Demand: "D-1"}, desk.Code{Demand: "D-3"})
		k.must(err)
		if got := shares(r); r.State != desk.Closed || got[all[0].ID] != 50 || got[all[2].ID] != 50 {
			t.Errorf("chosen with a macro: %+v", got)
		}
		r, err = use("chip")
		k.must(err)
		if got := shares(r); got[all[0].ID] != 60 || got[all[1].ID] != 40 || r.Codes[0].By != "liis" {
			t.Errorf("the macro's own: %+v", got)
		}
		_, err = k.MergeDemand(ctx, liis, "D-2", "D-1")
		k.must(err)
		r, err = use("chip")
		k.must(err)
		if got := shares(r); len(got) != 1 || got[all[0].ID] != 100 {
			t.Errorf("after two of them were merged: %+v", got)
		}

		root, waits, named := asked(), asked(), asked()
		_, err = k.Code(ctx, liis, named.ID, desk.Coding{Codes: []desk.Code{{Demand: "D-1"}}})
		k.must(err)
		for _, x := range []desk.Request{waits, named} {
			_, err = k.HangOn(ctx, liis, x.ID, root.Name())
			k.must(err)
		}
		_, err = k.Reply(ctx, liis, root.ID, desk.Words{Body: "The list is out.", Then: desk.Then{All: true, Close: &desk.Ending{Outcome: desk.Done, Coding: desk.Coding{Codes: []desk.Code{{Demand: "D-3"}}}}}})
		k.must(err)
		k.work()
		k.work()
		for x, want := range map[string]string{waits.ID: all[2].ID, named.ID: all[0].ID} {
			r, err := k.Request(ctx, liis, x)
			k.must(err)
			if r.State != desk.Closed || len(r.Codes) != 1 || r.Codes[0].Demand != want || r.Codes[0].By != "liis" {
				t.Errorf("%s is %s with %+v", r.Name(), r.State, r.Codes)
			}
		}

		free, strict := k.asked("wanjiru", "webhooks", "No webhooks", "Since 10:40.", map[string]any{"customer": "nordpank"}), asked()
		_, err = k.HangOn(ctx, liis, strict.ID, free.Name())
		k.must(err)
		_, err = k.Reply(ctx, liis, free.ID, desk.Words{Body: "They came.", Then: desk.Then{All: true, Close: &desk.Ending{Outcome: desk.Done}}})
		k.must(err)
		k.work()
		k.work()
		got, err := k.Request(ctx, liis, strict.ID)
		k.must(err)
		if got.State != desk.Open || got.Said != 2 || !got.AskedAt.IsZero() { // it has its answer, and waits for us to say what it was
			t.Errorf("nobody said what it was: %+v", got)
		}
	})
}
