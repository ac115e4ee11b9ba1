package api

import (
	"context"
	"net/http"

	"frontline/action"
	"frontline/desk"
	"frontline/people"
	"frontline/wire"
)

// Mornings is where hand-overs are read.
type Mornings interface {
	List(ctx context.Context, by people.Actor, team string) ([]action.Handover, error)
	Show(ctx context.Context, by people.Actor, id string) (action.Handed, error)
}

var _ Mornings = (*action.Mornings)(nil)

// TakingUp makes requests of morning hand-overs.
type TakingUp interface {
	// TakeUp makes a hand-over a request to its team; fresh is false when it was one already.
	TakeUp(ctx context.Context, a people.Actor, h action.Handed) (r desk.Request, fresh bool, err error)
	// TakenUp is the request that it was made; false when it is none.
	TakenUp(ctx context.Context, a people.Actor, h action.Handover) (desk.Request, bool, error)
}

var _ TakingUp = (*desk.Service)(nil)

func (s *server) handovers() {
	add(s, route{Method: http.MethodGet, Path: "/handovers", ID: "listHandovers", Verb: people.SeeActions, Summary: "List morning hand-overs", Say: "What teams were told about the runs of their nights, newest first."}, s.listHandovers)
	add(s, route{Method: http.MethodGet, Path: "/handovers/{id}", ID: "showHandover", Verb: people.SeeActions, Summary: "Show a morning hand-over",
		Say: "With the runs it names as they are now, what needs somebody first."}, s.showHandover)
	add(s, route{Method: http.MethodPost, Path: "/handovers/{id}/request", ID: "askAboutHandover", Verb: people.AskDesk, Summary: "Make a morning hand-over a request to its team",
		Say: "With what happened, what the runs said, and where the evidence is. Once for each hand-over: asked again, it answers with the same request."}, s.askAboutHandover)
}

type listHandovers struct {
	Paging
	Team string `query:"team" maxLength:"100" doc:"Only of this team." example:"support"`
}

func (s *server) listHandovers(ctx context.Context, by people.Actor, in *listHandovers) (wire.List[wire.Handover], error) {
	all, err := s.deps.Mornings.List(ctx, by, in.Team)
	if err != nil {
		return wire.List[wire.Handover]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Handover]{}, err
	}
	return slice(all, in.Paging, n.handover)
}

func (n names) handover(h action.Handover) wire.Handover {
	return wire.Handover{ID: h.ID(), Team: *n.ref("team", h.Team), Day: h.Night.Day, From: h.Night.From, Until: h.Night.Until, Runs: len(h.Runs), Items: len(h.Items)}
}

type byHandover struct {
	ID string `path:"id" maxLength:"120" doc:"The hand-over's id." example:"support-2026-11-24"`
}

func (s *server) showHandover(ctx context.Context, by people.Actor, in *byHandover) (wire.HandoverShown, error) {
	h, err := s.deps.Mornings.Show(ctx, by, in.ID)
	if err != nil {
		return wire.HandoverShown{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.HandoverShown{}, err
	}
	var made *wire.Ref
	if r, ok, err := s.deps.TakingUp.TakenUp(ctx, by, h.Handover); err != nil {
		return wire.HandoverShown{}, err
	} else if ok {
		made = &wire.Ref{ID: r.Name(), Name: r.Title}
	}
	return wire.HandoverShown{Handover: n.handover(h.Handover), Request: made, Expiring: every(h.Expiring, n.kept),
		Told: every(h.Runs, func(r action.Run) wire.HandedRun { return wire.HandedRun{Run: n.run(r), Needs: r.Needs()} })}, nil
}

func (s *server) askAboutHandover(ctx context.Context, by people.Actor, in *byHandover) (wire.Request, error) {
	h, err := s.deps.Mornings.Show(ctx, by, in.ID)
	if err != nil {
		return wire.Request{}, err
	}
	r, _, err := s.deps.TakingUp.TakeUp(ctx, by, h)
	return s.answered(ctx, by, r, err)
}
