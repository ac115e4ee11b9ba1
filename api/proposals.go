package api

import (
	"context"
	"math"
	"net/http"
	"slices"

	"frontline/desk"
	"frontline/insight"
	"frontline/people"
	"frontline/wire"
)

// Proposals are groups of requests that nobody could name.
type Proposals interface {
	List(ctx context.Context, a people.Actor) (insight.Known, error)
	Show(ctx context.Context, a people.Actor, ref string) (insight.Proposal, []string, error)
	Promote(ctx context.Context, a people.Actor, ref string, draft desk.DemandDraft, into string) (desk.Demand, error)
	Dismiss(ctx context.Context, a people.Actor, ref, reason string) (insight.Proposal, error)
	CodeMembers(ctx context.Context, a people.Actor, ref string, requests []string) (int, error)
	Soon(ctx context.Context, a people.Actor) error
}

var _ Proposals = (*insight.Explorer)(nil)

func (s *server) proposals() {
	one := func(path, id string, verb people.Verb, summary, say string) route {
		return route{Method: http.MethodPost, Path: "/proposals/{id}" + path, ID: id, Verb: verb, Summary: summary, Say: say}
	}
	add(s, route{Method: http.MethodGet, Path: "/proposals", ID: "listProposals", Verb: people.SeeRequests, Summary: "List the groups of requests that nobody could name", Say: "Those to decide about, the largest first; the others only with all. None is counted."}, s.listProposals)
	add(s, route{Method: http.MethodGet, Path: "/proposals/{id}", ID: "showProposal", Verb: people.SeeRequests, Summary: "Show a group of requests that nobody could name"}, s.showProposal)
	add(s, one("/promote", "promoteProposal", people.ManageDemands, "Make a demand of a proposal", "Its requests are not coded by it."), s.promoteProposal)
	add(s, one("/dismiss", "dismissProposal", people.ManageDemands, "Say that a proposal is no demand", "It comes back when it has twice as many requests."), s.dismissProposal)
	add(s, one("/code", "codeProposal", people.WorkRequests, "Confirm that requests of a promoted proposal are of its demand", ""), s.codeProposal)
	add(s, route{Method: http.MethodPost, Path: "/proposals", ID: "groupNow", Verb: people.ManageDemands, Status: http.StatusAccepted, Summary: "Have what nobody could name grouped now", Say: "It is done in the background."}, s.groupNow)
}

type listProposals struct {
	Paging
	All bool `query:"all" doc:"Those that became a demand or were dismissed too."`
}

func (s *server) proposalOf(ctx context.Context, by people.Actor) (func(insight.Proposal) wire.Proposal, error) {
	n, err := s.naming(ctx, by)
	return func(p insight.Proposal) wire.Proposal {
		out := wire.Proposal{ID: p.Name(), State: string(p.State), Title: p.Title(), Words: []wire.ProposalWord{}, Requests: p.Members, Lately: p.Lately, Before: p.Before, Askers: p.Askers, Customers: p.Customers,
			Alike: math.Round(100*p.Tightness) / 100, FoundAt: p.FoundAt.UTC(), SeenAt: p.SeenAt.UTC(), Reason: p.Reason, By: n.person(p.By)}
		for _, w := range p.Words {
			out.Words = append(out.Words, wire.ProposalWord{Word: w.Word, In: math.Round(1000*w.In) / 1000, Elsewhere: math.Round(1000*w.Elsewhere) / 1000})
		}
		if names := n.short([]string{p.Demand}); len(names) == 1 {
			out.Demand = names[0]
		}
		return out
	}, err
}

func (s *server) listProposals(ctx context.Context, by people.Actor, in *listProposals) (wire.List[wire.Proposal], error) {
	known, err := s.deps.Proposals.List(ctx, by)
	if err != nil {
		return wire.List[wire.Proposal]{}, err
	}
	told, err := s.proposalOf(ctx, by)
	if err != nil {
		return wire.List[wire.Proposal]{}, err
	}
	all := slices.DeleteFunc(known.Proposals, func(p insight.Proposal) bool { return !in.All && p.State != insight.Proposed })
	slices.SortStableFunc(all, func(a, b insight.Proposal) int { return b.Members - a.Members })
	return slice(all, in.Paging, told)
}

type byProposal struct {
	ID string `path:"id" maxLength:"100" doc:"The proposal's id." example:"P-17"`
}

type forProposal[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The proposal's id." example:"P-17"`
	Body T
}

// showProposal names the requests that the actor may see.
func (s *server) showProposal(ctx context.Context, by people.Actor, in *byProposal) (wire.Proposal, error) {
	p, members, err := s.deps.Proposals.Show(ctx, by, in.ID)
	if err != nil {
		return wire.Proposal{}, err
	}
	told, err := s.proposalOf(ctx, by)
	if err != nil {
		return wire.Proposal{}, err
	}
	out := told(p)
	for _, id := range members {
		if r, err := s.deps.Desk.Request(ctx, by, id); err == nil {
			out.Uncoded = append(out.Uncoded, r.Name())
		}
	}
	return out, nil
}

func (s *server) promoteProposal(ctx context.Context, by people.Actor, in *forProposal[wire.PromoteProposal]) (wire.Demand, error) {
	p, _, err := s.deps.Proposals.Show(ctx, by, in.ID)
	if err != nil {
		return wire.Demand{}, err
	}
	draft := p.Draft()
	if in.Body.Title != "" {
		draft.Title = in.Body.Title
	}
	if in.Body.Description != "" {
		draft.Description = in.Body.Description
	}
	draft.Owner, draft.Handling = in.Body.Owner, desk.Handling(in.Body.Handling)
	into := in.Body.Into
	if into != "" {
		into = demandName(into)
	}
	d, err := s.deps.Proposals.Promote(ctx, by, in.ID, draft, into)
	return s.told(ctx, by, d.ID, err)
}

func (s *server) dismissProposal(ctx context.Context, by people.Actor, in *forProposal[wire.DismissProposal]) (wire.Proposal, error) {
	if _, err := s.deps.Proposals.Dismiss(ctx, by, in.ID, in.Body.Reason); err != nil {
		return wire.Proposal{}, err
	}
	return s.showProposal(ctx, by, &byProposal{in.ID})
}

func (s *server) codeProposal(ctx context.Context, by people.Actor, in *forProposal[wire.CodeProposal]) (wire.CodedProposal, error) {
	n, err := s.deps.Proposals.CodeMembers(ctx, by, in.ID, in.Body.Requests)
	return wire.CodedProposal{Coded: n}, err
}

func (s *server) groupNow(ctx context.Context, by people.Actor, _ *struct{}) (wire.GroupingAsked, error) {
	return wire.GroupingAsked{Asked: true}, s.deps.Proposals.Soon(ctx, by)
}
