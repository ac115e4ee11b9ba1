package config

import (
	"strings"
	"testing"

	"frontline/rule"
)

// TestTemplatesAreRules reads each rule to start from as it would be tried: it parses, every condition and text compiles, and the desk can do it.
func TestTemplatesAreRules(t *testing.T) {
	seen := map[string]bool{}
	for _, x := range rule.Templates() {
		rules, err := ReadRules(File{Name: "rules.yaml", Content: x.Text})
		if err != nil {
			t.Errorf("%s: %v", x.ID, err)
			continue
		}
		for _, r := range rules {
			if seen[r.ID] || r.Off || len(r.Do) == 0 || !strings.HasPrefix(r.ID, "desk/") {
				t.Errorf("%s: the rule %s is there twice, is off, or does nothing", x.ID, r.ID)
			}
			seen[r.ID] = true
			if words := r.Words(func(_, id string) string { return id }); strings.Contains(words.When, "the journal says") {
				t.Errorf("%s: %q has no words for people", x.ID, words.When)
			}
		}
		if x.Title == "" || x.Why == "" {
			t.Errorf("%s does not say what it is good for", x.ID)
		}
	}
}
