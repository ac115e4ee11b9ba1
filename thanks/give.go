package thanks

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Draft is what somebody says who gives thanks.
type Draft struct {
	Reason  string
	People  []string // by id
	Teams   []string // by id
	Actions []string // by id: tools that helped
	About   string   // "R-1042" or "INC-31"; empty when it is about neither
	Ref     string   // the channel's own id of what gave it, so that what comes twice is one; empty when there is none
}

// Service is the wing's commands and readings. Each command takes who asks, begins with people.May and is one transaction.
type Service struct {
	DB      Database
	Book    func(context.Context) (Directory, error) // what is configured now
	Matters Matters
	Mailer  Mailer              // nil when there is no mail server
	Link    func(Thanks) string // where a thanks is read
	Wall    string              // the wall's address, for mails
	Now     func() time.Time    // the store's time
	Zone    *time.Location      // of the digests, and of people who chose none; UTC when nil
}

func (s *Service) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// dayOf is the zone in which a person's days begin.
func (s *Service) dayOf(p people.Person) *time.Location {
	if zone, err := time.LoadLocation(p.Zone); err == nil && p.Zone != "" {
		return zone
	}
	return s.zone()
}

// Give says thank you. Nobody thanks themselves, and one person gives at most five on one day. What the channel brings twice (Draft.Ref) is one,
// and the second result is then false. Whom it thanks is told by mail once it can no longer be taken back.
func (s *Service) Give(ctx context.Context, a people.Actor, d Draft) (Thanks, bool, error) {
	if err := people.May(a, people.GiveThanks, topic()); err != nil {
		return Thanks{}, false, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Thanks{}, false, err
	}
	giver, ok := book.Person(a.ID)
	if !ok {
		return Thanks{}, false, fault.New(fault.Forbidden, "Only somebody in the directory says thanks. Ask your administrator to add you.")
	}
	to, err := d.to(a, book)
	if err != nil {
		return Thanks{}, false, err
	}
	about, err := s.about(ctx, a, d.About)
	if err != nil {
		return Thanks{}, false, err
	}
	text, err := reason(d.Reason, about)
	if err != nil {
		return Thanks{}, false, err
	}
	since := s.Now().Add(-48 * time.Hour) // longer than any day
	return s.DB.AddThanks(ctx, Arrival{By: a.ID, Ref: d.Ref, About: about.Subject, Since: since}, func(n Now) (Thanks, journal.Consequences, error) {
		x := n.Fresh
		x.By, x.To, x.About, x.Text, x.Ref, x.At, x.ChangedAt = a.ID, to, about.Subject, text, d.Ref, n.Now, n.Now
		if err := n.within(x, about.Name, book, s.dayOf(giver)); err != nil {
			return x, journal.Consequences{}, err
		}
		e := journal.Note(a, "thanks.given", x.Subject(), map[string]any{"people": len(d.People), "teams": len(d.Teams), "actions": len(d.Actions)}).With(x.About)
		e.Text = text.Hash()
		follows := journal.Consequences{Entries: []journal.Entry{e}}
		follows.Do(JobTell().At(n.Now.Add(backFor), x.ID, TellArgs{Thanks: x.ID}))
		return x, follows, nil
	})
}

// to checks whom a draft thanks.
func (d Draft) to(a people.Actor, book Directory) (out []To, err error) {
	add := func(k Kind, id string) {
		if x := (To{k, id}); !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	for _, id := range d.People {
		if id == a.ID {
			return nil, fault.Wrong("people", "Nobody thanks themselves. Choose somebody else.")
		}
		if _, ok := book.Person(id); !ok {
			return nil, fault.Wrong("people", "There is nobody called %.60s. Choose somebody of the list.", id)
		}
		add(Person, id)
	}
	for _, id := range d.Teams {
		if _, ok := book.Team(id); !ok {
			return nil, fault.Wrong("teams", "There is no team %.60s. Choose one of the list.", id)
		}
		add(Team, id)
	}
	for _, id := range d.Actions {
		if x, ok := book.Action(id); !ok || people.May(a, people.SeeActions, x.Subject()) != nil {
			return nil, fault.Wrong("actions", "There is no action %.60s. Choose one of the list.", id)
		}
		add(Action, id)
	}
	switch {
	case len(out) == 0:
		return nil, fault.Wrong("people", "Say whom you thank: colleagues, a team, or an action that helped.")
	case len(out) > mostThanked:
		return nil, fault.Wrong("people", "One thanks is for at most %d. Thank their team instead.", mostThanked)
	}
	return out, nil
}

// about finds what a thanks is about; the empty matter when it is about nothing.
func (s *Service) about(ctx context.Context, a people.Actor, ref string) (Matter, error) {
	if ref = plain.Line(ref); ref == "" {
		return Matter{}, nil
	}
	m, err := s.Matters.Find(ctx, a, ref)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return m, fault.Wrong("about", "There is no %.60s. Write the number of a request or an incident, such as R-1042 or INC-31, or leave it empty.", ref)
	}
	return m, err
}

