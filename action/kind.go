// Package action answers how we do it safely: definitions, typed inputs, plan, run with live output, result.
package action

import (
	"context"
	"encoding/json"
	"time"

	"frontline/secret"
)

// Kind is a sort of work that a definition may name ("exec", "rabbitmq.park"). Permission, approval, limits,
// journal, masking and the lease are the Runner's; a kind only knows its neighbour. actiontest is its conformance suite.
type Kind interface {
	// Name is what a definition writes as kind.
	Name() string
	// Check says whether the definition's settings make sense, without touching the neighbour. Faults name the setting.
	Check(settings json.RawMessage) error
	// Plan looks, changes nothing, and says what Do would do.
	Plan(ctx context.Context, call Call) (Plan, error)
	// Do carries out exactly the plan, or fails with a Conflict fault when the world has moved since. Every step that
	// must be known after a crash is committed to the ledger before the next begins; a run without a committed step is taken
	// to have had no effect. When Do fails after a step with an Unavailable or Internal fault, or because ctx ended,
	// Reconcile is asked what became of it; any other fault is the final word.
	Do(ctx context.Context, call Call, plan Plan, led Ledger) (Result, error)
	// Reconcile is called after a crash, or when people ask again, with the committed steps: it looks, and says what became of
	// the run. It never does the work a second time.
	Reconcile(ctx context.Context, call Call, plan Plan, steps []Step, led Ledger) (Result, error)
}

// Call is one use of a kind: which settings, with which inputs.
type Call struct {
	Run      string          // the run's id; empty while planning outside a run
	Settings json.RawMessage // from the definition; a secret among them is still its reference, "env:NAME"
	Inputs   map[string]any  // checked against the definition's inputs; without the secret ones
	// Secrets holds the values by name: each setting that is a reference ("password", "broker.password"), each name under the
	// definition's secrets, each input of type secret.
	Secrets map[string]secret.Text
	Actor   string // the person's id, for the neighbour's own log
	Reason  string
}

// Plan is what would happen, as a table people read before they say yes.
type Plan struct {
	Summary string          `json:"summary"` // one sentence
	Changes []Change        `json:"changes"`
	Costs   []string        `json:"costs,omitempty"`   // what it costs others, one sentence each
	Undo    string          `json:"undo,omitempty"`    // how it can be taken back, and until when
	Nothing bool            `json:"nothing,omitempty"` // there is nothing to do
	Tables  []Table         `json:"tables,omitempty"`  // what was looked at, so that people can choose otherwise
	Private json.RawMessage `json:"private,omitempty"` // what Do needs to find the same world again (fingerprints, versions); shown to nobody, and never a secret
	At      time.Time       `json:"at"`
}

// Change is one line of a plan.
type Change struct {
	What  string `json:"what"`
	Now   string `json:"now"`
	After string `json:"after"`
	Count int    `json:"count"`
	Undo  string `json:"undo,omitempty"`
}

// Result is what became of it.
type Result struct {
	Summary string            `json:"summary"`           // one sentence for the timeline
	Done    bool              `json:"done"`              // it had its effect
	Unknown bool              `json:"unknown,omitempty"` // nobody can say whether it had: people must look
	Facts   map[string]any    `json:"facts,omitempty"`   // numbers and ids for the journal
	Tables  []Table           `json:"tables,omitempty"`
	Links   map[string]string `json:"links,omitempty"`
}

// Table is a result people read.
type Table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Step is a committed step of a run.
type Step struct {
	Name    string
	Payload []byte
	At      time.Time
}

// Ledger is how a kind makes its progress durable and visible. A step's name is a fixed word ("captured"); its payload never
// holds a secret. A Conflict fault means that another process has taken the run over: stop at once, change nothing more.
type Ledger interface {
	// Commit returns once the step and its payload are durable.
	Commit(ctx context.Context, step string, payload []byte) error
	// Quarantine keeps what was taken out of a neighbour and returns its id once it is durable. It is part of the step it is
	// committed with, whose payload is the fingerprint.
	Quarantine(ctx context.Context, step string, q Quarantined) (string, error)
	// Removed commits the step after which what is kept under the id has left its neighbour for good; its payload
	// is that id.
	Removed(ctx context.Context, step, quarantined string) error
	// Progress says how far it is, for people: done of total (0 when unknown).
	Progress(done, total int, what string)
	// Printf adds a line of output. Lines are written in batches; secrets are masked.
	Printf(format string, args ...any)
}

// Quarantined is something taken out of a neighbour and kept, so that it can be looked at and put back.
type Quarantined struct {
	Kind        string            // "rabbitmq.message"
	Origin      string            // where it was: "amqp://host/vhost/queue"
	Fingerprint string            // its identity
	Envelope    []byte            // the whole thing, typed, for putting it back
	Facts       map[string]string // what people recognise it by (message id, routing key, size)
}
