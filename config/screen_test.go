package config

import (
	"strings"
	"testing"

	"frontline/desk"
	"frontline/fault"
	"frontline/form"
	"frontline/people"
)

const teamsOfVerity = `teams:
  - {id: support, name: Technical support, lead: liis}
  - {id: payments, name: Payments}
  - {id: finance, name: Finance}
people:
  - {id: liis, name: Liis Tamm, email: liis@verity.example, role: support, teams: [support]}
  - {id: karl, name: Karl Sepp, email: karl@verity.example, role: support, teams: [support]}
  - {id: wanjiru, name: Wanjiru Kamau, email: wanjiru@verity.example, role: lead, teams: [payments]}
request_types:
  - {id: question, title: A question, team: support}
service_levels:
  - {id: quick, title: Quick, types: [refund], goals: [{kind: first_reply, within: 1h}]}
`

func refund() desk.Type {
	return desk.Type{ID: "refund", Title: "A refund is missing", Team: "payments", Inputs: []form.Input{{Name: "amount", Label: "How much?", Type: form.Number, Required: true}}}
}

func person(b *Book, id string) people.Actor {
	p, _ := b.Person(id)
	return people.As(p, "screen")
}

// A lead makes types for the team that they lead: every version is kept, nobody overwrites what they did not see, export writes it back, and what a folder
// owns is changed there.
func TestTypesAreMadeOnAScreen(t *testing.T) {
	c, m := setUp()
	apply := func(text string) error {
		_, err := c.Apply(t.Context(), admin, Apply{Folder: "verity", Files: []File{{Name: "verity.yaml", Content: text}}})
		return err
	}
	book := func() *Book {
		b, err := c.Book(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(apply(strings.Split(teamsOfVerity, "service_levels")[0]))
	wanjiru, karl, liis := person(book(), "wanjiru"), person(book(), "karl"), person(book(), "liis")
	must(c.SaveType(t.Context(), wanjiru, refund(), ""))
	first := book().Mark("request_type", "refund")
	second := refund()
	second.Help = "Also when it came twice."
	must(c.SaveType(t.Context(), wanjiru, second, first))
	must(c.SaveType(t.Context(), wanjiru, second, book().Mark("request_type", "refund"))) // nothing changes, and no version is made

	moved, wrong, missing, folder := second, second, second, second
	moved.Team = "support"
	wrong.Title, wrong.Inputs = "", []form.Input{{Name: "amount", Type: form.Secret}}
	missing.Service = "none"
	folder.ID, folder.Team = "question", "support"
	seen := book().Mark("request_type", "refund")
	for name, x := range map[string]struct {
		by   people.Actor
		t    desk.Type
		seen string
		kind fault.Kind
	}{
		"another team's lead":     {liis, second, seen, fault.Forbidden},
		"no lead":                 {karl, second, seen, fault.Forbidden},
		"to a team that is not":   {wanjiru, moved, seen, fault.Forbidden},
		"what was not seen":       {wanjiru, second, first, fault.Conflict},
		"a new one of its id":     {wanjiru, second, "", fault.Invalid},
		"asks for secrets":        {wanjiru, wrong, seen, fault.Invalid},
		"no such service":         {wanjiru, missing, seen, fault.Invalid},
		"of a folder":             {liis, folder, book().Mark("request_type", "question"), fault.Conflict},
		"a token of nobody":       {people.Actor{Kind: people.ByToken, ID: "t", Role: people.Admin}, second, seen, fault.Forbidden},
		"gone, but still changed": {wanjiru, desk.Type{ID: "gone", Title: "Gone", Team: "payments"}, "abc", fault.Conflict},
	} {
		if err := c.SaveType(t.Context(), x.by, x.t, x.seen); !fault.Is(err, x.kind) {
			t.Errorf("%s: %v, want %s", name, err, x.kind)
		}
	}
	vs, err := c.TypeVersions(t.Context(), wanjiru, "refund")
	if err != nil || len(vs) != 2 || vs[0].Help == "" || vs[1].Help != "" || vs[0].By != "wanjiru" {
		t.Errorf("versions %+v, %v", vs, err)
	}
	files, err := c.Export(t.Context(), admin, "")
	if err != nil || len(files) != 1 || !strings.Contains(files[0].Content, "Also when it came twice.") || strings.Contains(files[0].Content, "question") {
		t.Errorf("export %+v, %v", files, err)
	}
	if err := apply(teamsOfVerity); err != nil {
		t.Errorf("a folder may name a type of the screens: %v", err)
	}
	if err := c.RetireType(t.Context(), wanjiru, "refund", seen); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "quick") {
		t.Errorf("a type that a service level names is retired: %v", err)
	}
	must(apply(strings.Split(teamsOfVerity, "service_levels")[0]))
	must(c.RetireType(t.Context(), wanjiru, "refund", seen))
	if book().Has("request_type", "refund") {
		t.Error("it is there still")
	}
	must(c.SaveType(t.Context(), wanjiru, refund(), "")) // and made again
	for _, e := range m.entries[len(m.entries)-1:] {
		if e.Verb != "config.added" || e.Actor.ID != "wanjiru" || e.Subject.ID != "refund" {
			t.Errorf("the journal says %+v", e)
		}
	}
}
