package pagerduty

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

// Path is where the door is mounted: PagerDuty's own path, so that a sender changes only the host.
const Path = "/v2/enqueue"

const (
	maxBody      = 1 << 20 // PagerDuty takes 512 000 bytes
	commitWithin = 5 * time.Second
)

// Accept commits a batch for the source that has the routing key, and returns once it is durable. A fault of kind NotFound means that no
// source has it.
type Accept func(ctx context.Context, routingKey secret.Text, b alert.Batch) error

// reply is PagerDuty's answer, in all its forms.
type reply struct {
	Status   string   `json:"status"`
	Message  string   `json:"message"`
	Errors   []string `json:"errors,omitempty"`
	DedupKey string   `json:"dedup_key,omitempty"`
}

// Handler is the door: POST at Path, answered with 202 once the event is committed. Anything but 202 is a failure to PagerDuty's clients;
// they show the errors of a 400 to their users and come again after a 503.
func Handler(accept Accept, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed, reply{Status: "method not allowed", Message: "Events come by POST."})
			return
		}
		key, err := take(w, r, accept)
		if err != nil {
			refuse(w, r, log, err)
			return
		}
		answer(w, http.StatusAccepted, reply{Status: "success", Message: "Event processed", DedupKey: key})
	})
}

// take reads and commits one event, and returns its dedup_key.
func take(w http.ResponseWriter, r *http.Request, accept Accept) (string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return "", fault.New(fault.TooLarge, "The event is larger than %d bytes. Send fewer custom_details.", maxBody)
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "The body broke off. Send it again.")
	}
	e, err := Parse(body)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(r.Context(), commitWithin)
	defer cancel()
	return e.DedupKey, accept(ctx, e.RoutingKey, e.Batch)
}

// refuse answers in PagerDuty's words and logs. The routing key is in neither.
func refuse(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	status, level := http.StatusInternalServerError, slog.LevelError
	say := reply{Status: "internal error", Message: fault.Sentence(err)}
	switch fault.KindOf(err) {
	case fault.Invalid:
		status, level, say = http.StatusBadRequest, slog.LevelWarn, invalid(err)
	case fault.NotFound, fault.Unauthenticated, fault.Forbidden:
		status, level = http.StatusBadRequest, slog.LevelWarn
		say = reply{Status: "invalid event", Message: "Event object is invalid", Errors: []string{"Invalid routing key"}}
	case fault.TooLarge:
		status, level, say.Status = http.StatusRequestEntityTooLarge, slog.LevelWarn, "invalid event"
	case fault.Unavailable, fault.TooMany, fault.Conflict:
		status, say.Status = http.StatusServiceUnavailable, "unavailable"
		w.Header().Set("Retry-After", "5")
	}
	log.LogAttrs(r.Context(), level, "pagerduty: event refused", slog.Int("status", status), slog.String("from", r.RemoteAddr), slog.Any("error", err))
	answer(w, status, say)
}

// invalid is the answer to a body that is no event.
func invalid(err error) reply {
	out := reply{Status: "invalid event", Message: "Event object is invalid"}
	for _, f := range fault.FieldsOf(err) {
		if f.Name == "body" {
			return reply{Status: "Unrecognized object", Message: "Event object format is unrecognized", Errors: []string{f.Say}}
		}
		out.Errors = append(out.Errors, f.Say)
	}
	if len(out.Errors) == 0 {
		out.Errors = []string{fault.Sentence(err)}
	}
	return out
}

// answer writes the reply as PagerDuty does: without escapes for HTML and without a line break at the end.
func answer(w http.ResponseWriter, status int, say reply) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(say) // strings always encode
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimSpace(out.Bytes())) // a sender that has gone comes again
}
