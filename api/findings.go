package api

import (
	"context"
	"net/http"

	"frontline/people"
	"frontline/watch"
	"frontline/watch/locate"
	"frontline/wire"
)

// WatchFindings is what watches found, and what people say of it.
type WatchFindings interface {
	Findings(ctx context.Context, a people.Actor, f watch.Filter) ([]watch.Finding, error)
	Finding(ctx context.Context, a people.Actor, ref string) (watch.Finding, watch.Definition, error)
	Judge(ctx context.Context, a people.Actor, ref string, what watch.Feedback) (watch.Finding, error)
	Accept(ctx context.Context, a people.Actor, ref string) (watch.Finding, error)
}

func (s *server) watchFindings() {
	add(s, route{Method: http.MethodGet, Path: "/findings", ID: "listFindings", Verb: people.SeeWatches, Summary: "List what watches found", Say: "The newest first, without the list of customers."}, s.listFindings)
	add(s, route{Method: http.MethodGet, Path: "/findings/{id}", ID: "showFinding", Verb: people.SeeWatches, Summary: "Show a finding"}, s.showFinding)
	add(s, route{Method: http.MethodPost, Path: "/findings/{id}/judge", ID: "judgeFinding", Verb: people.JudgeFinding, Summary: "Say what a finding was", Say: "It is kept with the finding, and changes no threshold."}, s.judgeFinding)
	add(s, route{Method: http.MethodPost, Path: "/findings/{id}/accept", ID: "acceptFinding", Verb: people.JudgeFinding, Summary: "Take the level since the change as the usual one", Say: "It ends the finding."}, s.acceptFinding)
}

type listFindings struct {
	Paging
	Watch string `query:"watch" maxLength:"100" doc:"Only what this watch found."`
	Open  bool   `query:"open" doc:"Only what is not over."`
}

type byFinding struct {
	ID string `path:"id" maxLength:"100" doc:"The finding's id." example:"F-12"`
}

type judgeFinding struct {
	ID   string `path:"id" maxLength:"100" doc:"The finding's id." example:"F-12"`
	Body wire.JudgeFinding
}

func (s *server) listFindings(ctx context.Context, by people.Actor, in *listFindings) (wire.List[wire.WatchFinding], error) {
	none := wire.List[wire.WatchFinding]{}
	at, err := in.place()
	if err != nil {
		return none, err
	}
	all, err := s.deps.Watches.Findings(ctx, by, watch.Filter{Watch: in.Watch, Open: in.Open, Before: at.Below, Limit: in.Limit + 1})
	if err != nil {
		return none, err
	}
	watches, err := s.deps.Watches.Watches(ctx, by)
	if err != nil {
		return none, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return none, err
	}
	defs := map[string]watch.Definition{}
	for _, x := range watches {
		defs[x.ID] = x.Definition
	}
	return page(all, in.Limit, func(f watch.Finding) wire.WatchFinding {
		d, there := defs[f.Watch]
		if !there { // it is no more
			d = watch.Definition{ID: f.Watch, Name: f.Watch}
		}
		return n.watchFinding(f, d)
	}, func(f watch.Finding) place { return place{Below: f.Number} }), nil
}

func (s *server) showFinding(ctx context.Context, by people.Actor, in *byFinding) (wire.WatchFinding, error) {
	return s.shownFinding(ctx, by, in.ID, nil)
}

func (s *server) judgeFinding(ctx context.Context, by people.Actor, in *judgeFinding) (wire.WatchFinding, error) {
	_, err := s.deps.Watches.Judge(ctx, by, in.ID, watch.Feedback(in.Body.Feedback))
	return s.shownFinding(ctx, by, in.ID, err)
}

func (s *server) acceptFinding(ctx context.Context, by people.Actor, in *byFinding) (wire.WatchFinding, error) {
	_, err := s.deps.Watches.Accept(ctx, by, in.ID)
	return s.shownFinding(ctx, by, in.ID, err)
}

// shownFinding reads a finding as it is now, after what was done to it.
func (s *server) shownFinding(ctx context.Context, by people.Actor, ref string, err error) (wire.WatchFinding, error) {
	if err != nil {
		return wire.WatchFinding{}, err
	}
	f, d, err := s.deps.Watches.Finding(ctx, by, ref)
	if err != nil {
		return wire.WatchFinding{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.WatchFinding{}, err
	}
	out := n.watchFinding(f, d)
	if out.Hit != nil {
		out.Hit.List = every(f.Hit().List, func(h locate.Hurt) wire.WatchCustomer {
			return wire.WatchCustomer{Customer: h.Customer, Errors: h.Errors, Requests: h.Requests, Expected: h.Expected, Chance: h.Chance}
		})
	}
	return out, nil
}

// watchFinding is a finding without its customers.
func (n names) watchFinding(f watch.Finding, d watch.Definition) wire.WatchFinding {
	out := wire.WatchFinding{ID: f.Name(), UID: f.ID, Watch: wire.Ref{ID: f.Watch, Name: d.Name}, Title: f.Title(d), Text: f.Text(d), State: string(f.State), Direction: directionWord(f.Direction), Series: texts(f.Series),
		Past: f.Past, RaisedAt: f.RaisedAt.UTC(), EndedAt: moment(f.EndedAt), Since: moment(f.Start), SinceFrom: moment(f.From), SinceTo: moment(f.To), Everyone: f.Everyone, Causes: every(f.Causes, watchCause)}
	if !f.AssessedAt.IsZero() {
		whole := wire.WatchCause{Labels: map[string]string{}, Errors: f.Errors, Requests: f.Requests, Expected: f.Expected, Ratio: estimated(f.Ratio), Excess: estimated(f.Excess), Share: 1}
		out.Whole = &whole
	}
	if hit := f.Hit(); hit.Exposed > 0 {
		out.Hit = &wire.WatchHit{Customers: estimated(hit.Hit), Exposed: hit.Exposed}
	}
	if f.Feedback != "" {
		out.Judged = &wire.WatchJudgement{Feedback: string(f.Feedback), By: n.person(f.JudgedBy), At: f.JudgedAt.UTC()}
	}
	return out
}

func watchCause(c locate.Cause) wire.WatchCause {
	out := wire.WatchCause{Labels: map[string]string{}, Errors: c.Errors, Requests: c.Requests, Expected: c.Expected, Ratio: estimated(c.Ratio), Excess: estimated(c.Excess), Share: c.Share}
	for _, l := range c.Labels {
		out.Labels[l.Name] = l.Value
	}
	return out
}
