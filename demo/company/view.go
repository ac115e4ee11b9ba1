package company

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// timeOfDay is a time of day on the reader's own machine.
func timeOfDay(t time.Time) string { return t.Local().Format("15:04:05") }

// companyView is the company's screen, ready to be drawn.
type companyView struct {
	Look, Icon, Word string // the state of the queue
	Headline, Say    string
	Figures          []figure
	Chart            chart
	Where            string
	Trouble          *troubleView
	Mended           bool // the developers' fix is out
	Failures         []failureRow
	Guide            []step
	Night            []eventRow
	Phones           phoneBoard
	Mails            []mailRow
	MoreMails        int
}

type figure struct{ Name, Value, Unit string }

type failureRow struct{ At, Session, Why string }

type eventRow struct{ Key, At, Look, Icon, Say string }

// step is a hint with how far it is: "done", "now" or "later".
type step struct {
	Hint
	Is, Icon string
}

// troubleView is the message that fails.
type troubleView struct {
	Session, Since, Why string
	Tries               int
	Gone                string
	Lines               []bodyLine
}

// bodyLine is a line of the message; the one that cannot be read is marked.
type bodyLine struct {
	Text  string
	Wrong bool
}

const mailsBeside = 5

func (s *screens) companyView(o Observed) companyView {
	v := companyView{Chart: chartOf(o), Where: s.c.queue.Where(), Guide: guide(s.c.o.Guide, o), Phones: phonesView(o, "/"), Mails: mailRows(o, mailsBeside)}
	v.Mended = s.c.worker.mended.Load()
	v.MoreMails = max(0, len(o.Mails)-mailsBeside)
	v.Look, v.Icon, v.Word, v.Headline, v.Say = headline(o)
	v.Figures = []figure{
		{"Sessions wait", number(o.Waiting()), ""},
		{"Decisions made", number(o.Decided), ""},
		{"Tries that failed", number(o.Failed), ""},
		lastDecision(o),
	}
	for _, f := range o.Recent {
		v.Failures = append(v.Failures, failureRow{timeOfDay(f.At), f.Session, f.Why})
	}
	for i := len(o.Night) - 1; i >= 0; i-- {
		v.Night = append(v.Night, eventOf(o.Night[i]))
	}
	if o.Trouble != nil {
		v.Trouble = troubleOf(*o.Trouble)
	}
	return v
}

// headline is the state of the queue in a word, a line and a sentence.
func headline(o Observed) (look, icon, word, line, say string) {
	switch {
	case o.Stuck():
		return "critical", "critical", "Stopped", "The decision queue has stopped",
			fmt.Sprintf("One message makes the worker fail, again and again, and everything behind it waits. It has failed %s.", times(o.Trouble.Tries))
	case o.Trouble != nil && o.Waiting() > 12:
		return "live", "live", "Catching up", "The worker catches up", "The message is out of the way. What had waited is decided now."
	case o.Decided == 0:
		return "calm", "clock", "Opening", "The company opens", "Customers' sessions are about to come in."
	}
	return "ok", "ok", "Moving", "The decision queue moves", "Customers send people who want to prove who they are, and the worker decides about each within a moment."
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return number(n) + " times"
}

func lastDecision(o Observed) figure {
	if o.LastDone.IsZero() {
		return figure{"Last decision", "none", ""}
	}
	ago := o.At.Sub(o.LastDone)
	if ago < 2*time.Second {
		return figure{"Last decision", "now", ""}
	}
	return figure{"Last decision", fmt.Sprintf("%d:%02d", int(ago.Minutes()), int(ago.Seconds())%60), "ago"}
}

func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func eventOf(e Event) eventRow {
	row := eventRow{Key: fmt.Sprintf("n%d", e.At.UnixNano()), At: timeOfDay(e.At), Look: e.Look, Icon: "calm", Say: e.Say}
	if e.Look != "" {
		row.Icon = e.Look
	}
	return row
}

func troubleOf(t Trouble) *troubleView {
	v := &troubleView{Session: t.Session, Since: timeOfDay(t.Since), Why: t.Why, Tries: t.Tries}
	if !t.Gone.IsZero() {
		v.Gone = timeOfDay(t.Gone)
	}
	var laid bytes.Buffer
	if json.Indent(&laid, t.Body, "", "  ") != nil {
		laid.Write(t.Body)
	}
	for line := range strings.Lines(laid.String()) {
		line = strings.TrimRight(line, "\n")
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		v.Lines = append(v.Lines, bodyLine{line, strings.Contains(t.Why, "field "+strings.Trim(name, `"`)+":")})
	}
	return v
}

