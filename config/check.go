package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"frontline/action"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/oncall"
	"frontline/people"
	"frontline/rule"
)

// check looks at the book that would result: each object by itself, every reference, and what must not be said twice. Problems in
// the folder's files have their place; those in what others own name it.
func (c *Config) check(b *Book, files map[key]object) []Problem {
	var problems []Problem
	shared := map[string]int{}
	for _, p := range b.People() {
		shared[lower(p.Email)]++
	}
	pages := len(b.ids("status_page"))
	for k, d := range b.objects {
		if b.rows[k].Retired {
			continue
		}
		o, here := files[k]
		place := func(field, say string) Problem {
			if here {
				return o.problem(field, "%s", say)
			}
			return Problem{File: owner(b.rows[k].Folder), Say: fmt.Sprintf("The %s %q (%s): %s", k.kind, k.id, field, say)}
		}
		if here {
			for _, f := range append(c.fields(d), reachable(b, d)...) {
				problems = append(problems, place(f.Name, f.Say))
			}
		}
		if flow, ok := d.(action.Definition); ok { // another folder may have changed what its steps run
			for _, f := range flow.CheckFlow(b.Action) {
				problems = append(problems, place(f.Name, f.Say))
			}
		}
		for _, r := range d.Refs() {
			if !b.has(r.Kind, r.ID) && r.ID != "" {
				problems = append(problems, place(r.Field, fmt.Sprintf("There is no %s %q.%s Define it or correct the name.", r.Kind, r.ID, meant(r.ID, b.ids(r.Kind)))))
			}
		}
		if a, ok := d.(action.Definition); ok {
			for _, f := range a.CheckSources(b.Action) {
				problems = append(problems, place(f.Name, f.Say))
			}
		}
		if p, ok := d.(people.Person); ok && here && shared[lower(p.Email)] > 1 {
			problems = append(problems, place("email", "Somebody else has this mail address too. Each person has their own."))
		}
		if _, ok := d.(incident.Page); ok && here && pages > 1 {
			problems = append(problems, place("id", "There is another status page already, and there can be one only. Change that one, or remove it first."))
		}
	}
	return problems
}

// reachable wants a last resort who can be reached: it is what stands between a page and nobody.
func reachable(b *Book, d definition) []fault.Field {
	p, ok := d.(oncall.Policy)
	if !ok {
		return nil
	}
	person, known := b.Person(p.LastResort)
	if !known || len(person.Contacts) > 0 {
		return nil
	}
	return []fault.Field{{Name: "last_resort", Say: fmt.Sprintf("%s has no contact and cannot be reached. Give them one, or name somebody else.", person.Name)}}
}

// fields is everything that is wrong with a definition, by itself and for what this installation can do.
func (c *Config) fields(d definition) []fault.Field {
	switch v := d.(type) {
	case people.Person:
		return append(d.Check(), c.contacts(v)...)
	case rule.Rule:
		return append(v.Check(), desk.CheckRule(v)...)
	case action.Definition:
		if c.known.Actions != nil {
			return c.known.Actions(v)
		}
	case desk.TrackerDefinition:
		return append(d.Check(), c.trackerKind(v)...)
	}
	return d.Check()
}

// trackerKind asks a tracker's kind what it wants.
func (c *Config) trackerKind(t desk.TrackerDefinition) []fault.Field {
	if c.known.Trackers == nil || t.Kind == "" { // nobody knows here which there are, or it is said already
		return nil
	}
	check, known := c.known.Trackers[t.Kind]
	if !known {
		kinds := slices.Sorted(maps.Keys(c.known.Trackers))
		return []fault.Field{{Name: "kind", Say: fmt.Sprintf("%q is no kind of tracker.%s Known: %s.", t.Kind, meant(t.Kind, kinds), strings.Join(kinds, ", "))}}
	}
	return check(t)
}

// contacts checks each contact's address with its channel.
func (c *Config) contacts(p people.Person) []fault.Field {
	if c.known.Channels == nil { // nobody knows here which there are
		return nil
	}
	var wrong []fault.Field
	for i, k := range p.Contacts {
		check, known := c.known.Channels[k.Channel]
		switch {
		case !known:
			wrong = append(wrong, fault.Field{Name: fmt.Sprintf("contacts[%d].channel", i), Say: fmt.Sprintf("%q is no channel.%s Known: %v.", k.Channel, meant(k.Channel, c.channelNames()), c.channelNames())})
		default:
			if err := check(k.Address); err != nil {
				wrong = append(wrong, fault.Field{Name: fmt.Sprintf("contacts[%d].address", i), Say: fault.Sentence(err)})
			}
		}
	}
	return wrong
}
