package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/secret"
)

// TrackerDefinition is where developers keep their issues, and how we reach it.
type TrackerDefinition struct {
	ID       string     `json:"id" yaml:"id"`
	Name     string     `json:"name" yaml:"name"`
	Kind     string     `json:"kind" yaml:"kind"`                           // "github", "gitlab", "jira": a kind that app knows
	Address  string     `json:"address" yaml:"address"`                     // of its API's server: https://api.github.com
	Project  string     `json:"project" yaml:"project"`                     // "verity/decision-pipeline", or the key of a Jira project
	User     string     `json:"user,omitempty" yaml:"user,omitempty"`       // whose token it is, where the tracker wants to know: the mail address of an account of Jira Cloud
	Token    secret.Ref `json:"token" yaml:"token"`                         // env:, file:, or stored: of the team
	Webhook  secret.Ref `json:"webhook,omitempty" yaml:"webhook,omitempty"` // with which the tracker signs what it sends; without one we only ask it
	Team     string     `json:"team" yaml:"team"`                           // the developers' team; stored secrets are its
	Teams    []string   `json:"teams,omitempty" yaml:"teams,omitempty"`     // whose requests may go there; every team's when empty
	Services []string   `json:"services,omitempty" yaml:"services,omitempty"`
	Labels   []string   `json:"labels,omitempty" yaml:"labels,omitempty"` // that new issues get
	Type     string     `json:"type,omitempty" yaml:"type,omitempty"`     // of new issues, where the tracker has types: "Bug"
	API      string     `json:"api,omitempty" yaml:"api,omitempty"`       // version, where there are several; the newest that the address has when empty
	Verdicts Verdicts   `json:"verdicts,omitzero" yaml:"verdicts,omitempty"`
}

// Verdicts are the tracker's own words for what developers found: labels, states and resolutions, whatever their letters' case. Those of an empty
// list are the usual ones.
type Verdicts struct {
	Confirmed []string `json:"confirmed,omitempty" yaml:"confirmed,omitempty"`
	NotABug   []string `json:"not_a_bug,omitempty" yaml:"not_a_bug,omitempty"`
	Duplicate []string `json:"duplicate,omitempty" yaml:"duplicate,omitempty"`
}

// Check returns what is wrong with the tracker by itself. What its kind wants beside this, config asks the kind.
func (d TrackerDefinition) Check() []fault.Field {
	var c define.Checks
	c.ID("id", d.ID)
	c.Name("name", d.Name)
	c.Link("address", d.Address)
	c.Want(d.Kind != "", "kind", "Say what it is: github, gitlab or jira.")
	c.Want(d.Project != "" && d.Project == strings.TrimSpace(d.Project) && len(d.Project) <= 200, "project", "Name the repository or project in which issues are opened.")
	c.Want(d.Team != "", "team", "Name the team of developers whose tracker it is.")
	refs := []struct {
		name string
		ref  secret.Ref
	}{{"token", d.Token}}
	if d.Webhook != "" {
		refs = append(refs, struct {
			name string
			ref  secret.Ref
		}{"webhook", d.Webhook})
	}
	for _, r := range refs {
		if err := r.ref.Check(); err != nil {
			c.Want(false, r.name, "%s", fault.Sentence(err))
		}
	}
	for i, l := range d.Labels {
		c.Want(strings.TrimSpace(l) != "" && len(l) <= 50, fmt.Sprintf("labels[%d]", i), "A label has 1 to 50 letters.")
	}
	return c.Fields
}

// Refs names what the tracker refers to.
func (d TrackerDefinition) Refs() []define.Ref {
	refs := []define.Ref{{Field: "team", Kind: "team", ID: d.Team}}
	refs = append(refs, define.Refs("teams", "team", d.Teams)...)
	return append(refs, define.Refs("services", "service", d.Services)...)
}

// Takes says whether the request may go there.
func (d TrackerDefinition) Takes(r Request) bool {
	return len(d.Teams) == 0 || slices.Contains(d.Teams, r.Team)
}

// Target is a tracker with the token that opens it.
type Target struct {
	TrackerDefinition
	Secret secret.Text
}

