package runner

import (
	"context"
	"time"

	"frontline/action"
	"frontline/journal"
)

// Roll is who is enrolled. store implements it.
type Roll interface {
	// Runners lists runners by name, also revoked ones.
	Runners(ctx context.Context) ([]Runner, error)
	// RunnersWork lists the runs that runners work on.
	RunnersWork(ctx context.Context) ([]Work, error)
	// RunnerByID returns a runner; NotFound when there is none.
	RunnerByID(ctx context.Context, id string) (Runner, error)
	// AddRunnerToken keeps a token. It is a Conflict when a runner of the name may work.
	AddRunnerToken(ctx context.Context, t Token, follows journal.Consequences) error
	// Enrol uses up the token with the hash: decide says which runner it makes. A hash that is not there, or whose time is up, is Unauthenticated.
	Enrol(ctx context.Context, hash string, decide func(t Token, now time.Time) (Runner, journal.Consequences, error)) (Runner, error)
	// RevokeRunner ends a runner at once, and everything that it holds is lost.
	RevokeRunner(ctx context.Context, id string, decide func(r Runner, now time.Time) (Runner, journal.Consequences, error)) (Runner, error)
}

// Board is where assignments lie. store implements it.
type Board interface {
	// Assign writes an assignment, gives it its id and tells the runners.
	Assign(ctx context.Context, a Assignment) (Assignment, error)
	// Assignment returns one; NotFound when there is none.
	Assignment(ctx context.Context, id string) (Assignment, error)
	// LastAssignment is the newest of a run for a step; false when there is none.
	LastAssignment(ctx context.Context, run string, step action.OrderStep) (Assignment, bool, error)
	// ChangeAssignment lets decide change an assignment in one transaction.
	ChangeAssignment(ctx context.Context, id string, decide func(Change) (Assignment, journal.Consequences, error)) (Assignment, error)
	// ForgetAssignments deletes those that ended before the time.
	ForgetAssignments(ctx context.Context, before time.Time) error
}

// Beat is one poll of a runner.
type Beat struct {
	Runner  string // id
	Boot    string
	Version string
	Sandbox string
	Policy  string
	Room    int           // how many more it takes
	Lease   time.Duration // how long it may be silent from now on
}

// Calls is what runners do to the server. store implements it: each call is one transaction, which holds the assignment.
type Calls interface {
	// UseNonce remembers a nonce of the runner until a time; false when it was used before.
	UseNonce(ctx context.Context, runner, nonce string, until time.Time) (bool, error)
	// Beat notes that the runner is there, gives up what an earlier process of it held, lets it take up to Room assignments, and returns all that it
	// holds, whether it was there within its lease before, and as what it is known. A process that a later one has replaced is refused.
	Beat(ctx context.Context, b Beat) (held []Assignment, appeared bool, err error)
	// StepFor commits a step as CommitStep does, for the process that holds the assignment. call numbers its ledger calls from 1: the same call again
	// changes nothing and returns the same.
	StepFor(ctx context.Context, h Hold, call int64, s action.StepOf, c journal.Consequences) (string, error)
	// OutputFor appends lines, of which the runner has sent after before: what of them is here already is left out.
	OutputFor(ctx context.Context, h Hold, after int64, lines []action.Line, p action.Progress) error
	// FileFor keeps a file, as StepFor a step.
	FileFor(ctx context.Context, h Hold, call int64, f action.File, body []byte) (string, error)
}

// Changes tells what was written. store implements it.
type Changes interface {
	// Subscribe returns the topics that changed ("assignment:ID"; "*" when unknown), until ctx ends.
	Subscribe(ctx context.Context) <-chan []string
	// WaitingFor says whether the runner could take an assignment, or has to stop one.
	WaitingFor(ctx context.Context, r Runner, known []string) (bool, error)
	// Unsettled are the runs that are unknown and that runners have worked on.
	Unsettled(ctx context.Context) ([]action.Run, error)
}

// Store is all of it.
type Store interface {
	Roll
	Board
	Calls
	Changes
}
