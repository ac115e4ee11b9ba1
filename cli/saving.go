package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"frontline/wire"
)

type savingsOf struct {
	remote
	Action string        `arg:"" optional:"" help:"Only this action, with its months."`
	Since  time.Duration `help:"How far to look back." default:"8760h"`
	CSV    bool          `help:"As CSV, a line for each action and month."`
}

// Run implements the command.
func (c savingsOf) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := server.Savings(ctx, c.Action, c.Since)
	if err != nil {
		return err
	}
	if c.CSV {
		return savingsCSV(env, all)
	}
	return c.show(env, all, func(p *paper) { p.savings(all, c.Action != "") })
}

func (p *paper) savings(all wire.Savings, months bool) {
	p.line("Since %s", p.when(all.Since))
	p.line("%s helped and saved %s.", runsOf(all.Runs), span(time.Duration(all.Saved)))
	if len(all.Actions) == 0 {
		return
	}
	p.line("")
	var rows [][]string
	for _, a := range all.Actions {
		rows = append(rows, []string{a.Action.ID, fmt.Sprint(a.Runs), span(time.Duration(a.ByHand)), span(time.Duration(a.Own)), span(time.Duration(a.Saved)), fmt.Sprint(a.Customers), a.Action.Name})
	}
	p.table(0, []string{"ID", "RUNS", "BY HAND", "OWN", "SAVED", "CUSTOMERS", "WHAT"}, rows)
	if !months {
		return
	}
	for _, a := range all.Actions {
		p.head("By month")
		rows = nil
		for _, m := range a.Months {
			rows = append(rows, []string{m.Month, fmt.Sprint(m.Runs), span(time.Duration(m.Saved))})
		}
		p.table(2, []string{"MONTH", "RUNS", "SAVED"}, rows)
	}
}

func runsOf(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// savingsCSV writes whole minutes, so that a spreadsheet can add them up.
func savingsCSV(env Env, all wire.Savings) error {
	w := csv.NewWriter(env.Out)
	rows := [][]string{{"action", "title", "month", "runs", "saved_minutes"}}
	for _, a := range all.Actions {
		for _, m := range a.Months {
			rows = append(rows, []string{cell(a.Action.ID), cell(a.Action.Name), m.Month, fmt.Sprint(m.Runs), fmt.Sprintf("%.0f", time.Duration(m.Saved).Minutes())})
		}
	}
	return w.WriteAll(rows)
}

// cell keeps a spreadsheet from taking words for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
