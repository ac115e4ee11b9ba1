package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"frontline/e2e/office"
	"frontline/wire"
)

const park = "queue/park-message"

func TestActionsAreListedAndShown(t *testing.T) {
	w := office.Open(t)
	liis, rasmus := as(t, w, "liis"), as(t, w, "rasmus")
	if mine := ok[wire.List[wire.Action]](rasmus, "GET", "/actions", nil); len(mine.Items) != 4 {
		t.Errorf("a member of the pipeline team sees %d actions, want 4", len(mine.Items))
	}
	all := ok[wire.List[wire.Action]](liis, "GET", "/actions?service=decision-pipeline", nil)
	if len(all.Items) != 2 || all.Items[1].ID != park || all.Items[1].Role != "support" || all.Items[1].Inputs[0].Label != "Message" {
		t.Errorf("actions of the service: %+v", all.Items)
	}
	for _, path := range []string{"/actions/queue/park-message", "/actions/queue%2Fpark-message"} {
		shown := ok[wire.ActionShown](liis, "GET", path, nil)
		var schema struct {
			Required []string `json:"required"`
		}
		if json.Unmarshal(shown.Schema, &schema) != nil || len(schema.Required) != 1 || schema.Required[0] != "message_id" {
			t.Errorf("%s: %s", path, shown.Schema)
		}
	}
	refused(liis, 404, "GET", "/actions/pipeline/secrets", nil)
	_, raw := liis.ask("GET", "/actions", nil)
	if strings.Contains(string(raw), "settings") {
		t.Errorf("actions tell their settings: %s", raw)
	}
}

func TestRunIsPlannedStartedAndFollowed(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	liis := as(t, w, "liis")
	inc := ok[wire.Incident](liis, "POST", "/alerts/G-1/incident", nil)
	if p := refused(liis, 422, "POST", "/runs", wire.PlanRun{Action: park, Inputs: map[string]any{"message_id": "4711"}}); p.Errors[0].Field != "message_id" || !strings.Contains(p.Errors[0].Say, "m-4711") {
		t.Errorf("a wrong input is refused with %+v", p)
	}
	run := ok[wire.Run](liis, "POST", "/runs", wire.PlanRun{Action: park, Inputs: map[string]any{"message_id": "m-4711"}, For: "INC-1"})
	if run.State != "planned" || len(run.Plan.Changes) != 1 || run.Plan.Hash == "" || run.For.UID != inc.UID || run.Result != nil {
		t.Fatalf("planned: %+v", run)
	}
	start, key := wire.StartRun{Plan: run.Plan.Hash}, func(r *http.Request) { r.Header.Set("Idempotency-Key", "one-click") }
	refused(liis, 422, "POST", "/runs/RUN-1/start", start)
	refused(liis, 409, "POST", "/runs/RUN-1/start", wire.StartRun{Plan: "another"}, key)
	for range 2 { // the same click twice
		if r := ok[wire.Run](liis, "POST", "/runs/RUN-1/start", start, key); r.State == "planned" || r.StartedBy.ID != "liis" {
			t.Errorf("started: %+v", r)
		}
	}
	refused(liis, 409, "POST", "/runs/RUN-1/start", start, func(r *http.Request) { r.Header.Set("Idempotency-Key", "another-click") })
	w.Settle()
	run = ok[wire.Run](liis, "GET", "/runs/run-1", nil)
	if run.State != "succeeded" || !run.Result.Done || len(run.Result.Tables) != 1 || run.Lines != 2 {
		t.Errorf("ran: %+v", run)
	}
	out := ok[wire.Output](liis, "GET", "/runs/RUN-1/output", nil)
	if len(out.Lines) != 2 || out.Lines[1].N != 2 || out.Next != 3 || out.State != "succeeded" {
		t.Errorf("output: %+v", out)
	}
	if rest := ok[wire.Output](liis, "GET", "/runs/RUN-1/output?from=3", nil); len(rest.Lines) != 0 || rest.Next != 3 {
		t.Errorf("output from line 3: %+v", rest)
	}
	kept := ok[wire.List[wire.Kept]](liis, "GET", "/quarantine?run=RUN-1&state=removed", nil)
	if len(kept.Items) != 1 || kept.Items[0].Facts["message_id"] != "m-4711" || kept.Items[0].Owner.ID != "pipeline" {
		t.Errorf("kept: %+v", kept)
	}
	why := wire.DropKept{Reason: "Nordpank sent it anew."}
	refused(liis, 403, "POST", "/quarantine/"+kept.Items[0].ID+"/drop", why)
	marika := as(t, w, "marika") // an admin
	refused(marika, 422, "POST", "/quarantine/"+kept.Items[0].ID+"/drop", wire.DropKept{Reason: " "})
	if gone := ok[wire.Kept](marika, "POST", "/quarantine/"+kept.Items[0].ID+"/drop", why); gone.State != "dropped" || gone.DroppedBy.ID != "marika" {
		t.Errorf("dropped: %+v", gone)
	}
	if soon := ok[wire.List[wire.Kept]](liis, "GET", "/quarantine?soon=true", nil); len(soon.Items) != 0 {
		t.Errorf("soon dropped: %+v", soon)
	}
	if room := ok[wire.Room](liis, "GET", "/incidents/INC-1", nil); len(room.Runs) != 1 {
		t.Errorf("the incident has the runs %+v", room.Runs)
	}
	if mine := ok[wire.List[wire.Run]](liis, "GET", "/runs?for=INC-1&state=succeeded", nil); len(mine.Items) != 1 {
		t.Errorf("runs for INC-1: %+v", mine)
	}
	_, raw := liis.ask("GET", "/runs", nil)
	if strings.Contains(string(raw), "private") || strings.Contains(string(raw), "one-click") {
		t.Errorf("runs tell what is not for people: %s", raw)
	}
}

