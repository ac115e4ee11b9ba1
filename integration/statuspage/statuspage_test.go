package statuspage

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/fault"
	"frontline/incident"
)

var night = time.Date(2026, 11, 24, 0, 50, 0, 123_456_000, time.UTC)

// verity is a status page with a resolved and an open incident.
func verity() incident.Published {
	id := func(kind, name string) string { return incident.PublicID(kind, name) }
	checks, faces, hooks := id("component", "checks"), id("component", "faces"), id("component", "webhooks")
	born := night.AddDate(-1, 0, 0)
	return incident.Published{
		Page: incident.PublishedPage{ID: id("page", "verity"), Name: "Verity status", URL: "https://status.verity.example", Zone: "Europe/Tallinn", Version: 4, CreatedAt: born, UpdatedAt: night},
		Components: []incident.PublishedComponent{
			{ID: checks, Name: "Document checks", Group: "Verification", Position: 1, Status: incident.PartialOutage, CreatedAt: born, UpdatedAt: night},
			{ID: hooks, Name: "Webhooks", Description: "What we send to your systems", Position: 2, Status: incident.Operational, CreatedAt: born, UpdatedAt: born},
			{ID: faces, Name: "Face checks", Group: "Verification", Position: 3, Status: incident.Operational, CreatedAt: born.Add(-time.Hour), UpdatedAt: born},
			{ID: id("component", "old"), Name: "Old console", Position: 9, Status: incident.MajorOutage, CreatedAt: born, UpdatedAt: born, Retired: true},
		},
		Incidents: []incident.PublishedIncident{
			{ID: id("incident", "2"), Name: "Document checks are delayed", State: incident.WordInvestigating, Impact: incident.ImpactMajor, CreatedAt: night, UpdatedAt: night,
				Components: []incident.PublishedStatus{{ID: checks, Status: incident.PartialOutage}},
				Updates: []incident.PublishedUpdate{{ID: id("update", "3"), Incident: id("incident", "2"), N: 1, State: incident.WordInvestigating, Body: "We look into <delayed> checks.\nMore soon.", At: night,
					Affected: []incident.PublishedChange{{ID: checks, Name: "Document checks", Old: incident.Operational, New: incident.PartialOutage}}}}},
			{ID: id("incident", "1"), Name: "Webhooks were late", State: incident.WordResolved, Impact: incident.ImpactNone, CreatedAt: born, UpdatedAt: born.Add(time.Hour), MonitoringAt: born.Add(time.Minute), ResolvedAt: born.Add(time.Hour),
				Updates: []incident.PublishedUpdate{{ID: id("update", "2"), Incident: id("incident", "1"), N: 2, State: incident.WordResolved, Body: "All were delivered.", At: born.Add(time.Hour)},
					{ID: id("update", "1"), Incident: id("incident", "1"), N: 1, State: incident.WordMonitoring, Body: "They are late.", At: born}}},
		},
	}
}

// render returns the document as a tree.
func render(t *testing.T, path string, p incident.Published) map[string]any {
	t.Helper()
	body, kind, err := Render(path, p)
	if err != nil || kind != "application/json; charset=utf-8" {
		t.Fatalf("Render(%s) = %s %v", path, kind, err)
	}
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// The fields of each shape, as a dump of a large page of Statuspage itself has them. An optional one ends in "?".
const (
	pageFields      = "id name time_zone updated_at url"
	statusFields    = "description indicator"
	componentFields = "components? created_at description group group_id id name only_show_if_degraded page_id position showcase start_date status updated_at"
	incidentFields  = "components created_at id impact incident_updates monitoring_at name page_id resolved_at shortlink started_at status updated_at"
	updateFields    = "affected_components body created_at custom_tweet deliver_notifications display_at id incident_id status tweet_id updated_at"
	affectedFields  = "code name new_status old_status"
)

// hasFields compares the names of an object's fields.
func hasFields(t *testing.T, where string, object any, want string) map[string]any {
	t.Helper()
	fields, ok := object.(map[string]any)
	if !ok {
		t.Fatalf("%s is %T, want an object", where, object)
	}
	var names []string
	for _, f := range strings.Fields(want) {
		name, optional := strings.CutSuffix(f, "?")
		if _, there := fields[name]; there || !optional {
			names = append(names, name)
		}
	}
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Errorf("%s has other fields than Statuspage's (-want +got): %s", where, diff)
	}
	return fields
}

