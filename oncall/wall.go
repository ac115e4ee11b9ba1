package oncall

import (
	"time"

	"frontline/fault"
)

// TimeOfDay is a wall time in minutes after midnight, 0 to 1439.
type TimeOfDay int

// ParseTimeOfDay reads "08:00": two digits, a colon, two digits, from 00:00 to 23:59.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if len(s) != 5 || s[2] != ':' || !digits(s[:2]) || !digits(s[3:]) {
		return 0, fault.New(fault.Invalid, `Write the time of day as "08:00".`)
	}
	hour, minute := number(s[:2]), number(s[3:])
	if hour > 23 || minute > 59 {
		return 0, fault.New(fault.Invalid, "A time of day lies between 00:00 and 23:59.")
	}
	return TimeOfDay(60*hour + minute), nil
}

// String is what ParseTimeOfDay reads.
func (t TimeOfDay) String() string {
	h, m := int(t)/60, int(t)%60
	return string([]byte{byte('0' + h/10), byte('0' + h%10), ':', byte('0' + m/10), byte('0' + m%10)})
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func number(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = 10*n + int(c-'0')
	}
	return n
}

// parseDay reads "monday".
func parseDay(s string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if s == dayName(d) {
			return d, true
		}
	}
	return 0, false
}

func dayName(d time.Weekday) string {
	return [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}[d]
}

// moment returns the instant at which the clocks of loc show the time of day on the date (whose own zone does not
// matter). Where the clocks jump over that time it is the instant of the jump, because that is when they have first reached
// it; where they show it twice it is the first of the two. So later wall times never come at earlier instants.
func moment(loc *time.Location, date time.Time, at TimeOfDay) time.Time {
	year, month, day := date.Date()
	hour, minute := int(at)/60, int(at)%60
	wall := time.Date(year, month, day, hour, minute, 0, 0, time.UTC).Unix()
	guess := time.Date(year, month, day, hour, minute, 0, 0, loc)
	start, end := guess.ZoneBounds()
	probes := []time.Time{guess}
	if !start.IsZero() {
		probes = append(probes, start.Add(-time.Second))
	}
	if !end.IsZero() {
		probes = append(probes, end)
	}
	var first time.Time
	for _, p := range probes {
		t := time.Unix(wall-offset(p), 0).In(loc)
		if offset(t) == offset(p) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if first.IsZero() { // no clock shows it: one of the two bounds is the jump
		first = jump(wall, start, end)
	}
	return first.UTC()
}

// jump returns the bound at which the clocks went over wall.
func jump(wall int64, start, end time.Time) time.Time {
	if !start.IsZero() && start.Unix()+offset(start.Add(-time.Second)) <= wall && wall < start.Unix()+offset(start) {
		return start
	}
	return end
}

// offset is how many seconds the zone is east of Greenwich at t.
func offset(t time.Time) int64 {
	_, seconds := t.Zone()
	return int64(seconds)
}

// civil returns what the clocks of loc show at t, as seconds that can be subtracted.
func civil(loc *time.Location, t time.Time) int64 {
	return t.Unix() + offset(t.In(loc))
}
