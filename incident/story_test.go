package incident_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/alert"
	"frontline/incident"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
)

// TestTheNight goes through one incident from the alert to the post-mortem.
func TestTheNight(t *testing.T) {
	each(t, func(r *room) {
		ctx, t := r.t.Context(), r.t
		karl, liis := r.as("karl"), r.as("liis")
		r.groups["g1"] = alert.Group{ID: "g1", Number: 7, Title: "Queue decision-events has no consumer", Service: "decision-pipeline", Severity: alert.Critical,
			BeganAt: night.Add(-9 * time.Minute), OpenedAt: night.Add(-6 * time.Minute), AckedAt: night.Add(-2 * time.Minute), AckedBy: "karl"}

		// Karl opens it with one press; it names the service, its components and the customers on them.
		inc := r.inc(r.OpenFromGroup(ctx, karl, "g1"))
		if inc.Name() != "INC-1" || inc.Lead != "karl" || inc.Severity != incident.Critical || !inc.DetectedAt.Equal(night.Add(-6*time.Minute)) {
			t.Fatalf("opened %+v", inc)
		}
		var hurt []string
		for _, c := range inc.Customers {
			hurt = append(hurt, c.Name)
		}
		if diff := cmp.Diff([]string{"Nordpank", "Lumo Exchange"}, hurt); diff != "" {
			t.Errorf("customers: %s", diff)
		}

		// The stakeholders are told.
		r.pass(time.Second)
		mails := r.post.take()
		if len(mails) != 2 || !strings.Contains(mails[0].subject, "[INC-1 critical] opened: Queue decision-events has no consumer") ||
			!strings.Contains(mails[0].text, "Nordpank, Lumo Exchange") || !strings.Contains(mails[0].text, "https://frontline.verity.example/incidents/INC-1") {
			t.Fatalf("mails at the opening: %+v", mails)
		}

		// An internal update promises the next one in half an hour; nobody writes it.
		r.inc(r.WriteUpdate(ctx, karl, "INC-1", incident.Draft{Body: "One message breaks the consumer.", NextBy: r.clock.Now().Add(30 * time.Minute)}))
		r.pass(time.Second)
		if mails := r.post.take(); len(mails) != 2 || !strings.HasPrefix(mails[0].text, "One message breaks the consumer.") || !strings.Contains(mails[0].text, "The next update comes by 01:11 UTC.") {
			t.Fatalf("mails at the update: %+v", mails)
		}
		r.pass(26 * time.Minute)
		r.pass(5 * time.Minute)
		promise := journal.Of("promise", inc.ID+"/internal")
		pages, err := r.db.PagesAbout(ctx, promise)
		r.ok(err)
		if len(pages) != 2 || pages[1].State != oncall.Ended || pages[0].Person != "karl" || pages[0].Urgency != oncall.High || pages[0].State != oncall.Open || !strings.Contains(pages[0].Title, "late") {
			t.Fatalf("pages about the late update: %+v", pages)
		}

		// Liis tells customers; that relieves Karl.
		r.inc(r.Publish(ctx, liis, inc.ID, incident.Draft{Title: "Document checks are delayed", Body: "We look into delayed document checks.", State: incident.WordInvestigating,
			Components: []incident.Affected{{Component: "checks", Status: incident.MajorOutage}}, NextBy: r.clock.Now().Add(30 * time.Minute)}))
		if pages, _ = r.db.PagesAbout(ctx, promise); pages[0].State != oncall.Ended {
			t.Errorf("the page about the late update is %s, want it ended by the update", pages[0].State)
		}

		// The known fix is applied, the incident is resolved, and customers hear of it in the same step.
		run := action.Run{ID: "r1", Number: 3, Definition: action.Definition{Title: "Take the poisoned message out"}, For: incident.Subject(inc.ID), State: action.Succeeded,
			Result: action.Result{Summary: "1 message is in quarantine."}, PlannedAt: r.clock.Now(), StartedAt: r.clock.Now(), EndedAt: r.clock.Now().Add(8 * time.Second)}
		r.runs.all = append(r.runs.all, run)
		r.inc(r.SetState(ctx, karl, inc.ID, incident.Monitoring, 0))
		r.pass(10 * time.Minute)
		inc = r.inc(r.Resolve(ctx, liis, inc.ID, &incident.Draft{Body: "Document checks work again.", Seen: 1}))
		r.pass(time.Second)
		if mails := r.post.take(); len(mails) != 2 || !strings.Contains(mails[0].subject, "resolved") {
			t.Fatalf("mails at the end: %+v", mails)
		}
		seen, err := r.DB.Published(ctx, night)
		r.ok(err)
		if len(seen.Incidents) != 1 || seen.Incidents[0].State != incident.WordResolved || len(seen.Incidents[0].Updates) != 2 || seen.Incidents[0].Name != "Document checks are delayed" {
			t.Fatalf("customers see %+v", seen.Incidents)
		}

		// The post-mortem is there for everybody, with the timeline and the figures.
		paper := must[incident.Postmortem](t)(r.Postmortem(ctx, r.as("tonis"), "INC-1"))
		for _, want := range []string{"# Queue decision-events has no consumer", "| Detected | 00:35:00 | 0 s |", "| Acknowledged | 00:39:00 | 4 min |", "| Resolved |",
			"**Karl Sepp** opened the incident from G-7 Queue decision-events has no consumer", "| Nordpank | platinum | Wanjiru Kamau |",
			"> We look into delayed document checks.", "RUN-3 Take the poisoned message out | 1 message is in quarantine. | 8 s |", "> One message breaks the consumer."} {
			if !strings.Contains(paper.Text.Body, want) {
				t.Errorf("the post-mortem lacks %q:\n%s", want, paper.Text.Body)
			}
		}
		room, err := r.Room(ctx, r.as("rasmus"), inc.ID)
		r.ok(err)
		var told []string
		for _, x := range room.Told {
			told = append(told, string(x.About)+": "+x.String())
		}
		if diff := cmp.Diff([]string{"opening: 2 of 2 received", "update: 2 of 2 received", "resolution: 2 of 2 received"}, told); diff != "" {
			t.Errorf("told: %s", diff)
		}
		want := `00:41 Karl Sepp opened the incident from G-7 Queue decision-events has no consumer
00:41 Karl Sepp took the lead
00:41 Karl Sepp added the service Decision pipeline
00:41 2 stakeholders received word that it began
00:41 Karl Sepp sent internal update 1
00:41 Karl Sepp promised the stakeholders the next update
00:41 2 stakeholders received internal update 1
01:07 The update promised to the stakeholders is due soon
01:07 Somebody has to be reached
01:12 The update promised to the stakeholders is late
01:12 The page ended
01:12 Somebody has to be reached
01:12 Liis Tamm published update 1
01:12 Liis Tamm gave the stakeholders the promised update
01:12 Liis Tamm promised customers the next update
01:12 The page ended
01:12 Karl Sepp set the state to monitoring
01:22 Liis Tamm published update 2
01:22 Liis Tamm kept the promise to customers
01:22 Liis Tamm resolved the incident
01:22 2 stakeholders received word that it is resolved
`
		drafted := slices.IndexFunc(room.Timeline, func(l incident.Line) bool { return l.Icon == incident.IconPaper })
		if drafted < 0 {
			t.Fatal("the timeline does not say that the post-mortem was drafted")
		}
		if diff := cmp.Diff(want, sentences(slices.Delete(room.Timeline, drafted, drafted+1))); diff != "" {
			t.Errorf("timeline (-want +got):\n%s", diff)
		}
	})
}

