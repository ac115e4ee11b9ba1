package neighbour

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// Violation is one rule of accessibility that a page breaks, found by axe-core.
type Violation struct {
	ID     string `json:"id"`     // "color-contrast"
	Impact string `json:"impact"` // "minor", "moderate", "serious", "critical"
	Help   string `json:"help"`   // the rule in a sentence
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String names the rule and the elements that break it.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "\n  %s\n    %s", n.HTML, strings.ReplaceAll(n.Summary, "\n", "\n    "))
	}
	return b.String()
}

// Axe checks the page that is open against WCAG 2.2 AA and axe-core's best practices, and returns what it breaks.
func (b *Browser) Axe() []Violation {
	b.t.Helper()
	source, err := axeSource()
	must(b.t, err)
	b.Do(chromedp.Evaluate[chromedp.Void](source))
	text := ask(b, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag",
		values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}})
		.then(r => JSON.stringify(r.violations))`, chromedp.EvalAwaitPromise))
	var found []Violation
	must(b.t, json.Unmarshal([]byte(text), &found))
	return found
}

// axeSource reads axe-core as npm put it into the repository's folder.
func axeSource() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the repository: there is no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
	b, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf("axe-core is not there, run `npm ci`: %w", err)
	}
	return string(b), nil
}
