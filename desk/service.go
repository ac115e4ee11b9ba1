package desk

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Service is the wing's commands and readings. Each command takes who asks, begins with people.May and is one transaction.
type Service struct {
	DB       Database
	Book     func(context.Context) (Directory, error)                   // what is configured now
	OnCall   func(ctx context.Context, rotation string) (string, error) // the person on call; empty when nobody is
	Link     func(r Request) string                                     // the request's address
	Mailer   Mailer                                                     // for reminders; nil when there is no mail server
	Channels map[string]Channel                                         // by name
	Now      func() time.Time                                           // the store's time
	Zone     *time.Location                                             // in which days begin for people who chose no zone; UTC when nil

	KeepWords time.Duration // how long words of closed requests are kept whose type says nothing; 0 for ever

	AnswerLink func(x Answer) string // the answer's address, for the mail to its owner

	sample   sampling
	learning learning
	offers   offers
}

// change runs one decision about a request.
func (s *Service) change(ctx context.Context, a people.Actor, v people.Verb, ref string, with []string, decide func(*turn) error) (Request, error) {
	req, err := s.open(ctx, a, v, ref)
	if err != nil {
		return Request{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Request{}, err
	}
	return s.DB.ChangeRequest(ctx, req.ID, with, func(cur Current) (Change, error) {
		t := s.newTurn(a, book, cur)
		if err := people.May(a, v, t.topic()); err != nil { // it may have changed hands since
			return Change{}, err
		}
		err := decide(t)
		return t.done(), err
	})
}

// open finds a request that the actor may use the verb on.
func (s *Service) open(ctx context.Context, a people.Actor, v people.Verb, ref string) (Request, error) {
	if err := people.May(a, v, topic()); err != nil {
		return Request{}, err
	}
	req, err := s.DB.Request(ctx, ref)
	if err != nil {
		return Request{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Request{}, err
	}
	kind, _ := book.RequestType(req.Type)
	return req, people.May(a, v, req.Topic(kind))
}

// other finds a second request that the actor may see.
func (s *Service) other(ctx context.Context, a people.Actor, field, ref string) (string, error) {
	r, err := s.open(ctx, a, people.SeeRequests, ref)
	if fault.Is(err, fault.NotFound) {
		return "", fault.Wrong(field, "There is no request %s. Write its number, such as R-1042.", ref)
	}
	return r.ID, err
}

// guarded is change for edits that two people may do at once: seen is the Version that the person looked at, 0 when they did not.
func (s *Service) guarded(ctx context.Context, a people.Actor, ref string, seen int64, decide func(*turn) error) (Request, error) {
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error {
		if err := t.unmoved(seen); err != nil {
			return err
		}
		return decide(t)
	})
}

// Words are what a supporter writes.
type Words struct {
	Body  string
	Files []File // with their bodies
	Said  int    // Request.Said that they had seen; 0 skips the check
	Then  Then   // of a reply
}

func (s *Service) written(ctx context.Context, w Words) (writing, error) {
	files, err := readyFiles(w.Files)
	if err == nil && w.Then.Close != nil {
		w.Then.Close, err = s.ending(ctx, *w.Then.Close)
	}
	return writing{text: journal.Salted(plain.Prose(w.Body)), files: files, said: w.Said, then: w.Then}, err
}

// Reply answers whoever asked, and whoever asked the same. It is the only way in which words leave the desk.
func (s *Service) Reply(ctx context.Context, a people.Actor, ref string, w Words) (Request, error) {
	ready, err := s.written(ctx, w)
	if err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { return t.reply(ready) })
}

// WriteNote writes something that only the desk reads. Whom it mentions ("@liis") follows the request from now on.
func (s *Service) WriteNote(ctx context.Context, a people.Actor, ref string, w Words) (Request, error) {
	ready, err := s.written(ctx, w)
	if err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { return t.write(ready) })
}

// Accept takes a request up that was in triage.
func (s *Service) Accept(ctx context.Context, a people.Actor, ref string) (Request, error) {
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error {
		if err := t.mustBeOpen(); err != nil {
			return err
		}
		t.accept()
		return nil
	})
}

