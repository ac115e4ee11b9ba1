package desk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/people"
	"frontline/plain"
)

// Pack is the evidence for developers, prepared from a request: whoever escalates reads and edits it first.
type Pack struct {
	Title string
	Text  string // Markdown
}

// How much of each goes into a pack.
const (
	packWords = 4000 // characters of what was asked
	packLinks = 20
	packRuns  = 10
	packAlike = 3
)

// evidence is what a pack is written from.
type evidence struct {
	req     Request
	kind    Type
	book    Directory
	asked   []Message // questions of the request and its duplicates, the oldest first
	party   Party
	same    []Request // duplicates, and what hangs on it
	runs    []action.Run
	similar []Near
	link    string
	zone    *time.Location
	others  func(Request) string // addresses of other requests
}

// Pack prepares the evidence of a request. It holds no mail address and no name of an asker; of other requests only those that everybody may read.
func (d *Escalations) Pack(ctx context.Context, a people.Actor, ref string) (Pack, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Pack{}, err
	}
	c, err := d.Desk.Conversation(ctx, a, r.ID)
	if err != nil {
		return Pack{}, err
	}
	book, err := d.Desk.Book(ctx)
	if err != nil {
		return Pack{}, err
	}
	kind, _ := book.RequestType(r.Type)
	e := evidence{req: r, kind: kind, book: book, party: c.Parties[r.Asker], same: slices.Concat(c.Duplicates, c.Hanging), link: d.Desk.Link(r), zone: d.Desk.Zone, others: d.Desk.Link}
	if e.zone == nil {
		e.zone = time.UTC
	}
	for _, m := range c.Messages {
		if m.Kind == Question {
			e.asked = append(e.asked, m)
		}
	}
	if d.Runs != nil {
		if e.runs, err = d.Runs(ctx, a, action.RunFilter{For: r.Subject(), Limit: packRuns}); err != nil {
			return Pack{}, err
		}
	}
	if e.similar, err = d.Desk.Similar(ctx, a, r.ID, packAlike); err != nil {
		return Pack{}, err
	}
	return Pack{Title: plain.Clip(r.Title, longestIssueTitle), Text: e.markdown()}, nil
}

// markdown writes the evidence down.
func (e evidence) markdown() string {
	var b strings.Builder
	part := func(title string, lines ...string) {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
		if len(lines) > 0 {
			fmt.Fprintf(&b, "## %s\n\n%s\n\n", title, strings.Join(lines, "\n"))
		}
	}
	part("What happens", e.what()...)
	part("Who and since when", e.who()...)
	part("What they told us", e.filled()...)
	part("What we tried", e.tried()...)
	part("Links and files", e.links()...)
	part("Similar requests", e.alike()...)
	part("In Frontline", "- "+e.req.Name()+": "+e.link)
	return plain.Clip(strings.TrimSpace(b.String()), longestIssue-100)
}

func (e evidence) what() (out []string) {
	left := packWords
	for i, m := range e.asked {
		if left <= 0 {
			break
		}
		text := plain.Clip(withoutAddresses(strings.TrimSpace(m.Text.Body)), left)
		left -= len([]rune(text))
		if i > 0 {
			out = append(out, "", "Later:", "")
		}
		out = append(out, "> "+strings.ReplaceAll(text, "\n", "\n> "))
	}
	if len(out) == 0 {
		out = append(out, withoutAddresses(e.req.Title))
	}
	for i := range out {
		if out[i] == "" {
			out[i] = " " // a blank line of its own between quotes
		}
	}
	return out
}

