package api

import (
	"context"
	"net/http"

	"frontline/desk"
	"frontline/people"
	"frontline/search"
	"frontline/wire"
)

// Finding is where everything is looked for.
type Finding interface {
	Find(ctx context.Context, a people.Actor, typed string, limit int) (desk.Found, error)
	Similar(ctx context.Context, a people.Actor, ref string, limit int) ([]desk.Near, error)
	Rebuild(ctx context.Context, a people.Actor) error
}

var _ Finding = (*desk.Service)(nil)

func (s *server) finding() {
	add(s, route{Method: http.MethodGet, Path: "/search", ID: "search", Verb: people.SeeRequests, Summary: "Look for something",
		Say: "In requests, incidents, answers, actions, customers and services that you may see. What to type is in docs/search.md."}, s.search)
	addSilent(s, route{Method: http.MethodPost, Path: "/search/rebuild", ID: "rebuildSearch", Verb: people.Configure, Summary: "Write the text index anew",
		Say: "It goes on answering meanwhile. It is never needed in the usual run of things."}, s.rebuildSearch)
	add(s, aboutRequest(http.MethodGet, "/similar", "similarRequests", people.SeeRequests, "List requests that are like one, with the reason", ""), s.similarRequests)
}

type searchFor struct {
	Query string `query:"q" maxLength:"1000" required:"true" doc:"What to look for." example:"refund is:open"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most."`
}

func (s *server) search(ctx context.Context, by people.Actor, in *searchFor) (wire.Found, error) {
	f, err := s.deps.Finding.Find(ctx, by, in.Query, in.Limit)
	return wire.Found{Said: f.Said, Notes: every(f.Notes, func(n string) string { return n }), More: f.More,
		Corrections: every(f.Corrections, search.Correction.String), Items: every(f.Hits, hitOf)}, err
}

func hitOf(h desk.FoundHit) wire.Hit {
	out := wire.Hit{Kind: string(h.Kind), ID: h.Ref, Title: h.Name, Marks: every(h.Hit.Title, rangeOf), Because: h.Hit.String(), At: h.At,
		Snippet: wire.Snippet{Text: h.Snippet.Text, Marks: every(h.Snippet.Marks, rangeOf)}}
	switch h.Kind {
	case desk.KindRequest:
		out.State = string(h.Request.State)
	case desk.KindIncident:
		out.State = string(h.Incident.State)
	case desk.KindAnswer:
		out.State = string(h.Answer.State)
	}
	return out
}

func rangeOf(r search.Range) [2]int { return [2]int{r.From, r.To} }

func (s *server) rebuildSearch(ctx context.Context, by people.Actor, _ *struct{}) error {
	return s.deps.Finding.Rebuild(ctx, by)
}

type similarTo struct {
	ID    string `path:"id" maxLength:"100" doc:"The request's id." example:"R-1042"`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"5" doc:"How many at most."`
}

func (s *server) similarRequests(ctx context.Context, by people.Actor, in *similarTo) (wire.List[wire.Near], error) {
	near, err := s.deps.Finding.Similar(ctx, by, in.ID, in.Limit)
	if err != nil {
		return wire.List[wire.Near]{}, err
	}
	shown, err := s.requestWords(ctx, by, every(near, func(n desk.Near) desk.Request { return n.Request })...)
	if err != nil {
		return wire.List[wire.Near]{}, err
	}
	return wire.List[wire.Near]{Items: every(near, func(n desk.Near) wire.Near {
		return wire.Near{Request: shown(n.Request), Likeness: n.Likeness, Because: every(n.Because, func(w string) string { return w }), SameCustomer: n.SameCustomer, SameService: n.SameService}
	})}, nil
}
