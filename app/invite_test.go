package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"frontline/clock"
	"frontline/config"
	"frontline/fault"
	"frontline/people"
)

// Whoever has the machine gets the only administrator in again.
func TestInviteLink(t *testing.T) {
	a, err := New(t.Context(), Settings{Database: "sqlite:" + filepath.Join(t.TempDir(), "frontline.db"), Listen: "127.0.0.1:0", URL: "http://frontline.verity.example", Zone: "UTC", LogLevel: "info", LogFormat: "text"},
		Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler), Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	const company = "teams:\n  - {id: support, name: Technical support}\npeople:\n  - {id: marika, name: Marika Oja, email: marika@verity.example, role: admin, teams: [support]}\n"
	if _, err := a.Config().Apply(t.Context(), people.System("test"), config.Apply{Folder: "verity", Files: []config.File{{Name: "people.yaml", Content: company}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.InviteLink(t.Context(), "karl@verity.example"); !fault.Is(err, fault.Invalid) {
		t.Errorf("for nobody: %v", err)
	}
	link, err := a.InviteLink(t.Context(), "marika@verity.example")
	path, ok := strings.CutPrefix(link, "http://frontline.verity.example")
	if err != nil || !ok {
		t.Fatalf("InviteLink = %q, %v", link, err)
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Marika Oja") {
		t.Errorf("the link answers %d: %.300s", w.Code, w.Body)
	}
}
