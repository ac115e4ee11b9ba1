package cli

import (
	"context"
	"fmt"
	"strconv"

	"frontline/client"
	"frontline/wire"
)

type proposalCommands struct {
	List    listProposals   `cmd:"" default:"withargs" help:"List the groups of requests that nobody could name."`
	Show    showProposal    `cmd:"" help:"Show one, with its requests."`
	Promote promoteProposal `cmd:"" help:"Make a demand of one."`
	Dismiss dismissProposal `cmd:"" help:"Say that one is no demand; it comes back when it has doubled."`
	Code    codeProposal    `cmd:"" help:"Confirm that requests of a promoted one are of its demand."`
	Now     groupNow        `cmd:"" help:"Have them grouped now, and not at night."`
}

type listProposals struct {
	remote
	All   bool `help:"Those that became a demand or were dismissed too."`
	Limit int  `help:"How many at most." default:"50"`
}

// Run implements the command.
func (c listProposals) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Proposal], error) {
		return server.Proposals(ctx, c.All, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("Nothing is unexplained. Requests closed as none of the demands are grouped each night.")
			return
		}
		var rows [][]string
		for _, x := range all {
			rows = append(rows, []string{x.ID, x.State, strconv.Itoa(x.Requests), fmt.Sprintf("%d after %d", x.Lately, x.Before), x.Title})
		}
		p.table(2, []string{"ID", "STATE", "REQUESTS", "FOUR WEEKS", "WORDS"}, rows)
	})
}

type showProposal struct {
	remote
	ID string `arg:"" help:"The proposal, such as P-17."`
}

// Run implements the command.
func (c showProposal) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.Proposal(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, x, func(p *paper) { p.proposal(x) })
}

func (p *paper) proposal(x wire.Proposal) {
	p.title(x.ID, x.Title)
	p.pair("State", x.State)
	p.pair("Requests", fmt.Sprintf("%d, %d in the last four weeks after %d", x.Requests, x.Lately, x.Before))
	p.pair("Askers", strconv.Itoa(x.Askers))
	p.pair("Customers", strconv.Itoa(x.Customers))
	if x.Demand != "" {
		p.pair("Became", x.Demand)
	}
	if x.Reason != "" {
		p.pair("Because", x.Reason)
	}
	for _, w := range x.Words {
		p.line("%s: in %.0f %% of these, in %.0f %% of the others", w.Word, 100*w.In, 100*w.Elsewhere)
	}
	for _, r := range x.Uncoded {
		p.line("%s", r)
	}
}

type promoteProposal struct {
	remote
	ID          string `arg:"" help:"The proposal, such as P-17."`
	Title       string `arg:"" optional:"" help:"The demand's name, as askers would say it; its words when left out."`
	Description string `help:"What belongs to it, and what does not."`
	Owner       string `help:"The person who decides what is built for it." placeholder:"ID"`
	Into        string `help:"A demand that it is already." placeholder:"D-7"`
}

// Run implements the command.
func (c promoteProposal) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	d, err := server.PromoteProposal(ctx, c.ID, wire.PromoteProposal{Title: c.Title, Description: c.Description, Owner: c.Owner, Into: c.Into})
	if err != nil {
		return err
	}
	return c.show(env, d, func(p *paper) { p.demand(d) })
}

type dismissProposal struct {
	remote
	ID     string `arg:"" help:"The proposal, such as P-17."`
	Reason string `arg:"" help:"Why it is no demand."`
}

// Run implements the command.
func (c dismissProposal) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.DismissProposal(ctx, c.ID, c.Reason)
	if err != nil {
		return err
	}
	return c.show(env, x, func(p *paper) { p.proposal(x) })
}

type codeProposal struct {
	remote
	ID       string   `arg:"" help:"The proposal, such as P-17."`
	Requests []string `arg:"" help:"Requests of it, such as R-1042."`
}

// Run implements the command.
func (c codeProposal) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	done, err := server.CodeProposal(ctx, c.ID, c.Requests)
	if err != nil {
		return err
	}
	return c.show(env, done, func(p *paper) { p.line("%d coded.", done.Coded) })
}

type groupNow struct{ remote }

// Run implements the command.
func (c groupNow) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	asked, err := server.GroupNow(ctx)
	if err != nil {
		return err
	}
	return c.show(env, asked, func(p *paper) { p.line("They are being grouped. List them in a moment.") })
}
