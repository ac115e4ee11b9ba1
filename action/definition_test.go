package action

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"frontline/clock"
	"frontline/define"
	"frontline/fault"
	"frontline/form"
	"frontline/people"
	"frontline/secret"
)

const parkMessage = `
id: queue/park-message
title: Take a poisoned message out of a queue
purpose: When the decision consumer fails on the same message again and again.
team: support
services: [decision-pipeline]
risk: change
kind: rabbitmq.park
settings:
  broker: {url: "http://rabbit.verity.example:15672", password: env:RABBIT_PASSWORD}
  queue: decisions
  scan: 2000
secrets:
  audit: file:/run/secrets/audit
inputs:
  - name: fingerprint
    type: text
    pattern: "[0-9a-f]{64}"
  - name: twins
    type: number
    whole: true
    min: 1
    default: 1
limits:
  timeout: 2m
  per_input: fingerprint
  keep: 72h
`

func parked(t *testing.T) Definition {
	t.Helper()
	var d Definition
	if err := yaml.UnmarshalWithOptions([]byte(parkMessage), &d, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDefinitionReadsFromYAML(t *testing.T) {
	d := parked(t)
	if wrong := d.Check(); len(wrong) > 0 {
		t.Errorf("Check = %v", wrong)
	}
	if d.Limits != (Limits{Timeout: 2 * time.Minute, PerInput: "fingerprint", Keep: 72 * time.Hour}) {
		t.Errorf("limits = %+v", d.Limits)
	}
	want := map[string]secret.Ref{"broker.password": "env:RABBIT_PASSWORD", "audit": "file:/run/secrets/audit"}
	if diff := cmp.Diff(want, d.references()); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	refs := []define.Ref{{Field: "services[0]", Kind: "service", ID: "decision-pipeline"}, {Field: "team", Kind: "team", ID: "support"}}
	if diff := cmp.Diff(refs, d.Refs()); diff != "" {
		t.Errorf("Refs (-want +got):\n%s", diff)
	}
}

// TestVersionIsTheContent holds that a definition keeps its version through the database, where numbers lose their Go types.
func TestVersionIsTheContent(t *testing.T) {
	d := parked(t)
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var stored Definition
	if err := json.Unmarshal(raw, &stored); err != nil {
		t.Fatal(err)
	}
	if d.Version() != stored.Version() || len(d.Version()) != 64 {
		t.Errorf("version %s became %s in the database", d.Version(), stored.Version())
	}
	stored.Purpose += " Or twice."
	if d.Version() == stored.Version() {
		t.Error("a changed definition has the same version")
	}
}

func TestCheckNamesTheField(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*Definition)
		want  []string
	}{
		"nothing":              {func(*Definition) {}, nil},
		"id":                   {func(d *Definition) { d.ID = "Queue/Park" }, []string{"id"}},
		"title":                {func(d *Definition) { d.Title = "a\nb" }, []string{"title"}},
		"team":                 {func(d *Definition) { d.Team = "" }, []string{"team"}},
		"visibility":           {func(d *Definition) { d.Visibility = people.NamedOnly }, []string{"visibility"}},
		"risk":                 {func(d *Definition) { d.Risk = "high" }, []string{"risk"}},
		"kind":                 {func(d *Definition) { d.Kind = "" }, []string{"kind"}},
		"a secret's value":     {func(d *Definition) { d.Secrets = map[string]secret.Ref{"a": "hunter2"} }, []string{"secrets.a"}},
		"a secret named twice": {func(d *Definition) { d.Secrets["password"], d.Settings["password"] = "env:A", "env:B" }, []string{"secrets.password"}},
		"a secret input named as a secret": {func(d *Definition) {
			d.Inputs = append(d.Inputs, form.Input{Name: "audit", Type: form.Secret})
		}, []string{"inputs[2].name"}},
		"an input":                   {func(d *Definition) { d.Inputs[0].Pattern = "(" }, []string{"inputs[0].pattern"}},
		"too long":                   {func(d *Definition) { d.Limits.Timeout = 2 * time.Hour }, []string{"limits.timeout"}},
		"too short":                  {func(d *Definition) { d.Limits.Timeout = 5 }, []string{"limits.timeout"}},
		"kept for no time":           {func(d *Definition) { d.Limits.Keep = time.Second }, []string{"limits.keep"}},
		"per an input that is not":   {func(d *Definition) { d.Limits.PerInput = "queue" }, []string{"limits.per_input"}},
		"one at a time in two ways":  {func(d *Definition) { d.Limits.OneAtATime = true }, []string{"limits.one_at_a_time"}},
		"two at once are both named": {func(d *Definition) { d.Team, d.Kind = "", "" }, []string{"team", "kind"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := parked(t)
			c.alter(&d)
			var got []string
			for _, f := range d.Check() {
				got = append(got, f.Name)
				if !strings.HasSuffix(f.Say, ".") {
					t.Errorf("%s: %q is no sentence", f.Name, f.Say)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

// picky is a kind that knows one setting.
type picky struct{ Kind }

func (picky) Name() string { return "rabbitmq.park" }
func (picky) Check(raw json.RawMessage) error {
	var s struct{ Queue string }
	if err := json.Unmarshal(raw, &s); err != nil || s.Queue == "" {
		return fault.Wrong("queue", "Name the queue.")
	}
	if s.Queue == "broken" {
		return fault.New(fault.Invalid, "These settings make no sense.")
	}
	return nil
}
func (picky) Plan(_ context.Context, c Call) (Plan, error) {
	return Plan{Summary: "Looked as guest.", Private: json.RawMessage(c.Reason)}, nil
}

// TestPrivateReachesDoUnmasked has a password that is part of a queue's name.
func TestPrivateReachesDoUnmasked(t *testing.T) {
	r := &Runner{Kinds: Kinds{"rabbitmq.park": picky{}}, Clock: clock.NewMoved(time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC))}
	run := Run{Definition: Definition{Kind: "rabbitmq.park"}, Reason: `{"queue":"guest-checks"}`}
	p, err := r.ask(t.Context(), run, filled{hidden: map[string]secret.Text{"password": secret.New("guest")}})
	if err != nil || p.Summary != "Looked as ***." || string(p.Private) != `{"queue":"guest-checks"}` {
		t.Errorf("plan = %q with %s, %v", p.Summary, p.Private, err)
	}
	run.Reason = "no JSON"
	if _, err := r.ask(t.Context(), run, filled{}); !fault.Is(err, fault.Internal) {
		t.Errorf("a plan whose private part is no JSON: %v, want a refusal", err)
	}
}

func TestKindsCheckTheSettings(t *testing.T) {
	kinds, err := NewKinds(picky{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewKinds(picky{}, picky{}); err == nil {
		t.Error("NewKinds takes two kinds of one name")
	}
	for name, c := range map[string]struct {
		alter func(*Definition)
		want  string
	}{
		"right":            {func(*Definition) {}, ""},
		"no such kind":     {func(d *Definition) { d.Kind = "rabbitmq.drop" }, "kind"},
		"a setting":        {func(d *Definition) { d.Settings["queue"] = "" }, "settings.queue"},
		"no settings":      {func(d *Definition) { d.Settings = nil }, "settings.queue"},
		"settings, no one": {func(d *Definition) { d.Settings["queue"] = "broken" }, "settings"},
	} {
		d := parked(t)
		c.alter(&d)
		got := ""
		for _, f := range kinds.Check(d) {
			got += f.Name
		}
		if got != c.want {
			t.Errorf("%s: fields %q, want %q", name, got, c.want)
		}
	}
}

func TestLanes(t *testing.T) {
	d := parked(t)
	a, b := map[string]any{"fingerprint": "savanna-pay"}, map[string]any{"fingerprint": "b"}
	same := map[string]any{"fingerprint": "savanna-pay", "twins": 2.0}
	if d.lane(a) != d.lane(same) || d.lane(a) == d.lane(b) || d.lane(a) == "" {
		t.Error("runs are not parted by the input's value")
	}
	if strings.Contains(d.lane(a), "savanna") {
		t.Error("a lane shows the input's value")
	}
	d.Limits.PerInput = ""
	if d.lane(a) != "" {
		t.Error("an action without a limit has a lane")
	}
	d.Limits.OneAtATime = true
	if d.lane(a) != d.lane(b) || d.lane(a) == "" {
		t.Error("one at a time is not one lane")
	}
}

func TestLeastRoleByRisk(t *testing.T) {
	for risk, want := range map[Risk]people.Role{RiskRead: people.Support, RiskChange: people.Support, RiskDanger: people.Lead, "": people.Lead} {
		if role, _ := people.LeastRole(Definition{Risk: risk}.Verb()); role != want {
			t.Errorf("risk %q needs %s, want %s", risk, role, want)
		}
	}
}
