package oncall

import (
	"slices"
	"strings"
	"time"

	"frontline/people"
)

// Directory knows the people who are in force.
type Directory interface {
	Person(id string) (people.Person, bool)
	People() []people.Person
}

// Plans knows the rotations and policies that are in force.
type Plans interface {
	Rotation(id string) (Rotation, bool)
	Rotations() []Rotation
	Policy(id string) (Policy, bool)
	Policies() []Policy
}

// Book is everything that is configured about who is reached, at one moment.
type Book interface {
	Directory
	Plans
	Overrides() []Override // those that are configured; more are made on screens
}

// Roster says who is reached: what is configured, and the overrides that touch the time in question. Its functions are pure.
type Roster struct {
	Directory
	Plans
	Changes []Override // in every rotation
}

// NewRoster returns what the book says, with the overrides that were made beside it.
func NewRoster(b Book, made []Override) Roster {
	return Roster{Directory: b, Plans: b, Changes: append(slices.Clip(b.Overrides()), made...)}
}

// Reason says why a person is paged.
type Reason string

// The reasons.
const (
	OnCall       Reason = "rotation"     // it is their turn in a rotation
	TookOver     Reason = "override"     // an override put them on call
	Named        Reason = "named"        // the policy, or the one who paged, names them
	LastResort   Reason = "last_resort"  // nobody else answered or could be reached
	Acknowledger Reason = "acknowledger" // they acknowledged, and the subject is still not resolved
	TestOfOwn    Reason = "test"         // they test their own contacts
)

// Duty is a person who is to be reached, and why.
type Duty struct {
	Person   string    `json:"person"`
	Reason   Reason    `json:"reason"`
	Rotation string    `json:"rotation,omitempty"`
	Override string    `json:"override,omitempty"`
	Instead  string    `json:"instead,omitempty"` // whose turn it would have been
	Until    time.Time `json:"until,omitzero"`    // when their shift ends
}

// Who resolves the target at this moment; false when nobody is on call in its rotation.
func (r Roster) Who(t Target, now time.Time) (Duty, bool) {
	if t.Rotation == "" {
		return Duty{Person: t.Person, Reason: Named}, t.Person != ""
	}
	rotation, known := r.Rotation(t.Rotation)
	if !known {
		return Duty{Rotation: t.Rotation}, false
	}
	s, ok := rotation.At(now, r.Changes)
	d := Duty{Person: s.Person, Reason: OnCall, Rotation: t.Rotation, Until: s.To}
	if s.Why == ByOverride {
		d.Reason, d.Override, d.Instead = TookOver, s.Override, s.Instead
	}
	return d, ok
}

// Contacts returns the ways to reach the person, in their order.
func (r Roster) Contacts(person string) []people.Contact {
	p, _ := r.Person(person)
	return p.Contacts
}

// Reachable says whether there is any way to reach the person.
func (r Roster) Reachable(person string) bool { return len(r.Contacts(person)) > 0 }

// Name is what people call the person; the id of one who is not known any more.
func (r Roster) Name(person string) string {
	if p, ok := r.Person(person); ok && p.Name != "" {
		return p.Name
	}
	return person
}

// admins returns the admins who can be reached: they are paged when a policy is gone or its last resort has no contact.
func (r Roster) admins() []string {
	var ids []string
	for _, p := range r.People() {
		if p.Role == people.Admin && len(p.Contacts) > 0 {
			ids = append(ids, p.ID)
		}
	}
	slices.SortFunc(ids, strings.Compare)
	return ids
}

// lastResorts returns whom to page when the steps have led nowhere: the policy's last resort, or all admins when there is none who
// can be reached.
func (r Roster) lastResorts(p Policy) []Duty {
	ids := []string{p.LastResort}
	if !r.Reachable(p.LastResort) {
		ids = r.admins()
	}
	duties := make([]Duty, len(ids))
	for i, id := range ids {
		duties[i] = Duty{Person: id, Reason: LastResort}
	}
	return duties
}

// asked is how often a page to one named person is repeated before the one who asked is told.
const asked = 2

// planFor returns the policy that the page follows. One to a named person tries them, again twice, and then comes back to who asked.
func (r Roster) planFor(p Page) Policy {
	if p.Aim == AimPerson {
		return Policy{Steps: []Step{{Targets: []Target{{Person: p.Person}}}}, Repeat: asked, LastResort: p.AskedBy}
	}
	policy, _ := r.Policy(p.Policy)
	return policy
}
