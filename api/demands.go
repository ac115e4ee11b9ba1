package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/wire"
)

// Demands is the register of what is asked for again and again.
type Demands interface {
	Demands(ctx context.Context, a people.Actor) ([]desk.Demand, error)
	NewDemand(ctx context.Context, a people.Actor, draft desk.DemandDraft) (desk.Demand, error)
	ChangeDemand(ctx context.Context, a people.Actor, ref string, draft desk.DemandDraft, seen int64) (desk.Demand, error)
	MergeDemand(ctx context.Context, a people.Actor, ref, into string) (desk.Demand, error)
	SplitDemand(ctx context.Context, a people.Actor, ref string, titles []string) ([]desk.Demand, error)
	RetireDemand(ctx context.Context, a people.Actor, ref string) (desk.Demand, error)
	Code(ctx context.Context, a people.Actor, ref string, c desk.Coding) (desk.Request, error)
}

func (s *server) demands() {
	one := func(method, path, id, summary, say string) route {
		return route{Method: method, Path: "/demands/{id}" + path, ID: id, Verb: people.ManageDemands, Summary: summary, Say: say}
	}
	add(s, route{Method: http.MethodGet, Path: "/demands", ID: "listDemands", Verb: people.SeeRequests, Summary: "List the register of demands", Say: "By title; the ended ones only with all."}, s.listDemands)
	add(s, route{Method: http.MethodGet, Path: "/demands/{id}", ID: "showDemand", Verb: people.SeeRequests, Summary: "Show a demand"}, s.showDemand)
	add(s, route{Method: http.MethodPost, Path: "/demands", ID: "newDemand", Verb: people.ManageDemands, Status: http.StatusCreated, Summary: "Add a demand to the register"}, s.newDemand)
	add(s, one(http.MethodPut, "", "changeDemand", "Change what is written about a demand", "What is left out becomes empty."), s.changeDemand)
	add(s, one(http.MethodPost, "/merge", "mergeDemand", "Say that two demands are one", "What was coded with the first counts for the second from now on."), s.mergeDemand)
	add(s, one(http.MethodPost, "/split", "splitDemand", "Say that a demand is several", "What was coded with it stays there, for nobody has said which."), s.splitDemand)
	add(s, one(http.MethodPost, "/retire", "retireDemand", "End a demand that is no longer asked for", ""), s.retireDemand)
	add(s, aboutRequest(http.MethodPut, "/demands", "codeRequest", people.WorkRequests, "Say what a request was about", "Before or after its end."), s.codeRequest)
}

type listDemands struct {
	Paging
	All bool `query:"all" doc:"The ended ones too."`
}

// naming puts people's words to demands.
type naming struct {
	names
	register []desk.Demand
}

func (s *server) naming(ctx context.Context, by people.Actor) (naming, error) {
	register, err := s.deps.Demands.Demands(ctx, by)
	if err != nil {
		return naming{}, err
	}
	n, err := s.names(ctx)
	return naming{n, register}, err
}

func (n naming) demand(d desk.Demand) wire.Demand {
	out := wire.Demand{ID: d.Name(), UID: d.ID, Title: d.Title, Description: d.Description, Owner: n.person(d.Owner), Handling: string(d.Handling), Examples: d.Examples,
		From: n.short(d.From), Into: n.short(d.Into), BornAt: d.BornAt, Version: d.Version}
	if !d.EndedAt.IsZero() {
		ended := d.EndedAt.UTC()
		out.EndedAt = &ended
	}
	return out
}

func (n naming) short(ids []string) (out []string) {
	for _, d := range n.register {
		if slices.Contains(ids, d.ID) {
			out = append(out, d.Name())
		}
	}
	return out
}

func (s *server) listDemands(ctx context.Context, by people.Actor, in *listDemands) (wire.List[wire.Demand], error) {
	n, err := s.naming(ctx, by)
	if err != nil {
		return wire.List[wire.Demand]{}, err
	}
	all := slices.DeleteFunc(slices.Clone(n.register), func(d desk.Demand) bool { return !in.All && !d.Live() })
	return slice(all, in.Paging, n.demand)
}

type byDemand struct {
	ID string `path:"id" maxLength:"100" doc:"The demand's id." example:"D-12"`
}

