package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// moment is a time as a visit shows it: how long ago, and the hour in the viewer's zone.
type moment struct {
	T    time.Time
	now  time.Time
	zone *time.Location
}

// Zero says whether there is no time.
func (m moment) Zero() bool { return m.T.IsZero() }

// Ago is how long ago it was: "43 min"; "in 4 min" when it is still to come, "now" within 5 seconds.
func (m moment) Ago() string {
	d := m.now.Sub(m.T)
	switch {
	case d.Abs() < 5*time.Second:
		return "now"
	case d < 0:
		return "in " + age(-d)
	}
	return age(d)
}

// Left is how long it is until then, or since: the words around it say which.
func (m moment) Left() string { return age(m.now.Sub(m.T).Abs()) }

// Past says whether it is over.
func (m moment) Past() bool { return m.T.Before(m.now) }

// Clock is the hour in the viewer's zone: "03:21".
func (m moment) Clock() string { return m.T.In(m.zone).Format("15:04") }

// Seconds is the hour with its seconds: "03:21:09".
func (m moment) Seconds() string { return m.T.In(m.zone).Format("15:04:05") }

// ClockZone is the hour and the zone's short name: "03:21 EET".
func (m moment) ClockZone() string { return m.T.In(m.zone).Format("15:04 MST") }

// Day is the date in the viewer's zone: "Tue 24 Nov", with the year when it is another one.
func (m moment) Day() string {
	t := m.T.In(m.zone)
	if t.Year() != m.now.In(m.zone).Year() {
		return t.Format("Mon 2 Jan 2006")
	}
	return t.Format("Mon 2 Jan")
}

// Abs is the hour, with as much of the date as is needed to tell it from today; of another year, the date alone.
func (m moment) Abs() string {
	t, now := m.T.In(m.zone), m.now.In(m.zone)
	y, month, d := t.Date()
	ny, nmonth, nd := now.Date()
	days := now.Sub(t).Abs().Hours() / 24
	switch {
	case y == ny && month == nmonth && d == nd:
		return t.Format("15:04")
	case days < 6:
		return t.Format("Mon 15:04")
	case y == ny:
		return t.Format("2 Jan 15:04")
	}
	return t.Format("2 Jan 2006")
}

// Hour is a time to come as a person says it: "08:00" today, "Sat 08:00" within six days, otherwise "Mon 30 Nov, 08:00".
func (m moment) Hour() string {
	days := m.T.Sub(m.now).Abs().Hours() / 24
	if days < 6 {
		return m.Abs()
	}
	return m.Day() + ", " + m.Clock()
}

// ISO is for machines: the datetime attribute.
func (m moment) ISO() string { return m.T.In(m.zone).Format(time.RFC3339) }

// UTC is shown on hover, for comparing with logs.
func (m moment) UTC() string { return m.T.UTC().Format("2006-01-02 15:04:05 UTC") }

// age is the one way a length of time is shortened: "9 s", "43 min", "2 h 10 min", "14 h", "3 d". times.js does the same.
func age(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", m)
	case h < 10 && m%60 > 0:
		return fmt.Sprintf("%d h %d min", h, m%60)
	case h < 48:
		return fmt.Sprintf("%d h", h)
	}
	return fmt.Sprintf("%d d", h/24)
}

// duration is a measured length of time, to two units: "850 ms", "1 min 48 s", "3 d 4 h".
func duration(d time.Duration) string {
	if d < 0 {
		return "-" + duration(-d)
	}
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	units := []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.of {
			continue
		}
		out := fmt.Sprintf("%d %s", d/u.of, u.name)
		if i+1 < len(units) && d%u.of >= units[i+1].of {
			out += fmt.Sprintf(" %d %s", d%u.of/units[i+1].of, units[i+1].name)
		}
		return out
	}
	return "0 s"
}

// number groups the digits: 1204 is "1,204".
func number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

// plural is a number with its noun: "1 alert", "3 alerts".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// percent is n of all in whole per cent, never 100 before all are there.
func percent(n, all int) int {
	if all <= 0 {
		return 0
	}
	return min(max(n*100/all, 0), 100)
}
