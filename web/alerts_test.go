package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/incident"
	"frontline/journal"
	"frontline/people"
)

func TestAlertsWithNothingToShow(t *testing.T) {
	f := newFirm(t)
	support := f.as(people.Support, "karl")
	for view, says := range map[string]string{"": "Nothing is on fire", "?view=unrouted": "Every alert found its service", "?view=resolved": "No alert yet", "?view=all": "No alert yet"} {
		f.desk.to("/alerts"+view, ask{as: support}).is(http.StatusOK).has("main .blank .name", says).has("main .blank a.button", "See ").lacks("main table")
	}
}

func TestAlerts(t *testing.T) {
	f := newFirm(t)
	f.groups = []alert.Group{group(9, "decisions.in: nothing is consumed", alert.Critical, 20*time.Minute), group(8, "webhooks answer slowly", alert.Warning, time.Hour), group(7, "disk of an unknown host is full", alert.Error, 2*time.Hour)}
	f.groups[0].Open, f.groups[0].Total = 3, 200
	f.groups[1].State, f.groups[1].AckedBy = alert.Taken, "aisha"
	f.groups[2].Service, f.groups[2].Policy = "", ""
	support := f.as(people.Support, "karl")
	got := f.desk.to("/alerts", ask{as: support}).is(http.StatusOK).
		has(`.tabs a[aria-current=page]`, "Live 3").
		has("tbody tr:nth-child(1) .state.critical", "Critical").has("tbody tr:nth-child(1) th a", "decisions.in: nothing is consumed").
		has("tbody tr:nth-child(1) small", "Decision pipeline, 3 of 200 alerts open").has("tbody tr:nth-child(1) time", "20 min 03:04").
		has(`tbody tr:nth-child(1) form[data-key=a] button`, "Acknowledge G-9").
		has("tbody tr:nth-child(2) .state.warning", "Taken").has("tbody tr:nth-child(2) small", "Aisha Odhiambo has it").lacks("tbody tr:nth-child(2) form").
		has("tbody tr:nth-child(3) small", "no service matches, nobody is paged")
	if rows := got.all("tbody tr.leads"); len(rows) != 3 {
		t.Errorf("%d rows can be walked with j and k, want 3", len(rows))
	}
	f.desk.to("/alerts", ask{as: f.as(people.Member, "wanjiru")}).is(http.StatusOK).lacks("tbody form") // who only reads cannot act
	f.desk.to("/alerts?view=unrouted", ask{as: support}).has("tbody tr th a", "disk of an unknown host is full")
	f.desk.to("/alerts?service=exports", ask{as: support}).has("main h1", "Alerts of Exports").has("main .blank", "Nothing is on fire")
	f.desk.to("/alerts", ask{}).leadsTo("/sign-in?next=%2Falerts")
}

