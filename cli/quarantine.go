package cli

import (
	"context"
	"strings"

	"frontline/client"
	"frontline/wire"
)

type quarantineCommands struct {
	List listKept `cmd:"" help:"List what actions took out and keep, newest first."`
	Drop dropKept `cmd:"" help:"Let go of one thing for good: its content is deleted."`
}

type listKept struct {
	remote
	Team  string `help:"Only what this team decides about." placeholder:"ID"`
	State string `help:"Which: ${enum}." enum:"captured,removed,replayed,dropped,all" default:"all"`
	Soon  bool   `help:"Only what will be dropped within two days unless it is put back."`
	Limit int    `help:"How many at most." default:"20"`
}

// Run implements the command.
func (c listKept) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	q := client.QuarantineQuery{Team: c.Team, State: c.State, Soon: c.Soon}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Kept], error) {
		return server.Quarantine(ctx, q, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, k := range all {
			owner := ""
			if k.Owner != nil {
				owner = k.Owner.Name
			}
			rows[i] = []string{k.ID, k.State, p.when(k.CapturedAt), p.when(k.ExpiresAt), owner, strings.TrimSpace(k.Facts["message_id"] + " " + k.Origin)}
		}
		p.table(0, []string{"ID", "STATE", "TAKEN", "KEPT UNTIL", "TEAM", "WHAT"}, rows)
	})
}

type dropKept struct {
	remote
	ID     string `arg:"" help:"Its id in quarantine."`
	Reason string `arg:"" help:"Why nobody needs it any more, in a sentence."`
}

// Run implements the command.
func (c dropKept) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	k, err := server.DropKept(ctx, c.ID, wire.DropKept{Reason: c.Reason})
	if err != nil {
		return err
	}
	return c.show(env, k, func(p *paper) { p.line("You dropped %s for good.", k.ID) })
}
