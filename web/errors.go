package web

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/answer"
	"frontline/fault"
)

// errorScreen is shown when a request could not be answered.
type errorScreen struct {
	head
	Say    string
	Look   string // "warning" for what the person can mend, "critical" for what is broken on our side
	Icon   string
	Fields []fault.Field
	Ref    string // finds the cause in the log
	Next   []link // where to go from here, the first one first
}

// fail renders err: its kind is the status, its sentence the screen; the private cause goes to the log under a reference.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if r.Context().Err() != nil {
		return // nobody is listening any more
	}
	kind := fault.KindOf(err)
	if kind == fault.Unauthenticated && r.Method == http.MethodGet && wantsScreen(r) && v.route.Access != Public && v.route.Access != ByLink {
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	if out, ok := w.(*answer.Seen); ok && out.Status != 0 {
		s.deps.Log.LogAttrs(r.Context(), slog.LevelError, "screen broke off", slog.String("route", v.route.Pattern), slog.Any("err", err))
		panic(http.ErrAbortHandler) // half an answer is out: cut the connection, so that nobody takes it for a whole one
	}
	ref := s.refer(r, v, err)
	if after := retryAfter(err); after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	s.showError(w, r, v, answer.Status(kind), errorScreen{
		Say: fault.Sentence(err), Fields: fault.FieldsOf(err), Ref: ref,
	})
}

// refer writes the private cause to the log and returns the reference under which it stands there.
func (s *Server) refer(r *http.Request, v *visit, err error) string {
	ref, kind := rand.Text()[:6], fault.KindOf(err)
	s.deps.Log.LogAttrs(r.Context(), levelOf(kind), "screen refused", slog.String("ref", ref),
		slog.String("route", v.route.Pattern), slog.String("kind", string(kind)), slog.String("actor", v.Actor.ID), slog.Any("err", err))
	return ref
}

// showError renders the error screen; when even that is impossible, plain words.
func (s *Server) showError(w http.ResponseWriter, r *http.Request, v *visit, status int, e errorScreen) {
	e.Title = titleOf(status)
	e.Look, e.Icon = "warning", "warning"
	switch {
	case status >= 500:
		e.Look, e.Icon = "critical", "critical"
	case status == http.StatusForbidden || status == http.StatusUnauthorized:
		e.Look, e.Icon = "", "lock"
	case status == http.StatusNotFound:
		e.Look, e.Icon = "", "search"
	}
	e.Next = nextOf(r, v, status)
	if v.Person.ID == "" {
		e.layout = bareLayout
	}
	if err := s.show(w, r, v, status, "error", e); err != nil {
		s.deps.Log.LogAttrs(r.Context(), slog.LevelError, "error screen failed", slog.String("ref", e.Ref), slog.Any("err", err))
		http.Error(w, e.Say+"\nReference "+e.Ref, status)
	}
}

// nextOf is where to go from an error.
func nextOf(r *http.Request, v *visit, status int) []link {
	var next []link
	reload := r.Method == http.MethodGet && (status >= 500 || status == http.StatusTooManyRequests)
	if reload && !v.route.secret() {
		next = append(next, link{Word: "Try again", Path: r.URL.RequestURI()})
	}
	if v.Person.ID == "" {
		return append(next, link{Word: "Sign in", Path: "/sign-in"})
	}
	return append(next, link{Word: "Go home", Path: "/"})
}

func titleOf(status int) string {
	switch status {
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		return "That cannot be done as it was sent"
	case http.StatusUnauthorized:
		return "Sign in first"
	case http.StatusForbidden:
		return "This is not open to you"
	case http.StatusNotFound:
		return "There is nothing here"
	case http.StatusMethodNotAllowed:
		return "This address does not work that way"
	case http.StatusConflict:
		return "Somebody was faster"
	case http.StatusRequestEntityTooLarge:
		return "That is too much at once"
	case http.StatusTooManyRequests:
		return "Too many attempts"
	case http.StatusServiceUnavailable:
		return "No answer right now"
	}
	return "That did not work"
}

func retryAfter(err error) time.Duration {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.After
	}
	return 0
}

func levelOf(k fault.Kind) slog.Level {
	switch k {
	case fault.Internal:
		return slog.LevelError
	case fault.Unavailable:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// wantsScreen is false for what a screen's script asks in the background.
func wantsScreen(r *http.Request) bool {
	return !strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
