package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"frontline/client"
	"frontline/fault"
	"frontline/wire"
)

type ruleCommands struct {
	List      listRules     `cmd:"" help:"List rules, and how often they fired."`
	Show      showRule      `cmd:"" help:"Show a rule, what it did last, and why."`
	Templates ruleTemplates `cmd:"" help:"List rules to start from, or write one of them out."`
	Try       tryRule       `cmd:"" help:"Say what a rule would have done. Nothing is done."`
	Pause     pauseRule     `cmd:"" help:"Stop a rule until it is resumed."`
	Resume    resumeRule    `cmd:"" help:"Let a paused rule go on."`
}

type listRules struct {
	remote
	Limit int `help:"How many at most." default:"200"`
}

// Run implements the command.
func (c listRules) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := some(ctx, c.Limit, func(ctx context.Context, p client.Page) (wire.List[wire.Rule], error) { return server.Rules(ctx, p) })
	if err != nil {
		return err
	}
	return c.show(env, all, func(p *paper) {
		rows := make([][]string, len(all))
		for i, r := range all {
			rows[i] = []string{r.ID, ruleState(r), fmt.Sprint(r.Fired), p.when(r.FiredAt), r.Title}
		}
		p.table(0, []string{"ID", "STATE", "IN 30 DAYS", "LAST FIRED", "WHAT"}, rows)
	})
}

func ruleState(r wire.Rule) string {
	switch {
	case r.Off:
		return "off"
	case r.Paused != nil:
		return "paused"
	}
	return "on"
}

type ruleTemplates struct {
	remote
	ID string `arg:"" optional:"" help:"The template whose text is wanted, such as silent-asker."`
}

// Run implements the command.
func (c ruleTemplates) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	all, err := server.RuleTemplates(ctx)
	if err != nil {
		return err
	}
	if c.ID == "" {
		return c.show(env, all, func(p *paper) {
			rows := make([][]string, len(all.Templates))
			for i, t := range all.Templates {
				rows[i] = []string{t.ID, t.Title, t.Why}
			}
			p.table(0, []string{"ID", "WHAT", "WHY"}, rows)
		})
	}
	i := slices.IndexFunc(all.Templates, func(t wire.RuleTemplate) bool { return t.ID == c.ID })
	if i < 0 {
		return fault.New(fault.NotFound, "There is no template %.60q. List them with: frontline rule templates", c.ID)
	}
	return c.show(env, all.Templates[i], func(p *paper) { p.b.WriteString(all.Templates[i].Text) })
}

type showRule struct {
	remote
	ID string `arg:"" help:"The rule, such as pipeline/look-when-it-stops."`
}

// Run implements the command.
func (c showRule) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.Rule(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.rule(r) })
}

func (p *paper) rule(r wire.RuleShown) {
	p.title(r.ID, r.Title)
	p.saysRule(r.Rule)
	p.pair("State", ruleState(r.Rule))
	if x := r.Paused; x != nil {
		p.pair("Paused", x.By.Name+", "+p.when(x.At)+said(x.Reason))
	}
	if len(r.Firings) == 0 {
		p.line("It never fired.")
		return
	}
	p.head("What it did last")
	rows := make([][]string, len(r.Firings))
	for i, f := range r.Firings {
		rows[i] = []string{p.when(f.At), outcome(f.Outcome), f.Run, strings.TrimSpace(f.Why + ". " + f.Say)}
	}
	p.table(2, []string{"WHEN", "OUTCOME", "RUN", "WHY"}, rows)
}

func (p *paper) saysRule(r wire.Rule) {
	p.pair("When", r.When)
	p.pair("If", r.If)
	then := slices.Clone(r.Does)
	if r.Action != nil {
		then = append(then, "run "+r.Action.Name)
	}
	p.pair("Then", strings.Join(then, "; "))
	p.pair("With", strings.Join(r.With, ", "))
	p.pair("Bounds", r.Bounds)
	p.pair("Team", name(r.Team))
}

func outcome(o string) string {
	switch o {
	case "":
		return "under way"
	case "held":
		return "held back"
	case "later":
		return "looks later"
	case "wrong":
		return "went wrong"
	case "no":
		return "does not hold"
	}
	return o
}

type tryRule struct {
	remote
	What  string        `arg:"" help:"A YAML file with rules that need not be applied yet, or the id of one that is."`
	Since time.Duration `help:"How far to look back." default:"720h"`
	All   bool          `help:"Also what it would have let be."`
}

// Run implements the command.
func (c tryRule) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	q := wire.TryRule{Rule: c.What, Since: wire.Duration(c.Since)}
	if text, err := os.ReadFile(c.What); err == nil {
		q.Rule, q.Text = "", string(text)
	} else if !os.IsNotExist(err) || strings.HasSuffix(c.What, ".yaml") || strings.HasSuffix(c.What, ".yml") {
		return fault.Wrap(err, fault.Invalid, "The file %s cannot be read. Check its path.", c.What)
	}
	out, err := server.TryRule(ctx, q)
	if err != nil {
		return err
	}
	return c.show(env, out, func(p *paper) {
		for _, t := range out.Trials {
			p.trial(t, c.All)
		}
	})
}

func (p *paper) trial(t wire.Trial, all bool) {
	if p.b.Len() > 0 {
		p.line("")
	}
	p.title(t.Rule.ID, t.Rule.Title)
	p.saysRule(t.Rule)
	p.line("Since %s", p.when(t.Since))
	p.line("it would have fired %s, of %d that it looks at. Nothing was done.", often(t.Fires), len(t.Seen))
	if t.Cut {
		p.line("There was more than is tried at once; these are the newest.")
	}
	var rows [][]string
	for _, f := range t.Seen {
		if f.Outcome == "no" && !all {
			continue
		}
		what := f.Say
		if f.Outcome == "fires" {
			what = strings.TrimSpace(strings.Join(f.Does, "; ") + " " + inputsOf(f.Inputs))
		}
		rows = append(rows, []string{p.when(f.At), outcome(f.Outcome), f.Subject, strings.TrimSpace(f.Title + " " + what)})
	}
	if len(rows) > 0 {
		p.table(2, []string{"WHEN", "OUTCOME", "ABOUT", "WHAT"}, rows)
	}
}

func often(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// inputsOf writes inputs as they would be given.
func inputsOf(all map[string]any) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out = append(out, fmt.Sprintf("%s=%v", k, all[k]))
	}
	return strings.Join(out, " ")
}

type pauseRule struct {
	remote
	ID     string `arg:"" help:"The rule, such as pipeline/look-when-it-stops."`
	Reason string `arg:"" help:"Why, in a sentence."`
}

// Run implements the command.
func (c pauseRule) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.PauseRule(ctx, wire.PauseRule{Rule: c.ID, Reason: c.Reason})
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.line("%s is paused. What happens meanwhile is not made up for.", r.ID) })
}

type resumeRule struct{ pauseRule }

// Run implements the command.
func (c resumeRule) Run(ctx context.Context, env Env) error {
	server, err := c.open(env)
	if err != nil {
		return err
	}
	r, err := server.ResumeRule(ctx, wire.PauseRule{Rule: c.ID, Reason: c.Reason})
	if err != nil {
		return err
	}
	return c.show(env, r, func(p *paper) { p.line("%s goes on.", r.ID) })
}
