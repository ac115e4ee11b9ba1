package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// RequestArgs names a request.
type RequestArgs struct {
	Request string `json:"request"`
}

// SendArgs names a row of the ledger.
type SendArgs struct {
	Send string `json:"send"`
}

// SolveArgs names a request that a problem's solution answers, and the words.
type SolveArgs struct {
	Request string  `json:"request"`
	Problem string  `json:"problem"`
	Message string  `json:"message"`
	Outcome Outcome `json:"outcome"`
}

// JobWake brings a snoozed request back into sight.
func JobWake() job.Kind[RequestArgs] { return job.Kind[RequestArgs]{Name: "desk.wake"} }

// JobSend hands one reply over. It is at least once: a crash between the channel's answer and the receipt sends it again, under the same reference.
func JobSend() job.Kind[SendArgs] {
	return job.Kind[SendArgs]{Name: "desk.send", Limit: time.Minute, Back: sendAgain}
}

// JobSolve answers one request with its problem's solution.
func JobSolve() job.Kind[SolveArgs] { return job.Kind[SolveArgs]{Name: "desk.solve"} }

// RemindArgs says who is reminded of which goal.
type RemindArgs struct {
	Request string   `json:"request"`
	Person  string   `json:"person"`
	Goal    GoalKind `json:"goal"`
	Broken  bool     `json:"broken"`
	Ref     string   `json:"ref"` // the same for every try
}

// JobClock looks at a request's clocks at the moment when one is soon or broken.
func JobClock() job.Kind[RequestArgs] { return job.Kind[RequestArgs]{Name: "desk.clock"} }

// JobRemind mails one person that a goal is soon, or broken.
func JobRemind() job.Kind[RemindArgs] {
	return job.Kind[RemindArgs]{Name: "desk.remind", Limit: time.Minute, Tries: 10, Back: sendAgain}
}

// sendAgain is the pause after try n: 5 s, 10 s, 20 s and so on, at most 10 min.
func sendAgain(n int) time.Duration {
	return min(5*time.Second<<min(max(n-1, 0), 7), 10*time.Minute)
}

// sendFor is how long a reply is tried. After that the request says that it did not arrive, and is ours again.
const sendFor = 24 * time.Hour

// Handlers binds the wing's kinds of jobs.
func (s *Service) Handlers() []job.Handler {
	return []job.Handler{JobWake().Handle(s.wakeNow), JobSend().Handle(s.sendNow), JobSolve().Handle(s.solveNow), JobClock().Handle(s.clockNow), JobRemind().Handle(s.remindNow),
		JobAnswerDue().Handle(s.answerDue), JobAnswerMail().Handle(s.answerMail)}
}

func (s *Service) wakeNow(ctx context.Context, args RequestArgs) error {
	_, err := s.change(ctx, people.System("job"), people.WorkRequests, args.Request, nil, func(t *turn) error {
		t.out.Finish = true
		if until := t.req.SnoozedUntil; until.IsZero() || until.After(t.cur.Now) || !t.req.Open() {
			return nil // it was woken, or snoozed anew
		}
		t.wake()
		t.note("request.woke", nil)
		return nil
	})
	return err
}

// clockNow lets a decision look at the clocks: that is all that each of them ends with.
func (s *Service) clockNow(ctx context.Context, args RequestArgs) error {
	_, err := s.change(ctx, people.System("job"), people.WorkRequests, args.Request, nil, func(t *turn) error {
		t.out.Finish = true
		return nil
	})
	return err
}

