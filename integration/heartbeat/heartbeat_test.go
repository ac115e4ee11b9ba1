package heartbeat

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"frontline/fault"
	"frontline/secret"
)

const token = "b2f9c0de-5a3c-4d3e-9f3a-2f1f3d7a9b10"

func TestBeat(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		fails  string
	}{
		{"taken", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK")) }, ""},
		{"nothing to say", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, ""},
		{"unknown there", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such check "+token, 404) }, "refused the call"},
		{"sign in first", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, "refused the call"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "does not answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int32 // a server that hangs up does not wait for our reading
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1); r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, token) {
					t.Errorf("%s %s", r.Method, r.URL.Path)
				}
				tt.answer(w, r)
			}))
			defer server.Close()
			o, err := New(secret.New(server.URL + "/ping/" + token))
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			err = o.Beat(t.Context())
			if (err != nil) != (tt.fails != "") || err != nil && (!strings.Contains(fault.Sentence(err), tt.fails) || strings.Contains(err.Error(), token)) {
				t.Errorf("Beat = %v", err)
			}
			if calls.Load() == 0 {
				t.Error("nobody was called")
			}
		})
	}
}

func TestNobodyThereAndStopped(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL + "/ping/" + token
	server.Close()
	o, err := New(secret.New(address))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Beat(t.Context()); !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), token) {
		t.Errorf("Beat to nobody: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Beat(ctx); err == nil {
		t.Error("a stopped beat succeeded")
	}
}

func TestAddress(t *testing.T) {
	for _, bad := range []string{"", "hc-ping.com/x", "ftp://hc/x", "https://", "://"} {
		if _, err := New(secret.New(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("New(%q): %v", bad, err)
		}
	}
}
