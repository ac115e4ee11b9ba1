package api

import (
	"context"
	"time"

	"frontline/people"
	"frontline/secret"
)

// Tokens finds out who asks, and manages their API tokens.
type Tokens interface {
	ActorByToken(ctx context.Context, token secret.Text) (people.Actor, error)
	TokensOf(ctx context.Context, a people.Actor) ([]people.Token, error)
	MakeCappedToken(ctx context.Context, a people.Actor, name string, most people.Role, until time.Time) (people.Token, secret.Text, error)
	RevokeToken(ctx context.Context, a people.Actor, id string) error
}

var _ Tokens = (*people.SignIn)(nil)
