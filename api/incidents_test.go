package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/e2e/office"
	"frontline/e2e/verity"
	"frontline/wire"
)

// Given an alert, when an incident is opened from it, told about, published, resolved and reopened, everybody knows what they are meant to know.
func TestIncidentFromAlertToPostmortem(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	liis := as(t, w, "liis")
	inc := ok[wire.Incident](liis, "POST", "/alerts/A-1/incident", nil)
	if inc.ID != "INC-1" || inc.Severity != "critical" || inc.Lead.Name != "Liis Tamm" || len(inc.Services) != 1 || len(inc.Customers) != 4 || inc.Public != nil {
		t.Fatalf("opened: %+v", inc)
	}
	if again := ok[wire.Incident](liis, "POST", "/alerts/G-1/incident", nil); again.ID != inc.ID {
		t.Errorf("opened again: %s", again.ID)
	}
	w.Clock.Move(time.Minute)
	ok[wire.Incident](liis, "POST", "/incidents/INC-1/notes", wire.Note{Body: "One message fails."})
	inc = ok[wire.Incident](liis, "POST", "/incidents/inc-1/updates", wire.Say{Body: "We take the message out.", NextIn: wire.Duration(30 * time.Minute)})
	if inc.Updates != 1 || len(inc.Promises) != 1 || !inc.Promises[0].DueAt.Equal(w.Clock.Now().Add(30*time.Minute)) {
		t.Errorf("updated: %+v", inc)
	}
	inc = ok[wire.Incident](liis, "POST", "/incidents/INC-1/publications", wire.Publish{Title: "Decisions are delayed", State: "investigating", Body: "We are looking into it.",
		Statuses: []wire.Status{{Component: "decisions", Status: "major_outage"}}})
	if inc.Public == nil || inc.Public.State != "investigating" || inc.Public.Statuses[0].Status != "major_outage" {
		t.Errorf("published: %+v", inc.Public)
	}
	w.Settle()
	if n := len(w.Mails()); n != 4 { // two stakeholders, told of the opening and of the update
		t.Errorf("%d mails: %v", n, w.Mails())
	}
	w.Clock.Move(10 * time.Minute)
	inc = ok[wire.Incident](liis, "POST", "/incidents/INC-1/resolve", wire.Resolve{Publish: &wire.Publish{State: "resolved", Body: "Decisions are made again."}})
	if inc.State != "resolved" || inc.Public.State != "resolved" || !inc.ResolvedAt.Equal(w.Clock.Now()) {
		t.Errorf("resolved: %+v", inc)
	}
	w.Settle()
	room := ok[wire.Room](liis, "GET", "/incidents/INC-1", nil)
	if len(room.Said) != 3 || room.Postmortem == nil || room.Postmortem.State != "draft" || len(room.Alerts) != 1 || room.Alerts[0].ID != "G-1" || len(room.Told) != 3 || room.Told[0].Sent != 2 {
		t.Errorf("the room: %+v", room)
	}
	if !slices.ContainsFunc(room.Timeline, func(l wire.Line) bool { return l.Text == "One message fails." && l.Actor == "Liis Tamm" }) {
		t.Errorf("the timeline does not tell the note: %+v", room.Timeline)
	}
	if shown := ok[wire.GroupShown](liis, "GET", "/alerts/G-1", nil); shown.Incident == nil || shown.Incident.ID != "INC-1" {
		t.Errorf("the alert does not know its incident: %+v", shown.Incident)
	}
	if inc = ok[wire.Incident](liis, "POST", "/incidents/INC-1/reopen", nil); inc.State != "investigating" {
		t.Errorf("reopened: %+v", inc)
	}
	if inc = ok[wire.Incident](liis, "POST", "/incidents/INC-1/resolve", nil); inc.State != "resolved" {
		t.Errorf("resolved without a word to customers: %+v", inc)
	}
}

