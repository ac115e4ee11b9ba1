package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"frontline/clock"
	"frontline/people"
	"frontline/secret"
)

// wire is the browser's end of an event stream.
type wire struct {
	mu      sync.Mutex
	header  http.Header
	status  int
	text    strings.Builder
	flushed int // how much of text has been sent
	forever bool
}

func (w *wire) Header() http.Header { return w.header }

func (w *wire) WriteHeader(status int) { w.status = status }

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *wire) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushed = w.text.Len()
}

func (w *wire) SetWriteDeadline(t time.Time) error { w.forever = t.IsZero(); return nil }

// heard is what has arrived since the last call.
func (w *wire) heard() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.text.String()[:w.flushed]
	rest := w.text.String()[w.flushed:]
	w.text.Reset()
	w.text.WriteString(rest)
	w.flushed = 0
	return got
}

// listen opens a stream as the role; over is closed when it has ended.
func (d *workplace) listen(ctx context.Context, as people.Role) (w *wire, over chan struct{}) {
	w, over = &wire{header: http.Header{}}, make(chan struct{})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/live", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-frontline", Value: string(as)})
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "gzip")
	go func() {
		defer close(over)
		d.s.ServeHTTP(w, r)
	}()
	return w, over
}

func liveDesk(t *testing.T) *workplace {
	return newDesk(t, func(deps *Deps) { deps.Clock = clock.Real{} })
}

func ended(over chan struct{}) bool {
	synctest.Wait()
	select {
	case <-over:
		return true
	default:
		return false
	}
}

func TestStreamSaysWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := liveDesk(t)
		ctx, leave := context.WithCancel(t.Context())
		w, over := d.listen(ctx, people.Member)
		if got := w.heard(); got != "retry: 2000\nevent: hello\ndata: 0\n\n" {
			t.Fatalf("first heard %q", got)
		}
		if !w.forever || w.header.Get("Content-Type") != "text/event-stream" || w.header.Get("Content-Encoding") != "" {
			t.Errorf("no deadline: %v, headers %v", w.forever, w.header)
		}
		d.changes.tell(people.Subject{Kind: "alert", ID: "a1"}, people.Subject{Kind: "alert", ID: "a2"})
		if got, want := w.heard(), `event: change`+"\n"+`data: ["alert","alert:a1","alert:a2"]`+"\n\n"; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
		leave()
		if !ended(over) {
			t.Error("the stream goes on after its reader has left")
		}
	})
}

// TestStreamKeepsSecrets: a topic is a piece of knowledge, and goes through the same gate as everything else.
func TestStreamKeepsSecrets(t *testing.T) {
	cases := []struct {
		what    people.Subject
		as      people.Role
		visible bool
	}{
		{people.Subject{Kind: "incident", ID: "1"}, people.Member, true},
		{people.Subject{Kind: "incident", ID: "1", Visibility: people.TeamOnly, Team: "techsupport"}, people.Member, true},
		{people.Subject{Kind: "incident", ID: "1", Visibility: people.TeamOnly, Team: "security"}, people.Support, false},
		{people.Subject{Kind: "incident", ID: "1", Visibility: people.NamedOnly, Named: []string{"marika"}}, people.Lead, true},
		{people.Subject{Kind: "incident", ID: "1", Visibility: people.NamedOnly, Named: []string{"marika"}}, people.Support, false},
		{people.Subject{Kind: "incident", ID: "1", Visibility: people.TeamOnly, Team: "security"}, people.Admin, true},
		{people.Subject{Kind: "journal"}, people.Member, false},
		{people.Subject{Kind: "journal"}, people.Support, true},
		{people.Subject{Kind: "password", ID: "1"}, people.Admin, false},
	}
	for _, c := range cases {
		synctest.Test(t, func(t *testing.T) {
			d := liveDesk(t)
			ctx, leave := context.WithCancel(t.Context())
			w, over := d.listen(ctx, c.as)
			w.heard()
			d.changes.tell(c.what)
			if got := w.heard(); (got != "") != c.visible {
				t.Errorf("%s hears %q about %+v, want heard: %v", c.as, got, c.what, c.visible)
			}
			leave()
			<-over
		})
	}
}

func TestStreamBeatsAndEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := liveDesk(t)
		w, over := d.listen(t.Context(), people.Support)
		w.heard()
		time.Sleep(heartbeat + time.Millisecond)
		if got := w.heard(); got != ": still here\n\n" {
			t.Errorf("after %v heard %q", heartbeat, got)
		}
		// Less rights from the next heartbeat on.
		d.signIn.mu.Lock()
		s := d.signIn.sessions["support"]
		s.Person.Role = people.Member
		d.signIn.sessions["support"] = s
		d.signIn.mu.Unlock()
		time.Sleep(heartbeat + time.Millisecond)
		w.heard()
		d.changes.tell(people.Subject{Kind: "journal"})
		if got := w.heard(); got != "" {
			t.Errorf("with less rights heard %q", got)
		}
		// Steady news must not keep a stream alive whose session has ended.
		if err := d.signIn.SignOut(t.Context(), secret.New("support")); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			d.changes.tell(people.Subject{Kind: "alert", ID: "1"})
			time.Sleep(time.Second)
		}
		if !ended(over) {
			t.Error("the stream goes on without a session")
		}
	})
}

func TestStopEndsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := liveDesk(t)
		w, over := d.listen(t.Context(), people.Support)
		w.heard()
		d.s.Stop()
		d.s.Stop() // twice is no harm
		if !ended(over) {
			t.Error("the stream goes on after Stop")
		}
	})
}

func TestASlowReaderIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := liveDesk(t)
		w, over := d.listen(t.Context(), people.Support)
		w.heard()
		d.changes.leave()
		if !ended(over) {
			t.Error("the stream goes on after its source has closed it")
		}
	})
}

func TestStreamNeedsASession(t *testing.T) {
	d := newDesk(t)
	d.to("/live", ask{header: map[string]string{"Accept": "text/event-stream"}}).is(http.StatusUnauthorized)
}
