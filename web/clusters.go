package web

import (
	"context"
	"net/http"

	"frontline/action"
	"frontline/people"
	"frontline/runner"
)

// Clusters is what actions reach that says beforehand what it allows them.
type Clusters interface {
	Neighbours(ctx context.Context, by people.Actor) ([]action.Neighbour, error)
	Neighbour(ctx context.Context, by people.Actor, ref string) (action.Neighbour, error)
	// LookAt asks it now. It may take as long as action kinds are patient.
	LookAt(ctx context.Context, by people.Actor, ref string) (action.Neighbour, error)
}

var _ Clusters = (*action.Runner)(nil)

const clustersPath = "/system/clusters"

type clustersScreen struct {
	head
	Rows []clusterRow
}

// clusterRow is one cluster in the list.
type clusterRow struct {
	Name, Path, Small string
	State             state
	At                moment
}

// showClusters lists what the applied actions reach, and whether it lets them.
func (s *Server) showClusters(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := s.deps.Clusters.Neighbours(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	scr := clustersScreen{head: head{Title: "Clusters", Wing: "/me", Trail: trail("Settings", "/me", "System", "/system", "Clusters"), Topics: topics("action", "", "config", "")}}
	for _, n := range all {
		row := clusterRow{Name: n.Address, Path: clustersPath + "/" + n.ID, State: clusterState(n), At: v.at(n.LookedAt()), Small: plural(len(n.Actions), "action", "actions")}
		if len(n.Runner) > 0 {
			row.Small += ", through a runner with " + runner.LabelText(n.Runner)
		}
		scr.Rows = append(scr.Rows, row)
	}
	return s.show(w, r, v, http.StatusOK, "clusters", scr)
}

// clusterState is the worst of a cluster's actions.
func clusterState(n action.Neighbour) state {
	count := map[action.Verdict]int{}
	for _, b := range n.Actions {
		count[b.Verdict()]++
	}
	switch {
	case len(n.Runner) > 0:
		return newState("calm", "Looked at by its runner", "globe")
	case count[action.Unreached] == len(n.Actions):
		return newState("critical", "Not reached")
	case count[action.AllowedNot]+count[action.Unreached] > 0:
		return newState("critical", plural(count[action.AllowedNot]+count[action.Unreached], "action", "actions")+" not allowed")
	case count[action.NotAsked] > 0:
		return newState("calm", "Not looked at yet", "clock")
	case count[action.AllowedLess] > 0:
		return newState("warning", "Allowed, with less evidence")
	}
	return newState("ok", "Allows all of them")
}

func verdictState(v action.Verdict) state {
	switch v {
	case action.AllowedAll:
		return newState("ok", "Allowed")
	case action.AllowedLess:
		return newState("warning", "Allowed, with less evidence")
	case action.AllowedNot:
		return newState("critical", "Not allowed")
	case action.Unreached:
		return newState("critical", "Not asked: no answer")
	}
	return newState("calm", "Not looked at yet", "clock")
}

type clusterScreen struct {
	head
	ID, Address string
	State       state
	At          moment
	By          string
	Version     string
	Fault       string
	Through     string // labels of the runners that reach it
	There       link   // the action that looks there
	Rows        []boundRow
	Blocks      []action.Block
	MayLook     bool
}

// boundRow is one action and what its cluster says to it.
type boundRow struct {
	Title, Path, ID, Kind string
	State                 state
	Account, Fault        string
	Rights                []action.Right
	Missing               int
	Manifest              string
	Lines                 int // of the manifest
}

// showCluster tells what one cluster allows each action.
func (s *Server) showCluster(w http.ResponseWriter, r *http.Request, v *visit) error {
	n, err := s.deps.Clusters.Neighbour(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := clusterScreen{head: head{Title: "What this cluster allows us", Wing: "/me", Trail: trail("System", "/system", "Clusters", clustersPath, n.Address), Topics: topics("action", "", "config", "")},
		ID: n.ID, Address: n.Address, State: clusterState(n), At: v.at(n.LookedAt()), By: book.Name("person", n.LookedBy().ID), Version: n.Version(), Fault: n.Fault(), Blocks: n.Blocks()}
	if len(n.Runner) > 0 {
		scr.Through = runner.LabelText(n.Runner)
	}
	scr.MayLook = scr.Through == "" && people.May(v.Actor, people.RunReadAction, people.Subject{Kind: "action"}) == nil
	for _, b := range n.Actions {
		scr.Rows = append(scr.Rows, boundRowOf(b))
		if b.Kind == looksAtAccess {
			scr.There = link{Word: b.Title, Path: "/actions/" + b.ID}
		}
	}
	return s.show(w, r, v, http.StatusOK, "cluster", scr)
}

// looksAtAccess is the kind whose runs ask the same of a cluster that only a runner reaches.
const looksAtAccess = "kubernetes.access"

func boundRowOf(b action.Bounds) boundRow {
	row := boundRow{Title: b.Title, Path: "/actions/" + b.ID, ID: b.ID, Kind: b.Kind, State: verdictState(b.Verdict())}
	if b.Verdict() == action.NotAsked {
		return row
	}
	said := b.Looked.Allowance
	row.Account, row.Fault, row.Rights, row.Missing, row.Manifest = said.Account, b.Looked.Fault, said.Rights, len(said.Missing()), said.Manifest
	for _, c := range row.Manifest {
		if c == '\n' {
			row.Lines++
		}
	}
	return row
}

// lookAtCluster asks the cluster now.
func (s *Server) lookAtCluster(w http.ResponseWriter, r *http.Request, v *visit) error {
	n, err := s.deps.Clusters.LookAt(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	say := "It was asked just now."
	if n.Fault() != "" {
		say = "It was asked just now, and did not answer."
	}
	return s.done(w, r, clustersPath+"/"+n.ID, say)
}
