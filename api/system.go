package api

import (
	"context"
	"net/http"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/wire"
)

// Journal is where the journal is read.
type Journal interface {
	Read(ctx context.Context, actor people.Actor, q journal.Query) ([]journal.Entry, error)
}

var _ Journal = (*journal.Reader)(nil)

// Health tells how paging does.
type Health interface{ Last() oncall.Health }

var _ Health = (*oncall.Auditor)(nil)

// Database says whether it can be read and written.
type Database interface {
	Ping(ctx context.Context) error
}

func (s *server) system() {
	add(s, route{Method: http.MethodGet, Path: "/journal", ID: "readJournal", Verb: people.SeeJournal, Summary: "Read the journal",
		Say: "Everything that happened, newest first: who did what about which subject, and when."}, s.readJournal)
	add(s, route{Method: http.MethodGet, Path: "/system", ID: "showSystem", Verb: people.SeeSystem, Summary: "Say how Frontline itself does"}, s.showSystem)
}

type readJournal struct {
	Paging
	Verb  string `query:"verb" maxLength:"100" doc:"Only entries of this verb; one that ends with a dot means all that begin with it." example:"incident."`
	Actor string `query:"actor" maxLength:"100" doc:"Only what this person, source or other actor did." example:"liis"`
}

func (s *server) readJournal(ctx context.Context, by people.Actor, in *readJournal) (wire.List[wire.Entry], error) {
	at, err := in.place()
	if err != nil {
		return wire.List[wire.Entry]{}, err
	}
	q := journal.Query{Verb: in.Verb, Actor: in.Actor, Limit: in.Limit + 1}
	if at.ID != "" {
		q.Before = journal.Entry{ID: at.ID, At: time.UnixMicro(at.At).UTC()}
	}
	all, err := s.deps.Journal.Read(ctx, by, q)
	if err != nil {
		return wire.List[wire.Entry]{}, err
	}
	n, err := s.names(ctx)
	return page(all, in.Limit, n.entry, func(e journal.Entry) place { return place{ID: e.ID, At: e.At.UnixMicro()} }), err
}

func (n names) entry(e journal.Entry) wire.Entry {
	actor := wire.Ref{ID: e.Actor.ID, Name: e.Actor.ID}
	if r := n.actor(e.Actor.ID); r != nil {
		actor = *r
	}
	return wire.Entry{UID: e.ID, Seq: e.Seq, At: e.At, Actor: actor, By: string(e.Actor.Kind), Via: e.Actor.Via, Verb: e.Verb,
		Subject: subject(e.Subject), About: subject(e.About), Facts: e.Facts, Hash: e.Text}
}

func (s *server) showSystem(ctx context.Context, _ people.Actor, _ *struct{}) (wire.System, error) {
	h := s.deps.Health.Last()
	out := wire.System{Healthy: h.Healthy(), Say: h.Say(), Now: s.deps.Clock.Now(),
		Pager: wire.Pager{LookedAt: h.At, Late: len(h.Late), Stuck: len(h.Stuck), Exhausted: len(h.Exhausted)}}
	limited, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	if err := s.deps.Database.Ping(limited); err != nil {
		out.Healthy, out.Say = false, fault.Sentence(err)
	}
	return out, nil
}

const pingTime = 2 * time.Second
