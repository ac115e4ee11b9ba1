package config

import (
	"os"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"

	"frontline/action"
	"frontline/fault"
	"frontline/form"
)

// TestInputsPageIsRight reads the example of docs/inputs.md as a definition file is read, and fills it in.
func TestInputsPageIsRight(t *testing.T) {
	page, err := os.ReadFile("../docs/inputs.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	if example == nil {
		t.Fatal("the page has no example")
	}
	var file struct {
		Actions []action.Definition `yaml:"actions"`
	}
	if err := yaml.UnmarshalWithOptions(example[1], &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	types := map[form.Type]bool{}
	for _, d := range file.Actions {
		for _, f := range d.Check() {
			t.Errorf("%s: %s: %s", d.ID, f.Name, f.Say)
		}
		for _, in := range d.Inputs {
			types[in.Type] = true
		}
	}
	for _, of := range form.Types() {
		if !types[of] {
			t.Errorf("no input of the example is of type %s", of)
		}
	}
	reset := file.Actions[1]
	right := map[string]any{"customer": "nordpank", "service": "decision-pipeline", "session": "vs_7hK2m9Qx", "pod": "decider-0", "reason": "other", "words": "it\nhangs",
		"day": "2026-11-24", "tell": []any{"mail", "chat"}, "again": true, "pin": "4711", "evidence": "0192f3aa-7c1e-7b22-8a55-0d1f5c2b9e10"}
	if _, err := form.Check(reset.Inputs, right); err != nil {
		t.Errorf("right values are refused: %v", fault.FieldsOf(err))
	}
	for name, wrong := range map[string]any{"customer": "", "pod": "$(reboot)", "reason": "theft", "amount": 3, "words": "a\x00b", "day": "24.11.2026",
		"tell": []any{"fax"}, "again": "perhaps", "pin": "471", "evidence": "/etc/passwd", "sudo": "yes"} {
		given := map[string]any{}
		for k, v := range right {
			given[k] = v
		}
		given[name] = wrong
		_, err := form.Check(reset.Inputs, given)
		if got := fault.FieldsOf(err); len(got) != 1 || got[0].Name != name {
			t.Errorf("%s = %q is refused with %v", name, wrong, got)
		}
	}
	if refs := reset.Refs(); refs[len(refs)-1].Kind != "action" || refs[len(refs)-1].ID != "session/list" {
		t.Errorf("the reset does not refer to the action that its options come from: %v", refs)
	}
}