func TestIncidentIsDeclaredAndEdited(t *testing.T) {
	w := office.Open(t)
	rasmus, liis := as(t, w, "rasmus"), as(t, w, "liis")
	inc := ok[wire.Incident](rasmus, "POST", "/incidents", wire.Declare{Title: "Webhooks come late", Severity: "minor", Services: []string{"decision-pipeline"}})
	if inc.OpenedBy.ID != "rasmus" || inc.Lead != nil {
		t.Errorf("declared: %+v", inc)
	}
	seen := wire.Edit{Version: inc.Version}
	steps := []struct {
		path string
		body any
		done func(wire.Incident) bool
	}{
		{"/title", wire.SetTitle{Title: "Webhooks come an hour late"}, func(i wire.Incident) bool { return strings.Contains(i.Title, "an hour") }},
		{"/severity", wire.SetSeverity{Severity: "major"}, func(i wire.Incident) bool { return i.Severity == "major" }},
		{"/state", wire.SetState{State: "identified"}, func(i wire.Incident) bool { return i.State == "identified" }},
		{"/lead", wire.SetLead{Person: "me"}, func(i wire.Incident) bool { return i.Lead != nil && i.Lead.ID == "liis" }},
		{"/lead", wire.SetLead{}, func(i wire.Incident) bool { return i.Lead == nil }},
		{"/impact", wire.SetImpact{Services: []string{"decision-pipeline"}, Components: []string{"webhooks"}}, func(i wire.Incident) bool { return len(i.Components) == 1 && i.Components[0].Name == "Webhooks" }},
	}
	for _, s := range steps {
		if i := ok[wire.Incident](liis, "PUT", "/incidents/INC-1"+s.path, s.body); !s.done(i) {
			t.Errorf("%s: %+v", s.path, i)
		}
	}
	if p := refused(liis, 409, "PUT", "/incidents/INC-1/severity", wire.SetSeverity{Severity: "minor", Edit: seen}); p.Kind != "conflict" {
		t.Errorf("an edit of an old version is refused with %+v", p)
	}
	if i := ok[wire.Incident](liis, "POST", "/incidents/INC-1/participants", wire.Join{Person: "rasmus", Part: "fixer"}); !slices.ContainsFunc(i.Participants, func(p wire.Participant) bool { return p.Person.ID == "rasmus" && p.Part == "fixer" }) {
		t.Errorf("joined: %+v", i.Participants)
	}
	next := verity.Night.Add(time.Hour)
	if i := ok[wire.Incident](liis, "PUT", "/incidents/INC-1/promise", wire.NextUpdate{NextBy: next}); len(i.Promises) != 1 || !i.Promises[0].DueAt.Equal(next) {
		t.Errorf("promised: %+v", i.Promises)
	}
	w.Signal("firing", "WebhooksLate")
	ok[wire.Incident](liis, "POST", "/incidents/INC-1/alerts", wire.LinkAlert{Alert: "G-1"})
	if r := ok[wire.Room](liis, "GET", "/incidents/INC-1", nil); len(r.Alerts) != 1 {
		t.Errorf("linked: %+v", r.Alerts)
	}
	ok[wire.Incident](liis, "PUT", "/incidents/INC-1/impact/customers", wire.SetCustomers{Customers: []string{"Arco Móvil", "nobody we know"}})
	if p := refused(liis, 422, "PUT", "/incidents/INC-1/impact/measures", wire.SetMeasures{Measures: []wire.Measure{{Watch: "nothing", From: next}}}); p.Kind != "invalid" {
		t.Errorf("a measure of no watch: %+v", p)
	}
	if h := ok[wire.Harm](rasmus, "GET", "/incidents/INC-1/impact", nil); h.Certainly != 2 || h.Frozen || h.Summary != "2 customers were hit: 2 certainly." || !h.Customers[1].Named {
		t.Errorf("whom it hurts: %+v", h)
	}
	if table := ok[wire.ReportTable](rasmus, "GET", "/incidents/INC-1/impact/table", nil); table.Name != "INC-1-customers.csv" || !strings.Contains(table.CSV, ",nobody we know,,,certainly,") {
		t.Errorf("as CSV: %+v", table)
	}
	none := 0
	for path, body := range map[string]any{
		"/updates":      wire.Say{Body: "x", NextBy: next, NextIn: wire.Duration(time.Minute)},
		"/notes":        wire.Note{},
		"/publications": wire.Publish{State: "fixing", Body: "x", Title: "x"},
	} {
		refused(liis, 422, "POST", "/incidents/INC-1"+path, body)
	}
	ok[wire.Incident](liis, "POST", "/incidents/INC-1/updates", wire.Say{Body: "First", Seen: &none})
	refused(liis, 409, "POST", "/incidents/INC-1/updates", wire.Say{Body: "Second", Seen: &none})
	refused(rasmus, 403, "POST", "/incidents/INC-1/updates", wire.Say{Body: "I too"})
	refused(liis, 404, "GET", "/incidents/INC-7", nil)
}

