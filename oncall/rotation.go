package oncall

import (
	"slices"
	"time"

	"frontline/define"
	"frontline/fault"
)

// week is a turn of a rotation in wall time. In absolute time a turn is an hour shorter or longer when the clocks change.
const week = 7 * 24 * time.Hour

// Rotation is people who take weekly turns at being reached.
//
// Turns are counted in wall time of the zone: each begins on the hand-off day at the hand-off time, whatever the clocks did in
// between. A hand-off that the clocks jump over happens at the jump; one that they show twice happens the first time. The first turn begins on
// the first hand-off day on or after Start and belongs to the first member; before it nobody is on call.
type Rotation struct {
	ID          string   `json:"id" yaml:"id"`
	Name        string   `json:"name" yaml:"name"`
	Team        string   `json:"team" yaml:"team"`
	Zone        string   `json:"zone" yaml:"zone"`                 // IANA time zone: "Europe/Tallinn"
	HandoffDay  string   `json:"handoff_day" yaml:"handoff_day"`   // "monday"
	HandoffTime string   `json:"handoff_time" yaml:"handoff_time"` // wall time: "08:00"
	Start       string   `json:"start" yaml:"start"`               // date: "2026-01-05"
	Members     []string `json:"members" yaml:"members"`           // people, in the order of their turns; one may come twice
}

// Check returns what is wrong with the definition by itself; whether its people and team exist is for who knows them.
func (r Rotation) Check() []fault.Field {
	var c define.Checks
	c.ID("id", r.ID)
	c.Name("name", r.Name)
	c.Want(r.Team != "", "team", "Name the team that this rotation belongs to.")
	_, err := zone(r.Zone)
	c.Want(err == nil, "zone", "%q is not an IANA time zone. Write one such as Europe/Tallinn.", r.Zone)
	_, ok := parseDay(r.HandoffDay)
	c.Want(ok, "handoff_day", "%q is not a day. Write one of monday, tuesday, wednesday, thursday, friday, saturday, sunday.", r.HandoffDay)
	_, err = ParseTimeOfDay(r.HandoffTime)
	c.Want(err == nil, "handoff_time", `%q is not a time of day. Write hours and minutes such as "08:00".`, r.HandoffTime)
	_, err = time.Parse(time.DateOnly, r.Start)
	c.Want(err == nil, "start", "%q is not a date. Write the day of the first hand-off such as 2026-01-05.", r.Start)
	c.Want(len(r.Members) > 0, "members", "Name at least one person. For a line that nobody staffs, leave the rotation out of the policy instead.")
	c.Want(!slices.Contains(r.Members, ""), "members", "A member has no name. Write the ids of people, such as liis.")
	return c.Fields
}

// Refs names what the definition refers to.
func (r Rotation) Refs() []define.Ref {
	return append(define.Refs("members", "person", r.Members), define.Ref{Field: "team", Kind: "team", ID: r.Team})
}

// turns is a rotation made ready for arithmetic.
type turns struct {
	loc   *time.Location
	first time.Time // date of the first hand-off, at midnight UTC
	at    TimeOfDay
}

// turns reads the definition. It fails only for one that Check refuses, or where the machine knows no time zones.
func (r Rotation) turns() (turns, error) {
	loc, err := zone(r.Zone)
	if err != nil {
		return turns{}, fault.Wrap(err, fault.Invalid, "Rotation %s has a time zone that this machine does not know. Correct it.", r.ID)
	}
	day, ok := parseDay(r.HandoffDay)
	at, badTime := ParseTimeOfDay(r.HandoffTime)
	start, badStart := time.Parse(time.DateOnly, r.Start)
	if !ok || badTime != nil || badStart != nil || len(r.Members) == 0 {
		return turns{}, fault.New(fault.Invalid, "Rotation %s is not complete. Apply it again.", r.ID)
	}
	wait := (int(day) - int(start.Weekday()) + 7) % 7
	return turns{loc: loc, first: start.AddDate(0, 0, wait), at: at}, nil
}

// zone loads an IANA zone by its name. "Local" and "" are not names: they mean something else on each machine.
func zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fault.New(fault.Invalid, "Write an IANA time zone such as Europe/Tallinn.")
	}
	return time.LoadLocation(name)
}

// begins returns the instant of the hand-off at which turn n begins.
func (t turns) begins(n int) time.Time {
	return moment(t.loc, t.first.AddDate(0, 0, 7*n), t.at)
}

// number returns which turn it is at the instant; below zero before the first.
func (t turns) number(at time.Time) int {
	wall := t.first.Unix() + 60*int64(t.at)
	n := int(floorDiv(civil(t.loc, at)-wall, int64(week/time.Second)))
	for t.begins(n).After(at) { // at most one or two steps, around a change of the clocks
		n--
	}
	for !t.begins(n + 1).After(at) {
		n++
	}
	return n
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
