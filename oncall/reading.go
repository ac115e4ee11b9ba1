package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/journal"
	"frontline/people"
)

// Post is a rotation and a shift in it.
type Post struct {
	Rotation Rotation
	Shift    Shift
}

// Now returns who is on call in each rotation, in the order of the rotations. A gap is shown as one.
func (r Roster) Now(at time.Time) []Post {
	var posts []Post
	for _, rotation := range r.Rotations() {
		s, _ := rotation.At(at, r.Changes)
		posts = append(posts, Post{rotation, s})
	}
	return posts
}

// Lane is one rotation over a stretch of time.
type Lane struct {
	Rotation  Rotation
	Shifts    []Shift
	Gaps      []Gap
	Overrides []Override // those that touch it, the one that begins first first
}

// Gap is a stretch in which nobody is on call, and what that costs.
type Gap struct {
	Shift Shift
	Costs []string // for people, one for each policy that relies on the rotation
}

// Lanes returns who is on call in each rotation between the two instants, and tells of every gap what it means for a page.
func (r Roster) Lanes(from, to time.Time) []Lane {
	var lanes []Lane
	for _, rotation := range r.Rotations() {
		lane := Lane{Rotation: rotation, Shifts: rotation.Shifts(from, to, r.Changes)}
		for _, o := range rotation.own(r.Changes) {
			if o.From.Before(to) && o.To.After(from) {
				lane.Overrides = append(lane.Overrides, o)
			}
		}
		slices.SortStableFunc(lane.Overrides, func(a, b Override) int { return a.From.Compare(b.From) })
		for _, s := range lane.Shifts {
			if s.Gap() {
				lane.Gaps = append(lane.Gaps, Gap{Shift: s, Costs: r.costs(rotation.ID, s.From)})
			}
		}
		lanes = append(lanes, lane)
	}
	return lanes
}

// costs says, for each policy with a step for the rotation, where a page goes when nobody is on call in it.
func (r Roster) costs(rotation string, at time.Time) []string {
	var costs []string
	for _, p := range r.Policies() {
		step := slices.IndexFunc(p.Steps, func(s Step) bool { return slices.Contains(s.Targets, Target{Rotation: rotation}) })
		if step >= 0 {
			costs = append(costs, r.cost(p, step, at))
		}
	}
	return costs
}

// cost says it for one policy, whose given step has the gap.
func (r Roster) cost(p Policy, step int, at time.Time) string {
	var before, after, same []string
	next := 0 // the firing that follows the gap
	for _, x := range r.WhatIf(p.ID, at) {
		name := r.Name(x.Duty.Person)
		switch {
		case x.Round == 1 && x.Step == step:
			same = with(same, name)
		case x.Round == 1 && x.Step >= 0 && x.Step < step:
			before = with(before, name)
		case next == 0 || x.Firing == next:
			next, after = x.Firing, with(after, name)
		}
	}
	switch {
	case len(same) > 0:
		return fmt.Sprintf("A page by %s in this window reaches only %s at its step %d.", p.Name, list(same), step+1)
	case len(after) == 0:
		return fmt.Sprintf("A page by %s in this window reaches nobody.", p.Name)
	case len(before) == 0:
		return fmt.Sprintf("A page by %s in this window goes straight to %s.", p.Name, list(after))
	}
	return fmt.Sprintf("A page by %s in this window that %s misses goes straight to %s.", p.Name, list(before), list(after))
}

func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Spell is a stretch in which a person is on call in a rotation, whatever the reasons; shifts that touch are one spell.
type Spell struct {
	Rotation Rotation
	From     time.Time
	To       time.Time
}

// Standing says where a person stands: on call now, and when next.
type Standing struct {
	On   []Spell // on call now, the one that ends first first
	Next []Spell // the next spell in each rotation, the nearest first
}

// For returns where the person stands at the instant.
func (r Roster) For(person string, at time.Time) Standing {
	var st Standing
	for _, rotation := range r.Rotations() {
		after := at
		if s, ok := rotation.At(at, r.Changes); ok && s.Person == person {
			spell := r.spell(rotation, s)
			st.On = append(st.On, spell)
			after = spell.To
		}
		if s, ok := rotation.NextFor(person, after.Add(-time.Microsecond), r.Changes); ok {
			st.Next = append(st.Next, r.spell(rotation, s))
		}
	}
	slices.SortStableFunc(st.On, func(a, b Spell) int { return a.To.Compare(b.To) })
	slices.SortStableFunc(st.Next, func(a, b Spell) int { return a.From.Compare(b.From) })
	return st
}

// longestSpell is how many shifts in a row are looked at: somebody alone in a rotation is on call without an end.
const longestSpell = 60

// spell joins the shift with those of the same person that touch it on either side of an override or a hand-off.
func (r Roster) spell(rotation Rotation, s Shift) Spell {
	out := Spell{Rotation: rotation, From: s.From, To: s.To}
	for range longestSpell {
		next, ok := rotation.At(out.To, r.Changes)
		if !ok || next.Person != s.Person {
			break
		}
		out.To = next.To
	}
	return out
}

// Reach is one message that a page would send.
type Reach struct {
	At      time.Time
	Duty    Duty
	Channel string // the address stays with the person
	Round   int
	Step    int // -1 for the last resort
	Firing  int
}

// WhatIf answers what would happen if a page by this policy opened at the instant and nobody acknowledged: every message in its order, up to the second
// page of the last resort. It goes through the same rules as a page does.
func (r Roster) WhatIf(policy string, at time.Time) []Reach {
	open := OpenPage(Opening{Subject: journal.Of("policy", policy), Policy: policy}, "what-if", people.System("what_if"), at)
	var out []Reach
	for p := open.Page; !p.Exhausted && !p.DueAt.IsZero(); {
		o := Advance(p, nil, r, p.DueAt)
		for _, a := range o.Attempts {
			out = append(out, Reach{At: a.DueAt, Duty: a.Duty, Channel: a.Contact.Channel, Round: a.Round, Step: a.Step, Firing: a.Firing})
		}
		p = o.Page
	}
	slices.SortStableFunc(out, func(a, b Reach) int { return a.At.Compare(b.At) })
	return out
}
