package ntfy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/oncall"
	"frontline/oncall/channeltest"
	"frontline/secret"
)

const (
	topicOfLiis = "verity-liis-x7k2"
	token       = "tk_q7v3m9x2k5w8c1b4n6z0r2y8u4i6o"
)

// server plays ntfy from its documentation, limits included.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	mood  channeltest.Mood
	took  []message
	until chan struct{} // closed when nothing may hang any more
}

func play(t *testing.T) *server {
	s := &server{until: make(chan struct{})}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		close(s.until)
		s.Close()
	})
	return s
}

func (s *server) behave(m channeltest.Mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mood = m
}

func (s *server) taken() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]message(nil), s.took...)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	mood := s.mood
	s.mu.Unlock()
	refuse := func(status, code int, say string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%d,"http":%d,"error":%q,"link":"https://ntfy.sh/docs/publish/"}`, code, status, say)
	}
	everything := r.Header.Get("Authorization") + " " + string(body)
	switch mood {
	case channeltest.Limits:
		w.Header().Set("Retry-After", "17")
		refuse(http.StatusTooManyRequests, 42901, "limit reached: too many requests")
		return
	case channeltest.Fails:
		refuse(http.StatusInternalServerError, 50001, "internal server error")
		return
	case channeltest.Refuses:
		refuse(http.StatusForbidden, 40301, "forbidden: "+everything)
		return
	case channeltest.Locks:
		refuse(http.StatusUnauthorized, 40101, "unauthorized: "+everything)
		return
	case channeltest.Hangs:
		select {
		case <-s.until:
		case <-r.Context().Done():
		}
		return
	}
	var m message
	switch err := json.Unmarshal(body, &m); {
	case r.Method != http.MethodPost || r.URL.Path != "/":
		refuse(http.StatusNotFound, 40401, "page not found")
	case len(body) > 2*4096:
		refuse(http.StatusRequestEntityTooLarge, 41303, "JSON body too large")
	case err != nil:
		refuse(http.StatusBadRequest, 40024, "request body must be valid JSON")
	case r.Header.Get("Authorization") != "Bearer "+token:
		refuse(http.StatusUnauthorized, 40101, "unauthorized")
	case len(m.Title) > 1024 || len(m.Actions) > 3 || len(m.Message) > 4096 || m.Message == "":
		refuse(http.StatusBadRequest, 40000, "a limit is exceeded")
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.took = append(s.took, m)
		fmt.Fprintf(w, `{"id":"m%d","time":1763863447,"event":"message","topic":%q,"message":"..."}`, len(s.took), m.Topic)
	}
}

func (s *server) host() string { return strings.TrimPrefix(s.URL, "http://") }

func (s *server) channel(t *testing.T, timeout time.Duration) *Channel {
	c := New(Settings{Tokens: map[string]secret.Text{s.host(): secret.New(token)}, Timeout: timeout})
	t.Cleanup(c.Close)
	return c
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Setup {
		s := play(t)
		return channeltest.Setup{
			Channel: s.channel(t, 0),
			Address: s.URL + "/" + topicOfLiis,
			Wrong: []string{
				topicOfLiis, "ntfy.sh/" + topicOfLiis, "https://ntfy.sh", "https://ntfy.sh/", "https://ntfy.sh/a/b", "https://ntfy.sh/a%2Fb",
				"https://liis:password@ntfy.sh/topic", "https://ntfy.sh/topic?auth=x", "https://ntfy.sh/topic#x", "https:///topic", "ftp://ntfy.sh/topic",
				"https://ntfy.sh/tõpic", "https://ntfy.sh/" + strings.Repeat("x", 65), "javascript:alert(1)", "https://ntfy.sh/topic?", "https://ntfy.sh/topic#",
			},
			Secrets: []string{topicOfLiis, token},
			Behave:  s.behave,
			Taken: func() []channeltest.Taken {
				var out []channeltest.Taken
				for _, m := range s.taken() {
					links := []string{m.Click}
					for _, a := range m.Actions {
						links = append(links, a.URL)
					}
					out = append(out, channeltest.Taken{Title: m.Title, Body: m.Message, Links: links})
				}
				return out
			},
			Close:  s.Close,
			Locked: true,
			After:  17 * time.Second,
		}
	})
}

func TestWhatIsPublished(t *testing.T) {
	s := play(t)
	c := s.channel(t, 0)
	high := channeltest.Page()
	low := oncall.Message{Attempt: "not a sequence", Title: "Disk is 80 % full", Urgency: oncall.Low}
	for _, m := range []oncall.Message{high, low} {
		r, err := c.Send(t.Context(), s.URL+"/"+topicOfLiis, m)
		if err != nil {
			t.Fatal(err)
		}
		if want := (oncall.Receipt{ID: r.ID, Detail: "200 " + s.host() + " took it as " + r.ID}); r != want || r.ID == "" {
			t.Errorf("receipt %+v, want %+v", r, want)
		}
	}
	want := []message{
		{
			Topic: topicOfLiis, Title: "[P-12] The decision queue has not moved for 6 minutes",
			Message:  "decision-pipeline at Verity\n1 message is redelivered again and again; 214 decisions wait.\nSince 2026-11-23 02:14 UTC",
			Priority: 5, Tags: []string{"rotating_light"}, Click: high.Link, Sequence: high.Attempt,
			Actions: []action{
				{Action: "http", Label: "Acknowledge", URL: high.Buttons[0].URL, Method: "POST", Clear: true},
				{Action: "view", Label: "Open", URL: high.Buttons[1].URL},
			},
		},
		{Topic: topicOfLiis, Title: "Disk is 80 % full", Message: "Disk is 80 % full", Priority: 3, Tags: []string{"bell"}},
	}
	if d := cmp.Diff(want, s.taken()); d != "" {
		t.Errorf("published (-want +got):\n%s", d)
	}
}

// Whatever a page holds, the request keeps ntfy's limits and says as much as fits.
func TestRequestFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"x", "\"", "\\", "\n", "ä", "検", "\u2028", "<", "\x01", "📈"})
		draw := func(name string, most int) string {
			return strings.Repeat(strings.Join(rapid.SliceOfN(part, 1, 20).Draw(t, name), ""), rapid.IntRange(0, most).Draw(t, name+" times"))
		}
		m := oncall.Message{Title: draw("title", 200), Body: draw("body", 1000), Page: "P-1", Link: "https://f/" + strings.Repeat("l", rapid.IntRange(0, 500).Draw(t, "link")),
			Buttons: []oncall.Button{{Label: "Acknowledge", URL: "https://f/", Post: true}}}.Tidy()
		body := request("topic", m)
		var got message
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("not JSON: %v", err)
		}
		if len(body) > maxRequest || len(got.Message) > maxMessage || len(got.Title) > maxTitle || !utf8.ValidString(got.Message) {
			t.Errorf("request of %d bytes, message of %d, title of %d", len(body), len(got.Message), len(got.Title))
		}
		if full := words(m); got.Message != full && !strings.HasSuffix(got.Message, "…") || got.Message == "" && full != "" {
			t.Errorf("a message of %d bytes was cut to %d without saying so", len(full), len(got.Message))
		}
	})
}

// Answers that are no receipt, however friendly they look.
func TestNoReceipt(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		kind   fault.Kind
	}{
		{"another site", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Welcome</html>") }, fault.NotFound},
		{"no id", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"event":"message"}`) }, fault.NotFound},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, fault.NotFound},
		{"not found", http.NotFound, fault.NotFound},
		{"moved", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusMovedPermanently)
		}, fault.NotFound},
		{"moved, keeping the method", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusPermanentRedirect)
		}, fault.NotFound},
		{"too large", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }, fault.TooLarge},
		{"refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }, fault.Invalid},
		{"gateway", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, fault.Unavailable},
		{"endless", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 4<<20)) }, fault.NotFound},
		{"broken off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"id":"x"`)
			panic(http.ErrAbortHandler)
		}, fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(c.answer)
			defer s.Close()
			ch := New(Settings{})
			defer ch.Close()
			r, err := ch.Send(t.Context(), s.URL+"/"+topicOfLiis, channeltest.Page())
			if !fault.Is(err, c.kind) || r != (oncall.Receipt{}) {
				t.Errorf("receipt %+v and %v, want a fault of kind %s", r, err, c.kind)
			}
			if err != nil && strings.Contains(err.Error(), topicOfLiis) {
				t.Errorf("the topic is in %v", err)
			}
		})
	}
}

