package web

import (
	"context"
	"net/http"
	"strings"

	"frontline/people"
	"frontline/secret"
)

// Invites lets people in for the first time, or again when they forgot their password.
type Invites interface {
	// Invite makes a one-time link for a person who is configured; it takes the place of an earlier one.
	Invite(ctx context.Context, a people.Actor, person string) (people.Invitation, error)
	// CheckInvite returns whom the invitation is for; NotFound when it does not hold.
	CheckInvite(ctx context.Context, token secret.Text) (people.Person, error)
	// AcceptInvite uses the invitation up, sets the password and begins a session. Invalid names the field "password".
	AcceptInvite(ctx context.Context, token, password secret.Text) (people.Session, error)
}

type peopleScreen struct {
	head
	People []personRow
	Fresh  string // the invitation just made, shown this once
	For    string // the name of whom it is for
	Until  moment
}

type personRow struct {
	ID, Name, Email, Role, Teams string
}

func (s *Server) peopleScreen(r *http.Request) (peopleScreen, error) {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return peopleScreen{}, err
	}
	scr := peopleScreen{head: head{Title: "People", Wing: "/me", Trail: trail("Settings", "/me", "People")}}
	for _, p := range book.People() {
		var teams []string
		for _, t := range p.Teams {
			teams = append(teams, book.Name("team", t))
		}
		scr.People = append(scr.People, personRow{ID: p.ID, Name: p.Name, Email: p.Email, Role: string(p.Role), Teams: strings.Join(teams, ", ")})
	}
	return scr, nil
}

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.peopleScreen(r)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "people", scr)
}

// invite answers with the screen itself and not with a redirect: the link is shown once and kept nowhere.
func (s *Server) invite(w http.ResponseWriter, r *http.Request, v *visit) error {
	i, err := s.deps.Invites.Invite(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	scr, err := s.peopleScreen(r)
	if err != nil {
		return err
	}
	scr.Fresh, scr.For, scr.Until = s.deps.Base.JoinPath("invite", i.Token.Reveal()).String(), i.Person.Name, v.at(i.Until)
	w.Header().Set("Cache-Control", "no-store")
	return s.show(w, r, v, http.StatusOK, "people", scr)
}

type inviteScreen struct {
	head
	Form  form
	Name  string
	Email string
}

func inviteForm() form { return form{Fields: []field{passwordField("password", "Choose a password")}} }

func newInviteScreen(p people.Person) func(form) (screen, error) {
	return func(f form) (screen, error) {
		return inviteScreen{head: head{Title: "Welcome to Frontline", layout: bareLayout}, Form: f, Name: p.Name, Email: p.Email}, nil
	}
}

func (s *Server) showInvite(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.deps.Invites.CheckInvite(r.Context(), secret.New(r.PathValue("token")))
	if err != nil {
		return err
	}
	scr, _ := newInviteScreen(p)(inviteForm())
	return s.show(w, r, v, http.StatusOK, "invite", scr)
}

func (s *Server) acceptInvite(w http.ResponseWriter, r *http.Request, v *visit) error {
	token := secret.New(r.PathValue("token"))
	p, err := s.deps.Invites.CheckInvite(r.Context(), token)
	if err != nil {
		return err
	}
	session, err := s.deps.Invites.AcceptInvite(r.Context(), token, posted(r, "password"))
	if err != nil {
		return s.again(w, r, v, "invite", inviteForm(), err, newInviteScreen(p))
	}
	s.remember(w, r, v, session)
	return s.done(w, r, "/", "Your password is set, and you are signed in.")
}
