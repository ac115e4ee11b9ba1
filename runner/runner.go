// Package runner lets kinds of actions work in other networks: a runner there only dials out, carries out what its own policy allows, holds its
// own secrets, and keeps the run's ledger through the server.
//
// The server's side is Dispatch: it enrols runners, hands out assignments and takes in what comes of them. Dispatch.Kind stands in for a kind that is
// somewhere else, so that everything before and after it (permission, approval, limits, journal) is the same as for a kind that is here. The
// runner's side is Agent. How they reach each other is none of this package's business: integration/remote carries it over HTTPS, signed.
package runner

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
)

// Runner is a process of ours in another network, as the server knows it.
type Runner struct {
	ID        string
	Name      string // "berlin-1"
	Labels    map[string]string
	Key       ed25519.PublicKey
	AddedBy   string // the person who made its token
	AddedAt   time.Time
	RevokedAt time.Time // zero while it may work
	RevokedBy string

	// As it told at its last poll.
	Boot    string // of the process: a later process has a greater one
	Version string
	Sandbox string // the level that its host gives to commands
	Policy  string // what it runs, in a sentence
	SeenAt  time.Time
}

// Subject is what people.May is asked about.
func (r Runner) Subject() people.Subject { return people.Subject{Kind: "runner", ID: r.ID} }

// Fingerprint is how people compare the key of the runner with what the runner prints.
func (r Runner) Fingerprint() string { return Fingerprint(r.Key) }

// Carries says whether the runner has all the labels.
func (r Runner) Carries(labels map[string]string) bool {
	for name, value := range labels {
		if r.Labels[name] != value {
			return false
		}
	}
	return true
}

// Fingerprint names a public key, as people compare it: SHA-256 in base64, like OpenSSH's.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// ParseLabels reads labels as they are written in a line: "network=berlin,broker=yes".
func ParseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if err := action.CheckLabel(name, value); err != nil {
			return nil, err
		}
		if _, twice := labels[name]; twice {
			return nil, fault.New(fault.Invalid, "The label %s is given twice. Leave one out.", name)
		}
		labels[name] = value
	}
	if len(labels) > 32 {
		return nil, fault.New(fault.Invalid, "A runner carries at most 32 labels. Leave some out.")
	}
	return labels, nil
}

// LabelText is the reverse of ParseLabels, in order of the names.
func LabelText(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, name+"="+labels[name])
	}
	return strings.Join(parts, ", ")
}

// Token lets one runner enrol, once, until its time is up.
type Token struct {
	Hash   string // of the part that the server forgets
	Name   string // of the runner
	Labels map[string]string
	By     string
	Until  time.Time
}

// State says how far an assignment is.
type State string

// The states of assignments. Only a held one may be written to, by the process that holds it.
const (
	Waiting   State = "waiting"   // no runner has taken it
	Held      State = "held"      // a runner is at work
	Answered  State = "answered"  // it said what came of it
	Lost      State = "lost"      // whoever held it may write no more, and is not waited for
	Withdrawn State = "withdrawn" // no runner took it, and none can any more
)

// Assignment is one order as it is handed to one runner, at most once.
type Assignment struct {
	ID     string
	Run    string // empty outside a run
	Step   action.OrderStep
	Action string
	Labels map[string]string // a runner must carry all of these
	Only   string            // the one runner that may take it; empty: any
	State  State
	Order  []byte // sealed
	Reply  []byte // sealed

	Runner     string // the id of the runner that took it
	RunnerName string
	Boot       string    // of its process
	Until      time.Time // its lease: the runner has to be heard before
	CancelAt   time.Time // when somebody wanted it stopped

	Calls int64 // ledger calls so far
	Lines int64 // lines of output so far

	MadeAt  time.Time
	EndedAt time.Time
}

// open says whether somebody may still be at work.
func (a Assignment) open() bool { return a.State == Waiting || a.State == Held }

// Hold is what a runner's process shows to write to an assignment.
type Hold struct {
	Assignment string
	Runner     string // id
	Boot       string
}

// holds says whether the assignment is still in the hands of the process.
func (h Hold) holds(a Assignment) error {
	if a.State != Held || a.Runner != h.Runner || a.Boot != h.Boot {
		return ErrGone
	}
	return nil
}

// ErrGone is what a runner gets that no longer holds an assignment: it must stop, and change nothing more.
var ErrGone = fault.New(fault.Conflict, "This assignment is not yours any more. Stop what you do for it.")

// Change is what a decision about an assignment sees inside its transaction.
type Change struct {
	Assignment
	Run action.Run // that it belongs to; the zero one when there is none
	Now time.Time
}
