package api

import (
	"context"
	"net/http"
	"time"

	"frontline/fault"
	"frontline/people"
	"frontline/watch"
	"frontline/watch/detect"
	"frontline/wire"
)

// Watches keep an eye on mistake rates; what the actor may not know of is left out.
type Watches interface {
	Watches(ctx context.Context, a people.Actor) ([]watch.Sight, error)
	Watch(ctx context.Context, a people.Actor, id string) (watch.Sight, error)
	Series(ctx context.Context, a people.Actor, id string) ([]watch.Standings, error)
	Chart(ctx context.Context, a people.Actor, id string, values []string, from, until time.Time) ([]watch.Point, error)
	WatchFindings
}

var _ Watches = (*watch.Service)(nil)

func (s *server) watches() {
	add(s, route{Method: http.MethodGet, Path: "/watches", ID: "listWatches", Verb: people.SeeWatches, Summary: "List watches", Say: "Those with something open first, then the nearest to an alarm."}, s.listWatches)
	add(s, route{Method: http.MethodGet, Path: "/watches/{id}", ID: "showWatch", Verb: people.SeeWatches, Summary: "Show a watch with the evidence of its series"}, s.showWatch)
	add(s, route{Method: http.MethodGet, Path: "/watches/{id}/chart", ID: "chartWatch", Verb: people.SeeWatches, Summary: "Show what a series of a watch counted, and what is usual",
		Say: "The last two days when no times are given, 35 days at most."}, s.chartWatch)
	s.watchFindings()
}

type byWatch struct {
	ID string `path:"id" maxLength:"100" doc:"The watch." example:"decisions"`
}

type chartWatch struct {
	ID     string    `path:"id" maxLength:"100" doc:"The watch." example:"decisions"`
	Series []string  `query:"series,explode" maxItems:"8" doc:"The values of the series, one parameter each, in the order of the watch's by; everything together when absent."`
	From   time.Time `query:"from" doc:"Two days before until when absent." example:"2026-11-21T00:00:00Z"`
	Until  time.Time `query:"until" doc:"Now when absent." example:"2026-11-23T00:00:00Z"`
}

const (
	usualChart   = 48 * time.Hour
	longestChart = 35 * 24 * time.Hour // is kept
)

// span is which time is asked for.
func (in *chartWatch) span(now time.Time) (from, until time.Time, err error) {
	until = in.Until
	if until.IsZero() || until.After(now) {
		until = now
	}
	from = in.From
	if from.IsZero() {
		from = until.Add(-usualChart)
	}
	if !until.After(from) || now.Sub(from) > longestChart {
		return from, until, fault.Wrong("from", "A chart begins before it ends, and at most 35 days ago. Give other times.")
	}
	return from, until, nil
}

func (s *server) listWatches(ctx context.Context, by people.Actor, in *struct{ Paging }) (wire.List[wire.Watch], error) {
	all, err := s.deps.Watches.Watches(ctx, by)
	if err != nil {
		return wire.List[wire.Watch]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Watch]{}, err
	}
	return slice(all, in.Paging, n.watch)
}

func (s *server) showWatch(ctx context.Context, by people.Actor, in *byWatch) (wire.WatchShown, error) {
	x, err := s.deps.Watches.Watch(ctx, by, in.ID)
	if err != nil {
		return wire.WatchShown{}, err
	}
	series, err := s.deps.Watches.Series(ctx, by, in.ID)
	if err != nil {
		return wire.WatchShown{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.WatchShown{}, err
	}
	return wire.WatchShown{Watch: n.watch(x), Series: every(series, func(one watch.Standings) wire.WatchSeries {
		return wire.WatchSeries{Values: texts(one.Values), Evidence: one.Evidence, Learnt: one.Learnt, Usual: one.Usual, Open: directionWord(one.Open)}
	})}, nil
}

func (s *server) chartWatch(ctx context.Context, by people.Actor, in *chartWatch) (wire.WatchChart, error) {
	from, until, err := in.span(s.deps.Clock.Now())
	if err != nil {
		return wire.WatchChart{}, err
	}
	points, err := s.deps.Watches.Chart(ctx, by, in.ID, in.Series, from, until)
	return wire.WatchChart{From: from.UTC(), Until: until.UTC(), Points: every(points, func(p watch.Point) wire.WatchPoint {
		return wire.WatchPoint{At: p.At.UTC(), Errors: p.Errors, Requests: p.Requests, Rate: p.Rate(), Usual: p.Usual, Low: p.Low, High: p.High}
	})}, err
}

func (n names) watch(x watch.Sight) wire.Watch {
	out := wire.Watch{ID: x.ID, Name: x.Name, State: watchState(x), Trouble: x.State.Trouble, Service: n.ref("service", x.Service), Team: n.ref("team", x.Team),
		Bucket: wire.Duration(x.Every()), FalseAlarms: watch.Promised(x.Definition), Labels: texts(x.Labels), By: texts(x.By),
		Open: every(x.Open, func(f watch.Finding) wire.WatchFinding { return n.watchFinding(f, x.Definition) })}
	if x.Begun {
		counted := x.Behind().UTC()
		out.CountedTo, out.Learnt, out.Evidence = &counted, x.State.Learnt, x.State.Nearest
	}
	return out
}

func watchState(x watch.Sight) string {
	switch {
	case len(x.Open) > 0:
		return "finding"
	case x.State.Trouble != "" || x.State.Blind:
		return "blind"
	case !x.Begun:
		return "waiting"
	case x.Learning():
		return "learning"
	}
	return "calm"
}

// directionWord is empty for none.
func directionWord(d detect.Direction) string {
	return map[detect.Direction]string{detect.Up: "rise", detect.Down: "fall", detect.Both: "both"}[d]
}

// texts are never nil.
func texts(all []string) []string { return every(all, func(s string) string { return s }) }
