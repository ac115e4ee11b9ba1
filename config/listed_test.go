package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListedAndDetail(t *testing.T) {
	c, _ := setUp()
	if _, err := apply(t, c, Apply{Files: file(verity + "  - {id: liis, name: Liis Tamm, email: liis@verity.example, role: support, teams: [support]}\n")}); err != nil {
		t.Fatal(err)
	}
	book, err := c.Book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	team := Listed{Kind: "team", Key: "teams", ID: "support", Name: "Technical support", Folder: "verity"}
	liis := Listed{Kind: "person", Key: "people", ID: "liis", Name: "Liis Tamm", Folder: "verity"}
	marika := Listed{Kind: "person", Key: "people", ID: "marika", Name: "Marika Oja", Folder: "verity"}
	if d := cmp.Diff([]Listed{team, liis, marika}, book.Listed()); d != "" {
		t.Errorf("listed (-want +got):\n%s", d)
	}
	d, ok := book.Detail("team", "support")
	if !ok || cmp.Diff([]Listed{marika}, d.Names) != "" || cmp.Diff([]Listed{liis, marika}, d.NamedBy) != "" {
		t.Errorf("the team names %v and is named by %v", d.Names, d.NamedBy)
	}
	if !strings.Contains(d.Text, "teams:\n  - id: support\n    name: Technical support") {
		t.Errorf("its text is\n%s", d.Text)
	}
	if done, err := apply(t, c, Apply{Files: []File{{Name: "team.yaml", Content: d.Text}, {Name: "people.yaml", Content: text(t, book, "person", "liis")}, {Name: "more.yaml", Content: text(t, book, "person", "marika")}}}); err != nil || len(done.Changes) != 0 {
		t.Errorf("applying the texts again = %+v, %v; want nothing changed", done, err)
	}
	for _, unknown := range []string{"nobody", ""} {
		if _, ok := book.Detail("person", unknown); ok {
			t.Errorf("there is a person %q", unknown)
		}
	}
}

func text(t *testing.T, b *Book, kind, id string) string {
	t.Helper()
	d, ok := b.Detail(kind, id)
	if !ok {
		t.Fatalf("no %s %s", kind, id)
	}
	return d.Text
}
