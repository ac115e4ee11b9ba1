package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// Rota is where the screens read who is on call.
type Rota interface {
	Now(ctx context.Context, a people.Actor) ([]oncall.Post, error)
	// Week returns who is on call between the instants, with what each gap costs.
	Week(ctx context.Context, a people.Actor, from, to time.Time) ([]oncall.Lane, error)
	// For returns where a person stands: on call until when, and when next.
	For(ctx context.Context, a people.Actor, person string) (oncall.Standing, error)
	// WhatIf returns every message that a page by the policy would send if it opened at the instant and nobody answered.
	WhatIf(ctx context.Context, a people.Actor, policy string, at time.Time) ([]oncall.Reach, error)
}

// MyPages are the pages of the person who looks, and how they test that pages arrive.
type MyPages interface {
	// PagesTo returns the pages that tried to reach the actor: the live ones, and those opened since.
	PagesTo(ctx context.Context, a people.Actor, since time.Time) ([]oncall.Page, error)
	TestPage(ctx context.Context, a people.Actor) (oncall.Page, error)
}

// duty answers "am I on call".
type duty struct {
	Say     string
	Text    string
	Warning string // what would keep a page from arriving
	Figures []figure
}

// endless is when a spell is so long that nobody takes over.
const endless = 8 * 7 * 24 * time.Hour

func (s *Server) homeDuty(ctx context.Context, v *visit, now homeNow, scr *homeScreen) error {
	st, err := s.deps.Rota.For(ctx, v.Actor, v.Actor.ID)
	if err != nil {
		return err
	}
	ahead, behind, err := s.chain(ctx, v, now.Book, st.On)
	if err != nil {
		return err
	}
	scr.Duty = dutyOf(v, st, ahead, behind)
	if len(st.On) > 0 && len(v.Person.Contacts) == 0 {
		scr.Duty.Warning = "You are on call and have no contact: no page can reach you. Have a push topic or a mail address added where you are configured."
	}
	scr.Duty.Figures = dayFigures(v, now.Pages)
	last, err := s.lastTest(ctx, v)
	scr.Duty.Figures = append(scr.Duty.Figures, last)
	return err
}

func dutyOf(v *visit, st oncall.Standing, ahead, behind []string) duty {
	if len(st.On) == 0 {
		return offDuty(v, st)
	}
	until, roles := st.On[0].To, []string{}
	for _, spell := range st.On {
		roles = append(roles, spell.Rotation.Name)
		if spell.To.After(until) {
			until = spell.To
		}
	}
	d := duty{Say: "Yes, until " + v.at(until).Hour(), Text: enumerate(roles)}
	if until.Sub(v.Now) > endless {
		d.Say = "Yes, and nobody takes over"
	}
	if len(ahead) > 0 {
		d.Text += ", after " + enumerate(ahead)
	}
	if len(behind) > 0 {
		d.Text += ", with " + enumerate(behind) + " behind you"
	}
	d.Text += ". " + afterwards(v, st, until)
	return d
}

// afterwards says when the person is on call again.
func afterwards(v *visit, st oncall.Standing, until time.Time) string {
	if until.Sub(v.Now) > endless {
		return "Add somebody to the rotation so that it hands over."
	}
	for _, next := range st.Next {
		if next.From.After(until) {
			return "Then free until " + v.at(next.From).Day() + "."
		}
	}
	return "No further turn is planned."
}

func offDuty(v *visit, st oncall.Standing) duty {
	if len(st.Next) == 0 {
		return duty{Say: "No", Text: "You have no turn in any rotation."}
	}
	next := st.Next[0]
	return duty{Say: "No, not until " + v.at(next.From).Hour(), Text: "Next is " + next.Rotation.Name + ", until " + v.at(next.To).Hour() + "."}
}

// chain returns whom a page reaches before and after the person, by the policies that page the rotations they are on call in.
func (s *Server) chain(ctx context.Context, v *visit, book Book, on []oncall.Spell) (ahead, behind []string, err error) {
	for _, p := range book.Policies() {
		if !slices.ContainsFunc(on, func(spell oncall.Spell) bool { return policyPages(p, spell.Rotation.ID) }) {
			continue
		}
		reaches, err := s.deps.Rota.WhatIf(ctx, v.Actor, p.ID, v.Now)
		if err != nil {
			return nil, nil, err
		}
		before, after := around(reaches, v.Actor.ID)
		ahead, behind = union(ahead, namesOf(book, before)), union(behind, namesOf(book, after))
	}
	return ahead, behind, nil
}

func policyPages(p oncall.Policy, rotation string) bool {
	return slices.ContainsFunc(p.Steps, func(s oncall.Step) bool {
		return slices.ContainsFunc(s.Targets, func(t oncall.Target) bool { return t.Rotation == rotation })
	})
}

// around returns who is reached by the firings just before and just after the first that reaches the person.
func around(reaches []oncall.Reach, person string) (before, after []string) {
	at := slices.IndexFunc(reaches, func(r oncall.Reach) bool { return r.Duty.Person == person })
	if at < 0 {
		return nil, nil
	}
	mine := reaches[at].Firing
	for _, r := range reaches {
		switch {
		case r.Duty.Person == person:
		case r.Firing == mine-1:
			before = union(before, []string{r.Duty.Person})
		case r.Firing == mine+1:
			after = union(after, []string{r.Duty.Person})
		}
	}
	return before, after
}

func union(all, more []string) []string {
	for _, m := range more {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

func namesOf(book Book, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = book.Name("person", id)
	}
	return out
}

// enumerate joins words as in a sentence: "Karl Sepp, Liis Tamm and Marika Oja".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// dayFigures says how the last day was.
func dayFigures(v *visit, pages []oncall.Page) []figure {
	n, took := 0, []time.Duration{}
	for _, p := range pages {
		if p.Aim == oncall.AimTest || p.OpenedAt.Before(v.Now.Add(-24*time.Hour)) {
			continue
		}
		n++
		if p.AckedBy == v.Actor.ID && !p.AckedAt.IsZero() {
			took = append(took, p.AckedAt.Sub(p.OpenedAt))
		}
	}
	out := []figure{{Name: "Pages in 24 hours", Value: number(n)}}
	if len(took) > 0 {
		slices.Sort(took)
		out = append(out, figure{Name: "Acknowledged in", Value: duration(took[len(took)/2].Truncate(time.Second))})
	}
	return out
}

// lastTest says when a test page was last received, and by what: only a receipt counts.
func (s *Server) lastTest(ctx context.Context, v *visit) (figure, error) {
	f := figure{Name: "Last test page received", Value: "never"}
	pages, err := s.deps.Paging.PagesAbout(ctx, v.Actor, journal.Of("person", v.Actor.ID))
	if err != nil {
		return f, err
	}
	for _, p := range pages {
		if p.Aim != oncall.AimTest {
			continue
		}
		_, tries, err := s.deps.Paging.Page(ctx, v.Actor, p.ID)
		if err != nil {
			return f, err
		}
		var by []string
		for _, a := range tries {
			if a.State == oncall.Sent {
				by = union(by, []string{channelWord(a.Contact.Channel)})
			}
		}
		if len(by) > 0 {
			f.Value, f.Unit = v.at(p.OpenedAt).Abs(), strings.Join(by, ", ")
			return f, nil
		}
	}
	return f, nil
}
