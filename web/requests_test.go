package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/desk"
	"frontline/people"
)

func TestRequestList(t *testing.T) {
	k := newRequestDesk(t)
	k.story()
	got := k.desk.to("/requests", ask{as: people.Support}).is(http.StatusOK)
	if n := len(got.all("tbody tr.leads")); n != 7 {
		t.Errorf("%d rows, want 7", n)
	}
	got.has(".tabs a[aria-current=page]", "Open 7").has(`.tabs a[href="/requests/triage"]`, "Triage 3").has(`.tabs a[href="/requests?view=with-me"]`, "Mine 1").
		has(`.tabs a[href="/requests?view=snoozed"]`, "Snoozed 1").has(`.queues a[href*="queue=nordpank"]`, "Nordpank 2").
		has("tr:has(a[href='/requests/R-1']) .again", "wrote again").has("tr:has(a[href='/requests/R-7']) td:nth-child(2) .state", "Waits for developers").
		has(`.rail a[href="/requests"]`, "7")
	for path, want := range map[string][]string{
		"/requests?view=closed":                    {"R-10", "R-2"}, // the newest first
		"/requests?view=nobody":                    {"R-3", "R-4", "R-5", "R-6"},
		"/requests?q=customer:nordpank":            {"R-7", "R-8"},
		"/requests?q=state:new+customer:kivi":      {"R-4"},
		"/requests?q=assignee:karl":                {"R-8"},
		"/requests?q=assignee:me":                  {"R-1"},
		"/requests?q=assignee:nobody+state:new":    {"R-3", "R-4", "R-5", "R-9"},
		"/requests?q=is:escalated":                 {"R-7"},
		"/requests?q=is:snoozed":                   {"R-9"},
		"/requests?q=type:webhooks":                {"R-1"},
		"/requests?customer=savanna&type=webhooks": {"R-1"},
		"/requests?q=team:nobody-has-it":           nil,
	} {
		if names := rowNames(k.desk.to(path, ask{as: people.Support}).is(http.StatusOK)); strings.Join(names, " ") != strings.Join(want, " ") {
			t.Errorf("%s lists %v, want %v", path, names, want)
		}
	}
	k.desk.to("/requests?q=colour:red+state:new", ask{as: people.Support}).has(".typed", "There is no field “colour”")
	for _, name := range []string{"R-4", "r4", "%234"} {
		k.desk.to("/requests?q="+name, ask{as: people.Support}).leadsTo("/requests/R-4")
	}
	k.desk.to("/requests?view=waiting&q=customer:arco", ask{as: people.Support}).has(".blank .name", "No request is like that")
}

func rowNames(r reply) (out []string) {
	r.t.Helper()
	for _, n := range r.all("tbody tr.leads td.mono") {
		out = append(out, textOf(n))
	}
	return out
}

// Words are found, and requests like the one that is open stand beside it with the reason.
func TestRequestsAreFound(t *testing.T) {
	k := newRequestDesk(t)
	k.story()
	other := k.asks("grace", "question", "Kivi Credit gets no webhooks", "Since Sunday their agents see pending for every customer.", nil)
	k.indexed()
	if names := rowNames(k.desk.to("/requests?q=auditor", ask{as: people.Support}).is(http.StatusOK)); strings.Join(names, " ") != "R-8" {
		t.Errorf("auditor finds %v", names)
	}
	k.desk.to("/requests/"+other.Name(), ask{as: people.Support}).has(`.similar a[href="/requests/R-1"]`, "Savanna Pay gets no webhooks").has(".similar li:first-child .chips", "same words:")
	k.desk.to("/requests/"+other.Name(), ask{as: people.Member}).is(http.StatusOK).lacks(".similar")
}

// A long list goes on, due first, without losing or repeating one.
func TestRequestListGoesOn(t *testing.T) {
	k := newRequestDesk(t)
	for range pageSize + 3 {
		k.asks("grace", "question", "One of many", "Words.", nil)
	}
	first := k.desk.to("/requests", ask{as: people.Support}).is(http.StatusOK)
	second := k.desk.to(first.attr(`.pager a[rel=next]`, "href"), ask{as: people.Support}).is(http.StatusOK)
	seen := map[string]bool{}
	for _, name := range append(rowNames(first), rowNames(second)...) {
		seen[name] = true
	}
	if len(rowNames(first)) != pageSize || len(rowNames(second)) != 3 || len(seen) != pageSize+3 {
		t.Errorf("%d and %d rows, %d different ones", len(rowNames(first)), len(rowNames(second)), len(seen))
	}
	second.has(`.pager a[rel=prev][href="/requests"]`, "From the start").lacks(`.pager a[rel=next]`)
}