func TestManyAlertsAreReadPageByPage(t *testing.T) {
	f := newFirm(t)
	for n := range 120 {
		f.groups = append(f.groups, group(int64(120-n), fmt.Sprintf("queue %d grows", n), alert.Warning, time.Duration(n)*time.Minute))
	}
	support, path, seen := f.as(people.Support, "karl"), "/alerts?service=decision-pipeline", map[string]bool{}
	for range 3 {
		got := f.desk.to(path, ask{as: support}).is(http.StatusOK)
		for _, n := range got.all("tbody th a") {
			seen[textOf(n)] = true
		}
		if older := got.all("a[rel=next]"); len(older) == 1 {
			path = got.attr("a[rel=next]", "href")
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d of 120 alerts were seen", len(seen))
	}
	f.desk.to(path, ask{as: support}).has("main h1", "Alerts of Decision pipeline").has("a[rel=prev]", "Newer").has(".pager .small", "20 alerts shown")
}

func TestAlertsThatCannotBeRead(t *testing.T) {
	f := newFirm(t)
	f.broken = fault.New(fault.Unavailable, "The database does not answer. Try again in a minute.")
	f.desk.to("/alerts", ask{as: f.as(people.Support, "karl")}).is(http.StatusServiceUnavailable).has("main .oops .soft", "The database does not answer. Try again in a minute.").has(".rail", "Home")
}

// alertFirm has one critical group with two alerts, about which Karl has been paged.
func alertFirm(t *testing.T) *firm {
	t.Helper()
	f := newFirm(t)
	f.groups = []alert.Group{group(7, "decisions.in: nothing is consumed", alert.Critical, 20*time.Minute)}
	f.groups[0].Total, f.groups[0].Open = 2, 1
	f.alerts = map[string][]alert.Alert{"g7": {
		{ID: "a12", Number: 12, Group: "g7", State: alert.Open, Severity: alert.Critical, Title: "nothing is consumed", Text: "Nothing left the queue for 10 minutes.\n512 decisions wait.", Count: 4,
			Labels: map[string]string{"queue": "decisions.in", "alertname": "QueueStuck"}, Links: []alert.Link{{Title: "Graph", URL: "https://prometheus.verity.example/graph"}}, OpenedAt: night.Add(-20 * time.Minute), Body: "b1"},
		{ID: "a11", Number: 11, Group: "g7", State: alert.Over, Severity: alert.Critical, Title: "the consumer restarts", Count: 1, OpenedAt: night.Add(-25 * time.Minute), Body: "gone"},
	}}
	f.bodies = map[string]string{"b1": `{"status":"firing"}`}
	p := f.raise(journal.Of("group", "g7"), f.groups[0].Title)
	f.receipt(p, 1)
	f.entries = []journal.Entry{{ID: "e1", At: night.Add(-20 * time.Minute), Actor: journal.Actor{Kind: people.BySource, ID: "alertmanager", Via: "alertmanager"}, Verb: "alert.opened", Subject: journal.Of("alert", "a12"), About: journal.Of("group", "g7"), Facts: map[string]any{"severity": "critical"}}}
	return f
}

func TestOneAlert(t *testing.T) {
	f := alertFirm(t)
	got := f.desk.to("/alerts/G-7", ask{as: f.as(people.Support, "aisha")}).is(http.StatusOK).
		has("main h1", "decisions.in: nothing is consumed").has(".title .state.critical", "Critical").has(".title .over", "G-7").
		has(".title > p:nth-of-type(2)", "Nothing left the queue for 10 minutes.").has(".title > p:nth-of-type(3)", "512 decisions wait.").
		has(`form[action="/alerts/G-7/acknowledge"][data-key=a] button`, "Acknowledge").has(`form[action="/alerts/G-7/escalate"] button`, "Escalate to ").
		has(`form[action="/alerts/G-7/incident"] button`, "Open an incident").has(`form[action="/alerts/G-7/resolve"] button`, "Resolve by hand").
		has(".title [role=status]", "if nobody acknowledges").
		has(`a[href="https://prometheus.verity.example/graph"]`, "See Graph").has(`a[href^="/actions/"]`, "queue/park-message").
		has(".col details:nth-of-type(1) .state", "Critical").has(".col details:nth-of-type(1) .facts", "alertnameQueueStuckqueuedecisions.in").
		has(".col details:nth-of-type(2) .state.ok", "Resolved")
	if knows := wordsOf(got.all(".line")[0]); !strings.Contains(knows, "Karl Sepp by push received 03:24:00") {
		t.Errorf("who knows: %s", knows)
	}
	member := f.desk.to("/alerts/G-7", ask{as: f.as(people.Member, "wanjiru")}).is(http.StatusOK).has(`form[action$="/incident"]`, "")
	member.lacks(`form[action$="/acknowledge"]`).lacks(`form[action$="/escalate"]`).lacks(`form[action$="/resolve"]`)
	for _, unknown := range []string{"G-9", "A-99", "7", "G-x", "INC-1"} {
		f.desk.to("/alerts/"+unknown, ask{as: people.Member}).is(http.StatusNotFound).has("main .oops", "Look in the list of alerts")
	}
	f.desk.to("/alerts/A-12", ask{as: people.Member}).is(http.StatusOK).has(".title .over", "G-7") // an alert leads to its group
}

func TestWhatAnAlertBecame(t *testing.T) {
	f := alertFirm(t)
	f.groups[0].State, f.groups[0].AckedBy, f.groups[0].AckedAt = alert.Taken, "aisha", f.groups[0].OpenedAt.Add(400*time.Millisecond)
	f.incidents = []incident.Incident{{ID: "i31", Number: 31, Title: "Decisions are late", Groups: []string{"g7"}}}
	f.desk.to("/alerts/G-7", ask{as: f.as(people.Support, "aisha")}).has(".title .state", "Taken").lacks(`form[action$="/acknowledge"]`).
		has(".facts:not(details .facts)", "Aisha Odhiambo, under a second after it came").has(`.buttons a[href="/incidents/INC-31"]`, "Open the room")
	f.desk.to("/alerts/G-7", ask{as: f.as(people.Support, "karl")}).has(`form[action$="/acknowledge"]`, "") // a colleague may take it over
	f.groups[0].State, f.groups[0].ResolvedAt = alert.Over, night
	f.desk.to("/alerts/G-7", ask{as: f.as(people.Support, "karl")}).has(".title .state.ok", "Resolved").lacks(`form[action$="/acknowledge"]`).lacks(`form[action$="/resolve"]`)
}

func TestHandlingAnAlert(t *testing.T) {
	f := alertFirm(t)
	support := f.as(people.Support, "aisha")
	f.desk.to("/alerts/G-7/acknowledge", ask{as: support, form: url.Values{}}).leadsTo("/alerts/G-7")
	f.desk.to("/alerts/G-7/acknowledge", ask{as: support, form: url.Values{"back": {"/alerts?view=all"}}}).leadsTo("/alerts?view=all")
	f.desk.to("/alerts/G-7/acknowledge", ask{as: support, form: url.Values{"back": {"https://evil.example"}}}).leadsTo("/")
	if got := strings.Join(f.taken, ", "); got != "g7 by aisha, g7 by aisha, g7 by aisha" {
		t.Errorf("acknowledged: %s", got)
	}
	f.desk.to("/alerts/G-7/escalate", ask{as: support, form: url.Values{}}).leadsTo("/alerts/G-7")
	f.desk.to("/alerts/G-7/incident", ask{as: support, form: url.Values{}}).leadsTo("/incidents/INC-40")
	f.desk.to("/alerts/G-7/acknowledge", ask{as: f.as(people.Member, "wanjiru"), form: url.Values{}}).is(http.StatusForbidden)
	f.groups = append(f.groups, group(8, "nobody was paged", alert.Warning, time.Minute))
	f.desk.to("/alerts/G-8/escalate", ask{as: support, form: url.Values{}}).is(http.StatusConflict).has("main .soft", "There is nothing to escalate.")
}

func TestTheMessageAsReceived(t *testing.T) {
	f := alertFirm(t)
	got := f.desk.to("/alerts/A-12/raw", ask{as: f.as(people.Member, "wanjiru")}).is(http.StatusOK)
	if got.body() != `{"status":"firing"}` || got.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%s: %s", got.Header().Get("Content-Type"), got.body())
	}
	f.desk.to("/alerts/A-11/raw", ask{as: people.Member}).is(http.StatusNotFound).has("main .soft", "kept for 7 days")
}

