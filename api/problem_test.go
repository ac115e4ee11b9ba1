package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"frontline/clock"
	"frontline/fault"
)

func quiet(w io.Writer) *server {
	return &server{mux: http.NewServeMux(), deps: Deps{Log: slog.New(slog.NewTextHandler(w, nil)), Clock: clock.Real{}}}
}

func TestEveryKindHasItsStatus(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.7:5432: password=hunter2")
	tests := []struct {
		err        error
		status     int
		retryAfter string
		reference  bool
	}{
		{fault.Wrap(cause, fault.Invalid, "Say more."), 422, "", false},
		{fault.Wrap(cause, fault.Unauthenticated, "Say more."), 401, "", false},
		{fault.Wrap(cause, fault.Forbidden, "Say more."), 403, "", false},
		{fault.Wrap(cause, fault.NotFound, "Say more."), 404, "", false},
		{fault.Wrap(cause, fault.Conflict, "Say more."), 409, "", false},
		{fault.Wrap(cause, fault.TooLarge, "Say more."), 413, "", false},
		{&fault.Error{Kind: fault.TooMany, Say: "Say more.", After: 1500 * time.Millisecond, Cause: cause}, 429, "2", false},
		{fault.Wrap(cause, fault.TooMany, "Say more."), 429, "1", false},
		{fault.Wrap(cause, fault.Unavailable, "Say more."), 503, "1", true},
		{fault.Wrap(cause, fault.Internal, "Say more."), 500, "", true},
		{cause, 500, "", true},
		{context.DeadlineExceeded, 503, "1", true},
	}
	for _, tt := range tests {
		var log strings.Builder
		w := httptest.NewRecorder()
		s := quiet(&log)
		s.write(w, s.problem(t.Context(), "test", tt.err))
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != tt.status || got["status"] != float64(tt.status) || w.Header().Get("Retry-After") != tt.retryAfter || (got["reference"] != nil) != tt.reference {
			t.Errorf("%v is answered with %d %v %s", tt.err, w.Code, w.Header(), w.Body)
		}
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("the cause is told: %s", w.Body)
		}
		if ref, _ := got["reference"].(string); !strings.Contains(log.String(), ref) {
			t.Errorf("the log does not hold the reference %s: %s", ref, log.String())
		}
	}
}

func TestWhoHasGoneIsNoTrouble(t *testing.T) {
	var log strings.Builder
	gone, leave := context.WithCancel(t.Context())
	leave()
	if quiet(&log).problem(gone, "test", gone.Err()); log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
}

func TestFieldsAreNamed(t *testing.T) {
	err := &fault.Error{Kind: fault.Invalid, Say: "Correct these.", Fields: []fault.Field{{Name: "to", Say: "Later."}, {Name: "person", Say: "Somebody."}}}
	p := quiet(io.Discard).problem(t.Context(), "test", err)
	if len(p.Errors) != 2 || p.Errors[1].Field != "person" || p.Errors[1].Say != "Somebody." {
		t.Errorf("the problem names %+v", p.Errors)
	}
}

func TestPanicIsAProblemAndIsLogged(t *testing.T) {
	var log strings.Builder
	s := quiet(&log)
	s.mux.HandleFunc("GET /breaks", func(http.ResponseWriter, *http.Request) { panic("nil map") })
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/breaks", nil))
	if w.Code != 500 || w.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(w.Body.String(), "nil map") {
		t.Errorf("answered with %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "nil map") || !strings.Contains(log.String(), "problem_test.go") {
		t.Errorf("logged: %s", log.String())
	}
	s.mux.HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("{"))
		panic("half")
	})
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("half an answer ends with %v, want the connection cut", p)
		}
	}()
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/half", nil))
}

func TestLibraryWordsAreTranslated(t *testing.T) {
	for message, want := range map[string]string{
		"unexpected property":                         "There is no such field here. Leave it out.",
		`expected value to be one of "a, b"`:          "Choose one of: a, b.",
		"expected string to be RFC 3339 date-time":    "This is a time with its zone, such as 2026-11-24T03:12:00Z.",
		"expected length <= 100":                      "This is too long. Shorten it.",
		"expected number >= 1":                        "This is less than is possible.",
		"something new":                               "This cannot be read: something new.",
		"time: unknown unit \"x\" in duration \"5x\"": "This is a time span, such as 5m or 1h30m.",
		"required header parameter is missing":        "This is required. Give it.",
	} {
		if got := say(message); got != want {
			t.Errorf("%q is said as %q, want %q", message, got, want)
		}
	}
	w := inWords(&huma.ErrorDetail{Location: "body.files[2]", Message: "expected required property name to be present", Value: "hunter2"})
	if w.Field != "files[2].name" || strings.Contains(w.Say, "hunter2") {
		t.Errorf("a missing property is told as %+v", w)
	}
}

func TestDepsAreAllNeeded(t *testing.T) {
	if _, err := New(Deps{}); err == nil || !strings.Contains(err.Error(), "Deps.Tokens") {
		t.Errorf("New without anything: %v", err)
	}
}
