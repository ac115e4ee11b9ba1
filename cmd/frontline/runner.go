package main

import (
	"context"

	"frontline/app"
	"frontline/cli"
	"frontline/clock"
)

// runnerCommand is the process that runs actions in another network, and what administrators do about runners.
type runnerCommand struct {
	Run runRunner `cmd:"" default:"withargs" help:"Run actions here that the server wants done here."`
	cli.RunnerCommands
}

type runRunner struct {
	app.RunnerSettings
}

// Run implements the command.
func (r runRunner) Run(ctx context.Context, env environment) error {
	log := logger(env.stderr, r.LogLevel, r.LogFormat)
	return app.RunRunner(ctx, r.RunnerSettings, app.RunnerOptions{Clock: clock.Real{}, Log: log, Getenv: env.getenv, Version: version()})
}
