package thanks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/people"
	"frontline/plain"
)

// TellArgs names a thanks whose receivers are told.
type TellArgs struct {
	Thanks string `json:"thanks"`
}

// MailArgs says who is told of which thanks.
type MailArgs struct {
	Thanks string `json:"thanks"`
	Person string `json:"person"`
}

// DigestArgs says who gets the digest of which month.
type DigestArgs struct {
	Month  Month  `json:"month"`
	Person string `json:"person"`
}

// JobTell looks who is thanked, once it can no longer be taken back.
func JobTell() job.Kind[TellArgs] { return job.Kind[TellArgs]{Name: "thanks.tell"} }

// JobMail mails one person about one thanks. It gives up after about a day: the wall has it all the while.
func JobMail() job.Kind[MailArgs] {
	return job.Kind[MailArgs]{Name: "thanks.mail", Limit: time.Minute, Tries: 20}
}

// JobDigest mails one person the digest of one month.
func JobDigest() job.Kind[DigestArgs] {
	return job.Kind[DigestArgs]{Name: "thanks.digest", Limit: time.Minute, Tries: 20}
}

// Handlers binds the job kinds. enqueue writes jobs.
func (s *Service) Handlers(enqueue func(context.Context, ...job.New) error) []job.Handler {
	tell := func(ctx context.Context, args TellArgs) error {
		jobs, err := s.told(ctx, args)
		if err != nil || len(jobs) == 0 {
			return err
		}
		return enqueue(ctx, jobs...)
	}
	return []job.Handler{JobTell().Handle(tell), JobMail().Handle(s.mail), JobDigest().Handle(s.mailDigest)}
}

// told are the jobs that mail whom a thanks is for.
func (s *Service) told(ctx context.Context, args TellArgs) (jobs []job.New, err error) {
	x, err := s.DB.Thanks(ctx, args.Thanks)
	if err != nil || !x.Live() || s.Mailer == nil {
		return nil, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	said, err := s.DB.Wishes(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range book.People() {
		if p.ID != x.By && p.Email != "" && x.is(p.ID, p.Teams) && wishOf(said, book, p.ID).Told {
			jobs = append(jobs, JobMail().At(time.Time{}, x.ID+" "+p.ID, MailArgs{Thanks: x.ID, Person: p.ID}))
		}
	}
	return jobs, nil
}

// mail tells one person. One that was taken back meanwhile is not spoken of.
func (s *Service) mail(ctx context.Context, args MailArgs) error {
	book, err := s.Book(ctx)
	if err != nil {
		return err
	}
	p, ok := book.Person(args.Person)
	if !ok || p.Email == "" {
		return nil
	}
	x, err := s.Thanks(ctx, people.As(p, "mail"), args.Thanks)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	text := nameOf(book, x.By) + " thanks " + listed(book, p.ID, x.To) + ":\n\n" + indent(x.Text.Body) + "\n"
	if x.Matter != nil {
		text += "\nAbout " + x.Matter.Name + ": " + x.Matter.Title + "\n"
	}
	text += "\n" + s.Link(x.Thanks) + "\n\nWhich of these mails you get: " + s.Wall + "\n"
	return s.hand(ctx, p, nameOf(book, x.By)+" says thank you", text, x.ID+"-"+p.ID)
}

// hand gives a mail to the mail server. An address that takes no mail is left: the wall has it.
func (s *Service) hand(ctx context.Context, p people.Person, subject, text, ref string) error {
	_, err := s.Mailer.Mail(ctx, p.Email, plain.Line(subject), text, "thanks-"+ref)
	if fault.Again(err) {
		return err
	}
	return nil
}

// mailDigest sends one person what people were thankful for, as far as they may know of it.
func (s *Service) mailDigest(ctx context.Context, args DigestArgs) error {
	book, err := s.Book(ctx)
	if err != nil {
		return err
	}
	p, ok := book.Person(args.Person)
	if !ok || p.Email == "" || s.Mailer == nil {
		return nil
	}
	d, err := s.Digest(ctx, people.As(p, "mail"), args.Month)
	if err != nil || d.N == 0 {
		return err
	}
	return s.hand(ctx, p, "What people were thankful for in "+d.Month.Title(), s.letter(d, book), string(args.Month)+"-"+p.ID)
}

// mostQuoted is how many reasons of one demand a mail quotes.
const mostQuoted = 10

// letter is a digest as a mail.
func (s *Service) letter(d Digest, book Directory) string {
	var b strings.Builder
	fmt.Fprintf(&b, "What people were thankful for in %s.\n%s from %s.\n", d.Month.Title(), times(d.N, "thank you", "thank yous"), times(d.Givers, "person", "people"))
	for _, g := range d.Groups {
		title := "Belongs to no demand"
		if g.Demand != "" {
			title = g.Title
			if g.Name != "" {
				title = g.Name + " " + g.Title
			}
		}
		fmt.Fprintf(&b, "\n%s (%d)\n", title, len(g.Thanks))
		for i, x := range g.Thanks {
			if i == mostQuoted {
				fmt.Fprintf(&b, "  and %d more on the wall\n", len(g.Thanks)-i)
				break
			}
			fmt.Fprintf(&b, "\n%s\n", indent(plain.Clip(x.Text.Body, 400)))
			fmt.Fprintf(&b, "    %s to %s", nameOf(book, x.By), listed(book, "", x.To))
			if x.Matter != nil {
				b.WriteString(", " + x.Matter.Name)
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\nNobody is counted or compared here. The wall, and which of these mails you get: " + s.Wall + "\n")
	return b.String()
}

func times(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// listed names those who are thanked, the reader first as "you".
func listed(book Directory, reader string, all []To) string {
	var out []string
	for _, to := range all {
		if to.Kind == Person && to.ID == reader {
			out = slices.Insert(out, 0, "you")
			continue
		}
		out = append(out, named(book, to))
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return strings.Join(out, "")
}

func named(book Directory, to To) string {
	switch to.Kind {
	case Team:
		if t, ok := book.Team(to.ID); ok {
			return t.Name
		}
	case Action:
		if d, ok := book.Action(to.ID); ok {
			return d.Title
		}
	default:
		return nameOf(book, to.ID)
	}
	return to.ID
}

func nameOf(book Directory, person string) string {
	if p, ok := book.Person(person); ok {
		return p.Name
	}
	return "somebody who left"
}