func TestIncidentsComeInPages(t *testing.T) {
	w := office.Open(t)
	liis := as(t, w, "liis")
	for _, title := range []string{"One", "Two", "Three"} {
		ok[wire.Incident](liis, "POST", "/incidents", wire.Declare{Title: title, Severity: "minor"})
	}
	ok[wire.Incident](liis, "POST", "/incidents/INC-2/resolve", nil)
	first := ok[wire.List[wire.Incident]](liis, "GET", "/incidents?state=open&limit=1", nil)
	second := ok[wire.List[wire.Incident]](liis, "GET", "/incidents?state=open&limit=1&cursor="+first.Next, nil)
	if first.Items[0].ID != "INC-3" || second.Items[0].ID != "INC-1" || second.Next != "" {
		t.Errorf("open incidents: %+v, then %+v", first, second)
	}
	if over := ok[wire.List[wire.Incident]](liis, "GET", "/incidents?state=resolved", nil); len(over.Items) != 1 {
		t.Errorf("resolved incidents: %+v", over)
	}
}

func TestPostmortemIsWrittenAndFollowedUp(t *testing.T) {
	w := office.Open(t)
	liis, rasmus := as(t, w, "liis"), as(t, w, "rasmus")
	ok[wire.Incident](liis, "POST", "/incidents", wire.Declare{Title: "Webhooks come late", Severity: "minor"})
	refused(rasmus, 404, "GET", "/incidents/INC-1/postmortem", nil)
	ok[wire.Incident](liis, "POST", "/incidents/INC-1/resolve", nil)
	w.Settle()
	draft := ok[wire.Postmortem](rasmus, "GET", "/incidents/INC-1/postmortem", nil)
	if draft.Version != 1 || !strings.Contains(draft.Text, "Webhooks come late") {
		t.Fatalf("the draft is %+v", draft)
	}
	refused(rasmus, 403, "PUT", "/incidents/INC-1/postmortem", wire.EditPostmortem{Text: "x", Version: 1})
	edited := ok[wire.Postmortem](liis, "PUT", "/incidents/INC-1/postmortem", wire.EditPostmortem{Text: draft.Text + "\nIt was DNS.\n", Version: 1})
	if edited.Version != 2 || edited.ChangedBy.ID != "liis" {
		t.Errorf("edited: %+v", edited.PostmortemHead)
	}
	if p := refused(liis, 409, "PUT", "/incidents/INC-1/postmortem", wire.EditPostmortem{Text: "x", Version: 1}); !strings.Contains(p.Detail, "version 2") {
		t.Errorf("an edit of an old version is refused with %+v", p)
	}
	if done := ok[wire.Postmortem](liis, "POST", "/incidents/INC-1/postmortem/publish", wire.PublishPostmortem{Version: 2}); done.State != "published" {
		t.Errorf("published: %+v", done.PostmortemHead)
	}
	if list := ok[wire.List[wire.PostmortemHead]](rasmus, "GET", "/postmortems", nil); len(list.Items) != 1 || list.Items[0].Incident != "INC-1" {
		t.Errorf("post-mortems: %+v", list)
	}

	f := ok[wire.FollowUp](liis, "POST", "/incidents/INC-1/follow-ups", wire.WriteFollowUp{Text: "Alert on late webhooks", Owner: "rasmus", Due: "2026-12-04"})
	if f.Owner.Name != "Rasmus Põder" || f.Due != "2026-12-04" || f.Done {
		t.Errorf("the follow-up is %+v", f)
	}
	refused(liis, 422, "POST", "/incidents/INC-1/follow-ups", wire.WriteFollowUp{Text: "x", Owner: "nobody", Due: "2026-12-04"})
	refused(liis, 422, "POST", "/incidents/INC-1/follow-ups", wire.WriteFollowUp{Text: "x", Owner: "rasmus", Due: "soon"})
	f = ok[wire.FollowUp](liis, "PUT", "/follow-ups/"+f.ID, wire.WriteFollowUp{Text: "Alert on webhooks later than 5 minutes", Owner: "rasmus", Due: "2026-12-11", Version: f.Version})
	if mine := ok[wire.List[wire.FollowUp]](rasmus, "GET", "/follow-ups?owner=me&open=true&incident=INC-1", nil); len(mine.Items) != 1 || mine.Items[0].Due != "2026-12-11" {
		t.Errorf("rasmus has to do %+v", mine)
	}
	if f = ok[wire.FollowUp](rasmus, "POST", "/follow-ups/"+f.ID+"/finish", wire.Finish{Done: true}); !f.Done || f.DoneBy.ID != "rasmus" {
		t.Errorf("finished: %+v", f)
	}
	if open := ok[wire.List[wire.FollowUp]](liis, "GET", "/follow-ups?open=true", nil); len(open.Items) != 0 {
		t.Errorf("still open: %+v", open)
	}
}
