package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/client"
	"frontline/plain"
	"frontline/wire"
)

type runCommands struct {
	List    listRuns   `cmd:"" help:"List runs, newest first."`
	Show    showRun    `cmd:"" help:"Show a run, its output and what became of it."`
	Cancel  cancelRun  `cmd:"" help:"Discard a plan, or ask a running run to stop."`
	Approve approveRun `cmd:"" help:"Read the plan of a run that waits, and say yes to it."`
	Refuse  refuseRun  `cmd:"" help:"Say no to a run that waits."`
	Review  reviewRun  `cmd:"" help:"Say what you found about a run by break-glass."`
	Answer  answerRun  `cmd:"" help:"Answer what a flow asks at a check point."`
	Undo    undoRun    `cmd:"" help:"Take a run back, where it offers a way."`
	File    fetchFile  `cmd:"" help:"Write a file that a run made to the output."`
}

type listRuns struct {
	remote
	Action string `help:"Only of this action." placeholder:"ID"`
	State  string `help:"Which: ${enum}." enum:"planned,waiting,running,succeeded,failed,cancelled,refused,expired,unknown,all" default:"all"`
	For    string `help:"Only for this incident or alert." placeholder:"INC-3"`
	Limit  int    `help:"How many at most." default:"20"`
}

// Run implements the command.
func (c listRuns) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	q := client.RunQuery{Action: c.Action, State: c.State, For: c.For}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Run], error) { return server.Runs(ctx, q, p) })
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, r := range all {
			rows[i] = []string{r.ID, r.State, p.when(r.PlannedAt), r.PlannedBy.ID, r.Action.Name}
		}
		p.table(0, []string{"ID", "STATE", "PLANNED", "BY", "WHAT"}, rows)
	})
}

type showRun struct {
	remote
	ID     string `arg:"" help:"RUN-884."`
	From   int64  `help:"Show output from this line on." default:"1"`
	Follow bool   `help:"Wait for its end, and show what it says meanwhile."`
}

// Run implements the command.
func (c showRun) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.Run(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.Follow && !r.Ended() {
		talk := env.Out
		if c.Output == "json" {
			talk = env.Err
		}
		return c.follow(ctx, env, server, r.ID, talk)
	}
	var said wire.Output
	for {
		more, err := server.Output(ctx, r.ID, max(said.Next, c.From))
		if err != nil {
			return err
		}
		said.Lines, said.Next = append(said.Lines, more.Lines...), more.Next
		if len(more.Lines) == 0 {
			break
		}
	}
	return c.show(env, struct {
		wire.Run
		Output []wire.OutputLine `json:"output"`
	}{r, said.Lines}, func(p *paper) { p.run(r, said.Lines) })
}

func (p *paper) run(r wire.Run, lines []wire.OutputLine) {
	p.plan(r)
	p.pair("State", r.State)
	p.pair("Planned", r.PlannedBy.Name+", "+p.when(r.PlannedAt))
	switch {
	case r.StartedBy != nil && r.StartedAt.IsZero():
		p.pair("Asked", r.StartedBy.Name)
	case r.StartedBy != nil:
		p.pair("Started", r.StartedBy.Name+", "+p.when(r.StartedAt))
	}
	p.pair("Reason", r.Reason)
	if !r.ForgottenAt.IsZero() {
		p.pair("Output", "forgotten on "+p.when(r.ForgottenAt)+", with inputs, tables and files")
	}
	p.consent(r)
	p.steps(r)
	if len(lines) > 0 {
		p.head("Output")
		for _, l := range lines {
			p.line("  %s", plain.Prose(l.Text))
		}
	}
	p.result(r)
}

// result adds what became of a run.
func (p *paper) result(r wire.Run) {
	if r.Result == nil {
		return
	}
	took := ""
	if r.Took > 0 {
		took = " after " + span(time.Duration(r.Took))
	}
	p.line("\n%s %s%s", r.ID, r.State, took)
	p.text(0, r.Result.Summary)
	for _, t := range r.Result.Tables {
		p.head("%s", plain.Line(t.Title))
		p.table(0, t.Columns, t.Rows)
	}
	for _, c := range r.Result.Charts {
		p.chart(c)
	}
	for _, f := range r.Result.Files {
		p.pair("File", fmt.Sprintf("%s (%d bytes): frontline run file %s %s", f.Name, f.Size, r.ID, f.ID))
	}
	if c := r.Result.Check; c != nil {
		p.pair("Looked after", c.Summary)
	}
	if u := r.Undo; u != nil && u.By == "" {
		p.pair("Undo", fmt.Sprintf("%s Until %s: frontline run undo %s", u.Say, p.when(u.Until), r.ID))
	}
	for _, title := range slices.Sorted(maps.Keys(r.Result.Links)) {
		p.pair(title, r.Result.Links[title])
	}
}

