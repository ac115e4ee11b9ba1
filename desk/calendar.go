package desk

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"frontline/define"
	"frontline/fault"
)

// Calendar is when a team works: service levels count only that time.
type Calendar struct {
	ID    string              `json:"id" yaml:"id"`
	Name  string              `json:"name" yaml:"name"`
	Zone  string              `json:"zone" yaml:"zone"`   // IANA
	Hours map[string][]string `json:"hours" yaml:"hours"` // "mon" to "sun": spans such as "09:00-17:00"
	// Days are other hours on single days, "2026-12-24" once or "12-25" each year; none at all on a holiday.
	Days map[string][]string `json:"days,omitempty" yaml:"days,omitempty"`
}

var (
	spanOf = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])$`)
	dayOf  = regexp.MustCompile(`^([0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`)
)

func weekday(d time.Weekday) string {
	return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[d]
}

// span is a stretch of one day, in minutes after midnight on the wall clock.
type span struct{ from, to int }

func readSpan(s string) (span, bool) {
	m := spanOf.FindStringSubmatch(s)
	if m == nil {
		return span{}, false
	}
	number := func(tens, ones byte) int { return int(tens-'0')*10 + int(ones-'0') }
	out := span{number(m[1][0], m[1][1])*60 + number(m[2][0], m[2][1]), number(m[3][0], m[3][1])*60 + number(m[4][0], m[4][1])}
	return out, out.from < out.to && out.to <= 24*60
}

// readSpans reads the spans of a day, in their order; those that cannot be read were refused by Check.
func readSpans(all []string) []span {
	var out []span
	for _, s := range all {
		if x, ok := readSpan(s); ok {
			out = append(out, x)
		}
	}
	return out
}

// Check returns what is wrong with the calendar by itself.
func (k Calendar) Check() []fault.Field {
	var c define.Checks
	c.ID("id", k.ID)
	c.Name("name", k.Name)
	c.Want(k.Zone != "", "zone", "Name the time zone, such as Europe/Tallinn.")
	c.Zone("zone", k.Zone)
	any := false
	for _, day := range slices.Sorted(maps.Keys(k.Hours)) {
		known := false
		for d := range time.Weekday(7) {
			known = known || weekday(d) == day
		}
		c.Want(known, "hours."+day, "%q is no day. Write mon, tue, wed, thu, fri, sat or sun.", day)
		checkSpans(&c, "hours."+day, k.Hours[day])
		any = any || len(k.Hours[day]) > 0
	}
	c.Want(any, "hours", "Say when work is done, such as mon: [\"09:00-17:00\"].")
	for _, day := range slices.Sorted(maps.Keys(k.Days)) {
		c.Want(dayOf.MatchString(day), "days."+day, "%q is no day. Write 2026-12-24, or 12-25 for each year.", day)
		checkSpans(&c, "days."+day, k.Days[day])
	}
	return c.Fields
}

func checkSpans(c *define.Checks, field string, all []string) {
	last := 0
	for i, s := range all {
		x, ok := readSpan(s)
		c.Want(ok && x.from >= last, fmt.Sprintf("%s[%d]", field, i), "%q is no span of the day, or does not come after the one before. Write 09:00-17:00.", s)
		last = x.to
	}
}

// Refs names what the calendar refers to: nothing.
func (k Calendar) Refs() []define.Ref { return nil }

// workday is a calendar made ready to count with. The zero one works around the clock.
type workday struct {
	zone *time.Location
	week [7][]span
	days map[string][]span
}

func (k Calendar) ready() workday {
	w := workday{days: map[string][]span{}}
	var err error
	if w.zone, err = time.LoadLocation(k.Zone); err != nil {
		w.zone = time.UTC // Check refused it
	}
	for d := range time.Weekday(7) {
		w.week[d] = readSpans(k.Hours[weekday(d)])
	}
	for day, spans := range k.Days {
		w.days[day] = readSpans(spans)
	}
	return w
}

// stretch is a stretch of working time.
type stretch struct{ from, to time.Time }

// of returns the working time of the local day on which t is: in instants, so that a day with a change of the clock is as long as it is.
func (w workday) of(t time.Time) []stretch {
	y, m, d := t.In(w.zone).Date()
	spans := w.week[time.Date(y, m, d, 12, 0, 0, 0, time.UTC).Weekday()]
	if special, ok := w.days[fmt.Sprintf("%02d-%02d", m, d)]; ok {
		spans = special
	}
	if special, ok := w.days[fmt.Sprintf("%04d-%02d-%02d", y, m, d)]; ok {
		spans = special
	}
	out := make([]stretch, 0, len(spans))
	for _, s := range spans {
		x := stretch{time.Date(y, m, d, 0, s.from, 0, 0, w.zone), time.Date(y, m, d, 0, s.to, 0, 0, w.zone)}
		if x.to.After(x.from) {
			out = append(out, x)
		}
	}
	return out
}

// next is the beginning of the local day after the one on which t is.
func (w workday) next(t time.Time) time.Time {
	y, m, d := t.In(w.zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, w.zone)
}

// longestLook is how many days are looked at for working time: a calendar may be shut for long, but not for ever.
const longestLook = 3700

// between is the working time from one instant to another; zero when it runs backwards.
func (w workday) between(from, to time.Time) time.Duration {
	if w.zone == nil {
		return max(to.Sub(from), 0)
	}
	var sum time.Duration
	day := from
	for range longestLook {
		if !day.Before(to) {
			break
		}
		for _, s := range w.of(day) {
			sum += max(earliest(s.to, to).Sub(latest(s.from, from)), 0)
		}
		day = w.next(day)
	}
	return sum
}

// add is when so much working time after the instant is over; the zero time when there is none in ten years.
func (w workday) add(from time.Time, d time.Duration) time.Time {
	if w.zone == nil {
		return from.Add(d)
	}
	day := from
	for range longestLook {
		for _, s := range w.of(day) {
			begin := latest(s.from, from)
			if have := s.to.Sub(begin); have > 0 {
				if d <= have {
					return begin.Add(max(d, 0)).UTC()
				}
				d -= have
			}
		}
		day = w.next(day)
	}
	return time.Time{}
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
