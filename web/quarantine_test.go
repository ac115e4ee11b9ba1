package web

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
)

// kept is a message that was taken out an hour ago.
func kept(id, owner string, until time.Duration, state action.KeptState) action.Kept {
	return action.Kept{ID: id, Run: "r1", Action: "queue/park-message", Owner: owner, State: state, CapturedAt: night.Add(-time.Hour), RemovedAt: night.Add(-time.Hour), ExpiresAt: night.Add(until),
		Quarantined: action.Quarantined{Kind: "rabbitmq.message", Origin: "amqp://rabbit.verity.example/verity/decisions", Fingerprint: "0a30d4f98c1604de", Facts: map[string]string{"message_id": "decision-" + id}}}
}

func (f *firmRuns) Drop(_ context.Context, a people.Actor, id, reason string) (action.Kept, error) {
	for i, k := range f.kept {
		if k.ID != id {
			continue
		}
		if err := k.MayDrop(a); err != nil {
			return k, err
		}
		if reason == "" {
			return k, fault.Wrong("reason", "Say why.")
		}
		f.kept[i].State, f.kept[i].DroppedBy, f.kept[i].DropReason = action.Dropped, a.ID, reason
		return f.kept[i], nil
	}
	return action.Kept{}, fault.New(fault.NotFound, "There is nothing with that id.")
}

func (f *firmRuns) Quarantine(_ context.Context, _ people.Actor, q action.KeptFilter) ([]action.Kept, error) {
	var out []action.Kept
	for _, k := range f.kept {
		if q.Run == "" || k.Run == q.Run {
			out = append(out, k)
		}
	}
	return out, nil
}

func TestQuarantine(t *testing.T) {
	f := newFirm(t)
	lead := f.as(people.Lead, "marika")
	f.desk.to("/quarantine", ask{as: lead}).is(http.StatusOK).has("main .blank .name", "Nothing is in quarantine")
	f.runs.kept = []action.Kept{kept("1", "support", 72*time.Hour, action.Removed), kept("2", "support", 20*time.Hour, action.Removed),
		kept("3", "payments", 72*time.Hour, action.Captured), kept("4", "support", -time.Hour, action.Dropped)}
	f.desk.to("/quarantine", ask{as: lead}).is(http.StatusOK).
		has("[aria-labelledby=soon] tbody th", "decision-2").has("[aria-labelledby=here] tbody tr:nth-child(1) th", "decision-1").
		has("[aria-labelledby=here] tbody tr:nth-child(1) form", "").lacks("[aria-labelledby=here] tbody tr:nth-child(2) form").
		has("[aria-labelledby=ended] tbody th", "its time was over")
	support := f.as(people.Support, "liis")
	f.desk.to("/quarantine", ask{as: support}).is(http.StatusOK).has("[aria-labelledby=here] tbody tr:nth-child(1) th", "decision-1").lacks("main form[method=post]")
	f.desk.to("/quarantine", ask{as: f.as(people.Member, "wanjiru")}).is(http.StatusForbidden)

	drop := func(id, reason string) ask {
		return ask{as: lead, method: http.MethodPost, form: url.Values{"reason": {reason}}}
	}
	f.desk.to("/quarantine/3/drop", drop("3", "old")).is(http.StatusForbidden)
	f.desk.to("/quarantine/1/drop", drop("1", "")).is(http.StatusUnprocessableEntity)
	f.desk.to("/quarantine/1/drop", drop("1", "Nordpank sent it anew.")).leadsTo("/quarantine")
	f.desk.to("/quarantine", ask{as: lead}).has("[aria-labelledby=ended] tbody tr:nth-child(1) th", "Nordpank sent it anew.")
}

func TestQuarantineLooks(t *testing.T) {
	st, _ := walk(t, people.Lead, "marika", func(f *firm) {
		f.runs.kept = []action.Kept{kept("0017", "support", 20*time.Hour, action.Removed)}
		for _, state := range []action.KeptState{action.Removed, action.Captured, action.Replayed, action.Dropped} {
			f.runs.kept = append(f.runs.kept, kept("0"+string(state), "support", 72*time.Hour, state))
		}
	})
	st.lookAll("quarantine", "/quarantine")
}
