package incident

import (
	_ "embed"
	"strings"
	"text/template"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/watch"
)

//go:embed postmortem.md.tmpl
var paperText string

// paper is what the post-mortem's template is filled with.
type paper struct {
	Name, Title   string
	Severity      Severity
	Lead          string
	People        []string
	Milestones    []milestone
	Services      []string
	Components    []string
	Customers     []Customer
	CustomerCount string
	Harm          string
	Hurt          []hurtLine
	Public        []saidPublicly
	Runs          []ranAction
	Days          []dayLines
}

type milestone struct{ What, When, After string }

type saidPublicly struct{ When, State, Late, Body string }

type hurtLine struct{ Name, Tier, Owner, Certainty, Errors string }

// mostHurtLines is how many customers a post-mortem names as hurt.
const mostHurtLines = 50

func hurtLines(l letter, h Harm) []hurtLine {
	var out []hurtLine
	for _, c := range h.Customers[:min(len(h.Customers), mostHurtLines)] {
		x := hurtLine{Name: c.Name, Tier: c.Tier, Owner: l.person(c.Owner), Certainty: string(c.Certainty)}
		if c.Requests > 0 {
			x.Errors = watch.Figure(c.Errors)
		}
		out = append(out, x)
	}
	return out
}

type ranAction struct{ Name, Result, Took string }

type dayLines struct {
	Day   string
	Lines []string
}

// draftPaper writes the first version of a post-mortem as Markdown.
func draftPaper(book Directory, r Room) (string, error) {
	t, err := template.New("postmortem").Funcs(template.FuncMap{"md": escapeMarkdown, "cell": cell, "quote": quoted, "join": joined}).Parse(paperText)
	var b strings.Builder
	if err == nil {
		err = t.Execute(&b, newPaper(book, r))
	}
	if err != nil { // the template is ours and tested
		return "", fault.Wrap(err, fault.Internal, "The draft of the post-mortem could not be written. Report this; the incident's timeline has everything.")
	}
	return tidy(b.String()), nil
}

func newPaper(book Directory, r Room) paper {
	l := letter{book: book, inc: r.Incident}
	p := paper{
		Name: r.Incident.Name(), Title: r.Incident.Title, Severity: r.Incident.Severity, Lead: l.person(r.Incident.Lead),
		Milestones: milestones(r.Incident), Services: l.services(), CustomerCount: count(len(r.Incident.Customers), "customer"),
		Runs: ranActions(r.Runs), Days: daysOf(r.Timeline), Harm: r.Harm.Say(), Hurt: hurtLines(l, r.Harm),
	}
	for _, x := range r.Incident.Participants {
		p.People = append(p.People, l.person(x.Person)+" ("+string(x.Part)+")")
	}
	for _, id := range r.Incident.Components {
		if c, ok := book.Component(id); ok {
			id = c.Name
		}
		p.Components = append(p.Components, id)
	}
	for _, c := range r.Incident.Customers {
		c.Owner = l.person(c.Owner)
		p.Customers = append(p.Customers, c)
	}
	for _, u := range r.Updates {
		if u.Audience == ForCustomers {
			p.Public = append(p.Public, saidPublicly{u.At.UTC().Format("15:04"), string(u.State), lateness(u), u.Text.Body})
		}
	}
	return p
}

func lateness(u Update) string {
	switch late := u.Late(); {
	case u.Kept.IsZero():
		return ""
	case late > 0:
		return Spell(late) + " later than promised"
	default:
		return "as promised"
	}
}

func milestones(i Incident) []milestone {
	var out []milestone
	for _, m := range []struct {
		what string
		at   time.Time
	}{{"Began", i.BeganAt}, {"Detected", i.DetectedAt}, {"Acknowledged", i.AcknowledgedAt}, {"Declared", i.OpenedAt}, {"Mitigated", i.MitigatedAt}, {"Resolved", i.ResolvedAt}} {
		row := milestone{m.what, "not known", ""}
		if !m.at.IsZero() {
			row.When, row.After = m.at.UTC().Format("15:04:05"), Spell(m.at.Sub(i.DetectedAt))
		}
		out = append(out, row)
	}
	return out
}

func ranActions(runs []action.Run) []ranAction {
	var out []ranAction
	for _, r := range runs {
		if r.StartedAt.IsZero() { // it was only planned
			continue
		}
		x := ranAction{Name: r.Ref() + " " + r.Definition.Title, Result: orElse(r.Result.Summary, string(r.State))}
		if r.Took() > 0 {
			x.Took = Spell(r.Took())
		}
		out = append(out, x)
	}
	return out
}

// daysOf writes the timeline's major lines as list items, a list for each day.
func daysOf(lines []Line) []dayLines {
	var out []dayLines
	for _, l := range lines {
		if l.Minor {
			continue
		}
		day := l.At.UTC().Format("Monday 2 January 2006")
		if len(out) == 0 || out[len(out)-1].Day != day {
			out = append(out, dayLines{Day: day})
		}
		last := &out[len(out)-1]
		last.Lines = append(last.Lines, item(l))
	}
	return out
}

func item(l Line) string {
	s := "`" + l.At.UTC().Format("15:04:05") + "` "
	if l.Actor != "" {
		s += "**" + escapeMarkdown(l.Actor) + "** "
	}
	s += escapeMarkdown(l.Sentence)
	if l.Small != "" {
		s += " (" + escapeMarkdown(l.Small) + ")"
	}
	if l.Text != "" {
		s += "\n\n" + indented(quoted(l.Text)) + "\n"
	}
	return s
}

func indented(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// escapeMarkdown makes words that people or machines wrote stand for themselves in a line of Markdown.
func escapeMarkdown(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]<>#|~&!", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func cell(s string) string { return escapeMarkdown(s) }

// quoted keeps people's own Markdown and marks it as theirs.
func quoted(s string) string {
	return "> " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n> ")
}

func joined(words []string) string {
	escaped := make([]string, len(words))
	for i, w := range words {
		escaped[i] = escapeMarkdown(w)
	}
	return strings.Join(escaped, ", ")
}

// tidy leaves one empty line where the template left several, and no spaces at the ends.
func tidy(s string) string {
	var out []string
	empty := false
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \t\n")
		if line == "" && empty {
			continue
		}
		empty = line == ""
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n")) + "\n"
}
