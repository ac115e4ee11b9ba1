package door

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"frontline/fault"
)

// HookPath is where trackers call us: each at its own id.
const HookPath = "/in/tracker/{id...}"

// mostHook is how many bytes of a call are taken. GitHub sends at most 25 MB and most of it is about nothing of ours; a comment has 64 kB.
const mostHook = 2 << 20

// Hook is the door for the calls of trackers: POST at HookPath, answered with 202 once what follows is committed. hear checks who calls; a call that is not
// signed is answered with 401 and nothing of it is believed.
func Hook(hear func(ctx context.Context, id string, header func(string) string, body []byte) error, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed, refusal{Error: "Trackers call by POST."})
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostHook))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			err = fault.New(fault.TooLarge, "A call has at most %d bytes. What it is about is read from the tracker all the same, a little later.", mostHook)
		}
		if err == nil {
			ctx, cancel := context.WithTimeout(r.Context(), commitWithin)
			defer cancel()
			err = hear(ctx, r.PathValue("id"), r.Header.Get, body)
		}
		if err == nil {
			answer(w, http.StatusAccepted, struct {
				Status string `json:"status"`
			}{"taken"})
			return
		}
		status := hookStatus(err)
		log.LogAttrs(r.Context(), slog.LevelWarn, "a tracker's call is refused", slog.Int("status", status), slog.String("from", r.RemoteAddr), slog.Any("error", err))
		answer(w, status, refusal{Error: fault.Sentence(err)})
	})
}

func hookStatus(err error) int {
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.Forbidden:
		return http.StatusUnauthorized
	case fault.NotFound:
		return http.StatusNotFound
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusServiceUnavailable
}
