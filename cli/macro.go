package cli

import (
	"context"
	"strings"

	"frontline/wire"
)

type listMacros struct{ remote }

// Run implements the command.
func (c listMacros) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := server.Macros(ctx)
	if err != nil {
		return err
	}
	return c.show(env, all.Items, func(p *paper) {
		if len(all.Items) == 0 {
			p.line("There are no macros. They are written in the configuration, under macros.")
			return
		}
		var rows [][]string
		for _, m := range all.Items {
			then := ""
			switch {
			case m.Close != "":
				then = "closes: " + strings.ReplaceAll(m.Close, "_", " ")
			case m.WaitFor != "":
				then = "waits for " + m.WaitFor
			}
			rows = append(rows, []string{m.ID, name(m.Team), then, m.Title})
		}
		p.table(0, []string{"ID", "TEAM", "THEN", "MACRO"}, rows)
	})
}

type useMacro struct {
	remote
	ID    string `arg:"" help:"R-1042."`
	Macro string `arg:"" help:"The macro; frontline request macros lists them."`
	about
}

// Run implements the command.
func (c useMacro) Run(ctx context.Context, env Env) error {
	coding, err := c.coding()
	if err != nil {
		return err
	}
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.UseMacro(ctx, c.ID, wire.UseMacro{Macro: c.Macro, CodeRequest: coding})
	return c.handled(env, r, err)
}