type forDemand[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The demand's id." example:"D-12"`
	Body T
}

// told names a demand as it is now, after what was done to it.
func (s *server) told(ctx context.Context, by people.Actor, ref string, err error) (wire.Demand, error) {
	if err != nil {
		return wire.Demand{}, err
	}
	n, err := s.naming(ctx, by)
	if err != nil {
		return wire.Demand{}, err
	}
	at := slices.IndexFunc(n.register, func(d desk.Demand) bool { return d.ID == ref || d.Name() == demandName(ref) })
	if at < 0 {
		return wire.Demand{}, fault.New(fault.NotFound, "There is no demand %.60s. Look in the register.", ref)
	}
	return n.demand(n.register[at]), nil
}

func (s *server) showDemand(ctx context.Context, by people.Actor, in *byDemand) (wire.Demand, error) {
	return s.told(ctx, by, in.ID, nil)
}

func draftOf(w wire.WriteDemand) desk.DemandDraft {
	return desk.DemandDraft{Title: w.Title, Description: w.Description, Owner: w.Owner, Handling: desk.Handling(w.Handling), Examples: w.Examples}
}

func (s *server) newDemand(ctx context.Context, by people.Actor, in *struct{ Body wire.WriteDemand }) (wire.Demand, error) {
	d, err := s.deps.Demands.NewDemand(ctx, by, draftOf(in.Body))
	return s.told(ctx, by, d.ID, err)
}

func (s *server) changeDemand(ctx context.Context, by people.Actor, in *forDemand[wire.WriteDemand]) (wire.Demand, error) {
	d, err := s.deps.Demands.ChangeDemand(ctx, by, demandName(in.ID), draftOf(in.Body), in.Body.Version)
	return s.told(ctx, by, d.ID, err)
}

func (s *server) mergeDemand(ctx context.Context, by people.Actor, in *forDemand[wire.MergeDemand]) (wire.Demand, error) {
	_, err := s.deps.Demands.MergeDemand(ctx, by, demandName(in.ID), demandName(in.Body.Into))
	return s.told(ctx, by, in.Body.Into, err)
}

func (s *server) splitDemand(ctx context.Context, by people.Actor, in *forDemand[wire.SplitDemand]) (wire.List[wire.Demand], error) {
	made, err := s.deps.Demands.SplitDemand(ctx, by, demandName(in.ID), in.Body.Titles)
	if err != nil {
		return wire.List[wire.Demand]{}, err
	}
	n, err := s.naming(ctx, by)
	made = slices.DeleteFunc(made, func(d desk.Demand) bool { return !d.Live() })
	return wire.List[wire.Demand]{Items: every(made, n.demand)}, err
}

func (s *server) retireDemand(ctx context.Context, by people.Actor, in *byDemand) (wire.Demand, error) {
	d, err := s.deps.Demands.RetireDemand(ctx, by, demandName(in.ID))
	return s.told(ctx, by, d.ID, err)
}

func (s *server) codeRequest(ctx context.Context, by people.Actor, in *forRequest[wire.CodeRequest]) (wire.Coded, error) {
	r, err := s.deps.Demands.Code(ctx, by, in.ID, codingOf(in.Body))
	if err != nil {
		return wire.Coded{}, err
	}
	n, err := s.naming(ctx, by)
	out := wire.Coded{Request: r.Name(), None: r.NoDemand, Demands: []wire.CodedAs{}}
	for _, x := range r.Codes {
		out.Demands = append(out.Demands, n.coded(x))
	}
	return out, err
}

func codingOf(b wire.CodeRequest) desk.Coding {
	c := desk.Coding{None: b.None}
	for _, x := range b.Demands {
		c.Codes = append(c.Codes, desk.Code{Demand: demandName(x.Demand), Share: x.Share})
	}
	return c
}

func (n naming) coded(c desk.Code) wire.CodedAs {
	out := wire.CodedAs{Demand: wire.Ref{ID: c.Demand, Name: c.Demand}, Share: c.Share, By: n.person(c.By), At: c.At.UTC().Truncate(time.Second)}
	for _, d := range n.register {
		if d.ID == c.Demand {
			out.Demand = wire.Ref{ID: d.Name(), Name: d.Title}
		}
	}
	return out
}
