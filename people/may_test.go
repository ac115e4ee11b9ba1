package people_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/people"
)

// allowed is the table once more, as it is meant: for each verb, who of member, support, lead and admin may.
const allowed = `
alert.see                   member support lead admin
alert.handle                -      support lead admin
alert.signal                -      -       -    -
alert.test                  -      -       lead admin
oncall.see                  member support lead admin
oncall.test_page            member support lead admin
oncall.override             -      -       lead admin
oncall.page                 -      support lead admin
incident.see                member support lead admin
incident.declare            member support lead admin
incident.work               -      support lead admin
incident.publish            -      support lead admin
incident.read_postmortem    member support lead admin
incident.write_postmortem   -      support lead admin
incident.finish_follow_up   member support lead admin
action.see                  member support lead admin
action.run_read             -      support lead admin
action.run_change           -      support lead admin
action.run_danger           -      -       lead admin
action.cancel               -      support lead admin
action.replay               -      support lead admin
action.drop                 -      -       lead admin
action.approve              -      -       lead admin
action.review               -      -       lead admin
action.break_glass          -      support lead admin
action.answer               -      support lead admin
desk.ask                    member support lead admin
desk.see                    member support lead admin
desk.work                   -      support lead admin
desk.manage_demands         -      support lead admin
desk.manage_types           -      -       lead admin
desk.hold_words             -      -       lead admin
answer.read                 member support lead admin
answer.write                -      support lead admin
insight.see                 member support lead admin
thanks.see                  member support lead admin
thanks.give                 member support lead admin
thanks.remove               -      -       lead admin
watch.see                   member support lead admin
watch.send                  -      support lead admin
watch.judge                 -      support lead admin
rule.see                    member support lead admin
rule.try                    -      support lead admin
rule.pause                  -      -       lead admin
catalog.see                 member support lead admin
journal.see                 -      support lead admin
people.own_tokens           member support lead admin
people.manage               -      -       -    admin
config.apply                -      -       -    admin
config.export               -      -       lead admin
system.see                  member support lead admin
runner.see                  -      support lead admin
runner.manage               -      -       -    admin
secret.see                  -      support lead admin
secret.manage               -      -       lead admin
privacy.own                 member support lead admin
privacy.erase               -      -       -    admin
`

// answers are the verbs that only a person may use, whatever role a program has.
var answers = []people.Verb{people.ApproveRun, people.ReviewRun, people.BreakGlass, people.AnswerStep, people.GiveThanks}

func table(t *testing.T) map[people.Verb][]string {
	t.Helper()
	rows := map[people.Verb][]string{}
	for line := range strings.Lines(strings.TrimSpace(allowed)) {
		words := strings.Fields(line)
		if len(words) != 5 {
			t.Fatalf("the table has a line that is no row: %q", line)
		}
		rows[people.Verb(words[0])] = words[1:]
	}
	return rows
}

func TestEveryVerbAndEveryRole(t *testing.T) {
	rows := table(t)
	for _, verb := range people.Verbs() {
		row, ok := rows[verb]
		if !ok {
			t.Errorf("%s is not in this test's table: say who may", verb)
			continue
		}
		for i, role := range people.Roles() {
			for _, kind := range []people.ActorKind{people.ByPerson, people.ByToken, people.ByRule} {
				err := people.May(people.Actor{Kind: kind, ID: "x", Role: role}, verb, people.Subject{})
				want := row[i] == string(role) && (kind == people.ByPerson || !slices.Contains(answers, verb))
				if (err == nil) != want {
					t.Errorf("May(%s %s, %s) = %v, want allowed: %v", kind, role, verb, err, want)
				}
				if err != nil && !fault.Is(err, fault.Forbidden) {
					t.Errorf("May(%s %s, %s) is %s, want forbidden", kind, role, verb, fault.KindOf(err))
				}
			}
		}
	}
}

// TestVerbsListsEveryVerb reads the constants from the source, so that a new verb cannot be left out of the list and the table.
func TestVerbsListsEveryVerb(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "may.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Verb" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, text)
		}
		return true
	})
	var listed, tabled []string
	for _, v := range people.Verbs() {
		listed = append(listed, string(v))
	}
	for v := range table(t) {
		tabled = append(tabled, string(v))
	}
	for _, l := range [][]string{declared, listed, tabled} {
		slices.Sort(l)
	}
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("Verbs() differs from the constants (-constants +Verbs):\n%s", diff)
	}
	if diff := cmp.Diff(declared, tabled); diff != "" {
		t.Errorf("this test's table differs from the constants (-constants +table):\n%s", diff)
	}
}

