package web

import (
	"net/http"
	"testing"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/incident"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/secret"
)

func secretKey() secret.Text { return secret.New("a key that only this test knows") }

func TestHomeSaysWhetherIAmOnCall(t *testing.T) {
	f := newFirm(t)
	karl := f.as(people.Support, "karl")
	f.desk.to("/", ask{as: karl}).is(http.StatusOK).
		has(".hello .over", "Am I on call?").has(".hello h1", "Yes, until Mon 30 Nov, 08:00").
		has(".hello .soft", "First line, with Aisha Odhiambo and Marika Oja behind you. Then free until Mon 21 Dec.").
		has(`.rail a[aria-current=page]`, "Home")
	aisha := f.as(people.Lead, "aisha")
	f.desk.to("/", ask{as: aisha}).is(http.StatusOK).has(".hello h1", "No, not until Mon 7 Dec, 08:00").has(".hello .soft", "Next is Second line")
	marika := f.as(people.Admin, "marika")
	f.desk.to("/", ask{as: marika}).is(http.StatusOK).has(".hello h1", "No").has(".hello .soft", "You have no turn in any rotation.")
}

func TestHomeWarnsWhoCannotBeReached(t *testing.T) {
	f := newFirm(t)
	karl, _ := f.book.Person("karl")
	karl.Contacts = nil
	f.book.Staff["karl"] = karl
	f.desk.to("/", ask{as: f.as(people.Support, "karl")}).is(http.StatusOK).has(".note.critical", "No page can reach you").
		has(`[aria-labelledby=posts] li:first-child .state.critical`, "Cannot be reached")
}

