package incident

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"frontline/catalog"
	"frontline/people"
)

// Verity is a small company as its configuration describes it. Tests of the whole wing use it too.
type Verity struct {
	people     []people.Person
	services   []catalog.Service
	components []catalog.Component
	customers  []catalog.Customer
}

var _ Directory = (*Verity)(nil)

// NewVerity returns the company.
func NewVerity() *Verity {
	return &Verity{
		people: []people.Person{
			{ID: "liis", Name: "Liis Tamm", Email: "liis@verity.example", Role: people.Support, Teams: []string{"frontline"}},
			{ID: "karl", Name: "Karl Sepp", Email: "karl@verity.example", Role: people.Support, Teams: []string{"frontline"}},
			{ID: "marika", Name: "Marika Oja", Email: "marika@verity.example", Role: people.Lead},
			{ID: "wanjiru", Name: "Wanjiru Kamau", Email: "wanjiru@verity.example", Role: people.Member},
			{ID: "rasmus", Name: "Rasmus Põder", Email: "rasmus@verity.example", Role: people.Member},
			{ID: "tonis", Name: "Tõnis Kask", Role: people.Member},
		},
		services: []catalog.Service{
			{ID: "decision-pipeline", Name: "Decision pipeline", Team: "frontline", Policy: "frontline", Components: []string{"checks"}, Stakeholders: []string{"marika", "wanjiru"}},
			{ID: "webhooks", Name: "Webhooks", Team: "frontline", Policy: "frontline", Components: []string{"webhooks"}, Stakeholders: []string{"wanjiru", "rasmus"}},
		},
		components: []catalog.Component{
			{ID: "checks", Name: "Document checks", Group: "Verification"},
			{ID: "faces", Name: "Face checks", Group: "Verification"},
			{ID: "webhooks", Name: "Webhooks", Description: "What we send to your systems"},
		},
		customers: []catalog.Customer{
			{ID: "nordpank", Name: "Nordpank", Tier: "platinum", Owner: "wanjiru", Components: []string{"checks", "faces"}},
			{ID: "lumo", Name: "Lumo Exchange", Tier: "gold", Components: []string{"checks", "webhooks"}},
			{ID: "kivi", Name: "Kivi Credit", Components: []string{"faces"}},
		},
	}
}

func find[T any](all []T, is func(T) bool) (T, bool) {
	i := slices.IndexFunc(all, is)
	if i < 0 {
		var none T
		return none, false
	}
	return all[i], true
}

func (v *Verity) Person(id string) (people.Person, bool) {
	return find(v.people, func(p people.Person) bool { return p.ID == id })
}

func (v *Verity) Service(id string) (catalog.Service, bool) {
	return find(v.services, func(s catalog.Service) bool { return s.ID == id })
}

func (v *Verity) Component(id string) (catalog.Component, bool) {
	return find(v.components, func(c catalog.Component) bool { return c.ID == id })
}

func (v *Verity) Components() []catalog.Component { return v.components }
func (v *Verity) Customers() []catalog.Customer   { return v.customers }

// As returns the person as an actor.
func (v *Verity) As(t testing.TB, id string) people.Actor {
	t.Helper()
	p, ok := v.Person(id)
	if !ok {
		t.Fatalf("there is no %s at Verity", id)
	}
	return people.As(p, "screen")
}

var noon = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)

// table plays the store for decisions: it keeps one incident and the status page, and hands out ids in order.
type table struct {
	book *Verity
	inc  Incident
	page Published
	now  time.Time
	ids  int
	last Change
}

func newTable() *table {
	return &table{book: NewVerity(), inc: Incident{ID: "i1", Number: 31}, now: noon}
}

func (x *table) id() string { x.ids++; return fmt.Sprintf("id%d", x.ids) }

// decide runs one decision and keeps what it left.
func (x *table) decide(a people.Actor, rule func(*turn) error) error {
	turn := newTurn(a, x.book, Current{Incident: x.inc, Now: x.now, NewID: x.id, Page: x.page})
	err := rule(turn)
	if err != nil {
		return err
	}
	x.last = turn.done()
	x.inc = x.last.Incident
	x.keep(x.last.Publication)
	return nil
}

// keep plays the four published tables.
func (x *table) keep(p Publication) {
	if p.Page != nil {
		x.page.Page = *p.Page
	}
	for _, c := range p.Components {
		i := slices.IndexFunc(x.page.Components, func(old PublishedComponent) bool { return old.ID == c.ID })
		if i < 0 {
			x.page.Components = append(x.page.Components, c)
			continue
		}
		x.page.Components[i] = c
	}
	if p.Incident != nil {
		fresh := *p.Incident
		i := slices.IndexFunc(x.page.Incidents, func(old PublishedIncident) bool { return old.ID == fresh.ID })
		if i < 0 {
			x.page.Incidents = append([]PublishedIncident{fresh}, x.page.Incidents...)
			i = 0
		}
		fresh.Updates = append([]PublishedUpdate{*p.Update}, x.page.Incidents[i].Updates...)
		x.page.Incidents[i] = fresh
	}
}

func (x *table) must(t *testing.T, a people.Actor, rule func(*turn) error) {
	t.Helper()
	if err := x.decide(a, rule); err != nil {
		t.Fatal(err)
	}
}

// verbs returns what the last decision wrote into the journal.
func (x *table) verbs() []string {
	var out []string
	for _, e := range x.last.Entries {
		out = append(out, e.Verb)
	}
	return out
}

// Mark puts a word into everything about the company that customers must not read. Components are in their words already.
func (v *Verity) Mark(word string) {
	for i := range v.people {
		v.people[i].Name += " " + word
	}
	for i := range v.services {
		v.services[i].Name += " " + word
		v.services[i].Runbook = "https://" + word + ".verity.example"
	}
	for i := range v.customers {
		v.customers[i].Name += " " + word
		v.customers[i].Tier = word
	}
}
