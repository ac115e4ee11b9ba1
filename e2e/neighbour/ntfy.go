package neighbour

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/secret"
)

// PushServer plays an ntfy server, from ntfy's documentation (docs.ntfy.sh/publish), because a real one cannot be had
// here. It takes messages as JSON at / and as text with headers at /topic, and answers with ntfy's JSON.
type PushServer struct {
	URL string // http://127.0.0.1:port

	t       testing.TB
	server  *httptest.Server
	mu      sync.Mutex
	token   string
	failure Failure
	times   int // how often the failure still happens; negative: until told otherwise
	devices map[string]*Device
	tries   int
	changed chan struct{} // closed and replaced whenever something arrives
	closing chan struct{}
}

// Failure is a way in which the server fails.
type Failure struct {
	status int
	code   int
	say    string
	after  time.Duration
	hang   bool // take the request and never answer
	lose   bool // deliver, then cut the connection before the answer
}

// The ways to fail. Unauthorized is final for a sender, the others are worth another try.
var (
	ServerError  = Failure{status: http.StatusInternalServerError, code: 50001, say: "internal server error"}
	Unauthorized = Failure{status: http.StatusUnauthorized, code: 40101, say: "unauthorized"}
	Hang         = Failure{hang: true}
	LoseAnswer   = Failure{lose: true} // the phone rings, the sender never learns of it
)

// TooMany is the answer to a sender that is over its limit. The header Retry-After carries whole seconds.
func TooMany(after time.Duration) Failure {
	return Failure{status: http.StatusTooManyRequests, code: 42901, say: "limit reached: too many requests", after: after}
}

// Ntfy starts a push server. Devices are added with Phone.
func Ntfy(t testing.TB) *PushServer {
	t.Helper()
	s := &PushServer{t: t, devices: map[string]*Device{}, changed: make(chan struct{}), closing: make(chan struct{})}
	s.server = httptest.NewServer(s)
	s.URL = s.server.URL
	t.Cleanup(func() {
		close(s.closing)
		s.server.Close()
	})
	return s
}

// Phone returns the device that listens to a topic. The same topic gives the same device.
func (s *PushServer) Phone(topic string) *Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[topic]
	if d == nil {
		d = &Device{Topic: topic, Server: s, Patience: 60 * time.Second, t: s.t}
		s.devices[topic] = d
	}
	return d
}

// Phone starts a push server with one device whose topic nobody can guess.
func Phone(t testing.TB) *Device {
	t.Helper()
	return Ntfy(t).Phone("verity-" + secret.Random(12))
}

// RequireToken makes the server refuse senders without this access token: as `Authorization: Bearer`, or as the password
// of basic authentication with an empty user name.
func (s *PushServer) RequireToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// Fail makes the next requests fail. times below 1 means until Recover.
func (s *PushServer) Fail(how Failure, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure, s.times = how, times
	if times < 1 {
		s.times = -1
	}
}

// Recover ends Fail.
func (s *PushServer) Recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = 0
}

// Tries returns how many messages senders have tried to publish, refused and lost ones included.
func (s *PushServer) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// WaitTries waits until senders have tried n times in all.
func (s *PushServer) WaitTries(n int) {
	s.t.Helper()
	s.wait(30*time.Second, func() bool { return s.tries >= n }, func() {
		s.t.Fatalf("ntfy: senders tried %d times, want %d", s.tries, n)
	})
}

// wait blocks until done answers true, asking whenever something arrived. Both functions run under the lock.
func (s *PushServer) wait(patience time.Duration, done func() bool, late func()) {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			s.mu.Lock()
			defer s.mu.Unlock()
			late()
			return
		}
	}
}

// ServeHTTP implements http.Handler: PUT or POST to / (JSON) or to /topic (text and headers).
func (s *PushServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		refuse(w, Failure{status: http.StatusNotFound, code: 40401, say: "page not found"})
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	fails, how := s.attempt(r)
	if fails && how.hang {
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
		return
	}
	if fails && !how.lose {
		refuse(w, how)
		return
	}
	m, wrong := parse(r, body)
	if wrong.status != 0 {
		s.t.Errorf("ntfy: a message that ntfy refuses with %d %s: %s", wrong.code, wrong.say, body)
		refuse(w, wrong)
		return
	}
	s.deliver(m)
	if fails {
		panic(http.ErrAbortHandler) // net/http cuts the connection without an answer
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m)
}

