package config

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// memory is a store that keeps rows in a map.
type memory struct {
	version int64
	rows    map[key]Row
	entries []journal.Entry
	saved   []Version
}

func (m *memory) DefinitionsVersion(context.Context) (int64, error) { return m.version, nil }

func (m *memory) Definitions(context.Context) (int64, []Row, error) { return m.version, m.all(), nil }

func (m *memory) DefinitionVersions(context.Context, string, string) ([]Version, error) {
	return m.saved, nil
}

func (m *memory) all() []Row {
	var out []Row
	for _, r := range m.rows {
		out = append(out, r)
	}
	return out
}

func (m *memory) ChangeDefinitions(_ context.Context, decide func(int64, []Row) ([]Row, journal.Consequences, error)) error {
	changed, then, err := decide(m.version, m.all())
	if err != nil {
		return err
	}
	for _, r := range changed {
		m.rows[key{r.Kind, r.ID}] = r
		if r.By != "" {
			m.saved = append([]Version{{Number: int64(len(m.saved) + 1), Body: r.Body, By: r.By, Retired: r.Retired}}, m.saved...)
		}
		m.version++
	}
	m.entries = append(m.entries, then.Entries...)
	return nil
}

var admin = people.Actor{Kind: people.ByPerson, ID: "marika", Role: people.Admin, Via: "test"}

func setUp() (*Config, *memory) {
	m := &memory{rows: map[key]Row{}}
	mail := func(a string) error {
		if !strings.Contains(a, "@") {
			return fault.New(fault.Invalid, "%q is no mail address.", a)
		}
		return nil
	}
	return New(m, clock.NewMoved(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)), func(string) string { return "" }, Known{Channels: map[string]func(string) error{"email": mail}}), m
}

const verity = `# who we are
teams:
  - id: support
    name: Technical support
    lead: marika
people:
  - id: marika
    name: Marika Oja
    email: marika@verity.example
    role: admin
    teams: [support]
    contacts:
      - channel: email
        address: marika@verity.example
        after: 90s
`

func apply(t *testing.T, c *Config, a Apply) (Applied, error) {
	t.Helper()
	if a.Folder == "" {
		a.Folder = "verity"
	}
	return c.Apply(t.Context(), admin, a)
}

func file(text string) []File { return []File{{Name: "people.yaml", Content: text}} }

func TestApplyAddsChangesAndRetires(t *testing.T) {
	c, m := setUp()
	done, err := apply(t, c, Apply{Files: file(verity)})
	if err != nil || len(done.Changes) != 2 {
		t.Fatalf("Apply = %+v %v, want two added", done, err)
	}
	book, err := c.Book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, ok := book.PersonByEmail("MARIKA@verity.example")
	if !ok || p.Contacts[0].After != 90*time.Second {
		t.Errorf("person = %+v %v, want Marika with a contact after 90 s", p, ok)
	}
	done, err = apply(t, c, Apply{Files: file(verity)})
	if err != nil || len(done.Changes) != 0 || done.Unchanged != 2 {
		t.Errorf("applying the same again = %+v %v, want nothing changed", done, err)
	}
	more := verity + "  - {id: liis, name: Liis Tamm, email: liis@verity.example, role: support}\n"
	if _, err := apply(t, c, Apply{Files: file(more)}); err != nil {
		t.Fatal(err)
	}
	done, err = apply(t, c, Apply{Files: file(verity)})
	if err != nil || len(done.Changes) != 1 || done.Changes[0].What != "removed" {
		t.Errorf("leaving Liis out = %+v %v, want her removed", done, err)
	}
	book, _ = c.Book(t.Context())
	if _, ok := book.Person("liis"); ok || book.Name("person", "liis") != "Liis Tamm" {
		t.Error("Liis is retired: she is gone, but her name is still known")
	}
	if len(m.entries) != 4 {
		t.Errorf("%d journal entries, want one for each of the four changes", len(m.entries))
	}
}

func TestApplyRefusesWithPlaceAndWhatIsRight(t *testing.T) {
	tests := map[string]struct{ text, place, say string }{
		"unknown list":    {"poeple: []\n", "people.yaml:1:1", `Did you mean "people"?`},
		"unknown field":   {strings.Replace(verity, "    role:", "    rolle:", 1), "people.yaml:10:5", `Did you mean "role"?`},
		"bad value":       {strings.Replace(verity, "role: admin", "role: boss", 1), "people.yaml:10:11", "member, support, lead or admin"},
		"dangling":        {strings.Replace(verity, "lead: marika", "lead: mariga", 1), "people.yaml:5:11", `Did you mean "marika"?`},
		"bad duration":    {strings.Replace(verity, "90s", "soon", 1), "people.yaml:15:16", "cannot be read"},
		"unknown channel": {strings.Replace(verity, "channel: email", "channel: emial", 1), "people.yaml:13:18", `Did you mean "email"?`},
		"bad address":     {strings.Replace(verity, "        address: marika@verity.example", "        address: marika", 1), "people.yaml:14:18", "no mail address"},
		"twice":           {verity + verity[strings.Index(verity, "  - id: marika"):], "people.yaml:16:9", "stands in people.yaml:7:5 already"},
		"deep unknown":    {strings.Replace(verity, "after:", "afterr:", 1), "people.yaml:15:9", "afterr"},
		"broken":          {"people: [\n", "people.yaml:1:9", "cannot be read"},
		"not a list":      {"people: marika\n", "people.yaml:1:9", "begins with a dash"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, m := setUp()
			_, err := apply(t, c, Apply{Files: file(tt.text)})
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("Apply = %v, want invalid", err)
			}
			var found bool
			for _, f := range fault.FieldsOf(err) {
				found = found || f.Name == tt.place && strings.Contains(f.Say, tt.say)
			}
			if !found {
				t.Errorf("problems %q, want %s with %q", fault.FieldsOf(err), tt.place, tt.say)
			}
			if len(m.rows) != 0 {
				t.Errorf("%d rows were written: it is all or nothing", len(m.rows))
			}
		})
	}
}