func each(t *testing.T, where string, list any, f func(where string, one any)) {
	t.Helper()
	all, ok := list.([]any)
	if !ok {
		t.Fatalf("%s is %T, want a list", where, list)
	}
	for _, one := range all {
		f(where, one)
	}
}

// TestShapes walks every document and compares every object with Statuspage's own.
func TestShapes(t *testing.T) {
	component := func(where string, c any) { hasFields(t, where, c, componentFields) }
	disturbance := func(where string, i any) {
		d := hasFields(t, where, i, incidentFields)
		each(t, where+".components", d["components"], component)
		each(t, where+".incident_updates", d["incident_updates"], func(where string, u any) {
			if x := hasFields(t, where, u, updateFields); x["affected_components"] != nil {
				each(t, where, x["affected_components"], func(where string, a any) { hasFields(t, where, a, affectedFields) })
			}
		})
	}
	for path, want := range map[string]string{
		"/api/v2/status.json": "page status", "/api/v2/components.json": "components page", "/api/v2/incidents.json": "incidents page",
		"/api/v2/summary.json":              "components incidents page scheduled_maintenances status",
		"/api/v2/incidents/unresolved.json": "incidents page", "/api/v2/scheduled-maintenances.json": "page scheduled_maintenances",
		"/api/v2/scheduled-maintenances/upcoming.json": "page scheduled_maintenances", "/api/v2/scheduled-maintenances/active.json": "page scheduled_maintenances",
	} {
		tree := hasFields(t, path, any(render(t, path, verity())), want)
		hasFields(t, path+" page", tree["page"], pageFields)
		if s, ok := tree["status"]; ok {
			hasFields(t, path+" status", s, statusFields)
		}
		if c, ok := tree["components"]; ok {
			each(t, path+" components", c, component)
		}
		if i, ok := tree["incidents"]; ok {
			each(t, path+" incidents", i, disturbance)
		}
		if m, ok := tree["scheduled_maintenances"]; ok && len(m.([]any)) != 0 {
			t.Errorf("%s: maintenances %v, want an empty list", path, m)
		}
	}
}

func TestValues(t *testing.T) {
	summary := render(t, "/api/v2/summary.json", verity())
	page := summary["page"].(map[string]any)
	if page["updated_at"] != "2026-11-24T02:50:00.123+02:00" || page["time_zone"] != "Europe/Tallinn" {
		t.Errorf("page %v: times are in its zone, with milliseconds", page)
	}
	if diff := cmp.Diff(map[string]any{"indicator": "major", "description": "Partial System Outage"}, summary["status"]); diff != "" {
		t.Errorf("status: %s (a retired component does not count)", diff)
	}
	var names []string
	for _, c := range summary["components"].([]any) {
		names = append(names, c.(map[string]any)["name"].(string))
	}
	if diff := cmp.Diff([]string{"Verification", "Document checks", "Face checks", "Webhooks"}, names); diff != "" {
		t.Errorf("components: %s", diff)
	}
	group := summary["components"].([]any)[0].(map[string]any)
	member := summary["components"].([]any)[2].(map[string]any)
	if group["group"] != true || group["status"] != "partial_outage" || len(group["components"].([]any)) != 2 || member["group_id"] != group["id"] || member["position"] != 2.0 {
		t.Errorf("group %v and its second member %v", group, member)
	}
	if open := summary["incidents"].([]any); len(open) != 1 {
		t.Errorf("%d incidents in the summary, want the open one", len(open))
	}
	all := render(t, "/api/v2/incidents.json", verity())["incidents"].([]any)
	late := all[1].(map[string]any)
	if late["resolved_at"] != "2025-11-24T03:50:00.123+02:00" || late["incident_updates"].([]any)[0].(map[string]any)["affected_components"] != nil {
		t.Errorf("the resolved incident %v", late)
	}
	if all[0].(map[string]any)["resolved_at"] != nil {
		t.Error("an open incident has a time of resolution")
	}
}

func TestUTC(t *testing.T) {
	p := verity()
	p.Page.Zone = "UTC"
	page := render(t, "/api/v2/status.json", p)["page"].(map[string]any)
	if page["time_zone"] != "Etc/UTC" || page["updated_at"] != "2026-11-24T00:50:00.123Z" {
		t.Errorf("page %v", page)
	}
}

