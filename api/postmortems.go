package api

import (
	"context"
	"net/http"

	"frontline/incident"
	"frontline/people"
	"frontline/wire"
)

// Papers is where post-mortems are read and written.
type Papers interface {
	Postmortems(ctx context.Context, a people.Actor, before int64, limit int) ([]incident.Postmortem, error)
	Postmortem(ctx context.Context, a people.Actor, id string) (incident.Postmortem, error)
	EditPostmortem(ctx context.Context, a people.Actor, id, markdown string, seen int64) (incident.Postmortem, error)
	PublishPostmortem(ctx context.Context, a people.Actor, id string, seen int64) (incident.Postmortem, error)
}

// FollowUps is where follow-ups are read and written.
type FollowUps interface {
	FollowUps(ctx context.Context, a people.Actor, f incident.FollowUpFilter) ([]incident.FollowUp, error)
	AddFollowUp(ctx context.Context, a people.Actor, id string, n incident.NewFollowUp) (incident.FollowUp, error)
	EditFollowUp(ctx context.Context, a people.Actor, id string, n incident.NewFollowUp, seen int64) (incident.FollowUp, error)
	FinishFollowUp(ctx context.Context, a people.Actor, id string, done bool) (incident.FollowUp, error)
}

func (s *server) postmortems() {
	add(s, route{Method: http.MethodGet, Path: "/postmortems", ID: "listPostmortems", Verb: people.ReadPostmortems, Summary: "List post-mortems",
		Say: "Without their text, newest first."}, s.listPostmortems)
	add(s, route{Method: http.MethodGet, Path: "/incidents/{id}/postmortem", ID: "showPostmortem", Verb: people.ReadPostmortems, Summary: "Read a post-mortem"}, s.showPostmortem)
	add(s, route{Method: http.MethodPut, Path: "/incidents/{id}/postmortem", ID: "editPostmortem", Verb: people.WritePostmortem, Limit: 2 << 20, Summary: "Save a post-mortem"}, s.editPostmortem)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/postmortem/publish", ID: "publishPostmortem", Verb: people.WritePostmortem, Summary: "Publish a post-mortem",
		Say: "To everybody in the company."}, s.publishPostmortem)
	add(s, route{Method: http.MethodGet, Path: "/follow-ups", ID: "listFollowUps", Verb: people.ReadPostmortems, Summary: "List follow-ups", Say: "The one that is due first comes first."}, s.listFollowUps)
	add(s, route{Method: http.MethodPost, Path: "/incidents/{id}/follow-ups", ID: "addFollowUp", Verb: people.WritePostmortem, Status: http.StatusCreated, Summary: "Write down a follow-up"}, s.addFollowUp)
	add(s, route{Method: http.MethodPut, Path: "/follow-ups/{id}", ID: "editFollowUp", Verb: people.WritePostmortem, Summary: "Change a follow-up"}, s.editFollowUp)
	add(s, route{Method: http.MethodPost, Path: "/follow-ups/{id}/finish", ID: "finishFollowUp", Verb: people.FinishFollowUp, Summary: "Say that a follow-up is done"}, s.finishFollowUp)
}

// longList is how many rows are read of a list that is paged here and not in the database.
const longList = 2000

func (s *server) listPostmortems(ctx context.Context, by people.Actor, in *Paging) (wire.List[wire.PostmortemHead], error) {
	all, err := s.deps.Incidents.Postmortems(ctx, by, 0, longList)
	if err != nil {
		return wire.List[wire.PostmortemHead]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.PostmortemHead]{}, err
	}
	return slice(all, *in, n.postmortem)
}

func (s *server) showPostmortem(ctx context.Context, by people.Actor, in *byIncident) (wire.Postmortem, error) {
	p, err := s.deps.Incidents.Postmortem(ctx, by, in.ID)
	return s.paper(ctx, p, err)
}

func (s *server) editPostmortem(ctx context.Context, by people.Actor, in *forIncident[wire.EditPostmortem]) (wire.Postmortem, error) {
	p, err := s.deps.Incidents.EditPostmortem(ctx, by, in.ID, in.Body.Text, in.Body.Version)
	return s.paper(ctx, p, err)
}