// Decline refuses a request; the reason goes to whoever asked.
func (s *Service) Decline(ctx context.Context, a people.Actor, ref, reason string) (Request, error) {
	text := journal.Salted(plain.Prose(reason))
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { return t.decline(text) })
}

// Snooze takes a request out of sight until the time, or until the asker writes again.
func (s *Service) Snooze(ctx context.Context, a people.Actor, ref string, until time.Time) (Request, error) {
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { return t.snooze(until) })
}

// DuplicateOf says that another request asks the same. The answers to that one reach both askers.
func (s *Service) DuplicateOf(ctx context.Context, a people.Actor, ref, other string) (Request, error) {
	id, err := s.other(ctx, a, "of", other)
	if err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, people.WorkRequests, ref, []string{id}, func(t *turn) error { return t.duplicateOf(id) })
}

// NotDuplicate takes DuplicateOf back: the request is again what it was before.
func (s *Service) NotDuplicate(ctx context.Context, a people.Actor, ref string) (Request, error) {
	return s.change(ctx, a, people.WorkRequests, ref, nil, (*turn).notDuplicate)
}

// HangOn says that the solution of a problem answers this request too; an empty problem takes that back.
func (s *Service) HangOn(ctx context.Context, a people.Actor, ref, problem string) (Request, error) {
	var with []string
	if problem != "" {
		id, err := s.other(ctx, a, "problem", problem)
		if err != nil {
			return Request{}, err
		}
		problem, with = id, []string{id}
	}
	return s.change(ctx, a, people.WorkRequests, ref, with, func(t *turn) error { return t.hangOn(problem) })
}

// LinkTo says that two requests have to do with each other.
func (s *Service) LinkTo(ctx context.Context, a people.Actor, ref, other string) (Request, error) {
	id, err := s.other(ctx, a, "other", other)
	if err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, people.WorkRequests, ref, []string{id}, func(t *turn) error { return t.link(id) })
}

// Unlink takes that back.
func (s *Service) Unlink(ctx context.Context, a people.Actor, ref, other string) (Request, error) {
	id, err := s.other(ctx, a, "other", other)
	if err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { t.unlink(id); return nil })
}

// PartOf says that the request is a part of an incident; an empty one takes that back. Whoever takes part in the request may say so.
func (s *Service) PartOf(ctx context.Context, a people.Actor, ref, incident string) (Request, error) {
	return s.change(ctx, a, people.SeeRequests, ref, nil, func(t *turn) error { return t.partOf(incident) })
}

// Solved is what whoever asked says when they need nothing more: it ends a request that is still open.
func (s *Service) Solved(ctx context.Context, a people.Actor, ref string) (Request, error) {
	r, err := s.open(ctx, a, people.SeeRequests, ref)
	if err != nil {
		return Request{}, err
	}
	parties, err := s.DB.Parties(ctx, []string{r.Asker})
	if err != nil {
		return Request{}, err
	}
	if a.ID == "" || parties[r.Asker].Person != a.ID {
		return Request{}, fault.New(fault.Forbidden, "Only whoever asked says that it is solved. Close it instead, if you work on it.")
	}
	return s.change(ctx, a, people.SeeRequests, r.ID, nil, func(t *turn) error { t.solved(); return nil })
}

// Close ends the work without another word to whoever asked.
func (s *Service) Close(ctx context.Context, a people.Actor, ref string, e Ending) (Request, error) {
	ready, err := s.ending(ctx, e)
	if err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { return t.close(*ready) })
}

// ending checks what a request is closed with against the register of demands.
func (s *Service) ending(ctx context.Context, e Ending) (*Ending, error) {
	if e.Coding.empty() {
		return &e, nil
	}
	register, err := s.DB.Demands(ctx)
	if err == nil {
		e.Coding, err = e.Coding.ready(register)
	}
	return &e, err
}

// Reopen takes a closed request up again.
func (s *Service) Reopen(ctx context.Context, a people.Actor, ref string) (Request, error) {
	return s.change(ctx, a, people.WorkRequests, ref, nil, (*turn).reopen)
}

