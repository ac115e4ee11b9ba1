package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

// TestFlowIsNoWayAround starts every kind of action as the step of a flow, as every caller of the approval matrix: the step does what it would do by
// itself.
func TestFlowIsNoWayAround(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		for _, id := range []string{"look", "move", "tidy", "burn"} {
			of := d.book["shelf/"+id]
			d.flow(t, "flow/"+id, of.Risk, runs("step", of.ID))
		}
		for line := range strings.Lines(strings.TrimSpace(rights)) {
			w := strings.Fields(line)
			h.crew["tonis"] = people.Person{ID: "tonis", Name: "Tõnis Kask", Role: people.Role(w[1]), Teams: []string{"support"}}
			for i, id := range []string{"look", "move", "tidy", "burn"} {
				by, what := caller(w[0], people.Role(w[1]), c), fmt.Sprintf("%s %s, %s", w[0], w[1], id)
				flow := d.planOf(t, h.screen("marika", c), "flow/"+id)
				started, err := d.click(t, by, flow, "")
				if started.State == action.Waiting { // the flow itself is dangerous, and somebody reads it
					started, err = d.Approve(t.Context(), h.screen("wanjiru", c), flow.ID, flow.PlanHash, "")
				}
				if err != nil {
					if got := became(started, err); got != w[2+i] {
						t.Errorf("%s: the flow is %s (%v), want %s", what, got, err, w[2+i])
					}
					continue
				}
				before := d.shelf.done()
				d.work(t, flow)
				step := d.child(t, flow, "step")
				switch got := string(step.State); {
				case w[2+i] == "runs" && got != "succeeded", w[2+i] == "waits" && got != "waiting", w[2+i] != "runs" && d.shelf.done() != before, w[2+i] == "no" || w[2+i] == "pw":
					t.Errorf("%s: the step is %s (%s), want what it does by itself: %s", what, got, step.Result.Summary, w[2+i])
				}
				if step.State != action.Waiting {
					continue
				}
				for who, actor := range map[string]people.Actor{"who started the flow": by, "who planned it": h.screen("marika", c)} {
					if _, err := d.Approve(t.Context(), actor, step.ID, step.PlanHash, ""); !fault.Is(err, fault.Forbidden) {
						t.Errorf("%s: a yes of %s: %v", what, who, err)
					}
				}
				if _, err := d.Cancel(t.Context(), h.screen("marika", c), flow.ID); err != nil {
					t.Fatal(err)
				}
				d.work(t, flow)
			}
		}
	})
}

// TestWaysAroundAFlow tries them one after the other.
func TestWaysAroundAFlow(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		d, h := newStaffed(t, db, c)
		liis, karl, rasmus := h.screen("liis", c), h.screen("karl", c), h.screen("rasmus", c)
		want := func(what string, kind fault.Kind, err error) {
			t.Helper()
			if !fault.Is(err, kind) {
				t.Errorf("%s: %v, want %s", what, err, kind)
			}
		}
		narrow := d.book["shelf/move"]
		narrow.ID, narrow.Allow.Run = "shelf/narrow", []people.Who{"person:karl"}
		d.book[narrow.ID] = narrow
		d.flow(t, "flow/narrow", action.RiskChange, asks("look"), runs("step", "shelf/narrow"))
		_, err := d.Plan(t.Context(), liis, action.PlanRequest{Action: "flow/narrow", Inputs: table{"message": "m1"}})
		want("a plan of a flow with a step that she may not run", fault.Forbidden, err)
		_, err = d.click(t, liis, d.planOf(t, karl, "flow/narrow"), "")
		want("a start of the same", fault.Forbidden, err)

		question := table{"id": "look", "ask": "Is it in order?", "who": []any{"person:karl"}, "answers": []any{"yes", "not-yet", "no"}}
		d.flow(t, "flow/asks", action.RiskChange, question, runs("step", "shelf/pick"))
		answer := func(by people.Actor, word string) error {
			_, err := d.Answer(t.Context(), by, "RUN-2", "look", word, "")
			return err
		}
		r := d.flowing(t, liis, "flow/asks")
		want("an answer before it asks", fault.Conflict, answer(karl, "yes"))
		d.work(t, r)
		want("an answer of somebody who is not asked", fault.Forbidden, answer(liis, "yes"))
		want("an answer of a member", fault.Forbidden, answer(rasmus, "yes"))
		want("an answer of a rule", fault.Forbidden, answer(people.Actor{Kind: people.ByRule, ID: "karl", Role: people.Admin}, "yes"))
		want("an answer of nobody", fault.Unauthenticated, answer(people.Anonymous("screen"), "yes"))
		want("another answer", fault.Invalid, answer(karl, "perhaps"))
		_, err = d.Answer(t.Context(), karl, r.ID, "step", "yes", "")
		want("an answer to a step that asks nothing", fault.NotFound, err)

		for range 3 { // her budget is used up
			if _, err := d.click(t, liis, d.planOf(t, liis, "shelf/pick"), ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := answer(karl, "not-yet"); err != nil {
			t.Fatal(err)
		}
		want("another answer afterwards", fault.Conflict, answer(karl, "yes"))
		d.work(t, r)
		step := d.child(t, r, "step")
		if step.State != action.Waiting || step.Consent.Over == nil {
			t.Fatalf("over the budget the step is %s", step.State)
		}
		_, err = d.Look(t.Context(), liis, r.ID)
		want("a look at a flow", fault.Conflict, err)
		c.Move(20 * time.Minute)
		d.flow(t, "flow/burn", action.RiskDanger, asks("look"), runs("step", "shelf/burn"))
		r = d.planOf(t, karl, "flow/burn")
		stale := karl
		stale.ConfirmedAt = time.Time{}
		if _, err := d.click(t, stale, r, ""); !people.MustConfirm(err) {
			t.Errorf("a dangerous flow without a password: %v", err)
		}
	})
}
