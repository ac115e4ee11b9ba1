package cli

import (
	"context"
	"fmt"
	"os"

	"frontline/client"
	"frontline/fault"
	"frontline/wire"
)

type privacyCommands struct {
	Held     heldCommand   `cmd:"" help:"Say what is held about somebody, and what erasing would take away."`
	Export   exportData    `cmd:"" help:"Fetch all that is held about somebody, as a ZIP archive."`
	Erase    eraseCommand  `cmd:"" help:"Erase a person: text and identity go, what is counted stays. Asks for your password."`
	Receipts eraseReceipts `cmd:"" help:"List the receipts of erasures."`
}

type heldCommand struct {
	remote
	Whom string `arg:"" help:"A mail address that wrote to the desk, or the id of a person."`
}

// Run implements the command.
func (c heldCommand) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	h, err := server.Held(ctx, c.Whom)
	if err != nil {
		return err
	}
	return c.show(env, h, func(p *paper) {
		p.table(0, []string{"WHOM", "HERE", "REMOVED"}, [][]string{{h.Whom, yes(h.Here), removed(h.Counts)}})
	})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func removed(n wire.ErasedCounts) string {
	return fmt.Sprintf("%d requests (%d open), %d messages, %d files, %d runs, %d mentions", n.Requests, n.Open, n.Messages, n.Files, n.Runs, n.Mentions)
}

type exportData struct {
	remote
	Whom string `arg:"" optional:"" help:"A mail address or the id of a person; yourself when left out."`
	To   string `help:"The file to write." default:"frontline-data.zip" placeholder:"FILE"`
}

// Run implements the command.
func (c exportData) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	a, err := server.Archive(ctx, c.Whom)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.To, a.ZIP, 0o600); err != nil {
		return fault.Wrap(err, fault.Invalid, "%s cannot be written. Choose another file with --to.", c.To)
	}
	return print(env, "%s is written: data.json, and the files.\n", c.To)
}

type eraseCommand struct {
	remote
	Whom  string `arg:"" help:"A mail address that wrote to the desk, or the id of a person."`
	Again string `help:"The same once more: it cannot be taken back." placeholder:"WHOM"`
}

// Run implements the command.
func (c eraseCommand) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	h, err := server.Held(ctx, c.Whom)
	if err != nil {
		return err
	}
	if c.Again == "" {
		return print(env, "Erasing %s would take away %s. Nothing is changed; to do it, add --again %s\n", h.Whom, removed(h.Counts), h.Whom)
	}
	password, err := hiddenInput(env)
	if err != nil {
		return err
	}
	e, err := server.Erase(ctx, wire.Erase{Whom: c.Whom, Again: c.Again, Password: password})
	if err != nil {
		return err
	}
	return print(env, "%s has begun. Its receipt names nobody: frontline privacy receipts\n", e.Ref)
}

type eraseReceipts struct{ remote }

// Run implements the command.
func (c eraseReceipts) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, 1000, func(ctx context.Context, p client.Page) (wire.List[wire.Erasure], error) {
		return server.ListErasures(ctx, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, e := range all {
			by := ""
			if e.By != nil {
				by = e.By.ID
			}
			rows[i] = []string{e.Ref, e.State, p.when(e.At), by, removed(e.Counts)}
		}
		p.table(0, []string{"REF", "STATE", "WHEN", "BY", "REMOVED"}, rows)
	})
}
