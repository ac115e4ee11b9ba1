package oncalltest

import (
	"maps"
	"slices"
	"time"

	"frontline/oncall"
	"frontline/people"
)

var _ oncall.Book = Book{}

// Book is what is configured, for tests.
type Book struct {
	Staff   map[string]people.Person
	Turns   map[string]oncall.Rotation
	Ways    map[string]oncall.Policy
	Changes []oncall.Override
}

func lookup[T any](m map[string]T, id string) (T, bool) { v, ok := m[id]; return v, ok }

func sorted[T any](m map[string]T) []T {
	var out []T
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

func (b Book) Person(id string) (people.Person, bool)     { return lookup(b.Staff, id) }
func (b Book) People() []people.Person                    { return sorted(b.Staff) }
func (b Book) Rotation(id string) (oncall.Rotation, bool) { return lookup(b.Turns, id) }
func (b Book) Rotations() []oncall.Rotation               { return sorted(b.Turns) }
func (b Book) Policy(id string) (oncall.Policy, bool)     { return lookup(b.Ways, id) }
func (b Book) Policies() []oncall.Policy                  { return sorted(b.Ways) }
func (b Book) Overrides() []oncall.Override               { return b.Changes }

// Night is Tuesday 2026-11-24, 02:41 in Tallinn. Karl has the turn in the first line until Monday 08:00; the second line begins only in December.
var Night = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

// Verity is a small company's on-call configuration.
func Verity() Book {
	push := func(id string) people.Contact {
		return people.Contact{Channel: "ntfy", Address: "https://push.example/" + id}
	}
	mail := func(id string, after time.Duration) people.Contact {
		return people.Contact{Channel: "email", Address: id + "@verity.example", After: after}
	}
	first := oncall.Rotation{ID: "first-line", Name: "First line", Team: "support", Zone: "Europe/Tallinn", HandoffDay: "monday",
		HandoffTime: "08:00", Start: "2026-11-02", Members: []string{"liis", "wanjiru", "tonis", "karl"}}
	return Book{
		Turns: map[string]oncall.Rotation{
			"first-line":  first,
			"second-line": {ID: "second-line", Name: "Second line", Team: "support", Zone: "Europe/Tallinn", HandoffDay: "monday", HandoffTime: "08:00", Start: "2026-12-07", Members: []string{"aisha"}},
		},
		Ways: map[string]oncall.Policy{
			"critical": {ID: "critical", Name: "Critical", Team: "support", LastResort: "marika", Repeat: 1,
				Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "first-line"}}}, {After: 5 * time.Minute, Targets: []oncall.Target{{Person: "aisha"}}}}},
			"gappy": {ID: "gappy", Name: "Gappy", Team: "support", LastResort: "marika",
				Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "first-line"}}}, {After: 5 * time.Minute, Targets: []oncall.Target{{Rotation: "second-line"}}}}},
			"empty": {ID: "empty", Name: "Empty", Team: "support", LastResort: "marika", Repeat: 3,
				Steps: []oncall.Step{{Targets: []oncall.Target{{Rotation: "second-line"}}}, {After: time.Hour, Targets: []oncall.Target{{Person: "nobody"}}}}},
			"lonely": {ID: "lonely", Name: "Lonely", Team: "support", LastResort: "gone", Steps: []oncall.Step{{Targets: []oncall.Target{{Person: "gone"}}}}},
			"patient": {ID: "patient", Name: "Patient", Team: "support", LastResort: "marika", Pause: time.Minute, Repage: 10 * time.Minute,
				Steps: []oncall.Step{{After: 90 * time.Second, Targets: []oncall.Target{{Person: "karl"}, {Rotation: "first-line"}, {Person: "aisha"}}}}},
		},
		Staff: map[string]people.Person{
			"liis":    {ID: "liis", Name: "Liis Tamm", Role: people.Support, Contacts: []people.Contact{push("liis")}},
			"karl":    {ID: "karl", Name: "Karl Sepp", Role: people.Support, Contacts: []people.Contact{push("karl"), mail("karl", 2*time.Minute)}},
			"wanjiru": {ID: "wanjiru", Name: "Wanjiru Kamau", Role: people.Support, Contacts: []people.Contact{push("wanjiru")}},
			"tonis":   {ID: "tonis", Name: "Tõnis Kask", Role: people.Support, Contacts: []people.Contact{push("tonis")}},
			"aisha":   {ID: "aisha", Name: "Aisha Odhiambo", Role: people.Support, Contacts: []people.Contact{push("aisha")}},
			"marika":  {ID: "marika", Name: "Marika Oja", Role: people.Lead, Contacts: []people.Contact{push("marika")}},
			"root":    {ID: "root", Name: "Eduardo Salas", Role: people.Admin, Contacts: []people.Contact{mail("root", 0)}},
			"nobody":  {ID: "nobody", Name: "New Colleague", Role: people.Support},
		},
	}
}
