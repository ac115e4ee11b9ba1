// Package wire is what is said over the JSON API: the requests and answers under /api/v1, as the server, the Go client and the command
// line share them.
//
// Names are snake_case, times are RFC 3339 in UTC, durations are written like "5m". An id is the short name that people see ("G-12",
// "INC-3", "RUN-884"); uid is the permanent one that the journal uses. Both are taken wherever an id is asked for. What may be
// absent is left out, and a list is never null.
package wire

import (
	"strings"
	"time"
)

// Prefix is where the API lives on a server.
const Prefix = "/api/v1"

// CLI begins the User-Agent of the command line, so that the journal can tell it from other users of the API.
const CLI = "frontline-cli"

// List is one page of a list. Next is given while there is more.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Give this as cursor to get what follows. Absent on the last page." example:"eyJuIjoxMn0"`
}

// Ref names a person, a team, a service or another thing that is configured.
type Ref struct {
	ID   string `json:"id" example:"liis"`
	Name string `json:"name" example:"Liis Tamm"`
}

// Subject is what a page, a run or an entry of the journal is about.
type Subject struct {
	Kind string `json:"kind" example:"group"`
	UID  string `json:"uid" example:"0197f3c2-6a52-7c1e-9d3b-2f64c0a1b7e5"`
}

// Problem is why a request was not answered (RFC 9457, application/problem+json).
type Problem struct {
	Type      string  `json:"type" doc:"Always about:blank: kind says more." example:"about:blank"`
	Title     string  `json:"title" doc:"The status in words." example:"Unprocessable Entity"`
	Status    int     `json:"status" example:"422"`
	Kind      string  `json:"kind" doc:"What sort of problem it is, for programs." enum:"invalid,unauthenticated,forbidden,not_found,conflict,too_large,too_many,unavailable,internal" example:"invalid"`
	Detail    string  `json:"detail" doc:"One or two sentences for people; the last one is the next step." example:"Write a title: one line that says what is broken."`
	Errors    []Wrong `json:"errors,omitempty" doc:"Which inputs are wrong."`
	Reference string  `json:"reference,omitempty" doc:"Finds the cause in the server's log." example:"K7QW2M"`
}

// Wrong is one input that is wrong, and what would be right.
type Wrong struct {
	Field string `json:"field" doc:"As it was sent: title, components[0].status, people.yaml:3:5." example:"title"`
	Say   string `json:"say" doc:"What would be right." example:"Write a title: one line that says what is broken."`
}

// Duration is a time span that is written like "5m" or "1h30m".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return []byte(s), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}
