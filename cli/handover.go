package cli

import (
	"context"
	"fmt"

	"frontline/client"
	"frontline/wire"
)

type handoverCommands struct {
	List listHandovers    `cmd:"" help:"List morning hand-overs."`
	Show showHandover     `cmd:"" help:"Show what a team was told about its night."`
	Ask  askAboutHandover `cmd:"" help:"Make it a request to its team, with what happened and the evidence. Once: asked again, it is the same request."`
}

type listHandovers struct {
	remote
	Team  string `help:"Only of this team." placeholder:"ID"`
	Limit int    `help:"How many at most." default:"20"`
}

// Run implements the command.
func (c listHandovers) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Handover], error) {
		return server.Handovers(ctx, c.Team, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("There is no hand-over yet.")
			return
		}
		rows := make([][]string, len(all))
		for i, h := range all {
			rows[i] = []string{h.ID, fmt.Sprint(h.Runs), fmt.Sprint(h.Items), p.when(h.Until), h.Team.Name}
		}
		p.table(0, []string{"ID", "RUNS", "EXPIRING", "MORNING", "TEAM"}, rows)
	})
}

type showHandover struct {
	remote
	ID string `arg:"" help:"The hand-over, such as support-2026-11-24."`
}

// Run implements the command.
func (c showHandover) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	h, err := server.Handover(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, h, func(p *paper) { p.handover(h) })
}

func (p *paper) handover(h wire.HandoverShown) {
	p.title(h.ID, h.Team.Name)
	p.pair("Night", p.when(h.From)+" to "+p.when(h.Until))
	if h.Request != nil {
		p.pair("Request", h.Request.ID)
	}
	if len(h.Told)+len(h.Expiring) == 0 {
		p.line("Nothing ran, and nothing waits.")
	}
	for _, x := range h.Told {
		r := x.Run
		p.head("%s  %s", r.ID, r.State)
		p.pair("What", r.Action.Name)
		p.pair("To look at", x.Needs)
		if r.StartedBy != nil {
			p.pair("Who", r.StartedBy.Name+", "+p.when(r.StartedAt))
		}
		p.pair("Why", r.Reason)
		if r.Result == nil {
			continue
		}
		p.pair("Result", r.Result.Summary)
		if r.Result.Check != nil {
			p.pair("Afterwards", r.Result.Check.Summary)
		}
	}
	if len(h.Expiring) > 0 {
		p.head("In quarantine, and about to expire")
		rows := make([][]string, len(h.Expiring))
		for i, k := range h.Expiring {
			rows[i] = []string{p.when(k.ExpiresAt), k.Kind, k.Origin}
		}
		p.table(2, []string{"UNTIL", "KIND", "FROM"}, rows)
	}
}

type askAboutHandover struct {
	remote
	ID string `arg:"" help:"The hand-over, such as support-2026-11-24."`
}

// Run implements the command.
func (c askAboutHandover) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.AskAboutHandover(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) {
		p.title(r.ID, r.Title)
		if r.Team != nil {
			p.pair("With", r.Team.Name)
		}
		p.pair("State", r.State)
	})
}