// guide says how far the reader is. What the company can see decides; what only Frontline knows counts as done once something after it is.
func guide(hints []Hint, o Observed) []step {
	reached := -1
	for i, h := range hints {
		if h.Done != nil && h.Done(o) {
			reached = i
		}
	}
	var steps []step
	for i, h := range hints {
		s := step{Hint: h, Is: "later", Icon: "calm"}
		switch {
		case i <= reached:
			s.Is, s.Icon = "done", "check"
		case i == reached+1:
			s.Is, s.Icon = "now", "next"
		}
		steps = append(steps, s)
	}
	return steps
}

// chart is how many sessions waited over the last minutes, as the points of a line.
type chart struct {
	Line, Area string
	Top        int // the value at its upper edge
	Say        string
}

const chartHeight = 60

func chartOf(o Observed) chart {
	top := 10
	for step := 0; len(o.Depth) > 0 && top < slices.Max(o.Depth); step++ { // 10, 20, 50, 100, …
		top = top * []int{4, 5, 4}[step%3] / 2
	}
	var line strings.Builder
	first := mostDepths - len(o.Depth)
	for i, n := range o.Depth {
		fmt.Fprintf(&line, "%d,%.1f ", first+i, chartHeight-float64(n)/float64(top)*chartHeight)
	}
	c := chart{Line: strings.TrimSpace(line.String()), Top: top,
		Say: fmt.Sprintf("Sessions that waited in the last %d minutes; now %d.", mostDepths/60, o.Waiting())}
	if len(o.Depth) > 0 {
		c.Area = fmt.Sprintf("%d,%d %s %d,%d", first, chartHeight, c.Line, mostDepths-1, chartHeight)
	}
	return c
}

// phoneBoard is the phones, side by side.
type phoneBoard struct {
	At     string
	Back   string
	Phones []phoneView
}

type phoneView struct {
	Name, Line, Topic string
	Rings             bool
	Notes             []noteView
	Back              string
}

type noteView struct {
	Note
	When, Loud string
	Lines      []string
	Rings      bool
	Keys       []keyView
}

// keyView is a button of a notification.
type keyView struct {
	Label, URL string
	View       bool   // it opens something
	Path       string // where a press is posted
	Said       string
	OK         bool
}

func phonesView(o Observed, back string) phoneBoard {
	board := phoneBoard{At: o.At.Local().Format("15:04"), Back: back}
	for _, p := range o.Phones {
		v := phoneView{Name: p.Name, Line: p.Line, Topic: p.Topic, Back: back}
		for _, n := range p.Notes {
			nv := noteOf(n, o.At)
			v.Rings = v.Rings || nv.Rings
			v.Notes = append(v.Notes, nv)
		}
		board.Phones = append(board.Phones, v)
	}
	return board
}

func noteOf(n Note, now time.Time) noteView {
	v := noteView{Note: n, When: timeOfDay(n.At), Lines: strings.Split(n.Message, "\n"), Rings: n.Rings(now)}
	switch {
	case n.Wakes():
		v.Loud = "Urgent"
	case n.Priority == 4:
		v.Loud = "High"
	}
	for i, b := range n.Buttons {
		k := keyView{Label: b.Label, URL: b.URL, View: b.Action == "view", Path: fmt.Sprintf("/phones/%s/%s/%d", n.Topic, n.ID, i)}
		if b.Pressed != nil {
			k.Said, k.OK = timeOfDay(b.Pressed.At)+" "+b.Pressed.Said, b.Pressed.OK
		}
		v.Keys = append(v.Keys, k)
	}
	return v
}

type mailRow struct{ ID, At, To, Subject, Key string }

type mailView struct {
	mailRow
	From, Text string
	HTML       bool
}

func rowOf(m Mail) mailRow {
	return mailRow{ID: m.ID, At: timeOfDay(m.At), To: strings.Join(m.To, ", "), Subject: m.Subject, Key: "m" + m.ID}
}

func mailRows(o Observed, most int) []mailRow {
	var rows []mailRow
	for _, m := range o.Mails[:min(most, len(o.Mails))] {
		rows = append(rows, rowOf(m))
	}
	return rows
}
