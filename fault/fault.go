// Package fault says what went wrong: a kind for machines, a sentence for people, a cause for the log.
//
// Every error that crosses a package is, or wraps, a *fault.Error. Only web, api and cli turn kinds into
// status codes and exit codes. The sentence ends with the next step and never carries a secret; the cause is
// for the log alone and is never shown.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classes an error for machines.
type Kind string

// The kinds. Unavailable and TooMany are worth trying again; the others are final for the same call.
const (
	Invalid         Kind = "invalid"         // the input is wrong; Fields says where
	Unauthenticated Kind = "unauthenticated" // nobody is signed in
	Forbidden       Kind = "forbidden"       // signed in, but not allowed
	NotFound        Kind = "not_found"       // there is no such thing
	Conflict        Kind = "conflict"        // the world has moved since it was looked at
	TooLarge        Kind = "too_large"       // the input exceeds a limit
	TooMany         Kind = "too_many"        // attempts are limited; try later
	Unavailable     Kind = "unavailable"     // a neighbour or the database cannot answer now; try again
	Internal        Kind = "internal"        // a defect or a broken neighbour; final
)

// Field names one wrong input and what would be right.
type Field struct {
	Name string // as the person or machine wrote it: "severity", "people[2].email"
	Say  string // what would be right, as a sentence
}

// Error is an error with a public and a private side.
type Error struct {
	Kind   Kind
	Say    string        // one or two sentences a person may read; the last one is the next step
	Fields []Field       // which inputs are wrong; empty when it is not about input
	After  time.Duration // when trying again makes sense; zero when unknown
	Cause  error         // for the log only
}

// Error returns the sentence, then the cause: it is for logs. Show people Say.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Say)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s: %s]", f.Name, f.Say)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of the kind with a formatted sentence.
func New(kind Kind, say string, args ...any) *Error {
	return &Error{Kind: kind, Say: fmt.Sprintf(say, args...)}
}

// Wrap is New with a private cause.
func Wrap(cause error, kind Kind, say string, args ...any) *Error {
	return &Error{Kind: kind, Say: fmt.Sprintf(say, args...), Cause: cause}
}

// Wrong returns an Invalid error about one input.
func Wrong(field, say string, args ...any) *Error {
	s := fmt.Sprintf(say, args...)
	return &Error{Kind: Invalid, Say: s, Fields: []Field{{Name: field, Say: s}}}
}

// KindOf returns the kind of the outermost *Error in err's chain. A missed deadline or a cancelled context is
// Unavailable; any other error without a kind is Internal; nil has the empty kind.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unavailable
	}
	return Internal
}

// Is says whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Sentence returns what a person may read about err, also when err has no public side.
func Sentence(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Say != "" {
		return e.Say
	}
	if KindOf(err) == Unavailable {
		return "That took too long. Try again in a moment."
	}
	return "Something broke on our side. Try again; if it stays, give your administrator the reference below."
}

// FieldsOf returns the wrong inputs that err names.
func FieldsOf(err error) []Field {
	var e *Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

// Again says whether the same call may succeed later.
func Again(err error) bool {
	k := KindOf(err)
	return k == Unavailable || k == TooMany
}
