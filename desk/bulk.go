package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
	"frontline/secret"
)

// Deed is what is done to one request or to many at once. Empty parts do nothing.
type Deed struct {
	Edit
	Reply   string
	Note    string
	WaitFor Wait
	Close   *Ending
	Snooze  time.Time
}

// Step is what a bulk edit did to one request, so that it can be taken back.
type Step struct {
	Bulk    string    `json:"bulk"`
	Request string    `json:"request"`
	By      string    `json:"by"` // the person
	At      time.Time `json:"at"`
	Before  Standing  `json:"before"`
	Version int64     `json:"version"` // the request's, afterwards
	Spoke   bool      `json:"spoke"`   // words left the desk: those cannot be taken back
}

// Standing is what a bulk edit may change of a request.
type Standing struct {
	Priority Priority  `json:"priority"`
	Type     string    `json:"type"`
	Team     string    `json:"team"`
	Service  string    `json:"service"`
	Customer string    `json:"customer"`
	Assignee string    `json:"assignee"`
	State    State     `json:"state"`
	WaitsFor Wait      `json:"waits_for"`
	Since    time.Time `json:"since"`
	Outcome  Outcome   `json:"outcome"`
	Size     Size      `json:"size"`
	ClosedAt time.Time `json:"closed_at"`
	AskedAt  time.Time `json:"asked_at"`
	Snoozed  time.Time `json:"snoozed"`
}

func (r Request) standing() Standing {
	return Standing{r.Priority, r.Type, r.Team, r.Service, r.Customer, r.Assignee, r.State, r.WaitsFor, r.WaitingSince, r.Outcome, r.Size, r.ClosedAt, r.AskedAt, r.SnoozedUntil}
}

func (r *Request) restore(s Standing) {
	r.Priority, r.Type, r.Team, r.Service, r.Customer, r.Assignee = s.Priority, s.Type, s.Team, s.Service, s.Customer, s.Assignee
	r.State, r.WaitsFor, r.WaitingSince, r.Outcome, r.Size, r.ClosedAt, r.AskedAt, r.SnoozedUntil = s.State, s.WaitsFor, s.Since, s.Outcome, s.Size, s.ClosedAt, s.AskedAt, s.Snoozed
}

// Became is what a bulk edit did, request by request.
type Became struct {
	Bulk string // to take it back with
	Done []Request
	Not  map[string]error // by the reference that was given
}

// mostAtOnce is how many requests one bulk edit may change.
const mostAtOnce = 500

// undoFor is how long a bulk edit can be taken back.
const undoFor = time.Hour

// Bulk does one deed to many requests, each in a transaction of its own: what cannot be done to one does not stop the others.
func (s *Service) Bulk(ctx context.Context, a people.Actor, refs []string, d Deed) (Became, error) {
	if err := people.May(a, people.WorkRequests, topic()); err != nil {
		return Became{}, err
	}
	if len(refs) == 0 || len(refs) > mostAtOnce {
		return Became{}, fault.Wrong("requests", "Choose between 1 and %d requests.", mostAtOnce)
	}
	out := Became{Bulk: secret.Random(16), Not: map[string]error{}}
	for _, ref := range refs {
		r, err := s.Do(ctx, a, ref, d, out.Bulk)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil {
			out.Not[ref] = err
			continue
		}
		out.Done = append(out.Done, r)
	}
	return out, nil
}

// Do does a deed to one request; as a part of a bulk edit when bulk is not empty.
func (s *Service) Do(ctx context.Context, a people.Actor, ref string, d Deed, bulk string) (Request, error) {
	reply, note := journal.Salted(plain.Prose(d.Reply)), journal.Salted(plain.Prose(d.Note))
	if d.Close != nil {
		ready, err := s.ending(ctx, *d.Close)
		if err != nil {
			return Request{}, err
		}
		d.Close = ready
	}
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error {
		before := t.req.standing()
		if err := t.do(d, reply, note); err != nil {
			return err
		}
		if bulk != "" {
			t.req.Version++
			t.out.Step = &Step{Bulk: bulk, Request: t.req.ID, By: a.ID, At: t.cur.Now, Before: before, Version: t.req.Version, Spoke: d.Reply != ""}
		}
		return nil
	})
}

func (t *turn) do(d Deed, reply, note journal.Text) error {
	if err := t.apply(d.Edit); err != nil {
		return err
	}
	if note.Body != "" {
		if err := t.write(writing{text: note}); err != nil {
			return err
		}
	}
	if !d.Snooze.IsZero() {
		if err := t.snooze(d.Snooze); err != nil {
			return err
		}
	}
	then := Then{WaitFor: d.WaitFor, Close: d.Close}
	switch {
	case reply.Body != "":
		return t.reply(writing{text: t.filled(reply), then: then})
	case d.Close != nil:
		return t.close(*d.Close)
	case d.WaitFor != "":
		return t.waitFor(d.WaitFor)
	}
	return nil
}