// WaitFor says that the next move is somebody else's.
func (s *Service) WaitFor(ctx context.Context, a people.Actor, ref string, whom Wait) (Request, error) {
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { return t.waitFor(whom) })
}

// Resume says that the next move is ours again.
func (s *Service) Resume(ctx context.Context, a people.Actor, ref string) (Request, error) {
	return s.change(ctx, a, people.WorkRequests, ref, nil, (*turn).resume)
}

// Assign gives the request to a person; to nobody when empty. seen is the Request.Version that was looked at, or 0.
func (s *Service) Assign(ctx context.Context, a people.Actor, ref, person string, seen int64) (Request, error) {
	return s.guarded(ctx, a, ref, seen, func(t *turn) error { return t.assign(person) })
}

// Retitle changes the title. seen is the Request.Version that was looked at, or 0.
func (s *Service) Retitle(ctx context.Context, a people.Actor, ref, title string, seen int64) (Request, error) {
	text := journal.Salted(plain.Line(title))
	return s.guarded(ctx, a, ref, seen, func(t *turn) error { return t.retitle(text) })
}

// Edit is a change of what a request is about; nil leaves a part alone.
type Edit struct {
	Priority *Priority
	Type     *string
	Team     *string
	Service  *string
	Customer *string
	Assignee *string
	Tags     *[]string
}

// Change changes what a request is about. seen is the Request.Version that was looked at, or 0.
func (s *Service) Change(ctx context.Context, a people.Actor, ref string, e Edit, seen int64) (Request, error) {
	return s.guarded(ctx, a, ref, seen, func(t *turn) error { return t.apply(e) })
}

func (t *turn) apply(e Edit) error {
	set := func(to *string, f func(string) error) error {
		if to == nil {
			return nil
		}
		return f(*to)
	}
	if e.Priority != nil {
		if err := t.setPriority(*e.Priority); err != nil {
			return err
		}
	}
	if e.Tags != nil {
		if err := t.setTags(*e.Tags); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		to  *string
		set func(string) error
	}{{e.Type, t.setType}, {e.Team, t.setTeam}, {e.Service, t.setService}, {e.Customer, t.setCustomer}, {e.Assignee, t.assign}} {
		if err := set(part.to, part.set); err != nil {
			return err
		}
	}
	return nil
}

// Watch lets a person follow a request; the actor when empty. Everybody may follow what they may see.
func (s *Service) Watch(ctx context.Context, a people.Actor, ref, person string) (Request, error) {
	verb := people.WorkRequests
	if person == "" || person == a.ID {
		person, verb = a.ID, people.SeeRequests
	}
	return s.change(ctx, a, verb, ref, nil, func(t *turn) error { return t.watch(person) })
}

// Unwatch ends that.
func (s *Service) Unwatch(ctx context.Context, a people.Actor, ref, person string) (Request, error) {
	verb := people.WorkRequests
	if person == "" || person == a.ID {
		person, verb = a.ID, people.SeeRequests
	}
	return s.change(ctx, a, verb, ref, nil, func(t *turn) error { t.unwatch(person); return nil })
}

// SaveDraft keeps what the actor has begun to write; an empty body forgets it.
func (s *Service) SaveDraft(ctx context.Context, a people.Actor, ref string, kind MessageKind, body string, said int) error {
	r, err := s.open(ctx, a, people.SeeRequests, ref)
	if err != nil {
		return err
	}
	return s.DB.SaveDraft(ctx, Draft{Request: r.ID, Person: a.ID, Kind: kind, Body: plain.Prose(body), Said: said})
}

// mostTouched is how long one touch may count, in seconds: a screen that says nothing for longer was left.
const mostTouched = 90

// Touch notes that the actor has had the request before them for so many seconds since the last touch. It is how the time that a request took is
// measured, and how others see who is there.
func (s *Service) Touch(ctx context.Context, a people.Actor, ref string, typing bool, seconds int) error {
	r, err := s.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return err
	}
	if a.Kind != people.ByPerson {
		return fault.New(fault.Forbidden, "Only a person has a request before them.")
	}
	return s.DB.Touch(ctx, r.ID, a.ID, typing, min(max(seconds, 0), mostTouched))
}
