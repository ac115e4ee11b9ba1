package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"frontline/client"
	"frontline/plain"
	"frontline/wire"
)

type alertCommands struct {
	List     listAlerts    `cmd:"" help:"List alerts, newest first."`
	Show     showAlert     `cmd:"" help:"Show an alert: what it says, who was paged, what happened."`
	Ack      ackAlert      `cmd:"" help:"Acknowledge: you have it, and the escalation stops."`
	Resolve  resolveAlert  `cmd:"" help:"Close alerts by hand."`
	Escalate escalateAlert `cmd:"" help:"Page the next person now."`
}

type listAlerts struct {
	remote
	State    string `help:"Which: ${enum}. live is open and acknowledged." enum:"live,open,acknowledged,resolved,all" default:"live"`
	Service  string `help:"Only of this service." placeholder:"ID"`
	Unrouted bool   `help:"Only those that no service was found for."`
	Limit    int    `help:"How many at most." default:"50"`
}

// Run implements the command.
func (c listAlerts) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	q := client.AlertQuery{State: c.State, Service: c.Service, Unrouted: c.Unrouted}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Group], error) {
		return server.Alerts(ctx, q, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("Nothing is on fire.")
			return
		}
		rows := make([][]string, len(all))
		for i, g := range all {
			rows[i] = []string{g.ID, g.Severity, g.State, p.when(g.OpenedAt), serviceOf(g) + ": " + g.Title}
		}
		p.table(0, []string{"ID", "SEVERITY", "STATE", "SINCE", "WHAT"}, rows)
	})
}

func serviceOf(g wire.Group) string {
	if g.Service == nil {
		return "nobody's"
	}
	return g.Service.ID
}

type showAlert struct {
	remote
	ID  string `arg:"" help:"G-12, or A-31 for one of its alerts."`
	Raw bool   `help:"Print the message of the monitoring system as it was received."`
}

// Run implements the command.
func (c showAlert) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if c.Raw {
		m, err := server.Message(ctx, c.ID)
		if err != nil {
			return err
		}
		return c.show(env, m, func(p *paper) { p.line("%s", plain.Prose(m.Body)) })
	}
	g, err := server.Alert(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, g, func(p *paper) { p.alert(g) })
}

func (p *paper) alert(g wire.GroupShown) {
	p.title(g.ID, g.Title)
	p.pair("State", g.State+", "+g.Severity)
	p.pair("Service", name(g.Service))
	p.pair("Team", name(g.Team))
	p.pair("Source", g.Source.Name)
	p.pair("Began", p.when(g.BeganAt))
	if g.AcknowledgedBy != nil {
		p.pair("Acknowledged", g.AcknowledgedBy.Name+", "+p.when(g.AcknowledgedAt))
	}
	p.pair("Resolved", p.when(g.ResolvedAt))
	if g.Incident != nil {
		p.pair("Incident", g.Incident.ID+" "+g.Incident.Name)
	}
	for _, a := range g.Alerts {
		p.head("%s  %s, %s", a.ID, a.State, a.Severity)
		if a.Title != g.Title {
			p.text(2, a.Title)
		}
		p.text(2, a.Text)
		for _, l := range a.Links {
			p.line("  %s %s", plain.Line(l.Title), plain.Line(l.URL))
		}
	}
	for _, x := range g.Pages {
		p.page(x)
	}
	p.head("What happened")
	p.history(g.History, true)
}

func (p *paper) page(x wire.Page) {
	said := x.State
	if x.AcknowledgedBy != nil {
		said += " by " + x.AcknowledgedBy.Name
	}
	p.head("%s  %s", x.ID, said)
	rows := make([][]string, len(x.Attempts))
	for i, a := range x.Attempts {
		at, note := a.DueAt, cmp.Or(a.Receipt, a.Error)
		if a.Skipped != "" {
			note = "not needed: " + strings.ReplaceAll(a.Skipped, "_", " ")
		}
		if !a.SentAt.IsZero() {
			at = a.SentAt
		}
		rows[i] = []string{p.clock(at), a.Person.Name, a.Channel, a.State, note}
	}
	if len(rows) > 0 {
		p.table(2, []string{"AT", "WHO", "BY", "STATE", "NOTE"}, rows)
	}
	if !x.DueAt.IsZero() && x.State == "open" {
		p.line("  goes on %s", p.when(x.DueAt))
	}
}

type ackAlert struct {
	remote
	IDs []string `arg:"" name:"id" help:"G-12, or A-31 for one of its alerts; several at once."`
}

// Run implements the command.
func (c ackAlert) Run(ctx context.Context, env Env) error {
	return each(ctx, env, c.remote, c.IDs, (*client.Client).AcknowledgeAlert, func(g wire.Group) string {
		return fmt.Sprintf("%s is yours: %s", g.ID, g.Title)
	})
}

type resolveAlert struct {
	remote
	IDs []string `arg:"" name:"id" help:"G-12, or A-31 for one of its alerts; several at once."`
}

// Run implements the command.
func (c resolveAlert) Run(ctx context.Context, env Env) error {
	return each(ctx, env, c.remote, c.IDs, (*client.Client).ResolveAlert, func(g wire.Group) string {
		return fmt.Sprintf("%s is resolved: %s", g.ID, g.Title)
	})
}

type escalateAlert struct {
	remote
	IDs []string `arg:"" name:"id" help:"G-12, or A-31 for one of its alerts; several at once."`
}

// Run implements the command.
func (c escalateAlert) Run(ctx context.Context, env Env) error {
	return each(ctx, env, c.remote, c.IDs, (*client.Client).EscalateAlert, func(p wire.Page) string {
		return fmt.Sprintf("%s goes to its next step now: %s", p.ID, p.Title)
	})
}

// each does the same to several things, and stops at the first that cannot be done.
func each[T any](ctx context.Context, env Env, r remote, ids []string, do func(*client.Client, context.Context, string) (T, error), say func(T) string) error {
	server, err := r.open(env)
	if err != nil {
		return err
	}
	var done []T
	for _, id := range ids {
		var x T
		if x, err = do(server, ctx, id); err != nil {
			break
		}
		done = append(done, x)
	}
	if len(done) > 0 {
		if failed := r.show(env, done, func(p *paper) {
			for _, x := range done {
				p.line("%s", plain.Line(strings.TrimSpace(say(x))))
			}
		}); failed != nil {
			return failed
		}
	}
	return err
}