// filled puts names in the place of {asker}, {customer}, {request} and {me}.
func (t *turn) filled(text journal.Text) journal.Text {
	asker := ""
	for _, to := range t.cur.To {
		if to.Request == t.req.ID {
			asker = to.Party.Shown()
		}
	}
	customer, _ := t.book.Customer(t.req.Customer)
	text.Body = strings.NewReplacer("{asker}", asker, "{customer}", first(customer.Name, "the customer"), "{request}", t.req.Name(), "{me}", t.me()).Replace(text.Body)
	return text
}

// me is the name of whoever says it: a person's, or the rule's.
func (t *turn) me() string {
	if t.actor.Kind == people.ByRule {
		return t.actor.Name
	}
	return t.name(t.actor.ID)
}

// TakeBack undoes a bulk edit of the actor's own, where nobody changed the request since. Words that left the desk stay said.
func (s *Service) TakeBack(ctx context.Context, a people.Actor, bulk string) (Became, error) {
	if err := people.May(a, people.WorkRequests, topic()); err != nil {
		return Became{}, err
	}
	steps, err := s.DB.Steps(ctx, bulk)
	if err != nil {
		return Became{}, err
	}
	if len(steps) == 0 || steps[0].By != a.ID || s.Now().Sub(steps[0].At) > undoFor {
		return Became{}, fault.New(fault.NotFound, "There is nothing here that you could take back. Change the requests by hand.")
	}
	out := Became{Not: map[string]error{}}
	for _, step := range steps {
		r, err := s.takeBack(ctx, a, step)
		if err != nil {
			out.Not[step.Request] = err
			continue
		}
		out.Done = append(out.Done, r)
	}
	return out, nil
}

func (s *Service) takeBack(ctx context.Context, a people.Actor, step Step) (Request, error) {
	return s.guarded(ctx, a, step.Request, step.Version, func(t *turn) error {
		t.req.restore(step.Before)
		t.req.Version++
		t.note("request.taken_back", map[string]any{"state": string(t.req.State)})
		return nil
	})
}

// Macro returns what one of the macros does when the actor uses it.
func (s *Service) Macro(ctx context.Context, a people.Actor, id string) (Deed, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return Deed{}, err
	}
	m, ok := book.Macro(id)
	if !ok {
		return Deed{}, fault.New(fault.NotFound, "There is no macro %.60s. Choose one of the list.", id)
	}
	d := m.deed(a)
	if len(m.Demands) == 0 || d.Close == nil {
		return d, nil
	}
	d.Close.Codes, err = s.codesToday(ctx, m.Demands)
	return d, err
}

// codesToday is what a macro counts as, now: what its demands have become since it was written.
func (s *Service) codesToday(ctx context.Context, all []Share) ([]Code, error) {
	register, err := s.DB.Demands(ctx)
	if err != nil {
		return nil, err
	}
	var out []Code
	for _, c := range codesOf(all) {
		if d, ok := findDemand(register, c.Demand); ok {
			c.Demand = CountedAs(register, d.ID)
		}
		at := slices.IndexFunc(out, func(o Code) bool { return o.Demand == c.Demand })
		if at < 0 {
			out = append(out, c)
			continue
		}
		out[at].Share += c.Share // two that were merged into one
	}
	return out, nil
}

func (m Macro) deed(a people.Actor) Deed {
	d := Deed{Reply: m.Reply, Note: m.Note, WaitFor: m.WaitFor}
	if m.Priority != "" {
		d.Priority = &m.Priority
	}
	if m.Assign == "me" {
		m.Assign = a.ID
	}
	if m.Assign != "" {
		d.Assignee = &m.Assign
	}
	if m.Close != "" {
		d.Close = &Ending{Outcome: m.Close}
	}
	return d
}

// Preview is Macro with its words as they would be said in the request.
func (s *Service) Preview(ctx context.Context, a people.Actor, ref, id string) (Deed, error) {
	r, err := s.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Deed{}, err
	}
	d, err := s.Macro(ctx, a, id)
	if err != nil {
		return Deed{}, err
	}
	parties, err := s.DB.Parties(ctx, []string{r.Asker})
	if err != nil {
		return Deed{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Deed{}, err
	}
	t := s.newTurn(a, book, Current{Request: r, To: []Recipient{{Request: r.ID, Party: parties[r.Asker]}}})
	d.Reply = t.filled(journal.Text{Body: d.Reply}).Body
	return d, nil
}
