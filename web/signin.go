package web

import (
	"context"
	"log/slog"
	"net/http"

	"frontline/people"
	"frontline/secret"
)

// SignIn turns a password into a session and a session into a person.
type SignIn interface {
	// SignIn begins a session, with its token. A wrong pair is Unauthenticated, with the same sentence and after the same time
	// whether or not there is such a person; TooMany once the address or the person has tried too often.
	SignIn(ctx context.Context, email string, password secret.Text, from string) (people.Session, error)
	// Session returns the session of a token, with the person as they are now; Unauthenticated when it has ended.
	Session(ctx context.Context, token secret.Text) (people.Session, error)
	// SignOut ends the session of the token. Ending it twice is no error.
	SignOut(ctx context.Context, token secret.Text) error
	// Confirm checks the password of the person whose session it is once more, and returns the session with its new ConfirmedAt. A wrong
	// one is Invalid and names people.ConfirmField; TooMany after several.
	Confirm(ctx context.Context, token, password secret.Text, from string) (people.Session, error)
	// ChangePassword replaces the actor's password and ends their other sessions, all but the one of keep. Invalid names the
	// fields "old" or "password".
	ChangePassword(ctx context.Context, a people.Actor, old, password, keep secret.Text) error
}

// SetUp makes the first administrator, once.
type SetUp interface {
	// SetUpNeeded says whether there is no administrator yet.
	SetUpNeeded(ctx context.Context) (bool, error)
	// CheckSetUp returns NotFound unless the token is the one printed at start and has not been used.
	CheckSetUp(ctx context.Context, token secret.Text) error
	// SetUp uses the token up and begins the session of the new administrator. Invalid names the fields "name", "email" or "password".
	SetUp(ctx context.Context, token secret.Text, name, email string, password secret.Text) (people.Session, error)
}

type signInScreen struct {
	head
	Form    form
	Next    string
	Company string
	SetUp   bool // there is no administrator yet
}

func signInForm() form {
	return form{Fields: []field{
		{Name: "email", Label: "E-mail", Kind: "email", Autocomplete: "username", Focus: true},
		{Name: "password", Label: "Password", Kind: "password", Autocomplete: "current-password"},
	}}
}

func (s *Server) signInScreen(r *http.Request, f form, next string) (screen, error) {
	needed, err := s.deps.SetUp.SetUpNeeded(r.Context())
	if err != nil {
		return nil, err
	}
	return signInScreen{
		head: head{Title: "Sign in", layout: bareLayout}, Form: f, Next: inside(next), Company: s.deps.Company, SetUp: needed,
	}, nil
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, v *visit) error {
	next := r.URL.Query().Get("next")
	if v.Person.ID != "" {
		http.Redirect(w, r, inside(next), http.StatusSeeOther)
		return nil
	}
	scr, err := s.signInScreen(r, signInForm(), next)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "signin", scr)
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, next := signInForm().typed(r.PostForm), r.PostForm.Get("next")
	session, err := s.deps.SignIn.SignIn(r.Context(), f.Field("email").Value, posted(r, "password"), v.From)
	if err != nil {
		return s.again(w, r, v, "signin", f, err, func(f form) (screen, error) { return s.signInScreen(r, f, next) })
	}
	s.remember(w, r, v, session)
	http.Redirect(w, r, inside(next), http.StatusSeeOther)
	return nil
}

// remember gives the browser its session, and notes which browser it is. That this could not be noted keeps nobody out.
func (s *Server) remember(w http.ResponseWriter, r *http.Request, v *visit, session people.Session) {
	if err := s.deps.Sessions.NameDevice(r.Context(), session, deviceOf(r.UserAgent())); err != nil {
		s.deps.Log.LogAttrs(r.Context(), slog.LevelWarn, "device not noted", slog.Any("err", err))
	}
	age := int(session.Until.Sub(v.Now).Seconds())
	http.SetCookie(w, s.cookie(sessionCookie, session.Token.Reveal(), age))
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.deps.SignIn.SignOut(r.Context(), v.session); err != nil {
		return err
	}
	http.SetCookie(w, s.cookie(sessionCookie, "", -1))
	return s.done(w, r, "/sign-in", "You are signed out.")
}

type setUpScreen struct {
	head
	Form form
}

func setUpForm() form {
	return form{Fields: []field{
		{Name: "name", Label: "Your name", Hint: "As your colleagues know you. They read it when you acknowledge an alert.", Autocomplete: "name", Focus: true},
		{Name: "email", Label: "E-mail", Hint: "You sign in with it.", Kind: "email", Autocomplete: "username"},
		passwordField("password", "Password"),
	}}
}

func newSetUpScreen(f form) (screen, error) {
	return setUpScreen{head: head{Title: "Set up Frontline", layout: bareLayout}, Form: f}, nil
}

func (s *Server) showSetUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.deps.SetUp.CheckSetUp(r.Context(), secret.New(r.PathValue("token"))); err != nil {
		return err
	}
	scr, _ := newSetUpScreen(setUpForm())
	return s.show(w, r, v, http.StatusOK, "setup", scr)
}

func (s *Server) setUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := setUpForm().typed(r.PostForm)
	session, err := s.deps.SetUp.SetUp(r.Context(), secret.New(r.PathValue("token")),
		f.Field("name").Value, f.Field("email").Value, posted(r, "password"))
	if err != nil {
		return s.again(w, r, v, "setup", f, err, newSetUpScreen)
	}
	s.remember(w, r, v, session)
	return s.done(w, r, "/", "Frontline is set up, and you are its administrator.")
}

// posted is a posted value that must not be seen. A password is taken as typed, spaces included.
func posted(r *http.Request, name string) secret.Text { return secret.New(r.PostForm.Get(name)) }
