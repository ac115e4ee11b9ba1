package insight

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"frontline/insight/stat"
)

// Fact is what is counted of one request. It holds references and figures, never text or names, and so outlives the erasure of a person.
type Fact struct {
	Number           int64  // of the request: R-1042
	Type             string // of request
	Team, Service    string
	Asker, Customer  string // references; empty where not known
	Arrived          time.Time
	Replied          time.Time // the first reply; zero while there is none
	Resolved         time.Time // zero while it is open
	Hours            float64   // of touch: TouchHours
	Measured         float64   // hours that screens and runs saw
	Size             Size      // as whoever closed it felt it; may be empty
	Demands          []stat.Part
	Confirmed        bool   // somebody confirmed the demands; only then they count
	None             bool   // somebody said that it is none of them
	Guess            string // the likeliest demand while nobody has said; never counted
	Escalated        bool   // to developers
	Verdict          string // what they found: confirmed, fixed, not_a_bug, duplicate; empty while nobody has said
	Escalation       string // the latest that it hangs on; a reference
	Tracker          string // of that escalation, by id
	DeveloperMinutes float64
	Targets          []stat.Target // service levels that applied
}

// Scope is what a report is about.
type Scope struct {
	From, To time.Time // arrivals from one to before the other
	Now      time.Time
	Zone     *time.Location
	Filter   []Condition // what the facts were chosen by; the report repeats it
	Level    float64     // of intervals; 0 is stat.Level
	Seed     uint64      // of what is resampled; the same gives the same digits
}

// begin makes the part that all reports share.
func (s Scope) begin(name, title, question, formula string, version, n int) Report {
	return Report{Name: name, Title: title, Question: question, Formula: formula, Version: version, N: n, Filter: s.Filter,
		From: s.From, To: s.To, AsOf: s.Now, Zone: s.Zone.String(), Level: s.level()}
}

func (s Scope) level() float64 {
	if s.Level == 0 {
		return stat.Level
	}
	return s.Level
}

// within is the facts that arrived in the scope, in the order of their arrival.
func (s Scope) within(facts []Fact) []Fact {
	in := slices.DeleteFunc(slices.Clone(facts), func(f Fact) bool { return f.Arrived.Before(s.From) || !f.Arrived.Before(s.To) })
	slices.SortStableFunc(in, func(a, b Fact) int { return a.Arrived.Compare(b.Arrived) })
	return in
}

// week is the ISO week in which t is, in the scope's zone: "2026-W47".
func (s Scope) week(t time.Time) string {
	year, week := t.In(s.Zone).ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

// month is the month in which t is, in the scope's zone: "2026-11".
func (s Scope) month(t time.Time) string { return t.In(s.Zone).Format("2006-01") }

// grouped is facts by a key, keys in order.
func grouped(facts []Fact, key func(Fact) string) (keys []string, by map[string][]Fact) {
	by = map[string][]Fact{}
	for _, f := range facts {
		k := key(f)
		by[k] = append(by[k], f)
	}
	for k := range by {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	return keys, by
}

// percent is a share as people read it: "7.5 %".
func percent(v float64) string { return strconv.FormatFloat(math.Round(1000*v)/10, 'f', -1, 64) + " %" }

// span is an interval in words.
func span(i stat.Interval, write func(float64) string) string {
	if math.IsInf(i.High, 1) {
		return "at least " + write(i.Low)
	}
	return write(i.Low) + " to " + write(i.High)
}

// worked is hours of work as people read them; days would mean eight hours to one and twenty-four to another.
func worked(v float64) string {
	if v >= 10 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64) + " h"
	}
	return strconv.FormatFloat(math.Round(10*v)/10, 'f', -1, 64) + " h"
}

// hours is a wait in hours as people read them: minutes below one, days from two.
func hours(v float64) string {
	short := func(v float64) string {
		if v >= 10 {
			return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
		}
		return strconv.FormatFloat(math.Round(10*v)/10, 'f', -1, 64)
	}
	switch {
	case v < 1:
		return short(60*v) + " min"
	case v < 48:
		return short(v) + " h"
	}
	return short(v/24) + " days"
}