// attempt counts the request and says whether and how it fails.
func (s *PushServer) attempt(r *http.Request) (bool, Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	s.announce()
	if s.times != 0 {
		s.times = max(s.times-1, -1)
		return true, s.failure
	}
	_, password, _ := r.BasicAuth()
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token && password != s.token {
		return true, Unauthorized
	}
	return false, Failure{}
}

func (s *PushServer) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// deliver puts the message on the screen of the device that listens to its topic. Without one it is kept nowhere.
func (s *PushServer) deliver(m *Notification) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.announce()
	d := s.devices[m.Topic]
	if d == nil {
		s.t.Errorf("ntfy: a message to topic %q, which no phone listens to: %q", m.Topic, m.Title)
		return
	}
	m.device = d
	d.screen = append(d.screen, m)
	if d.quiet {
		s.t.Errorf("ntfy: the phone of %s expected nothing more and got %q: %q", d.Topic, m.Title, m.Message)
	}
}

func refuse(w http.ResponseWriter, f Failure) {
	if f.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.after.Seconds())))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": f.code, "http": f.status, "error": f.say})
}

var topicName = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// parse reads the message in either form and refuses what ntfy's documentation forbids.
func parse(r *http.Request, body []byte) (*Notification, Failure) {
	bad := func(code int, say string) (*Notification, Failure) {
		return nil, Failure{status: http.StatusBadRequest, code: code, say: say}
	}
	m := &Notification{Priority: 3}
	if r.URL.Path == "/" {
		if err := json.Unmarshal(body, m); err != nil {
			return bad(40017, "invalid request: request body must be message JSON")
		}
	} else if !m.readHeaders(r, string(body)) {
		return bad(40007, "invalid priority parameter")
	}
	if m.Message == "" {
		m.Message = "triggered"
	}
	switch {
	case !topicName.MatchString(m.Topic):
		return bad(40009, "invalid request: topic invalid")
	case m.Priority < 1 || m.Priority > 5:
		return bad(40007, "invalid priority parameter")
	case !buttonsWork(m.Buttons):
		return bad(40018, "invalid request: actions invalid")
	case len(m.Message) > 4096: // a longer one would become an attachment, which nobody reads at night
		return nil, Failure{status: http.StatusRequestEntityTooLarge, code: 41303, say: "JSON body too large"}
	}
	m.ID, m.Time, m.Event = secret.Random(12), time.Now().Unix(), "message"
	m.Authorization = r.Header.Get("Authorization")
	return m, Failure{}
}

func buttonsWork(buttons []Button) bool {
	return len(buttons) <= 3 && !slices.ContainsFunc(buttons, func(b Button) bool {
		return b.Label == "" || b.URL == "" || (b.Action != "http" && b.Action != "view")
	})
}

// readHeaders reads the form with text as the body. The actions may be JSON only; ntfy's short form is not played.
func (m *Notification) readHeaders(r *http.Request, body string) bool {
	header := func(names ...string) string {
		for _, name := range names {
			if v := r.Header.Get(name); v != "" {
				if plain, err := new(mime.WordDecoder).DecodeHeader(v); err == nil {
					return plain
				}
				return v
			}
		}
		return ""
	}
	m.Topic, m.Message = strings.Trim(r.URL.Path, "/"), body
	m.Title, m.Click = header("X-Title", "Title", "ti", "t"), header("X-Click", "Click")
	if tags := header("X-Tags", "Tags", "Tag", "ta"); tags != "" {
		m.Tags = strings.Split(strings.ReplaceAll(tags, " ", ""), ",")
	}
	if actions := header("X-Actions", "Actions", "Action"); actions != "" {
		if json.Unmarshal([]byte(actions), &m.Buttons) != nil {
			m.Buttons = []Button{{}} // refused as invalid
		}
	}
	priority := header("X-Priority", "Priority", "prio", "p")
	if priority == "" {
		return true
	}
	named := map[string]int{"min": 1, "low": 2, "default": 3, "high": 4, "max": 5, "urgent": 5}
	m.Priority = named[priority]
	if n, err := strconv.Atoi(priority); err == nil {
		m.Priority = n
	}
	return m.Priority != 0
}
