// Package door is how signals come in over HTTP, the same for every source: it reads the body within a limit, commits it before it answers,
// and refuses only what says nothing. What a body means is the integration's.
//
// Senders give up on 4xx and come again after 5xx (Alertmanager), or never come again (Grafana). So 4xx says only that the token is unknown or
// that the body can never mean anything; what may pass is 503, and nothing is 409 or 429.
package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/secret"
)

// Accept commits a batch for the source that has the token, and returns once it is durable. A fault of kind NotFound means that no
// source has it.
type Accept = func(ctx context.Context, token secret.Text, b alert.Batch) error

// Delivery is one request, understood.
type Delivery struct {
	Token secret.Text
	Batch alert.Batch
	Reply any // what the sender reads, as JSON, once the batch is committed; how many signals were committed when nil
}

// Door is the way in for one kind of source.
type Door struct {
	Kind   string                                                 // names it in the log: "alertmanager"
	Limit  int64                                                  // bytes of body that are taken
	Read   func(r *http.Request, body []byte) (Delivery, error)   // a fault of kind Invalid names the field
	Taken  int                                                    // the status once a batch is committed; 200 when zero
	Refuse func(err error, status int) (newStatus int, reply any) // puts a refusal into the sender's own words; ours when nil
}

const (
	commitWithin = 5 * time.Second
	comeAgain    = "5" // seconds
)

// Handler returns the door, open. It answers POST alone, and logs what it refuses; the token is in neither.
func (d Door) Handler(accept Accept, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed, refusal{Error: "Signals come by POST."})
			return
		}
		taken, err := d.take(w, r, accept)
		if err != nil {
			d.refuse(w, r, log, err)
			return
		}
		status := d.Taken
		if status == 0 {
			status = http.StatusOK
		}
		if taken.Reply == nil {
			taken.Reply = committed{Status: "committed", Signals: len(taken.Batch.Signals)}
		}
		answer(w, status, taken.Reply)
	})
}

// take reads and commits one delivery.
func (d Door) take(w http.ResponseWriter, r *http.Request, accept Accept) (Delivery, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.Limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return Delivery{}, fault.New(fault.TooLarge, "The body is larger than %d bytes. Send fewer alerts or fewer details at once.", d.Limit)
	}
	if err != nil {
		return Delivery{}, fault.Wrap(err, fault.Invalid, "The body broke off. Send it again.")
	}
	taken, err := d.Read(r, body)
	if err != nil {
		return Delivery{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), commitWithin)
	defer cancel()
	return taken, accept(ctx, taken.Token, taken.Batch)
}

type committed struct {
	Status  string `json:"status"`
	Signals int    `json:"signals"`
}

type refusal struct {
	Error string `json:"error"`
	Field string `json:"field,omitempty"`
}

func (d Door) refuse(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	status, level := http.StatusInternalServerError, slog.LevelError
	switch fault.KindOf(err) {
	case fault.Invalid:
		status, level = http.StatusBadRequest, slog.LevelWarn
	case fault.TooLarge:
		status, level = http.StatusRequestEntityTooLarge, slog.LevelWarn
	case fault.NotFound, fault.Unauthenticated, fault.Forbidden:
		status, level = http.StatusNotFound, slog.LevelWarn
	case fault.Unavailable, fault.TooMany, fault.Conflict:
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", comeAgain)
	}
	said := refusal{Error: fault.Sentence(err)}
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		said.Field = fields[0].Name
	}
	reply := any(said)
	if d.Refuse != nil {
		status, reply = d.Refuse(err, status)
	}
	log.LogAttrs(r.Context(), level, "signals refused", slog.String("kind", d.Kind), slog.Int("status", status), slog.String("from", r.RemoteAddr), slog.Any("error", err))
	answer(w, status, reply)
}

// answer writes JSON without escapes for HTML and without a line break at the end, as the services do whose place Frontline takes.
func answer(w http.ResponseWriter, status int, reply any) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(reply) // plain structs always encode
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimSpace(out.Bytes())) // a sender that has gone comes again
}