// Tracker speaks with one kind of tracker. A fault of kind Invalid, NotFound or TooLarge is final: the tracker understood and refused. Whatever else
// fails is tried again, not before the fault's After.
type Tracker interface {
	// Open opens an issue. When it was tried before, the issue that bears the mark is looked for first, so that there is never a second one.
	Open(ctx context.Context, t Target, n NewIssue) (Issue, error)
	// Comment writes below an issue and returns the comment's id. When it was tried before, the comment that bears the mark is looked for first.
	Comment(ctx context.Context, t Target, key string, n NewComment) (id string, err error)
	// Read returns an issue as it is, with what was said below it since the time.
	Read(ctx context.Context, t Target, key string, since time.Time) (Issue, error)
	// Changed returns the keys of issues that changed since the time.
	Changed(ctx context.Context, t Target, since time.Time) (keys []string, err error)
	// Hear checks that a call comes from the tracker, and says what it is about. A fault of kind Unauthenticated means that it does not.
	Hear(header func(name string) string, body []byte, shared secret.Text, now time.Time) (Heard, error)
}

// NewIssue is an issue to be opened.
type NewIssue struct {
	Mark   string // stands in the text, by which it is found again
	Title  string
	Text   string    // Markdown
	Again  bool      // it was tried before, and nobody knows what became of it
	Before time.Time // when it was first tried
}

// NewComment is a comment to be written.
type NewComment struct {
	Mark   string
	Text   string // Markdown
	Again  bool
	Before time.Time
}

// Issue is an issue as its tracker shows it.
type Issue struct {
	Key      string // by which the tracker's API finds it: "128", "PIPE-42"
	Name     string // what people call it: "verity/decision-pipeline#128"
	Address  string // where people read it
	Open     bool
	Status   string   // the tracker's word for its state: "In Progress"
	Words    []string // labels, and why it was closed: what a verdict is read from
	Version  string   // in which it is fixed; empty while nobody said
	Released bool     // that version is out
	Comments []IssueComment
}

// IssueComment is what somebody said below an issue.
type IssueComment struct {
	ID      string
	Author  string // as the tracker shows them
	At      time.Time
	Text    string // Markdown, or plain
	Program bool   // no person wrote it
}

// Heard is what a call of the tracker is about. It is a hint only: what is so, Read tells.
type Heard struct {
	Delivery string // the call's own id, the same when it is sent again
	Key      string // of the issue; empty when it is about none
}

// Mark is what stands in a text of ours, by which it is found again in the tracker and never taken for a developer's.
func Mark(id string) string { return "frontline:" + id }

// marked says whether a text is ours.
func marked(text string) bool {
	return strings.Contains(text, "frontline:") && markIn.MatchString(text)
}

// TrackerBook is which trackers are configured, as one moment saw it.
type TrackerBook interface {
	Tracker(id string) (TrackerDefinition, bool)
	Trackers() []TrackerDefinition // by name
}

// The usual words of verdicts.
func usualVerdicts() Verdicts {
	return Verdicts{
		Confirmed: []string{"confirmed", "bug confirmed", "triage/accepted"},
		NotABug:   []string{"not_planned", "not planned", "invalid", "wontfix", "won't fix", "won't do", "not a bug", "works as designed", "by design", "cannot reproduce", "declined", "rejected"},
		Duplicate: []string{"duplicate"},
	}
}

// judge reads from the tracker's words what developers found. An issue that was closed with none of them is fixed; an open one without them has no
// verdict yet.
func (v Verdicts) judge(i Issue) Verdict {
	usual := usualVerdicts()
	says := func(own, usual []string) bool {
		if len(own) == 0 {
			own = usual
		}
		return slices.ContainsFunc(i.Words, func(w string) bool {
			return slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(strings.TrimSpace(w), strings.TrimSpace(o)) })
		})
	}
	switch {
	case says(v.Duplicate, usual.Duplicate):
		return DuplicateIssue
	case says(v.NotABug, usual.NotABug):
		return NotABug
	case !i.Open:
		return FixedBug
	case says(v.Confirmed, usual.Confirmed):
		return ConfirmedBug
	}
	return ""
}

// Verdict is what developers found, as the tracker's words say.
func (i Issue) Verdict(v Verdicts) Verdict { return v.judge(i) }

// InOrder returns the issue with its comments in the order in which they were written, for trackers that list the newest first.
func (i Issue) InOrder() Issue {
	slices.SortStableFunc(i.Comments, func(a, b IssueComment) int { return a.At.Compare(b.At) })
	return i
}
