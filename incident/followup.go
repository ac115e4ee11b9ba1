package incident

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// FollowUp is something that somebody will do after an incident, so that it does not come again.
type FollowUp struct {
	ID       string       `json:"id"`
	Incident string       `json:"incident"`
	Text     journal.Text `json:"text"`
	Owner    string       `json:"owner"` // a person
	Due      Date         `json:"due"`
	MadeBy   string       `json:"made_by"`
	MadeAt   time.Time    `json:"made_at"`
	DoneBy   string       `json:"done_by,omitempty"`
	DoneAt   time.Time    `json:"done_at,omitzero"`
	Version  int64        `json:"version"`
}

// Done says whether it is done.
func (f FollowUp) Done() bool { return !f.DoneAt.IsZero() }

// Late says whether it is open after its day.
func (f FollowUp) Late(today Date) bool { return !f.Done() && f.Due < today }

// Date is a day on the calendar, as 2026-12-04, without a zone.
type Date string

// DateOf returns the day that t falls on in its own zone.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

func (d Date) check() error {
	if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
		return fault.Wrong("due", "%q is no day. Write it as 2026-12-04.", string(d))
	}
	return nil
}

// FollowUpFilter names follow-ups.
type FollowUpFilter struct {
	Incident string // of one incident
	Owner    string // of one person
	Open     bool   // only those that are not done
	Limit    int    // at most this many; 200 when 0
}

// NewFollowUp is what somebody writes down to be done.
type NewFollowUp struct {
	Text  string
	Owner string
	Due   Date
}

// FollowUps returns those that the filter names, due first.
func (s *Service) FollowUps(ctx context.Context, a people.Actor, f FollowUpFilter) ([]FollowUp, error) {
	if err := people.May(a, people.ReadPostmortems, topic(f.Incident)); err != nil {
		return nil, err
	}
	return s.DB.FollowUps(ctx, f)
}

// AddFollowUp writes down what is to be done, by whom and until when.
func (s *Service) AddFollowUp(ctx context.Context, a people.Actor, id string, n NewFollowUp) (FollowUp, error) {
	if err := people.May(a, people.WritePostmortem, topic(id)); err != nil {
		return FollowUp{}, err
	}
	inc, err := s.DB.Incident(ctx, id)
	if err != nil {
		return FollowUp{}, err
	}
	return s.putFollowUp(ctx, "", n, func(f FollowUp, now time.Time) (FollowUp, string, error) {
		f.Incident, f.MadeBy, f.MadeAt = inc.ID, a.ID, now
		return f, "follow_up.added", nil
	}, a)
}

// EditFollowUp changes text, owner and day. seen is the FollowUp.Version that was edited.
func (s *Service) EditFollowUp(ctx context.Context, a people.Actor, id string, n NewFollowUp, seen int64) (FollowUp, error) {
	if err := people.May(a, people.WritePostmortem, people.Subject{Kind: "follow_up", ID: id}); err != nil {
		return FollowUp{}, err
	}
	return s.putFollowUp(ctx, id, n, func(f FollowUp, _ time.Time) (FollowUp, string, error) {
		if f.Version != seen {
			return f, "", fault.New(fault.Conflict, "Somebody changed this follow-up while you were editing. Look at what is new and save again; your text is kept.")
		}
		return f, "follow_up.edited", nil
	}, a)
}

func (s *Service) putFollowUp(ctx context.Context, id string, n NewFollowUp, begin func(FollowUp, time.Time) (FollowUp, string, error), a people.Actor) (FollowUp, error) {
	text := journal.Salted(plain.Prose(n.Text))
	if err := checkBody(text.Body); err != nil {
		return FollowUp{}, err
	}
	if err := n.Due.check(); err != nil {
		return FollowUp{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return FollowUp{}, err
	}
	if _, ok := book.Person(n.Owner); !ok {
		return FollowUp{}, fault.Wrong("owner", "There is no person %q. Choose one from the list.", n.Owner)
	}
	return s.DB.ChangeFollowUp(ctx, id, func(f FollowUp, now time.Time) (FollowUp, journal.Consequences, error) {
		f, verb, err := begin(f, now)
		if err != nil {
			return f, journal.Consequences{}, err
		}
		f.Text, f.Owner, f.Due = text, n.Owner, n.Due
		f.Version++
		return f, followUpNoted(a, verb, f), nil
	})
}

func followUpNoted(a people.Actor, verb string, f FollowUp) journal.Consequences {
	e := journal.Note(a, verb, Subject(f.Incident), map[string]any{"due": string(f.Due)}).With(journal.Of("follow_up", f.ID))
	e.Refs = map[string]string{"owner": f.Owner}
	e.Text = f.Text.Hash()
	return journal.Consequences{Entries: []journal.Entry{e}}
}

// FinishFollowUp says that it is done; with done false, that it is not after all.
func (s *Service) FinishFollowUp(ctx context.Context, a people.Actor, id string, done bool) (FollowUp, error) {
	if err := people.May(a, people.FinishFollowUp, people.Subject{Kind: "follow_up", ID: id}); err != nil {
		return FollowUp{}, err
	}
	return s.DB.ChangeFollowUp(ctx, id, func(f FollowUp, now time.Time) (FollowUp, journal.Consequences, error) {
		if f.Done() == done {
			return f, journal.Consequences{}, nil
		}
		verb := "follow_up.done"
		f.DoneAt, f.DoneBy = now, a.ID
		if !done {
			verb, f.DoneAt, f.DoneBy = "follow_up.taken_up_again", time.Time{}, ""
		}
		f.Version++
		return f, followUpNoted(a, verb, f), nil
	})
}
