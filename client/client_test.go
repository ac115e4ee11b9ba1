package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"frontline/client"
	"frontline/clock"
	"frontline/e2e/office"
	"frontline/fault"
	"frontline/secret"
	"frontline/wire"
)

// of returns a client of a server that answers as the handler does, whose pauses pass at once.
func of(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := client.New(server.URL+"/", client.Options{Token: secret.New("fl_test"), Agent: "tests", HTTP: server.Client(), Clock: hurried{}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hurried is a clock whose pauses are a thousand times shorter.
type hurried struct{ clock.Real }

func (hurried) After(d time.Duration) (<-chan time.Time, func()) { return clock.Real{}.After(d / 1000) }

// TestEveryOperationHasAMethod calls every method of the client against a server that notes what is asked, and compares that with the API's
// own description.
func TestEveryOperationHasAMethod(t *testing.T) {
	asked := map[string]string{} // "POST /alerts/…/acknowledge" → method of the client
	var now string
	c := of(t, func(w http.ResponseWriter, r *http.Request) {
		asked[r.Method+" "+strings.TrimPrefix(r.URL.EscapedPath(), wire.Prefix)] = now
		_, _ = io.WriteString(w, "{}")
	})
	v := reflect.ValueOf(c)
	for i := range v.NumMethod() {
		if v.Type().Method(i).Type.NumIn() < 2 { // String and GoString
			continue
		}
		now = v.Type().Method(i).Name
		m := v.Method(i)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for j := 1; j < m.Type().NumIn(); j++ {
			arg := reflect.New(m.Type().In(j)).Elem()
			if arg.Kind() == reflect.String {
				arg.SetString("x/y")
			}
			args = append(args, arg)
		}
		out := m.Call(args)
		if err, _ := out[len(out)-1].Interface().(error); err != nil {
			t.Errorf("%s: %v", now, err)
		}
	}
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	w := office.Open(t)
	res, err := w.Client.Get(w.URL + wire.Prefix + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	placeholder := regexp.MustCompile(`\{\w+\}`)
	for path, methods := range doc.Paths {
		for method := range methods {
			op := strings.ToUpper(method) + " " + placeholder.ReplaceAllString(path, "x%2Fy")
			if asked[op] == "" {
				t.Errorf("no method of the client asks %s %s", method, path)
			}
			delete(asked, op)
		}
	}
	for op, by := range asked {
		t.Errorf("%s asks %s, which the API does not have", by, op)
	}
}

func TestRealServerIsAsked(t *testing.T) {
	w := office.Open(t)
	w.Signal("firing", "DecisionQueueStuck")
	c, err := client.New(w.URL, client.Options{Token: secret.New(w.Token("liis", "")), Agent: wire.CLI + "/test"})
	if err != nil {
		t.Fatal(err)
	}
	if g, err := c.AcknowledgeAlert(t.Context(), "A-1"); err != nil || g.AcknowledgedBy.ID != "liis" {
		t.Errorf("acknowledged: %+v %v", g, err)
	}
	if a, err := c.Action(t.Context(), "queue/park-message"); err != nil || a.Title == "" {
		t.Errorf("an id with a slash: %+v %v", a, err)
	}
	_, err = c.DeclareIncident(t.Context(), wire.Declare{Severity: "minor"})
	if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "title" {
		t.Errorf("declared without a title: %v", err)
	}
	if _, err = c.Incident(t.Context(), "INC-9"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an incident that is not: %v", err)
	}
	n := 0
	list := func(ctx context.Context, p client.Page) (wire.List[wire.Customer], error) {
		p.Limit = 3
		return c.Customers(ctx, p)
	}
	for k, err := range client.All(t.Context(), list) {
		if err != nil || k.Name == "" {
			t.Errorf("a customer: %+v %v", k, err)
		}
		n++
	}
	if n != 4 {
		t.Errorf("%d customers, want 4", n)
	}
}

func problem(w http.ResponseWriter, status int, kind, after string) {
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	if after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"status":%d,"kind":%q,"detail":"Try later.","reference":"K7QW2M"}`, status, kind)
}

func TestOnlyWhatMayBeSentTwiceIsSentAgain(t *testing.T) {
	tests := []struct {
		name   string
		ask    func(*client.Client) error
		status int
		after  string
		sent   int32
	}{
		{"a reading", func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 503, "2", 4},
		{"a reading, told no time", func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 503, "", 1},
		{"a reading, limited", func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 429, "2", 1},
		{"a start with its key", func(c *client.Client) error {
			_, err := c.StartRun(t.Context(), "RUN-1", "k", wire.StartRun{})
			return err
		}, 503, "2", 4},
		{"an acknowledgement", func(c *client.Client) error { _, err := c.AcknowledgeAlert(t.Context(), "G-1"); return err }, 503, "2", 4},
		{"a declaration", func(c *client.Client) error { _, err := c.DeclareIncident(t.Context(), wire.Declare{}); return err }, 503, "2", 1},
		{"an edit", func(c *client.Client) error { _, err := c.SetState(t.Context(), "INC-1", wire.SetState{}); return err }, 503, "2", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent atomic.Int32
			c := of(t, func(w http.ResponseWriter, _ *http.Request) {
				sent.Add(1)
				problem(w, tt.status, map[int]string{503: "unavailable", 429: "too_many"}[tt.status], tt.after)
			})
			err := tt.ask(c)
			if !fault.Again(err) || sent.Load() != tt.sent {
				t.Errorf("sent %d times, want %d: %v", sent.Load(), tt.sent, err)
			}
			if tt.after != "" {
				if f := new(fault.Error); !errors.As(err, &f) || f.After != 2*time.Second || !strings.Contains(f.Say, "K7QW2M") {
					t.Errorf("the error is %+v", f)
				}
			}
		})
	}
}

func TestSentAgainUntilItIsAnswered(t *testing.T) {
	var sent atomic.Int32
	c := of(t, func(w http.ResponseWriter, _ *http.Request) {
		if sent.Add(1) < 3 {
			problem(w, 503, "unavailable", "1")
			return
		}
		_, _ = io.WriteString(w, `{"id":"liis"}`)
	})
	if me, err := c.Me(t.Context()); err != nil || me.ID != "liis" {
		t.Errorf("%+v %v", me, err)
	}
}

func TestStrangersAreToldAsSuch(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		kind   fault.Kind
		says   string
	}{
		"a proxy":        {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) }, fault.Unavailable, "not there right now"},
		"something else": {func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }, fault.Internal, "not Frontline's API"},
		"a page":         {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, fault.Internal, "not its API's JSON"},
		"another address": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		}, fault.Invalid, "https://elsewhere.example/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := of(t, tt.answer).Me(t.Context())
			if !fault.Is(err, tt.kind) || !strings.Contains(fault.Sentence(err), tt.says) {
				t.Errorf("told as %s: %v", fault.KindOf(err), err)
			}
		})
	}
}

func TestTokenGoesNowhereElse(t *testing.T) {
	var seen atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer elsewhere.Close()
	c := of(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer fl_test" || r.Header.Get("User-Agent") != "tests" {
			t.Errorf("asked with %v", r.Header)
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if _, err := c.Me(t.Context()); err == nil || seen.Load() != 0 || strings.Contains(fmt.Sprintf("%v %+v %#v", err, c, c), "fl_test") {
		t.Errorf("a redirect was followed %d times: %v", seen.Load(), err)
	}
}

func TestAddressesAreChecked(t *testing.T) {
	for _, bad := range []string{"", "frontline.verity.example", "ftp://x", "https://", "http://%zz"} {
		if _, err := client.New(bad, client.Options{Token: secret.New("x")}); !fault.Is(err, fault.Invalid) {
			t.Errorf("New(%q) = %v", bad, err)
		}
	}
	if _, err := client.New("https://frontline.verity.example", client.Options{}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("New without a token: %v", err)
	}
	c, err := client.New("http://127.0.0.1:1", client.Options{Token: secret.New("x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Me(t.Context()); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Sentence(err), "http://127.0.0.1:1") {
		t.Errorf("a server that is not there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
