package desk

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// AnswerState is where an answer stands.
type AnswerState string

// The states of an answer. Only published ones are offered.
const (
	DraftAnswer     AnswerState = "draft"
	PublishedAnswer AnswerState = "published"
	RetiredAnswer   AnswerState = "retired" // it is true no more, or nobody asks
)

// Audience is who may read a published answer.
type Audience string

// The audiences.
const (
	ForDesk     Audience = "desk"     // who works on requests
	ForEveryone Audience = "everyone" // every employee; offered before they ask
)

// Audiences lists the audiences, the smaller first.
func Audiences() []Audience { return []Audience{ForDesk, ForEveryone} }

// AnswerDraft is what people write and set about an answer. Every version of it is kept.
type AnswerDraft struct {
	Title    string    `json:"-"` // the question, as askers ask it
	Body     string    `json:"-"` // Markdown
	Audience Audience  `json:"audience"`
	Owner    string    `json:"owner"`             // the person who keeps it right
	Team     string    `json:"team,omitempty"`    // which knows about it
	ReviewAt time.Time `json:"review_at"`         // the day on which the owner looks whether it is still right, midnight UTC
	Service  string    `json:"service,omitempty"` // that it is about
	Type     string    `json:"type,omitempty"`    // of request that it answers
	Demand   string    `json:"demand,omitempty"`  // that it serves
}

// Answer is what we know, written down once: the question as askers ask it, and what is said to them.
type Answer struct {
	ID     string `json:"id"`
	Number int64  `json:"number"`
	AnswerDraft
	State       AnswerState `json:"state"`
	From        string      `json:"from,omitempty"` // the request that it was made of
	Version     int64       `json:"version"`        // 1 is the first; every version's text is kept
	ChangedBy   string      `json:"-"`
	ChangedAt   time.Time   `json:"-"`
	MadeAt      time.Time   `json:"made_at"`
	PublishedAt time.Time   `json:"published_at,omitzero"`
	Reminded    time.Time   `json:"reminded,omitzero"` // the ReviewAt of which the owner was told
	Salt        string      `json:"-"`
	AnswerCounts
	Stale []Staleness `json:"-"` // why somebody should look at it; the service says so
}

// AnswerCounts is what became of an answer.
type AnswerCounts struct {
	Helped  int `json:"-"` // people who say that it helped
	Not     int `json:"-"` // people who say that it did not
	Replies int `json:"-"` // requests that were answered with it
	Instead int `json:"-"` // questions that were not sent because of it: one a person and day
}

// Name is what people call it: "K-7".
func (a Answer) Name() string { return fmt.Sprintf("K-%d", a.Number) }

// Subject is the answer in the journal.
func (a Answer) Subject() journal.Subject { return journal.Of("answer", a.ID) }

func (a Answer) topic() people.Subject { return people.Subject{Kind: "answer", ID: a.ID, Team: a.Team} }

// verb is what it takes to read it.
func (a Answer) verb() people.Verb {
	if a.State == PublishedAnswer && a.Audience == ForEveryone {
		return people.ReadAnswers
	}
	return people.WriteAnswers
}

// text is what the journal keeps the hash of.
func (a Answer) text() journal.Text {
	return journal.Text{Body: a.Title + "\n\n" + a.Body, Salt: a.Salt}
}

// AnswerVersion is an answer as it once was.
type AnswerVersion struct {
	AnswerDraft
	Version int64
	By      string
	At      time.Time
}

// Staleness is a reason why somebody should look at a published answer.
type Staleness string

// The reasons.
const (
	ReviewDue Staleness = "review_due" // its day has come
	OwnerGone Staleness = "owner_gone" // nobody keeps it right
	Doubted   Staleness = "doubted"    // more people say that it did not help than that it did
)

// fewestDoubts is how many people must have said something before an answer is doubted.
const fewestDoubts = 5

func (a Answer) stale(now time.Time, book Directory) []Staleness {
	if a.State != PublishedAnswer {
		return nil
	}
	var out []Staleness
	if !a.ReviewAt.After(now) {
		out = append(out, ReviewDue)
	}
	if _, there := book.Person(a.Owner); !there {
		out = append(out, OwnerGone)
	}
	if a.Helped+a.Not >= fewestDoubts && a.Not > a.Helped {
		out = append(out, Doubted)
	}
	return out
}

// reviewIn is how many months an answer is trusted when nobody says otherwise.
const reviewIn = 6

const longestAnswer = 50_000 // characters