func TestManyRequestsAtOnce(t *testing.T) {
	k := newRequestDesk(t)
	k.story()
	k.desk.to("/requests/bulk", ask{as: people.Support, form: formOf("pick", "R-3", "pick", "R-4", "assignee", "me", "priority", "high", "back", "/requests?view=nobody")}).
		is(http.StatusSeeOther)
	for _, name := range []string{"R-3", "R-4"} {
		if r := k.named(name); r.Assignee != "liis" || r.Priority != desk.High || r.State != desk.Open {
			t.Errorf("%s: %+v", name, r)
		}
	}
	list := k.desk.to("/requests/bulk", ask{as: people.Support, form: formOf("pick", "R-5", "wait", "developers", "back", "/requests?view=nobody")}).is(http.StatusSeeOther)
	got := k.desk.to(list.Header().Get("Location"), ask{as: people.Support}).is(http.StatusOK).has(".changed p", "1 request changed.")
	bulk := got.attr(`#take-back input[name=bulk]`, "value")
	k.desk.to("/requests/take-back", ask{as: people.Lead, form: formOf("bulk", bulk, "back", "/requests")}).is(http.StatusNotFound)
	k.desk.to("/requests/take-back", ask{as: people.Support, form: formOf("bulk", bulk, "back", "/requests")}).leadsTo("/requests")
	if r := k.named("R-5"); r.State != desk.New {
		t.Errorf("R-5 is %s after it was taken back", r.State)
	}
	// What cannot be done is said with its reason, and the rest is done.
	k.desk.to("/requests/bulk", ask{as: people.Support, form: formOf("pick", "R-5", "pick", "R-10", "close", "done", "back", "/requests")}).is(http.StatusUnprocessableEntity).
		has(".changed .name", "Not done").has(".changed li", "R-10 How long are selfies kept?: R-10 is closed. Reopen it first.").has(".changed p:first-child", "1 request changed.")
	// Words for many are shown before they are said.
	k.desk.to("/requests/bulk", ask{as: people.Support, form: formOf("pick", "R-3", "pick", "R-4", "macro", "session", "back", "/requests")}).is(http.StatusUnprocessableEntity).
		has("h1", "Answer 2 requests").has(".public .words", "which session is it?").has(`input[name=pick][value=R-4]`, "")
	if k.named("R-3").Said != 1 {
		t.Error("something was said before it was confirmed")
	}
	k.desk.to("/requests/bulk", ask{as: people.Support, form: formOf("sure", "yes", "pick", "R-3", "pick", "R-4", "macro", "session", "back", "/requests")}).is(http.StatusSeeOther)
	if k.named("R-4").WaitsFor != desk.Asker || k.named("R-3").Said != 2 {
		t.Error("the macro did not answer both")
	}
	k.desk.to("/requests/bulk", ask{as: people.Support, form: formOf("pick", "R-3", "back", "/requests")}).is(http.StatusUnprocessableEntity).has(".changed p", "Choose what shall be done").
		has(`input[name=pick][checked]`, "")
	k.desk.to("/requests/bulk", ask{as: people.Support, form: formOf("close", "done", "back", "/requests")}).is(http.StatusUnprocessableEntity).has(".changed p", "Choose requests first")
}

func (k *requestDesk) named(name string) desk.Request {
	k.t.Helper()
	r, err := k.requests.Request(k.t.Context(), people.System("test"), name)
	k.must(err)
	return r
}

func TestTriage(t *testing.T) {
	k := newRequestDesk(t)
	k.story() // wait
	as := people.Support
	got := k.desk.to("/requests/triage", ask{as: as}).is(http.StatusOK).has(".pile .here", "Spanish identity card").has("#one", "Why was this Spanish identity card declined?").
		has(`form[data-key="1"] button`, "Accept").has(`details[data-key="2"] summary`, "Duplicate").has(`details[data-key="3"] summary`, "Decline").has(`details[data-key="h"] summary`, "Snooze")
	next := got.attr(`form[data-key="1"] input[name=back]`, "value")
	if next != "/requests/triage?at=R-4" {
		t.Errorf("the next one is %s", next)
	}
	k.desk.to("/requests/R-3/accept", ask{as: as, form: formOf("back", next)}).leadsTo(next)
	k.desk.to(next, ask{as: as}).has("#one", "Two sessions")
	k.desk.to("/requests/R-4/decline", ask{as: as, form: formOf("back", "/requests/triage?at=R-5", "reason", " ")}).is(http.StatusUnprocessableEntity).has(`details[data-key="3"][open] .summary`, "Write something first.")
	k.desk.to("/requests/R-4/decline", ask{as: as, form: formOf("back", "/requests/triage?at=R-5", "reason", "Ask Kivi Credit which one they kept.")}).leadsTo("/requests/triage?at=R-5")
	k.desk.to("/requests/R-5/duplicate", ask{as: as, form: formOf("back", "/requests/triage", "of", "R-99")}).is(http.StatusUnprocessableEntity).has(`details[data-key="2"][open] .summary`, "There is no request R-99")
	k.desk.to("/requests/R-5/snooze", ask{as: as, form: formOf("back", "/requests/triage", "until", "monday")}).leadsTo("/requests/triage")
	k.desk.to("/requests/triage", ask{as: as}).has(".blank .name", "Nothing waits for triage")
	if r := k.named("R-4"); r.Outcome != desk.Declined {
		t.Errorf("R-4: %+v", r)
	}
	zone, _ := time.LoadLocation("Europe/Tallinn")
	if at := k.named("R-5").SnoozedUntil.In(zone); at.Weekday() != time.Monday || at.Hour() != 9 {
		t.Errorf("Monday is %s", at)
	}
	if k.named("R-3").State != desk.Open {
		t.Error("R-3 was not accepted")
	}
}

func TestSnoozeTimes(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Tallinn")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ now, choice, want string }{
		{"2026-11-24 03:24", "1h", "2026-11-24 04:24"},
		{"2026-11-24 03:24", "morning", "2026-11-25 09:00"},
		{"2026-11-24 03:24", "monday", "2026-11-30 09:00"},
		{"2026-11-29 22:00", "monday", "2026-11-30 09:00"},  // a Sunday
		{"2026-11-30 08:00", "monday", "2026-12-07 09:00"},  // a Monday: the next one
		{"2027-03-27 12:00", "morning", "2027-03-28 09:00"}, // the clocks change in that night
	} {
		now, err := time.ParseInLocation("2006-01-02 15:04", c.now, zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := snoozeUntil(&visit{Now: now, Zone: zone}, url.Values{"until": {c.choice}})
		if err != nil || got.Format("2006-01-02 15:04") != c.want {
			t.Errorf("%s at %s: %s, %v; want %s", c.choice, c.now, got, err, c.want)
		}
	}
}
