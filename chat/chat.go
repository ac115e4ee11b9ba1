// Package chat answers where people talk with us in a messenger: which of its channels take requests and how, which thread shows what, and
// which of the messenger's calls we have taken already. It knows no messenger; integration/slack is one.
package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
)

// Way is how something that is written in a channel becomes a request.
type Way string

// The ways.
const (
	ByCommand  Way = "command"  // /ask
	ByShortcut Way = "shortcut" // of a message: "Make a request"
	ByMention  Way = "mention"  // our name is in it
	ByEmoji    Way = "emoji"    // somebody reacts to it with one of the channel's emoji
	ByMessage  Way = "message"  // whatever is written in the channel
)

// Ways lists the ways.
func Ways() []Way { return []Way{ByCommand, ByShortcut, ByMention, ByEmoji, ByMessage} }

// Telling is what of a request's life is told in its thread, beside what is said to its asker.
type Telling string

// What can be told.
const (
	TellAccepted Telling = "accepted"
	TellWaiting  Telling = "waiting"
	TellClosed   Telling = "closed"
)

// Tellings lists what can be told.
func Tellings() []Telling { return []Telling{TellAccepted, TellWaiting, TellClosed} }

// Channel is a channel of the messenger in which we work. In one that is not configured, only what somebody does on purpose works: the command
// and the shortcut.
type Channel struct {
	ID        string    `json:"id" yaml:"id"`
	Channel   string    `json:"channel" yaml:"channel"`                 // the messenger's own id of it: "C0123ABCD"
	Title     string    `json:"title" yaml:"title"`                     // "#help-verification"
	Take      []Way     `json:"take,omitempty" yaml:"take,omitempty"`   // command, shortcut and mention when empty
	Emoji     []string  `json:"emoji,omitempty" yaml:"emoji,omitempty"` // for ByEmoji, without colons: "ticket"
	Type      string    `json:"type,omitempty" yaml:"type,omitempty"`   // of requests that are made without a form
	Team      string    `json:"team,omitempty" yaml:"team,omitempty"`   // which works on them, where the type does not say so
	Answers   *bool     `json:"answers,omitempty" yaml:"answers,omitempty"`
	Tell      []Telling `json:"tell,omitempty" yaml:"tell,omitempty"`
	Incidents bool      `json:"incidents,omitempty" yaml:"incidents,omitempty"` // incidents are told here
	Thanks    *bool     `json:"thanks,omitempty" yaml:"thanks,omitempty"`       // people may thank each other here by an emoji; yes when it says nothing
}

// Takes says whether requests are made this way here.
func (c Channel) Takes(w Way) bool {
	if len(c.Take) == 0 {
		return w == ByCommand || w == ByShortcut || w == ByMention
	}
	return slices.Contains(c.Take, w)
}

// Offers says whether known answers are offered in the threads here.
func (c Channel) Offers() bool { return c.Answers == nil || *c.Answers }

// Thanking says whether people may thank each other by an emoji here.
func (c Channel) Thanking() bool { return c.Thanks == nil || *c.Thanks }

// Check returns what is wrong with the channel by itself.
func (c Channel) Check() []fault.Field {
	var x define.Checks
	x.ID("id", c.ID)
	x.Name("title", c.Title)
	x.Want(placed(c.Channel), "channel", "Write the messenger's own id of the channel, such as C0123ABCD: it stands at the end of the channel's details.")
	for i, w := range c.Take {
		x.Want(slices.Contains(Ways(), w), fmt.Sprintf("take[%d]", i), "Requests are taken by command, shortcut, mention, emoji or message; %q is none of them.", w)
	}
	x.Want(c.Takes(ByEmoji) == (len(c.Emoji) > 0), "emoji", "take: [emoji] and the list of emoji go together, such as emoji: [ticket].")
	for i, t := range c.Tell {
		x.Want(slices.Contains(Tellings(), t), fmt.Sprintf("tell[%d]", i), "A thread is told accepted, waiting or closed; %q is none of them.", t)
	}
	return x.Fields
}