func (s *server) publishPostmortem(ctx context.Context, by people.Actor, in *forIncident[wire.PublishPostmortem]) (wire.Postmortem, error) {
	p, err := s.deps.Incidents.PublishPostmortem(ctx, by, in.ID, in.Body.Version)
	return s.paper(ctx, p, err)
}

func (s *server) paper(ctx context.Context, p incident.Postmortem, err error) (wire.Postmortem, error) {
	if err != nil {
		return wire.Postmortem{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.Postmortem{}, err
	}
	return wire.Postmortem{PostmortemHead: n.postmortem(p), Text: p.Text.Body}, nil
}

func (n names) postmortem(p incident.Postmortem) wire.PostmortemHead {
	return wire.PostmortemHead{Incident: p.Name(), Title: p.Title, Severity: string(p.Severity), State: string(p.State), Version: p.Version,
		ChangedBy: n.person(p.ChangedBy), ChangedAt: p.ChangedAt, PublishedBy: n.person(p.PublishedBy), PublishedAt: p.PublishedAt}
}

type listFollowUps struct {
	Paging
	Incident string `query:"incident" maxLength:"100" doc:"Only of this incident." example:"INC-3"`
	Owner    string `query:"owner" maxLength:"100" doc:"Only of this person; me for yourself." example:"me"`
	Open     bool   `query:"open" doc:"Only those that are not done."`
}

func (s *server) listFollowUps(ctx context.Context, by people.Actor, in *listFollowUps) (wire.List[wire.FollowUp], error) {
	f := incident.FollowUpFilter{Owner: in.Owner, Open: in.Open, Limit: longList}
	if f.Owner == "me" {
		f.Owner = by.ID
	}
	if in.Incident != "" {
		inc, err := s.deps.Incidents.Incident(ctx, by, in.Incident)
		if err != nil {
			return wire.List[wire.FollowUp]{}, err
		}
		f.Incident = inc.ID
	}
	all, err := s.deps.Incidents.FollowUps(ctx, by, f)
	if err != nil {
		return wire.List[wire.FollowUp]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.FollowUp]{}, err
	}
	return slice(all, in.Paging, n.followUp)
}

func (s *server) addFollowUp(ctx context.Context, by people.Actor, in *forIncident[wire.WriteFollowUp]) (wire.FollowUp, error) {
	f, err := s.deps.Incidents.AddFollowUp(ctx, by, in.ID, newFollowUp(in.Body))
	return s.followUp(ctx, f, err)
}

type forFollowUp[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The follow-up's id, as the list gives it."`
	Body T
}

func (s *server) editFollowUp(ctx context.Context, by people.Actor, in *forFollowUp[wire.WriteFollowUp]) (wire.FollowUp, error) {
	f, err := s.deps.Incidents.EditFollowUp(ctx, by, in.ID, newFollowUp(in.Body), in.Body.Version)
	return s.followUp(ctx, f, err)
}

func newFollowUp(w wire.WriteFollowUp) incident.NewFollowUp {
	return incident.NewFollowUp{Text: w.Text, Owner: w.Owner, Due: incident.Date(w.Due)}
}

func (s *server) finishFollowUp(ctx context.Context, by people.Actor, in *forFollowUp[wire.Finish]) (wire.FollowUp, error) {
	f, err := s.deps.Incidents.FinishFollowUp(ctx, by, in.ID, in.Body.Done)
	return s.followUp(ctx, f, err)
}

func (s *server) followUp(ctx context.Context, f incident.FollowUp, err error) (wire.FollowUp, error) {
	if err != nil {
		return wire.FollowUp{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.FollowUp{}, err
	}
	return n.followUp(f), nil
}

func (n names) followUp(f incident.FollowUp) wire.FollowUp {
	return wire.FollowUp{ID: f.ID, Incident: f.Incident, Text: f.Text.Body, Owner: *n.person(f.Owner), Due: string(f.Due), Done: f.Done(), DoneBy: n.person(f.DoneBy),
		DoneAt: f.DoneAt, Version: f.Version}
}
