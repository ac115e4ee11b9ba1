package incident

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

// Handlers binds the wing's kinds of jobs.
func (s *Service) Handlers() []job.Handler {
	return []job.Handler{
		JobTell().Handle(s.tellNow),
		JobPromise().Handle(s.lookAtClock),
		JobPostmortem().Handle(s.draft),
	}
}

// tellNow mails one notice and writes down what became of it. A crash between the two mails it again.
func (s *Service) tellNow(ctx context.Context, args TellArgs) error {
	n, err := s.DB.Notice(ctx, args.Notice)
	if err != nil || n.State != Waiting {
		return err
	}
	l, err := s.compose(ctx, n)
	if err != nil {
		return err
	}
	receipt, mailErr := l.mail(ctx, s.Mailer)
	if ctx.Err() != nil { // the server is being stopped: this was no answer
		return ctx.Err()
	}
	err = s.DB.ChangeNotice(ctx, n.ID, func(n Notice, now time.Time) (Notice, journal.Consequences, error) {
		n, out := delivered(n, now, receipt, mailErr)
		return n, out, nil
	})
	if err == nil && fault.Again(mailErr) {
		return mailErr // the job comes again after a pause; when the notice was given up it is finished already
	}
	return err
}

// compose gathers what a notice says. Its errors are our own, not the recipient's: the job comes again.
func (s *Service) compose(ctx context.Context, n Notice) (letter, error) {
	inc, err := s.DB.Incident(ctx, n.Incident)
	if err != nil {
		return letter{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return letter{}, err
	}
	l := letter{book: book, inc: withCustomers(book, inc), notice: n, link: s.Link(inc)}
	if n.About == AboutUpdate {
		l.update, err = s.update(ctx, n)
	}
	return l, err
}

// mail hands the letter over.
func (l letter) mail(ctx context.Context, m Mailer) (receipt string, err error) {
	person, ok := l.book.Person(l.notice.Person)
	if !ok || person.Email == "" {
		return "", fault.New(fault.Invalid, "%s has no mail address. Add one, and tell them in another way for now.", l.person(l.notice.Person))
	}
	return m.Mail(ctx, person.Email, l.subject(), l.text(), l.notice.ID)
}

func (s *Service) update(ctx context.Context, n Notice) (Update, error) {
	all, err := s.DB.Updates(ctx, n.Incident)
	for _, u := range all {
		if u.Audience == Internal && u.N == n.N {
			return u, nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "The update that was to be mailed is gone. Open the incident instead.")
	}
	return Update{}, err
}

// letter is a mail to a stakeholder.
type letter struct {
	book   Directory
	inc    Incident
	notice Notice
	update Update
	link   string
}

func (l letter) subject() string {
	what := map[About]string{AboutOpening: "opened", AboutResolution: "resolved", AboutReopening: "reopened"}[l.notice.About]
	if l.notice.About == AboutUpdate {
		what = fmt.Sprintf("update %d", l.update.N)
	}
	return fmt.Sprintf("[%s %s] %s: %s", l.inc.Name(), l.inc.Severity, what, l.inc.Title)
}

func (l letter) text() string {
	var b strings.Builder
	switch l.notice.About {
	case AboutOpening:
		fmt.Fprintf(&b, "An incident was opened on a service that you care for.\n\n%s\n", l.inc.Title)
	case AboutReopening:
		fmt.Fprintf(&b, "The incident was reopened: it is not over.\n\n%s\n", l.inc.Title)
	case AboutResolution:
		fmt.Fprintf(&b, "The incident is resolved. The post-mortem is being written and can be read from the start.\n\n%s\n", l.inc.Title)
	case AboutUpdate:
		fmt.Fprintf(&b, "%s\n", l.update.Text.Body)
	}
	b.WriteString("\n")
	fmt.Fprintf(&b, "State:     %s\n", l.inc.State)
	fmt.Fprintf(&b, "Severity:  %s\n", l.inc.Severity)
	fmt.Fprintf(&b, "Since:     %s\n", l.inc.DetectedAt.In(l.zone()).Format("15:04 MST, Monday 2 January 2006"))
	l.row(&b, "Until:     ", endOf(l.inc, l.zone()))
	l.row(&b, "Lead:      ", l.person(l.inc.Lead))
	l.row(&b, "Services:  ", strings.Join(l.services(), ", "))
	l.row(&b, "Customers: ", l.customers())
	if l.notice.About == AboutUpdate && !l.update.NextBy.IsZero() {
		fmt.Fprintf(&b, "\nThe next update comes by %s.\n", l.update.NextBy.In(l.zone()).Format("15:04 MST"))
	}
	fmt.Fprintf(&b, "\n%s\n\nThis is for inside the company. Do not forward it to customers.\n", l.link)
	return b.String()
}

func (letter) row(b *strings.Builder, label, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s%s\n", label, value)
	}
}

// zone is the reader's own, or UTC where none is known.
func (l letter) zone() *time.Location {
	p, _ := l.book.Person(l.notice.Person)
	if zone, err := time.LoadLocation(p.Zone); err == nil {
		return zone // of no name: UTC
	}
	return time.UTC
}

func endOf(i Incident, zone *time.Location) string {
	if i.ResolvedAt.IsZero() {
		return ""
	}
	return i.ResolvedAt.In(zone).Format("15:04 MST") + ", after " + Spell(i.ResolvedAt.Sub(i.DetectedAt))
}

func (l letter) person(id string) string {
	if p, ok := l.book.Person(id); ok {
		return p.Name
	}
	return id
}

func (l letter) services() (names []string) {
	for _, id := range l.inc.Services {
		if s, ok := l.book.Service(id); ok {
			id = s.Name
		}
		names = append(names, id)
	}
	return names
}

// customers names the affected ones, the first dozen at most.
func (l letter) customers() string {
	const most = 12
	var names []string
	for i, c := range l.inc.Customers {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(l.inc.Customers)-most))
			break
		}
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// lookAtClock wakes the promise clock of one incident.
func (s *Service) lookAtClock(ctx context.Context, args PromiseArgs) error {
	_, err := s.change(ctx, people.System("job"), people.WorkIncident, args.Incident, Scope{}, func(t *turn) error {
		t.remind()
		return nil
	})
	return err
}

// draft writes the post-mortem of an incident that was resolved, unless a person has taken it over.
func (s *Service) draft(ctx context.Context, args PostmortemArgs) error {
	inc, err := s.DB.Incident(ctx, args.Incident)
	if err != nil {
		return err
	}
	if inc.Open() { // reopened meanwhile; the next resolution drafts it
		return nil
	}
	room, err := s.gather(ctx, everyone(), inc) // what not everybody may know of is left out
	if err != nil {
		return err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return err
	}
	markdown, err := draftPaper(book, room)
	if err != nil {
		return err
	}
	text := journal.Salted(markdown)
	_, err = s.DB.ChangePostmortem(ctx, inc.ID, func(p *Postmortem, now time.Time) (Postmortem, journal.Consequences, error) {
		next, out := drafted(p, inc, text, now)
		return next, out, nil
	})
	return err
}

// everyone is the least that a reader of a post-mortem may be: an employee of no team.
func everyone() people.Actor {
	return people.Actor{Kind: people.ByPerson, Role: people.Member, Via: "job"}
}
