package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"frontline/client"
	"frontline/wire"
)

type listWatches struct {
	remote
	Limit int `help:"How many at most." default:"50"`
}

// Run implements the command.
func (c listWatches) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, server.Watches)
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("No watch keeps an eye on anything. Define one under watches: and apply it.")
			return
		}
		var rows [][]string
		for _, x := range all {
			rows = append(rows, []string{x.ID, watchState(x), percent(x.Evidence), x.Name})
		}
		p.table(0, []string{"WATCH", "STATE", "EVIDENCE", "WHAT GOES WRONG"}, rows)
	})
}

// watchState is how a watch stands, in a few words.
func watchState(x wire.Watch) string {
	switch x.State {
	case "finding":
		var open []string
		for _, f := range x.Open {
			open = append(open, f.ID)
		}
		return strings.Join(open, ", ")
	case "blind":
		return "sees nothing"
	case "waiting":
		return "waits for counts"
	case "learning":
		return "learning, " + percent(x.Learnt)
	}
	return x.State
}

// percent never rounds up to what is not reached.
func percent(share float64) string { return fmt.Sprintf("%d %%", int(100*share)) }

type showWatch struct {
	remote
	Watch string `arg:"" help:"The watch."`
}

// mostSeries is how many series of a watch are printed.
const mostSeries = 20

// Run implements the command.
func (c showWatch) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	x, err := server.Watch(ctx, c.Watch)
	if err != nil {
		return err
	}
	return c.show(env, x, func(p *paper) {
		p.title(x.ID, x.Name)
		p.pair("State", watchState(x.Watch))
		p.pair("Trouble", x.Trouble)
		p.pair("Pages for", name(x.Service))
		p.pair("False alarms", "at most "+x.FalseAlarms)
		if x.CountedTo != nil {
			p.pair("Counted to", p.when(*x.CountedTo))
		}
		for _, f := range x.Open {
			p.head("%s", f.ID)
			p.text(2, f.Title)
			p.text(2, f.Text)
		}
		if len(x.Series) == 0 {
			return
		}
		p.head("Evidence")
		var rows [][]string
		for _, one := range x.Series[:min(len(x.Series), mostSeries)] {
			rows = append(rows, []string{percent(one.Evidence), percent(one.Learnt), one.Open, seriesName(x.By, one.Values)})
		}
		p.table(2, []string{"EVIDENCE", "LEARNT", "OPEN", "SERIES"}, rows)
		if more := len(x.Series) - mostSeries; more > 0 {
			p.line("  and %d more, farther from an alarm; -o json has all.", more)
		}
	})
}

// seriesName names a series by the labels that its watch has a series for.
func seriesName(by, values []string) string {
	var parts []string
	for i, l := range by {
		if i < len(values) {
			parts = append(parts, l+" "+values[i])
		}
	}
	if len(parts) == 0 {
		return "everything together"
	}
	return strings.Join(parts, ", ")
}

type findingCommands struct {
	List   listFindings  `cmd:"" help:"List what watches found."`
	Show   showFinding   `cmd:"" help:"Show a finding: since when, how far, where, and whom it hit."`
	Judge  judgeFinding  `cmd:"" help:"Say what a finding was. It changes no threshold."`
	Accept acceptFinding `cmd:"" help:"Take the level since the change as the usual one."`
}

type listFindings struct {
	remote
	Watch string `help:"Only what this watch found." placeholder:"ID"`
	Open  bool   `help:"Only what is not over."`
	Limit int    `help:"How many at most." default:"20"`
}

// Run implements the command.
func (c listFindings) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.WatchFinding], error) {
		return server.Findings(ctx, c.Watch, c.Open, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("Nothing was found.")
			return
		}
		var rows [][]string
		for _, f := range all {
			rows = append(rows, []string{f.ID, f.State, p.clock(began(f)), f.Title})
		}
		p.table(0, []string{"FINDING", "STATE", "SINCE", "WHAT"}, rows)
	})
}

// began is since when a finding is, as far as that is known.
func began(f wire.WatchFinding) time.Time {
	if f.Since != nil {
		return *f.Since
	}
	return f.RaisedAt
}

// mostHurt is how many customers of a finding are printed.
const mostHurt = 10

func (p *paper) finding(f wire.WatchFinding) {
	p.title(f.ID, f.Title)
	p.text(0, f.Text)
	p.pair("State", f.State)
	p.pair("Watch", f.Watch.ID)
	p.pair("Since", p.when(began(f)))
	if f.Past {
		p.pair("Found in", "history; nobody was paged")
	}
	if f.EndedAt != nil {
		p.pair("Ended", p.when(*f.EndedAt))
	}
	if f.Judged != nil {
		p.pair("Judged", strings.ReplaceAll(f.Judged.Feedback, "_", " ")+", by "+name(f.Judged.By)+", "+p.when(f.Judged.At))
	}
	var rows [][]string
	for _, c := range f.Causes {
		rows = append(rows, []string{fmt.Sprintf("%.1f ×", c.Ratio.Value), fmt.Sprintf("%.0f", c.Excess.Value), labelWords(c.Labels)})
	}
	if len(rows) > 0 {
		p.head("Where")
		p.table(2, []string{"USUAL", "EXTRA", "LABELS"}, rows)
	}
	p.hurt(f.Hit)
}

// hurt adds the customers that were hit, the surest first.
func (p *paper) hurt(hit *wire.WatchHit) {
	if hit == nil || len(hit.List) == 0 {
		return
	}
	p.head("Whom")
	var rows [][]string
	for _, h := range hit.List[:min(len(hit.List), mostHurt)] {
		rows = append(rows, []string{percent(h.Chance), fmt.Sprintf("%.0f", h.Errors), fmt.Sprintf("%.1f", h.Expected), h.Customer})
	}
	p.table(2, []string{"CHANCE", "ERRORS", "USUAL", "CUSTOMER"}, rows)
	if more := len(hit.List) - mostHurt; more > 0 {
		p.line("  and %d more, less sure; -o json has all.", more)
	}
}

func labelWords(labels map[string]string) string {
	var parts []string
	for _, l := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, l+" "+labels[l])
	}
	return strings.Join(parts, ", ")
}

type showFinding struct {
	remote
	ID string `arg:"" help:"The finding, such as F-12."`
}

// Run implements the command.
func (c showFinding) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	f, err := server.Finding(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, f, func(p *paper) { p.finding(f) })
}

type judgeFinding struct {
	remote
	ID   string `arg:"" help:"The finding, such as F-12."`
	What string `arg:"" help:"real, known (real and expected), not-a-problem, or nothing to take it back." enum:"real,known,not-a-problem,nothing"`
}

// Run implements the command.
func (c judgeFinding) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	what := map[string]string{"real": "real", "known": "known", "not-a-problem": "not_a_problem"}[c.What]
	f, err := server.JudgeFinding(ctx, c.ID, what)
	if err != nil {
		return err
	}
	return c.show(env, f, func(p *paper) {
		if what == "" {
			p.line("%s: what was said is taken back.", f.ID)
			return
		}
		p.line("%s was %s. It is kept, and changes no threshold.", f.ID, strings.ReplaceAll(what, "_", " "))
	})
}

type acceptFinding struct {
	remote
	ID string `arg:"" help:"The finding, such as F-12."`
}

// Run implements the command.
func (c acceptFinding) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	f, err := server.AcceptFinding(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, f, func(p *paper) { p.line("%s is over: the level since the change is the usual one from now on.", f.ID) })
}
