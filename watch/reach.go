package watch

import (
	"context"
	"slices"
	"time"

	"frontline/fault"
	"frontline/insight/stat"
	"frontline/people"
	"frontline/watch/locate"
)

// Scope is a part of what a watch counts: some labels with their values, from one time to another.
type Scope struct {
	Watch  string         `json:"watch"`
	Labels []locate.Label `json:"labels,omitempty"` // all of them hold; none is everything
	From   time.Time      `json:"from"`
	Until  time.Time      `json:"until,omitzero"` // zero: as far as the watch has counted
}

// Reach is what a scope counted beside what the seven days before it let expect, and whom that hurts. Intervals hold the truth with a chance of 0.95.
type Reach struct {
	From, Until    time.Time // what is kept of the scope, in whole buckets; in whole hours where it is Hourly
	Hourly         bool      // a part of it is kept by the hour only
	Errors         float64
	Requests       float64 // for a count alone, the buckets
	Expected       float64 // errors
	Excess         stat.Estimate
	Ratio          stat.Estimate
	NamesCustomers bool // one of the watch's labels names the customer
	Customers      locate.Customers
	Missing        string // why there are no figures, in a sentence; empty when there are
}

// The sentences of Reach.Missing.
const (
	missingVersion = "The watch has counted nothing yet since it was last changed."
	missingCounts  = "Nothing was counted for these labels in this time, or it is not kept any more."
	missingBefore  = "The week before is not kept, so nobody knows what was usual."
)

// Reach says what a scope counted and whom it hurts. Counts are kept bucket by bucket for two days and by the hour for five weeks: what is older
// than that is missing, and said to be. Errors: no such watch, a label that it does not have, a time that ends before it begins.
func (s *Service) Reach(ctx context.Context, by people.Actor, q Scope) (Reach, error) {
	d, err := s.definition(ctx, by, q.Watch)
	if err != nil {
		return Reach{}, err
	}
	if err := d.CheckScope(q); err != nil {
		return Reach{}, err
	}
	out := Reach{From: q.From, Until: q.Until, NamesCustomers: d.Customer != ""}
	state, err := s.Store.WatchState(ctx, d.ID)
	if err != nil {
		return out, err
	}
	if state.Version != d.Version() || state.Position == 0 {
		out.Missing = missingVersion
		return out, nil
	}
	m, err := think(d, state, 1)
	if err != nil {
		return out, err
	}
	return out, s.reach(ctx, m, q, &out)
}

// CheckScope says what is wrong with a scope of the watch.
func (d Definition) CheckScope(q Scope) error {
	for _, l := range q.Labels {
		if !slices.Contains(d.Labels, l.Name) {
			return fault.Wrong("labels", "The watch %s has no label %.60q. It has: %s.", d.ID, l.Name, orNone(d.Labels))
		}
	}
	if q.From.IsZero() {
		return fault.Wrong("from", "Say since when.")
	}
	if !q.Until.IsZero() && !q.Until.After(q.From) {
		return fault.Wrong("until", "The end comes after the beginning. Leave it empty while it lasts.")
	}
	return nil
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	out := words[0]
	for _, w := range words[1:] {
		out += ", " + w
	}
	return out
}

// reach computes the figures.
func (s *Service) reach(ctx context.Context, m *mind, q Scope, out *Reach) error {
	from, until := m.det.Number(q.From), m.state.Position
	if !q.Until.IsZero() {
		until = min(until, m.det.Number(q.Until.Add(-time.Nanosecond)))
	}
	if from > until {
		out.Missing = missingCounts
		return nil
	}
	k := &Keeper{Store: s.Store, Clock: s.Clock}
	since, span, err := k.between(ctx, m, from, until)
	if err != nil {
		return err
	}
	out.From, out.Until, out.Hourly = m.det.Start(span.first), m.end(span.last), span.hourly
	hour := out.From.Unix() / 3600
	before, err := s.Store.WatchHours(ctx, m.def.ID, hour-int64(usualDays/time.Hour), hour-1)
	if err != nil {
		return err
	}
	var old []Leaf
	for _, h := range before {
		old = append(old, h.Leaves...)
	}
	out.figures(m, m.def.with(q.Labels, since), m.def.with(q.Labels, Add(nil, old)), span, len(before))
	return nil
}

// figures fills in what the leaves of the scope came to, beside those of so many hours before it.
func (r *Reach) figures(m *mind, since, before []Leaf, span span, hours int) {
	x, n := Sum(since)
	if m.def.Counted() {
		n = float64(span.last - span.first + 1)
	}
	r.Errors, r.Requests = x, n
	switch {
	case len(since) == 0 || n == 0:
		r.Missing = missingCounts
		return
	case hours == 0:
		r.Missing = missingBefore
		return
	}
	ask := locate.Question{Labels: m.def.Labels, Customer: slices.Index(m.def.Labels, m.def.Customer), Leaves: compared(since, before), Dispersion: m.det.Usual(&m.series[0]).Dispersion()}
	if len(ask.Leaves) == 0 {
		r.Missing = missingCounts
		return
	}
	if len(ask.Labels) == 0 { // one leaf without values
		ask.Labels, ask.Leaves[0].Values, ask.Customer = []string{""}, []string{""}, -1
	}
	if m.def.Counted() {
		alike(ask.Leaves, n, float64(hours)*float64(m.buckets(time.Hour)))
	}
	cause, err := locate.Sum(ask)
	if err != nil { // counts that no source gives
		r.Missing = fault.Sentence(err)
		return
	}
	r.Expected, r.Excess, r.Ratio, r.Customers = cause.Expected, cause.Excess, cause.Ratio, cause.Customers
}

// with are the leaves that have all of these values.
func (d Definition) with(labels []locate.Label, leaves []Leaf) []Leaf {
	if len(labels) == 0 {
		return leaves
	}
	var out []Leaf
	for _, l := range leaves {
		if !slices.ContainsFunc(labels, func(x locate.Label) bool {
			at := slices.Index(d.Labels, x.Name)
			return at < 0 || at >= len(l.Values) || l.Values[at] != x.Value
		}) {
			out = append(out, l)
		}
	}
	return out
}

// span is which buckets were summed.
type span struct {
	first, last uint32
	hourly      bool
}

// between sums the leaves from one bucket to another. What is too old to be kept bucket by bucket is summed by whole hours, also where an hour
// begins before the first bucket.
func (k *Keeper) between(ctx context.Context, m *mind, from, until uint32) ([]Leaf, span, error) {
	at := span{first: from, last: until}
	perHour := m.buckets(time.Hour)
	kept := m.det.Number(k.Clock.Now().Add(-keepLeaves))
	var out []Leaf
	if from <= kept {
		hours, err := k.Store.WatchHours(ctx, m.def.ID, int64(from/perHour), int64(min(until, kept)/perHour))
		if err != nil {
			return nil, at, err
		}
		for i, h := range hours {
			if i == 0 {
				at.first, at.hourly = h.First, true
			}
			out = Add(out, h.Leaves)
			from = h.First + uint32(h.Width)
			at.last = max(until, from-1)
		}
	}
	if from > until {
		return out, at, nil
	}
	buckets, err := k.Store.WatchCounts(ctx, m.def.ID, from, until)
	for _, b := range buckets {
		out = append(append(out, b.Leaves...), b.Late...)
	}
	return Add(nil, out), at, err
}
