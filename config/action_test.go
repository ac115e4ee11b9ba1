package config

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
	"frontline/form"
	"frontline/secret"
)

const park = verity + `
actions:
  - id: queue/park-message
    title: Take a poisoned message out of a queue
    team: support
    risk: change
    kind: rabbitmq.park
    settings:
      broker: http://rabbit.verity.example:15672
      password: env:RABBIT_PASSWORD
      queue: decisions
      scan: 2000
      show: [x-customer]
      hold: {most: 10s, share: 0.5}
    secrets:
      audit: file:/run/secrets/audit
    inputs:
      - name: twins
        label: How many of the same
        type: number
        whole: true
        min: 1
        default: 1
    limits:
      timeout: 2m
      one_at_a_time: true
`

func TestActionsAreAppliedAndExported(t *testing.T) {
	c, _ := setUp()
	if _, err := apply(t, c, Apply{Folder: "verity", Files: file(park)}); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	b, err := c.Book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var dir action.Directory = b
	got, ok := dir.Action("queue/park-message")
	one := 1.0
	want := action.Definition{ID: "queue/park-message", Title: "Take a poisoned message out of a queue", Team: "support", Risk: action.RiskChange, Kind: "rabbitmq.park",
		Settings: map[string]any{"broker": "http://rabbit.verity.example:15672", "password": "env:RABBIT_PASSWORD", "queue": "decisions", "scan": 2000.0,
			"show": []any{"x-customer"}, "hold": map[string]any{"most": "10s", "share": 0.5}},
		Secrets: map[string]secret.Ref{"audit": "file:/run/secrets/audit"},
		Inputs:  []form.Input{{Name: "twins", Label: "How many of the same", Type: form.Number, Whole: true, Min: &one, Default: 1.0}},
		Limits:  action.Limits{Timeout: 2 * time.Minute, OneAtATime: true}}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("action (-want +got):\n%s", diff)
	}
	if n := len(dir.Actions()); n != 1 {
		t.Errorf("Actions = %d, want 1", n)
	}
	files, err := c.Export(t.Context(), admin, "verity")
	if err != nil {
		t.Fatal(err)
	}
	if done, err := apply(t, c, Apply{Folder: "verity", Files: files}); err != nil || len(done.Changes) != 0 {
		t.Errorf("applying the export = %+v %v, want no change; files: %v", done, err, files)
	}
}

// An action belongs to a service when the service names it or when the action says so, and once when both do.
func TestServicesOfferTheActionsThatNameThem(t *testing.T) {
	const offers = park + `    services: [pipeline]
  - {id: queue/look, title: Look into the queue, team: support, services: [pipeline], risk: read, kind: rabbitmq.park}
  - {id: pipeline/restart, title: Restart the pipeline, team: support, risk: change, kind: rabbitmq.park}
services:
  - {id: pipeline, name: Pipeline, team: support, policy: critical, actions: [pipeline/restart, queue/look]}
`
	c, _ := setUp()
	if _, err := apply(t, c, Apply{Folder: "verity", Files: file(rota + strings.TrimPrefix(offers, verity))}); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	b, err := c.Book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, _ := b.Service("pipeline")
	if diff := cmp.Diff([]string{"pipeline/restart", "queue/look", "queue/park-message"}, s.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestWrongActionsAreRefusedWithPlace(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"risk":          {"risk: change", "risk: high", "The risk is read"},
		"team":          {"team: support\n    risk", "team: payments\n    risk", `There is no team "payments"`},
		"unknown key":   {"    risk: change", "    risk: change\n    approve: two", "approve"},
		"a plain value": {"audit: file:/run/secrets/audit", "audit: hunter2", "never as its value"},
		"input":         {"type: number", "type: integer", "The type is one of"},
	} {
		t.Run(name, func(t *testing.T) {
			conf, _ := setUp()
			text := strings.Replace(park, c.from, c.to, 1)
			if text == park {
				t.Fatal("nothing was replaced")
			}
			_, err := apply(t, conf, Apply{Folder: "verity", Files: file(text)})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Apply = %v, want a refusal that says %q", err, c.want)
			}
		})
	}
}

// A script is part of its action: another text is another version, and exporting writes it back.
func TestScriptsBelongToTheAction(t *testing.T) {
	const text = verity + `
actions:
  - {id: sessions/reset, title: Reset a session, team: support, risk: change, kind: exec, scripts: [reset.py, lib/db.py]}
`
	files := append(file(text), File{Name: "scripts/reset.py", Content: "print(1)"}, File{Name: "scripts/lib/db.py", Content: "# yaml: not a definition"})
	c, _ := setUp()
	version := func() string {
		t.Helper()
		if _, err := apply(t, c, Apply{Folder: "verity", Files: files}); err != nil {
			t.Fatalf("Apply: %v", err)
		}
		b, err := c.Book(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d, _ := b.Action("sessions/reset")
		if d.Texts["lib/db.py"] != "# yaml: not a definition" {
			t.Errorf("the action's texts are %v", d.Texts)
		}
		return d.Version()
	}
	first := version()
	if again := version(); again != first {
		t.Error("the same scripts are another version")
	}
	files[1].Content = "print(2)"
	if version() == first {
		t.Error("another script is the same version")
	}
	out, err := c.Export(t.Context(), admin, "verity")
	if err != nil {
		t.Fatal(err)
	}
	if done, err := apply(t, c, Apply{Folder: "verity", Files: out}); err != nil || len(done.Changes) != 0 {
		t.Errorf("applying the export = %+v, %v", done, err)
	}
	if _, err := apply(t, c, Apply{Folder: "verity", Files: files[:1]}); err == nil || !strings.Contains(err.Error(), "There is no file scripts/reset.py") {
		t.Errorf("a missing script: %v", err)
	}
}

// TestWarningsRefuseNothing applies an action that nobody can carry out yet: it is said each time, and the action is there.
func TestWarningsRefuseNothing(t *testing.T) {
	m := &memory{rows: map[key]Row{}}
	var asked []string
	c := New(m, clock.NewMoved(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)), func(string) string { return "" }, Known{
		Advise: func(_ context.Context, all []action.Definition) (out []Warning, err error) {
			for _, d := range all {
				asked = append(asked, d.ID)
				if len(d.Runner) > 0 {
					out = append(out, Warning{Action: d.ID, Say: "No enrolled runner carries it."})
				}
			}
			return out, nil
		}})
	text := park + "    runner: {network: berlin}\n"
	for _, dry := range []bool{true, false, false} {
		done, err := apply(t, c, Apply{Folder: "verity", Files: file(text), DryRun: dry})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Warning{{Action: "queue/park-message", Say: "No enrolled runner carries it."}}, done.Warnings); diff != "" {
			t.Errorf("dry run %v warns (-want +got):\n%s", dry, diff)
		}
	}
	if diff := cmp.Diff([]string{"queue/park-message", "queue/park-message", "queue/park-message"}, asked); diff != "" {
		t.Errorf("asked about (-want +got):\n%s", diff)
	}
	if b, err := c.Book(t.Context()); err != nil {
		t.Fatal(err)
	} else if _, there := b.Action("queue/park-message"); !there {
		t.Error("a warning refused the action")
	}
	placed := Placed(file(text), []Warning{{Action: "queue/park-message", Say: "Nobody."}, {Action: "gone", Say: "Nobody."}})
	if len(placed) != 1 || placed[0].Line != strings.Count(text, "\n") {
		t.Errorf("placed at %+v, want the line of the labels, %d", placed, strings.Count(text, "\n"))
	}
}