func reviewDay(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// AnswerFilter names answers. Empty parts do not narrow.
type AnswerFilter struct {
	States []AnswerState
	Owner  string
	From   string // the request's id
	Stale  bool   // somebody should look at them
}

// AnswerNow is what a decision about an answer sees, under its lock.
type AnswerNow struct {
	Answer Answer      // of a new one only ID and Number
	Base   AnswerDraft // the version that the decision asked for
	Now    time.Time
}

// AnswerCount is one thing to be counted.
type AnswerCount struct {
	Answer  string // by id
	Person  string
	Vote    bool // Helped is their vote, in place of an earlier one
	Helped  bool
	Instead bool   // a question was not sent
	Request string // that was answered with it
}

// Shelf keeps answers.
type Shelf interface {
	// Answer returns one by its id or its name ("K-7"), or a NotFound fault.
	Answer(ctx context.Context, ref string) (Answer, error)
	// Answers returns those that the filter names but for Stale, the newest first.
	Answers(ctx context.Context, f AnswerFilter) ([]Answer, error)
	// AnswerVersions returns what was ever saved of one, the newest first.
	AnswerVersions(ctx context.Context, id string) ([]AnswerVersion, error)
	// ChangeAnswer decides about one in a transaction, under its lock; without an id about a new one. base is the version that Base shall be, 0 for none.
	ChangeAnswer(ctx context.Context, id string, base int64, decide func(AnswerNow) (Answer, journal.Consequences, error)) (Answer, error)
	// CountAnswer counts in a transaction: a person votes once, a request counts once.
	CountAnswer(ctx context.Context, c AnswerCount, follows journal.Consequences) error
}

// readyAnswer checks what somebody wrote.
func (s *Service) readyAnswer(ctx context.Context, a people.Actor, d AnswerDraft) (AnswerDraft, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return d, err
	}
	d.Title, d.Body = plain.Line(d.Title), plain.Prose(d.Body)
	d.Owner, d.Audience = first(d.Owner, a.ID), Audience(first(string(d.Audience), string(ForDesk)))
	if d.ReviewAt.IsZero() {
		d.ReviewAt = s.Now().AddDate(0, reviewIn, 0)
	}
	d.ReviewAt = reviewDay(d.ReviewAt)
	if n := utf8.RuneCountInString(d.Body); n > longestAnswer {
		return d, fault.Wrong("text", "An answer has at most %d characters; this one has %d. Make two of it.", longestAnswer, n)
	}
	if plain.Blank(d.Title) || utf8.RuneCountInString(d.Title) > longestTitle {
		return d, fault.Wrong("title", "Write the question as askers ask it, in at most %d characters.", longestTitle)
	}
	if !slices.Contains(Audiences(), d.Audience) {
		return d, fault.Wrong("audience", "An answer is for the desk or for everyone.")
	}
	return d, s.knownIn(ctx, book, d)
}

// knownIn checks that what an answer names is there.
func (s *Service) knownIn(ctx context.Context, book Directory, d AnswerDraft) error {
	if _, ok := book.Person(d.Owner); !ok {
		return fault.Wrong("owner", "There is nobody called %.60s. Choose somebody of the list.", d.Owner)
	}
	if _, ok := book.Team(d.Team); !ok && d.Team != "" {
		return fault.Wrong("team", "There is no team %.60s. Choose one of the list.", d.Team)
	}
	if _, ok := book.Service(d.Service); !ok && d.Service != "" {
		return fault.Wrong("service", "There is no service %.60s. Choose one of the list.", d.Service)
	}
	if _, ok := book.RequestType(d.Type); !ok && d.Type != "" {
		return fault.Wrong("type", "There is no type of request %.60s. Choose one of the list.", d.Type)
	}
	if d.Demand == "" {
		return nil
	}
	register, err := s.DB.Demands(ctx)
	if err != nil {
		return err
	}
	if _, ok := findDemand(register, d.Demand); !ok {
		return fault.Wrong("demand", "There is no demand %.60s. Choose one of the list.", d.Demand)
	}
	return nil
}

// merge puts two people's edits of one version together; false when both changed the same.
func (base AnswerDraft) merge(mine, theirs AnswerDraft) (AnswerDraft, bool) {
	body, ok := mergeLines(base.Body, mine.Body, theirs.Body)
	out := AnswerDraft{Body: body}
	for _, f := range []func(*AnswerDraft) *string{
		func(d *AnswerDraft) *string { return &d.Title }, func(d *AnswerDraft) *string { return (*string)(&d.Audience) },
		func(d *AnswerDraft) *string { return &d.Owner }, func(d *AnswerDraft) *string { return &d.Team },
		func(d *AnswerDraft) *string { return &d.Service }, func(d *AnswerDraft) *string { return &d.Type }, func(d *AnswerDraft) *string { return &d.Demand },
	} {
		var fine bool
		*f(&out), fine = mergeOne(*f(&base), *f(&mine), *f(&theirs))
		ok = ok && fine
	}
	day, fine := mergeOne(base.ReviewAt.Unix(), mine.ReviewAt.Unix(), theirs.ReviewAt.Unix())
	out.ReviewAt = time.Unix(day, 0).UTC()
	return out, ok && fine
}

// mergeOne is the side that changed something; false when both did, differently.
func mergeOne[T comparable](base, mine, theirs T) (T, bool) {
	switch {
	case mine == theirs, base == theirs:
		return mine, true
	case base == mine:
		return theirs, true
	}
	return mine, false
}
