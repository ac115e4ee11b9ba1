package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"frontline/app"
	"frontline/clock"
)

// invite is the command that lets somebody in again whom nobody else can invite.
type invite struct {
	Email string `arg:"" help:"The address of a person who is configured."`
	app.Settings
}

// Run implements the command. It opens the database itself: on SQLite the server must be stopped for that moment.
func (c invite) Run(ctx context.Context, env environment) error {
	s := c.Settings
	if s.URL == "" {
		s.URL = "http://" + s.Listen
	}
	s.Listen, s.StatusListen, s.Sync = "127.0.0.1:0", "", nil
	a, err := app.New(ctx, s, app.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Getenv: env.getenv})
	if err != nil {
		return err
	}
	link, err := a.InviteLink(ctx, c.Email)
	if err := errors.Join(err, a.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.stdout, "With this link %s sets a new password within three days, once:\n\n  %s\n\n", c.Email, link)
	return err
}
