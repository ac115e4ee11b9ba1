package neighbour

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func publishJSON(t *testing.T, ctx context.Context, s *PushServer, m map[string]any, header ...string) *http.Response {
	t.Helper()
	b, err := json.Marshal(m)
	must(t, err)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader(string(b)))
	must(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// TestPhoneShowsBothForms publishes the same message as JSON and with headers and sees the same notification.
func TestPhoneShowsBothForms(t *testing.T) {
	marika := Phone(t)
	publishJSON(t, t.Context(), marika.Server, map[string]any{"topic": marika.Topic, "title": "Järjekord seisab", "message": "120 waiting",
		"priority": 5, "tags": []string{"rotating_light"}, "click": "https://desk.verity.test/a/1",
		"actions": []Button{{Action: "http", Label: "Acknowledge", URL: "https://desk.verity.test/ack", Clear: true}}})
	asJSON := marika.Expect("Järjekord")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, marika.Server.URL+"/"+marika.Topic, strings.NewReader("120 waiting"))
	must(t, err)
	for name, value := range map[string]string{"Title": "=?UTF-8?Q?J=C3=A4rjekord_seisab?=", "Priority": "urgent", "Tags": "rotating_light",
		"Click":   "https://desk.verity.test/a/1",
		"Actions": `[{"action":"http","label":"Acknowledge","url":"https://desk.verity.test/ack","clear":true}]`} {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	var answered Notification
	must(t, json.NewDecoder(res.Body).Decode(&answered))
	byHeader := marika.Expect("Järjekord")
	ignore := cmpopts.IgnoreUnexported(Notification{})
	if diff := cmp.Diff(*asJSON, *byHeader, ignore, cmpopts.IgnoreFields(Notification{}, "ID", "Time")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(*byHeader, answered, ignore); diff != "" {
		t.Errorf("the answer is not the message: %s", diff)
	}
	if asJSON.Tap() != "https://desk.verity.test/a/1" {
		t.Errorf("tap opens %s", asJSON.Tap())
	}
	marika.ExpectNothingMore()
}

// TestPhonePressesButtons presses a button that works and one that does not; only the first clears the notification.
func TestPhonePressesButtons(t *testing.T) {
	desk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
		}
		fmt.Fprintf(w, "%s by %s", r.Method, r.Header.Get("X-By"))
	}))
	t.Cleanup(desk.Close)
	p := Phone(t)
	publishJSON(t, t.Context(), p.Server, map[string]any{"topic": p.Topic, "title": "Stuck", "actions": []Button{
		{Action: "http", Label: "Too late", URL: desk.URL + "/gone", Clear: true},
		{Action: "http", Label: "Acknowledge", URL: desk.URL + "/ack", Headers: map[string]string{"X-By": "marika"}, Clear: true},
		{Action: "view", Label: "Open", URL: desk.URL + "/a/1"},
	}})
	n := p.Expect("Stuck")
	if got := n.Press("Too late"); got.Status != http.StatusGone || n.Cleared {
		t.Errorf("got %+v, cleared %v", got, n.Cleared)
	}
	if got := n.Press("Open"); got.Body != desk.URL+"/a/1" {
		t.Errorf("view opens %q", got.Body)
	}
	if got := n.Press("Acknowledge"); got.Body != "POST by marika" || !n.Cleared {
		t.Errorf("got %+v, cleared %v", got, n.Cleared)
	}
}

// TestPhoneFails has each failure happen once and then the same message arrive.
func TestPhoneFails(t *testing.T) {
	for name, c := range map[string]struct {
		how    Failure
		status int // 0: no answer at all
		after  string
		rings  bool
	}{
		"500":         {how: ServerError, status: 500},
		"401":         {how: Unauthorized, status: 401},
		"429":         {how: TooMany(7 * time.Second), status: 429, after: "7"},
		"hang":        {how: Hang},
		"lose answer": {how: LoseAnswer, rings: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := Phone(t)
			p.Server.Fail(c.how, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if name == "hang" {
				time.AfterFunc(2*time.Second, cancel)
			}
			res := publishJSON(t, ctx, p.Server, map[string]any{"topic": p.Topic, "title": "first"})
			if (res == nil) != (c.status == 0) {
				t.Fatalf("got %v", res)
			}
			if res != nil && (res.StatusCode != c.status || res.Header.Get("Retry-After") != c.after) {
				t.Errorf("got %s, Retry-After %q", res.Status, res.Header.Get("Retry-After"))
			}
			if c.rings {
				p.Expect("first")
			}
			publishJSON(t, t.Context(), p.Server, map[string]any{"topic": p.Topic, "title": "second"})
			p.Expect("second")
			p.ExpectNothingMore()
			if p.Server.Tries() != 2 {
				t.Errorf("%d tries, want 2", p.Server.Tries())
			}
		})
	}
}

// TestPhoneWantsItsToken refuses a sender without the access token.
func TestPhoneWantsItsToken(t *testing.T) {
	p := Phone(t)
	p.Server.RequireToken("tk_night")
	if res := publishJSON(t, t.Context(), p.Server, map[string]any{"topic": p.Topic}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", res.Status)
	}
	if res := publishJSON(t, t.Context(), p.Server, map[string]any{"topic": p.Topic, "title": "x"}, "Authorization", "Bearer tk_night"); res.StatusCode != http.StatusOK {
		t.Errorf("with the token: %s", res.Status)
	}
	p.Expect("x")
}

// watched is a test that only notes its failure, to prove that the phone can fail one.
type watched struct {
	testing.TB
	failed chan string
}

func (w watched) Helper() {}

func (w watched) Errorf(format string, args ...any) { w.failed <- fmt.Sprintf(format, args...) }

func (w watched) Fatalf(format string, args ...any) {
	w.Errorf(format, args...)
	panic(errFailed)
}

var errFailed = errors.New("the watched test failed")

// TestPhoneCanFailATest shows each way in which the phone fails the test that holds it.
func TestPhoneCanFailATest(t *testing.T) {
	send := func(s *PushServer, topic string, m map[string]any) {
		m["topic"] = topic
		publishJSON(t, t.Context(), s, m)
	}
	for name, c := range map[string]struct {
		do   func(p *Device)
		want string
	}{
		"nothing comes": {func(p *Device) {
			p.Patience = 10 * time.Millisecond
			defer func() { _ = recover() }()
			p.Expect("night")
		}, "nothing with"},
		"came before": {func(p *Device) { send(p.Server, p.Topic, map[string]any{"title": "surprise"}); p.ExpectNothingMore() }, "nobody expected"},
		"comes after": {func(p *Device) { p.ExpectNothingMore(); send(p.Server, p.Topic, map[string]any{"title": "surprise"}) }, "expected nothing more"},
		"nobody's":    {func(p *Device) { send(p.Server, "nobody", map[string]any{"title": "lost"}) }, "no phone listens"},
		"refused":     {func(p *Device) { send(p.Server, p.Topic, map[string]any{"priority": 9}) }, "invalid priority"},
		"4 buttons": {func(p *Device) {
			b := Button{Action: "view", Label: "x", URL: "https://x"}
			send(p.Server, p.Topic, map[string]any{"actions": []Button{b, b, b, b}})
		}, "actions invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			w := watched{TB: t, failed: make(chan string, 2)}
			c.do(Phone(w))
			select {
			case said := <-w.failed:
				if !strings.Contains(said, c.want) {
					t.Errorf("it failed with %q, want %q", said, c.want)
				}
			default:
				t.Error("it did not fail")
			}
		})
	}
}
