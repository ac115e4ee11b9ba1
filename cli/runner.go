package cli

import (
	"context"
	"strings"

	"frontline/client"
	"frontline/wire"
)

// RunnerCommands is what administrators do about runners. The runner itself is a command of main's.
type RunnerCommands struct {
	List   listRunners  `cmd:"" help:"List runners, what they carry and what they do."`
	Add    addRunner    `cmd:"" help:"Make the one-time token with which a runner enrols."`
	Revoke revokeRunner `cmd:"" help:"End a runner at once and for good."`
}

type listRunners struct{ remote }

// Run implements the command.
func (c listRunners) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, 500, func(ctx context.Context, p client.Page) (wire.List[wire.Runner], error) {
		return server.Runners(ctx, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, r := range all {
			seen := ""
			if r.Seen != nil {
				seen = p.when(*r.Seen)
			}
			var works []string
			for _, w := range r.Runs {
				works = append(works, w.ID)
			}
			rows[i] = []string{r.Name, r.State, seen, strings.Join(works, ", "), r.Sandbox, strings.Join(r.Labels, ",")}
		}
		p.table(0, []string{"NAME", "STATE", "HEARD", "RUNS", "SANDBOX", "LABELS"}, rows)
	})
}

type addRunner struct {
	remote
	Name   string   `arg:"" help:"What it will be called, such as berlin-1."`
	Labels []string `help:"What it must carry, such as network=berlin,broker=yes. Left out, it brings its own." placeholder:"A=B,…"`
}

// Run implements the command.
func (c addRunner) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	t, err := server.AddRunner(ctx, wire.NewRunner{Name: c.Name, Labels: c.Labels})
	if err != nil {
		return err
	}
	return c.show(env, t, func(p *paper) {
		p.pair("Token", t.Token)
		p.pair("Until", p.when(t.Until))
		p.pair("Server's key", t.Server)
		p.line("")
		p.line("It is shown this once and serves once. On the runner's machine:")
		p.line("  FRONTLINE_RUNNER_TOKEN=… frontline runner --server URL --name %s --policy runner.yaml --key-file runner.key", c.Name)
	})
}

type revokeRunner struct {
	remote
	Name string `arg:"" help:"The runner's name or id."`
}

// Run implements the command.
func (c revokeRunner) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if err := server.RevokeRunner(ctx, c.Name); err != nil {
		return err
	}
	return print(env, "%s is revoked.\n", c.Name)
}
