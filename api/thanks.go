package api

import (
	"context"
	"net/http"

	"frontline/people"
	"frontline/thanks"
	"frontline/wire"
)

// Thanks is where people thank each other.
type Thanks interface {
	Give(ctx context.Context, a people.Actor, d thanks.Draft) (thanks.Thanks, bool, error)
	Reword(ctx context.Context, a people.Actor, ref, words string) (thanks.Thanks, error)
	TakeBack(ctx context.Context, a people.Actor, ref string) (thanks.Thanks, error)
	Thanks(ctx context.Context, a people.Actor, ref string) (thanks.Shown, error)
	Page(ctx context.Context, a people.Actor, v thanks.View) ([]thanks.Shown, bool, error)
	Digest(ctx context.Context, a people.Actor, m thanks.Month) (thanks.Digest, error)
}

func (s *server) thanks() {
	add(s, route{Method: http.MethodGet, Path: "/thanks", ID: "listThanks", Verb: people.SeeThanks, Summary: "List what people are thankful for", Say: "The newest first. What is about a request that you may not know of is left out."}, s.listThanks)
	add(s, route{Method: http.MethodPost, Path: "/thanks", ID: "sayThanks", Verb: people.GiveThanks, Status: http.StatusCreated, Summary: "Say thanks", Say: "In your own name, five times a day at most."}, s.sayThanks)
	add(s, route{Method: http.MethodGet, Path: "/thanks/{id}", ID: "showThanks", Verb: people.SeeThanks, Summary: "Show a thanks"}, s.showThanks)
	add(s, route{Method: http.MethodPatch, Path: "/thanks/{id}", ID: "rewordThanks", Verb: people.GiveThanks, Summary: "Change the words of a thanks", Say: "Within ten minutes."}, s.rewordThanks)
	addSilent(s, route{Method: http.MethodPost, Path: "/thanks/{id}/take-back", ID: "takeThanksBack", Verb: people.SeeThanks, Summary: "Take a thanks off the wall", Say: "Whoever gave it, whoever it thanks by name, and leads may. Within ten minutes its giver undoes it as if it had never been; later only its words go."}, s.takeThanksBack)
	add(s, route{Method: http.MethodGet, Path: "/thanks/months/{month}", ID: "thanksOfMonth", Verb: people.SeeThanks, Summary: "Show what people were thankful for in a month, by demand"}, s.thanksOfMonth)
}

type listThanks struct {
	Paging
	Given  bool   `query:"given" doc:"Only what you gave."`
	Got    bool   `query:"got" doc:"Only what you, or a team of yours, are thanked for."`
	Team   string `query:"team" maxLength:"100" doc:"Only what this team is thanked for."`
	Action string `query:"action" maxLength:"200" doc:"Only what this action is thanked for."`
}

type byThanks struct {
	ID string `path:"id" maxLength:"100" doc:"The thanks' id." example:"T-12"`
}

type reword struct {
	ID   string `path:"id" maxLength:"100" doc:"The thanks' id." example:"T-12"`
	Body wire.RewordThanks
}

type byMonth struct {
	Month string `path:"month" maxLength:"7" doc:"The month." example:"2026-11"`
}

func (n names) thanks(x thanks.Shown) wire.Thanks {
	out := wire.Thanks{ID: x.Name(), UID: x.ID, By: n.person(x.By), Reason: x.Text.Body, At: x.At, To: every(x.To, func(to thanks.To) wire.Thanked {
		return wire.Thanked{Kind: string(to.Kind), ID: to.ID, Name: n.Name(string(to.Kind), to.ID)}
	})}
	if x.Matter != nil {
		out.About = &wire.ThanksMatter{ID: x.Matter.Name, Title: x.Matter.Title}
	}
	if !x.ChangedAt.Equal(x.At) {
		changed := x.ChangedAt.UTC()
		out.Reworded = &changed
	}
	return out
}

func (s *server) listThanks(ctx context.Context, by people.Actor, in *listThanks) (wire.List[wire.Thanks], error) {
	at, err := in.place()
	if err != nil {
		return wire.List[wire.Thanks]{}, err
	}
	all, more, err := s.deps.Thanks.Page(ctx, by, thanks.View{Given: in.Given, Got: in.Got, Team: in.Team, Action: in.Action, Before: at.Below, Limit: in.Limit})
	if err != nil {
		return wire.List[wire.Thanks]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Thanks]{}, err
	}
	out := wire.List[wire.Thanks]{Items: every(all, n.thanks)}
	if more {
		out.Next = place{Below: all[len(all)-1].Number}.String()
	}
	return out, nil
}

// shownThanks reads a thanks as it is now, after what was done to it.
func (s *server) shownThanks(ctx context.Context, by people.Actor, ref string, err error) (wire.Thanks, error) {
	if err != nil {
		return wire.Thanks{}, err
	}
	x, err := s.deps.Thanks.Thanks(ctx, by, ref)
	if err != nil {
		return wire.Thanks{}, err
	}
	n, err := s.names(ctx)
	return n.thanks(x), err
}

func (s *server) sayThanks(ctx context.Context, by people.Actor, in *struct{ Body wire.SayThanks }) (wire.Thanks, error) {
	d := thanks.Draft{Reason: in.Body.Reason, People: in.Body.People, Teams: in.Body.Teams, Actions: in.Body.Actions, About: in.Body.About}
	if in.Body.Key != "" {
		d.Ref = "api:" + by.ID + ":" + in.Body.Key
	}
	x, _, err := s.deps.Thanks.Give(ctx, by, d)
	return s.shownThanks(ctx, by, x.ID, err)
}

func (s *server) showThanks(ctx context.Context, by people.Actor, in *byThanks) (wire.Thanks, error) {
	return s.shownThanks(ctx, by, in.ID, nil)
}

func (s *server) rewordThanks(ctx context.Context, by people.Actor, in *reword) (wire.Thanks, error) {
	_, err := s.deps.Thanks.Reword(ctx, by, in.ID, in.Body.Reason)
	return s.shownThanks(ctx, by, in.ID, err)
}

func (s *server) takeThanksBack(ctx context.Context, by people.Actor, in *byThanks) error {
	_, err := s.deps.Thanks.TakeBack(ctx, by, in.ID)
	return err
}

func (s *server) thanksOfMonth(ctx context.Context, by people.Actor, in *byMonth) (wire.ThanksMonth, error) {
	d, err := s.deps.Thanks.Digest(ctx, by, thanks.Month(in.Month))
	if err != nil {
		return wire.ThanksMonth{}, err
	}
	n, err := s.names(ctx)
	return wire.ThanksMonth{Month: in.Month, Thanked: d.N, Givers: d.Givers, Matters: d.Matters, Groups: every(d.Groups, func(g thanks.Group) wire.ThanksGroup {
		out := wire.ThanksGroup{Thanks: every(g.Thanks, n.thanks)}
		if g.Demand != "" {
			out.Demand = &wire.Ref{ID: g.Name, Name: g.Title}
		}
		return out
	})}, err
}