// TestMailIsTriedAgain lets the mail server be away for a while, and one address not exist.
func TestMailIsTriedAgain(t *testing.T) {
	each(t, func(r *room) {
		ctx := r.t.Context()
		r.post.fail("marika@verity.example", unavailable)
		r.post.fail("wanjiru@verity.example", refused)
		inc := r.inc(r.Declare(ctx, r.as("rasmus"), incident.Declaration{Title: "Checks fail", Severity: incident.Major, Services: []string{"decision-pipeline"}}))
		r.pass(time.Second)
		told := func() string {
			notices, err := r.DB.Notices(ctx, inc.ID)
			r.ok(err)
			return incident.Count(notices)[0].String()
		}
		if got := told(); got != "0 of 2 received, 1 failed, 1 under way" {
			r.t.Fatalf("at first: %s", got)
		}
		r.pass(time.Minute)
		r.post.fail("marika@verity.example", nil)
		r.pass(10 * time.Minute)
		if got := told(); got != "1 of 2 received, 1 failed" {
			r.t.Errorf("when the mail server is back: %s", got)
		}
		notices, err := r.DB.Notices(ctx, inc.ID)
		r.ok(err)
		for _, n := range notices {
			if n.Person == "marika" && (n.Receipt == "" || n.Tries < 2 || n.Error != "") || n.Person == "wanjiru" && (n.Error == "" || n.Tries != 1) {
				r.t.Errorf("row %+v", n)
			}
		}
	})
}

