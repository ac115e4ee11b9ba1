package rule

import (
	"context"
	"slices"
	"time"

	"frontline/fault"
	"frontline/journal"
)

// Foreseen is what a rule would have done about one entry, or at one of its times.
type Foreseen struct {
	Entry      journal.Entry // the zero one for a time
	Event      Event
	Fires      bool
	Restrained string // why it would not have, although its condition held
	Firing     Firing
	Does       []string // what it would do, in words, with its texts
	Wrong      string   // the condition could not be evaluated
}

// Foresee says what the rule would have done about the entries, in order. It changes nothing. A condition sees the alert or incident as it is
// now, because that is what is known of it, and a request as it was, as far as the journal tells.
func (e *Engine) Foresee(ctx context.Context, r Rule, entries []journal.Entry) ([]Foreseen, error) {
	r.Off = false
	var out []Foreseen
	var before []Firing
	for _, entry := range entries {
		if !r.follows(entry) {
			continue
		}
		at := entry.At.Add(r.After)
		if at.After(e.Clock.Now()) { // its time has not come
			continue
		}
		event, err := e.recall(ctx, r, entry, at)
		if fault.Is(err, fault.NotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		f := r.foresee(Foreseen{Entry: entry, Event: event}, at, entryKey(entry.Seq), before)
		if f.Fires {
			before = append(before, f.Firing)
		}
		out = append(out, f)
	}
	return out, nil
}

// recall is what the condition would have seen at the time.
func (e *Engine) recall(ctx context.Context, r Rule, entry journal.Entry, at time.Time) (Event, error) {
	if e.Recall == nil {
		return e.describe(ctx, r, entry)
	}
	if about := Matter(entry); about.Kind == "request" && e.Knows != nil {
		if err := e.Knows(ctx, r.Actor(), about); err != nil {
			return Event{}, err
		}
	}
	return e.Recall(ctx, entry, at)
}

// ForeseeTimes says the same of a rule that goes by the clock, at its newest times between the two, at most limit of them.
func (r Rule) ForeseeTimes(since, until time.Time, limit int) []Foreseen {
	var out []Foreseen
	for _, at := range r.times(since, until, limit) {
		out = append(out, r.foresee(Foreseen{Event: Event{Verb: "time", At: at}}, at, "time "+at.Format(time.RFC3339), nil))
	}
	return out
}

func (r Rule) foresee(f Foreseen, at time.Time, key string, before []Firing) Foreseen {
	f.Event.Night = r.AtNight(at)
	holds, err := r.Holds(f.Event)
	if err == nil && holds {
		f.Firing, err = r.firing(f.Event, key)
		f.Firing.For, f.Firing.At = f.Event.About, at
		if err == nil && len(r.With) > 0 {
			f.Firing.Inputs, err = r.Inputs(f.Event) // shown to whoever asks, and kept nowhere
		}
		if deeds, wrong := r.deeds(f.Event); wrong == nil {
			f.Does = saidDeeds(deeds, func(_, id string) string { return id })
		}
		if len(r.On) > 0 {
			f.Restrained = r.Restrained(f.Event.About, at, before)
		}
		f.Fires = err == nil && f.Restrained == ""
	}
	if err != nil {
		f.Wrong = fault.Sentence(err)
	}
	return f
}

// times are the newest times at which a rule that goes by the clock was due, oldest first.
func (r Rule) times(since, until time.Time, limit int) []time.Time {
	var out []time.Time
	switch {
	case r.Every > 0:
		for at := until.Truncate(r.Every); !at.Before(since) && len(out) < limit; at = at.Add(-r.Every) {
			out = append(out, at.UTC())
		}
	case len(r.At) > 0:
		for at, ok := r.newest(until); ok && !at.Before(since) && len(out) < limit; at, ok = r.newest(at.Add(-time.Second)) {
			out = append(out, at)
		}
	}
	slices.Reverse(out)
	return out
}
