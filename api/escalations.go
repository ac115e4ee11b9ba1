package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
	"frontline/wire"
)

// Developers is what the desk asks developers.
type Developers interface {
	DeveloperReading
	DeveloperTalk
	LoopClosing
}

var _ Developers = (*desk.Escalations)(nil)

// DeveloperReading is where escalations are read, and what a request would become.
type DeveloperReading interface {
	List(ctx context.Context, a people.Actor, f desk.EscalationFilter) ([]desk.Escalation, error)
	View(ctx context.Context, a people.Actor, ref string) (desk.EscalationView, error)
	Pack(ctx context.Context, a people.Actor, ref string) (desk.Pack, error)
	TrackersFor(ctx context.Context, a people.Actor, ref string) ([]desk.TrackerDefinition, error)
}

// DeveloperTalk is what is asked of developers and said to them.
type DeveloperTalk interface {
	Escalate(ctx context.Context, a people.Actor, ref string, k desk.Ask) (desk.Escalation, error)
	Join(ctx context.Context, a people.Actor, ref, escalation string) (desk.Escalation, error)
	Leave(ctx context.Context, a people.Actor, ref, escalation string) (desk.Escalation, error)
	WriteTo(ctx context.Context, a people.Actor, escalation, ref, text string) (desk.Escalation, error)
	Again(ctx context.Context, a people.Actor, escalation, title, text string) (desk.Escalation, error)
}

// LoopClosing is what comes of it, for whoever asked.
type LoopClosing interface {
	Judge(ctx context.Context, a people.Actor, escalation string, v desk.Verdict) (desk.Escalation, error)
	TellAsker(ctx context.Context, a people.Actor, escalation, ref, text string) (desk.Escalation, error)
	TellAll(ctx context.Context, a people.Actor, escalation, text string) (desk.ToldAll, error)
	SkipAsker(ctx context.Context, a people.Actor, escalation, ref, reason string) (desk.Escalation, error)
}

func (s *server) escalations() {
	one := func(method, path, id, summary, say string) route {
		return route{Method: method, Path: "/escalations/{id}" + path, ID: id, Verb: people.WorkRequests, Summary: summary, Say: say}
	}
	add(s, route{Method: http.MethodGet, Path: "/escalations", ID: "listEscalations", Verb: people.WorkRequests, Summary: "List what developers were asked", Say: "The newest first."}, s.listEscalations)
	add(s, one(http.MethodGet, "", "showEscalation", "Show an escalation with its requests and what developers said", ""), s.showEscalation)
	add(s, aboutRequest(http.MethodGet, "/evidence", "showEvidence", people.WorkRequests, "Show what developers would get of a request", "Nothing is sent."), s.showEvidence)
	add(s, aboutRequest(http.MethodPost, "/escalate", "escalateRequest", people.WorkRequests, "Ask developers", "The issue is opened also when the tracker is down now: later."), s.escalateRequest)
	add(s, aboutRequest(http.MethodPost, "/escalation", "joinEscalation", people.WorkRequests, "Say that developers know a request's issue already", "The issue gets a comment with the new count."), s.joinEscalation)
	add(s, aboutRequest(http.MethodPost, "/escalation/leave", "leaveEscalation", people.WorkRequests, "Say that a request has nothing to do with an escalation", "The issue stays."), s.leaveEscalation)
	add(s, one(http.MethodPost, "/comments", "tellDevelopers", "Write to developers", "It stands below their issue, and in the request as a note."), s.tellDevelopers)
	add(s, one(http.MethodPut, "/verdict", "judgeEscalation", "Say what developers found", "By hand: what the tracker says does not change it any more."), s.judgeEscalation)
	add(s, one(http.MethodPost, "/again", "escalateAgain", "Try once more what the tracker refused", ""), s.escalateAgain)
	add(s, one(http.MethodPost, "/tell", "tellAskers", "Tell who asked what became of it", "Over the channel that they asked on; each asker once."), s.tellAskers)
	add(s, one(http.MethodPost, "/skip", "skipAsker", "Say that an asker need not be told, and why", ""), s.skipAsker)
}

type byEscalation struct {
	ID string `path:"id" maxLength:"100" doc:"The escalation's id." example:"E-7"`
}

