package desk

import (
	"slices"
	"time"

	"frontline/journal"
)

// MessageKind says who may read a message, and what it is.
type MessageKind string

// The kinds. Only a Reply leaves the desk.
const (
	Question MessageKind = "question" // from the asker, or somebody else outside the desk
	Reply    MessageKind = "reply"    // to the asker, and to whoever asked the same
	Note     MessageKind = "note"     // among ourselves
)

// Message is one part of a conversation.
type Message struct {
	ID      string       `json:"id"`
	Request string       `json:"request"`
	Kind    MessageKind  `json:"kind"`
	By      string       `json:"by"`              // a person's id; empty when it came from outside
	Party   string       `json:"party,omitempty"` // who asks; empty for what the desk wrote
	At      time.Time    `json:"at"`
	Text    journal.Text `json:"text"`
	Cut     string       `json:"cut,omitempty"` // what was taken out of the text: quoted mail and a signature
	Channel string       `json:"channel"`
	Ref     string       `json:"ref,omitempty"` // the channel's own id of it; unique in the channel
	Files   []File       `json:"files,omitempty"`
}

// File is something attached to a message.
type File struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"` // media type, as we found it; the sender's word is not believed
	Size    int64  `json:"size"` // bytes
	Hash    string `json:"hash"` // SHA-256, hex
	Body    []byte `json:"-"`    // of a new one
	Request string `json:"request,omitempty"`
}

// Limits of what comes in. More is refused, or, from mail, kept out with a line that says so.
const (
	longestTitle = 300
	longestText  = 200_000 // characters
	LargestFile  = 10 << 20
	MostFiles    = 20
)

// SendState is where a message to somebody outside stands.
type SendState string

// The states of a send.
const (
	Sending SendState = "waiting"
	Sent    SendState = "sent"   // the channel took it and gave a receipt
	Failed  SendState = "failed" // given up
)

// Send is one message to one party over one channel: a row of the ledger, so that everybody sees what was received and what was not.
type Send struct {
	ID      string    `json:"id"`
	Request string    `json:"request"` // whose channel and thread are used: of a duplicate, its own
	Message string    `json:"message"`
	Party   string    `json:"party"`
	Channel string    `json:"channel"`
	State   SendState `json:"state"`
	Tries   int       `json:"tries"`
	MadeAt  time.Time `json:"made_at"`
	EndedAt time.Time `json:"ended_at,omitzero"`
	Receipt string    `json:"receipt,omitempty"`
	Error   string    `json:"error,omitempty"` // the last failure, for people
}

// Conversation is what was said about a request, oldest first, together with what was said in its duplicates.
type Conversation struct {
	Request    Request
	Duplicates []Request
	Hanging    []Request // that this one's solution answers
	Messages   []Message
	Sends      []Send
	Parties    map[string]Party
	Entries    []journal.Entry // what else happened to it
	Present    []Presence
	Draft      Draft     // of whoever reads
	WordsUntil time.Time // when its words go; zero when they stay, or are gone
}

// Outside returns the conversation without what the desk keeps to itself.
func (c Conversation) Outside() Conversation {
	c.Messages = slices.DeleteFunc(slices.Clone(c.Messages), func(m Message) bool { return m.Kind == Note })
	c.Present, c.Entries = nil, nil
	return c
}

// Presence is a person who has the request before them.
type Presence struct {
	Person string    `json:"person"`
	Typing bool      `json:"typing"`
	At     time.Time `json:"at"`
}

// Draft is what a person has begun to write and not sent. It is never lost: not by leaving the screen, not by a change of the request.
type Draft struct {
	Request string      `json:"request"`
	Person  string      `json:"person"`
	Kind    MessageKind `json:"kind"`
	Body    string      `json:"body"`
	At      time.Time   `json:"at"`
	Said    int         `json:"said"` // how many messages there were when it was begun
}
