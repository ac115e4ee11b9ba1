package api

import (
	"context"
	"net/http"

	"frontline/action"
	"frontline/people"
	"frontline/wire"
)

// Clusters is what actions reach that says beforehand what it allows them.
type Clusters interface {
	Neighbours(ctx context.Context, by people.Actor) ([]action.Neighbour, error)
	Neighbour(ctx context.Context, by people.Actor, ref string) (action.Neighbour, error)
	LookAt(ctx context.Context, by people.Actor, ref string) (action.Neighbour, error)
}

var _ Clusters = (*action.Runner)(nil)

func (s *server) clusters() {
	add(s, route{Method: http.MethodGet, Path: "/clusters", ID: "listClusters", Verb: people.SeeActions, Summary: "List what actions reach, and what it allows them",
		Say: "As it was at the last look."}, s.listClusters)
	add(s, route{Method: http.MethodGet, Path: "/clusters/{id}", ID: "showCluster", Verb: people.SeeActions, Summary: "Show what one cluster allows each action"}, s.showCluster)
	add(s, route{Method: http.MethodPost, Path: "/clusters/{id}/look", ID: "lookAtCluster", Verb: people.RunReadAction, Summary: "Ask a cluster now what it allows",
		Say: "With each action's own token. Nothing is changed. It takes up to 45 seconds when the cluster is silent."}, s.lookAtCluster)
}

func (s *server) listClusters(ctx context.Context, by people.Actor, in *Paging) (wire.List[wire.Cluster], error) {
	all, err := s.deps.Clusters.Neighbours(ctx, by)
	if err != nil {
		return wire.List[wire.Cluster]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Cluster]{}, err
	}
	return slice(all, *in, n.cluster)
}

type byCluster struct {
	ID string `path:"id" maxLength:"300" doc:"The cluster's id." example:"4be0a1c2d3f4"`
}

func (s *server) showCluster(ctx context.Context, by people.Actor, in *byCluster) (wire.Cluster, error) {
	return s.cluster(ctx, func() (action.Neighbour, error) { return s.deps.Clusters.Neighbour(ctx, by, in.ID) })
}

func (s *server) lookAtCluster(ctx context.Context, by people.Actor, in *byCluster) (wire.Cluster, error) {
	return s.cluster(ctx, func() (action.Neighbour, error) { return s.deps.Clusters.LookAt(ctx, by, in.ID) })
}

func (s *server) cluster(ctx context.Context, find func() (action.Neighbour, error)) (wire.Cluster, error) {
	found, err := find()
	if err != nil {
		return wire.Cluster{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.Cluster{}, err
	}
	return n.cluster(found), nil
}

func (n names) cluster(x action.Neighbour) wire.Cluster {
	out := wire.Cluster{ID: x.ID, Address: x.Address, Runner: labels(x.Runner), Version: x.Version(), Fault: x.Fault(), LookedAt: when(x.LookedAt()),
		Actions: every(x.Actions, n.allowance), Blocks: every(x.Blocks(), func(b action.Block) wire.ClusterTrap { return wire.ClusterTrap(b) })}
	if by := x.LookedBy(); by.ID != "" {
		out.LookedBy = n.person(by.ID)
	}
	return out
}

func (n names) allowance(b action.Bounds) wire.Allowance {
	said := b.Looked.Allowance
	return wire.Allowance{Action: wire.Ref{ID: b.ID, Name: b.Title}, Kind: b.Kind, Verdict: string(b.Verdict()), Account: said.Account, Fault: b.Looked.Fault,
		Rights: every(said.Rights, func(r action.Right) wire.Right { return wire.Right(r) }), Manifest: said.Manifest}
}
