package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"frontline/client"
	"frontline/plain"
	"frontline/secret"
	"frontline/wire"
)

type actionCommands struct {
	List    listActions `cmd:"" help:"List actions."`
	Show    showAction  `cmd:"" help:"Show an action and what it takes."`
	Savings savingsOf   `cmd:"" help:"Say what actions saved against doing the same by hand."`
	Options optionsOf   `cmd:"" help:"List what an input may be."`
	Plan    planAction  `cmd:"" help:"Say what an action would do. Nothing is changed."`
	Lint    lintActions `cmd:"" help:"Say what is wrong with the definitions in a folder, and what would be better. Needs no server; one that is named says whether its runners suffice."`
	Test    testActions `cmd:"" help:"Run the tests of the definitions in a folder. Needs no server."`
	Run     runAction   `cmd:"" help:"Plan an action, ask, run it and show what it says. Ends with 0 when it succeeded, 1 when it did not, 3 when nobody can say."`
}

type listActions struct {
	remote
	Service string `help:"Only those of this service." placeholder:"ID"`
	Limit   int    `help:"How many at most." default:"200"`
}

// Run implements the command.
func (c listActions) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Action], error) {
		return server.Actions(ctx, c.Service, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, a := range all {
			rows[i] = []string{a.ID, a.Risk, a.Role, a.Title}
		}
		p.table(0, []string{"ID", "RISK", "NEEDS", "WHAT"}, rows)
	})
}

type showAction struct {
	remote
	ID string `arg:"" help:"The action, such as queue/park-message."`
}

// Run implements the command.
func (c showAction) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	a, err := server.Action(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, a, func(p *paper) { p.action(a.Action) })
}

func (p *paper) action(a wire.Action) {
	p.title(a.ID, a.Title)
	p.pair("Risk", a.Risk+", needs the role "+a.Role)
	p.pair("Team", name(a.Team))
	p.pair("Services", list(a.Services))
	if f := a.Figures; f != nil {
		p.pair("Lately", fmt.Sprintf("%d succeeded, %d failed, %d unknown; usually %s", f.Succeeded, f.Failed, f.Unknown, span(time.Duration(f.Usual))))
	}
	p.text(0, a.Purpose)
	if len(a.Inputs) == 0 {
		return
	}
	rows := make([][]string, len(a.Inputs))
	for i, in := range a.Inputs {
		need := "-"
		if in.Required {
			need = "required"
		}
		rows[i] = []string{in.Name, in.Type, need, strings.TrimSpace(in.Label + ". " + in.Help + takes(in))}
	}
	p.head("Inputs, given as NAME=VALUE")
	p.table(2, []string{"NAME", "TYPE", "", "WHAT"}, rows)
}

// planned is what planning takes.
type planned struct {
	remote
	Action string `arg:"" help:"The action, such as queue/park-message."`
	given
	For    string `help:"The incident or alert that it is for." placeholder:"INC-3"`
	Reason string `help:"Why you run it; required when it is dangerous." placeholder:"TEXT"`
}

func (c planned) plan(ctx context.Context, env *Env, server *client.Client) (wire.Run, error) {
	a, err := server.Action(ctx, c.Action)
	if err != nil {
		return wire.Run{}, err
	}
	inputs, err := c.read(ctx, server, a.Action, askFrom(env))
	if err != nil {
		return wire.Run{}, err
	}
	return server.PlanRun(ctx, wire.PlanRun{Action: c.Action, Inputs: inputs, For: c.For, Reason: c.Reason})
}

type planAction struct{ planned }

// Run implements the command.
func (c planAction) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := c.plan(ctx, &env, server)
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.plan(r) })
}

func (p *paper) plan(r wire.Run) {
	p.title(r.ID, r.Action.Name)
	p.text(0, r.Plan.Summary)
	if len(r.Plan.Changes) > 0 {
		p.line("")
		rows := make([][]string, len(r.Plan.Changes))
		for i, c := range r.Plan.Changes {
			rows[i] = []string{c.What, c.Now, c.After}
		}
		p.table(0, []string{"WHAT", "NOW", "AFTER"}, rows)
		p.line("")
	}
	for _, c := range r.Plan.Costs {
		p.pair("Costs", c)
	}
	p.pair("Undo", r.Plan.Undo)
	for _, t := range r.Plan.Tables {
		p.head("%s", plain.Line(t.Title))
		p.table(0, t.Columns, t.Rows)
	}
}

type runAction struct {
	planned
	Yes    bool `help:"Do not ask." short:"y"`
	Detach bool `help:"Do not wait for its end."`
}

// Run implements the command.
func (c runAction) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := c.plan(ctx, &env, server)
	if err != nil {
		return err
	}
	return c.carryOut(ctx, env, server, r, c.Yes, c.Detach)
}

// carryOut shows a plan, asks, starts it, and shows how it goes until its end.
func (c remote) carryOut(ctx context.Context, env Env, server *client.Client, r wire.Run, yes, detach bool) error {
	talk := env.Out
	if c.Output == "json" {
		talk = env.Err // only the run's end is for the program that reads us
	}
	p := &paper{env: env}
	p.plan(r)
	if err := p.flush(talk); err != nil {
		return err
	}
	if r.Plan.Nothing {
		r, err := server.CancelRun(ctx, r.ID)
		if err != nil {
			return err
		}
		return c.show(env, r, func(*paper) {})
	}
	if !yes && !agreed(env, talk) {
		_, err := server.CancelRun(ctx, r.ID)
		if err == nil {
			err = Ended{Code: 1, Say: "Nothing was done."}
		}
		return err
	}
	r, err := server.StartRun(ctx, r.ID, secret.Random(26), wire.StartRun{Plan: r.Plan.Hash})
	if err != nil {
		return err
	}
	if detach && r.State == "waiting" {
		return c.show(env, r, func(p *paper) {
			p.line("%s waits for %s to say yes, until %s. It starts by itself then.", r.ID, others(r.Consent.Need), p.when(r.Consent.Until))
		})
	}
	if detach {
		return c.show(env, r, func(p *paper) { p.line("%s is started. Look with: frontline run show %s", r.ID, r.ID) })
	}
	return c.follow(ctx, env, server, r.ID, talk)
}

// agreed asks a person.
func agreed(env Env, talk interface{ Write([]byte) (int, error) }) bool {
	_, _ = fmt.Fprint(talk, "\nRun it? [y/N] ")
	answer, _ := bufio.NewReader(env.In).ReadString('\n') // the end of the input is no yes
	_, _ = fmt.Fprintln(talk)
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
