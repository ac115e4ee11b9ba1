package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// Tokens are the API tokens of a person.
type Tokens interface {
	// TokensOf returns the actor's own tokens that have not been revoked, the newest first.
	TokensOf(ctx context.Context, a people.Actor) ([]people.Token, error)
	// MakeToken makes a token that ends at until (never when zero) and returns its value, which nobody sees again. Invalid
	// names the field "name".
	MakeToken(ctx context.Context, a people.Actor, name string, until time.Time) (people.Token, secret.Text, error)
	// RevokeToken ends one of the actor's tokens for good; NotFound when it is not theirs.
	RevokeToken(ctx context.Context, a people.Actor, id string) error
}

type meScreen struct {
	head
	Facts    []fact
	Sessions []sessionRow
	Theme    string
	Keys     bool
	People   bool // may manage them
}

func (s *Server) showMe(w http.ResponseWriter, r *http.Request, v *visit) error {
	p := v.Person
	teams := strings.Join(p.Teams, ", ")
	if teams == "" {
		teams = "none"
	}
	sessions, err := s.deps.Sessions.SessionsOf(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "me", meScreen{
		head: head{Title: "Settings", Wing: "/me"}, Sessions: sessionRows(v, sessions),
		Facts: []fact{
			{Name: "Name", Value: p.Name},
			{Name: "E-mail", Value: p.Email},
			{Name: "Role", Value: fmt.Sprintf("%s: %s", p.Role, roleWords(p.Role))},
			{Name: "Teams", Value: teams},
			{Name: "Time zone", Value: fmt.Sprintf("%s, now %s", v.Zone, v.at(v.Now).ClockZone())},
			{Name: "Signed in until", Value: v.at(v.Actor.Until).Abs()},
		},
		Theme: v.Theme, Keys: v.Keys,
		People: people.May(v.Actor, people.ManagePeople, people.Subject{Kind: "person"}) == nil,
	})
}

// roleWords says what a role may do, in a few words.
func roleWords(r people.Role) string {
	switch r {
	case people.Member:
		return "reads, declares incidents"
	case people.Support:
		return "handles alerts, runs actions, writes updates"
	case people.Lead:
		return "also overrides the rota and runs dangerous actions"
	case people.Admin:
		return "also configures Frontline and manages people"
	}
	return strings.ToLower(string(r))
}

// themed is a theme that exists; the system's is empty.
func themed(t string) string {
	if t == "light" || t == "dark" {
		return t
	}
	return ""
}

const year = 365 * 24 * 60 * 60 // seconds

func (s *Server) setTheme(w http.ResponseWriter, r *http.Request, _ *visit) error {
	theme, age := themed(r.PostForm.Get("theme")), year
	if theme == "" {
		age = -1
	}
	http.SetCookie(w, s.cookie(themeCookie, theme, age))
	return s.done(w, r, r.PostForm.Get("back"), "")
}

func (s *Server) setKeys(w http.ResponseWriter, r *http.Request, _ *visit) error {
	if r.PostForm.Get("keys") == "off" {
		http.SetCookie(w, s.cookie(keysCookie, "off", year))
		return s.done(w, r, "/me", "Single keys are off in this browser.")
	}
	http.SetCookie(w, s.cookie(keysCookie, "", -1))
	return s.done(w, r, "/me", "Single keys are on.")
}

type passwordScreen struct {
	head
	Form  form
	Email string // for password managers
}

func passwordField(name, label string) field {
	return field{
		Name: name, Label: label, Kind: "password", Autocomplete: "new-password",
		Hint: fmt.Sprintf("%d characters or more. Four words in a row are strong and easy to remember.", people.PasswordMin),
	}
}

func passwordForm() form {
	return form{Fields: []field{
		{Name: "old", Label: "Password now", Kind: "password", Autocomplete: "current-password"},
		passwordField("password", "New password"),
	}}
}

