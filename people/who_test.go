package people_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/people"
)

// TestWhoIsInAList is the matrix of entries and actors, as it is meant.
func TestWhoIsInAList(t *testing.T) {
	actors := map[string]people.Actor{
		"liis, support of fraud":  {Kind: people.ByPerson, ID: "liis", Role: people.Support, Teams: []string{"fraud"}},
		"karl, lead of nothing":   {Kind: people.ByPerson, ID: "karl", Role: people.Lead},
		"rasmus, member":          {Kind: people.ByPerson, ID: "rasmus", Role: people.Member},
		"marika, admin":           {Kind: people.ByPerson, ID: "marika", Role: people.Admin},
		"somebody without a role": {Kind: people.ByPerson, ID: "liis", Teams: []string{"fraud"}},
		"a token of no person":    {Kind: people.ByToken, ID: "liis", Role: people.Support, Teams: []string{"fraud"}},
		"a rule":                  {Kind: people.ByRule, ID: "liis", Role: people.Support, Teams: []string{"fraud"}},
		"liis by a capped token":  {Kind: people.ByPerson, ID: "liis", Role: people.Member, Teams: []string{"fraud"}, Capped: true},
		"a source":                {Kind: people.BySource, ID: "liis", Role: people.Admin, Teams: []string{"fraud"}},
		"a link":                  {Kind: people.ByLink, ID: "liis", Role: people.Admin, Teams: []string{"fraud"}},
		"nobody":                  {Kind: people.Nobody, ID: "liis", Role: people.Admin, Teams: []string{"fraud"}},
	}
	for entry, in := range map[people.Who][]string{
		"person:liis":   {"liis, support of fraud", "marika, admin"},
		"team:fraud":    {"liis, support of fraud", "marika, admin"},
		"role:member":   {"liis, support of fraud", "karl, lead of nothing", "rasmus, member", "marika, admin", "a token of no person", "a rule"},
		"role:support":  {"liis, support of fraud", "karl, lead of nothing", "marika, admin", "a token of no person", "a rule"},
		"role:lead":     {"karl, lead of nothing", "marika, admin"},
		"role:admin":    {"marika, admin"},
		"person:nobody": {"marika, admin"},
		"role:owner":    {"marika, admin"},
		"liis":          {"marika, admin"},
	} {
		s := people.Subject{Kind: "action", Allow: map[people.Verb][]people.Who{people.RunChangeAction: {entry}}}
		for name, a := range actors {
			err := people.May(a, people.RunChangeAction, s)
			if (err == nil) != slices.Contains(in, name) {
				t.Errorf("%s with only %s allowed: %v", name, entry, err)
			}
			if err != nil && !strings.HasSuffix(fault.Sentence(err), ".") {
				t.Errorf("%q is no sentence", fault.Sentence(err))
			}
		}
	}
}

// TestAListIsForItsVerbAlone: what a list says of one verb changes no other, and nobody learns by it of what they may not see.
func TestAListIsForItsVerbAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := people.Actor{Kind: people.ByPerson, ID: rapid.SampledFrom([]string{"liis", "karl"}).Draw(t, "id"), Capped: rapid.Bool().Draw(t, "capped"),
			Role: rapid.SampledFrom(people.Roles()).Draw(t, "role"), Teams: rapid.SliceOfN(rapid.SampledFrom([]string{"fraud", "support"}), 0, 2).Draw(t, "teams")}
		some := rapid.SliceOfN(rapid.SampledFrom([]people.Who{"person:liis", "team:fraud", "team:support", "role:lead", "role:member"}), 1, 3)
		verb, listed, list, seen := someVerb().Draw(t, "verb"), someVerb().Draw(t, "listed"), some.Draw(t, "list"), some.Draw(t, "seen")
		plain, s := people.Subject{Kind: "action"}, people.Subject{Kind: "action", Allow: map[people.Verb][]people.Who{listed: list}}
		if err := people.May(a, verb, s); listed != verb && (err == nil) != (people.May(a, verb, plain) == nil) {
			t.Fatalf("a list for %s changed %s: %v", listed, verb, err)
		}
		if a.Capped && people.May(a, verb, s) == nil && people.May(a, verb, plain) != nil {
			t.Fatal("a list lifted a capped token")
		}
		s.SeenBy = seen
		sees := a.Role == people.Admin || slices.ContainsFunc(seen, func(w people.Who) bool { return w.In(a) })
		if err := people.May(a, verb, s); fault.Is(err, fault.NotFound) == sees {
			t.Fatalf("May = %v, though they see it: %v", err, sees)
		}
	})
}

func TestWhatAnEntryMustBe(t *testing.T) {
	for entry, right := range map[people.Who]bool{"person:liis": true, "team:fraud": true, "role:lead": true, "role:boss": false, "liis": false, "": false, "team:": false, "group:x": false} {
		if err := entry.Check(); (err == nil) != right {
			t.Errorf("%q: %v", entry, err)
		}
	}
	if n, certain := people.Count([]people.Who{"person:liis", "person:karl", "person:liis"}); n != 2 || !certain {
		t.Errorf("Count = %d, %v, want 2 people", n, certain)
	}
	if _, certain := people.Count([]people.Who{"person:liis", "team:fraud"}); certain {
		t.Error("a team is counted")
	}
}
