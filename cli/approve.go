package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"frontline/client"
	"frontline/wire"
)

type approveRun struct {
	remote
	ID    string `arg:"" help:"RUN-884."`
	Words string `help:"Anything to say with it." placeholder:"TEXT"`
	Plan  string `help:"The hash of the plan that you have read; without it the plan is shown and you are asked." placeholder:"HASH"`
}

// Run implements the command.
func (c approveRun) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if c.Plan == "" {
		if c.Plan, err = c.read(ctx, env, server); err != nil {
			return err
		}
	}
	r, err := server.ApproveRun(ctx, c.ID, wire.ApproveRun{Plan: c.Plan, Words: c.Words})
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) {
		if r.State == "waiting" {
			p.line("You approved %s. It waits for %d more.", r.ID, max(r.Consent.Need-len(r.Consent.Approvals), 0))
			return
		}
		p.line("You approved %s. It is %s.", r.ID, r.State)
	})
}

// read shows the plan and returns its hash when the person says yes to it.
func (c approveRun) read(ctx context.Context, env Env, server *client.Client) (string, error) {
	r, err := server.Run(ctx, c.ID)
	if err != nil {
		return "", err
	}
	talk := env.Out
	if c.Output == "json" {
		talk = env.Err
	}
	p := &paper{env: env}
	p.plan(r)
	p.pair("Planned by", r.PlannedBy.Name)
	p.pair("Reason", r.Reason)
	p.consent(r)
	if err := p.flush(talk); err != nil {
		return "", err
	}
	_, _ = fmt.Fprint(talk, "\nApprove this plan? [y/N] ")
	answer, _ := bufio.NewReader(env.In).ReadString('\n') // the end of the input is no yes
	_, _ = fmt.Fprintln(talk)
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return r.Plan.Hash, nil
	}
	return "", Ended{Code: 1, Say: "Nothing was said to " + r.ID + "."}
}

type refuseRun struct {
	remote
	ID    string `arg:"" help:"RUN-884."`
	Words string `arg:"" help:"Why, in a few words."`
}

// Run implements the command.
func (c refuseRun) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.RefuseRun(ctx, c.ID, wire.RefuseRun{Words: c.Words})
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.line("You refused %s. Nothing is done.", r.ID) })
}

type reviewRun struct {
	remote
	ID    string `arg:"" help:"RUN-884."`
	Words string `arg:"" help:"What you found, in a sentence."`
}

// Run implements the command.
func (c reviewRun) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.ReviewRun(ctx, c.ID, wire.ReviewRun{Words: c.Words})
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.line("You reviewed %s.", r.ID) })
}

// consent adds what others said, and that nobody was asked.
func (p *paper) consent(r wire.Run) {
	if c := r.Consent; c != nil {
		for _, why := range c.Why {
			p.pair("Approval", why)
		}
		for _, a := range c.Approvals {
			p.pair("Approved", a.By.Name+", "+p.when(a.At)+said(a.Words))
		}
		if c.Refusal != nil {
			p.pair("Refused", c.Refusal.By.Name+", "+p.when(c.Refusal.At)+said(c.Refusal.Words))
		}
		if r.State == "waiting" {
			p.pair("Waits till", p.when(c.Until))
		}
	}
	if g := r.Glass; g != nil {
		p.pair("Break-glass", g.By.Name+", "+p.when(g.At)+said(g.Reason))
		if g.Review == nil {
			p.pair("Review", "open: somebody else of the owning team has to sign it")
			return
		}
		p.pair("Review", g.Review.By.Name+", "+p.when(g.Review.At)+said(g.Review.Words))
	}
}

func others(n int) string {
	if n == 1 {
		return "1 other"
	}
	return fmt.Sprintf("%d others", n)
}

func said(words string) string {
	if words == "" {
		return ""
	}
	return ": " + words
}