type forEscalation[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The escalation's id." example:"E-7"`
	Body T
}

type listEscalations struct {
	Paging
	State   string `query:"state" enum:"waiting,open,closed,refused,all" default:"all" doc:"Where they stand."`
	Tracker string `query:"tracker" maxLength:"100" doc:"In this tracker."`
	Request string `query:"request" maxLength:"100" doc:"That this request hangs on."`
	Untold  bool   `query:"untold" doc:"Only ended ones whose askers have not been told."`
}

func (s *server) listEscalations(ctx context.Context, by people.Actor, in *listEscalations) (wire.List[wire.Escalation], error) {
	at, err := in.place()
	if err != nil {
		return wire.List[wire.Escalation]{}, err
	}
	f := desk.EscalationFilter{Tracker: in.Tracker, Request: in.Request, Loose: in.Untold, Before: at.Below, Limit: in.Limit + 1}
	if in.State != "all" {
		f.States = []desk.EscalationState{desk.EscalationState(in.State)}
	}
	all, err := s.deps.Developers.List(ctx, by, f)
	if err != nil {
		return wire.List[wire.Escalation]{}, err
	}
	n, err := s.names(ctx)
	return page(all, in.Limit, n.escalation, func(e desk.Escalation) place { return place{Below: e.Number} }), err
}

func (n names) escalation(e desk.Escalation) wire.Escalation {
	return wire.Escalation{ID: e.Name(), UID: e.ID, Title: e.Title, Tracker: n.ref("tracker", e.Tracker), State: string(e.State), Issue: e.Issue, Address: e.Address, Status: e.Status,
		Verdict: string(e.Verdict), ByHand: e.ByHand, Version: e.Version, Released: e.Out, By: n.writer(e.By), MadeAt: e.MadeAt.UTC(), OpenedAt: moment(e.OpenedAt), ClosedAt: moment(e.ClosedAt),
		Requests: e.Requests, Untold: e.Untold, Ours: e.Ours(), Trouble: e.Trouble, TroubleAt: moment(e.TroubleAt)}
}

// moment is nil for a time that never was.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (s *server) showEscalation(ctx context.Context, by people.Actor, in *byEscalation) (out wire.EscalationShown, err error) {
	v, err := s.deps.Developers.View(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	out = wire.EscalationShown{Escalation: n.escalation(v.Escalation), Hidden: v.Hidden}
	out.Hanging = every(v.Links, func(l desk.Escalated) wire.EscalatedRequest {
		return wire.EscalatedRequest{ID: l.Now.Name(), UID: l.Request, Title: l.Now.Title, State: string(l.Now.State), Asker: partyOf(v.Parties[l.Now.Asker]), By: n.writer(l.By), At: l.At.UTC(),
			Told: string(l.Told), ToldBy: n.person(l.ToldBy), ToldAt: moment(l.ToldAt), Reason: l.Reason}
	})
	out.Said = every(v.Said, func(d desk.Developed) wire.DeveloperSaid {
		return wire.DeveloperSaid{Author: d.Author, At: d.At.UTC(), Text: d.Text.Body}
	})
	out.Unsent = every(v.Out, func(o desk.Outgoing) wire.ToDevelopers {
		return wire.ToDevelopers{Kind: string(o.Kind), By: n.writer(o.By), At: o.At.UTC(), State: string(o.State), Error: o.Error}
	})
	return out, nil
}

