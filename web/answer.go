package web

import (
	"context"
	"net/http"
	"strings"

	"frontline/alert"
	"frontline/catalog"
	"frontline/oncall"
	"frontline/people"
)

// Answers is what the link in a message leads to: one page, for one person.
type Answers interface {
	// Grant reads the token in the link. Unauthenticated when it is broken or has expired.
	Grant(token string) (oncall.Grant, error)
	// Page returns the page with its ledger.
	Page(ctx context.Context, a people.Actor, ref string) (oncall.Page, []oncall.Attempt, error)
	// Coming returns whom the page reaches next if nobody answers.
	Coming(ctx context.Context, p oncall.Page, tries []oncall.Attempt) ([]oncall.Attempt, error)
	Acknowledge(ctx context.Context, a people.Actor, ref string) (oncall.Page, error)
	Escalate(ctx context.Context, a people.Actor, ref string) (oncall.Page, error)
}

// Matters is what pages are about, as far as a link may show it.
type Matters interface {
	Group(ctx context.Context, id string) (alert.Group, error)
	AlertsOf(ctx context.Context, group string, limit int) ([]alert.Alert, error)
}

// Book is what the screens look up: names, services and who uses them.
type Book interface {
	Person(id string) (people.Person, bool)
	People() []people.Person
	Service(id string) (catalog.Service, bool)
	Services() []catalog.Service
	Component(id string) (catalog.Component, bool)
	Components() []catalog.Component
	Customers() []catalog.Customer
	Policies() []oncall.Policy
	Name(kind, id string) string
	oncall.Plans
	Owners
	DeskBook
}

// Owners is who owns what is configured, and what only a few screens look up.
type Owners interface {
	Teams() []people.Team
	Sources() []alert.Source
	// Folders counts the definitions by the folder that owns them; the empty one is the screens'.
	Folders() map[string]int
	// Owner returns the folder that owns a definition; false when there is no such definition.
	Owner(kind, id string) (string, bool)
}

// answerScreen is the form for 3 a.m.: one page, two buttons.
type answerScreen struct {
	head
	State    state
	Short    string
	Since    moment
	What     string
	Lines    []string
	Where    string // the service
	Figures  []figure
	Links    []answerLink
	Knows    []entry
	Note     string // what happens next
	Over     string // set when there is nothing left to answer
	Mine     bool   // the viewer has acknowledged
	Escalate string // the words of the second button; empty when there is nobody to escalate to
}

type answerLink struct {
	Icon, Title, Small, Word, URL string
}

// showAnswer shows the page that the link is about. Looking changes nothing: a mail scanner that follows links acknowledges nothing.
func (s *Server) showAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	g, err := s.deps.Answers.Grant(r.PathValue("token"))
	if err != nil {
		return err
	}
	scr, err := s.answer(r.Context(), v, g)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.show(w, r, v, http.StatusOK, "answer", scr)
}

// sendAnswer acknowledges or escalates. A push service's button sends an empty body, which acknowledges, and wants no screen.
func (s *Server) sendAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	g, err := s.deps.Answers.Grant(r.PathValue("token"))
	if err != nil {
		return err
	}
	act := s.deps.Answers.Acknowledge
	if r.PostForm.Get("do") == "escalate" {
		act = s.deps.Answers.Escalate
	}
	if _, err := act(r.Context(), g.Actor(), g.Page); err != nil {
		return err
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
	return nil
}

func (s *Server) answer(ctx context.Context, v *visit, g oncall.Grant) (answerScreen, error) {
	p, tries, err := s.deps.Answers.Page(ctx, g.Actor(), g.Page)
	if err != nil {
		return answerScreen{}, err
	}
	next, err := s.deps.Answers.Coming(ctx, p, tries)
	if err != nil {
		return answerScreen{}, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return answerScreen{}, err
	}
	scr := answerScreen{head: head{Title: p.Title, layout: soloLayout, Topics: topics("page", p.ID)}, Short: p.Short(), What: p.Title, Since: v.at(p.Began),
		State: newState("warning", "Low urgency"), Mine: p.AckedBy == g.Person, Knows: whoKnows(v, book, p, tries, next)}
	if p.Urgency == oncall.High {
		scr.State = newState("critical", "Urgent")
	}
	scr.next(v, book, p, next)
	return scr, s.matter(ctx, &scr, book, p)
}

// next says what happens when nobody does anything.
func (scr *answerScreen) next(v *visit, book Book, p oncall.Page, next []oncall.Attempt) {
	switch {
	case !p.Live():
		scr.Over = "This is over: " + overBecause(p.EndedWhy) + ". There is nothing left to do here."
		scr.State = newState("ok", "Over")
	case p.State == oncall.Acknowledged && scr.Mine:
		scr.State = newState("ok", "Yours")
		scr.Note = "You have it. If it is not resolved by " + v.at(p.DueAt).Clock() + ", you are paged again."
	case p.State == oncall.Acknowledged:
		scr.State = newState("ok", "Taken")
		scr.Note = book.Name("person", p.AckedBy) + " has it, since " + v.at(p.AckedAt).Clock() + "."
	case len(next) > 0:
		scr.Note = "Nobody has acknowledged. " + names(book, next) + " is paged " + strings.ToLower(v.at(p.DueAt).Ago()) + ", at " + v.at(p.DueAt).Clock() + "."
	default:
		scr.Note = "Nobody has acknowledged."
	}
	if p.Live() && p.Aim == oncall.AimPolicy && len(next) > 0 {
		scr.Escalate = "Escalate to " + names(book, next) + " now"
		if p.State == oncall.Acknowledged { // next is who has it, should it not be resolved
			scr.Escalate = "Escalate to the next person now"
		}
	}
}