// TestAlertsByKeys walks the list without a mouse: j and k choose, a acknowledges what is chosen, Enter opens it.
func TestAlertsByKeys(t *testing.T) {
	st, f := walk(t, people.Support, "karl", func(f *firm) {
		f.groups = []alert.Group{group(9, "decisions.in: nothing is consumed", alert.Critical, 20*time.Minute), group(8, "webhooks answer slowly", alert.Warning, time.Hour), group(7, "exports are late", alert.Warning, 2*time.Hour)}
	})
	st.Open(st.url + "/alerts")
	st.until("scripts", `document.documentElement.dataset.js !== undefined`)
	st.press("a") // nothing is chosen and there are three: nothing happens
	for _, key := range []string{"j", "j", "j", "k"} {
		st.press(key)
	}
	st.until("the second row", `document.activeElement?.textContent === "webhooks answer slowly"`)
	st.press("a")
	st.SeeText("G-8 is yours.")
	if got := strings.Join(f.taken, ", "); got != "g8 by karl" {
		t.Errorf("acknowledged: %s", got)
	}
	st.press("k") // what was chosen still is
	st.until("the first row", `document.activeElement?.textContent === "decisions.in: nothing is consumed"`)
	st.press("\r")
	st.until("the alert", `location.pathname === "/alerts/G-9" && document.querySelector("h1").innerText === "decisions.in: nothing is consumed"`)
	st.quiet()
}

func TestAlertsLook(t *testing.T) {
	st, _ := walk(t, people.Support, "karl", func(f *firm) {
		*f = *mergeAlerts(f, alertFirm(f.t))
	})
	st.lookAll("alerts", "/alerts", "/alerts/G-7")
}

// mergeAlerts gives a firm what the other has seen of alerts.
func mergeAlerts(f, other *firm) *firm {
	f.groups, f.alerts, f.bodies, f.entries = other.groups, other.alerts, other.bodies, other.entries
	f.raise(journal.Of("group", "g7"), f.groups[0].Title)
	return f
}
