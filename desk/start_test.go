package desk

import "testing"

func TestTypesToStartFrom(t *testing.T) {
	for _, x := range TypeStarts() {
		x.Team = "support"
		if wrong := x.Check(); len(wrong) > 0 || x.Why == "" || x.Help == "" {
			t.Errorf("%s: %v", x.ID, wrong)
		}
	}
}
