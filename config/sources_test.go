package config

import (
	"strings"
	"testing"

	"frontline/fault"
)

const offering = verity + `
actions:
  - id: session/list
    title: List a customer's sessions
    team: support
    risk: RISK
    kind: exec
    settings: {command: [/bin/true]}
    inputs:
      - {name: customer, type: customer, required: true}
      - {name: state, type: text, required: true}
  - id: session/reset
    title: Reset a stuck session
    team: support
    risk: change
    kind: exec
    settings: {command: [/bin/true]}
    inputs:
      - {name: customer, type: customer, required: true}
      - {name: session, type: choice, required: true, from: {action: session/list, inputs: GIVEN}}
`

// What cannot offer options is refused when it is applied, also when the change is to the source alone, and in `frontline action lint`.
func TestSourcesOfOptionsAreChecked(t *testing.T) {
	with := func(risk, given string) string {
		return strings.NewReplacer("RISK", risk, "GIVEN", given).Replace(offering)
	}
	for name, c := range map[string]struct{ yaml, says string }{
		"right":                  {with("read", "{state: stuck}"), ""},
		"does more than look":    {with("change", "{state: stuck}"), "which does more than look"},
		"an input it has not":    {with("read", "{state: stuck, colour: red}"), `has no input "colour"`},
		"an input is not filled": {with("read", "{}"), `cannot be asked without its input "state"`},
		"needs somebody's yes":   {strings.Replace(with("read", "{state: stuck}"), "    risk: read\n", "    risk: read\n    approval: {count: 1}\n", 1), "need somebody's yes"},
		"asks for a file":        {strings.Replace(with("read", "{state: stuck}"), "{name: state, type: text, required: true}", "{name: state, type: file}", 1), "asks for a file"},
	} {
		t.Run(name, func(t *testing.T) {
			fresh, _ := setUp()
			_, err := apply(t, fresh, Apply{Folder: "verity", Files: file(c.yaml)})
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(problemsOf(err), c.says)) {
				t.Errorf("applied: %v, want %q", problemsOf(err), c.says)
			}
			_, wrong, _ := Lint(file(c.yaml), Known{})
			said := ""
			for _, p := range wrong {
				said += p.Place() + ": " + p.Say + "\n"
			}
			if c.says == "" && said != "" || !strings.Contains(said, c.says) {
				t.Errorf("lint says %q, want %q", said, c.says)
			}
		})
	}
	c, _ := setUp()
	both := with("read", "{state: stuck}")
	cut := strings.Index(both, "  - id: session/reset")
	if _, err := apply(t, c, Apply{Folder: "verity", Files: file(both[:cut])}); err != nil {
		t.Fatal(problemsOf(err))
	}
	if _, err := apply(t, c, Apply{Folder: "night", Files: file("actions:\n" + both[cut:])}); err != nil {
		t.Fatal(problemsOf(err))
	}
	_, err := apply(t, c, Apply{Folder: "verity", Files: file(strings.Replace(both[:cut], "risk: read", "risk: change", 1))})
	if said := problemsOf(err); !strings.Contains(said, "session/reset") || !strings.Contains(said, "does more than look") {
		t.Errorf("the source of somebody else's options may become a change: %q", said)
	}
}

// problemsOf is all that is wrong, in one text.
func problemsOf(err error) (all string) {
	if err == nil {
		return ""
	}
	all = fault.Sentence(err)
	for _, f := range fault.FieldsOf(err) {
		all += "\n" + f.Name + ": " + f.Say
	}
	return all
}
