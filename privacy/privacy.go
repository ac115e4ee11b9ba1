// Package privacy answers what is held about a person, and takes it away: their words and their identity go, what is counted stays.
//
// An erasure is durable work in steps. What it removed is said in a receipt of counts, which names nobody.
package privacy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// Whom is the person that an erasure or an export is about, as far as they are known here.
type Whom struct {
	Ref       string   `json:"ref"`                 // as they were named: a person's id or an address
	Person    string   `json:"person,omitempty"`    // an id of the directory; empty for somebody outside
	Here      bool     `json:"here,omitempty"`      // they are configured now: then only what they asked is erased
	Folder    string   `json:"folder,omitempty"`    // which configures them
	Addresses []string `json:"addresses,omitempty"` // of mail and of other channels, lower case
	Names     []string `json:"names,omitempty"`
	Parties   []string `json:"parties,omitempty"` // ids of desk.Party
}

// Leaves says whether the identity goes too, wherever it stands. Somebody who is still configured keeps theirs.
func (w Whom) Leaves() bool { return !w.Here }

// State is how far an erasure is.
type State string

// The states of an erasure.
const (
	Running State = "running"
	Ended   State = "ended"
)

// Counts is what an erasure took away, or would.
type Counts struct {
	Requests int `json:"requests"` // that they asked; each loses all of its words
	Open     int `json:"open"`     // of those not closed
	Messages int `json:"messages"` // of those requests, and what they wrote in others'
	Files    int `json:"files"`
	Drafts   int `json:"drafts"`   // that were not sent
	Sends    int `json:"sends"`    // rows of the ledger of replies whose receipts went
	Runs     int `json:"runs"`     // whose inputs and output went
	Answers  int `json:"answers"`  // versions of answers that were made of their requests
	Parties  int `json:"parties"`  // ways in which they were known as an asker
	Sessions int `json:"sessions"` // and API tokens and links
	Thanks   int `json:"thanks"`   // that they gave, with the reason
	Mentions int `json:"mentions"` // other places where their name or address stood
	// What stays and names them, and why it is for people to decide about.
	Unfinished int `json:"unfinished,omitempty"` // runs of their requests that had not ended
	Quarantine int `json:"quarantine,omitempty"` // things in quarantine that name them; they go when they expire
	Configured int `json:"configured,omitempty"` // definitions that name them
	Published  int `json:"published,omitempty"`  // published answers made of their requests
}

// Held is nothing that names anybody: that there is nothing to erase.
func (c Counts) Held() bool {
	return c.Requests+c.Messages+c.Parties+c.Sessions+c.Drafts > 0
}

