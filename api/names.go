package api

import (
	"context"
	"strings"

	"frontline/desk"
	"frontline/journal"
	"frontline/wire"
)

// names puts names to ids, as they are configured at one moment.
type names struct{ Directory }

func (s *server) names(ctx context.Context) (names, error) {
	book, err := s.deps.Book(ctx)
	return names{book}, err
}

// ref names one thing; nil when there is none.
func (n names) ref(kind, id string) *wire.Ref {
	if id == "" {
		return nil
	}
	return &wire.Ref{ID: id, Name: n.Name(kind, id)}
}

func (n names) person(id string) *wire.Ref { return n.ref("person", id) }

// writer names who wrote a message for the desk: a person, or a rule.
func (n names) writer(by string) *wire.Ref {
	if id, ok := strings.CutPrefix(by, desk.ByRule); ok {
		return n.ref("rule", id)
	}
	return n.person(by)
}

// actor names who did something: a person, or a source of signals that did it by itself.
func (n names) actor(id string) *wire.Ref {
	r := n.person(id)
	if r != nil && r.Name == id {
		r.Name = n.Name("source", id)
	}
	return r
}

func (n names) refs(kind string, ids []string) []wire.Ref {
	return every(ids, func(id string) wire.Ref { return *n.ref(kind, id) })
}

// subject is nil when there is none.
func subject(s journal.Subject) *wire.Subject {
	if s.Kind == "" {
		return nil
	}
	return &wire.Subject{Kind: s.Kind, UID: s.ID}
}
