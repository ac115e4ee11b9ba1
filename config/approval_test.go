package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/people"
)

// TestTheDocumentedApproval applies the definition of docs/approvals.md as it stands there, and exports it unchanged.
func TestTheDocumentedApproval(t *testing.T) {
	text, err := os.ReadFile("../docs/approvals.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	c, _ := setUp()
	folder := verity + block
	if _, err := apply(t, c, Apply{Folder: "verity", Files: file(folder)}); err == nil || !strings.Contains(err.Error(), `There is no team "platform"`) {
		t.Fatalf("with a team that is not there: %v", err)
	}
	folder = strings.Replace(folder, "teams:\n", "teams:\n  - {id: platform, name: Platform}\n", 1)
	if _, err := apply(t, c, Apply{Folder: "verity", Files: file(folder)}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // as it was applied, and as it was exported
		b, err := c.Book(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d, _ := b.Action("pods/drain")
		want := action.Allow{See: []people.Who{"team:platform", "role:support"}, Run: []people.Who{"role:support"}, Approve: []people.Who{"team:platform"}, Cancel: []people.Who{"role:support"}}
		if diff := cmp.Diff(want, d.Allow); diff != "" {
			t.Errorf("allow (-want +got):\n%s", diff)
		}
		if n, within := d.Approvals(); n != 2 || within != 30*time.Minute || d.Limits.Budget.Most != 20 || d.Limits.Budget.Window() != 12*time.Hour {
			t.Errorf("%d yes within %v, budget %+v", n, within, d.Limits.Budget)
		}
		files, err := c.Export(t.Context(), admin, "verity")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := apply(t, c, Apply{Folder: "verity", Files: files}); err != nil {
			t.Fatal(err)
		}
	}
}
