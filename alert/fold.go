package alert

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"frontline/catalog"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// Current is what the store has locked for a batch: the open alerts with the batch's keys, and the live groups that they or
// the batch's group keys belong to.
type Current struct {
	Alerts []Alert
	Groups []Group
}

// Folded is what a batch does: alerts and groups that are new (Number is 0) or changed, whom to page, and the journal.
type Folded struct {
	Alerts  []Alert
	Groups  []Group
	Orders  []oncall.Order
	Repeats int // signals that only moved a counter
	journal.Consequences
}

// Fold decides what a batch means. It is pure; id gives new ids.
//
// An open alert with the signal's key takes the signal in. A firing signal without one opens an alert, also when the same episode was
// resolved before: an alert that fires is never dropped, and a late duplicate of a highly available pair is resolved by that pair's own
// message. A resolution that is older than the open alert's episode is late and changes nothing. What a message does not mention stays
// as it is.
func Fold(src Source, services []catalog.Service, b Batch, cur Current, now time.Time, id func() string) Folded {
	f := &folding{src: src, services: services, now: now, id: id, by: people.Actor{Kind: people.BySource, ID: src.ID, Via: src.Kind},
		alerts: map[string]*Alert{}, groups: map[string]*Group{}, byID: map[string]*Group{}, isChanged: map[string]bool{}, before: map[string]Group{}}
	for _, a := range cur.Alerts {
		f.alerts[a.Key] = &a
	}
	for _, g := range cur.Groups {
		f.groups[g.Key], f.byID[g.ID], f.before[g.ID] = &g, &g, g
	}
	for _, s := range b.Signals {
		f.signal(s)
	}
	f.left(b)
	return f.finish()
}

type folding struct {
	src       Source
	services  []catalog.Service
	now       time.Time
	id        func() string
	by        people.Actor
	alerts    map[string]*Alert // open ones, by key
	groups    map[string]*Group // live ones, by key
	byID      map[string]*Group
	before    map[string]Group // groups as they were, by id
	changed   []*Alert         // in the order of the batch
	isChanged map[string]bool
	out       Folded
}

func (f *folding) signal(s Signal) {
	open := f.alerts[s.Key]
	switch {
	case s.Status == Firing && open != nil:
		f.repeat(open, s)
	case s.Status == Firing:
		f.open(s)
	case open == nil: // resolved or acknowledged, and nothing is open: nothing happens
		f.out.Repeats++
	case s.Status == Acknowledged:
		f.take(open)
	case !s.StartedAt.IsZero() && s.StartedAt.Before(open.Episode): // late news of an episode that is over
		f.out.Repeats++
	default:
		f.resolve(open, s)
	}
}

// open makes an alert, and its group when there is none.
func (f *folding) open(s Signal) {
	a := &Alert{ID: f.id(), Source: f.src.ID, Key: s.Key, Episode: began(s, f.now), State: Open, Severity: s.Severity, Title: s.Title,
		Text: s.Text, Host: s.Host, Labels: s.Labels, Links: s.Links, Count: 1, OpenedAt: f.now, LastAt: f.now}
	g := f.group(s)
	a.Group = g.ID
	g.Open++
	g.Total++
	if g.Open == 1 || s.Severity.Worse(g.Severity) {
		g.Severity, g.Title = s.Severity, s.Title
	}
	f.alerts[s.Key] = a
	f.touch(a)
	f.note("alert.opened", a, map[string]any{"severity": string(a.Severity), "service": g.Service, "began": a.Episode.UnixMicro()})
}

func began(s Signal, now time.Time) time.Time {
	if s.StartedAt.IsZero() || s.StartedAt.After(now) {
		return now
	}
	return s.StartedAt.UTC().Truncate(time.Microsecond)
}

// group finds the live group of a signal or makes one, routed to a service.
func (f *folding) group(s Signal) *Group {
	k := cmp.Or(s.Group, s.Key)
	if g := f.groups[k]; g != nil && g.State != Over {
		return g
	}
	g := &Group{ID: f.id(), Source: f.src.ID, Key: k, State: Open, Severity: s.Severity, Title: s.Title, OpenedAt: f.now, BeganAt: began(s, f.now)}
	if v, ok := f.src.Route(s.Labels, f.services); ok {
		g.Service, g.Team, g.Policy = v.ID, v.Team, v.Policy
	}
	f.groups[k], f.byID[g.ID] = g, g
	return g
}

