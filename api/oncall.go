package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"frontline/oncall"
	"frontline/people"
	"frontline/wire"
)

// Board tells who is on call.
type Board interface {
	At(ctx context.Context, actor people.Actor, at time.Time) ([]oncall.Post, error)
	Week(ctx context.Context, actor people.Actor, from, to time.Time) ([]oncall.Lane, error)
	For(ctx context.Context, actor people.Actor, person string) (oncall.Standing, error)
	WhatIf(ctx context.Context, actor people.Actor, policy string, at time.Time) ([]oncall.Reach, error)
}

var _ Board = (*oncall.Board)(nil)

// Overrides changes who is on call.
type Overrides interface {
	TakeOver(ctx context.Context, actor people.Actor, o oncall.Override, now time.Time) (oncall.Override, error)
	GiveBack(ctx context.Context, actor people.Actor, id string, now time.Time) (oncall.Override, error)
}

var _ Overrides = (*oncall.Duties)(nil)

func (s *server) oncall() {
	add(s, route{Method: http.MethodGet, Path: "/oncall", ID: "whoIsOnCall", Verb: people.SeeOnCall, Summary: "Say who is on call",
		Say: "In each rotation, now or at another time."}, s.whoIsOnCall)
	add(s, route{Method: http.MethodGet, Path: "/oncall/week", ID: "showWeek", Verb: people.SeeOnCall, Summary: "Show who is on call over a stretch of time",
		Say: "At most 60 days, with what each gap costs."}, s.showWeek)
	add(s, route{Method: http.MethodGet, Path: "/oncall/people/{id}", ID: "showStanding", Verb: people.SeeOnCall, Summary: "Show when a person is on call",
		Say: "Now, and the next time in each rotation. Write me for yourself."}, s.showStanding)
	add(s, route{Method: http.MethodGet, Path: "/oncall/policies/{id}/what-if", ID: "whatIf", Verb: people.SeeOnCall, Summary: "Show whom a page would reach",
		Say: "Every message that a page by the escalation policy would send if it opened then and nobody answered."}, s.whatIf)
	add(s, route{Method: http.MethodPost, Path: "/oncall/overrides", ID: "takeOver", Verb: people.Override, Status: http.StatusCreated, Summary: "Put somebody on call in place of another"}, s.takeOver)
	add(s, route{Method: http.MethodDelete, Path: "/oncall/overrides/{id}", ID: "giveBack", Verb: people.Override, Summary: "End an override now",
		Say: "One that has not begun never happens."}, s.giveBack)
}

// AtTime is an instant that a reading is asked for.
type AtTime struct {
	At time.Time `query:"at" doc:"Now when absent." example:"2026-11-24T03:00:00Z"`
}

func (s *server) at(t time.Time) time.Time { return cmp.Or(t, s.deps.Clock.Now()).UTC() }

func (s *server) whoIsOnCall(ctx context.Context, by people.Actor, in *AtTime) (wire.List[wire.Post], error) {
	posts, err := s.deps.Board.At(ctx, by, s.at(in.At))
	if err != nil {
		return wire.List[wire.Post]{}, err
	}
	n, err := s.names(ctx)
	return wire.List[wire.Post]{Items: every(posts, func(p oncall.Post) wire.Post {
		return wire.Post{Rotation: n.rotation(p.Rotation), Shift: n.shift(p.Shift)}
	})}, err
}

type showWeek struct {
	From time.Time `query:"from" doc:"Now when absent." example:"2026-11-23T00:00:00Z"`
	To   time.Time `query:"to" doc:"7 days after from when absent." example:"2026-11-30T00:00:00Z"`
}

