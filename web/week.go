package web

import (
	"fmt"
	"strings"
	"time"

	"frontline/oncall"
)

// span is a stretch of time that is drawn from its left to its right, true to the minute: in the week in which a zone's clocks change, the day
// with 23 or 25 hours is as much narrower or wider.
type span struct{ From, To time.Time }

// weekFrom is the seven days that begin at a midnight.
func weekFrom(monday time.Time) span { return span{monday, monday.AddDate(0, 0, 7)} }

func (s span) touches(from, to time.Time) bool { return from.Before(s.To) && to.After(s.From) }

// share is how much of the span lies before t, in per cent.
func (s span) share(t time.Time) float64 {
	return 100 * min(1, max(0, float64(t.Sub(s.From))/float64(s.To.Sub(s.From))))
}

// weekView is the rota of a week as a picture, and as the list that is read aloud and stands in its place on a phone.
type weekView struct {
	Title          string // "23 to 29 November"
	Number         int
	Zone           string
	Earlier, Later string
	This           bool   // it is the week of this moment
	Now            string // where this moment is; empty in another week
	Days           []weekDay
	Lanes          []weekLane
}

// weekDay is a column: where it begins and how wide it is, as an SVG attribute.
type weekDay struct {
	X, Width string
	Word     string
	Today    bool
	Odd      string // "25 h" when it has not the usual 24
}

type weekLane struct {
	Name, Small string
	Bars        []weekBar
}

// weekBar is one shift, or the part of it that lies in the week. When is always the whole shift.
type weekBar struct {
	X, Width string
	Look     string // "you", "cover", "gap" or empty
	Who      string
	When     string
	Words    string // what fits into the bar
	Second   string // below it; empty where there is no room
}

// How much of a week a bar must take, in per cent, for these words to fit.
const (
	fitsTimes    = 24
	fitsName     = 14
	fitsFirst    = 7
	fitsInitials = 3
)

// drawWeek draws the week from lanes that were looked at over a longer span.
func drawWeek(v *visit, book Book, week, seen span, lanes []oncall.Lane) weekView {
	_, n := week.From.ISOWeek()
	view := weekView{Title: dayRange(week.From, week.To.AddDate(0, 0, -1)), Number: n, Zone: v.Zone.String(), This: week.touches(v.Now, v.Now.Add(1))}
	if view.This {
		view.Now = percentage(week.share(v.Now))
	}
	for i := range 7 {
		from, to := week.From.AddDate(0, 0, i), week.From.AddDate(0, 0, i+1)
		day := weekDay{X: percentage(week.share(from)), Width: percentage(week.share(to) - week.share(from)), Word: from.Format("Mon 2"), Today: !v.Now.Before(from) && v.Now.Before(to)}
		if hours := to.Sub(from); hours != 24*time.Hour {
			day.Odd = age(hours)
		}
		view.Days = append(view.Days, day)
	}
	for _, l := range lanes {
		lane := weekLane{Name: l.Rotation.Name, Small: handOff(v, l.Rotation)}
		for _, sh := range l.Shifts {
			if week.touches(sh.From, sh.To) {
				lane.Bars = append(lane.Bars, barOf(v, book, week, seen, sh))
			}
		}
		view.Lanes = append(view.Lanes, lane)
	}
	return view
}

// dayRange is "23 to 29 November", and names both months where they differ.
func dayRange(first, last time.Time) string {
	if first.Month() == last.Month() {
		return first.Format("2 to ") + last.Format("2 January 2006")
	}
	return first.Format("2 January to ") + last.Format("2 January 2006")
}

// handOff says when a rotation hands over, with its zone when that is not the viewer's.
func handOff(v *visit, r oncall.Rotation) string {
	say := "hands over " + capital(r.HandoffDay) + " " + r.HandoffTime
	if r.Zone != v.Zone.String() {
		say += ", " + r.Zone
	}
	return say
}

func barOf(v *visit, book Book, week, seen span, sh oncall.Shift) weekBar {
	from, to := week.share(sh.From), week.share(sh.To)
	b := weekBar{X: percentage(from), Width: percentage(to - from), Who: book.Name("person", sh.Person), When: spanWords(v, sh.From, sh.To)}
	switch { // what goes on beyond what was looked at has no end of its own there
	case !sh.From.After(seen.From):
		b.When = "until " + v.at(sh.To).Day() + ", " + v.at(sh.To).Clock()
	case !sh.To.Before(seen.To):
		b.When = "from " + v.at(sh.From).Day() + ", " + v.at(sh.From).Clock()
	}
	first, _, _ := strings.Cut(b.Who, " ")
	short := initials(b.Who)
	switch {
	case sh.Gap():
		b.Look, b.Who, first, short = "gap", "Nobody", "Gap", "!"
	case sh.Person == v.Actor.ID:
		b.Look, b.Who, first = "you", "You", "You"
	case sh.Why == oncall.ByOverride:
		b.Look = "cover"
	}
	if sh.Why == oncall.ByOverride && sh.Instead != "" && sh.Instead != sh.Person {
		b.When += ", for " + book.Name("person", sh.Instead)
	}
	switch wide := to - from; {
	case wide >= fitsTimes:
		b.Words, b.Second = b.Who, b.When
	case wide >= fitsName:
		b.Words = b.Who
	case wide >= fitsFirst:
		b.Words = first
	case wide >= fitsInitials:
		b.Words = short
	}
	return b
}

func initials(name string) string {
	out := ""
	for _, word := range strings.Fields(name) {
		out += string([]rune(word)[:1])
	}
	return out
}

// spanWords is "Mon 08:00 to Mon 30 Nov, 08:00"; the day is said once when both ends lie in it.
func spanWords(v *visit, from, to time.Time) string {
	a, b := v.at(from), v.at(to)
	if a.Day() == b.Day() {
		return a.Day() + ", " + a.Clock() + " to " + b.Clock()
	}
	return a.Day() + ", " + a.Clock() + " to " + b.Day() + ", " + b.Clock()
}

func percentage(p float64) string { return fmt.Sprintf("%.3f%%", p) }
