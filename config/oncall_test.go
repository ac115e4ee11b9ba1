package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/fault"
	"frontline/oncall"
)

const rota = verity + `
rotations:
  - id: first-line
    name: First line
    team: support
    zone: Europe/Tallinn
    handoff_day: monday
    handoff_time: 08:00
    start: 2026-11-02
    members: [marika]
overrides:
  - id: holiday
    rotation: first-line
    person: marika
    from: 2026-12-24T08:00:00+02:00
    to: 2026-12-27T08:00:00+02:00
policies:
  - id: critical
    name: Critical
    team: support
    steps:
      - targets: [{rotation: first-line}]
      - after: 5m
        targets: [{person: marika}]
    repeat: 1
    last_resort: marika
    repage: 1h30m
`

func TestRotationsAndPoliciesAreAppliedAndExported(t *testing.T) {
	c, _ := setUp()
	if _, err := apply(t, c, Apply{Folder: "verity", Files: file(rota)}); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	b, err := c.Book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := oncall.Policy{ID: "critical", Name: "Critical", Team: "support", Repeat: 1, LastResort: "marika", Repage: 90 * time.Minute,
		Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "first-line"}}}, {After: 5 * time.Minute, Targets: []oncall.Target{{Person: "marika"}}}}}
	if got, _ := b.Policy("critical"); cmp.Diff(want, got) != "" {
		t.Errorf("policy (-want +got):\n%s", cmp.Diff(want, got))
	}
	r, _ := b.Rotation("first-line")
	if s, ok := r.At(time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC), b.Overrides()); !ok || s.Override != "holiday" {
		t.Errorf("at Christmas the shift is %+v", s)
	}
	files, err := c.Export(t.Context(), admin, "verity")
	if err != nil {
		t.Fatal(err)
	}
	again, err := apply(t, c, Apply{Folder: "verity", Files: files})
	if err != nil || len(again.Changes) > 0 {
		t.Errorf("applying the export changes %v (%v)", again.Changes, err)
	}
}

func TestWrongPoliciesAreRefusedWithPlace(t *testing.T) {
	tests := []struct{ name, from, to, want string }{
		{"zone", "zone: Europe/Tallinn", "zone: Europe/Talinn", "yaml:21:11: \"Europe/Talinn\" is not an IANA time zone"},
		{"time", "handoff_time: 08:00", "handoff_time: 8am", "yaml:23:19: \"8am\" is not a time of day"},
		{"duration", "after: 5m", "after: soon", "cannot be read"},
		{"duration without unit", "after: 5m", "after: 5", "A duration is expected here, with its unit, such as 30s, 5m"},
		{"half a second", "after: 5m", "after: 1500ms", "whole seconds"},
		{"unknown rotation", "{rotation: first-line}", "{rotation: frist-line}", `There is no rotation "frist-line". Did you mean "first-line"?`},
		{"no last resort", "    last_resort: marika\n", "", "Name the person who is paged when nobody else answers"},
		{"last resort without contact", "    last_resort: marika", "    last_resort: karl", "Karl Sepp has no contact and cannot be reached"},
		{"backwards", "to: 2026-12-27T08:00:00+02:00", "to: 2026-12-20T08:00:00+02:00", "that must be after it begins"},
	}
	karl := "\n  - {id: karl, name: Karl Sepp, email: karl@verity.example, role: support}\nrotations:"
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := setUp()
			text := strings.Replace(rota, tt.from, tt.to, 1)
			if tt.name == "last resort without contact" {
				text = strings.Replace(text, "\nrotations:", karl, 1)
			}
			_, err := apply(t, c, Apply{Folder: "verity", Files: file(text)})
			var said []string
			for _, f := range fault.FieldsOf(err) {
				said = append(said, f.Name+": "+f.Say)
			}
			if got := strings.Join(said, "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("refused with\n%s\nwant %q", got, tt.want)
			}
		})
	}
}