func (s *server) showWeek(ctx context.Context, by people.Actor, in *showWeek) (wire.List[wire.Lane], error) {
	from := s.at(in.From)
	to := cmp.Or(in.To, from.AddDate(0, 0, 7)).UTC()
	lanes, err := s.deps.Board.Week(ctx, by, from, to)
	if err != nil {
		return wire.List[wire.Lane]{}, err
	}
	n, err := s.names(ctx)
	return wire.List[wire.Lane]{Items: every(lanes, func(l oncall.Lane) wire.Lane {
		return wire.Lane{Rotation: n.rotation(l.Rotation), Shifts: every(l.Shifts, n.shift), Gaps: every(l.Gaps, func(g oncall.Gap) wire.Gap {
			return wire.Gap{From: g.Shift.From, To: g.Shift.To, Costs: g.Costs}
		})}
	})}, err
}

type byPerson struct {
	ID string `path:"id" maxLength:"100" doc:"The person's id; me for yourself." example:"me"`
}

func (s *server) showStanding(ctx context.Context, by people.Actor, in *byPerson) (wire.Standing, error) {
	if in.ID == "me" {
		in.ID = by.ID
	}
	st, err := s.deps.Board.For(ctx, by, in.ID)
	if err != nil {
		return wire.Standing{}, err
	}
	n, err := s.names(ctx)
	spell := func(x oncall.Spell) wire.Spell {
		return wire.Spell{Rotation: n.rotation(x.Rotation), From: x.From, To: x.To}
	}
	return wire.Standing{On: every(st.On, spell), Next: every(st.Next, spell)}, err
}

type whatIf struct {
	ID string `path:"id" maxLength:"100" doc:"The escalation policy's id." example:"first-line"`
	AtTime
}

func (s *server) whatIf(ctx context.Context, by people.Actor, in *whatIf) (wire.List[wire.Reach], error) {
	at := s.at(in.At)
	reaches, err := s.deps.Board.WhatIf(ctx, by, in.ID, at)
	if err != nil {
		return wire.List[wire.Reach]{}, err
	}
	n, err := s.names(ctx)
	return wire.List[wire.Reach]{Items: every(reaches, func(r oncall.Reach) wire.Reach {
		return wire.Reach{After: wire.Duration(r.At.Sub(at)), Person: *n.person(r.Duty.Person), Reason: string(r.Duty.Reason), Rotation: r.Duty.Rotation,
			Channel: r.Channel, Round: r.Round, Step: r.Step + 1}
	})}, err
}

type takeOver struct{ Body wire.TakeOver }

func (s *server) takeOver(ctx context.Context, by people.Actor, in *takeOver) (wire.Override, error) {
	o, err := s.deps.Overrides.TakeOver(ctx, by, oncall.Override{Rotation: in.Body.Rotation, Person: in.Body.Person, From: s.at(in.Body.From), To: in.Body.To.UTC(),
		Reason: in.Body.Reason}, s.deps.Clock.Now())
	return s.override(ctx, o, err)
}

type byOverride struct {
	ID string `path:"id" maxLength:"100" doc:"The override's id, as a shift names it."`
}

func (s *server) giveBack(ctx context.Context, by people.Actor, in *byOverride) (wire.Override, error) {
	o, err := s.deps.Overrides.GiveBack(ctx, by, in.ID, s.deps.Clock.Now())
	return s.override(ctx, o, err)
}

func (s *server) override(ctx context.Context, o oncall.Override, err error) (wire.Override, error) {
	if err != nil {
		return wire.Override{}, err
	}
	n, err := s.names(ctx)
	return wire.Override{ID: o.ID, Rotation: o.Rotation, Person: *n.person(o.Person), From: o.From, To: o.To, Reason: o.Reason}, err
}

func (n names) rotation(r oncall.Rotation) wire.Rotation {
	return wire.Rotation{ID: r.ID, Name: r.Name, Team: n.ref("team", r.Team), Zone: r.Zone}
}

func (n names) shift(x oncall.Shift) wire.Shift {
	return wire.Shift{From: x.From, To: x.To, Person: n.person(x.Person), Why: string(x.Why), Override: x.Override, Instead: n.person(x.Instead)}
}
