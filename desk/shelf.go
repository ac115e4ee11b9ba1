package desk

import (
	"context"
	"slices"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Answer returns one answer by its id or its name ("K-7"). Drafts, retired ones and those for the desk are only there for whoever may write answers.
func (s *Service) Answer(ctx context.Context, a people.Actor, ref string) (Answer, error) {
	if err := people.May(a, people.ReadAnswers, people.Subject{Kind: "answer"}); err != nil {
		return Answer{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Answer{}, err
	}
	x, err := s.DB.Answer(ctx, ref)
	if err != nil {
		return Answer{}, err
	}
	if people.May(a, x.verb(), x.topic()) != nil {
		return Answer{}, fault.New(fault.NotFound, "There is no answer %.60s. Look in the list of answers.", ref)
	}
	x.Stale = x.stale(s.Now(), book)
	return x, nil
}

// Answers returns those that the filter names and the actor may read, the newest first.
func (s *Service) Answers(ctx context.Context, a people.Actor, f AnswerFilter) ([]Answer, error) {
	if err := people.May(a, people.ReadAnswers, people.Subject{Kind: "answer"}); err != nil {
		return nil, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.DB.Answers(ctx, f)
	for i := range all {
		all[i].Stale = all[i].stale(s.Now(), book)
	}
	return slices.DeleteFunc(all, func(x Answer) bool {
		return people.May(a, x.verb(), x.topic()) != nil || f.Stale && len(x.Stale) == 0
	}), err
}

// AnswerVersions returns what was ever saved of an answer, the newest first, to whoever may write answers.
func (s *Service) AnswerVersions(ctx context.Context, a people.Actor, ref string) ([]AnswerVersion, error) {
	x, err := s.writable(ctx, a, ref)
	if err != nil {
		return nil, err
	}
	return s.DB.AnswerVersions(ctx, x.ID)
}

func (s *Service) writable(ctx context.Context, a people.Actor, ref string) (Answer, error) {
	x, err := s.Answer(ctx, a, ref)
	if err != nil {
		return x, err
	}
	return x, people.May(a, people.WriteAnswers, x.topic())
}

// NewAnswer writes a draft. Without an owner it is the actor's, without a day it is looked at in half a year, without an audience it is for the desk.
func (s *Service) NewAnswer(ctx context.Context, a people.Actor, d AnswerDraft) (Answer, error) {
	return s.newAnswer(ctx, a, d, "")
}

func (s *Service) newAnswer(ctx context.Context, a people.Actor, d AnswerDraft, from string) (Answer, error) {
	if err := people.May(a, people.WriteAnswers, people.Subject{Kind: "answer", Team: d.Team}); err != nil {
		return Answer{}, err
	}
	d, err := s.readyAnswer(ctx, a, d)
	if err != nil {
		return Answer{}, err
	}
	salt := journal.Salted("").Salt
	return s.DB.ChangeAnswer(ctx, "", 0, func(n AnswerNow) (Answer, journal.Consequences, error) {
		x := n.Answer
		x.AnswerDraft, x.State, x.From, x.Version, x.ChangedBy, x.ChangedAt, x.MadeAt, x.Salt = d, DraftAnswer, from, 1, a.ID, n.Now, n.Now, salt
		e := journal.Note(a, "answer.drafted", x.Subject(), map[string]any{"number": x.Number})
		e.Text = x.text().Hash()
		if from != "" {
			e.About = journal.Of("request", from)
		}
		return x, journal.Consequences{Entries: []journal.Entry{e}}, nil
	})
}

// AnswerFrom makes a draft of a request in one step: its title, and what was last replied. Notes are never taken. A request of which there is a draft
// or an answer already returns that one.
func (s *Service) AnswerFrom(ctx context.Context, a people.Actor, ref string) (Answer, error) {
	r, err := s.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Answer{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Answer{}, err
	}
	if kind, _ := book.RequestType(r.Type); kind.Visibility == people.TeamOnly {
		return Answer{}, fault.New(fault.Forbidden, "%s is only for its team, and an answer is for more people. Write a new answer in words that all of them may read.", r.Name())
	}
	made, err := s.Answers(ctx, a, AnswerFilter{From: r.ID, States: []AnswerState{DraftAnswer, PublishedAnswer}})
	if err != nil || len(made) > 0 {
		return firstAnswer(made), err
	}
	said, err := s.DB.Messages(ctx, []string{r.ID})
	if err != nil {
		return Answer{}, err
	}
	d := AnswerDraft{Title: r.Title, Team: r.Team, Service: r.Service, Type: r.Type}
	for _, m := range said {
		if m.Kind == Reply {
			d.Body = m.Text.Body
		}
	}
	if len(r.Codes) > 0 {
		d.Demand = r.Codes[0].Demand
	}
	return s.newAnswer(ctx, a, d, r.ID)
}

func firstAnswer(all []Answer) Answer {
	if len(all) == 0 {
		return Answer{}
	}
	return all[0]
}

// changeAnswer runs one decision about an answer.
func (s *Service) changeAnswer(ctx context.Context, a people.Actor, ref string, base int64, decide func(AnswerNow, *journal.Consequences) (Answer, error)) (Answer, error) {
	x, err := s.writable(ctx, a, ref)
	if err != nil {
		return Answer{}, err
	}
	return s.DB.ChangeAnswer(ctx, x.ID, base, func(n AnswerNow) (Answer, journal.Consequences, error) {
		var out journal.Consequences
		if err := people.May(a, people.WriteAnswers, n.Answer.topic()); err != nil { // it may have changed hands since
			return Answer{}, out, err
		}
		after, err := decide(n, &out)
		if err == nil && after.State == PublishedAnswer && (n.Answer.State != PublishedAnswer || !after.ReviewAt.Equal(n.Answer.ReviewAt)) {
			out.Do(JobAnswerDue().At(after.ReviewAt, after.ID+" "+after.ReviewAt.Format(time.DateOnly), AnswerDueArgs{Answer: after.ID, ReviewAt: after.ReviewAt}))
		}
		return after, out, err
	})
}

// EditAnswer saves a new version. seen is the Answer.Version that was edited. What somebody else saved meanwhile is merged when it touches other lines;
// otherwise nothing is saved, and the newer answer is returned with a Conflict, so that both can be shown.
func (s *Service) EditAnswer(ctx context.Context, a people.Actor, ref string, d AnswerDraft, seen int64) (Answer, error) {
	if seen <= 0 {
		return Answer{}, fault.Wrong("version", "Say which version you changed, so that nobody else's words are lost.")
	}
	d, err := s.readyAnswer(ctx, a, d)
	if err != nil {
		return Answer{}, err
	}
	salt := journal.Salted("").Salt
	x, err := s.changeAnswer(ctx, a, ref, seen, func(n AnswerNow, out *journal.Consequences) (Answer, error) {
		x := n.Answer
		merged, ok := n.Base.merge(d, x.AnswerDraft)
		if !ok {
			return x, fault.New(fault.Conflict, "Somebody saved version %d of %s while you were writing on version %d, and changed the same lines. Both are shown; put together what belongs together and save again.", x.Version, x.Name(), seen)
		}
		if merged == x.AnswerDraft {
			return x, nil
		}
		if x.State == PublishedAnswer && plain.Blank(merged.Body) {
			return x, nothingToSay()
		}
		x.AnswerDraft, x.ChangedBy, x.ChangedAt, x.Salt = merged, a.ID, n.Now, salt
		x.Version++
		e := journal.Note(a, "answer.edited", x.Subject(), map[string]any{"version": x.Version, "audience": string(x.Audience), "owner": x.Owner})
		e.Text = x.text().Hash()
		out.Add(e)
		return x, nil
	})
	if fault.Is(err, fault.Conflict) {
		if newer, failed := s.Answer(ctx, a, ref); failed == nil {
			return newer, err
		}
	}
	return x, err
}

func nothingToSay() error { return fault.Wrong("text", "Write the answer before it is published.") }

// PublishAnswer offers an answer to its audience. seen is the Answer.Version that was read, or 0.
func (s *Service) PublishAnswer(ctx context.Context, a people.Actor, ref string, seen int64) (Answer, error) {
	return s.changeAnswer(ctx, a, ref, 0, func(n AnswerNow, out *journal.Consequences) (Answer, error) {
		x := n.Answer
		switch {
		case seen != 0 && seen != x.Version:
			return x, fault.New(fault.Conflict, "Somebody saved version %d of %s since you read it. Read it, then publish it.", x.Version, x.Name())
		case plain.Blank(x.Body):
			return x, nothingToSay()
		case x.State == PublishedAnswer:
			return x, nil
		}
		if !x.ReviewAt.After(n.Now) {
			x.ReviewAt = reviewDay(n.Now.AddDate(0, reviewIn, 0))
		}
		x.State, x.PublishedAt = PublishedAnswer, n.Now
		out.Add(journal.Note(a, "answer.published", x.Subject(), map[string]any{"version": x.Version, "audience": string(x.Audience)}))
		return x, nil
	})
}

// RetireAnswer takes an answer out of use. It can be published again.
func (s *Service) RetireAnswer(ctx context.Context, a people.Actor, ref string) (Answer, error) {
	return s.changeAnswer(ctx, a, ref, 0, func(n AnswerNow, out *journal.Consequences) (Answer, error) {
		x := n.Answer
		if x.State != RetiredAnswer {
			x.State = RetiredAnswer
			out.Add(journal.Note(a, "answer.retired", x.Subject(), map[string]any{"version": x.Version}))
		}
		return x, nil
	})
}

// ReviewAnswer says that a published answer is still right: it is looked at again in half a year. Whoever says so becomes its owner when there is none.
func (s *Service) ReviewAnswer(ctx context.Context, a people.Actor, ref string) (Answer, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return Answer{}, err
	}
	return s.changeAnswer(ctx, a, ref, 0, func(n AnswerNow, out *journal.Consequences) (Answer, error) {
		x := n.Answer
		if x.State != PublishedAnswer {
			return x, fault.New(fault.Conflict, "%s is not published. Publish it, then it is looked at in its time.", x.Name())
		}
		if _, there := book.Person(x.Owner); !there {
			x.Owner = a.ID
		}
		x.ReviewAt = reviewDay(n.Now.AddDate(0, reviewIn, 0))
		out.Add(journal.Note(a, "answer.reviewed", x.Subject(), map[string]any{"version": x.Version, "owner": x.Owner}))
		return x, nil
	})
}