// Erasure is one person's erasure. It names nobody but whoever asked for it.
type Erasure struct {
	ID      string    `json:"id"`
	Number  int64     `json:"number"`
	State   State     `json:"state"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	EndedAt time.Time `json:"ended_at,omitzero"`
	Leaves  bool      `json:"leaves"` // the name and the addresses went too
	Counts  Counts    `json:"counts"`
}

// Name is what people call it: "ER-3".
func (e Erasure) Name() string { return fmt.Sprintf("ER-%d", e.Number) }

// Subject is the erasure in the journal.
func (e Erasure) Subject() journal.Subject { return journal.Of("erasure", e.ID) }

// Store keeps erasures and carries them out.
type Store interface {
	// Whom finds a person by their id or one of their addresses; what is not known stays empty.
	Whom(ctx context.Context, ref string) (Whom, error)
	// Weigh counts what an erasure would take away, without looking for mentions elsewhere.
	Weigh(ctx context.Context, w Whom) (Counts, error)
	// BeginErasure writes the erasure down, with the job that carries it out.
	BeginErasure(ctx context.Context, w Whom, by string, then func(Erasure) journal.Consequences) (Erasure, error)
	// StepErasure carries out one batch, and says whether there is more. What it did stays done, whatever happens afterwards.
	StepErasure(ctx context.Context, id string, finish func(Erasure) journal.Consequences) (more bool, err error)
	// Erasures returns the latest, the newest first.
	Erasures(ctx context.Context, limit int) ([]Erasure, error)
	// Erasure returns one by its id or its name, or a NotFound fault.
	Erasure(ctx context.Context, ref string) (Erasure, error)
}

// Service is the commands and readings. It is safe for several goroutines.
type Service struct {
	DB     Store
	Copies Copies
	Now    func() time.Time // the store's time
	Forget func()           // what is known by heart
}

func topic() people.Subject { return people.Subject{Kind: "erasure"} }

// Preview says whom a name or an address means, and what an erasure would take away. Nothing is changed.
func (s *Service) Preview(ctx context.Context, a people.Actor, ref string) (Whom, Counts, error) {
	if err := people.May(a, people.ErasePeople, topic()); err != nil {
		return Whom{}, Counts{}, err
	}
	return s.preview(ctx, ref)
}

func (s *Service) preview(ctx context.Context, ref string) (Whom, Counts, error) {
	if ref = strings.ToLower(strings.TrimSpace(ref)); ref == "" {
		return Whom{}, Counts{}, fault.Wrong("whom", "Say whom you mean: a mail address, or the id of a person, such as liis.")
	}
	w, err := s.DB.Whom(ctx, ref)
	if err != nil {
		return w, Counts{}, err
	}
	if w.Person == "" && len(w.Parties) == 0 {
		return w, Counts{}, fault.Wrong("whom", "Nobody is known as %.100s. Give a mail address that wrote to us, or the id of a person.", ref)
	}
	c, err := s.DB.Weigh(ctx, w)
	return w, c, err
}

// Order is an administrator's wish to erase a person.
type Order struct {
	Whom    string
	Confirm string // Whom once more, typed
}

// Erase begins to erase a person. The actor must be a person who typed their password just now, and the name again. Errors: Invalid when they did not, or
// when nobody is known by that name; Conflict while the person is written in a folder as somebody who left.
func (s *Service) Erase(ctx context.Context, a people.Actor, o Order) (Erasure, error) {
	if err := people.May(a, people.ErasePeople, topic()); err != nil {
		return Erasure{}, err
	}
	w, _, err := s.preview(ctx, o.Whom)
	if err != nil {
		return Erasure{}, err
	}
	if !strings.EqualFold(strings.TrimSpace(o.Confirm), w.Ref) {
		return Erasure{}, fault.Wrong("again", "This cannot be taken back. Type %s once more.", w.Ref)
	}
	if err := s.confirmed(a); err != nil {
		return Erasure{}, err
	}
	return s.DB.BeginErasure(ctx, w, a.ID, func(e Erasure) (c journal.Consequences) {
		c.Add(journal.Note(a, "erasure.began", e.Subject(), map[string]any{"number": e.Number, "leaves": e.Leaves}))
		c.Do(JobErase().At(e.At, e.ID, EraseArgs{Erasure: e.ID}))
		return c
	})
}

// confirmed wants a password that was typed just now, on a screen or with the call.
func (s *Service) confirmed(a people.Actor) error {
	if a.Kind != people.ByPerson || a.ID == "" {
		return fault.New(fault.Forbidden, "Only a person erases somebody, with their password. Do it on the screen or with frontline privacy erase.")
	}
	if a.ConfirmedAt.IsZero() || s.Now().Sub(a.ConfirmedAt) > people.ConfirmedFor {
		return fault.Wrong(people.ConfirmField, "This cannot be taken back: type your password once more, so that we know it is you.")
	}
	return nil
}

// Erasures returns the latest receipts, the newest first.
func (s *Service) Erasures(ctx context.Context, a people.Actor, limit int) ([]Erasure, error) {
	if err := people.May(a, people.ErasePeople, topic()); err != nil {
		return nil, err
	}
	return s.DB.Erasures(ctx, limit)
}

// Erasure returns one receipt.
func (s *Service) Erasure(ctx context.Context, a people.Actor, ref string) (Erasure, error) {
	if err := people.May(a, people.ErasePeople, topic()); err != nil {
		return Erasure{}, err
	}
	return s.DB.Erasure(ctx, ref)
}

// EraseArgs names an erasure.
type EraseArgs struct {
	Erasure string `json:"erasure"`
}

// JobErase carries out an erasure. It is at least once: each batch is a transaction, and a try that was cut off is taken up where it was.
func JobErase() job.Kind[EraseArgs] {
	return job.Kind[EraseArgs]{Name: "privacy.erase", Limit: 30 * time.Minute}
}

// Handlers binds the wing's kinds of jobs.
func (s *Service) Handlers() []job.Handler { return []job.Handler{JobErase().Handle(s.eraseNow)} }

func (s *Service) eraseNow(ctx context.Context, args EraseArgs) error {
	for more := true; more; {
		var err error
		if more, err = s.DB.StepErasure(ctx, args.Erasure, ended); err != nil {
			return err
		}
	}
	s.Forget()
	return nil
}

func ended(e Erasure) (c journal.Consequences) {
	x := e.Counts
	c.Finish = true
	c.Add(journal.Note(people.System("job"), "erasure.ended", e.Subject(), map[string]any{"number": e.Number, "requests": x.Requests, "messages": x.Messages, "files": x.Files,
		"runs": x.Runs, "mentions": x.Mentions}))
	return c
}
