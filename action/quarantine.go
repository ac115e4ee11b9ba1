package action

import (
	"context"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// What is in quarantine may be the only copy there is, so nobody loses it without having been told: a warning stands in the journal well before
// it is dropped by time, and whoever drops it by hand says why.
const (
	warnBefore   = 48 * time.Hour // what is kept for less is warned about at once
	warnAtLeast  = 24 * time.Hour // between the warning and the end
	keptVerbs    = "quarantine."
	wordExpiring = keptVerbs + "expiring"
	wordDropped  = keptVerbs + "dropped"
)

// Kept is something in quarantine.
type Kept struct {
	ID     string
	Run    string
	Action string
	Owner  string // the team that decides what becomes of it
	// Visibility is that of the action at the time.
	Visibility people.Visibility
	Quarantined
	State      KeptState
	CapturedAt time.Time
	RemovedAt  time.Time
	ReplayedAt time.Time
	ExpiresAt  time.Time
	WarnedAt   time.Time // when it was said that it will be dropped
	DroppedAt  time.Time
	DroppedBy  string // a person; empty when its time was over
	DropReason string
}

// Subject is what people.May is asked about.
func (k Kept) Subject() people.Subject {
	return people.Subject{Kind: "quarantine", ID: k.ID, Team: k.Owner, Visibility: k.Visibility}
}

// KeptState says where a quarantined thing is.
type KeptState string

// The states of quarantined things.
const (
	Captured KeptState = "captured" // copied here; it may still be in its neighbour as well
	Removed  KeptState = "removed"  // only here
	Replayed KeptState = "replayed" // put back
	Dropped  KeptState = "dropped"  // gone for good; only what it was is still known
)

// Here says whether it can still be put back.
func (k Kept) Here() bool { return k.State == Captured || k.State == Removed }

// Soon says whether it will be dropped within two days unless it is put back.
func (k Kept) Soon(now time.Time) bool { return k.Here() && k.ExpiresAt.Before(now.Add(warnBefore)) }

// ends is when time drops it: never before it was warned about for a day.
func (k Kept) ends() time.Time {
	if told := k.WarnedAt.Add(warnAtLeast); told.After(k.ExpiresAt) {
		return told
	}
	return k.ExpiresAt
}

func (k Kept) entry(by journal.Actor, verb string, facts map[string]any) journal.Entry {
	facts["action"], facts["run"] = k.Action, k.Run
	return journal.Entry{Actor: by, Verb: verb, Subject: journal.Of("quarantine", k.ID), Facts: facts}.With(journal.Of("run", k.Run))
}

// warn decides that people are told.
func warn(now time.Time) func(Kept) (Kept, journal.Consequences, error) {
	return func(k Kept) (Kept, journal.Consequences, error) {
		if !k.Soon(now) || !k.WarnedAt.IsZero() {
			return k, journal.Consequences{}, nil
		}
		k.WarnedAt = now
		return k, journal.Consequences{Entries: []journal.Entry{k.entry(journal.By(people.System("job")), wordExpiring, map[string]any{"at": k.ends().Unix()})}}, nil
	}
}

// expire decides that its time is over.
func expire(now time.Time) func(Kept) (Kept, journal.Consequences, error) {
	return func(k Kept) (Kept, journal.Consequences, error) {
		if !k.Here() || k.WarnedAt.IsZero() || now.Before(k.ends()) {
			return k, journal.Consequences{}, nil
		}
		k.State, k.DroppedAt, k.Envelope = Dropped, now, nil
		return k, journal.Consequences{Entries: []journal.Entry{k.entry(journal.By(people.System("job")), wordDropped, map[string]any{"by": "time"})}}, nil
	}
}

// drop decides that a person lets go of it.
func drop(by people.Actor, reason string, now time.Time) func(Kept) (Kept, journal.Consequences, error) {
	return func(k Kept) (Kept, journal.Consequences, error) {
		switch k.State {
		case Replayed:
			return k, journal.Consequences{}, fault.New(fault.Conflict, "It was put back already, so there is nothing left to drop. It is forgotten by itself.")
		case Dropped:
			return k, journal.Consequences{}, fault.New(fault.Conflict, "It was dropped already.")
		}
		k.State, k.DroppedAt, k.DroppedBy, k.DropReason, k.Envelope = Dropped, now, by.ID, reason, nil
		return k, journal.Consequences{Entries: []journal.Entry{k.entry(journal.By(by), wordDropped, map[string]any{"by": "hand"})}}, nil
	}
}

// MayDrop says whether somebody may let go of it: a lead, and of the team that owns it; or an admin.
func (k Kept) MayDrop(by people.Actor) error {
	if err := people.May(by, people.DropQuarantined, k.Subject()); err != nil {
		return err
	}
	owners := k.Subject()
	owners.Allow = map[people.Verb][]people.Who{people.DropQuarantined: {people.Who("team:" + k.Owner)}}
	return people.May(by, people.DropQuarantined, owners)
}

// Drop lets go of something in quarantine for good: its content is deleted, and what it was stays on record with the reason. Leads of the team
// that owns it may, and admins.
func (r *Runner) Drop(ctx context.Context, by people.Actor, id, reason string) (Kept, error) {
	k, err := r.Item(ctx, by, id)
	if err != nil {
		return Kept{}, err
	}
	if err := k.MayDrop(by); err != nil {
		return Kept{}, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Kept{}, fault.Wrong("reason", "Say in a sentence why nobody needs it any more: it cannot be had back.")
	}
	if err := checkWords("reason", reason); err != nil {
		return Kept{}, err
	}
	return r.Shelf.ChangeKept(ctx, id, drop(by, reason, r.Clock.Now()))
}