// remindNow mails one person. A reminder that the request has overtaken is not sent.
func (s *Service) remindNow(ctx context.Context, args RemindArgs) error {
	r, err := s.DB.Request(ctx, args.Request)
	if err != nil {
		return err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(r.Clocks, func(c Clock) bool { return c.Goal == args.Goal })
	person, ok := book.Person(args.Person)
	if at < 0 || !ok || person.Email == "" || !r.Clocks[at].EndedAt.IsZero() || s.Mailer == nil {
		return nil
	}
	subject, text := r.reminder(r.Clocks[at], args.Broken, person.Zone)
	_, err = s.Mailer.Mail(ctx, person.Email, subject, text+"\n\n"+s.Link(r)+"\n", args.Ref)
	if fault.Again(err) {
		return err
	}
	return nil // an address that takes no mail is told on the screens
}

// reminder says what is due and when.
func (r Request) reminder(c Clock, broken bool, zone string) (subject, text string) {
	what := map[GoalKind]string{FirstReply: "The first reply", NextReply: "The next reply", Resolution: "The solution"}[c.Goal]
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	due := c.DueAt.In(place).Format("Mon 2 Jan 15:04 MST")
	if broken || c.DueAt.IsZero() {
		return fmt.Sprintf("[%s] late: %s", r.Name(), r.Title), what + " is late: it was promised within " + c.Within.String() + " of working time."
	}
	return fmt.Sprintf("[%s] due %s: %s", r.Name(), due, r.Title), what + " is due at " + due + "."
}

// solveNow gives a request its problem's answer and end. One that was closed or taken off the problem meanwhile is left alone.
func (s *Service) solveNow(ctx context.Context, args SolveArgs) error {
	m, err := s.DB.Message(ctx, args.Message)
	if err != nil {
		return err
	}
	text := journal.Salted(m.Text.Body)
	_, err = s.change(ctx, people.System("job"), people.WorkRequests, args.Request, []string{args.Problem}, func(t *turn) error {
		t.out.Finish = true
		if t.req.Problem != args.Problem || !t.req.Open() {
			return nil
		}
		t.actor.ID = m.By // the words are theirs
		t.actor.Kind = people.ByPerson
		end := Ending{Outcome: args.Outcome}
		if problem := t.cur.With[args.Problem]; t.uncoded() {
			end.Coding = Coding{Codes: slices.Clone(problem.Codes), None: problem.NoDemand}
		}
		if end.Coding.empty() && t.mustCode() != nil { // whoever asked has their answer; what it was about is for us to say
			if err := t.reply(writing{text: text}); err != nil {
				return err
			}
			return t.resume()
		}
		return t.reply(writing{text: text, then: Then{Close: &end}})
	})
	return err
}

// sendNow hands one reply to its channel and writes down what became of it.
func (s *Service) sendNow(ctx context.Context, args SendArgs) error {
	row, err := s.DB.SendOf(ctx, args.Send)
	if err != nil || row.State == Sent {
		return err
	}
	if row.State == Failed { // a crash came before the request knew
		return s.notSent(ctx, row)
	}
	l, err := s.compose(ctx, row)
	if err != nil {
		return err
	}
	receipt, sendErr := s.hand(ctx, row.Channel, l)
	if ctx.Err() != nil { // the server is being stopped: this was no answer
		return ctx.Err()
	}
	failed := false
	err = s.DB.ChangeSend(ctx, row.ID, func(row Send, now time.Time) (Send, journal.Consequences, error) {
		row, out := sent(row, now, receipt, sendErr)
		failed = row.State == Failed
		return row, out, nil
	})
	switch {
	case err != nil:
		return err
	case failed:
		return s.notSent(ctx, row)
	case fault.Again(sendErr):
		return sendErr // the job comes again after a pause
	}
	return nil
}

func (s *Service) hand(ctx context.Context, channel string, l Letter) (string, error) {
	c, ok := s.Channels[channel]
	if !ok {
		return "", fault.New(fault.Invalid, "There is no way to send over %s here. Ask your administrator to set it up, and tell them in another way for now.", channel)
	}
	return c.Send(ctx, l)
}

// compose gathers what a reply says.
func (s *Service) compose(ctx context.Context, row Send) (l Letter, err error) {
	m, err := s.DB.Message(ctx, row.Message)
	if err != nil {
		return l, err
	}
	if l.Request, err = s.DB.Request(ctx, row.Request); err != nil {
		return l, err
	}
	parties, err := s.DB.Parties(ctx, []string{row.Party})
	if err != nil {
		return l, err
	}
	said, err := s.DB.Messages(ctx, []string{row.Request})
	if err != nil {
		return l, err
	}
	for _, before := range said {
		if before.Channel == row.Channel && before.Ref != "" && before.Kind == Question {
			l.Thread = append(l.Thread, before.Ref)
		}
	}
	for _, f := range m.Files {
		if f, err = s.DB.Attachment(ctx, f.ID); err != nil {
			return l, err
		}
		l.Files = append(l.Files, f)
	}
	l.Send, l.To, l.Text, l.Link = row.ID, parties[row.Party], m.Text.Body, s.Link(l.Request)
	book, err := s.Book(ctx)
	if err == nil {
		author, _ := book.Person(m.By)
		l.Author, l.Rule = author.Name, strings.HasPrefix(m.By, ByRule)
	}
	return l, err
}

// sent decides what became of a try.
func sent(row Send, now time.Time, receipt string, err error) (Send, journal.Consequences) {
	var out journal.Consequences
	if row.State != Sending {
		return row, out
	}
	row.Tries++
	verb := "request.delivered"
	switch {
	case err == nil:
		row.State, row.Receipt, row.Error, row.EndedAt = Sent, receipt, "", now
	case fault.Again(err) && now.Sub(row.MadeAt) < sendFor:
		row.Error = fault.Sentence(err)
		return row, out
	default:
		row.State, row.Error, row.EndedAt = Failed, fault.Sentence(err), now
		verb = "request.not_delivered"
	}
	out.Finish = row.State == Sent
	out.Add(journal.Note(people.System("job"), verb, journal.Of("request", row.Request), map[string]any{"channel": row.Channel, "tries": row.Tries}).
		With(journal.Of("party", row.Party)))
	return row, out
}

// notSent brings a request back to us whose reply did not arrive: whoever closed it, or waits for an answer, must know.
func (s *Service) notSent(ctx context.Context, row Send) error {
	_, err := s.change(ctx, people.System("job"), people.WorkRequests, row.Request, nil, func(t *turn) error {
		t.out.Finish = true
		switch {
		case t.req.Wordless(): // the words went before they could be sent
		case t.req.State == Closed && t.req.Of == "":
			t.openAgain()
		case t.req.State == Waiting && t.req.WaitsFor == Asker:
			return t.resume()
		}
		return nil
	})
	return err
}