func TestDangerNeedsItsRoleAndAReason(t *testing.T) {
	w := office.Open(t)
	liis, lead := as(t, w, "liis"), as(t, w, "wanjiru")
	if p := refused(liis, 403, "POST", "/runs", wire.PlanRun{Action: "queue/purge", Reason: "It is full"}); !strings.Contains(p.Detail, "lead") {
		t.Errorf("refused with %+v", p)
	}
	if p := refused(lead, 422, "POST", "/runs", wire.PlanRun{Action: "queue/purge"}); p.Errors[0].Field != "reason" {
		t.Errorf("refused with %+v", p)
	}
	ok[wire.Run](lead, "POST", "/runs", wire.PlanRun{Action: "queue/purge", Reason: "It is full"})
	if r := ok[wire.Run](lead, "POST", "/runs/RUN-1/cancel", nil); r.State != "cancelled" {
		t.Errorf("cancelled: %+v", r)
	}
}

func TestUnknownRunIsLookedAtAndSettled(t *testing.T) {
	w := office.Open(t)
	liis := as(t, w, "liis")
	run := ok[wire.Run](liis, "POST", "/runs", wire.PlanRun{Action: park, Inputs: map[string]any{"message_id": "m-404"}})
	ok[wire.Run](liis, "POST", "/runs/RUN-1/start", wire.StartRun{Plan: run.Plan.Hash}, func(r *http.Request) { r.Header.Set("Idempotency-Key", "k") })
	w.Settle()
	if r := ok[wire.Run](liis, "GET", "/runs/RUN-1", nil); r.State != "unknown" || r.Result.Done {
		t.Fatalf("ran: %+v", r)
	}
	ok[wire.Run](liis, "POST", "/runs/RUN-1/look", nil)
	w.Settle()
	if r := ok[wire.Run](liis, "POST", "/runs/RUN-1/settle", wire.SettleRun{Done: true, Found: "It is gone from the queue."}); r.State != "succeeded" {
		t.Errorf("settled: %+v", r)
	}
}

// TestListOfRunsIsFullAlthoughSomeAreNotOpen lets a team's own runs lie between those that everybody sees.
func TestListOfRunsIsFullAlthoughSomeAreNotOpen(t *testing.T) {
	w := office.Open(t)
	liis, marika := as(t, w, "liis"), as(t, w, "marika")
	inputs := map[string]any{"message_id": "m-1"}
	for _, action := range []string{park, park, "pipeline/secrets", "pipeline/secrets", "pipeline/secrets", park} {
		ok[wire.Run](marika, "POST", "/runs", wire.PlanRun{Action: action, Inputs: inputs})
	}
	first := ok[wire.List[wire.Run]](liis, "GET", "/runs?limit=2", nil)
	second := ok[wire.List[wire.Run]](liis, "GET", "/runs?limit=2&cursor="+first.Next, nil)
	if len(first.Items) != 2 || first.Items[1].ID != "RUN-2" || len(second.Items) != 1 || second.Items[0].ID != "RUN-1" || second.Next != "" {
		t.Errorf("the pages are %+v and %+v", first, second)
	}
}
