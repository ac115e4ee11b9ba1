package watch

import (
	"context"
	"slices"
	"strings"
	"time"

	"frontline/insight/stat"
	"frontline/people"
)

// Promise says what became of a promise.
type Promise string

// What may become of it.
const (
	Unseen    Promise = "unseen"    // nothing was observed yet after learning
	Kept      Promise = "kept"      // what was seen does not speak against it
	Undecided Promise = "undecided" // it is kept only if some of what nobody has judged was real
	Broken    Promise = "broken"    // more false alarms than chance makes of what was promised
)

// Honesty is what the watches of one team promised, and what became of it. Intervals hold the truth with a chance of 0.95.
type Honesty struct {
	Team     string
	Watches  int           // with observed time
	Observed time.Duration // of all of them together, after learning
	Promised float64       // false alarms in the observed time, on average
	Findings int           // raised in the observed time
	Past     int           // of these, found in history: nobody was told
	Real     int
	Known    int
	False    int           // judged to be not a problem
	Unjudged int           // nobody has said what they were
	Range    stat.Interval // where the mean of the false alarms lies
	Worst    stat.Interval // and where, if everything unjudged was false
	Promise  Promise       // what became of it
	Median   stat.Estimate // seconds from when a real change began until it was raised
	P90      stat.Estimate // nine of ten were raised within so many seconds
	delays   []float64
}

// Honesty says for each team whose watches the actor may know of what they promised since a time, and what became of it.
func (s *Service) Honesty(ctx context.Context, by people.Actor, since time.Time) ([]Honesty, error) {
	all, err := s.Watches(ctx, by)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for page := (Filter{After: since, Limit: 1000}); ; page.Before = found[len(found)-1].Number {
		more, err := s.Store.Findings(ctx, page)
		if err != nil {
			return nil, err
		}
		if found = append(found, more...); len(more) < page.Limit {
			break
		}
	}
	return honesty(all, found, since)
}

// observed is the time in which a watch could have raised something since a time: from when it had learnt until its last decided bucket, or
// until the last in which anything was counted when nothing comes any more. Findings and time are of the same span, so that history that was
// given at the beginning counts on both sides or on none.
func observed(x Sight, since time.Time) (from, until time.Time) {
	if !x.Begun || x.Learning() {
		return since, since
	}
	at := func(bucket uint32) time.Time {
		return time.Unix(int64(bucket)*int64(x.Every()/time.Second), 0)
	}
	until = x.Behind()
	if x.State.Blind && !x.Counted() {
		until = at(x.State.Heard + 1)
	}
	if from = at(x.State.Begun).Add(x.Learns()); from.Before(since) {
		from = since
	}
	if until.Before(from) {
		until = from
	}
	return from, until
}

// honesty reckons it up, the teams in the order of their names.
func honesty(all []Sight, found []Finding, since time.Time) ([]Honesty, error) {
	teams := map[string]*Honesty{}
	for _, x := range all {
		h := teams[x.Team]
		if h == nil {
			h = &Honesty{Team: x.Team}
			teams[x.Team] = h
		}
		from, until := observed(x, since)
		if !until.After(from) {
			continue
		}
		h.Watches++
		h.Observed += until.Sub(from)
		h.Promised += PerMonth(x.Definition) * float64(until.Sub(from)) / float64(month)
		for _, f := range found {
			if f.Watch == x.ID && f.RaisedAt.After(from) && !f.RaisedAt.After(until) {
				h.count(f)
			}
		}
	}
	out := make([]Honesty, 0, len(teams))
	for _, h := range teams {
		if err := h.conclude(); err != nil {
			return nil, err
		}
		out = append(out, *h)
	}
	slices.SortFunc(out, func(a, b Honesty) int { return strings.Compare(a.Team, b.Team) })
	return out, nil
}

// count takes one finding in.
func (h *Honesty) count(f Finding) {
	h.Findings++
	if f.Past {
		h.Past++
	}
	switch f.Feedback {
	case Real:
		h.Real++
		if !f.Start.IsZero() { // it was assessed
			h.delays = append(h.delays, max(0, f.RaisedAt.Sub(f.Start).Seconds()))
		}
	case Known:
		h.Known++
	case NotProblem:
		h.False++
	default:
		h.Unjudged++
	}
}

// conclude turns counts into intervals and says what became of the promise: it is broken when even the low end of the interval is above what was
// promised.
func (h *Honesty) conclude() (err error) {
	if h.Range, err = stat.CountOf(h.False, stat.Level); err != nil {
		return err
	}
	if h.Worst, err = stat.CountOf(h.False+h.Unjudged, stat.Level); err != nil {
		return err
	}
	if h.Median, err = stat.QuantileOf(h.delays, 0.5, stat.Level); err != nil {
		return err
	}
	if h.P90, err = stat.QuantileOf(h.delays, 0.9, stat.Level); err != nil {
		return err
	}
	switch {
	case h.Observed == 0:
		h.Promise = Unseen
	case h.Range.Low > h.Promised:
		h.Promise = Broken
	case h.Worst.Low > h.Promised:
		h.Promise = Undecided
	default:
		h.Promise = Kept
	}
	return nil
}
