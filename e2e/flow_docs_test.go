package e2e

import (
	"os"
	"strings"
	"testing"

	"frontline/app"
	"frontline/cli"
	"frontline/clock"
	"frontline/define"
)

// TestTheDocumentedFlow checks and runs the example of docs/flows.md as it stands there.
func TestTheDocumentedFlow(t *testing.T) {
	page, err := os.ReadFile("../docs/flows.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "```yaml\n")
	text, _, ended := strings.Cut(text, "```\n")
	if !found || !ended {
		t.Fatal("the page has no example")
	}
	w := app.NewWorkshop(clock.Real{}, func(string) string { return "" })
	files := func(text string) []define.File { return []define.File{{Name: "flows.yaml", Content: text}} }
	wrong, _, err := w.Lint(files(text))
	if err != nil || len(wrong) > 0 {
		t.Fatalf("the example is wrong: %v, %v", wrong, err)
	}
	tested := map[string]int{}
	test := func(text string) (all []cli.Tested) {
		wrong, err := w.Test(t.Context(), files(text), func(x cli.Tested) { all = append(all, x) })
		if err != nil || len(wrong) > 0 {
			t.Fatal(wrong, err)
		}
		return all
	}
	for _, x := range test(text) {
		if tested[x.Action]++; len(x.Wrong) > 0 {
			t.Errorf("%s, %s: %v\n%s", x.Action, x.Test, x.Wrong, strings.Join(x.Lines, "\n"))
		}
	}
	if tested["webhooks/catch-up"] != 4 {
		t.Errorf("tested: %v", tested)
	}
	// And a test of a flow finds what is not as it says.
	for _, x := range []struct{ old, other, say string }{
		{"resend: done}", "resend: done, resume: done}", "there is no step resume"},
		{"says: {look: yes}", "says: {}", "says nothing under says"},
		{"says: {look: few-only}", "says: {look: some}", "whose answers are"},
		{"steps: {look: declined, resend: ahead}", "steps: {look: done}", "the step look is declined, not done"},
		{"fails: the answer was no", "fails: all was sent", "without \"all was sent\""},
	} {
		changed := strings.Replace(text, x.old, x.other, 1)
		said := ""
		for _, y := range test(changed) {
			said += strings.Join(y.Wrong, "\n")
		}
		if !strings.Contains(said, x.say) {
			t.Errorf("with %q in place of %q it says %q, want %q", x.other, x.old, said, x.say)
		}
	}
}
