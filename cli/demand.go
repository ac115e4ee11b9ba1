package cli

import (
	"context"
	"strconv"
	"strings"

	"frontline/client"
	"frontline/fault"
	"frontline/wire"
)

type demandCommands struct {
	List   listDemands  `cmd:"" help:"List the register of demands."`
	Show   showDemand   `cmd:"" help:"Show a demand."`
	New    newDemand    `cmd:"" help:"Add a demand to the register."`
	Merge  mergeDemand  `cmd:"" help:"Say that two demands are one."`
	Split  splitDemand  `cmd:"" help:"Say that a demand is several."`
	Retire retireDemand `cmd:"" help:"End a demand that is no longer asked for."`
	Code   codeRequest  `cmd:"" help:"Say what a request was about."`

	Proposals proposalCommands `cmd:"" help:"See what nobody could name, grouped by night, and decide about it."`
}

type listDemands struct {
	remote
	All   bool `help:"The ended ones too."`
	Limit int  `help:"How many at most." default:"200"`
}

// Run implements the command.
func (c listDemands) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Demand], error) {
		return server.Demands(ctx, c.All, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("The register is empty. Add the first with: frontline demand new TITLE")
			return
		}
		var rows [][]string
		for _, d := range all {
			rows = append(rows, []string{d.ID, demandState(d), name(d.Owner), d.Title})
		}
		p.table(0, []string{"ID", "HANDLED", "OWNER", "DEMAND"}, rows)
	})
}

// demandState is how a demand is dealt with, or what it became.
func demandState(d wire.Demand) string {
	switch {
	case d.EndedAt == nil:
		return strings.ReplaceAll(d.Handling, "_", " ")
	case len(d.Into) > 0:
		return "now " + strings.Join(d.Into, " ")
	}
	return "retired"
}

type showDemand struct {
	remote
	ID string `arg:"" help:"The demand, such as D-12."`
}

// Run implements the command.
func (c showDemand) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	d, err := server.Demand(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, d, func(p *paper) { p.demand(d) })
}

func (p *paper) demand(d wire.Demand) {
	p.title(d.ID, d.Title)
	p.pair("Handled", demandState(d))
	p.pair("Owner", name(d.Owner))
	p.pair("Since", p.when(d.BornAt))
	if len(d.From) > 0 {
		p.pair("Came out of", strings.Join(d.From, " "))
	}
	if len(d.Examples) > 0 {
		p.pair("Examples", strings.Join(d.Examples, " "))
	}
	if d.Description != "" {
		p.line("")
		p.text(0, d.Description)
	}
}

type newDemand struct {
	remote
	Title       string   `arg:"" help:"Its name, as askers would say it."`
	Description string   `help:"What belongs to it, and what does not."`
	Owner       string   `help:"The person who decides what is built for it." placeholder:"ID"`
	Handling    string   `help:"How it is dealt with now: ${enum}." enum:"by_hand,runbook,building,self_service" default:"by_hand"`
	Example     []string `help:"A request that shows what is meant; may be given again." placeholder:"R-1042"`
}

// Run implements the command.
func (c newDemand) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	d, err := server.NewDemand(ctx, wire.WriteDemand{Title: c.Title, Description: c.Description, Owner: c.Owner, Handling: c.Handling, Examples: c.Example})
	if err != nil {
		return err
	}
	return c.show(env, d, func(p *paper) { p.demand(d) })
}

type mergeDemand struct {
	remote
	ID   string `arg:"" help:"The demand that ends."`
	Into string `arg:"" help:"The one that it is."`
}

// Run implements the command.
func (c mergeDemand) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	d, err := server.MergeDemand(ctx, c.ID, c.Into)
	if err != nil {
		return err
	}
	return c.show(env, d, func(p *paper) { p.demand(d) })
}

type splitDemand struct {
	remote
	ID     string   `arg:"" help:"The demand that ends."`
	Titles []string `arg:"" help:"The names of what it becomes, two at least."`
}

// Run implements the command.
func (c splitDemand) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	made, err := server.SplitDemand(ctx, c.ID, c.Titles)
	if err != nil {
		return err
	}
	return c.show(env, made.Items, func(p *paper) {
		for _, d := range made.Items {
			p.line("%s %s", d.ID, d.Title)
		}
	})
}

type retireDemand struct {
	remote
	ID string `arg:"" help:"The demand, such as D-12."`
}

// Run implements the command.
func (c retireDemand) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	d, err := server.RetireDemand(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, d, func(p *paper) { p.demand(d) })
}

type codeRequest struct {
	remote
	Request string   `arg:"" help:"The request, such as R-1042."`
	Demands []string `arg:"" optional:"" help:"Demands, such as D-12; each may have its per cent: D-12=70 D-7=30."`
	None    bool     `help:"It is none of the demands that there are."`
}

// Run implements the command.
func (c codeRequest) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	code, err := codingOf(c.Demands, c.None)
	if err != nil {
		return err
	}
	coded, err := server.CodeRequest(ctx, c.Request, code)
	if err != nil {
		return err
	}
	return c.show(env, coded, func(p *paper) {
		if coded.None {
			p.line("%s is none of the demands.", coded.Request)
		}
		for _, d := range coded.Demands {
			p.line("%s is %s %s, %d %%.", coded.Request, d.Demand.ID, d.Demand.Name, d.Share)
		}
	})
}

func codingOf(demands []string, none bool) (wire.CodeRequest, error) {
	code := wire.CodeRequest{None: none}
	for _, d := range demands {
		one, err := shareOf(d)
		if err != nil {
			return code, err
		}
		code.Demands = append(code.Demands, one)
	}
	return code, nil
}

// about is what a request that is closed was about.
type about struct {
	Demand []string `help:"What it was about, such as D-12 or D-12=70; may be given several times." placeholder:"D-12"`
	None   bool     `help:"It is none of the demands that there are."`
}

func (a about) coding() (wire.CodeRequest, error) { return codingOf(a.Demand, a.None) }

func (a about) given() bool { return len(a.Demand) > 0 || a.None }

// shareOf reads "D-12" or "D-12=70".
func shareOf(s string) (wire.CodeShare, error) {
	demand, per, given := strings.Cut(s, "=")
	if !given {
		return wire.CodeShare{Demand: demand}, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(per, "%"))
	if err != nil {
		return wire.CodeShare{}, fault.Wrong("demands", "%.60q is no demand with its per cent. Write it as D-12=70.", s)
	}
	return wire.CodeShare{Demand: demand, Share: n}, nil
}