// mailAddress finds addresses of people in a text.
var mailAddress = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+`)

func withoutAddresses(text string) string {
	return mailAddress.ReplaceAllString(text, "(address left out)")
}

// asker is who asked, by what they are and not by name.
func (e evidence) asker() string {
	p, ok := e.book.Person(e.party.Person)
	if !ok {
		return "somebody outside the company"
	}
	for _, id := range p.Teams {
		if t, ok := e.book.Team(id); ok {
			return "a colleague of " + t.Name
		}
	}
	return "a colleague"
}

func (e evidence) who() []string {
	since := e.req.ReceivedAt
	for _, r := range e.same {
		if r.ReceivedAt.Before(since) {
			since = r.ReceivedAt
		}
	}
	out := []string{"- Asked by " + e.asker() + " on " + e.day(e.req.ReceivedAt)}
	if since.Before(e.req.ReceivedAt) {
		out = append(out, "- First reported on "+e.day(since))
	}
	if names := e.customers(); len(names) > 0 {
		out = append(out, "- Customers: "+strings.Join(names, ", "))
	}
	if n := len(e.same); n > 0 {
		out = append(out, fmt.Sprintf("- %d requests about it so far", n+1))
	}
	if s, ok := e.book.Service(e.req.Service); ok {
		out = append(out, "- Service: "+s.Name)
	}
	line := "- Priority: " + string(e.req.Priority)
	if !e.req.DueAt.IsZero() {
		line += ", promised until " + e.day(e.req.DueAt)
	}
	return append(out, line)
}

func (e evidence) day(t time.Time) string { return t.In(e.zone).Format("2 January 2006, 15:04 MST") }

// customers are the customers whom it hurts, with their tiers.
func (e evidence) customers() (out []string) {
	for _, r := range append([]Request{e.req}, e.same...) {
		c, ok := e.book.Customer(r.Customer)
		if !ok {
			continue
		}
		name := c.Name
		if c.Tier != "" {
			name += " (" + c.Tier + ")"
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// filled is what the form asked for, in its order.
func (e evidence) filled() (out []string) {
	for _, in := range e.kind.Inputs {
		v := e.req.Fields[in.Name]
		if v == nil || v == "" || v == e.req.Customer || v == e.req.Service {
			continue
		}
		out = append(out, fmt.Sprintf("- %s: `%s`", in.Title(), strings.ReplaceAll(withoutAddresses(plain.Line(fmt.Sprint(v))), "`", "'")))
	}
	return out
}

func (e evidence) tried() (out []string) {
	for _, r := range e.runs {
		line := fmt.Sprintf("- %s (%s): %s", r.Definition.Title, r.Ref(), strings.ReplaceAll(string(r.State), "_", " "))
		if r.Result.Summary != "" {
			line += ". " + withoutAddresses(plain.Line(r.Result.Summary))
		}
		out = append(out, line)
	}
	return out
}

var webAddress = regexp.MustCompile(`https?://[^\s<>"')\]]+`)

// links are the addresses that were named, and the files that lie in Frontline: what is in them stays there.
func (e evidence) links() (out []string) {
	for _, m := range e.asked {
		for _, at := range webAddress.FindAllString(m.Text.Body, packLinks) {
			line := "- " + strings.TrimRight(at, ".,;:!?")
			if !slices.Contains(out, line) && len(out) < packLinks {
				out = append(out, line)
			}
		}
	}
	for _, m := range e.asked {
		for _, f := range m.Files {
			out = append(out, fmt.Sprintf("- File `%s` (%d kB) in %s", strings.ReplaceAll(f.Name, "`", "'"), (f.Size+1023)/1024, e.link))
		}
	}
	return out
}

// alike are requests like this one that everybody may read.
func (e evidence) alike() (out []string) {
	for _, n := range e.similar {
		kind, _ := e.book.RequestType(n.Request.Type)
		if kind.Visibility == people.TeamOnly {
			continue
		}
		line := "- " + n.Request.Name() + ", " + e.day(n.Request.ReceivedAt)
		if n.Request.State == Closed {
			line += ", closed: " + strings.ReplaceAll(string(n.Request.Outcome), "_", " ")
		}
		if len(n.Because) > 0 {
			line += "; same words: " + strings.Join(n.Because, ", ")
		}
		out = append(out, line+". "+e.others(n.Request))
	}
	return out
}

// joinedText says how many requests hang on an escalation by now, and which customers it hurts.
func (d *Escalations) joinedText(ctx context.Context, e Escalation) (string, error) {
	links, err := d.DB.Escalated(ctx, e.ID)
	if err != nil {
		return "", err
	}
	book, err := d.Desk.Book(ctx)
	if err != nil {
		return "", err
	}
	all := make([]Request, len(links))
	for i, l := range links {
		all[i] = l.Now
	}
	if len(all) == 0 {
		return "No request hangs on this any more.", nil
	}
	of := evidence{req: all[0], same: all[1:], book: book}
	text := fmt.Sprintf("One more request is about this: **%d** by now.", len(all))
	if names := of.customers(); len(names) > 0 {
		text += fmt.Sprintf("\n\nCustomers (%d): %s", len(names), strings.Join(names, ", "))
	}
	last := all[len(all)-1]
	if kind, _ := book.RequestType(last.Type); kind.Visibility != people.TeamOnly {
		text += fmt.Sprintf("\n\nThe newest is %s: %s", last.Name(), d.Desk.Link(last))
	}
	return text, nil
}