func TestLeastRoleAgreesWithMay(t *testing.T) {
	for _, verb := range people.Verbs() {
		least, ok := people.LeastRole(verb)
		var first people.Role
		for _, r := range slices.Backward(people.Roles()) {
			if people.May(people.Actor{Kind: people.ByPerson, Role: r}, verb, people.Subject{}) == nil {
				first = r
			}
		}
		if ok != (first != "") || least != first {
			t.Errorf("LeastRole(%s) = %q %v, but the least that may is %q", verb, least, ok, first)
		}
	}
}

func someVerb() *rapid.Generator[people.Verb] { return rapid.SampledFrom(people.Verbs()) }

func someSubject() *rapid.Generator[people.Subject] {
	return rapid.Custom(func(t *rapid.T) people.Subject {
		return people.Subject{
			Kind:       rapid.SampledFrom([]string{"page", "alert", "incident"}).Draw(t, "kind"),
			ID:         rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "id"),
			Team:       rapid.SampledFrom([]string{"", "first-line", "payments"}).Draw(t, "team"),
			Visibility: rapid.SampledFrom([]people.Visibility{"", people.Everyone, people.TeamOnly, people.NamedOnly}).Draw(t, "visibility"),
			Named:      rapid.SliceOfN(rapid.SampledFrom([]string{"liis", "karl"}), 0, 2).Draw(t, "named"),
		}
	})
}

func TestALinkIsForOneThingOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grant, can := someSubject().Draw(t, "grant"), someVerb().Draw(t, "can")
		subject, verb := someSubject().Draw(t, "subject"), someVerb().Draw(t, "verb")
		role := rapid.SampledFrom(append(people.Roles(), "")).Draw(t, "role") // a link has none, and one would not help
		link := people.Actor{Kind: people.ByLink, ID: "liis", Role: role, Grant: &grant, Can: can}
		want := can == verb && grant.Kind == subject.Kind && grant.ID == subject.ID
		err := people.May(link, verb, subject)
		if (err == nil) != want {
			t.Fatalf("May = %v, want allowed: %v", err, want)
		}
		if err != nil && !fault.Is(err, fault.Forbidden) {
			t.Fatalf("May is %s, want forbidden", fault.KindOf(err))
		}
		link.Grant = nil
		if people.May(link, verb, subject) == nil {
			t.Fatal("a link without a grant may do something")
		}
	})
}

func TestWhoHasNoRole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		verb, subject := someVerb().Draw(t, "verb"), someSubject().Draw(t, "subject")
		if err := people.May(people.Actor{Kind: people.BySource, ID: "prod", Role: people.Admin}, verb, subject); (err == nil) != (verb == people.SendSignals || verb == people.AskDesk) {
			t.Fatalf("a source: May(%s) = %v, want only %s and %s", verb, err, people.SendSignals, people.AskDesk)
		}
		for _, nobody := range []people.Actor{people.Anonymous("screen"), {}, {Role: people.Admin}} {
			if err := people.May(nobody, verb, subject); !fault.Is(err, fault.Unauthenticated) {
				t.Fatalf("nobody: May = %v, want unauthenticated", err)
			}
		}
		if err := people.May(people.System("job"), verb, subject); (err == nil) == slices.Contains(answers, verb) {
			t.Fatalf("Frontline itself: May(%s) = %v", verb, err)
		}
		if people.May(people.Actor{Kind: people.ByPerson, ID: "liis", Role: "owner"}, verb, subject) == nil {
			t.Fatal("somebody with an unknown role may do something")
		}
	})
}

func TestWhatOneMayNotKnowOfIsNotFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		verb, subject := someVerb().Draw(t, "verb"), someSubject().Draw(t, "subject")
		a := people.Actor{
			Kind: people.ByPerson, ID: rapid.SampledFrom([]string{"liis", "karl", "rasmus"}).Draw(t, "id"),
			Role:  rapid.SampledFrom(people.Roles()).Draw(t, "role"),
			Teams: rapid.SliceOfN(rapid.SampledFrom([]string{"first-line", "payments"}), 0, 2).Draw(t, "teams"),
		}
		sees := a.Role == people.Admin
		switch subject.Visibility {
		case people.TeamOnly:
			sees = sees || slices.Contains(a.Teams, subject.Team)
		case people.NamedOnly:
			sees = sees || slices.Contains(subject.Named, a.ID)
		default:
			sees = true
		}
		err := people.May(a, verb, subject)
		if fault.Is(err, fault.NotFound) == sees {
			t.Fatalf("May(%+v, %s, %+v) = %v, though they see it: %v", a, verb, subject, err, sees)
		}
		open := subject
		open.Visibility = people.Everyone
		if sees && (err == nil) != (people.May(a, verb, open) == nil) {
			t.Fatal("visibility changed what one who sees the subject may do")
		}
	})
}
