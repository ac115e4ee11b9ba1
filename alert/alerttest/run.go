package alerttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/alert"
	"frontline/fault"
	"frontline/secret"
)

// rewrite makes the .want files anew when set in the environment. Read the difference before you commit it.
const rewrite = "FRONTLINE_REWRITE_WANT"

func (s Source) genuine(t *testing.T) {
	for _, name := range payloads(t, s.Folder) {
		body := read(t, name)
		got, err := s.Parse(body)
		if err != nil {
			t.Errorf("%s is refused: %v", name, err)
			continue
		}
		if err := Check(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wanted := strings.TrimSuffix(name, ".json") + ".want"
		if os.Getenv(rewrite) != "" {
			if err := os.WriteFile(wanted, []byte(Describe(got)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(string(read(t, wanted)), Describe(got)); d != "" {
			t.Errorf("%s means something else than %s (-want +got):\n%s", name, wanted, d)
		}
		again, err := s.Parse(body)
		if d := cmp.Diff(got, again); err != nil || d != "" {
			t.Errorf("%s read twice differs: %v\n%s", name, err, d)
		}
	}
}

// unknownFields adds what a later version of the sender may add.
func (s Source) unknownFields(t *testing.T) {
	for _, name := range payloads(t, s.Folder) {
		body := read(t, name)
		var object map[string]json.RawMessage
		if err := json.Unmarshal(body, &object); err != nil {
			t.Fatalf("%s is not an object: %v", name, err)
		}
		object["added_in_a_later_version"] = json.RawMessage(`{"deep":[1,null,{"x":"y"}]}`)
		more, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := s.Parse(body)
		if err != nil {
			t.Errorf("%s is refused: %v", name, err)
			continue
		}
		got, err := s.Parse(more)
		if err != nil || Describe(got) != Describe(plain) {
			t.Errorf("%s with a field more: %v\n%s", name, err, cmp.Diff(Describe(plain), Describe(got)))
		}
	}
}

func (s Source) refused(t *testing.T) {
	if len(s.Refused) == 0 {
		t.Fatal("the suite needs bodies that must be refused")
	}
	for body, word := range s.Refused {
		_, err := s.Parse([]byte(body))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), word) {
			t.Errorf("body %q: %v, want a fault of kind Invalid that names %q", body, err, word)
		}
		d := s.mount(nil)
		w := d.post(t, []byte(body))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), word) || len(d.batches()) != 0 {
			t.Errorf("body %q: answered %d %s with %d batches, want 400 that names %q and no batch", body, w.Code, w.Body, len(d.batches()), word)
		}
	}
}

func (s Source) committed(t *testing.T) {
	w := &watched{ResponseRecorder: httptest.NewRecorder()}
	var answered bool
	d := s.mount(func(context.Context, secret.Text, alert.Batch) error {
		answered = w.begun
		return nil
	})
	body := s.Body(s.Token)
	d.mux.ServeHTTP(w, s.Request(s.Token, body))
	if w.Code != s.Taken || answered {
		t.Errorf("answered %d %s (before the commit: %t), want %d after it", w.Code, w.Body, answered, s.Taken)
	}
	if !json.Valid(w.Body.Bytes()) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Errorf("the answer %q of type %q is not JSON", w.Body, w.Header().Get("Content-Type"))
	}
	got := d.batches()
	if len(got) != 1 || !got[0].token.Equal(s.Token) {
		t.Fatalf("%d batches came through, want one with the token", len(got))
	}
	if err := Check(got[0].batch); err != nil {
		t.Error(err)
	}
	if got[0].batch.Source != "" {
		t.Errorf("the door named the source %q; the intake finds it by the token", got[0].batch.Source)
	}
}

// watched knows whether an answer has begun.
type watched struct {
	*httptest.ResponseRecorder
	begun bool
}

func (w *watched) WriteHeader(code int) {
	w.begun = true
	w.ResponseRecorder.WriteHeader(code)
}

func (w *watched) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseRecorder.Write(b)
}

