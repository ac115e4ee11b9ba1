package examples_test

import (
	"io/fs"
	"os"
	"slices"
	"testing"

	"frontline/action"
	"frontline/app"
	"frontline/cli"
	"frontline/clock"
	"frontline/config"
	"frontline/define"
	"frontline/examples"
)

func folder(t *testing.T) []define.File {
	t.Helper()
	below, err := fs.Sub(examples.Actions, "actions")
	if err != nil {
		t.Fatal(err)
	}
	files, err := define.ReadFolder(below)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestLint holds the examples to what `frontline action lint --strict` wants.
func TestLint(t *testing.T) {
	wrong, better, err := app.NewWorkshop(clock.Real{}, os.Getenv).Lint(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Concat(wrong, better) {
		t.Errorf("%s: %s", p.At, p.Say)
	}
}

// TestTests runs the tests that the examples bring, as `frontline action test` does. Each example has one.
func TestTests(t *testing.T) {
	wrong, err := app.NewWorkshop(clock.Real{}, os.Getenv).Test(t.Context(), folder(t), func(x cli.Tested) {
		if x.Test == "" {
			t.Errorf("nothing tests %s", x.Action)
		}
		for _, w := range x.Wrong {
			t.Errorf("%s: %s: %s\n%q", x.Action, x.Test, w, x.Lines)
		}
	})
	if err != nil || len(wrong) > 0 {
		t.Fatal(wrong, err)
	}
}

// TestVariety looks that the examples show what actions can: every sort of work, the inputs, and each part of the contract.
func TestVariety(t *testing.T) {
	actions, _, _ := config.Lint(folder(t), config.Known{})
	seen := map[string]bool{}
	for _, d := range actions {
		seen["kind "+d.Kind], seen["risk "+string(d.Risk)] = true, true
		for _, in := range d.Inputs {
			seen["input "+string(in.Type)] = true
			seen["from"] = seen["from"] || in.From != nil
			seen["when"] = seen["when"] || in.When != nil
		}
		seen["check"] = seen["check"] || d.Proof != nil
		seen["undo"] = seen["undo"] || d.Reverse != nil
		seen["approval"] = seen["approval"] || d.Approval != nil && d.Approval.Count == 2
		seen["budget"] = seen["budget"] || d.Limits.Budget != nil
		if d.Takes == 0 || d.Purpose == "" {
			t.Errorf("%s does not say what it is for and how long it takes by hand", d.ID)
		}
		if d.Risk == action.RiskDanger && (d.Approval == nil || d.Proof == nil) {
			t.Errorf("%s is dangerous, and nobody says yes or looks afterwards", d.ID)
		}
	}
	for _, want := range []string{"kind exec", "kind http", "kind sql", "kind rabbitmq.park", "kind rabbitmq.replay", "kind kubernetes.evict", "risk read", "risk change", "risk danger",
		"input customer", "input date", "input secret", "input file", "input choice", "input choices", "input text", "input boolean", "from", "when", "check", "undo", "approval", "budget"} {
		if !seen[want] {
			t.Errorf("no example has: %s", want)
		}
	}
}
