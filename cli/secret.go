package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"frontline/client"
	"frontline/fault"
	"frontline/wire"

	"golang.org/x/term"
)

type secretCommands struct {
	List   listSecrets  `cmd:"" help:"List stored secrets, without their values."`
	Set    setSecret    `cmd:"" help:"Store a secret, read from the input, for the actions of a team."`
	Remove removeSecret `cmd:"" help:"Remove a stored secret."`
}

type listSecrets struct{ remote }

// Run implements the command.
func (c listSecrets) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, 1000, func(ctx context.Context, p client.Page) (wire.List[wire.Secret], error) {
		return server.Secrets(ctx, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, s := range all {
			team, by := "", ""
			if s.Team != nil {
				team = s.Team.ID
			}
			if s.SetBy != nil {
				by = s.SetBy.ID
			}
			rows[i] = []string{s.Name, team, p.when(s.SetAt), by, strings.Join(s.UsedBy, ", ")}
		}
		p.table(0, []string{"NAME", "TEAM", "SET", "BY", "USED BY"}, rows)
	})
}

type setSecret struct {
	remote
	Name string `arg:"" help:"What actions call it: stored:NAME."`
	Team string `help:"The team whose actions may use it. Needed the first time." placeholder:"ID"`
}

// Run implements the command.
func (c setSecret) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	value, err := hiddenInput(env)
	if err != nil {
		return err
	}
	if err := server.SetSecret(ctx, c.Name, wire.SetSecret{Team: c.Team, Value: value}); err != nil {
		return err
	}
	return print(env, "%s is stored. Actions of its team refer to it as stored:%s; nobody is shown it again.\n", c.Name, c.Name)
}

// hiddenInput reads a value that is not echoed, or all of the input without its last line break. It is never an argument: those show in the list of
// processes.
func hiddenInput(env Env) (string, error) {
	if f, ok := env.In.(*os.File); ok && terminal(f) {
		if err := print(env, "Value (it is not shown): "); err != nil {
			return "", err
		}
		raw, err := term.ReadPassword(int(f.Fd()))
		_ = print(env, "\n")
		return string(raw), err
	}
	raw, err := io.ReadAll(io.LimitReader(env.In, 1<<20))
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "What came in cannot be read. Pipe the value in.")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r"), nil
}

type removeSecret struct {
	remote
	Name  string `arg:"" help:"The secret's name."`
	Force bool   `help:"Also when actions use it."`
}

// Run implements the command.
func (c removeSecret) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if err := server.RemoveSecret(ctx, c.Name, c.Force); err != nil {
		return err
	}
	return print(env, "%s is removed.\n", c.Name)
}
