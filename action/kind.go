// Package action answers how we do it safely: definitions, typed inputs, plan, run with live output, result.
package action

import (
	"context"
	"encoding/json"
	"io"
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
	Scripts map[string]string    // the definition's scripts, by name: their contents
	Files   map[string]InputFile // each input of type file; among Inputs is its name
	Risk    Risk                 // of the definition: who is asked for read only looks
	Actor   string               // the person's id, for the neighbour's own log
	Reason  string
	Looks   bool // it is a look whether a run helped: the settings are those of the definition's check, and nothing is committed
	// Kept reads something in quarantine, with its envelope, that the team of the action owns; NotFound otherwise.
	Kept func(ctx context.Context, id string) (Kept, error) `json:"-"`
}

// Prover is a Kind that can prove afterwards that a run helped: the queue moves again, the new pod is ready.
type Prover interface {
	Kind
	// Prove looks, for minutes at most, whether a run that is done had the effect that people wanted. It changes nothing and commits no
	// step.
	Prove(ctx context.Context, call Call, plan Plan, result Result, led Ledger) (Finding, error)
}

// Careful is a Kind whose settings may do more than a definition of the risk may: a definition of risk read that would send a POST is refused.
type Careful interface {
	Kind
	// CheckRisk is asked after Check has taken the settings. Faults name the setting.
	CheckRisk(risk Risk, settings json.RawMessage) error
}

// Finding is what a look after the run found.
type Finding struct {
	Helped  bool           `json:"helped"`
	Summary string         `json:"summary"`         // one sentence; when it did not help, the next step
	Facts   map[string]any `json:"facts,omitempty"` // numbers and ids
	Tables  []Table        `json:"tables,omitempty"`
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
	Charts  []Chart           `json:"charts,omitempty"`
	Files   []File            `json:"files,omitempty"` // as Ledger.File returned them
	Links   map[string]string `json:"links,omitempty"`
	Check   *Finding          `json:"check,omitempty"` // whether it helped; the Runner's
	Undo    *Undo             `json:"undo,omitempty"`  // the run that would take this one back; nil when none can
}

// Undo offers a run that takes another one back. It is planned, approved and started like any other.
type Undo struct {
	Say      string         `json:"say"`  // what it would do, one sentence
	Kind     string         `json:"kind"` // may be another one than took the step
	Settings map[string]any `json:"settings,omitempty"`
	Inputs   map[string]any `json:"inputs,omitempty"` // strings, numbers and booleans; no secrets
	Within   time.Duration  `json:"within,omitempty"` // how long it is offered after the run's end; a day when zero
}

// Chart is a result people look at rather than read. Every series has one value for each label.
type Chart struct {
	Title  string   `json:"title"`
	Unit   string   `json:"unit,omitempty"`
	Labels []string `json:"labels"` // along the x axis
	Series []Series `json:"series"`
	Bars   bool     `json:"bars,omitempty"` // bars instead of lines
}

// Series is one line or one colour of bars in a chart.
type Series struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

// File is a file that belongs to a run.
type File struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"` // media type
	Size int64  `json:"size"` // bytes
	Hash string `json:"hash"` // SHA-256, hex
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
	// Replayed commits the step after which what is kept under the id is back in its neighbour; its payload is that id.
	Replayed(ctx context.Context, step, quarantined string) error
	// File keeps a file with the run, of at most 10 MB, for the Result to name. Its content is not masked: a kind gives no secret away.
	File(ctx context.Context, name, contentType string, body io.Reader) (File, error)
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
