package people

import (
	"slices"
	"time"

	"frontline/define"
)

// Hours are when a team works: from a time of the day until another, on some days. Outside of them it is night.
type Hours struct {
	From  string   `json:"from,omitempty" yaml:"from,omitempty"`   // "09:00" when empty
	Until string   `json:"until,omitempty" yaml:"until,omitempty"` // "17:00" when empty
	Days  []string `json:"days,omitempty" yaml:"days,omitempty"`   // mon to sun; Monday to Friday when empty
}

func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

func (h *Hours) check(c *define.Checks) {
	if h == nil {
		return
	}
	from, okFrom := clockOf(h.From, "09:00")
	until, okUntil := clockOf(h.Until, "17:00")
	c.Want(okFrom, "hours.from", "%q is no time of the day. Write it as 09:00.", h.From)
	c.Want(okUntil, "hours.until", "%q is no time of the day. Write it as 17:00.", h.Until)
	c.Want(!okFrom || !okUntil || from < until, "hours.until", "A working day ends after it begins.")
	for _, d := range h.Days {
		c.Want(slices.Contains(weekdays(), d), "hours.days", "%q is no day. Write mon, tue, wed, thu, fri, sat or sun.", d)
	}
}

// clockOf reads a time of the day as minutes since midnight.
func clockOf(s, usual string) (int, bool) {
	if s == "" {
		s = usual
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil
}

// Night is the time between two working days.
type Night struct {
	Day   string    // of the morning, in the team's zone: "2026-11-24"
	From  time.Time // the end of the working day before
	Until time.Time // the morning
}

// longestBreak is how many days without work there are at most between two working days: a week, and a day for where clocks change.
const longestBreak = 8

// LastNight is the team's newest night that is over. Working hours are wall time of the team's zone, so a night is an hour shorter or longer where
// clocks change. The zone is the given one where the team has none.
func (t Team) LastNight(now time.Time, usual *time.Location) (Night, bool) {
	zone, err := time.LoadLocation(t.Zone)
	if t.Zone == "" || err != nil {
		zone = usual
	}
	h := Hours{}
	if t.Hours != nil {
		h = *t.Hours
	}
	from, _ := clockOf(h.From, "09:00")
	until, _ := clockOf(h.Until, "17:00")
	today := now.In(zone)
	for back := range longestBreak {
		morning := at(today, -back, from, zone)
		if !h.works(morning) || morning.After(now) {
			continue
		}
		for before := 1; before <= longestBreak; before++ {
			if evening := at(today, -back-before, until, zone); h.works(evening) {
				return Night{Day: morning.Format(time.DateOnly), From: evening.UTC(), Until: morning.UTC()}, true
			}
		}
	}
	return Night{}, false
}

// at is a time of the day so many days away.
func at(today time.Time, days, minutes int, zone *time.Location) time.Time {
	return time.Date(today.Year(), today.Month(), today.Day()+days, minutes/60, minutes%60, 0, 0, zone)
}

func (h Hours) works(t time.Time) bool {
	if len(h.Days) == 0 {
		return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
	}
	return slices.Contains(h.Days, weekdays()[t.Weekday()])
}
