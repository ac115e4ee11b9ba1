package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"frontline/client"
	"frontline/fault"
	"frontline/wire"
)

type escalationCommands struct {
	List     listEscalations `cmd:"" help:"List what developers were asked, newest first."`
	Show     showEscalation  `cmd:"" help:"Show an escalation with its requests and what developers said."`
	Evidence showEvidence    `cmd:"" help:"Show what developers would get of a request; nothing is sent."`
	New      escalate        `cmd:"" help:"Ask developers about a request."`
	Join     joinEscalation  `cmd:"" help:"Say that developers know a request's issue already, or take that back."`
	Write    tellDevelopers  `cmd:"" help:"Write to developers, below their issue."`
	Verdict  judgeEscalation `cmd:"" help:"Say what developers found."`
	Tell     tellAskers      `cmd:"" help:"Close the loop: tell who asked what became of it."`
	Skip     skipAsker       `cmd:"" help:"Say that an asker need not be told, and why."`
	Again    escalateAgain   `cmd:"" help:"Try once more what the tracker refused."`
}

type listEscalations struct {
	remote
	State   string `help:"Which: ${enum}." enum:"waiting,open,closed,refused,all" default:"all"`
	Tracker string `help:"In this tracker." placeholder:"ID"`
	Request string `help:"That this request hangs on." placeholder:"R-1042"`
	Untold  bool   `help:"Only ended ones whose askers have not been told."`
	Limit   int    `help:"How many at most." default:"50"`
}

// Run implements the command.
func (c listEscalations) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Escalation], error) {
		return server.Escalations(ctx, client.EscalationFilter{State: c.State, Tracker: c.Tracker, Request: c.Request, Untold: c.Untold}, p)
	})
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		if len(all) == 0 {
			p.line("There is no such escalation.")
			return
		}
		var rows [][]string
		for _, e := range all {
			rows = append(rows, []string{e.ID, escalationState(e), cmp.Or(verdictWord(e.Verdict), "-"), fmt.Sprint(e.Requests), fmt.Sprint(e.Untold), e.Title})
		}
		p.table(0, []string{"ID", "STATE", "VERDICT", "REQUESTS", "UNTOLD", "ISSUE"}, rows)
	})
}

func escalationState(e wire.Escalation) string {
	if e.State == "waiting" {
		return "to be opened"
	}
	return e.State
}

func verdictWord(v string) string { return strings.ReplaceAll(v, "_", " ") }

// escalation adds what is so about an escalation.
func (p *paper) escalation(e wire.Escalation) {
	p.title(e.ID, e.Title)
	p.pair("State", escalationState(e))
	p.pair("Tracker", name(e.Tracker))
	if e.Issue != "" {
		p.pair("Issue", e.Issue)
		p.pair("Read it at", e.Address)
	}
	if e.Verdict != "" {
		p.pair("Verdict", verdictWord(e.Verdict))
	}
	if e.Version != "" {
		p.pair("Fixed in", e.Version+map[bool]string{true: ", which is out"}[e.Released])
	}
	p.pair("Asked by", name(e.By)+", "+p.when(e.MadeAt))
	p.pair("Requests", fmt.Sprintf("%d, %d of them untold", e.Requests, e.Untold))
	if e.Trouble != "" {
		p.pair("Trouble", e.Trouble)
	}
}

// handledEscalation prints an escalation after a command.
func (r remote) handledEscalation(env Env, e wire.Escalation, err error) error {
	if err != nil {
		return err
	}
	return r.show(env, e, func(p *paper) { p.escalation(e) })
}

type showEscalation struct {
	remote
	ID string `arg:"" help:"E-7."`
}

// Run implements the command.
func (c showEscalation) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	e, err := server.Escalation(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, e, func(p *paper) {
		p.escalation(e.Escalation)
		for _, r := range e.Hanging {
			p.pair("Hangs on it", strings.TrimSuffix(r.ID+" "+r.Title+", "+toldWord(r), ", "))
		}
		if e.Hidden > 0 {
			p.pair("Hidden", fmt.Sprintf("%d that you may not see", e.Hidden))
		}
		for _, o := range e.Unsent {
			p.pair("Not sent yet", strings.TrimSuffix(o.Kind+": "+o.Error, ": "))
		}
		if len(e.Said) > 0 {
			p.head("What developers said")
		}
		for _, d := range e.Said {
			p.line("%s, %s", d.Author, p.when(d.At))
			p.text(2, d.Text)
		}
	})
}

func toldWord(r wire.EscalatedRequest) string {
	switch r.Told {
	case "told":
		return "told"
	case "skipped":
		return "not to be told: " + r.Reason
	}
	return ""
}

type showEvidence struct {
	remote
	Request string `arg:"" help:"R-1042."`
}

// Run implements the command.
func (c showEvidence) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	e, err := server.Evidence(ctx, c.Request)
	if err != nil {
		return err
	}
	return c.show(env, e, func(p *paper) {
		for _, t := range e.Trackers {
			p.pair("May go to", t.ID+", "+t.Name)
		}
		p.line("%s", e.Title)
		p.line("")
		p.text(0, e.Text)
	})
}