// answers holds the law of every intake: an unknown token and a body that says nothing are the only reasons for 4xx, because senders give
// up on those; when the database cannot commit the sender is asked to come again.
func (s Source) answers(t *testing.T) {
	private := errors.New("relation alert does not exist")
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"unknown token", fault.New(fault.NotFound, "No source has this token. Look at the source's address."), s.Unknown},
		{"database busy", fault.Wrap(private, fault.Unavailable, "The database cannot commit now. Try again."), http.StatusServiceUnavailable},
		{"deadline", fmt.Errorf("commit: %w", context.DeadlineExceeded), http.StatusServiceUnavailable},
		{"limited", fault.New(fault.TooMany, "Too many. Try later."), http.StatusServiceUnavailable},
		{"raced", fault.New(fault.Conflict, "It has changed. Try again."), http.StatusServiceUnavailable},
		{"broken", private, http.StatusInternalServerError},
	} {
		d := s.mount(func(context.Context, secret.Text, alert.Batch) error { return c.err })
		w := d.post(t, s.Body(s.Token))
		if w.Code != c.want {
			t.Errorf("%s: answered %d %s, want %d", c.name, w.Code, w.Body, c.want)
		}
		if (w.Header().Get("Retry-After") != "") != (c.want == http.StatusServiceUnavailable) {
			t.Errorf("%s: Retry-After is %q with %d", c.name, w.Header().Get("Retry-After"), w.Code)
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: the answer %q is not JSON", c.name, w.Body)
		}
		if strings.Contains(w.Body.String(), private.Error()) || strings.Contains(w.Body.String(), s.Token) {
			t.Errorf("%s: the answer tells what is private: %s", c.name, w.Body)
		}
		if c.want >= 500 && d.log.Len() == 0 {
			t.Errorf("%s: nothing in the log", c.name)
		}
		if strings.Contains(d.log.String(), s.Token) {
			t.Errorf("%s: the token is in the log: %s", c.name, &d.log)
		}
	}
}

func (s Source) methods(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		d := s.mount(nil)
		r := s.Request(s.Token, s.Body(s.Token))
		r.Method = method
		w := httptest.NewRecorder()
		d.mux.ServeHTTP(w, r)
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodPost || len(d.batches()) != 0 {
			t.Errorf("%s: answered %d, Allow %q, %d batches", method, w.Code, w.Header().Get("Allow"), len(d.batches()))
		}
	}
}

func (s Source) size(t *testing.T) {
	body := s.Body(s.Token)
	full := append(bytes.Clone(body), bytes.Repeat([]byte(" "), s.Limit-len(body))...)
	d := s.mount(nil)
	if w := d.post(t, full); w.Code != s.Taken {
		t.Errorf("a body of %d bytes: answered %d %s, want %d", len(full), w.Code, w.Body, s.Taken)
	}
	d = s.mount(nil)
	if w := d.post(t, append(full, ' ')); w.Code != http.StatusRequestEntityTooLarge || len(d.batches()) != 0 {
		t.Errorf("a body of %d bytes: answered %d with %d batches, want 413 and none", len(full)+1, w.Code, len(d.batches()))
	}
}

// broken is a sender that goes away in the middle of its body.
func (s Source) broken(t *testing.T) {
	d := s.mount(nil)
	body := s.Body(s.Token)
	r := s.Request(s.Token, body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{}))
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	if w.Code < 400 || len(d.batches()) != 0 {
		t.Errorf("half a body: answered %d with %d batches", w.Code, len(d.batches()))
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (s Source) deadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := s.mount(func(ctx context.Context, _ secret.Text, _ alert.Batch) error {
			<-ctx.Done()
			return ctx.Err()
		})
		start := time.Now()
		w := d.post(t, s.Body(s.Token))
		if took := time.Since(start); w.Code != http.StatusServiceUnavailable || took != 5*time.Second {
			t.Errorf("a commit that hangs: answered %d after %s, want 503 after 5s", w.Code, took)
		}
	})
}

func (s Source) atOnce(t *testing.T) {
	d := s.mount(nil)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if w := d.post(t, s.Body(s.Token)); w.Code != s.Taken {
				t.Errorf("answered %d %s, want %d", w.Code, w.Body, s.Taken)
			}
		})
	}
	wg.Wait()
	if got := len(d.batches()); got != 16 {
		t.Errorf("%d batches came through, want 16", got)
	}
}

// mounted is the source's handler on its path, with what came through it.
type mounted struct {
	source Source
	mux    *http.ServeMux
	accept Accept
	log    bytes.Buffer

	mu   sync.Mutex
	came []delivery
}

type delivery struct {
	token secret.Text
	batch alert.Batch
}

func (s Source) mount(accept Accept) *mounted {
	d := &mounted{source: s, mux: http.NewServeMux(), accept: accept}
	d.mux.Handle(s.Path, s.Handler(func(ctx context.Context, token secret.Text, b alert.Batch) error {
		d.mu.Lock()
		d.came = append(d.came, delivery{token, b})
		d.mu.Unlock()
		if d.accept == nil {
			return nil
		}
		return d.accept(ctx, token, b)
	}, slog.New(slog.NewTextHandler(&d.log, nil))))
	return d
}

func (d *mounted) post(t *testing.T, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, d.source.Request(d.source.Token, body))
	return w
}

func (d *mounted) batches() []delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.came)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
