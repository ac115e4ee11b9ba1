package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"frontline/answer"
	"frontline/fault"
	"frontline/wire"
)

// problem is an answer that says why there is no other one.
type problem struct {
	wire.Problem
	after time.Duration
}

var (
	_ huma.StatusError       = (*problem)(nil)
	_ huma.HeadersError      = (*problem)(nil)
	_ huma.ContentTypeFilter = (*problem)(nil)
)

// Error implements error.
func (p *problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.after.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="Frontline"`)
	}
	return h
}

// problem turns an error into an answer: its kind is the status, its sentence the detail. The private cause goes to the log under a
// reference.
func (s *server) problem(ctx context.Context, operation string, err error) *problem {
	kind := fault.KindOf(err)
	p := &problem{Problem: wire.Problem{Type: "about:blank", Status: answer.Status(kind), Kind: string(kind), Detail: fault.Sentence(err)}, after: retryAfter(kind, err)}
	p.Title = http.StatusText(p.Status)
	for _, f := range fault.FieldsOf(err) {
		p.Errors = append(p.Errors, wire.Wrong{Field: f.Name, Say: f.Say})
	}
	level := slog.LevelDebug
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // nobody is listening any more
	case kind == fault.Internal:
		level, p.Reference = slog.LevelError, rand.Text()[:6]
	case kind == fault.Unavailable:
		level, p.Reference = slog.LevelWarn, rand.Text()[:6]
	}
	s.deps.Log.LogAttrs(ctx, level, "api refused", slog.String("ref", p.Reference), slog.String("operation", operation), slog.String("kind", string(kind)), slog.Any("err", err))
	return p
}

// retryAfter is when trying again makes sense; whoever is told to try again is told when.
func retryAfter(k fault.Kind, err error) time.Duration {
	var f *fault.Error
	if errors.As(err, &f) && f.After > 0 {
		return f.After
	}
	if k == fault.Unavailable || k == fault.TooMany {
		return time.Second
	}
	return 0
}

// translate turns what the library refused before a handler ran into a problem like the others.
func translate(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := wire.Problem{Type: "about:blank", Title: http.StatusText(m.Status), Status: m.Status, Kind: string(kindOf(m.Status))}
	for _, e := range m.Errors {
		p.Errors = append(p.Errors, inWords(e))
	}
	switch {
	case m.Status == http.StatusRequestEntityTooLarge:
		p.Detail, p.Errors = "The body is larger than this operation takes. Send less at once.", nil
	case m.Status == http.StatusUnsupportedMediaType:
		p.Detail, p.Errors = "The body is to be JSON. Send it with Content-Type: application/json.", nil
	case m.Status >= http.StatusInternalServerError:
		p.Detail, p.Errors = "Something broke on our side. Try again.", nil
	case len(p.Errors) == 0 && m.Status == http.StatusBadRequest:
		p.Detail = "This operation needs a body. Send one as JSON."
	case len(p.Errors) == 1 && p.Errors[0].Field != "":
		p.Detail = p.Errors[0].Field + ": " + p.Errors[0].Say
	case len(p.Errors) == 1:
		p.Detail = p.Errors[0].Say
	default:
		p.Detail = fmt.Sprintf("%d things are wrong with what was sent. Correct each of them.", len(p.Errors))
	}
	return p, nil
}

func kindOf(status int) fault.Kind {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case status == http.StatusRequestTimeout:
		return fault.Unavailable
	case status >= http.StatusInternalServerError:
		return fault.Internal
	}
	return fault.Invalid
}

// inWords says in words what is wrong with an input. It never repeats the value: it may be a secret.
func inWords(e *huma.ErrorDetail) wire.Wrong {
	field := e.Location
	for _, place := range []string{"body.", "query.", "path.", "header."} {
		field = strings.TrimPrefix(field, place)
	}
	if field == "body" {
		field = ""
	}
	if name, ok := between(e.Message, "expected required property ", " to be present"); ok {
		return wire.Wrong{Field: strings.TrimPrefix(field+"."+name, "."), Say: "This is required. Give it."}
	}
	return wire.Wrong{Field: field, Say: say(e.Message)}
}

func between(s, before, after string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, after)
}

// say turns the library's words into a sentence.
func say(message string) string {
	if words, ok := between(message, `expected value to be one of "`, `"`); ok {
		return "Choose one of: " + words + "."
	}
	for _, w := range []struct{ begins, say string }{
		{"unexpected property", "There is no such field here. Leave it out."},
		{"unknown query parameter", "There is no such parameter here. Leave it out."},
		{"required ", "This is required. Give it."},
		{"expected string to be RFC 3339 date-time", "This is a time with its zone, such as 2026-11-24T03:12:00Z."},
		{"invalid date/time", "This is a time with its zone, such as 2026-11-24T03:12:00Z."},
		{"time: ", "This is a time span, such as 5m or 1h30m."},
		{"expected string", "This is a text: write it in double quotes."},
		{"expected integer", "This is a whole number."},
		{"invalid integer", "This is a whole number."},
		{"expected number >=", "This is less than is possible."},
		{"expected number <=", "This is more than is possible."},
		{"expected number", "This is a number."},
		{"expected boolean", "This is true or false."},
		{"invalid boolean", "This is true or false."},
		{"expected array", "This is a list."},
		{"expected object", "This is an object with fields."},
		{"expected length >=", "This is too short."},
		{"expected length <=", "This is too long. Shorten it."},
	} {
		if strings.HasPrefix(message, w.begins) {
			return w.say
		}
	}
	return "This cannot be read: " + message + "."
}