func TestOwnershipAndAdopt(t *testing.T) {
	c, _ := setUp()
	if _, err := apply(t, c, Apply{Files: file(verity)}); err != nil {
		t.Fatal(err)
	}
	if _, err := apply(t, c, Apply{Folder: "other", Files: file(verity)}); !fault.Is(err, fault.Invalid) {
		t.Fatalf("another folder took over: %v", err)
	}
	done, err := apply(t, c, Apply{Folder: "other", Files: file(verity), Adopt: true})
	if err != nil || done.Changes[0].What != "adopted" {
		t.Fatalf("Apply with Adopt = %+v %v", done, err)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	c, m := setUp()
	done, err := apply(t, c, Apply{Files: file(verity), DryRun: true})
	if err != nil || len(done.Changes) != 2 || len(m.rows) != 0 {
		t.Fatalf("dry run = %+v %v with %d rows, want two changes and none written", done, err, len(m.rows))
	}
}

func TestRetiringWhatOthersNeedIsRefused(t *testing.T) {
	c, _ := setUp()
	if _, err := apply(t, c, Apply{Folder: "a", Files: file("teams:\n  - {id: support, name: Support}\n")}); err != nil {
		t.Fatal(err)
	}
	liis := "people:\n  - {id: liis, name: Liis Tamm, email: liis@verity.example, role: support, teams: [support]}\n"
	if _, err := apply(t, c, Apply{Folder: "b", Files: file(liis)}); err != nil {
		t.Fatal(err)
	}
	_, err := apply(t, c, Apply{Folder: "a", Files: nil})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), `The person "liis"`) {
		t.Fatalf("retiring the team that Liis belongs to: %v, want a refusal that names her", err)
	}
}

func TestExportAppliesBackUnchanged(t *testing.T) {
	c, _ := setUp()
	csv := File{Name: "customers.csv", Content: "id,name,tier,components\nnordpank,Nordpank,platinum,decisions\n"}
	component := File{Name: "components.yaml", Content: "components:\n  - {id: decisions, name: Decisions, group: Verification}\n"}
	if _, err := apply(t, c, Apply{Files: append(file(verity), csv, component)}); err != nil {
		t.Fatal(err)
	}
	files, err := c.Export(t.Context(), admin, "verity")
	if err != nil {
		t.Fatal(err)
	}
	done, err := apply(t, c, Apply{Files: files})
	if err != nil || len(done.Changes) != 0 {
		t.Errorf("applying the export = %+v %v, want no change; files: %s", done, err, cmp.Diff(nil, files))
	}
}

func TestOnlyAdminsApply(t *testing.T) {
	c, _ := setUp()
	liis := people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Support}
	if _, err := c.Apply(t.Context(), liis, Apply{Folder: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("Apply by support: %v, want forbidden", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("people.yaml", verity)
	f.Add("customers.csv", "id,name\nnordpank,Nordpank\n\"")
	f.Add("x.yaml", "people: &a\n- *a\n- <<: *a\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		objects, problems := read([]File{{Name: name, Content: text}})
		for _, o := range objects {
			_ = o.place()
		}
		for _, p := range problems {
			if p.Say == "" {
				t.Error("a problem without a sentence")
			}
		}
	})
}

func TestOneStatusPage(t *testing.T) {
	c, _ := setUp()
	one := "status_pages:\n- id: verity\n  name: Verity status\n  url: https://status.verity.example\n  zone: Europe/Tallinn\n"
	if _, err := apply(t, c, Apply{Files: file(one)}); err != nil {
		t.Fatal(err)
	}
	book, err := c.Book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := book.StatusPage(); !ok || p.Name != "Verity status" || p.Zone != "Europe/Tallinn" {
		t.Errorf("StatusPage = %+v %v", p, ok)
	}
	_, err = apply(t, c, Apply{Files: file(one + "- id: second\n  name: Another\n  url: status.example\n  components: [ghost]\n")})
	var say strings.Builder
	for _, f := range fault.FieldsOf(err) {
		say.WriteString(f.Say + "\n")
	}
	for _, want := range []string{"there can be one only", `There is no component "ghost"`, "no web address"} {
		if !strings.Contains(say.String(), want) {
			t.Errorf("problems lack %q: %s", want, say.String())
		}
	}
}