func (v *visit) passwordScreen(f form) (screen, error) {
	return passwordScreen{
		head: head{Title: "Change password", Wing: "/me", Trail: trail("Settings", "/me", "Change password")},
		Form: f, Email: v.Person.Email,
	}, nil
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, _ := v.passwordScreen(passwordForm())
	return s.show(w, r, v, http.StatusOK, "password", scr)
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, v *visit) error {
	err := s.deps.SignIn.ChangePassword(r.Context(), v.Actor, posted(r, "old"), posted(r, "password"), v.session)
	if err != nil {
		return s.again(w, r, v, "password", passwordForm(), err, v.passwordScreen)
	}
	return s.done(w, r, "/me", "Your password is changed, and you are signed out everywhere else.")
}

type tokensScreen struct {
	head
	Form   form
	Tokens []tokenRow
	Fresh  string // the value of the token just made, shown this once
	Name   string // of the token just made
	Base   string // for the example
}

type tokenRow struct {
	ID, Name, Hint    string
	Made, Used, Until moment
}

func tokenForm() form {
	return form{Fields: []field{
		{Name: "name", Label: "What is it for?", Hint: "So that you know later which one to revoke: laptop, terraform.", Autocomplete: "off"},
		{Name: "ends", Label: "Ends", Kind: "select", Value: "90", Options: []option{
			{Value: "30", Label: "in 30 days"}, {Value: "90", Label: "in 90 days"}, {Value: "365", Label: "in a year"}, {Value: "0", Label: "never"},
		}},
	}}
}

func (s *Server) tokensScreen(r *http.Request, v *visit, f form) (tokensScreen, error) {
	tokens, err := s.deps.Tokens.TokensOf(r.Context(), v.Actor)
	if err != nil {
		return tokensScreen{}, err
	}
	scr := tokensScreen{
		head: head{Title: "API tokens", Wing: "/me", Trail: trail("Settings", "/me", "API tokens")},
		Form: f, Base: strings.TrimSuffix(s.deps.Base.String(), "/"),
	}
	for _, t := range tokens {
		scr.Tokens = append(scr.Tokens, tokenRow{
			ID: t.ID, Name: t.Name, Hint: t.Hint, Made: v.at(t.Made), Used: v.at(t.Used), Until: v.at(t.Until),
		})
	}
	return scr, nil
}

func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.tokensScreen(r, v, tokenForm())
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "tokens", scr)
}

// makeToken answers with the screen itself and not with a redirect: the value is shown once and kept nowhere.
func (s *Server) makeToken(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := tokenForm().typed(r.PostForm)
	until, err := endOf(f.Field("ends").Value, v.Now)
	var value secret.Text
	var made people.Token
	if err == nil {
		made, value, err = s.deps.Tokens.MakeToken(r.Context(), v.Actor, strings.TrimSpace(f.Field("name").Value), until)
	}
	if err != nil {
		return s.again(w, r, v, "tokens", f, err, func(f form) (screen, error) { return s.tokensScreen(r, v, f) })
	}
	scr, err := s.tokensScreen(r, v, tokenForm())
	if err != nil {
		return err
	}
	scr.Fresh, scr.Name = value.Reveal(), made.Name
	return s.show(w, r, v, http.StatusOK, "tokens", scr)
}

// endOf is when a token ends, from the choice in the form.
func endOf(days string, now time.Time) (time.Time, error) {
	switch days {
	case "0":
		return time.Time{}, nil
	case "30", "90", "365":
		d, err := time.ParseDuration(days + "h")
		return now.Add(24 * d), err
	}
	return time.Time{}, fault.Wrong("ends", "Choose one of the times in the list.")
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.deps.Tokens.RevokeToken(r.Context(), v.Actor, r.PathValue("id")); err != nil {
		return err
	}
	return s.done(w, r, "/me/tokens", "The token is revoked. What used it is refused from now on.")
}
