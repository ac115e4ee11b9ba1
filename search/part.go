package search

import "strings"

// Kind says what a stretch of a text is.
type Kind string

// The kinds of a Part.
const (
	Written Kind = "written"   // what the person wrote, or forwarded
	Quoted  Kind = "quoted"    // an earlier message, with the line that announces it
	Signed  Kind = "signature" // who writes, sign-offs, disclaimers, "sent from my phone"
	Traced  Kind = "trace"     // the frames of a stack trace; its error lines are Written
)

// Part is a stretch of a text, in bytes.
type Part struct {
	Kind     Kind
	From, To int
}

// Parts are a whole text cut into pieces that follow each other without a gap: nothing is lost.
type Parts struct {
	Whole string
	Parts []Part
}

// Kept is what was written, without white space around it. It is empty when nothing was.
func (p Parts) Kept() string {
	return strings.TrimSpace(p.join(func(k Kind) bool { return k == Written }))
}

// Cut is the rest: what Kept leaves out, whole and in its order.
func (p Parts) Cut() string { return p.join(func(k Kind) bool { return k != Written }) }

func (p Parts) join(want func(Kind) bool) string {
	var b strings.Builder
	for _, part := range p.Parts {
		if want(part.Kind) {
			b.WriteString(p.Whole[part.From:part.To])
		}
	}
	return b.String()
}

// line is one line of a text with what is known about it.
type line struct {
	from, to int    // with its line break
	text     string // without white space around it
	kind     Kind
}

func (l line) blank() bool { return l.text == "" }

func lines(s string) []line {
	var all []line
	at := 0
	for l := range strings.Lines(s) {
		all = append(all, line{from: at, to: at + len(l), text: strings.TrimSpace(l), kind: Written})
		at += len(l)
	}
	return all
}

// parts joins neighbouring lines of one kind.
func parts(whole string, all []line) Parts {
	p := Parts{Whole: whole}
	for _, l := range all {
		if n := len(p.Parts); n > 0 && p.Parts[n-1].Kind == l.kind {
			p.Parts[n-1].To = l.to
			continue
		}
		p.Parts = append(p.Parts, Part{Kind: l.kind, From: l.from, To: l.to})
	}
	return p
}

func label(all []line, kind Kind) {
	for i := range all {
		all[i].kind = kind
	}
}