func TestUntrustedCertificate(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	c := New(Settings{})
	defer c.Close()
	_, err := c.Send(t.Context(), s.URL+"/"+topicOfLiis, channeltest.Page())
	if !fault.Is(err, fault.Internal) || fault.Again(err) {
		t.Errorf("an untrusted certificate: %v, want a final fault", err)
	}
}

// The channel gives up by itself when nobody set a deadline.
func TestOwnTimeout(t *testing.T) {
	s := play(t)
	s.behave(channeltest.Hangs)
	_, err := s.channel(t, 50*time.Millisecond).Send(t.Context(), s.URL+"/"+topicOfLiis, channeltest.Page())
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a server that never answers: %v", err)
	}
}

// The token goes to its own server only.
func TestTokenStaysAtItsServer(t *testing.T) {
	var header string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Get("Authorization")
		fmt.Fprint(w, `{"id":"x"}`)
	}))
	defer s.Close()
	c := New(Settings{Tokens: map[string]secret.Text{"push.verity.example": secret.New(token)}})
	defer c.Close()
	if _, err := c.Send(t.Context(), s.URL+"/"+topicOfLiis, channeltest.Page()); err != nil || header != "" {
		t.Errorf("sent %q to another server: %v", header, err)
	}
}

func TestOnlyAllowedServers(t *testing.T) {
	c := New(Settings{Servers: []string{"push.verity.example", "ntfy.sh"}})
	defer c.Close()
	for address, want := range map[string]bool{
		"https://push.verity.example/" + topicOfLiis: true,
		"https://NTFY.sh/" + topicOfLiis:             true,
		"http://169.254.169.254/" + topicOfLiis:      false,
		"https://ntfy.sh:8443/" + topicOfLiis:        false,
	} {
		if err := c.Check(address); (err == nil) != want {
			t.Errorf("Check(%q) = %v", address, err)
		}
	}
}

func TestAfter(t *testing.T) {
	for _, c := range []struct {
		retry, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"30", "", 30 * time.Second},
		{"-1", "", 0},
		{"99999999999", "", time.Hour},
		{"soon", "", 0},
		{"Mon, 23 Nov 2026 02:15:00 GMT", "Mon, 23 Nov 2026 02:14:30 GMT", 30 * time.Second},
		{"Mon, 23 Nov 2026 02:14:00 GMT", "Mon, 23 Nov 2026 02:14:30 GMT", 0},
		{"Mon, 23 Nov 2026 02:15:00 GMT", "", 0},
	} {
		if got := after(http.Header{"Retry-After": {c.retry}, "Date": {c.date}}); got != c.want {
			t.Errorf("Retry-After %q at %q = %s, want %s", c.retry, c.date, got, c.want)
		}
	}
}
