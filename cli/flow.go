package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"frontline/client"
	"frontline/plain"
	"frontline/wire"
)

type answerRun struct {
	remote
	ID     string `arg:"" help:"RUN-884."`
	Step   string `arg:"" help:"The check point, as \"frontline run show\" names it."`
	Answer string `arg:"" help:"One of its answers, such as yes. The answer no stops the flow."`
	Words  string `help:"What you saw. It is kept with the run." placeholder:"TEXT"`
}

// Run implements the command.
func (c answerRun) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.AnswerRun(ctx, c.ID, wire.AnswerRun{Step: c.Step, Answer: c.Answer, Words: c.Words})
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.line("You answered %s at %s of %s.", strings.ToLower(c.Answer), c.Step, r.ID) })
}

// steps adds how far a flow is, and what it asks.
func (p *paper) steps(r wire.Run) {
	if r.Flow != "" {
		p.pair("Step of", r.Flow)
	}
	if len(r.Steps) == 0 {
		return
	}
	rows := make([][]string, len(r.Steps))
	for i, s := range r.Steps {
		what := s.Action
		if s.Ask != "" {
			what = s.Ask
		}
		why := s.Why
		if s.Answer != "" {
			why = s.Answer + ", " + s.By.Name + said(s.Words)
		}
		rows[i] = []string{s.ID, s.State, s.Run, what, why}
	}
	p.head("Steps")
	p.table(0, []string{"STEP", "STATE", "RUN", "WHAT", "WHY"}, rows)
	if s, asks := asking(r); asks {
		p.line("\nIt asks: %s", plain.Line(s.Ask))
		p.line("Answer until %s: frontline run answer %s %s %s", p.when(s.Until), r.ID, s.ID, strings.Join(s.Answers, "|"))
	}
}

// asking is the check point at which a flow waits.
func asking(r wire.Run) (wire.FlowStep, bool) {
	for _, s := range r.Steps {
		if s.State == "asked" {
			return s, true
		}
	}
	return wire.FlowStep{}, false
}

// question tells once what a flow asks, and returns for which step it told.
func question(ctx context.Context, server *client.Client, id, told string, talk io.Writer) (string, error) {
	r, err := server.Run(ctx, id)
	if err != nil {
		return told, err
	}
	for _, s := range r.Steps {
		if s.State != "asked" || s.ID == told {
			continue
		}
		_, _ = fmt.Fprintf(talk, "  %s asks: %s\n  Answer with: frontline run answer %s %s %s\n", id, plain.Line(s.Ask), id, s.ID, strings.Join(s.Answers, "|"))
		return s.ID, nil
	}
	return told, nil
}
