// Package journal is the one append-only record of everything that happened. A request's history, an incident's timeline, the audit log
// and live screens are readings of it, never a second record.
package journal

import (
	"encoding/json"
	"time"

	"frontline/job"
	"frontline/people"
)

// Subject is what an entry is about.
type Subject struct {
	Kind string `json:"kind"` // "alert", "group", "incident", "run", "page", "person", "config", ...
	ID   string `json:"id"`
}

// Of returns a subject.
func Of(kind, id string) Subject { return Subject{Kind: kind, ID: id} }

// Entry is one thing that happened: who, what, about which subject, when, why, and facts in numbers and references. It
// never holds free text, names or inputs; text lives in a row of its own and the entry carries its salted hash.
type Entry struct {
	ID      string            `json:"id"`  // UUIDv7, given by the store
	Seq     int64             `json:"seq"` // order of the sealed journal; 0 until sealed
	At      time.Time         `json:"at"`
	Actor   Actor             `json:"actor"`
	Verb    string            `json:"verb"` // "alert.opened", "page.attempt_sent": wing or noun, then what happened in the past tense
	Subject Subject           `json:"subject"`
	About   Subject           `json:"about"`           // a second subject, such as the page of a group; empty when there is none
	Facts   map[string]any    `json:"facts,omitempty"` // numbers, booleans, ids and fixed words
	Text    string            `json:"text,omitempty"`  // salted hash of the text that belongs to it
	Refs    map[string]string `json:"refs,omitempty"`  // ids of other things: {"incident": "..."}
}

// Actor is who did it, as the journal keeps it: no names.
type Actor struct {
	Kind people.ActorKind `json:"kind"`
	ID   string           `json:"id"`
	Via  string           `json:"via"`
}

// By returns what the journal keeps of an actor.
func By(a people.Actor) Actor { return Actor{Kind: a.Kind, ID: a.ID, Via: a.Via} }

// Note returns an entry; the store adds id and time when they are missing.
func Note(a people.Actor, verb string, about Subject, facts map[string]any) Entry {
	return Entry{Actor: By(a), Verb: verb, Subject: about, Facts: facts}
}

// With returns the entry with its second subject.
func (e Entry) With(about Subject) Entry { e.About = about; return e }

// Matter is the alert group or the incident that an entry is about, whichever it names first; the empty subject when it is about neither.
func (e Entry) Matter() Subject {
	for _, s := range []Subject{e.Subject, e.About} {
		if s.Kind == "group" || s.Kind == "incident" {
			return s
		}
	}
	return Subject{}
}

// Consequences is what a decision asks to be written with its new state, in the same transaction.
type Consequences struct {
	Entries []Entry
	Jobs    []job.New
	Finish  bool // finish the job that this decision runs under, fenced, in the same transaction
}

// Add appends entries.
func (c *Consequences) Add(e ...Entry) { c.Entries = append(c.Entries, e...) }

// Do appends jobs.
func (c *Consequences) Do(j ...job.New) { c.Jobs = append(c.Jobs, j...) }

// FactsJSON is the canonical form of the facts and refs: keys sorted, no spaces. The chain of hashes is made over it.
func (e Entry) FactsJSON() string {
	b, err := json.Marshal(struct {
		F map[string]any    `json:"f,omitempty"`
		R map[string]string `json:"r,omitempty"`
	}{e.Facts, e.Refs})
	if err != nil { // facts are numbers, booleans and strings
		panic("journal facts: " + err.Error())
	}
	return string(b)
}
