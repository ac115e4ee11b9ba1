package cli

import (
	"context"
	"strings"

	"frontline/client"
	"frontline/wire"
)

type thanksCommands struct {
	List   listThanks   `cmd:"" help:"List what people are thankful for."`
	Show   showThanks   `cmd:"" help:"Show a thanks."`
	Say    sayThanks    `cmd:"" help:"Say thanks."`
	Reword rewordThanks `cmd:"" help:"Change the words of a thanks, within ten minutes."`
	Back   thanksBack   `cmd:"" name:"take-back" help:"Take a thanks off the wall."`
	Month  thanksMonth  `cmd:"" help:"Show what people were thankful for in a month, by demand."`
}

type listThanks struct {
	remote
	Given  bool   `help:"Only what you gave."`
	Got    bool   `help:"Only what you, or a team of yours, are thanked for."`
	Team   string `help:"Only what this team is thanked for." placeholder:"ID"`
	Action string `help:"Only what this action is thanked for." placeholder:"ID"`
	Limit  int    `help:"How many at most." default:"20"`
}

// Run implements the command.
func (c listThanks) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Thanks], error) {
		return server.Thanks(ctx, client.ThanksFilter{Given: c.Given, Got: c.Got, Team: c.Team, Action: c.Action}, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("Nothing here. Say thanks with: frontline thanks say REASON --to PERSON")
		}
		for i, x := range all {
			if i > 0 {
				p.line("")
			}
			p.thanks(x)
		}
	})
}

func (p *paper) thanks(x wire.Thanks) {
	p.title(x.ID, thankedNames(x))
	p.text(0, x.Reason)
	if x.About != nil {
		p.pair("About", x.About.ID+" "+x.About.Title)
	}
	p.pair("Said", p.when(x.At))
}

// thankedNames are who thanks whom.
func thankedNames(x wire.Thanks) string {
	var to []string
	for _, t := range x.To {
		to = append(to, t.Name)
	}
	return name(x.By) + " to " + strings.Join(to, ", ")
}

type showThanks struct {
	remote
	ID string `arg:"" help:"The thanks, such as T-12."`
}

// Run implements the command.
func (c showThanks) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.ThanksOne(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, x, func(p *paper) { p.thanks(x) })
}

type sayThanks struct {
	remote
	Reason string   `arg:"" help:"What for: three words at least, or one with --about."`
	To     []string `help:"A person; may be given again." placeholder:"PERSON"`
	Team   []string `help:"A team; may be given again." placeholder:"TEAM"`
	Action []string `help:"An action that helped; may be given again." placeholder:"ACTION"`
	About  string   `help:"The request or the incident, such as R-1042 or INC-31." placeholder:"ID"`
}

// Run implements the command.
func (c sayThanks) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.SayThanks(ctx, wire.SayThanks{Reason: c.Reason, People: c.To, Teams: c.Team, Actions: c.Action, About: c.About})
	if err != nil {
		return err
	}
	return c.show(env, x, func(p *paper) { p.thanks(x) })
}

type rewordThanks struct {
	remote
	ID     string `arg:"" help:"The thanks, such as T-12."`
	Reason string `arg:"" help:"Its new words."`
}

// Run implements the command.
func (c rewordThanks) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.RewordThanks(ctx, c.ID, c.Reason)
	if err != nil {
		return err
	}
	return c.show(env, x, func(p *paper) { p.thanks(x) })
}

type thanksBack struct {
	remote
	ID string `arg:"" help:"The thanks, such as T-12."`
}

// Run implements the command.
func (c thanksBack) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if err := server.TakeThanksBack(ctx, c.ID); err != nil {
		return err
	}
	return c.show(env, struct{}{}, func(p *paper) { p.line("%s is off the wall.", c.ID) })
}

type thanksMonth struct {
	remote
	Month string `arg:"" help:"The month, such as 2026-11."`
}

// Run implements the command.
func (c thanksMonth) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	m, err := server.ThanksOfMonth(ctx, c.Month)
	if err != nil {
		return err
	}
	return c.show(env, m, func(p *paper) {
		if len(m.Groups) == 0 {
			p.line("Nobody said thank you in %s.", m.Month)
		}
		for _, g := range m.Groups {
			title := "Belongs to no demand"
			if g.Demand != nil {
				title = g.Demand.ID + " " + g.Demand.Name
			}
			p.line("%s", title)
			for _, x := range g.Thanks {
				p.line("  %s %s", x.ID, thankedNames(x))
				p.text(4, x.Reason)
			}
		}
	})
}
