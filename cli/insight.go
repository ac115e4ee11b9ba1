package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"frontline/client"
	"frontline/wire"
)

type askInsight struct {
	remote
	Name     string        `arg:"" optional:"" help:"The report, such as demand-hours; all are listed without one."`
	Since    time.Duration `help:"How far to look back." default:"2160h"`
	Zone     string        `help:"In which days and weeks begin." default:"UTC"`
	Team     string        `help:"Only requests of this team." placeholder:"ID"`
	Type     string        `help:"Only requests of this type." placeholder:"ID"`
	Service  string        `help:"Only requests about this service." placeholder:"ID"`
	Customer string        `help:"Only requests about this customer." placeholder:"ID"`
	Demand   string        `help:"Only requests of this demand." placeholder:"D-12"`
	Coded    string        `help:"Whether merged demands count for what they became (now), or as they were coded (then)." enum:"now,then" default:"now"`
	CSV      bool          `help:"The table as CSV; each estimate with the ends of its interval."`
}

// Run implements the command.
func (c askInsight) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if c.Name == "" {
		all, err := server.Reports(ctx)
		if err != nil {
			return err
		}
		return c.show(env, all.Items, func(p *paper) {
			var rows [][]string
			for _, q := range all.Items {
				rows = append(rows, []string{q.Name, q.Question})
			}
			p.table(0, []string{"NAME", "QUESTION"}, rows)
		})
	}
	filter := client.ReportFilter{Since: c.Since, Zone: c.Zone, Team: c.Team, Type: c.Type, Service: c.Service, Customer: c.Customer, Demand: c.Demand, Coded: c.Coded}
	if c.CSV {
		table, err := server.ReportTable(ctx, c.Name, filter)
		if err == nil {
			_, err = io.WriteString(env.Out, table.CSV)
		}
		return err
	}
	r, err := server.Report(ctx, c.Name, filter)
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.report(r) })
}

func (p *paper) report(r wire.Report) {
	p.line("%s", r.Question)
	p.text(0, r.Answer)
	p.line("")
	head := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		head[i] = strings.ToUpper(strings.ReplaceAll(c.Name, "_", " "))
	}
	var rows [][]string
	for _, row := range r.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = reported(c, r.Columns[i].Unit)
		}
		rows = append(rows, cells)
	}
	if len(rows) > 0 {
		p.table(0, head, rows)
		p.line("")
	}
	var filter []string
	for _, f := range r.Filter {
		filter = append(filter, f.Field+" "+f.Value)
	}
	p.pair("Requests", strconv.Itoa(r.N))
	p.pair("Arrived", fmt.Sprintf("%s to %s %s", r.From.Format(time.DateOnly), r.To.Format(time.DateOnly), r.Zone))
	p.pair("As of", p.clock(r.AsOf))
	p.pair("Only", strings.Join(filter, ", "))
	p.pair("Interval", fmt.Sprintf("%g %%", 100*r.Level))
	p.pair("Formula", fmt.Sprintf("%s (version %d)", r.Formula, r.Version))
	for _, n := range r.Notes {
		p.text(0, n)
	}
}

// reported is a cell with its interval: "10.5 (8.1–12.9)".
func reported(c wire.ReportCell, unit string) string {
	if unit == "text" {
		return c.Text
	}
	say := func(v *float64) string {
		switch {
		case v == nil:
			return "?"
		case unit == "share":
			return strconv.FormatFloat(math.Round(1000**v)/10, 'f', -1, 64) + "%"
		}
		return strconv.FormatFloat(*v, 'f', -1, 64)
	}
	switch {
	case c.Open:
		return "over " + say(c.Low)
	case c.Value == nil:
		return "-"
	case c.Low == nil && c.High == nil:
		return say(c.Value)
	case c.High == nil:
		return say(c.Value) + " (over " + say(c.Low) + ")"
	}
	return say(c.Value) + " (" + say(c.Low) + "–" + say(c.High) + ")"
}
