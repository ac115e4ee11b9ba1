package web

import (
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"frontline/answer"
	"frontline/fault"
)

// ServeHTTP implements http.Handler: what every answer has in common, then the table of routes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy(""))
	if s.secure() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	began := s.deps.Clock.Now()
	seen := &answer.Seen{ResponseWriter: w}
	defer func() {
		// The pattern, never the path: a path may carry a token.
		s.deps.Log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("route", r.Pattern), slog.String("method", r.Method),
			slog.Int("status", seen.Status), slog.Duration("took", s.deps.Clock.Now().Sub(began)))
	}()
	s.front.ServeHTTP(seen, r)
}

// dispatch serves the route, or says with a screen of ours that there is none.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	var unknown answer.Seen // what the mux would say: 404, 405 with Allow, or a redirect to the cleaned path
	unknown.ResponseWriter = answer.Nobody{}
	s.mux.ServeHTTP(&unknown, r)
	for name, values := range unknown.Header() {
		if name == "Allow" || name == "Location" {
			w.Header()[name] = values
		}
	}
	if unknown.Status < 400 {
		w.WriteHeader(unknown.Status)
		return
	}
	v, _ := s.enter(w, r, Route{Access: Public})
	say := "This address leads nowhere: it was mistyped, or what it named is gone. Start again from a screen you know."
	if unknown.Status == http.StatusMethodNotAllowed {
		say = "This address cannot be used in that way. Go back and use the screen's own buttons."
	}
	s.showError(w, r, v, unknown.Status, errorScreen{Say: say})
}

// guarded calls the handler and turns its panic, which is a defect, into an error with its stack.
func guarded(h Handler, w http.ResponseWriter, r *http.Request, v *visit) (err error) {
	defer func() {
		p := recover()
		if p == http.ErrAbortHandler { //nolint:errorlint // it is this very value, never wrapped
			panic(p)
		}
		if p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(w, r, v)
}

// policy is the content-security policy. With a nonce it allows the one script of a screen, and the one style element that
// this script makes: Turbo's progress bar.
func policy(nonce string) string {
	script, style := "'none'", "'self'"
	if nonce != "" {
		script = "'nonce-" + nonce + "'"
		style += " " + script
	}
	return "default-src 'none'; script-src " + script + "; worker-src 'self'; style-src " + style + "; img-src 'self' data:; " +
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

// denyCrossOrigin answers a write that another site's page sent.
func (s *Server) denyCrossOrigin(w http.ResponseWriter, r *http.Request) {
	v := s.look(w, r, Route{Access: Public})
	s.fail(w, r, v, fault.New(fault.Forbidden, "This was sent by a page of another site, so nothing was done. Open Frontline itself and do it there."))
}

// allowOrigins lets a page of any origin send what carries its own proof, without cookies.
func allowOrigins(h http.Header) { h.Set("Access-Control-Allow-Origin", "*") }

func answerPreflight(w http.ResponseWriter, _ *http.Request) {
	allowOrigins(w.Header())
	w.Header().Set("Access-Control-Allow-Methods", "POST")
	w.Header().Set("Access-Control-Allow-Headers", "*")
	w.Header().Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
}

// send writes a whole body, compressed when the browser takes it. When the reader has left there is nobody to tell.
func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if len(body) < 1024 || !takesGzip(r) {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	zip := s.gzips.Get().(*gzip.Writer)
	defer s.gzips.Put(zip)
	zip.Reset(w)
	_, _ = zip.Write(body)
	_ = zip.Close()
}

func newGzip() any { return gzip.NewWriter(io.Discard) }

func takesGzip(r *http.Request) bool {
	for offer := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(offer), ";")
		if strings.EqualFold(name, "gzip") && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