// chart adds the figures of a chart as a table: a line for each label.
func (p *paper) chart(c wire.Chart) {
	p.head("%s", plain.Line(strings.TrimSpace(c.Title+" "+c.Unit)))
	columns, rows := []string{""}, make([][]string, len(c.Labels))
	for i, l := range c.Labels {
		rows[i] = []string{l}
	}
	for _, s := range c.Series {
		columns = append(columns, s.Name)
		for i, v := range s.Values[:min(len(rows), len(s.Values))] {
			rows[i] = append(rows[i], strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	p.table(0, columns, rows)
}

// pollEvery is how often a run is asked for more.
const pollEvery = 400 * time.Millisecond

// follow shows what a run says until it has ended, and ends as it did.
func (r remote) follow(ctx context.Context, env Env, server *client.Client, id string, talk io.Writer) error {
	begun, err := server.Run(ctx, id)
	if err != nil {
		return left(ctx, err, id)
	}
	waits, asked, flows := false, "", len(begun.Steps) > 0
	for next := int64(1); ; {
		out, err := server.Output(ctx, id, next)
		if err != nil {
			return left(ctx, err, id)
		}
		for _, l := range out.Lines {
			_, _ = fmt.Fprintf(talk, "  %s\n", plain.Prose(l.Text))
		}
		next = out.Next
		if out.State == "waiting" && !waits {
			waits = true
			_, _ = fmt.Fprintf(talk, "  %s waits until others have said yes. It starts by itself then.\n", id)
		}
		if out.State != "running" && out.State != "planned" && out.State != "waiting" && len(out.Lines) == 0 {
			break
		}
		if flows {
			if asked, err = question(ctx, server, id, asked, talk); err != nil {
				return left(ctx, err, id)
			}
		}
		tick, stop := env.Clock.After(pollEvery)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return left(ctx, ctx.Err(), id)
		}
	}
	run, err := server.Run(ctx, id)
	if err != nil {
		return left(ctx, err, id)
	}
	if err := r.show(env, run, func(p *paper) { p.result(run) }); err != nil {
		return err
	}
	return ending(run)
}

// left says what to do when somebody stops looking at a run.
func left(ctx context.Context, err error, id string) error {
	if ctx.Err() != nil {
		return Ended{Code: 1, Say: fmt.Sprintf("%s goes on without you. Look with: frontline run show %s --follow", id, id)}
	}
	return err
}

// ending is how the command ends for how the run did.
func ending(r wire.Run) error {
	switch r.State {
	case "succeeded":
		return nil
	case "unknown":
		return Ended{Code: 3, Say: "Nobody can say whether " + r.ID + " had its effect. Look, and say what you found on its screen."}
	}
	return Ended{Code: 1, Say: r.ID + " " + r.State + "."}
}

type cancelRun struct {
	remote
	ID string `arg:"" help:"RUN-884."`
}

// Run implements the command.
func (c cancelRun) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.CancelRun(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) {
		if r.Ended() {
			p.line("%s is %s.", r.ID, r.State)
			return
		}
		p.line("%s is asked to stop. Whether it had its effect by then, its result will say.", r.ID)
	})
}

type undoRun struct {
	remote
	ID     string `arg:"" help:"RUN-884."`
	Reason string `help:"Why. Others read it."`
	Yes    bool   `help:"Do not ask." short:"y"`
}

// Run implements the command.
func (c undoRun) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.UndoRun(ctx, c.ID, c.Reason)
	if err != nil {
		return err
	}
	return c.carryOut(ctx, env, server, r, c.Yes, false)
}

type fetchFile struct {
	remote
	ID   string `arg:"" help:"RUN-884."`
	File string `arg:"" help:"The file's id, as \"frontline run show\" lists it."`
}

// Run implements the command.
func (c fetchFile) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	f, err := server.ShowRunFile(ctx, c.ID, c.File)
	if err != nil {
		return err
	}
	_, err = env.Out.Write(f.Content)
	return err
}