func TestHomeSaysWhenATestPageArrived(t *testing.T) {
	f := newFirm(t)
	karl := f.as(people.Support, "karl")
	f.desk.to("/", ask{as: karl}).has(".hello .big div:last-child dd", "never")
	p, err := f.pager.TestPage(t.Context(), f.actor("karl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.pager.Step(t.Context(), oncall.StepArgs{Page: p.ID}); err != nil {
		t.Fatal(err)
	}
	f.desk.to("/", ask{as: karl}).has(".hello .big div:last-child dd", "never") // sent is not received
	f.receipt(p, 1)
	f.desk.to("/", ask{as: karl}).has(".hello .big div:last-child dd", "03:24 push").has(".hello .big div:first-child dd", "0")
}

func TestHomeShowsWhatIsOnFire(t *testing.T) {
	f := newFirm(t)
	f.book.sources = []alert.Source{{ID: "alertmanager"}}
	liis := f.as(people.Support, "liis")
	f.desk.to("/", ask{as: liis}).is(http.StatusOK).has("[aria-labelledby=fire] .nothing", "Nothing is on fire").lacks(".burning").lacks(".rail .n")
	f.groups = []alert.Group{
		group(7, "exports: the nightly file is 40 min late", alert.Warning, 9*time.Minute),
		group(6, "decisions.in: nothing is consumed", alert.Critical, 20*time.Minute),
		group(5, "webhooks answer slowly", alert.Critical, time.Hour),
	}
	f.groups[2].State, f.groups[2].AckedBy = alert.Taken, "karl"
	f.incidents = []incident.Incident{
		{ID: "i32", Number: 32, Title: "Exports are late", Severity: incident.Minor, State: incident.Investigating, BeganAt: night.Add(-time.Minute)},
		{ID: "i31", Number: 31, Title: "Spanish identity cards are wrongly declined", Severity: incident.Critical, State: incident.Fixing, Lead: "liis", Components: []string{"decisions"},
			Participants: []incident.Participant{{Person: "tonis", Part: incident.Fixer}}, Groups: []string{"g5"}, BeganAt: night.Add(-43 * time.Minute),
			Promises: []incident.Promise{{At: night.Add(11 * time.Minute), MadeAt: night.Add(-20 * time.Minute), Audience: incident.ForCustomers, By: "liis"}}},
	}
	got := f.desk.to("/", ask{as: liis}).is(http.StatusOK).
		has("[aria-labelledby=fire] .head .small", "2 incidents, 2 alerts"). // what is taken and in a room is not counted twice
		has(".burning:not(.milder) h3", "Spanish identity cards are wrongly declined").
		has(".burning:not(.milder) .state.critical", "Critical").
		has(".burning:not(.milder) .soft", "5 customers affected. You lead. Tõnis Kask is fixing.").
		has(".burning:not(.milder) footer .state", "Update promised by 03:35: 11 min left").
		has(`.burning:not(.milder) a.button[href="/incidents/INC-31"]`, "Open the room").
		has(".acts li:nth-child(1)", "Exports are late INC-32, Investigating. Nobody leads.").has(".acts li:nth-child(1) .state.calm", "Minor").
		has(".acts li:nth-child(2)", "decisions.in: nothing is consumed").has(".acts li:nth-child(2) .state.critical", "Critical").
		has(`.acts li:nth-child(2) form[data-key=a] button`, "Acknowledge G-6").
		has(`.rail a[href="/alerts"] .n.fire`, "2 that nobody has taken")
	if all := got.all(".acts li"); len(all) != 3 {
		t.Errorf("%d rows, want the other incident and the two alerts that nobody has taken", len(all))
	}
	f.desk.to("/alerts/G-6/acknowledge", ask{as: liis, form: formOf("back", "/")}).leadsTo("/")
	if len(f.taken) != 1 || f.taken[0] != "g6 by liis" {
		t.Errorf("acknowledged: %v", f.taken)
	}
	member := f.as(people.Member, "nobody")
	f.desk.to("/", ask{as: member}).is(http.StatusOK).lacks(".acts form") // a member reads
}

func TestHomeLimitsWhatBurns(t *testing.T) {
	f := newFirm(t)
	for n := range int64(30) {
		f.groups = append(f.groups, group(n+1, "some queue grows", alert.Warning, time.Minute))
		f.incidents = append(f.incidents, incident.Incident{ID: "i", Number: n + 1, Title: "Something", Severity: incident.Major, State: incident.Investigating, OpenedAt: night})
	}
	got := f.desk.to("/", ask{as: f.as(people.Support, "liis")}).is(http.StatusOK).has(".more-of", "26 more incidents 18 more alerts")
	if a, b := len(got.all(".burning")), len(got.all(".acts li")); a != 1 || b != firesShown-1+alertsShown {
		t.Errorf("%d large and %d rows, want 1 and %d", a, b, firesShown-1+alertsShown)
	}
}

func TestHomeShowsWhatWaitsForMe(t *testing.T) {
	f := newFirm(t)
	karl := f.as(people.Support, "karl")
	f.desk.to("/", ask{as: karl}).has("[aria-labelledby=waits] .nothing", "Nothing waits for you")
	f.groups = []alert.Group{group(6, "decisions.in: nothing is consumed", alert.Critical, time.Minute)}
	f.raise(journal.Of("group", "g6"), "decisions.in: nothing is consumed")
	promise := func(at time.Duration, by string) []incident.Promise {
		return []incident.Promise{{At: night.Add(at), MadeAt: night.Add(-time.Hour), Audience: incident.ForCustomers, By: by}}
	}
	f.incidents = []incident.Incident{
		{ID: "a", Number: 1, Title: "Mine, late", State: incident.Fixing, Lead: "karl", Promises: promise(-time.Minute, "karl")},
		{ID: "b", Number: 2, Title: "Mine, soon", State: incident.Fixing, Lead: "karl", Promises: promise(2*time.Minute, "liis")},
		{ID: "c", Number: 3, Title: "Another's", State: incident.Fixing, Lead: "liis", Promises: promise(2*time.Minute, "karl")},
	}
	park := action.Definition{ID: "queue/park-message", Title: "Take a poisoned message out", Team: "support", Risk: action.RiskChange}
	danger := park
	danger.Risk = action.RiskDanger
	f.runs.runs = []action.Run{
		{ID: "r1", Number: 881, Definition: park, State: action.Planned, PlannedBy: journal.Actor{ID: "karl"}, PlannedAt: night.Add(-2 * time.Minute)},
		{ID: "r2", Number: 882, Definition: park, State: action.Planned, PlannedBy: journal.Actor{ID: "karl"}, PlannedAt: night.Add(-20 * time.Minute)}, // too old to start
		{ID: "r3", Number: 883, Definition: park, State: action.Planned, PlannedBy: journal.Actor{ID: "liis"}, PlannedAt: night},
		{ID: "r4", Number: 884, Definition: park, State: action.Unknown, EndedAt: night.Add(-time.Hour)},
		{ID: "r5", Number: 885, Definition: danger, State: action.Unknown}, // not his to settle
	}
	f.followUps = []incident.FollowUp{
		{ID: "f1", Incident: "a", Text: journal.Salted("Add a panel to the runbook"), Owner: "karl", Due: "2026-11-26"},
		{ID: "f2", Incident: "a", Text: journal.Salted("Test the restart"), Owner: "karl", Due: "2026-11-20"},
		{ID: "f3", Incident: "a", Text: journal.Salted("Next year"), Owner: "karl", Due: "2027-01-20"},
	}
	got := f.desk.to("/", ask{as: karl}).is(http.StatusOK).has("[aria-labelledby=waits] .head .small", "7, most urgent first")
	var say []string
	for _, li := range got.all("[aria-labelledby=waits] li") {
		say = append(say, wordsOf(li))
	}
	want := []string{
		"Late Write the next update on INC-1 public, for customers 1 min late, 03:23",
		"Page decisions.in: nothing is consumed P-1, nobody has acknowledged now 03:24",
		"Promise Write the next update on INC-2 public, for customers 2 min left, 03:26",
		"Planned Take a poisoned message out RUN-881, not started, the plan holds until 03:37 2 min 03:22",
		"Unknown Take a poisoned message out RUN-884, look what became of it 1 h 02:24",
		"Follow-up Test the restart due Fri 20 Nov",
		"Follow-up Add a panel to the runbook due Thu 26 Nov",
	}
	for i := range max(len(say), len(want)) {
		if i >= len(say) || i >= len(want) || say[i] != want[i] {
			t.Fatalf("waits:\n%q\nwant:\n%q", say, want)
		}
	}
	got.has(`[aria-labelledby=waits] a[href="/alerts/G-6"]`, "decisions.in").has(`[aria-labelledby=waits] a[href="/runs/RUN-884"]`, "Take a poisoned")
}

func TestHomeShowsHowFrontlineDoes(t *testing.T) {
	f := newFirm(t)
	f.book.sources = []alert.Source{{ID: "alertmanager", Name: "Alertmanager"}, {ID: "old", Name: "Old monitors"}}
	f.heard = []alert.Activity{{Source: "alertmanager", LastAt: night.Add(-2 * time.Minute), Messages: 318}}
	liis := f.as(people.Support, "liis")
	f.desk.to("/", ask{as: liis}).
		reads("[aria-labelledby=self] li:nth-child(1)", "Paging : Well no page past its deadline now").
		reads("[aria-labelledby=self] li:nth-child(2)", "Alertmanager : Heard 318 messages in the last hour 2 min").
		reads("[aria-labelledby=self] li:nth-child(3)", "Old monitors : Silent nothing in the last hour").
		reads("[aria-labelledby=self] li:nth-child(4)", "Delivery : Well no message failed in 24 hours").
		reads("[aria-labelledby=self] li:nth-child(5)", "Journal : Well sealed up to entry 12,345")
	f.health.Late = []oncall.Page{{Number: 12}}
	f.failed = []oncall.Attempt{{Contact: people.Contact{Channel: "ntfy"}, State: oncall.Failed, Error: "The topic is gone.", DueAt: night.Add(-time.Hour)}}
	f.work = job.Backlog{Buried: []job.Buried{{Kind: "action.look", N: 2}}}
	f.seal = journal.Sealing{Sealed: 12345, Waiting: 40, Since: night.Add(-time.Hour)}
	f.desk.to("/", ask{as: liis}).
		reads("[aria-labelledby=self] li:nth-child(1)", "Paging : Broken 1 page is past its time, the first is P-12.").has("[aria-labelledby=self] li:nth-child(1) .i.critical", "").
		reads("[aria-labelledby=self] li:nth-child(4)", "Push : Look 1 message failed in 24 hours: The topic is gone. 1 h").
		reads("[aria-labelledby=self] li:nth-child(5)", "Durable work : Look 2 jobs failed for good").
		reads("[aria-labelledby=self] li:nth-child(6)", "Journal : Look 40 entries wait to be sealed")
	f.health = oncall.Health{At: night.Add(-time.Minute)}
	f.desk.to("/", ask{as: liis}).reads("[aria-labelledby=self] li:nth-child(1)", "Paging : Look the auditor has not looked for 1 min")
}

func TestHomeTellsAnAdminWhatToDoFirst(t *testing.T) {
	f := newFirm(t)
	f.book.empty()
	admin := f.as(people.Admin, "marika")
	got := f.desk.to("/", ask{as: admin}).is(http.StatusOK).has("#first", "First steps").
		has(".firsts li:nth-child(2) pre", "id: marika name: \"Marika Oja\"").has(".firsts li:nth-child(2) pre", "start: 2026-11-23 members: [marika]").has("[aria-labelledby=fire] .nothing", "Nothing is known").
		has(".firsts li:nth-child(3) pre", "export FRONTLINE_SERVER=https://ops.verity.example").has(".firsts li:nth-child(3) pre", "frontline apply -f ops").
		has("[aria-labelledby=posts] .soft", "No rotation is configured")
	if done := got.all(".firsts .done"); len(done) != 0 {
		t.Errorf("%d steps are done before anything was", len(done))
	}
	f.desk.tokens.tokens = []people.Token{{ID: "1", Name: "laptop"}}
	f.desk.to("/", ask{as: admin}).reads(".firsts .done", "Make an API token Done")
	f.desk.to("/", ask{as: f.as(people.Support, "liis")}).is(http.StatusOK).lacks("#first") // not theirs to do
	configured := newFirm(t)
	configured.book.sources = []alert.Source{{ID: "alertmanager"}}
	configured.desk.to("/", ask{as: configured.as(people.Admin, "marika")}).is(http.StatusOK).lacks("#first")
}

// busy lets much happen in the firm at once.
func busy(f *firm) {
	f.book.sources = []alert.Source{{ID: "alertmanager", Name: "Alertmanager"}, {ID: "old", Name: "Old monitors"}}
	f.heard = []alert.Activity{{Source: "alertmanager", LastAt: night.Add(-2 * time.Minute), Messages: 318}}
	f.groups = []alert.Group{
		group(2293, "exports: the nightly file is 40 min late", alert.Warning, 9*time.Minute),
		group(2292, "webhooks to Savanna Pay answer slowly", alert.Error, 14*time.Minute),
		group(2291, "decisions.in: the consumer fails again and again on the same message", alert.Critical, 43*time.Minute),
	}
	f.groups[1].State, f.groups[1].AckedBy = alert.Taken, "aisha"
	f.incidents = []incident.Incident{
		{ID: "i31", Number: 31, Title: "Spanish identity cards are wrongly declined", Severity: incident.Critical, State: incident.Fixing, Lead: "karl", Components: []string{"decisions"},
			Participants: []incident.Participant{{Person: "tonis", Part: incident.Fixer}}, BeganAt: night.Add(-43 * time.Minute),
			Promises: []incident.Promise{{At: night.Add(4 * time.Minute), MadeAt: night.Add(-26 * time.Minute), Audience: incident.ForCustomers, By: "karl"}}},
		{ID: "i32", Number: 32, Title: "Exports arrive late", Severity: incident.Minor, State: incident.Investigating, Lead: "aisha", BeganAt: night.Add(-3 * time.Hour)},
	}
	f.raise(journal.Of("group", "g2291"), "decisions.in: the consumer fails again and again on the same message")
	park := action.Definition{ID: "queue/park-message", Title: "Take a poisoned message out of a queue", Team: "support", Risk: action.RiskChange}
	f.runs.runs = []action.Run{
		{ID: "r884", Number: 884, Definition: park, State: action.Planned, PlannedBy: journal.Actor{ID: "karl"}, PlannedAt: night.Add(-2 * time.Minute)},
		{ID: "r871", Number: 871, Definition: park, State: action.Unknown, EndedAt: night.Add(-5 * time.Hour)},
	}
	f.followUps = []incident.FollowUp{
		{ID: "f1", Incident: "a", Text: journal.Salted("Add a decline-reason panel to the runbook"), Owner: "karl", Due: "2026-11-26"},
		{ID: "f2", Incident: "a", Text: journal.Salted("Test that the consumer restarts"), Owner: "karl", Due: "2026-11-20"},
	}
}

func TestHomeLooks(t *testing.T) {
	st, f := walk(t, people.Support, "karl", busy)
	st.lookAll("home-busy", "/")
	f.incidents, f.groups, f.followUps, f.runs.runs = nil, nil, nil, nil
	f.health.Late = []oncall.Page{{Number: 12}}
	f.failed = []oncall.Attempt{{Contact: people.Contact{Channel: "ntfy"}, State: oncall.Failed, Error: "The topic is gone. Correct the contact.", DueAt: night.Add(-time.Hour)}}
	st.lookAll("home-calm", "/")
	admin, _ := walk(t, people.Admin, "marika", func(f *firm) { f.book.empty() })
	admin.lookAll("home-first", "/")
}

// A program that was built without npm says what is missing, where people look and where admins look.
func TestWithoutScriptsTheScreensSaySo(t *testing.T) {
	f := newFirm(t)
	admin := f.as(people.Admin, "marika")
	f.desk.s.assets.JS = "/assets/app-0.js"
	f.desk.to("/system", ask{as: admin}).is(http.StatusOK).lacks("#missing").lacks("#unlive")
	f.desk.s.assets.JS = ""
	f.desk.to("/system", ask{as: admin}).is(http.StatusOK).has("#missing", "built without Node.js").has("#missing", "make build").lacks("script")
	f.desk.to("/", ask{as: admin}).has("#unlive", "reload to see what is new")
}
