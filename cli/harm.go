package cli

import (
	"context"
	"fmt"
	"math"

	"frontline/wire"
)

type showHarm struct {
	remote
	ID  string `arg:"" help:"INC-3."`
	CSV bool   `help:"Print the customers as CSV."`
}

// Run implements the command.
func (c showHarm) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if c.CSV {
		t, err := server.HarmTable(ctx, c.ID)
		if err == nil {
			_, err = fmt.Fprint(env.Out, t.CSV)
		}
		return err
	}
	h, err := server.Harm(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, h, func(p *paper) { p.harm(h) })
}

func (p *paper) harm(h wire.Harm) {
	if h.Summary == "" {
		h.Summary = "Nobody is known to be hurt, beside those who use what is affected."
	}
	p.line("%s", h.Summary)
	if h.Frozen {
		p.pair("Frozen", p.when(h.At))
	}
	for _, m := range h.Measures {
		say := fmt.Sprintf("since %s: %.0f errors, %.0f extra (%.0f to %.0f)", p.when(m.From), m.Errors, m.Excess.Value, m.Excess.Low, m.Excess.High)
		if m.Missing != "" {
			say = "since " + p.when(m.From) + ": " + m.Missing
		} else if m.Exposed > 0 {
			say += fmt.Sprintf(", %.0f customers hit (%.0f to %.0f of %d)", m.Hit.Value, math.Floor(m.Hit.Low), math.Ceil(m.Hit.High), m.Exposed)
		}
		p.pair(m.Watch, say)
	}
	if len(h.Customers) == 0 {
		return
	}
	rows := make([][]string, len(h.Customers))
	for i, c := range h.Customers {
		rows[i] = []string{c.Certainty, c.Name, c.Tier, name(c.Owner), ""}
		if c.Requests > 0 {
			rows[i][4] = fmt.Sprintf("%.0f", c.Errors)
		}
	}
	p.table(0, []string{"HOW SURE", "CUSTOMER", "TIER", "OWNER", "ERRORS"}, rows)
}
