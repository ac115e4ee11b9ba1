package api

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"frontline/fault"
	"frontline/people"
	"frontline/secret"
	"frontline/wire"
)

type actorKey struct{}

// enter is the gate before every operation: it finds out who asks, and whether they may use the operation at all. What it is about is
// asked again by the command.
func (s *server) enter(ctx huma.Context, next func(huma.Context)) {
	actor, err := s.recognise(ctx)
	if err == nil {
		err = people.May(actor, verbOf(ctx.Operation()), people.Subject{})
	}
	if err == nil {
		next(huma.WithValue(ctx, actorKey{}, actor))
		return
	}
	_, w := unwrap(ctx)
	s.write(w, s.problem(ctx.Context(), ctx.Operation().OperationID, err))
}

// recognise reads the bearer token (RFC 6750). Cookies are never looked at, so that no other site can act for somebody.
func (s *server) recognise(ctx huma.Context) (people.Actor, error) {
	scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return people.Actor{}, fault.New(fault.Unauthenticated, "Say who you are: send the header \"Authorization: Bearer %s…\" with an API token from your settings screen.", people.TokenPrefix)
	}
	actor, err := s.deps.Tokens.ActorByToken(ctx.Context(), secret.New(strings.TrimSpace(token)))
	if strings.HasPrefix(ctx.Header("User-Agent"), wire.CLI) {
		actor.Via = "cli"
	}
	return actor, err
}

// actorOf is who asks, as enter found out. Without enter it is nobody, who may do nothing.
func actorOf(ctx context.Context) people.Actor {
	if a, ok := ctx.Value(actorKey{}).(people.Actor); ok {
		return a
	}
	return people.Anonymous("api")
}
