package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/plain"
	"frontline/wire"
)

// width is how many columns a terminal has at least.
const width = 80

// paper is text for a terminal: lines, pairs and tables that fit its width.
type paper struct {
	env Env
	b   strings.Builder
}

func (p *paper) flush(w io.Writer) error {
	_, err := io.WriteString(w, p.b.String())
	return err
}

// line adds a line.
func (p *paper) line(format string, args ...any) {
	fmt.Fprintf(&p.b, format+"\n", args...)
}

// head adds a heading, with an empty line before it unless it is the first.
func (p *paper) head(format string, args ...any) {
	if p.b.Len() > 0 {
		p.b.WriteByte('\n')
	}
	p.line(format, args...)
}

// title adds an id and what it is called, over as many lines as it needs.
func (p *paper) title(id, words string) {
	for i, l := range wrap(plain.Line(words), width-len(id)-2) {
		if i > 0 {
			id = strings.Repeat(" ", len(id))
		}
		p.line("%s  %s", id, l)
	}
}

// pair adds a name and its value, unless that is empty. A long value goes on below itself.
func (p *paper) pair(name, value string) {
	if value = plain.Line(value); value == "" {
		return
	}
	lines := wrap(value, width-14)
	p.line("%-12s  %s", name, lines[0])
	for _, l := range lines[1:] {
		p.line("%-12s  %s", "", l)
	}
}

// text adds words as they are, wrapped and moved in.
func (p *paper) text(indent int, words string) {
	for l := range strings.Lines(plain.Prose(words)) {
		for _, w := range wrap(strings.TrimRight(l, "\n"), width-indent) {
			p.line("%*s%s", indent, "", w)
		}
	}
}

// table adds rows under headings, moved in. The last column takes what room is left; what does not fit is cut off with "…".
func (p *paper) table(indent int, head []string, rows [][]string) {
	all := append([][]string{head}, rows...)
	widths := fit(all, width-indent)
	last := len(head) - 1
	for _, row := range all {
		var b strings.Builder
		for i, cell := range row {
			cell = plain.Clip(plain.Line(cell), max(widths[i], 1))
			b.WriteString(cell)
			if i < last {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gutter))
			}
		}
		p.line("%*s%s", indent, "", strings.TrimRight(b.String(), " "))
	}
}

const (
	gutter   = 2 // between columns
	narrowed = 8 // a column is not made narrower than this because another one is wide
)

// fit returns how wide each column is, so that a row has at most room characters. The last column gives way first, then the widest.
func fit(rows [][]string, room int) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(plain.Line(cell)))
		}
	}
	last := len(widths) - 1
	over := gutter*last - room
	for _, w := range widths {
		over += w
	}
	if give := min(over, widths[last]-narrowed); give > 0 {
		widths[last] -= give
		over -= give
	}
	for ; over > 0; over-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		widths[widest]--
	}
	return widths
}

// wrap breaks words into lines of at most n characters, where a word is not longer itself.
func wrap(s string, n int) []string {
	var lines []string
	var line string
	for _, w := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > n {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}

// when says a time for people: how long ago, and the hour (with the day when it is another one). It is empty for no time.
func (p *paper) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	now := p.env.Clock.Now()
	return p.clock(t) + ", " + ago(now.Sub(t))
}

// clock is the hour, with the day when it is not today.
func (p *paper) clock(t time.Time) string {
	t, now := t.In(p.env.Zone), p.env.Clock.Now().In(p.env.Zone)
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	if t.Year() == now.Year() {
		return t.Format("2 Jan 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "in " + span(-d)
	case d < time.Second:
		return "just now"
	}
	return span(d) + " ago"
}

// span is a duration in its largest unit, as people say it, rounded.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d.Round(time.Second) < time.Minute:
		return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second)
	case d.Round(time.Minute) < time.Hour:
		return fmt.Sprintf("%d min", d.Round(time.Minute)/time.Minute)
	case d.Round(time.Hour) < 2*day:
		return fmt.Sprintf("%d h", d.Round(time.Hour)/time.Hour)
	}
	return fmt.Sprintf("%d days", d.Round(day)/day)
}

// name is how people call what a reference names; a dash for nothing.
func name(r *wire.Ref) string {
	if r == nil {
		return "-"
	}
	return r.Name
}

func list(refs []wire.Ref) string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = r.Name
	}
	return strings.Join(out, ", ")
}

// history adds lines of a timeline, with all details or without.
func (p *paper) history(lines []wire.Line, all bool) {
	for _, l := range lines {
		if l.Minor && !all {
			continue
		}
		said := l.Sentence
		if l.Actor != "" {
			said = l.Actor + " " + said
		}
		if l.Small != "" {
			said += " (" + l.Small + ")"
		}
		for i, w := range wrap(plain.Line(said), width-14) {
			at := ""
			if i == 0 {
				at = p.clock(l.At)
			}
			p.line("%12s  %s", at, w)
		}
		if l.Text != "" {
			p.text(16, l.Text)
		}
	}
}
