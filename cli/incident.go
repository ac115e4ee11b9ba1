package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"frontline/client"
	"frontline/fault"
	"frontline/plain"
	"frontline/wire"
)

type incidentCommands struct {
	List       listIncidents   `cmd:"" help:"List incidents, newest first."`
	Show       showIncident    `cmd:"" help:"Show an incident with its timeline."`
	Declare    declareIncident `cmd:"" help:"Declare an incident. Everybody may."`
	Open       openIncident    `cmd:"" help:"Open an incident from an alert."`
	Note       writeNote       `cmd:"" help:"Put a remark on the timeline. Nobody is told."`
	Update     writeUpdate     `cmd:"" help:"Say how it stands: to stakeholders, or with --public to customers."`
	Set        setIncident     `cmd:"" help:"Change severity, state, lead or title."`
	Resolve    resolveIncident `cmd:"" help:"End an incident."`
	Reopen     reopenIncident  `cmd:"" help:"Take a resolved incident up again."`
	Impact     showHarm        `cmd:"" help:"Show whom it hurts, and how sure that is; with --csv for credits."`
	Postmortem showPostmortem  `cmd:"" help:"Print the post-mortem as Markdown."`
}

type listIncidents struct {
	remote
	State string `help:"Which: ${enum}." enum:"open,resolved,all" default:"open"`
	Limit int    `help:"How many at most." default:"50"`
}

// Run implements the command.
func (c listIncidents) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Incident], error) {
		return server.Incidents(ctx, c.State, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("%s", map[string]string{"open": "No incident is open.", "resolved": "No incident was resolved yet.", "all": "There was no incident yet."}[c.State])
			return
		}
		rows := make([][]string, len(all))
		for i, x := range all {
			rows[i] = []string{x.ID, x.Severity, x.State, p.when(x.OpenedAt), x.Title}
		}
		p.table(0, []string{"ID", "SEVERITY", "STATE", "SINCE", "WHAT"}, rows)
	})
}

type showIncident struct {
	remote
	ID  string `arg:"" help:"INC-3."`
	All bool   `help:"Show every detail of the timeline."`
}

// Run implements the command.
func (c showIncident) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.Incident(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.room(r, c.All) })
}

func (p *paper) room(r wire.Room, all bool) {
	p.incident(r.Incident)
	for _, g := range r.Alerts {
		p.pair("Alert", fmt.Sprintf("%s %s, %s", g.ID, g.Title, g.State))
	}
	for _, x := range r.Runs {
		p.pair("Run", fmt.Sprintf("%s %s, %s", x.ID, x.Action.Name, x.State))
	}
	for _, f := range r.FollowUps {
		p.pair("Follow-up", fmt.Sprintf("%s: %s until %s", f.Text, f.Owner.Name, f.Due))
	}
	if r.Postmortem != nil {
		p.pair("Post-mortem", fmt.Sprintf("%s, version %d", r.Postmortem.State, r.Postmortem.Version))
	}
	p.head("Timeline")
	p.history(r.Timeline, all)
}

// incident adds what is so about an incident.
func (p *paper) incident(i wire.Incident) {
	p.title(i.ID, i.Title)
	p.pair("State", i.State+", "+i.Severity)
	p.pair("Lead", name(i.Lead))
	p.pair("Services", list(i.Services))
	p.pair("Components", list(i.Components))
	p.pair("Affected", customers(i.Customers))
	p.pair("Began", p.when(i.BeganAt))
	p.pair("Resolved", p.when(i.ResolvedAt))
	if i.Public != nil {
		p.pair("Public", i.Public.State+": "+i.Public.Title)
	}
	for _, x := range i.Promises {
		p.pair("Promised", fmt.Sprintf("the next %s update %s", x.To, p.when(x.DueAt)))
	}
}

func customers(all []wire.Affected) string {
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	if len(names) > 6 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:6], ", "), len(names)-6)
	}
	return strings.Join(names, ", ")
}

// did prints an incident after a command.
func (r remote) did(env Env, i wire.Incident, err error) error {
	if err != nil {
		return err
	}
	return r.show(env, i, func(p *paper) { p.incident(i) })
}

type declareIncident struct {
	remote
	Title    []string `arg:"" help:"One line that says what is broken."`
	Severity string   `help:"How bad it is: ${enum}." enum:"critical,major,minor" default:"major"`
	Service  []string `help:"What is affected; may be given several times." placeholder:"ID"`
}

// Run implements the command.
func (c declareIncident) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	i, err := server.DeclareIncident(ctx, wire.Declare{Title: strings.Join(c.Title, " "), Severity: c.Severity, Services: c.Service})
	return c.did(env, i, err)
}

type openIncident struct {
	remote
	Alert string `arg:"" help:"G-12, or A-31 for one of its alerts."`
}

// Run implements the command.
func (c openIncident) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	i, err := server.OpenIncident(ctx, c.Alert)
	return c.did(env, i, err)
}

type writeNote struct {
	remote
	ID   string   `arg:"" help:"INC-3."`
	Text []string `arg:"" optional:"" help:"What to write; read from the input when it is left out."`
}

