package incident_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/incident"
	"frontline/integration/statuspage"
	"frontline/people"
)

// inside marks everything that must never leave the company.
const inside = "INSIDE"

// TestNothingInternalIsPublished writes a marker into every word that belongs to the inside, publishes, and looks for it in everything that the
// status page can show.
func TestNothingInternalIsPublished(t *testing.T) {
	each(t, func(r *room) {
		ctx, t := r.t.Context(), r.t
		r.verity.Mark(inside)
		liis := r.as("liis")
		r.groups["g-"+inside] = alert.Group{ID: "g-" + inside, Number: 7, Title: inside + " queue stands", Service: "decision-pipeline", Team: inside, Severity: alert.Critical, OpenedAt: night.Add(-77 * time.Minute), BeganAt: night.Add(-88 * time.Minute)}
		inc := r.inc(r.OpenFromGroup(ctx, liis, "g-"+inside))
		r.runs.all = []action.Run{{ID: "r-" + inside, Number: 3, Definition: action.Definition{Title: inside}, Result: action.Result{Summary: inside}, For: incident.Subject(inc.ID), PlannedAt: night, StartedAt: night}}
		r.inc(r.LinkRun(ctx, liis, inc.ID, "r-"+inside))
		r.inc(r.Rename(ctx, liis, inc.ID, inside+" decision queue", 0))
		r.inc(r.WriteNote(ctx, liis, inc.ID, inside+" note"))
		r.inc(r.WriteUpdate(ctx, liis, inc.ID, incident.Draft{Body: inside + " update", Title: inside, NextBy: night.Add(47 * time.Minute), Components: []incident.Affected{{Component: "faces", Status: incident.MajorOutage}}, State: incident.WordIdentified}))
		r.inc(r.Join(ctx, liis, inc.ID, "rasmus", incident.Fixer))
		r.inc(r.PromiseNext(ctx, liis, inc.ID, night.Add(53*time.Minute)))
		r.inc(r.Publish(ctx, liis, inc.ID, incident.Draft{Title: "Document checks are delayed", Body: "We look into it.", State: incident.WordInvestigating,
			Components: []incident.Affected{{Component: "checks", Status: incident.Degraded}}, NextBy: night.Add(30 * time.Minute)}))
		r.inc(r.Declare(ctx, liis, incident.Declaration{Title: inside + " never published", Severity: incident.Critical, Services: []string{"webhooks"}}))
		r.pass(time.Second)
		r.seal(inc.ID, "while it lasts")

		r.inc(r.Resolve(ctx, liis, inc.ID, &incident.Draft{Body: "It works again.", Seen: -1}))
		r.pass(time.Second)
		if _, err := r.EditPostmortem(ctx, liis, inc.ID, inside+" post-mortem", 1); err != nil {
			t.Fatal(err)
		}
		if _, err := r.AddFollowUp(ctx, liis, inc.ID, incident.NewFollowUp{Text: inside, Owner: "rasmus", Due: "2026-12-04"}); err != nil {
			t.Fatal(err)
		}
		page := incident.Page{ID: "verity", Name: "Verity status", URL: "https://status.verity.example", Zone: "UTC", Components: []string{"checks"}}
		r.ok(r.ArrangePage(ctx, people.System("start"), page))
		r.seal(inc.ID, "after the end")
	})
}

// seal looks for what belongs to the inside in everything that the page can show.
func (r *room) seal(id, when string) {
	r.t.Helper()
	p, err := r.DB.Published(r.t.Context(), night.AddDate(-1, 0, 0))
	r.ok(err)
	if len(p.Incidents) != 1 || len(p.Incidents[0].Updates) == 0 {
		r.t.Fatalf("%s: the page shows %+v, want the one published incident", when, p.Incidents)
	}
	shown := map[string]string{}
	for name, v := range map[string]any{"rows": p, "board": incident.NewBoard(p, r.clock.Now())} {
		raw, err := json.Marshal(v)
		r.ok(err)
		shown[name] = string(raw)
	}
	for _, path := range (*statuspage.Door)(nil).Paths() {
		body, _, err := statuspage.Render(path, p)
		r.ok(err)
		shown[path] = string(body)
	}
	tallinn := incident.PublishedPage{Zone: "Europe/Tallinn"}.Location()
	never := []string{inside, id, "liis", "rasmus", "decision-pipeline", "INC-1", "critical"}
	for _, minutes := range []int{-88, -77, 47, 53} { // when it began and was detected, and what was promised inside
		at := night.Add(time.Duration(minutes) * time.Minute)
		never = append(never, at.Format("15:04"), at.In(tallinn).Format("15:04"), fmt.Sprint(at.UnixMicro()))
	}
	for name, text := range shown {
		for _, word := range never {
			if strings.Contains(text, word) {
				r.t.Errorf("%s: %s holds %q:\n%s", when, name, word, text)
			}
		}
	}
}
