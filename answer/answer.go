// Package answer is what screens and API share of HTTP: which status says which kind of fault, and what was sent.
package answer

import (
	"net/http"

	"frontline/fault"
)

// Status is the one table from kinds to HTTP statuses.
func Status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Seen remembers the status that was sent.
type Seen struct {
	http.ResponseWriter
	Status int // 0 while nothing is sent
}

// WriteHeader implements http.ResponseWriter.
func (s *Seen) WriteHeader(status int) {
	if s.Status == 0 {
		s.Status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *Seen) Write(b []byte) (int, error) {
	if s.Status == 0 {
		s.Status = http.StatusOK
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (s *Seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Nobody takes an answer that is not sent. Its fields are the headers.
type Nobody http.Header

// Header implements http.ResponseWriter.
func (n Nobody) Header() http.Header { return http.Header(n) }

// Write implements http.ResponseWriter.
func (n Nobody) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (n Nobody) WriteHeader(int) {}