func overBecause(why string) string {
	switch why {
	case "resolved":
		return "it resolved"
	case "acknowledged":
		return "it was acknowledged"
	case "test_over":
		return "the test ended"
	}
	return strings.ReplaceAll(why, "_", " ")
}

func names(book Book, next []oncall.Attempt) string {
	var out []string
	for _, a := range next {
		out = append(out, book.Name("person", a.Duty.Person))
	}
	return strings.Join(out, " and ")
}

// matter adds what the page is about.
func (s *Server) matter(ctx context.Context, scr *answerScreen, book Book, p oncall.Page) error {
	if p.Body != "" {
		scr.Lines = strings.Split(p.Body, "\n")
	}
	if p.Subject.Kind != "group" {
		return nil
	}
	g, err := s.deps.Matters.Group(ctx, p.Subject.ID)
	if err != nil {
		return err
	}
	alerts, err := s.deps.Matters.AlertsOf(ctx, g.ID, 1)
	if err != nil {
		return err
	}
	if len(alerts) > 0 && alerts[0].Text != "" && len(scr.Lines) == 0 {
		scr.Lines = strings.Split(alerts[0].Text, "\n")
	}
	scr.State = severityState(g.Severity, scr.State)
	service, ok := book.Service(g.Service)
	scr.Where = service.Name
	if g.Total > 1 {
		scr.Figures = append(scr.Figures, figure{Name: "Alerts open", Value: number(g.Open), Unit: "of " + number(g.Total)})
	}
	if n := len(customersOf(book, service)); ok && n > 0 {
		scr.Figures = append(scr.Figures, figure{Name: "Customers on it", Value: number(n)})
	}
	if service.Runbook != "" {
		scr.Links = append(scr.Links, answerLink{"book", "Runbook", service.Name, "Open", service.Runbook})
	}
	for _, a := range alerts {
		for _, l := range a.Links {
			scr.Links = append(scr.Links, answerLink{"pulse", l.Title, "in the monitoring system", "See", l.URL})
		}
	}
	scr.Links = append(scr.Links, answerLink{"alert", "The whole alert, actions and incident", g.Short() + ", needs sign-in", "Open", "/alerts/" + g.Short()})
	return nil
}

// severityState shows how bad it is while nobody has it.
func severityState(sev alert.Severity, now state) state {
	if now.Look == "ok" {
		return now
	}
	switch sev {
	case alert.Critical:
		return newState("critical", "Critical")
	case alert.Error:
		return newState("critical", "Error")
	case alert.Warning:
		return newState("warning", "Warning")
	}
	return newState("calm", "Information", "info")
}

// customersOf are the customers that use a component of the service.
func customersOf(book Book, s catalog.Service) []catalog.Customer {
	uses := map[string]bool{}
	for _, c := range s.Components {
		uses[c] = true
	}
	var out []catalog.Customer
	for _, c := range book.Customers() {
		for _, part := range c.Components {
			if uses[part] {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// whoKnows tells the ledger: what was sent, with its receipt or without, and what is to come.
func whoKnows(v *visit, book Book, p oncall.Page, tries, next []oncall.Attempt) []entry {
	var out []entry
	for _, a := range tries {
		e := entry{At: v.at(a.DueAt), Who: book.Name("person", a.Duty.Person), Words: "by " + channelWord(a.Contact.Channel)}
		switch a.State {
		case oncall.Sent:
			e.At, e.Icon, e.Look, e.More = v.at(a.SentAt), "ok", "ok", "received "+v.at(a.SentAt).Seconds()
		case oncall.Sending:
			e.Icon, e.More = "live", "being handed over, no receipt yet"
		case oncall.Waiting:
			e.Icon, e.More = "calm", "to be sent "+v.at(a.DueAt).Seconds()
			if a.Tries > 0 {
				e.Icon, e.More = "warning", "tried "+plural(a.Tries, "time", "times")+", tried again: "+a.Error
			}
		case oncall.Failed:
			e.Icon, e.Look, e.More = "critical", "critical", "failed: "+a.Error
		case oncall.Skipped:
			continue
		}
		out = append(out, e)
	}
	if !p.AckedAt.IsZero() {
		out = append(out, entry{At: v.at(p.AckedAt), Icon: "check", Look: "ok", Who: book.Name("person", p.AckedBy), Words: "acknowledged"})
	}
	if p.State == oncall.Open {
		for _, a := range next {
			out = append(out, entry{At: v.at(p.DueAt), Icon: "calm", Who: book.Name("person", a.Duty.Person), Words: "is next", More: "if nobody acknowledges"})
		}
	}
	return out
}

func channelWord(channel string) string {
	switch channel {
	case "ntfy":
		return "push"
	case "email":
		return "mail"
	case "slack":
		return "Slack"
	}
	return channel
}
