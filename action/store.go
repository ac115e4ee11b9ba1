package action

import (
	"context"
	"time"

	"frontline/catalog"
	"frontline/journal"
	"frontline/people"
)

// Runs is where runs are written. store implements it.
type Runs interface {
	// AddRun stores a planned run, gives it its id, number and time, and records what follows from it. When a run stands at its place in a flow
	// already, that one is returned and nothing is stored.
	AddRun(ctx context.Context, r Run, follows func(Run) journal.Consequences) (Run, error)
	// ChangeRun lets decide change a run in one transaction. No other change of this run, and no start in its lane, happens meanwhile.
	// It returns the run as decided. A run that does not exist is NotFound.
	ChangeRun(ctx context.Context, id string, decide func(Current) (Run, journal.Consequences, error)) (Run, error)
	// StartRun is ChangeRun for a start: decide sees also what was taken from the starter's budget, and for break-glass whether an earlier one
	// waits for its review. No other start that is taken from the same budget, and no other break-glass of the action or the person, happens
	// meanwhile.
	StartRun(ctx context.Context, id string, who Starter, decide func(Current) (Run, journal.Consequences, error)) (Run, error)
	Pages
	// Subscribe returns the topics that changed ("run:ID"; "*" when unknown), until ctx ends.
	Subscribe(ctx context.Context) <-chan []string
}

// Pages is where a ledger is written: by the server into its database, by a runner in another network through the server.
type Pages interface {
	// CommitStep adds a step, with what it keeps or removes, and returns the id of what it keeps. It is a Conflict when the
	// holder no longer holds the run.
	CommitStep(ctx context.Context, s StepOf, c journal.Consequences) (string, error)
	// AddOutput appends lines and sets the progress. It is a Conflict when the holder no longer holds the run.
	AddOutput(ctx context.Context, run, holder string, lines []Line, p Progress) error
	// AddFile keeps a file of the run and returns its id. It is a Conflict when the holder no longer holds the run.
	AddFile(ctx context.Context, run, holder string, f File, body []byte) (string, error)
}

// Starter is who starts a run.
type Starter struct {
	Purse  string  // whose budget it is taken from
	Budget *Budget // of one purse over all actions; nil when there is none
	Person string
	Glass  bool // by break-glass
}

// StepOf is a step to commit.
type StepOf struct {
	Run      string
	Holder   string
	Step     Step
	Keep     *Kept  // put into quarantine with the step
	Removed  string // what in quarantine has left its neighbour with the step
	Replayed string // what in quarantine is back in its neighbour with the step
}

// Records is where runs are read.
type Records interface {
	// ActionRun finds a run by its id or short name ("RUN-884"); NotFound when there is none.
	ActionRun(ctx context.Context, ref string) (Run, error)
	// ActionRuns lists runs, newest first.
	ActionRuns(ctx context.Context, f RunFilter) ([]Run, error)
	// RunSteps returns the committed steps in order.
	RunSteps(ctx context.Context, run string) ([]Step, error)
	// RunOutput returns lines from the given number on, about limit of them.
	RunOutput(ctx context.Context, run string, from int64, limit int) ([]Line, error)
	// RunFile returns a file of the run with its content; NotFound when there is none.
	RunFile(ctx context.Context, run, id string) (File, []byte, error)
	// RunEnds returns how runs ended since a time, newest first; of all actions when action is empty.
	RunEnds(ctx context.Context, action string, since time.Time, limit int) ([]RunEnd, error)
	// SavedRuns returns runs that ended since a time, did their work and helped, and were not taken back, newest first; of all actions when
	// action is empty.
	SavedRuns(ctx context.Context, action string, since time.Time, limit int) ([]SavedRun, error)
}

// RunFilter narrows a list of runs; empty fields do not.
type RunFilter struct {
	For    journal.Subject
	Action string
	States []State
	Flow   string // only the steps of this flow
	Asking bool   // only flows that wait for an answer
	Open   bool   // only those by break-glass that nobody has reviewed
	Before int64  // runs with a smaller number: the next page
	Limit  int    // 50 when zero
}

// RunEnd is how one run ended.
type RunEnd struct {
	Action string
	State  State
	Took   time.Duration
}

// Shelf is what lies around runs: what was taken out, old versions, and what got stuck.
type Shelf interface {
	// QuarantineItems lists what is kept, newest first; envelopes are left out.
	QuarantineItems(ctx context.Context, f KeptFilter) ([]Kept, error)
	// QuarantineItem returns one thing with its envelope; NotFound when there is none.
	QuarantineItem(ctx context.Context, id string) (Kept, error)
	// ChangeKept lets decide change one thing in one transaction, and returns it as decided, without its envelope. One that is dropped loses its
	// envelope.
	ChangeKept(ctx context.Context, id string, decide func(Kept) (Kept, journal.Consequences, error)) (Kept, error)
	// ActionVersions lists the versions of an action that were ever planned, newest first.
	ActionVersions(ctx context.Context, action string) ([]Versioned, error)
	// StrayRuns returns the ids of runs that say they are running and that no job stands for.
	StrayRuns(ctx context.Context) ([]string, error)
	// IdleFlows returns the ids of flows that are running, that no job will take on and no run of a step will wake.
	IdleFlows(ctx context.Context) ([]string, error)
	// ForgetSealed drops the secret inputs of runs in the state that were planned before the time.
	ForgetSealed(ctx context.Context, state State, before time.Time) error
}

// KeptFilter narrows a list of quarantined things; empty fields do not.
type KeptFilter struct {
	Run    string
	Owner  string // a team
	States []KeptState
	Until  time.Time // only what expires before
	Warned time.Time // only what was warned about before
	Quiet  bool      // only what was not warned about
	Limit  int       // 100 when zero
}

// Versioned is a definition as it was, and when it was first planned.
type Versioned struct {
	Definition
	Version string
	FirstAt time.Time
}

// Directory is what is configured, as it is now. config.Book implements it.
type Directory interface {
	Action(id string) (Definition, bool)
	Actions() []Definition
	Service(id string) (catalog.Service, bool)
	Person(id string) (people.Person, bool)
	People() []people.Person
}

// Box seals secret inputs for the time between plan and run. A sealed text is no use without the installation's key.
type Box interface {
	Seal(plain []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
}
