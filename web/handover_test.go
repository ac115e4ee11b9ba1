package web

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"frontline/action"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// told is what was handed over.
type told []action.Handed

func (t told) List(context.Context, people.Actor, string) ([]action.Handover, error) {
	var out []action.Handover
	for _, h := range t {
		out = append(out, h.Handover)
	}
	return out, nil
}

func (t told) Show(_ context.Context, _ people.Actor, id string) (action.Handed, error) {
	for _, h := range t {
		if h.ID() == id {
			return h, nil
		}
	}
	return action.Handed{}, fault.New(fault.NotFound, "There is no hand-over %q.", id)
}

// takenUp are the requests that hand-overs were made.
type takenUp map[string]desk.Request

func (k takenUp) TakeUp(_ context.Context, _ people.Actor, h action.Handed) (desk.Request, bool, error) {
	r, known := k[h.ID()]
	if !known {
		r = desk.Request{Number: 12, Team: h.Team}
		k[h.ID()] = r
	}
	return r, !known, nil
}

func (k takenUp) TakenUp(_ context.Context, _ people.Actor, h action.Handover) (desk.Request, bool, error) {
	r, ok := k[h.ID()]
	return r, ok, nil
}

// aNight is a night with a run of which nobody knows what became, one that did not help, and one that did; and a quiet one.
func aNight() told {
	liis := journal.Actor{Kind: people.ByPerson, ID: "liis", Via: "screen"}
	run := func(n int64, title string, state action.State, result action.Result) action.Run {
		return action.Run{ID: "run", Number: n, Definition: action.Definition{ID: "queue/park", Title: title, Team: "support", Risk: action.RiskChange}, State: state, Result: result,
			PlannedBy: liis, StartedBy: liis, Reason: "Its consumer fails again and again", StartedAt: night.Add(-5 * time.Hour), EndedAt: night.Add(-5*time.Hour + 12*time.Second)}
	}
	busy := action.Handed{Handover: action.Handover{Team: "support", Night: people.Night{Day: "2026-11-24", From: night.Add(-16 * time.Hour), Until: night}, Runs: []string{"a", "b", "c", "d"}, Items: []string{"k"}},
		Runs: []action.Run{run(884, "Take the poisoned message <out>", action.Unknown, action.Result{Unknown: true, Summary: "The broker fell silent after the message was copied."}),
			run(885, "Restart a failing pod", action.Succeeded, action.Result{Done: true, Summary: "One pod was evicted.", Check: &action.Finding{Summary: "It fails again after 40 s."}}),
			run(886, "Take the poisoned message out", action.Succeeded, action.Result{Done: true, Summary: "One message was taken out of decisions.in.", Check: &action.Finding{Helped: true, Summary: "The queue drains."},
				Tables: []action.Table{{Title: "Taken", Columns: []string{"Message", "Size", "Customer"}, Rows: [][]string{{"m-4711", "2 KB", "Nordpank"}}}},
				Files:  []action.File{{ID: "f1", Name: "envelope.json"}}, Links: map[string]string{"The queue": "https://rabbit.verity.example/#/queues/decisions.in"}})},
		Expiring: []action.Kept{{ID: "k", Run: "run", Quarantined: action.Quarantined{Kind: "rabbitmq.message", Origin: "decisions.in"}, ExpiresAt: night.Add(20 * time.Hour)}}}
	return told{busy, {Handover: action.Handover{Team: "pipeline", Night: people.Night{Day: "2026-11-24", From: night.Add(-16 * time.Hour), Until: night}}}}
}

func TestHandoverScreens(t *testing.T) {
	open := func(all told) *workplace {
		f := newFirm(t, func(d *Deps) { d.Mornings, d.TakingUp = all, takenUp{} })
		f.as(people.Member, "liis")
		return f.desk
	}
	open(nil).to("/handover", ask{as: people.Member}).is(http.StatusOK).has("main .blank .name", "No hand-over yet")
	d := open(aNight())
	d.to("/handover", ask{as: people.Member}).is(http.StatusOK).has("main li:first-child .state.warning", "To read").has("main li:last-child .state.ok", "Quiet")
	d.to("/handover/support-2026-11-24", ask{as: people.Member}).is(http.StatusOK).
		has("section[aria-label='RUN-884'] b", "Nobody knows what became of it").has("section[aria-label='RUN-885'] b", "It did not help").lacks("section[aria-label='RUN-886'] b").
		has("section[aria-label='RUN-884'] a", "Take the poisoned message <out>").has("section[aria-label='RUN-886'] td:first-child", "m-4711").
		has("section[aria-label='RUN-886'] li:first-child a", "envelope.json").has("section[aria-labelledby=kept] li", "decisions.in").has("main > .small.quiet", "1 more are not open to you")
	d.to("/handover/pipeline-2026-11-24", ask{as: people.Member}).is(http.StatusOK).has("main .blank .name", "A quiet night")
	d.to("/handover/none-2026-11-24", ask{as: people.Member}).is(http.StatusNotFound)

	// One press makes it a request to its team; after it the screen leads there.
	d.to("/handover/pipeline-2026-11-24", ask{as: people.Member}).lacks("main form")
	d.to("/handover/support-2026-11-24", ask{as: people.Member}).has("main form[action='/handover/support-2026-11-24/request'] button", "Make it a request")
	for range 2 {
		d.to("/handover/support-2026-11-24/request", ask{as: people.Member, form: url.Values{}}).leadsTo("/requests/R-12")
	}
	d.to("/handover/support-2026-11-24", ask{as: people.Member}).lacks("main form").has("main a[href='/requests/R-12']", "R-12")
	d.to("/handover/none-2026-11-24/request", ask{as: people.Member, form: url.Values{}}).is(http.StatusNotFound)
}

// TestHandoverLooks opens the screens in Chromium.
func TestHandoverLooks(t *testing.T) {
	var st *street
	st, _ = walk(t, people.Support, "liis", func(f *firm) { f.desk.s.deps.Mornings, f.desk.s.deps.TakingUp = aNight(), takenUp{} })
	st.lookAll("handover", "/handover", "/handover/support-2026-11-24", "/handover/pipeline-2026-11-24")
}
