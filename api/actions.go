package api

import (
	"context"
	"net/http"
	"slices"

	"frontline/action"
	"frontline/form"
	"frontline/people"
	"frontline/wire"
)

// Actions is the whole of the action wing, in parts.
type Actions interface {
	Definitions
	Runs
	Runner
	Inputs
	Savings
}

var _ Actions = (*action.Runner)(nil)

// Definitions is where actions are read, and what they took out.
type Definitions interface {
	Actions(ctx context.Context, by people.Actor, service string) ([]action.Definition, error)
	Action(ctx context.Context, by people.Actor, id string) (action.Definition, error)
	Figures(ctx context.Context, by people.Actor, action string) (map[string]action.Figures, error)
	Quarantine(ctx context.Context, by people.Actor, f action.KeptFilter) ([]action.Kept, error)
	Drop(ctx context.Context, by people.Actor, id, reason string) (action.Kept, error)
}

func (s *server) actions() {
	add(s, route{Method: http.MethodGet, Path: "/actions", ID: "listActions", Verb: people.SeeActions, Summary: "List actions"}, s.listActions)
	add(s, route{Method: http.MethodGet, Path: "/actions/{action}", ID: "showAction", Verb: people.SeeActions, Summary: "Show an action",
		Say: "With the JSON Schema of its inputs."}, s.showAction)
	add(s, route{Method: http.MethodGet, Path: "/quarantine", ID: "listQuarantine", Verb: people.RunReadAction, Summary: "List what was taken out and is kept", Say: "Newest first."}, s.listQuarantine)
	add(s, route{Method: http.MethodPost, Path: "/quarantine/{id}/drop", ID: "dropQuarantined", Verb: people.DropQuarantined, Summary: "Drop for good what was taken out",
		Say: "Its content is deleted and cannot be had back; what it was stays on record. For leads of the team that owns it."}, s.dropQuarantined)
}

type listActions struct {
	Paging
	Service string `query:"service" maxLength:"100" doc:"Only those of this service." example:"decision-pipeline"`
}

func (s *server) listActions(ctx context.Context, by people.Actor, in *listActions) (wire.List[wire.Action], error) {
	all, err := s.deps.Actions.Actions(ctx, by, in.Service)
	if err != nil {
		return wire.List[wire.Action]{}, err
	}
	figures, err := s.deps.Actions.Figures(ctx, by, "")
	if err != nil {
		return wire.List[wire.Action]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Action]{}, err
	}
	return slice(all, in.Paging, func(d action.Definition) wire.Action { return n.action(d, figures[d.ID]) })
}

type byAction struct {
	Action string `path:"action" maxLength:"100" doc:"The action's id. Its slashes may be written as they are." example:"queue/park-message"`
}

func (s *server) showAction(ctx context.Context, by people.Actor, in *byAction) (wire.ActionShown, error) {
	d, err := s.deps.Actions.Action(ctx, by, in.Action)
	if err != nil {
		return wire.ActionShown{}, err
	}
	figures, err := s.deps.Actions.Figures(ctx, by, d.ID)
	if err != nil {
		return wire.ActionShown{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.ActionShown{}, err
	}
	return wire.ActionShown{Action: n.action(d, figures[d.ID]), Schema: form.Schema(d.Inputs)}, nil
}

// action leaves the settings out: they are for the kind and its owners.
func (n names) action(d action.Definition, f action.Figures) wire.Action {
	role, _ := people.LeastRole(d.Verb())
	out := wire.Action{ID: d.ID, Title: d.Title, Purpose: d.Purpose, Team: n.ref("team", d.Team), Services: n.refs("service", d.Services), Risk: string(d.Risk),
		Role: string(role), Allowed: every(d.Allow.Run, func(w people.Who) string { return string(w) }), Kind: d.Kind, Version: d.Version(), Inputs: every(d.Inputs, inputOf), Runner: labels(d.Runner)}
	out.Approve, _ = d.Approvals()
	if f.Runs() > 0 {
		out.Figures = &wire.Figures{Succeeded: f.Succeeded, Failed: f.Failed, Unknown: f.Unknown, Usual: wire.Duration(f.Usual), NineInTen: wire.Duration(f.NineInTen)}
	}
	return out
}

type listQuarantine struct {
	Paging
	Run   string `query:"run" maxLength:"100" doc:"Only what this run took out." example:"RUN-884"`
	Team  string `query:"team" maxLength:"100" doc:"Only what this team decides about." example:"support"`
	State string `query:"state" enum:"captured,removed,replayed,dropped,all" default:"all" doc:"Only what is there."`
	Soon  bool   `query:"soon" doc:"Only what will be dropped within two days unless it is put back."`
}

type dropQuarantined struct {
	ID   string `path:"id" maxLength:"100" doc:"Its id in quarantine."`
	Body wire.DropKept
}

func (s *server) dropQuarantined(ctx context.Context, by people.Actor, in *dropQuarantined) (wire.Kept, error) {
	k, err := s.deps.Actions.Drop(ctx, by, in.ID, in.Body.Reason)
	if err != nil {
		return wire.Kept{}, err
	}
	n, err := s.names(ctx)
	return n.kept(k), err
}

func (s *server) listQuarantine(ctx context.Context, by people.Actor, in *listQuarantine) (wire.List[wire.Kept], error) {
	f := action.KeptFilter{Owner: in.Team, Limit: longList}
	if in.State != "all" {
		f.States = []action.KeptState{action.KeptState(in.State)}
	}
	if in.Run != "" {
		r, err := s.deps.Actions.Run(ctx, by, in.Run)
		if err != nil {
			return wire.List[wire.Kept]{}, err
		}
		f.Run = r.ID
	}
	all, err := s.deps.Actions.Quarantine(ctx, by, f)
	if err != nil {
		return wire.List[wire.Kept]{}, err
	}
	if in.Soon {
		now := s.deps.Clock.Now()
		all = slices.DeleteFunc(all, func(k action.Kept) bool { return !k.Soon(now) })
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Kept]{}, err
	}
	return slice(all, in.Paging, n.kept)
}

func (n names) kept(k action.Kept) wire.Kept {
	out := wire.Kept{ID: k.ID, Run: k.Run, Action: k.Action, Owner: n.ref("team", k.Owner), Kind: k.Kind, Origin: k.Origin, Fingerprint: k.Fingerprint, Facts: k.Facts,
		State: string(k.State), CapturedAt: k.CapturedAt, RemovedAt: k.RemovedAt, ReplayedAt: k.ReplayedAt, ExpiresAt: k.ExpiresAt,
		WarnedAt: k.WarnedAt, DroppedAt: k.DroppedAt, DropReason: k.DropReason}
	if k.DroppedBy != "" {
		out.DroppedBy = n.ref("person", k.DroppedBy)
	}
	return out
}
