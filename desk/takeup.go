package desk

import (
	"context"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
)

// FromHandover is the channel of requests that a press on a morning hand-over makes. They are read on the screen.
const FromHandover = "handover"

// TakeUp makes a morning hand-over a request to its team, asked by whoever presses: once for each hand-over, whoever presses again. Fresh is false
// when it was one already.
func (s *Service) TakeUp(ctx context.Context, a people.Actor, h action.Handed) (r Request, fresh bool, err error) {
	if len(h.Runs)+len(h.Expiring) == 0 {
		return r, false, fault.New(fault.Invalid, "That night was quiet, or nothing of it is open to you: there is nothing to ask the team.")
	}
	known, ok, err := s.TakenUp(ctx, a, h.Handover)
	if err != nil || ok {
		return known, false, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return r, false, err
	}
	title, body := h.Question()
	return s.Ask(ctx, a, Incoming{Arrival: Arrival{Channel: FromHandover, Ref: h.ID()}, Team: h.Team, Service: serviceOf(book, h), Title: title, Body: body, Formless: true})
}

// TakenUp is the request that a hand-over was made; false when it is none, or not one that the actor may know of.
func (s *Service) TakenUp(ctx context.Context, a people.Actor, h action.Handover) (Request, bool, error) {
	id, ok, err := s.DB.RequestFrom(ctx, FromHandover, h.ID())
	if err != nil || !ok {
		return Request{}, false, err
	}
	r, err := s.open(ctx, a, people.SeeRequests, id)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return Request{}, false, nil
	}
	return r, err == nil, err
}

// serviceOf is the one service that all runs of the night were about; empty when there are several, or when it is gone since.
func serviceOf(book Directory, h action.Handed) string {
	service := ""
	for i, r := range h.Runs {
		if len(r.Definition.Services) != 1 || i > 0 && r.Definition.Services[0] != service {
			return ""
		}
		service = r.Definition.Services[0]
	}
	if _, ok := book.Service(service); !ok {
		return ""
	}
	return service
}