// repeat takes in a signal of an open alert. Only the counter moves, unless it says something new.
func (f *folding) repeat(a *Alert, s Signal) {
	a.Count++
	a.LastAt = f.now
	worse := s.Severity.Worse(a.Severity)
	if worse || s.Title != a.Title {
		a.Severity, a.Title, a.Text, a.Labels, a.Links = s.Severity, s.Title, s.Text, s.Labels, s.Links
	}
	if s.StartedAt.After(a.Episode) {
		a.Episode = began(s, f.now)
	}
	if g := f.byID[a.Group]; worse && g != nil && s.Severity.Worse(g.Severity) {
		g.Severity, g.Title = s.Severity, s.Title
		f.note("alert.worsened", a, map[string]any{"severity": string(s.Severity)})
	}
	f.out.Repeats++
	f.touch(a)
}

func (f *folding) take(a *Alert) {
	if g := f.byID[a.Group]; g != nil && g.State == Open {
		g.State, g.AckedAt, g.AckedBy = Taken, f.now, f.src.ID
		f.out.Add(journal.Note(f.by, "group.acknowledged", g.Self(), map[string]any{"after_ms": f.now.Sub(g.OpenedAt).Milliseconds()}))
		f.out.Orders = append(f.out.Orders, oncall.AcknowledgeOrder(g.Self(), f.by))
	}
}

func (f *folding) resolve(a *Alert, s Signal) {
	a.State, a.ResolvedAt, a.LastAt = Over, f.now, f.now
	a.Count++
	delete(f.alerts, a.Key)
	f.touch(a)
	f.note("alert.resolved", a, map[string]any{"after_ms": f.now.Sub(a.OpenedAt).Milliseconds(), "signals": a.Count})
	g := f.byID[a.Group]
	if g == nil {
		return
	}
	if g.Open = max(0, g.Open-1); g.Open == 0 {
		g.State, g.ResolvedAt = Over, f.now
		f.out.Add(journal.Note(f.by, "group.resolved", g.Self(), map[string]any{"after_ms": f.now.Sub(g.OpenedAt).Milliseconds(), "alerts": g.Total}))
	}
}

// left remembers how many alerts the sender left out.
func (f *folding) left(b Batch) {
	for _, s := range b.Signals {
		if g := f.groups[cmp.Or(s.Group, s.Key)]; g != nil {
			g.Left = b.Left
		}
	}
}

func (f *folding) touch(a *Alert) {
	if !f.isChanged[a.ID] {
		f.isChanged[a.ID] = true
		f.changed = append(f.changed, a)
	}
}

func (f *folding) note(verb string, a *Alert, facts map[string]any) {
	f.out.Add(journal.Note(f.by, verb, journal.Of("alert", a.ID), facts).With(journal.Of("group", a.Group)))
}

// finish collects what changed, and asks for pages.
func (f *folding) finish() Folded {
	for _, a := range f.changed {
		f.out.Alerts = append(f.out.Alerts, *a)
	}
	for _, g := range f.byID {
		if before, old := f.before[g.ID]; !old || before != *g {
			f.page(g, before)
			f.out.Groups = append(f.out.Groups, *g)
		}
	}
	slices.SortFunc(f.out.Groups, func(x, y Group) int { return cmp.Compare(x.ID, y.ID) })
	return f.out
}

// page asks oncall for what the group needs now. Information pages nobody, and neither does what nobody owns: it is listed as unrouted.
func (f *folding) page(g *Group, before Group) {
	isNew := before.ID == ""
	// The page is told of growth at each doubling: in a storm it has better things to do than to be counted up.
	grew := isNew || bits.Len(uint(g.Total)) > bits.Len(uint(before.Total)) || g.Severity.Worse(before.Severity)
	switch {
	case g.State == Over && before.Paged:
		f.out.Orders = append(f.out.Orders, oncall.EndOrder(g.Self(), "resolved", f.by))
	case g.State != Over && grew && g.Routed() && g.Severity != Info:
		g.Paged = true
		f.out.Orders = append(f.out.Orders, oncall.RaiseOrder(f.opening(g), f.by))
	}
	if isNew && !g.Routed() {
		f.out.Add(journal.Note(f.by, "group.unrouted", g.Self(), map[string]any{"severity": string(g.Severity)}))
	}
}

func (f *folding) opening(g *Group) oncall.Opening {
	urgency := oncall.High
	if !g.Severity.Worse(Warning) {
		urgency = oncall.Low
	}
	return oncall.Opening{Subject: g.Self(), Team: g.Team, Policy: g.Policy, Urgency: urgency, Title: g.Title, Count: g.Open, Began: g.BeganAt}
}
