package kill

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/e2e/neighbour"
)

// phones are everybody's, behind a push server that can be made to hang: before it takes a message, or after it took it and before it says so. They
// remember when each alert rang.
type phones struct {
	url string

	push    *neighbour.PushServer
	mu      sync.Mutex
	hold    hold
	free    chan struct{} // closed when nothing is held any more
	asked   int           // messages that came
	taken   int           // messages that were taken
	rings   map[string][]ring
	changed chan struct{} // closed and replaced whenever a message comes or is taken
}

// ring is one message that was taken.
type ring struct {
	at time.Time
	on string // the topic
}

type hold int

const (
	holdNothing hold = iota
	holdMessages
	holdReceipts
)

func newPhones(t testing.TB) *phones {
	p := &phones{push: neighbour.Ntfy(t), rings: map[string][]ring{}, changed: make(chan struct{}), free: make(chan struct{})}
	p.push.Phone("verity-liis")
	p.push.Phone("verity-karl")
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		p.set(holdNothing)
		server.Close()
	})
	p.url = server.URL
	return p
}

// set says what is held from now on, and lets go what is held. It counts anew.
func (p *phones) set(h hold) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.free)
	p.hold, p.free, p.asked, p.taken = h, make(chan struct{}), 0, 0
}

// ServeHTTP implements http.Handler. A message is dropped when its sender dies while it is held.
func (p *phones) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !p.pass(r, holdMessages, &p.asked) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.push.ServeHTTP(w, r) // its answer leaves when this function returns
	p.ring(body)
	p.pass(r, holdReceipts, &p.taken)
}

// pass counts, and waits while such is held. It is false when the sender has gone.
func (p *phones) pass(r *http.Request, h hold, count *int) bool {
	p.mu.Lock()
	*count++
	close(p.changed)
	p.changed = make(chan struct{})
	held, free := p.hold == h, p.free
	p.mu.Unlock()
	if !held {
		return true
	}
	select {
	case <-free:
	case <-r.Context().Done():
	}
	return r.Context().Err() == nil
}

func (p *phones) ring(body []byte) {
	var m struct{ Topic, Title string }
	_ = json.Unmarshal(body, &m) // the push server has refused what cannot be read
	_, title, _ := strings.Cut(m.Title, "] ")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rings[title] = append(p.rings[title], ring{time.Now(), m.Topic})
}

// rang returns every ring about the alert.
func (p *phones) rang(alert string) []ring {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]ring(nil), p.rings[alert]...)
}

// reached waits until done says so of how many messages came and were taken, or for the patience.
func (p *phones) reached(patience time.Duration, done func(asked, taken int) bool) {
	late := time.After(patience)
	for {
		p.mu.Lock()
		ok, changed := done(p.asked, p.taken), p.changed
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late:
			return
		}
	}
}
