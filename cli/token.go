package cli

import (
	"context"
	"os"
	"path/filepath"

	"frontline/client"
	"frontline/fault"
	"frontline/secret"
	"frontline/wire"
)

type tokenCommands struct {
	Save   saveToken   `cmd:"" help:"Keep an API token, read from the input, for the commands on this machine."`
	Whoami whoAmI      `cmd:"" help:"Say who the token is, and what it may do."`
	List   listTokens  `cmd:"" help:"List your API tokens."`
	Revoke revokeToken `cmd:"" help:"End one of your API tokens for good."`
}

type saveToken struct{ remote }

// Run implements the command.
func (c saveToken) Run(ctx context.Context, env Env) error {
	text, err := words(env, nil)
	if err != nil {
		return err
	}
	server, err := c.as(env, secret.New(text))
	if err != nil {
		return err
	}
	me, err := server.Me(ctx) // a wrong one is refused before it takes the place of a right one
	if err != nil {
		return err
	}
	path, err := c.tokenPath(env)
	if err != nil {
		return err
	}
	if err := keep(path, text); err != nil {
		return fault.Wrap(err, fault.Invalid, "%s cannot be written. Check the folder.", path)
	}
	return c.show(env, me, func(p *paper) { p.line("You are %s, with the role %s. The token is in %s.", me.Name, me.Role, path) })
}

// keep writes a file for its owner alone. An older one is replaced in one step, whoever could read it.
func keep(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

type whoAmI struct{ remote }

// Run implements the command.
func (c whoAmI) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	me, err := server.Me(ctx)
	if err != nil {
		return err
	}
	return c.show(env, me, func(p *paper) {
		p.pair("You are", me.Name+" ("+me.ID+")")
		p.pair("Role", me.Role)
		p.pair("Teams", list(me.Teams))
		p.pair("Ends", p.when(me.Until))
	})
}

type listTokens struct{ remote }

// Run implements the command.
func (c listTokens) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, 200, func(ctx context.Context, p client.Page) (wire.List[wire.Token], error) { return server.Tokens(ctx, p) })
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, t := range all {
			rows[i] = []string{t.ID, t.Hint + "…", p.when(t.Made), t.Name}
		}
		p.table(0, []string{"ID", "BEGINS", "MADE", "NAME"}, rows)
	})
}

type revokeToken struct {
	remote
	ID string `arg:"" help:"The token's id, as the list gives it."`
}

// Run implements the command.
func (c revokeToken) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if err := server.RevokeToken(ctx, c.ID); err != nil {
		return err
	}
	return print(env, "It is revoked.\n")
}
