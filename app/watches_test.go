package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"frontline/clock"
)

// TestPrometheusFindsItsDoor: beside the API, and with its own words for who comes without a token.
func TestPrometheusFindsItsDoor(t *testing.T) {
	a, err := New(t.Context(), Settings{Database: "sqlite:" + filepath.Join(t.TempDir(), "frontline.db"), Listen: "127.0.0.1:0", Zone: "UTC", LogLevel: "info", LogFormat: "text"},
		Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string {
			return map[string]string{"FRONTLINE_KEY": "a key of more than thirty-two letters"}[name]
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1/write", strings.NewReader("")))
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "under remote_write") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
