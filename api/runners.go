package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"frontline/people"
	"frontline/runner"
	"frontline/secret"
	"frontline/wire"
)

// Runners are the runners in other networks.
type Runners interface {
	Runners(ctx context.Context, by people.Actor) ([]runner.Sight, error)
	Add(ctx context.Context, by people.Actor, name string, labels map[string]string) (secret.Text, error)
	Revoke(ctx context.Context, by people.Actor, ref string) (runner.Runner, error)
	Fingerprint() string
}

var _ Runners = (*runner.Dispatch)(nil)

func (s *server) runners() {
	add(s, route{Method: http.MethodGet, Path: "/runners", ID: "listRunners", Verb: people.SeeRunners, Summary: "List the runners in other networks",
		Say: "Those that may work come first."}, s.listRunners)
	add(s, route{Method: http.MethodPost, Path: "/runners", ID: "addRunner", Verb: people.ManageRunners, Summary: "Make a token with which a runner enrols",
		Say: "It is shown once, serves once, and ends after an hour.", Status: http.StatusCreated}, s.addRunner)
	addSilent(s, route{Method: http.MethodDelete, Path: "/runners/{id}", ID: "revokeRunner", Verb: people.ManageRunners, Summary: "End a runner at once and for good",
		Say: "What it works on becomes unknown until another runner can look."}, s.revokeRunner)
}

func (s *server) listRunners(ctx context.Context, by people.Actor, in *Paging) (wire.List[wire.Runner], error) {
	all, err := s.deps.Runners.Runners(ctx, by)
	if err != nil {
		return wire.List[wire.Runner]{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.List[wire.Runner]{}, err
	}
	return slice(all, *in, n.runner)
}

func (n names) runner(r runner.Sight) wire.Runner {
	out := wire.Runner{ID: r.ID, Name: r.Name, Labels: append([]string{}, labels(r.Labels)...), Key: r.Fingerprint(), State: r.State(), Version: r.Version, Sandbox: r.Sandbox, Policy: r.Policy,
		Runs: []wire.Ref{}, Added: r.AddedAt, AddedBy: n.person(r.AddedBy), Seen: when(r.SeenAt), Revoked: when(r.RevokedAt)}
	for _, w := range r.Work {
		out.Runs = append(out.Runs, wire.Ref{ID: w.Ref, Name: w.Action})
	}
	return out
}

// labels are written as people write them, in order; nil when there are none.
func labels(all map[string]string) []string {
	if len(all) == 0 {
		return nil
	}
	return strings.Split(runner.LabelText(all), ", ")
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type newRunner struct{ Body wire.NewRunner }

func (s *server) addRunner(ctx context.Context, by people.Actor, in *newRunner) (wire.RunnerToken, error) {
	labels, err := runner.ParseLabels(strings.Join(in.Body.Labels, ","))
	if err != nil {
		return wire.RunnerToken{}, err
	}
	token, err := s.deps.Runners.Add(ctx, by, in.Body.Name, labels)
	if err != nil {
		return wire.RunnerToken{}, err
	}
	return wire.RunnerToken{Token: token.Reveal(), Server: s.deps.Runners.Fingerprint(), Until: s.deps.Clock.Now().Add(runner.TokenLife)}, nil
}

type byRunner struct {
	ID string `path:"id" maxLength:"100" doc:"The runner's name or id." example:"berlin-1"`
}

func (s *server) revokeRunner(ctx context.Context, by people.Actor, in *byRunner) error {
	_, err := s.deps.Runners.Revoke(ctx, by, in.ID)
	return err
}
