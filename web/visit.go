package web

import (
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// visit is one request of one person: who, from where, and how they want to see it.
type visit struct {
	Actor  people.Actor
	Person people.Person // the zero one for nobody
	Zone   *time.Location
	Now    time.Time
	Theme  string // "", "light", "dark"; empty follows the system
	Keys   bool   // single-letter keys are on
	Nonce  string // of this answer's scripts
	From   string // the network address that asks

	session secret.Text // the cookie's token, empty for nobody
	current string      // the session's id
	route   Route
}

// at returns the moment as this visit shows it.
func (v *visit) at(t time.Time) moment { return moment{T: t, now: v.Now, zone: v.Zone} }

// look returns a visit of nobody: what is known from the request alone. It allows the answer the scripts of its nonce.
func (s *Server) look(w http.ResponseWriter, r *http.Request, rt Route) *visit {
	v := &visit{
		Actor: people.Anonymous("screen"), Zone: s.deps.Zone, Now: s.deps.Clock.Now(),
		Theme: themed(s.read(r, themeCookie)), Keys: s.read(r, keysCookie) != "off",
		Nonce: rand.Text(), From: addressOf(r), route: rt,
	}
	w.Header().Set("Content-Security-Policy", policy(v.Nonce))
	return v
}

// enter finds out who asks and whether they may use the route. The visit is usable also with an error.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, rt Route) (*visit, error) {
	v := s.look(w, r, rt)
	if rt.Access == ByLink {
		return v, nil // the handler asks the token
	}
	if err := s.recognise(r, v); err != nil && rt.Access != Public {
		return v, err
	}
	return v, s.gate(v.Actor, rt.Access)
}

// recognise reads the session cookie. Nobody is no error; a session that has ended is nobody.
func (s *Server) recognise(r *http.Request, v *visit) error {
	c, err := r.Cookie(s.cookieName(sessionCookie))
	if err != nil || c.Value == "" {
		return nil
	}
	token := secret.New(c.Value)
	session, err := s.deps.SignIn.Session(r.Context(), token)
	switch {
	case fault.Is(err, fault.Unauthenticated):
		return nil
	case err != nil:
		return err
	}
	v.Person, v.session, v.current = session.Person, token, session.ID
	v.Actor = people.As(session.Person, "screen")
	v.Actor.Until, v.Actor.ConfirmedAt = session.Until, session.ConfirmedAt
	if zone, err := time.LoadLocation(session.Person.Zone); err == nil && session.Person.Zone != "" {
		v.Zone = zone
	}
	return nil
}

// gate asks whether the actor may use a route of this access.
func (s *Server) gate(a people.Actor, need Access) error {
	if need == Public || need == ByLink {
		return nil
	}
	if a.Kind != people.ByPerson {
		return fault.New(fault.Unauthenticated, "You are not signed in, or your session has ended. Sign in, then try again.")
	}
	if verb, ok := need.verb(); ok {
		return people.May(a, verb, people.Subject{})
	}
	return nil
}

// serve is the frame around one handler: body limit, who asks, errors.
func (s *Server) serve(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt.secret() {
			w.Header().Set("Referrer-Policy", "no-referrer")
		}
		if rt.Access == ByLink {
			allowOrigins(w.Header())
		}
		v, err := s.enter(w, r, rt)
		if err == nil {
			err = readForm(w, r, rt)
		}
		if err == nil {
			err = guarded(rt.handle, w, r, v)
		}
		if err != nil {
			s.fail(w, r, v, err)
		}
	})
}

// formLimit is the most that a form may weigh, in bytes.
const formLimit = 256 << 10

// readForm parses a posted form, so that no handler meets a broken or oversized one.
func readForm(w http.ResponseWriter, r *http.Request, rt Route) error {
	if r.Method != http.MethodPost {
		return nil
	}
	if rt.streams(r) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a server that has no deadlines needs none taken away
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	err := r.ParseForm()
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return fault.Wrap(err, fault.TooLarge, "That is more than %d KB. Shorten the text and send it again.", formLimit>>10)
	case err != nil:
		return fault.Wrap(err, fault.Invalid, "What was sent could not be read as a form. Go back, reload the screen and send it again.")
	}
	return nil
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// inside returns target when it is an address of our own screens, and "/" otherwise: a redirect never leaves.
func inside(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") ||
		strings.ContainsAny(target, "\\\r\n\t") {
		return "/"
	}
	return target
}
