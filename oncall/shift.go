package oncall

import (
	"cmp"
	"slices"
	"time"

	"frontline/define"
	"frontline/fault"
)

// Override puts a person on call in place of whoever has the turn.
type Override struct {
	ID       string    `json:"id" yaml:"id"`
	Rotation string    `json:"rotation" yaml:"rotation"`
	Person   string    `json:"person" yaml:"person"` // required: a hole in a rotation is never made on purpose
	From     time.Time `json:"from" yaml:"from"`
	To       time.Time `json:"to" yaml:"to"`
	Reason   string    `json:"reason,omitempty" yaml:"reason,omitempty"`
	MadeAt   time.Time `json:"made_at,omitzero" yaml:"made_at,omitempty"` // of two that overlap the one made last wins
}

// Check returns what is wrong with the override by itself.
func (o Override) Check() []fault.Field {
	var c define.Checks
	c.ID("id", o.ID)
	c.Want(o.Rotation != "", "rotation", "Name the rotation that this is about.")
	c.Want(o.Person != "", "person", "Name who takes over. Nobody cannot take over: ask somebody first.")
	c.Want(!o.From.IsZero(), "from", "Say when it begins, with its time zone, such as 2026-11-29T08:00:00+02:00.")
	c.Want(o.To.After(o.From), "to", "Say when it ends; that must be after it begins.")
	return c.Fields
}

// Refs names what the override refers to.
func (o Override) Refs() []define.Ref {
	return []define.Ref{{Field: "rotation", Kind: "rotation", ID: o.Rotation}, {Field: "person", Kind: "person", ID: o.Person}}
}

func (o Override) covers(t time.Time) bool { return !t.Before(o.From) && t.Before(o.To) }

// Why says how a person came to be on call.
type Why string

// The reasons in a shift.
const (
	ByRotation Why = "rotation" // it is their turn
	ByOverride Why = "override" // they took over
	ByGap      Why = "gap"      // nobody: the first turn has not begun
	ByMistake  Why = "broken"   // nobody: the definition cannot be read
)

// Shift is a stretch of time, From included and To not, in which the same person is on call for the same reason.
type Shift struct {
	From     time.Time
	To       time.Time
	Person   string // empty in a gap
	Why      Why
	Override string // the override's id
	Instead  string // whose turn it would be, in an override
	turn     int
}

// Gap says whether nobody is on call.
func (s Shift) Gap() bool { return s.Person == "" }

// same says whether the other shift is the same stretch, cut in two.
func (s Shift) same(o Shift) bool {
	return s.Person == o.Person && s.Why == o.Why && s.Override == o.Override && (s.Why != ByRotation || s.turn == o.turn)
}

// At returns the shift at t; false when nobody is on call. From is zero in the gap before the first turn.
func (r Rotation) At(t time.Time, overrides []Override) (Shift, bool) {
	plan, err := r.turns()
	if err != nil {
		return Shift{From: t, To: t, Why: ByMistake}, false
	}
	from, to := t, plan.begins(0)
	if n := plan.number(t); n >= 0 {
		from, to = plan.begins(n), plan.begins(n+1)
	}
	for _, o := range overrides {
		if o.Rotation == r.ID && o.covers(t) {
			from, to = earliest(from, o.From), latest(to, o.To)
		}
	}
	for _, s := range r.Shifts(from, to, overrides) {
		if !t.Before(s.From) && t.Before(s.To) {
			if s.Gap() {
				s.From = time.Time{}
			}
			return s, !s.Gap()
		}
	}
	return Shift{From: t, To: t, Why: ByMistake}, false
}

// Shifts returns who is on call between the two instants, in order, without a hole and without an overlap: where nobody is on call
// there is a shift that is a gap. The first and the last are cut to fit.
func (r Rotation) Shifts(from, to time.Time, overrides []Override) []Shift {
	if !from.Before(to) {
		return nil
	}
	plan, err := r.turns()
	if err != nil {
		return []Shift{{From: from, To: to, Why: ByMistake}}
	}
	mine := r.own(overrides)
	var out []Shift
	edges := plan.edges(from, to, mine)
	for i, at := range edges[:len(edges)-1] {
		s := r.duty(plan.number(at), at, mine)
		s.From, s.To = at, edges[i+1]
		if last := len(out) - 1; last >= 0 && out[last].same(s) {
			out[last].To = s.To
			continue
		}
		out = append(out, s)
	}
	return out
}

// own returns the overrides of this rotation, the one that wins last.
func (r Rotation) own(overrides []Override) []Override {
	var mine []Override
	for _, o := range overrides {
		if o.Rotation == r.ID && o.From.Before(o.To) {
			mine = append(mine, o)
		}
	}
	slices.SortFunc(mine, func(a, b Override) int {
		return cmp.Or(a.MadeAt.Compare(b.MadeAt), cmp.Compare(a.ID, b.ID))
	})
	return mine
}

// edges returns every instant in the span at which somebody else may come on call, with both ends of the span.
func (t turns) edges(from, to time.Time, overrides []Override) []time.Time {
	edges := []time.Time{from, to}
	add := func(at time.Time) {
		if from.Before(at) && at.Before(to) {
			edges = append(edges, at)
		}
	}
	for n := max(t.number(from), -1) + 1; t.begins(n).Before(to); n++ {
		add(t.begins(n))
	}
	for _, o := range overrides {
		add(o.From)
		add(o.To)
	}
	slices.SortFunc(edges, time.Time.Compare)
	return slices.CompactFunc(edges, time.Time.Equal)
}

// duty says who is on call at the instant, in turn n.
func (r Rotation) duty(n int, at time.Time, overrides []Override) Shift {
	s := Shift{Why: ByGap, turn: n}
	if n >= 0 {
		s.Person, s.Why = r.Members[n%len(r.Members)], ByRotation
	}
	for _, o := range slices.Backward(overrides) {
		if o.covers(at) {
			return Shift{Person: o.Person, Why: ByOverride, Override: o.ID, Instead: s.Person, turn: n}
		}
	}
	return s
}

// NextFor returns the first shift of the person that begins after the instant; false when no turn of theirs is to come.
func (r Rotation) NextFor(person string, after time.Time, overrides []Override) (Shift, bool) {
	plan, err := r.turns()
	if err != nil {
		return Shift{}, false
	}
	horizon := latest(after, plan.begins(0)).Add(time.Duration(2*len(r.Members)+1) * week)
	for _, o := range overrides {
		if o.Rotation == r.ID {
			horizon = latest(horizon, o.To)
		}
	}
	for _, s := range r.Shifts(after, horizon, overrides) {
		if s.Person == person && s.From.After(after) {
			return s, true
		}
	}
	return Shift{}, false
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
