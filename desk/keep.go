package desk

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Erased says that the words of a request were taken away: what was asked and said, its files, and what was sent to whom. What is counted of it stays.
type Erased struct {
	At    time.Time     `json:"at"`
	Kept  time.Duration `json:"kept,omitempty"`  // what they were kept for; zero when they went with the person who asked
	Since bool          `json:"since,omitempty"` // something was said after that
}

// Hold says that the words of a request must stay, whatever its type says, such as while a court wants them.
type Hold struct {
	By string    `json:"by"` // a person; the reason is a note in the conversation
	At time.Time `json:"at"`
}

// ErasedTitle is read in the place of a title that is gone.
const ErasedTitle = "Text removed"

// Wordless says whether nothing is left of what was written.
func (r Request) Wordless() bool { return r.Erased != nil && !r.Erased.Since }

// wordsAgain notes that something was written after the words were taken away.
func (t *turn) wordsAgain() {
	if gone := t.req.Erased; gone != nil {
		t.req.Erased = &Erased{At: gone.At, Kept: gone.Kept, Since: true}
	}
}

// WordsUntil is when the words of a closed request go, for words that are kept so long; zero when they stay.
func (r Request) WordsUntil(keep time.Duration) time.Time {
	if r.State != Closed || keep == 0 || r.Wordless() || r.Hold != nil {
		return time.Time{}
	}
	return r.ClosedAt.Add(keep)
}

// Erasing is the decision that takes the words of a request away: what stays of it, and the entry of the journal. Nothing that is counted changes, and no
// clock of a service level begins or ends.
func Erasing(r Request, now time.Time, kept time.Duration) (Request, journal.Entry) {
	r.Title, r.Fields = ErasedTitle, nil
	r.Erased, r.Hold = &Erased{At: now, Kept: kept}, nil
	why := "person"
	if kept > 0 {
		why = "time"
	}
	return r, journal.Note(people.System("job"), "request.text_removed", r.Subject(), map[string]any{"why": why, "days": int(kept / (24 * time.Hour))})
}

// Memory is where what was written about requests is taken away. store implements it.
type Memory interface {
	// TypesWithWords returns the types of closed requests whose words are there.
	TypesWithWords(ctx context.Context) ([]string, error)
	// OldWords returns requests of the type that were closed before the time, whose words are there and may go; at most limit.
	OldWords(ctx context.Context, kind string, before time.Time, limit int) ([]string, error)
	// EraseWords takes away all that was written about the request when decide says so, in one transaction, and leaves what decide returns.
	EraseWords(ctx context.Context, request string, decide func(Current) (Change, error)) error
	// ForgetAskers takes away the addresses of people outside of whose requests no words are left.
	ForgetAskers(ctx context.Context) error
}

// Retention lets the words of closed requests go when their type has kept them long enough.
type Retention struct {
	Memory Memory
	Book   func(context.Context) (Directory, error)
	Keep   time.Duration // for types that say nothing themselves, and for requests without a type; 0 for ever
	Now    func() time.Time
	Forget func() // what is known by heart
}

// ForgetWordsArgs has no arguments.
type ForgetWordsArgs struct{}

// JobForgetWords takes away words that were kept long enough. It is asked for once a day; what is not done in time is done by the next try.
func JobForgetWords() job.Kind[ForgetWordsArgs] {
	return job.Kind[ForgetWordsArgs]{Name: "desk.forget_words", Limit: 10 * time.Minute}
}

// wordsAtOnce is how many requests are looked up at once. Each is erased in a transaction of its own.
const wordsAtOnce = 50

// KeptFor is how long the words of requests of the type are kept after their end; 0 for ever.
func KeptFor(t Type, usual time.Duration) time.Duration {
	if t.Keep > 0 {
		return t.Keep
	}
	return usual
}

func (s *Service) wordsUntil(ctx context.Context, r Request) (time.Time, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return time.Time{}, err
	}
	kind, _ := book.RequestType(r.Type)
	return r.WordsUntil(KeptFor(kind, s.KeepWords)), nil
}

// Run carries out JobForgetWords.
func (x Retention) Run(ctx context.Context, _ ForgetWordsArgs) error {
	book, err := x.Book(ctx)
	if err != nil {
		return err
	}
	kinds, err := x.Memory.TypesWithWords(ctx)
	if err != nil {
		return err
	}
	some := false
	for _, id := range kinds {
		kind, _ := book.RequestType(id)
		keep := KeptFor(kind, x.Keep)
		if keep == 0 {
			continue
		}
		n, err := x.forget(ctx, id, keep)
		if some = some || n > 0; err != nil {
			return err
		}
	}
	if !some {
		return nil
	}
	x.Forget()
	return x.Memory.ForgetAskers(ctx)
}

func (x Retention) forget(ctx context.Context, kind string, keep time.Duration) (n int, err error) {
	before := x.Now().Add(-keep)
	for {
		old, err := x.Memory.OldWords(ctx, kind, before, wordsAtOnce)
		if err != nil || len(old) == 0 {
			return n, err
		}
		done := n
		for _, id := range old {
			gone := false
			err := x.Memory.EraseWords(ctx, id, func(cur Current) (Change, error) {
				c := forgotten(cur, before, keep)
				gone = len(c.Entries) > 0
				return c, nil
			})
			if err != nil {
				return n, err
			}
			if gone {
				n++
			}
		}
		if n == done { // all of them changed meanwhile: the next day looks again
			return n, nil
		}
	}
}

// forgotten takes the words away unless the request was taken up again, or held, since it was found.
func forgotten(cur Current, before time.Time, keep time.Duration) (c Change) {
	c.Request = cur.Request
	if until := c.Request.WordsUntil(keep); until.IsZero() || !c.Request.ClosedAt.Before(before) {
		return c
	}
	var said journal.Entry
	c.Request, said = Erasing(c.Request, cur.Now, keep)
	c.Add(said)
	return c
}

// HoldWords says that the words of a request must stay until ReleaseWords, and why; the reason is a note in its conversation.
func (s *Service) HoldWords(ctx context.Context, a people.Actor, ref, reason string) (Request, error) {
	text := journal.Salted(plain.Prose(reason))
	return s.change(ctx, a, people.HoldWords, ref, nil, func(t *turn) error {
		if err := checkText("reason", text.Body); err != nil {
			return err
		}
		if t.req.Hold != nil {
			return nil
		}
		if t.req.Wordless() {
			return fault.New(fault.Conflict, "The text of %s is gone already. There is nothing left to keep.", t.req.Name())
		}
		t.req.Hold = &Hold{By: t.actor.ID, At: t.cur.Now}
		t.note("request.held", nil).Text = text.Hash()
		t.say(Message{Kind: Note, By: t.actor.ID, Text: text})
		return nil
	})
}

// ReleaseWords takes HoldWords back.
func (s *Service) ReleaseWords(ctx context.Context, a people.Actor, ref string) (Request, error) {
	return s.change(ctx, a, people.HoldWords, ref, nil, func(t *turn) error {
		if t.req.Hold != nil {
			t.req.Hold = nil
			t.note("request.released", nil)
		}
		return nil
	})
}
