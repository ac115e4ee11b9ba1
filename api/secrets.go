package api

import (
	"context"
	"net/http"

	"frontline/action"
	"frontline/people"
	"frontline/secret"
	"frontline/wire"
)

// Secrets are the values that the server keeps for actions.
type Secrets interface {
	Secrets(ctx context.Context, by people.Actor) ([]action.Stored, error)
	SetSecret(ctx context.Context, by people.Actor, name, team string, value secret.Text) error
	RemoveSecret(ctx context.Context, by people.Actor, name string, force bool) error
}

var _ Secrets = action.Vault{}

func (s *server) secrets() {
	add(s, route{Method: http.MethodGet, Path: "/secrets", ID: "listSecrets", Verb: people.SeeSecrets, Summary: "List stored secrets, without their values"}, s.listSecrets)
	addSilent(s, route{Method: http.MethodPut, Path: "/secrets/{name}", ID: "setSecret", Verb: people.ManageSecrets, Summary: "Store a secret, or replace it",
		Say: "Actions of its team refer to it as stored:NAME. It is kept encrypted and never shown again."}, s.setSecret)
	addSilent(s, route{Method: http.MethodDelete, Path: "/secrets/{name}", ID: "removeSecret", Verb: people.ManageSecrets, Summary: "Remove a stored secret",
		Say: "One that actions use is kept, unless force is given."}, s.removeSecret)
}

func (s *server) listSecrets(ctx context.Context, by people.Actor, in *Paging) (wire.List[wire.Secret], error) {
	all, err := s.deps.Secrets.Secrets(ctx, by)
	if err != nil {
		return wire.List[wire.Secret]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Secret]{}, err
	}
	return slice(all, *in, func(x action.Stored) wire.Secret {
		return wire.Secret{Name: x.Name, Team: n.ref("team", x.Team), SetBy: n.person(x.SetBy), SetAt: x.SetAt, UsedBy: append([]string{}, x.UsedBy...)}
	})
}

type setSecret struct {
	Name string `path:"name" maxLength:"100" doc:"The secret's name." example:"broker-password"`
	Body wire.SetSecret
}

func (s *server) setSecret(ctx context.Context, by people.Actor, in *setSecret) error {
	return s.deps.Secrets.SetSecret(ctx, by, in.Name, in.Body.Team, secret.New(in.Body.Value))
}

type removeSecret struct {
	Name  string `path:"name" maxLength:"100" doc:"The secret's name." example:"broker-password"`
	Force bool   `query:"force" doc:"Also when actions use it."`
}

func (s *server) removeSecret(ctx context.Context, by people.Actor, in *removeSecret) error {
	return s.deps.Secrets.RemoveSecret(ctx, by, in.Name, in.Force)
}
