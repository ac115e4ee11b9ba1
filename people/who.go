package people

import (
	"slices"
	"strings"

	"frontline/define"
	"frontline/fault"
)

// Who names those who may do something: "person:liis", "team:support", or "role:lead" for everybody who has that role or more.
type Who string

// parts returns the kind of thing that is named and its id.
func (w Who) parts() (kind, id string) {
	kind, id, _ = strings.Cut(string(w), ":")
	return kind, id
}

// Check says what is wrong with how it is written; whether there is such a person or team is for who knows them.
func (w Who) Check() error {
	switch kind, id := w.parts(); {
	case kind == "role" && slices.Contains(Roles(), Role(id)):
		return nil
	case (kind == "person" || kind == "team") && id != "":
		return nil
	}
	return fault.New(fault.Invalid, "%q names nobody. Write person:ID, team:ID or role:member, role:support, role:lead, role:admin.", string(w))
}

// Ref is the person or team that is named; false when it is a role.
func (w Who) Ref(field string) (define.Ref, bool) {
	kind, id := w.parts()
	return define.Ref{Field: field, Kind: kind, ID: id}, kind == "person" || kind == "team"
}

// In says whether the actor is meant. A program has a role, but is no person and in no team; without a role nobody is meant.
func (w Who) In(a Actor) bool {
	if a.Role.rank() < 0 {
		return false
	}
	switch kind, id := w.parts(); kind {
	case "person":
		return a.Kind == ByPerson && a.ID == id
	case "team":
		return a.Kind == ByPerson && slices.Contains(a.Teams, id)
	case "role":
		return Role(id).rank() >= 0 && a.Role.rank() >= Role(id).rank()
	}
	return false
}

// Count is how many people a list means; not certain when it names a team, a role or nobody, which may be any number.
func Count(list []Who) (n int, certain bool) {
	seen := map[Who]bool{}
	for _, w := range list {
		if kind, _ := w.parts(); kind != "person" {
			return 0, false
		}
		seen[w] = true
	}
	return len(seen), len(list) > 0
}

// among says whether the actor is in the list.
func among(a Actor, list []Who) bool {
	return slices.ContainsFunc(list, func(w Who) bool { return w.In(a) })
}

// inList says who is in a list, for people: "the team fraud, a lead".
func inList(list []Who) string {
	said := make([]string, len(list))
	for i, w := range list {
		kind, id := w.parts()
		said[i] = "the " + kind + " " + id
	}
	return strings.Join(said, ", ")
}