// TestMailIsGivenUp lets the mail server stay away: the row says so in the end, and no job is left.
func TestMailIsGivenUp(t *testing.T) {
	each(t, func(r *room) {
		ctx := r.t.Context()
		r.post.fail("marika@verity.example", unavailable)
		inc := r.inc(r.Declare(ctx, r.as("rasmus"), incident.Declaration{Title: "Checks fail", Severity: incident.Major, Services: []string{"decision-pipeline"}}))
		for range 50 {
			r.pass(10 * time.Minute)
		}
		notices, err := r.DB.Notices(ctx, inc.ID)
		r.ok(err)
		if got := incident.Count(notices)[0].String(); got != "1 of 2 received, 1 failed" {
			r.t.Errorf("after eight hours: %s", got)
		}
		if due, waits, err := r.db.Next(ctx, job.Normal); err != nil || waits {
			r.t.Errorf("a job still waits for %v (%v)", due, err)
		}
	})
}

func TestReopenedIncidentIsDraftedAgainUnlessSomebodyWrote(t *testing.T) {
	each(t, func(r *room) {
		ctx, liis := r.t.Context(), r.as("liis")
		inc := r.inc(r.Declare(ctx, liis, incident.Declaration{Title: "Checks fail", Severity: incident.Major}))
		end := func() incident.Postmortem {
			r.inc(r.Resolve(ctx, liis, inc.ID, nil))
			r.pass(time.Second)
			return must[incident.Postmortem](r.t)(r.Postmortem(ctx, liis, inc.ID))
		}
		if p := end(); p.Version != 1 || p.State != incident.DraftPaper {
			r.t.Fatalf("first draft %+v", p)
		}
		r.inc(r.Reopen(ctx, liis, inc.ID))
		r.inc(r.WriteNote(ctx, liis, inc.ID, "It came back at night."))
		p := end()
		if p.Version != 2 || !strings.Contains(p.Text.Body, "It came back at night.") {
			r.t.Fatalf("second draft: version %d\n%s", p.Version, p.Text.Body)
		}
		p = must[incident.Postmortem](r.t)(r.EditPostmortem(ctx, liis, inc.ID, "# What we learned\r\n\r\nA lot.", 2))
		if p.Version != 3 || p.Text.Body != "# What we learned\n\nA lot.\n" {
			r.t.Fatalf("edited %+v", p)
		}
		r.inc(r.Reopen(ctx, liis, inc.ID))
		if p := end(); p.Version != 3 {
			r.t.Errorf("Frontline drafted over what a person wrote: version %d", p.Version)
		}
	})
}

// TestRunOfTheAlerts belongs to the incident that was opened later.
func TestRunOfTheAlerts(t *testing.T) {
	each(t, func(r *room) {
		ctx, karl := r.t.Context(), r.as("karl")
		r.groups["g1"] = alert.Group{ID: "g1", Number: 7, Title: "Queue stands", Severity: alert.Error, OpenedAt: night}
		r.runs.all = []action.Run{
			{ID: "r2", Number: 2, PlannedAt: night.Add(time.Minute)},
			{ID: "r1", Number: 1, For: journal.Of("group", "g1"), PlannedAt: night},
		}
		inc := r.inc(r.OpenFromGroup(ctx, karl, "g1"))
		r.inc(r.LinkRun(ctx, karl, inc.ID, "r2"))
		r.inc(r.LinkRun(ctx, karl, inc.ID, "r2"))
		r.inc(r.LinkRun(ctx, karl, inc.ID, "gone"))
		room, err := r.Room(ctx, karl, inc.ID)
		r.ok(err)
		var refs []string
		for _, x := range room.Runs {
			refs = append(refs, x.Ref())
		}
		if diff := cmp.Diff([]string{"RUN-1", "RUN-2"}, refs); diff != "" {
			r.t.Errorf("runs: %s", diff)
		}
	})
}
