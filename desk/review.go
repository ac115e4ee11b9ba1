package desk

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// AnswerDueArgs names an answer and the day on which it is looked at.
type AnswerDueArgs struct {
	Answer   string    `json:"answer"`
	ReviewAt time.Time `json:"review_at"`
}

// AnswerMailArgs says who is told of which answer.
type AnswerMailArgs struct {
	Answer string `json:"answer"`
	Person string `json:"person"`
	Ref    string `json:"ref"` // the same for every try
}

// JobAnswerDue looks at an answer on the day of its review.
func JobAnswerDue() job.Kind[AnswerDueArgs] {
	return job.Kind[AnswerDueArgs]{Name: "desk.answer_due"}
}

// JobAnswerMail tells the owner, once, that an answer wants to be looked at.
func JobAnswerMail() job.Kind[AnswerMailArgs] {
	return job.Kind[AnswerMailArgs]{Name: "desk.answer_mail", Limit: time.Minute, Tries: 10, Back: sendAgain}
}

// answerDue decides whether the owner is told. A day that was moved meanwhile has a job of its own.
func (s *Service) answerDue(ctx context.Context, args AnswerDueArgs) error {
	_, err := s.DB.ChangeAnswer(ctx, args.Answer, 0, func(n AnswerNow) (Answer, journal.Consequences, error) {
		x, out := n.Answer, journal.Consequences{Finish: true}
		if x.State != PublishedAnswer || !x.ReviewAt.Equal(args.ReviewAt) || x.ReviewAt.After(n.Now) || x.Reminded.Equal(x.ReviewAt) {
			return x, out, nil
		}
		x.Reminded = x.ReviewAt
		out.Add(journal.Note(people.System("job"), "answer.review_due", x.Subject(), map[string]any{"owner": x.Owner}))
		ref := x.ID + "-" + x.ReviewAt.Format(time.DateOnly)
		out.Do(JobAnswerMail().At(n.Now, ref, AnswerMailArgs{Answer: x.ID, Person: x.Owner, Ref: ref}))
		return x, out, nil
	})
	return err
}

// answerMail mails one person. One who was looked at meanwhile is not spoken of.
func (s *Service) answerMail(ctx context.Context, args AnswerMailArgs) error {
	x, err := s.DB.Answer(ctx, args.Answer)
	if err != nil {
		return err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return err
	}
	person, ok := book.Person(args.Person)
	if !ok || person.Email == "" || s.Mailer == nil || x.State != PublishedAnswer || x.ReviewAt.After(s.Now()) {
		return nil
	}
	text := "You keep this answer right, and its day has come. If it still is, one press says so; otherwise change it, or retire it."
	if s.AnswerLink != nil {
		text += "\n\n" + s.AnswerLink(x)
	}
	_, err = s.Mailer.Mail(ctx, person.Email, "["+x.Name()+"] still right? "+x.Title, text+"\n", args.Ref)
	if fault.Again(err) {
		return err
	}
	return nil // an address that takes no mail is told on the screens
}
