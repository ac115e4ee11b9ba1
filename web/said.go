package web

import (
	"encoding/base64"
	"net/http"
)

// done answers a successful POST: back to a screen that then says once what was done.
func (s *Server) done(w http.ResponseWriter, r *http.Request, to, say string) error {
	if say != "" {
		http.SetCookie(w, s.cookie(saidCookie, base64.RawURLEncoding.EncodeToString([]byte(say)), 60))
	}
	http.Redirect(w, r, inside(to), http.StatusSeeOther)
	return nil
}

// takeSaid returns what the request before has done, and forgets it.
func (s *Server) takeSaid(w http.ResponseWriter, r *http.Request) string {
	left := s.read(r, saidCookie)
	if left == "" {
		return ""
	}
	http.SetCookie(w, s.cookie(saidCookie, "", -1))
	say, err := base64.RawURLEncoding.DecodeString(left)
	if err != nil || len(say) > 300 {
		return ""
	}
	return string(say)
}

// The cookies by their plain names.
const (
	sessionCookie = "frontline"
	saidCookie    = "frontline_said"
	themeCookie   = "frontline_theme"
	keysCookie    = "frontline_keys"
)

// cookieName binds a cookie to this host and to TLS where there is TLS.
func (s *Server) cookieName(name string) string {
	if s.secure() {
		return "__Host-" + name
	}
	return name
}

// read returns a cookie's value; empty when there is none.
func (s *Server) read(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// cookie returns a cookie with the attributes that all of ours have; age in seconds, negative to remove it.
func (s *Server) cookie(name, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
}
