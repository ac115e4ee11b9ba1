package web

import (
	"context"

	"frontline/action"
	"frontline/incident"
	"frontline/journal"
	"frontline/people"
)

// subjects names what entries of the journal are about, each looked up once. What is gone or not open to the person has no name and leads
// nowhere.
type subjects struct {
	s     *Server
	ctx   context.Context // of the one request that this lives for
	v     *visit
	book  Book
	links map[journal.Subject]link
	runs  map[string]action.Run
}

func (s *Server) subjects(ctx context.Context, v *visit, book Book) *subjects {
	return &subjects{s: s, ctx: ctx, v: v, book: book, links: map[journal.Subject]link{}, runs: map[string]action.Run{}}
}

// names are what sentences may call things.
func (x *subjects) names() incident.Names {
	n := journalNames(x.book, "")
	n.Run = x.run
	n.Group = func(id string) string {
		if l := x.link(journal.Of("group", id)); l.Path != "" {
			return l.Word
		}
		return "a group"
	}
	return n
}

func (x *subjects) run(id string) (action.Run, bool) {
	r, known := x.runs[id]
	if !known {
		var err error
		if r, err = x.s.deps.Runs.Run(x.ctx, x.v.Actor, id); err != nil {
			r = action.Run{} // a run without a name
		}
		x.runs[id] = r
	}
	return r, r.ID != ""
}

// of is where an entry's subject is looked at; what it belongs to where the subject has no screen of its own.
func (x *subjects) of(e journal.Entry) link {
	if l := x.link(e.Subject); l.Path != "" {
		return l
	}
	return x.link(e.About)
}

func (x *subjects) link(about journal.Subject) link {
	l, known := x.links[about]
	if !known {
		l = x.find(about)
		x.links[about] = l
	}
	return l
}

func (x *subjects) find(about journal.Subject) link {
	switch about.Kind {
	case "run":
		if r, ok := x.run(about.ID); ok {
			return link{Word: r.Ref(), Path: "/runs/" + r.Ref()}
		}
	case "group":
		if g, err := x.s.deps.Alerts.Group(x.ctx, about.ID); err == nil {
			return link{Word: g.Short(), Path: "/alerts/" + g.Short()}
		}
	case "incident":
		if x.s.deps.Rooms == nil {
			return link{}
		}
		if inc, err := x.s.deps.Rooms.Incident(x.ctx, x.v.Actor, about.ID); err == nil {
			return link{Word: inc.Name(), Path: "/incidents/" + inc.Name()}
		}
	case "runner":
		if people.May(x.v.Actor, people.SeeRunners, people.Subject{Kind: "runner"}) == nil {
			return link{Word: "Runners", Path: runnersPath}
		}
	case "secret":
		if people.May(x.v.Actor, people.SeeSecrets, people.Subject{Kind: "secret"}) == nil {
			return link{Word: "Secrets", Path: secretsPath}
		}
	case "rule":
		return link{Word: x.book.Name("rule", about.ID), Path: rulePath(about.ID)}
	}
	return link{}
}
