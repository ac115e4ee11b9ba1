package action

import (
	"testing"
	"time"

	"frontline/journal"
	"frontline/people"
)

// What a run said is forgotten only when nobody needs it any more.
func TestForget(t *testing.T) {
	old, before := night.Add(-48*time.Hour), night.Add(-24*time.Hour)
	ended := func(s State) Current {
		return Current{Now: night, Run: Run{State: s, PlannedAt: old, StartedAt: old, EndedAt: old, Inputs: map[string]any{"customer": "nordpank"}}}
	}
	with := func(c Current, change func(*Current)) Current { change(&c); return c }
	for name, x := range map[string]struct {
		c    Current
		want bool
	}{
		"succeeded":              {ended(Succeeded), true},
		"failed":                 {ended(Failed), true},
		"cancelled":              {ended(Cancelled), true},
		"refused":                {ended(Refused), true},
		"expired":                {ended(Expired), true},
		"unknown":                {ended(Unknown), false},
		"running":                {ended(Running), false},
		"waiting":                {ended(Waiting), false},
		"planned":                {with(ended(Planned), func(c *Current) { c.Run.EndedAt = time.Time{} }), true},
		"planned lately":         {with(ended(Planned), func(c *Current) { c.Run.PlannedAt = before }), false},
		"ended lately":           {with(ended(Succeeded), func(c *Current) { c.Run.EndedAt = before }), false},
		"forgotten":              {with(ended(Succeeded), func(c *Current) { c.Run.ForgottenAt = old }), false},
		"can be taken back":      {with(ended(Succeeded), func(c *Current) { c.Run.Result.Undo = &Undo{Within: 72 * time.Hour} }), false},
		"could be taken back":    {with(ended(Succeeded), func(c *Current) { c.Run.Result.Undo = &Undo{} }), true},
		"not reviewed":           {with(ended(Succeeded), func(c *Current) { c.Run.Glass = Glass{By: journal.Actor{ID: "liis"}, At: old} }), false},
		"step of a flow":         {with(ended(Succeeded), func(c *Current) { c.Flow = &Run{State: Succeeded, EndedAt: old} }), true},
		"step of a flow that is": {with(ended(Succeeded), func(c *Current) { c.Flow = &Run{State: Running} }), false},
	} {
		t.Run(name, func(t *testing.T) {
			r, cs, err := forget(before)(x.c)
			if forgotten := r.ForgottenAt.Equal(night); forgotten != x.want || forgotten != (len(r.Inputs) == 0) || forgotten != (len(cs.Entries) == 1) || err != nil {
				t.Errorf("forgotten at %v with %d entries, %v; want %v", r.ForgottenAt, len(cs.Entries), err, x.want)
			}
			if len(cs.Entries) == 1 && cs.Entries[0].Actor != journal.By(people.System("job")) {
				t.Errorf("the journal says it was %+v", cs.Entries[0].Actor)
			}
		})
	}
}