// reason checks the words. Beside a request or an incident a word is enough: what for is said there.
func reason(words string, about Matter) (journal.Text, error) {
	words = plain.Prose(words)
	switch n := len(strings.Fields(words)); {
	case plain.Blank(words):
		return journal.Text{}, fault.Wrong("reason", "Say what for. A thanks without a reason helps nobody.")
	case n < fewestWords && about.Name == "":
		return journal.Text{}, fault.Wrong("reason", "Say what for in %d words at least, or name the request or the incident.", fewestWords)
	case utf8.RuneCountInString(words) > longestReason:
		return journal.Text{}, fault.Wrong("reason", "A reason has at most %d characters. Say it shorter.", longestReason)
	}
	return journal.Salted(words), nil
}

// within holds a new thanks against what its giver gave before.
func (n Now) within(x Thanks, about string, book Directory, zone *time.Location) error {
	today := 0
	for _, old := range n.Lately {
		if old.Void {
			continue
		}
		if sameDay(old.At, n.Now, zone) {
			today++
		}
		if about == "" || old.About != x.About {
			continue
		}
		for _, to := range x.To {
			if to.Kind == Person && slices.Contains(old.To, to) {
				p, _ := book.Person(to.ID)
				return fault.New(fault.Conflict, "You thanked %s for %s already, in %s. Thank whoever else helped with it.", p.Name, about, old.Name())
			}
		}
	}
	if today >= mostADay {
		return fault.New(fault.Conflict, "You said thanks %d times today, and that is the most of a day, so that each one counts. Say this one tomorrow.", today)
	}
	return nil
}

func sameDay(a, b time.Time, zone *time.Location) bool {
	return a.In(zone).Format(time.DateOnly) == b.In(zone).Format(time.DateOnly)
}

// Reword changes the words within ten minutes; only whoever gave it may.
func (s *Service) Reword(ctx context.Context, a people.Actor, ref, words string) (Thanks, error) {
	x, err := s.find(ctx, a, people.GiveThanks, ref)
	if err != nil {
		return Thanks{}, err
	}
	text, err := reason(words, Matter{Name: x.About.ID})
	if err != nil {
		return Thanks{}, err
	}
	return s.DB.ChangeThanks(ctx, x.ID, func(x Thanks, now time.Time) (Thanks, journal.Consequences, error) {
		var follows journal.Consequences
		switch {
		case x.By != a.ID:
			return x, follows, fault.New(fault.Forbidden, "Only whoever gave it changes its words.")
		case !x.Live():
			return x, follows, gone(x)
		case !x.Changeable(now):
			return x, follows, fault.New(fault.Conflict, "The words of %s stay as they are: they may be changed for ten minutes. Take it back and say it anew.", x.Name())
		case x.Text.Body == text.Body:
			return x, follows, nil
		}
		x.Text, x.ChangedAt = text, now
		e := journal.Note(a, "thanks.reworded", x.Subject(), nil).With(x.About)
		e.Text = text.Hash()
		follows.Add(e)
		return x, follows, nil
	})
}

func gone(x Thanks) error {
	return fault.New(fault.Conflict, "%s was taken off the wall.", x.Name())
}

// TakeBack takes a thanks off the wall and deletes its words. Whoever gave it may, within ten minutes as if it had never been; later the fact that
// it was given stays. Whoever is thanked by name may too, and so may a lead.
func (s *Service) TakeBack(ctx context.Context, a people.Actor, ref string) (Thanks, error) {
	x, err := s.find(ctx, a, people.SeeThanks, ref)
	if err != nil {
		return Thanks{}, err
	}
	return s.DB.ChangeThanks(ctx, x.ID, func(x Thanks, now time.Time) (Thanks, journal.Consequences, error) {
		var follows journal.Consequences
		if err := x.mayTake(a); err != nil {
			return x, follows, err
		}
		if !x.Live() {
			return x, follows, nil
		}
		x.Void = x.By == a.ID && x.Changeable(now)
		x.TakenAt, x.Text = now, journal.Text{}
		follows.Add(journal.Note(a, "thanks.taken_back", x.Subject(), map[string]any{"void": x.Void}).With(x.About))
		return x, follows, nil
	})
}

// mayTake says who may take it off the wall.
func (t Thanks) mayTake(a people.Actor) error {
	if t.By == a.ID || slices.Contains(t.To, To{Person, a.ID}) {
		return nil
	}
	return people.May(a, people.RemoveThanks, topic())
}
