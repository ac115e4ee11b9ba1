package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Board is the status page as customers look at it: what is so now, and what was.
type Board struct {
	Page     PublishedPage
	AsOf     time.Time // when this was read; in the page's zone, like all its times
	Worst    Status    // of all components
	Sentence string    // how it is altogether: "Document checks are delayed. Everything else works."
	Now      []PublishedIncident
	Sections []Section
	Past     []PastDay // the last 14 days, today first, also those without incidents
}

// Section is components under one heading.
type Section struct {
	Name  string // empty for those without a heading
	Parts []Part90
}

// Part90 is a component with its last 90 days.
type Part90 struct {
	PublishedComponent
	Days        []DayStatus // oldest first; only since the component is shown
	Undisturbed float64     // share of that time in which it was not disturbed, 0 to 1
}

// DayStatus is the worst status of a day.
type DayStatus struct {
	Day   Date
	Worst Status
}

// PastDay is what ended on a day.
type PastDay struct {
	Day       Date
	Incidents []PublishedIncident // those that began on it and are over
}

const (
	boardDays = 90
	pastDays  = 14
)

// BoardSince is from when on incidents must be read to draw a board at the given time.
func BoardSince(now time.Time) time.Time { return now.AddDate(0, 0, -boardDays) }

// NewBoard draws the board from what was published.
func NewBoard(p Published, now time.Time) Board {
	zone := p.Page.Location()
	b := Board{Page: p.Page, AsOf: now.In(zone), Worst: Operational}
	for _, i := range p.Incidents {
		if i.State != WordResolved {
			b.Now = append(b.Now, i)
		}
	}
	for _, c := range p.Shown() {
		if c.Status.Worse(b.Worst) {
			b.Worst = c.Status
		}
		b.put(c.over90(p.Incidents, b.AsOf))
	}
	b.Sentence = b.sentence(p.Shown())
	b.Past = pastOf(p.Incidents, b.AsOf)
	return b
}

// Location is the zone of the page's times; UTC when it is not known here.
func (p PublishedPage) Location() *time.Location {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

func (b *Board) put(part Part90) {
	i := slices.IndexFunc(b.Sections, func(s Section) bool { return s.Name == part.Group })
	if i < 0 {
		b.Sections = append(b.Sections, Section{Name: part.Group})
		i = len(b.Sections) - 1
	}
	b.Sections[i].Parts = append(b.Sections[i].Parts, part)
}

func (b *Board) sentence(shown []PublishedComponent) string {
	rest := ""
	if slices.ContainsFunc(shown, func(c PublishedComponent) bool { return c.Status == Operational }) {
		rest = " Everything else works."
	}
	switch len(b.Now) {
	case 0:
		return "Everything works."
	case 1:
		return strings.TrimRight(b.Now[0].Name, ". ") + "." + rest
	}
	return fmt.Sprintf("%d disturbances.%s", len(b.Now), rest)
}

// pastOf sorts the incidents that are over by the day on which they began.
func pastOf(incidents []PublishedIncident, now time.Time) []PastDay {
	var days []PastDay
	for n := range pastDays {
		days = append(days, PastDay{Day: DateOf(now.AddDate(0, 0, -n))})
	}
	for _, i := range incidents {
		day := DateOf(i.CreatedAt.In(now.Location()))
		at := slices.IndexFunc(days, func(d PastDay) bool { return d.Day == day })
		if at >= 0 && i.State == WordResolved {
			days[at].Incidents = append(days[at].Incidents, i)
		}
	}
	return days
}

// span is a time in which a component had a status.
type span struct {
	from, to time.Time
	status   Status
}

// spans returns when an incident let the component have which status.
func (i PublishedIncident) spans(component string, now time.Time) []span {
	var out []span
	for _, u := range slices.Backward(i.Updates) { // oldest first
		for _, c := range u.Affected {
			if c.ID != component {
				continue
			}
			if len(out) > 0 {
				out[len(out)-1].to = u.At
			}
			out = append(out, span{u.At, now, c.New})
		}
	}
	return slices.DeleteFunc(out, func(s span) bool { return s.status == Operational })
}

// over90 returns the component's last 90 days, as the incidents tell them.
func (c PublishedComponent) over90(incidents []PublishedIncident, now time.Time) Part90 {
	part := Part90{PublishedComponent: c, Undisturbed: 1}
	var all []span
	for _, i := range incidents {
		all = append(all, i.spans(c.ID, now)...)
	}
	first := now.AddDate(0, 0, -boardDays+1)
	if born := c.CreatedAt.In(now.Location()); born.After(first) {
		first = born
	}
	began := midnight(first)
	for day := began; !day.After(now); day = day.AddDate(0, 0, 1) {
		d := DayStatus{DateOf(day), Operational}
		for _, s := range all {
			if s.from.Before(day.AddDate(0, 0, 1)) && s.to.After(day) && s.status.Worse(d.Worst) {
				d.Worst = s.status
			}
		}
		part.Days = append(part.Days, d)
	}
	if whole := now.Sub(began); whole > 0 {
		part.Undisturbed = 1 - float64(disturbed(all, began))/float64(whole)
	}
	return part
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// disturbed is how long the spans cover since a time, each moment counted once. Maintenance disturbs nobody: it was announced.
func disturbed(spans []span, since time.Time) time.Duration {
	spans = slices.DeleteFunc(slices.Clone(spans), func(s span) bool { return s.status == UnderMaintenance })
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var total time.Duration
	covered := since
	for _, s := range spans {
		if s.from.After(covered) {
			covered = s.from
		}
		if s.to.After(covered) {
			total += s.to.Sub(covered)
			covered = s.to
		}
	}
	return total
}
