package store

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"frontline/clock"
	"frontline/journal"
)

// TestStatusPageKnowsPublishedTablesOnly reads the file that serves the status page: every table in its statements is a published
// one.
func TestStatusPageKnowsPublishedTablesOnly(t *testing.T) {
	src, err := os.ReadFile("published.go")
	if err != nil {
		t.Fatal(err)
	}
	tables := regexp.MustCompile(`(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`).FindAllStringSubmatch(string(src), -1)
	if len(tables) < 8 {
		t.Fatalf("found only %d tables in published.go: the pattern is wrong", len(tables))
	}
	for _, m := range tables {
		if !strings.HasPrefix(m[1], "published_") {
			t.Errorf("published.go touches the table %s", m[1])
		}
	}
}

// TestTimelineReadsByIndex holds the query behind every timeline against a scan of the whole journal.
func TestTimelineReadsByIndex(t *testing.T) {
	db := openTest(t, databases["sqlite"](t), clock.NewMoved(start))
	query, args := journalOf([]journal.Subject{journal.Of("incident", "i1"), journal.Of("group", "g1")}, 100)
	plan, err := rows(t.Context(), db.read, func(s scan) (string, error) {
		var id, parent, unused int
		var detail string
		err := s(&id, &parent, &unused, &detail)
		return detail, err
	}, `EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(plan, "; "); strings.Contains(all, "SCAN journal") || !strings.Contains(all, "journal_about") {
		t.Errorf("the plan is: %s", all)
	}
}
