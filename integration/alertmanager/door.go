package alertmanager

import (
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

// Path is where the door is mounted. The token names the source.
const Path = "/in/alertmanager/{token}"

const (
	maxBody      = 4 << 20
	commitWithin = 5 * time.Second
)

// Accept commits a batch for the source that has the token, and returns once it is durable. A fault of kind NotFound means that no
// source has it.
type Accept func(ctx context.Context, token secret.Text, b alert.Batch) error

// Handler is the door: POST at Path, answered with 200 once the batch is committed. Alertmanager gives up on 4xx and comes again on 5xx;
// so 4xx says only that the token is unknown (404) or the body says nothing (400, or 413 beyond 4 MiB), and everything that may pass is
// 503.
func Handler(accept Accept, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed, map[string]any{"error": "Signals come by POST."})
			return
		}
		n, err := take(w, r, accept)
		if err != nil {
			refuse(w, r, log, err)
			return
		}
		answer(w, http.StatusOK, map[string]any{"status": "committed", "signals": n})
	})
}

// take reads and commits one delivery, and says how many signals it held.
func take(w http.ResponseWriter, r *http.Request, accept Accept) (int, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return 0, fault.New(fault.TooLarge, "The body is larger than %d bytes. Set max_alerts in Alertmanager's webhook_config.", maxBody)
	}
	if err != nil {
		return 0, fault.Wrap(err, fault.Invalid, "The body broke off. Send it again.")
	}
	b, err := Parse(body)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), commitWithin)
	defer cancel()
	return len(b.Signals), accept(ctx, secret.New(r.PathValue("token")), b)
}

// refuse answers and logs. The token is in neither.
func refuse(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
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
		w.Header().Set("Retry-After", "5")
	}
	log.LogAttrs(r.Context(), level, "alertmanager: signals refused", slog.Int("status", status), slog.String("from", r.RemoteAddr), slog.Any("error", err))
	say := map[string]any{"error": fault.Sentence(err)}
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		say["field"] = fields[0].Name
	}
	answer(w, status, say)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a sender that has gone comes again
}
