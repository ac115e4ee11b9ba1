// Package oncall answers who is reached, how, and did they get it: rotations, overrides, escalation policies, pages and the ledger of
// attempts. It pages about any subject and knows no alerts.
package oncall

import (
	"context"
	"time"
)

// Urgency is how loudly a page is sent.
type Urgency string

// The urgencies.
const (
	High Urgency = "high" // wakes
	Low  Urgency = "low"  // may wait for the morning
)

// Message is what a channel delivers to one contact.
type Message struct {
	Attempt string // the attempt's id: idempotency key for the provider, where it has one
	Title   string // one line
	Body    string // a few lines of plain text
	Urgency Urgency
	At      time.Time // when what it is about began, in the zone of the person who is reached
	Link    string    // opens the subject, and for a page carries the token that acknowledges
	Buttons []Button  // at most three
	Page    string    // the page's short name, "P-12", so that a person sees that two messages are one matter
}

// Button is something the person can press in the message itself.
type Button struct {
	Label string
	URL   string
	Post  bool // an HTTP POST at once (acknowledge); otherwise it opens URL
}

// Receipt is what the provider said when it took the message.
type Receipt struct {
	ID     string // the provider's id of the message; empty when it gives none
	Detail string // what it answered, for people: "250 2.0.0 queued as 4F1C"
}

// Channel delivers messages through one provider. channeltest is its conformance suite.
type Channel interface {
	// Name is what a contact writes as channel: "ntfy", "email".
	Name() string
	// Check says whether an address can be one of this channel's. The fault says what would be right.
	Check(address string) error
	// Send hands the message to the provider and returns its receipt. A fault of kind Unavailable or TooMany is worth another try
	// (fault.Error.After says when); any other kind is final for this contact, and the next one is tried at once.
	// The error never carries a secret.
	Send(ctx context.Context, address string, m Message) (Receipt, error)
}