func TestFiftyIncidentsAtMost(t *testing.T) {
	p := verity()
	for range 60 {
		p.Incidents = append(p.Incidents, p.Incidents[1])
	}
	if n := len(render(t, "/api/v2/incidents.json", p)["incidents"].([]any)); n != 50 {
		t.Errorf("%d incidents, want 50", n)
	}
}

func TestIndicators(t *testing.T) {
	for status, want := range map[incident.Status]string{incident.Operational: "none", incident.UnderMaintenance: "maintenance", incident.Degraded: "minor",
		incident.PartialOutage: "major", incident.MajorOutage: "critical"} {
		p := verity()
		p.Components[0].Status = status
		if got := newShaper(p).status().Indicator; got != want {
			t.Errorf("worst component %s: indicator %s, want %s", status, got, want)
		}
	}
}

func TestFeeds(t *testing.T) {
	atom, kind, err := Render("/history.atom", verity())
	if err != nil || kind != "application/atom+xml; charset=utf-8" {
		t.Fatal(kind, err)
	}
	var feed struct {
		XMLName xml.Name
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Updated string `xml:"updated"`
			Content string `xml:"content"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(atom, &feed); err != nil {
		t.Fatal(err)
	}
	if feed.XMLName.Space != "http://www.w3.org/2005/Atom" || len(feed.Entries) != 2 {
		t.Fatalf("feed %+v", feed)
	}
	e := feed.Entries[0]
	want := "<p><small>Nov 24, 02:50 EET</small><br /><strong>Investigating</strong> - We look into &lt;delayed&gt; checks.<br />More soon.</p>"
	if e.Content != want || e.Updated != "2026-11-24T02:50:00+02:00" || !strings.HasPrefix(e.ID, "tag:status.verity.example,2026:Incident/") {
		t.Errorf("entry %+v", e)
	}
	rss, _, err := Render("/history.rss", verity())
	if err != nil || !strings.Contains(string(rss), "<pubDate>Tue, 24 Nov 2026 02:50:00 +0200</pubDate>") {
		t.Errorf("%v in:\n%s", err, rss)
	}
}

// reads plays the database.
type reads struct {
	p   incident.Published
	err error
}

func (r *reads) Published(context.Context, time.Time) (incident.Published, error) { return r.p, r.err }

func get(d http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func TestDoor(t *testing.T) {
	db := &reads{p: verity()}
	d := NewDoor(db, slog.New(slog.DiscardHandler))
	for _, path := range d.Paths() {
		w := get(d, "GET", path)
		if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(w.Header().Get("Cache-Control"), "public") || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		tag := w.Header().Get("ETag")
		if again := get(d, "GET", path, "If-None-Match", tag); again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("%s again: %d with %d bytes, want 304 and none", path, again.Code, again.Body.Len())
		}
		if head := get(d, "HEAD", path); head.Code != 200 || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, head.Code, head.Body.Len())
		}
		if post := get(d, "POST", path); post.Code != 405 || post.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d", path, post.Code)
		}
	}
	before := get(d, "GET", "/api/v2/status.json")
	db.p.Page.Version++
	db.p.Components[0].Status = incident.MajorOutage
	after := get(d, "GET", "/api/v2/status.json", "If-None-Match", before.Header().Get("ETag"))
	if after.Code != 200 || !strings.Contains(after.Body.String(), "critical") {
		t.Errorf("after a publication: %d %s", after.Code, after.Body)
	}
	if w := get(d, "GET", "/api/v2/secrets.json"); w.Code != 404 {
		t.Errorf("an unknown path: %d", w.Code)
	}
}

func TestDoorWithoutAPageOrADatabase(t *testing.T) {
	if w := get(NewDoor(&reads{}, slog.New(slog.DiscardHandler)), "GET", "/api/v2/summary.json"); w.Code != 404 {
		t.Errorf("without a page: %d", w.Code)
	}
	broken := &reads{err: fault.Wrap(errors.New("dial tcp 10.1.2.3:5432: refused"), fault.Unavailable, "The database does not answer.")}
	w := get(NewDoor(broken, slog.New(slog.DiscardHandler)), "GET", "/api/v2/summary.json")
	if w.Code != 503 || w.Header().Get("Cache-Control") != "no-store" || regexp.MustCompile(`10\.1\.2\.3|database`).MatchString(w.Body.String()) {
		t.Errorf("without a database: %d %v %s", w.Code, w.Header(), w.Body)
	}
}
