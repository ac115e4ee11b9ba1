package cli

import (
	"context"
	"fmt"
	"strings"

	"frontline/fault"
	"frontline/wire"
)

type searchAll struct {
	remote
	Words   []string `arg:"" optional:"" help:"What to look for: refund is:open customer:nordpank."`
	Limit   int      `help:"How many at most." default:"20"`
	Rebuild bool     `help:"Write the text index anew instead; for an admin."`
}

// Run implements the command.
func (c searchAll) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if c.Rebuild {
		if err := server.RebuildSearch(ctx); err != nil {
			return err
		}
		return print(env, "The text index is written anew. Search goes on meanwhile.\n")
	}
	if len(c.Words) == 0 {
		return fault.Wrong("words", "Say what to look for, such as: frontline search refund is:open.")
	}
	f, err := server.Search(ctx, strings.Join(c.Words, " "), c.Limit)
	if err != nil {
		return err
	}
	return c.show(env, f, func(p *paper) { p.found(f) })
}

// found adds what a search found.
func (p *paper) found(f wire.Found) {
	for _, say := range append(f.Corrections, f.Notes...) {
		p.line(say)
	}
	if len(f.Items) == 0 {
		p.line("Nothing was found. Leave a word out, or write it in another way.")
		return
	}
	rows := make([][]string, len(f.Items))
	for i, h := range f.Items {
		rows[i] = []string{h.ID, h.Kind, h.State, h.Title, h.Because}
	}
	p.table(0, []string{"ID", "WHAT", "STATE", "TITLE", "BECAUSE"}, rows)
	if f.More {
		p.line("There is more. Ask for more with --limit, or narrow the search.")
	}
}

type similarRequests struct {
	remote
	ID    string `arg:"" help:"R-1042."`
	Limit int    `help:"How many at most." default:"5"`
}

// Run implements the command.
func (c similarRequests) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	near, err := server.SimilarRequests(ctx, c.ID, c.Limit)
	if err != nil {
		return err
	}
	return c.show(env, near.Items, func(p *paper) {
		if len(near.Items) == 0 {
			p.line("Nothing is like it.")
			return
		}
		rows := make([][]string, len(near.Items))
		for i, n := range near.Items {
			rows[i] = []string{n.ID, fmt.Sprintf("%.0f%%", n.Likeness*100), standing(n.Request), strings.Join(n.Because, ", "), n.Title}
		}
		p.table(0, []string{"ID", "ALIKE", "STATE", "BECAUSE OF", "WHAT"}, rows)
	})
}