func (s *server) showEvidence(ctx context.Context, by people.Actor, in *byRequest) (out wire.Evidence, err error) {
	p, err := s.deps.Developers.Pack(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	all, err := s.deps.Developers.TrackersFor(ctx, by, in.ID)
	return wire.Evidence{Title: p.Title, Text: p.Text, Trackers: every(all, func(t desk.TrackerDefinition) wire.Ref { return wire.Ref{ID: t.ID, Name: t.Name} })}, err
}

func (s *server) escalateRequest(ctx context.Context, by people.Actor, in *forRequest[wire.Escalate]) (wire.Escalation, error) {
	k := desk.Ask{Tracker: in.Body.Tracker, Title: in.Body.Title, Text: in.Body.Text, Issue: in.Body.Issue}
	if k.Title == "" || k.Text == "" {
		p, err := s.deps.Developers.Pack(ctx, by, in.ID)
		if err != nil {
			return wire.Escalation{}, err
		}
		k.Title, k.Text = cmp.Or(k.Title, p.Title), cmp.Or(k.Text, p.Text)
	}
	if k.Tracker == "" {
		all, err := s.deps.Developers.TrackersFor(ctx, by, in.ID)
		switch {
		case err != nil:
			return wire.Escalation{}, err
		case len(all) == 0:
			return wire.Escalation{}, fault.Wrong("tracker", "No tracker takes this request. Configure one, or give the request to a team that has one.")
		}
		k.Tracker = all[0].ID
	}
	e, err := s.deps.Developers.Escalate(ctx, by, in.ID, k)
	return s.escalated(ctx, e, err)
}

// escalated is the answer to every command about an escalation.
func (s *server) escalated(ctx context.Context, e desk.Escalation, err error) (wire.Escalation, error) {
	if err != nil {
		return wire.Escalation{}, err
	}
	n, err := s.names(ctx)
	return n.escalation(e), err
}

func (s *server) joinEscalation(ctx context.Context, by people.Actor, in *forRequest[wire.JoinEscalation]) (wire.Escalation, error) {
	e, err := s.deps.Developers.Join(ctx, by, in.ID, in.Body.Escalation)
	return s.escalated(ctx, e, err)
}

func (s *server) leaveEscalation(ctx context.Context, by people.Actor, in *forRequest[wire.JoinEscalation]) (wire.Escalation, error) {
	e, err := s.deps.Developers.Leave(ctx, by, in.ID, in.Body.Escalation)
	return s.escalated(ctx, e, err)
}

func (s *server) tellDevelopers(ctx context.Context, by people.Actor, in *forEscalation[wire.TellDevelopers]) (wire.Escalation, error) {
	e, err := s.deps.Developers.WriteTo(ctx, by, in.ID, in.Body.Request, in.Body.Text)
	return s.escalated(ctx, e, err)
}

func (s *server) judgeEscalation(ctx context.Context, by people.Actor, in *forEscalation[wire.JudgeEscalation]) (wire.Escalation, error) {
	e, err := s.deps.Developers.Judge(ctx, by, in.ID, desk.Verdict(in.Body.Verdict))
	return s.escalated(ctx, e, err)
}

func (s *server) escalateAgain(ctx context.Context, by people.Actor, in *forEscalation[wire.EscalateAgain]) (wire.Escalation, error) {
	v, err := s.deps.Developers.View(ctx, by, in.ID)
	if err != nil {
		return wire.Escalation{}, err
	}
	e, err := s.deps.Developers.Again(ctx, by, in.ID, cmp.Or(in.Body.Title, v.Title), cmp.Or(in.Body.Text, v.Text))
	return s.escalated(ctx, e, err)
}

// tellAskers tells one asker, or everybody who has not been told.
func (s *server) tellAskers(ctx context.Context, by people.Actor, in *forEscalation[wire.TellAskers]) (out wire.ToldAskers, err error) {
	told := desk.ToldAll{Told: 1}
	if in.Body.Request != "" {
		_, err = s.deps.Developers.TellAsker(ctx, by, in.ID, in.Body.Request, in.Body.Text)
	} else {
		told, err = s.deps.Developers.TellAll(ctx, by, in.ID, in.Body.Text)
	}
	if err != nil {
		return out, err
	}
	v, err := s.deps.Developers.View(ctx, by, in.ID)
	if err != nil {
		return out, err
	}
	out = wire.ToldAskers{Told: told.Told, Not: []wire.NotTold{}}
	for request, why := range told.Not {
		out.Not = append(out.Not, wire.NotTold{Request: request, Why: fault.Sentence(why)})
	}
	slices.SortFunc(out.Not, func(x, y wire.NotTold) int { return cmp.Compare(x.Request, y.Request) })
	out.Escalation, err = s.escalated(ctx, v.Escalation, nil)
	return out, err
}

func (s *server) skipAsker(ctx context.Context, by people.Actor, in *forEscalation[wire.SkipAsker]) (wire.Escalation, error) {
	e, err := s.deps.Developers.SkipAsker(ctx, by, in.ID, in.Body.Request, in.Body.Reason)
	return s.escalated(ctx, e, err)
}