type escalate struct {
	remote
	Request string   `arg:"" help:"R-1042."`
	Text    []string `arg:"" optional:"" help:"What developers read, in Markdown; - reads it from the input. Left out: as frontline escalation evidence shows it."`
	Tracker string   `help:"Where; the first that takes the request when left out." placeholder:"ID"`
	Title   string   `help:"Of the issue; as prepared when left out." placeholder:"TEXT"`
	Issue   string   `help:"An issue that they have already: this becomes a comment there." placeholder:"KEY"`
}

// Run implements the command.
func (c escalate) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	text := ""
	if len(c.Text) > 0 {
		if text, err = words(env, c.Text); err != nil {
			return err
		}
	}
	e, err := server.Escalate(ctx, c.Request, wire.Escalate{Tracker: c.Tracker, Title: c.Title, Text: text, Issue: c.Issue})
	return c.handledEscalation(env, e, err)
}

type joinEscalation struct {
	remote
	Request    string `arg:"" help:"R-1042."`
	Escalation string `arg:"" help:"E-7."`
	Undo       bool   `help:"Take it back: the request has nothing to do with it."`
}

// Run implements the command.
func (c joinEscalation) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	do := server.JoinEscalation
	if c.Undo {
		do = server.LeaveEscalation
	}
	e, err := do(ctx, c.Request, wire.JoinEscalation{Escalation: c.Escalation})
	return c.handledEscalation(env, e, err)
}

type tellDevelopers struct {
	remote
	ID      string   `arg:"" help:"E-7."`
	Text    []string `arg:"" optional:"" help:"What they read; read from the input when it is left out."`
	Request string   `help:"The request in which it stands as a note; the first that hangs on it when left out." placeholder:"R-1042"`
}

// Run implements the command.
func (c tellDevelopers) Run(ctx context.Context, env Env) error {
	server, text, _, err := c.writing(env, c.Text, nil)
	if err != nil {
		return err
	}
	if c.Request == "" {
		shown, err := server.Escalation(ctx, c.ID)
		switch {
		case err != nil:
			return err
		case len(shown.Hanging) == 0:
			return fault.Wrong("request", "No request that you may see hangs on %s. Name one with --request.", c.ID)
		}
		c.Request = shown.Hanging[0].ID
	}
	e, err := server.TellDevelopers(ctx, c.ID, wire.TellDevelopers{Request: c.Request, Text: text})
	return c.handledEscalation(env, e, err)
}

type judgeEscalation struct {
	remote
	ID      string `arg:"" help:"E-7."`
	Verdict string `arg:"" help:"${enum}; tracker leaves it to the tracker again." enum:"confirmed,fixed,not_a_bug,duplicate,tracker"`
}

// Run implements the command.
func (c judgeEscalation) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	if c.Verdict == "tracker" {
		c.Verdict = ""
	}
	e, err := server.JudgeEscalation(ctx, c.ID, wire.JudgeEscalation{Verdict: c.Verdict})
	return c.handledEscalation(env, e, err)
}

type tellAskers struct {
	remote
	ID      string   `arg:"" help:"E-7."`
	Text    []string `arg:"" optional:"" help:"What they read, with {asker} and {request} in it; - reads it from the input. Left out: what is prepared."`
	Request string   `help:"Only the asker of this request; everybody who has not been told when left out." placeholder:"R-1042"`
}

// Run implements the command.
func (c tellAskers) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	text := ""
	if len(c.Text) > 0 {
		if text, err = words(env, c.Text); err != nil {
			return err
		}
	}
	told, err := server.TellAskers(ctx, c.ID, wire.TellAskers{Request: c.Request, Text: text})
	if err != nil {
		return err
	}
	return c.show(env, told, func(p *paper) {
		p.line("%d told, %d still untold.", told.Told, told.Escalation.Untold)
		for _, n := range told.Not {
			p.line("Not in %s: %s", n.Request, n.Why)
		}
	})
}

type skipAsker struct {
	remote
	ID      string   `arg:"" help:"E-7."`
	Request string   `arg:"" help:"R-1042."`
	Reason  []string `arg:"" help:"Why its asker need not be told."`
}

// Run implements the command.
func (c skipAsker) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	e, err := server.SkipAsker(ctx, c.ID, wire.SkipAsker{Request: c.Request, Reason: strings.Join(c.Reason, " ")})
	return c.handledEscalation(env, e, err)
}

type escalateAgain struct {
	remote
	ID    string `arg:"" help:"E-7."`
	Title string `help:"Another title for an issue that is not there yet." placeholder:"TEXT"`
	Text  string `help:"Another text for it." placeholder:"TEXT"`
}

// Run implements the command.
func (c escalateAgain) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	e, err := server.EscalateAgain(ctx, c.ID, wire.EscalateAgain{Title: c.Title, Text: c.Text})
	return c.handledEscalation(env, e, err)
}