// placed says whether s can be a channel's id: capital letters and digits.
func placed(s string) bool {
	if len(s) < 3 || len(s) > 30 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	return !slices.ContainsFunc([]rune(s), func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

// Refs names what the channel refers to.
func (c Channel) Refs() []define.Ref {
	var refs []define.Ref
	if c.Type != "" {
		refs = append(refs, define.Ref{Field: "type", Kind: "request_type", ID: c.Type})
	}
	if c.Team != "" {
		refs = append(refs, define.Ref{Field: "team", Kind: "team", ID: c.Team})
	}
	return refs
}

// Purpose is what a message in the messenger is for.
type Purpose string

// The purposes.
const (
	Thread   Purpose = "thread"   // what is said below it belongs to the subject
	Approval Purpose = "approval" // it asks one person for a yes
	Mirror   Purpose = "mirror"   // it repeats what was said elsewhere
)

// Post is a message in the messenger that shows something of ours. It holds no words.
type Post struct {
	Place   string // the channel's id
	TS      string // the messenger's id of the message in it
	Purpose Purpose
	Subject journal.Subject
	Of      string // whom it asks, or what it repeats; of an incident's message, the thread that it stands in; may be empty
	At      time.Time
}

// Store keeps what we know of the messenger. store implements it.
type Store interface {
	// TakeCall writes down that a call of the messenger was taken, by the messenger's own id of it, together with the jobs that work it off. It
	// returns false, and writes nothing, when it was known.
	TakeCall(ctx context.Context, id string, jobs ...job.New) (fresh bool, err error)
	// PutPost writes down what a message shows; the first word about a message stands.
	PutPost(ctx context.Context, p Post) error
	// PostAt returns what a message shows; false when it is none of ours.
	PostAt(ctx context.Context, place, ts string) (Post, bool, error)
	// PostsOf returns the messages that show a subject for the purpose, oldest first.
	PostsOf(ctx context.Context, s journal.Subject, p Purpose) ([]Post, error)
}

// Follow is how what happened is followed to the messenger.
type Follow interface {
	// SealedAfter returns sealed entries with a number above seq, in order.
	SealedAfter(ctx context.Context, seq int64, limit int) ([]journal.Entry, error)
	// ChatCursor returns the number of the last entry that was followed, -1 before the first time, and of the journal's newest one.
	ChatCursor(ctx context.Context) (at, end int64, err error)
	// FollowChat moves the cursor and writes the jobs, in one transaction. It is a Conflict when the cursor is elsewhere: another replica was faster.
	FollowChat(ctx context.Context, from, to int64, jobs []job.New) error
	// ForgetCalls forgets calls that were taken before the time.
	ForgetCalls(ctx context.Context, before time.Time) error
}

// CallArgs is a call of the messenger as it came.
type CallArgs struct {
	Kind string          `json:"kind"` // "event", "action"
	Body json.RawMessage `json:"body"`
}

// JobCall works off one call. It may run twice; all that it does is recognised by the messenger's own ids.
func JobCall() job.Kind[CallArgs] {
	return job.Kind[CallArgs]{Name: "chat.call", Limit: 30 * time.Second, Back: quickly}
}

// ShowArgs names what is shown in the messenger and has changed.
type ShowArgs struct {
	Kind string `json:"kind"` // "page", "run", "incident"
	ID   string `json:"id"`
}

// JobShow brings every message that shows something up to date.
func JobShow() job.Kind[ShowArgs] {
	return job.Kind[ShowArgs]{Name: "chat.show", Limit: time.Minute, Back: quickly}
}

// SayArgs names something new that is to be said in the threads of a subject.
type SayArgs struct {
	What string `json:"what"` // a fixed word
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Of   string `json:"of,omitempty"` // which of several: a message's id, a number, a person
	Once string `json:"once"`         // tells two of them apart: the entry that caused it
}

// JobSay says something new. It is at least once: a crash between the messenger's answer and our note of it says it again.
func JobSay() job.Kind[SayArgs] {
	return job.Kind[SayArgs]{Name: "chat.say", Limit: time.Minute, Back: quickly}
}

// quickly is the pause after try n: 1 s, 2 s, 4 s and so on, at most 2 min. The messenger may ask for longer.
func quickly(n int) time.Duration { return min(time.Second<<min(max(n-1, 0), 7), 2*time.Minute) }