// Run implements the command.
func (c writeNote) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	body, err := words(env, c.Text)
	if err != nil {
		return err
	}
	i, err := server.WriteNote(ctx, c.ID, wire.Note{Body: body})
	return c.did(env, i, err)
}

type writeUpdate struct {
	remote
	ID     string        `arg:"" help:"INC-3."`
	Text   []string      `arg:"" optional:"" help:"What to say; read from the input when it is left out."`
	Next   time.Duration `help:"Promise the next update for so long from now, such as 30m." placeholder:"TIME"`
	Public bool          `help:"Say it to customers on the status page. Without it, stakeholders get it by mail."`
	publication
}

// publication is what customers are told beside the words.
type publication struct {
	Title  string            `help:"With --public: the title in customers' words. Needed the first time." placeholder:"TEXT"`
	State  string            `help:"With --public: investigating, identified, monitoring or resolved." placeholder:"STATE"`
	Status map[string]string `help:"With --public: how a component does, such as decisions=major_outage; may be given several times." placeholder:"COMPONENT=STATUS"`
}

func (p publication) statuses() []wire.Status {
	var out []wire.Status
	for _, component := range slices.Sorted(maps.Keys(p.Status)) {
		out = append(out, wire.Status{Component: component, Status: p.Status[component]})
	}
	return out
}

// Run implements the command.
func (c writeUpdate) Run(ctx context.Context, env Env) error {
	if !c.Public && (c.Title != "" || c.State != "" || len(c.Status) > 0) {
		return fault.Wrong("public", "--title, --state and --status are for customers. Add --public to tell them, or leave them out.")
	}
	if c.Public && c.State == "" {
		return fault.Wrong("state", "Say with --state how it stands for customers: investigating, identified, monitoring or resolved.")
	}
	server, err := c.open(env)
	if err != nil {
		return err
	}
	body, err := words(env, c.Text)
	if err != nil {
		return err
	}
	var i wire.Incident
	if c.Public {
		i, err = server.PublishUpdate(ctx, c.ID, wire.Publish{Title: c.Title, State: c.State, Body: body, Statuses: c.statuses(), NextIn: wire.Duration(c.Next)})
	} else {
		i, err = server.WriteUpdate(ctx, c.ID, wire.Say{Body: body, NextIn: wire.Duration(c.Next)})
	}
	return c.did(env, i, err)
}

type setIncident struct {
	remote
	ID       string  `arg:"" help:"INC-3."`
	Severity string  `help:"critical, major or minor." placeholder:"WORD"`
	State    string  `help:"investigating, identified, fixing or monitoring." placeholder:"WORD"`
	Lead     *string `help:"Who leads: a person's id, me, or nothing for nobody." placeholder:"ID"`
	Title    string  `help:"The internal title." placeholder:"TEXT"`
}

// Run implements the command.
func (c setIncident) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	var steps []func() (wire.Incident, error)
	if c.Severity != "" {
		steps = append(steps, func() (wire.Incident, error) {
			return server.SetSeverity(ctx, c.ID, wire.SetSeverity{Severity: c.Severity})
		})
	}
	if c.State != "" {
		steps = append(steps, func() (wire.Incident, error) { return server.SetState(ctx, c.ID, wire.SetState{State: c.State}) })
	}
	if c.Lead != nil {
		steps = append(steps, func() (wire.Incident, error) { return server.SetLead(ctx, c.ID, wire.SetLead{Person: *c.Lead}) })
	}
	if c.Title != "" {
		steps = append(steps, func() (wire.Incident, error) {
			return server.RenameIncident(ctx, c.ID, wire.SetTitle{Title: c.Title})
		})
	}
	if len(steps) == 0 {
		return fault.New(fault.Invalid, "Say what to change: --severity, --state, --lead or --title.")
	}
	var i wire.Incident
	for _, step := range steps {
		if i, err = step(); err != nil {
			return err
		}
	}
	return c.did(env, i, nil)
}

type resolveIncident struct {
	remote
	ID     string `arg:"" help:"INC-3."`
	Public string `help:"Tell customers in the same step, with these words." placeholder:"TEXT"`
	Title  string `help:"With --public, when customers were told nothing before: the title in their words." placeholder:"TEXT"`
}

// Run implements the command.
func (c resolveIncident) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	var r wire.Resolve
	if c.Public != "" {
		r.Publish = &wire.Publish{Title: c.Title, State: "resolved", Body: c.Public}
	}
	i, err := server.ResolveIncident(ctx, c.ID, r)
	if err == nil && i.Public != nil && i.Public.State != "resolved" && c.Output != "json" {
		_, _ = fmt.Fprintf(env.Err, "Customers still see it as %s. Tell them: frontline incident update %s --public --state resolved \"…\"\n", i.Public.State, i.ID)
	}
	return c.did(env, i, err)
}

type reopenIncident struct {
	remote
	ID string `arg:"" help:"INC-3."`
}

// Run implements the command.
func (c reopenIncident) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	i, err := server.ReopenIncident(ctx, c.ID)
	return c.did(env, i, err)
}

type showPostmortem struct {
	remote
	ID string `arg:"" help:"INC-3."`
}

// Run implements the command.
func (c showPostmortem) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	m, err := server.Postmortem(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, m, func(p *paper) { p.line("%s", plain.Prose(m.Text)) })
}
