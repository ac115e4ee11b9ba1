package app

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// lobby knows the connections on which no request is being served: those just accepted, and those kept alive between two requests. net/http
// forgets them when it shuts down: what it reads on them from then on is dropped without an answer. So they are waited for before.
type lobby struct {
	fresh time.Duration // how long a new connection may take to send its request
	idle  time.Duration // how long one that was used before may still bring another, once the server stops

	closing atomic.Bool
	mu      sync.Mutex
	waiting map[net.Conn]guest
}

// guest is a connection that waits for its client.
type guest struct {
	fresh bool
	since time.Time
}

func newLobby() *lobby {
	// As long as net/http itself waits for a new connection; and long enough for a sender that sends several requests a second.
	return &lobby{fresh: 5 * time.Second, idle: 250 * time.Millisecond, waiting: map[net.Conn]guest{}}
}

// watch is the server's ConnState. A connection is not gone from the lobby when its request was read (http.StateActive) but when it is served.
func (l *lobby) watch(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew, http.StateIdle:
		l.waiting[c] = guest{state == http.StateNew, time.Now()}
	case http.StateClosed, http.StateHijacked:
		delete(l.waiting, c)
	}
}

// connKey is where a request's context has its connection.
type connKey struct{}

// remember is the server's ConnContext.
func (*lobby) remember(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// serve takes the connection of each request out of the lobby. Once the server stops, each answer ends its connection, and the client opens
// the next one to whoever has the socket then.
func (l *lobby) serve(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			l.mu.Lock()
			delete(l.waiting, c)
			l.mu.Unlock()
		}
		if l.closing.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// empty waits until no request is to be expected on the connections that are open, or ctx ends.
func (l *lobby) empty(ctx context.Context) {
	began := time.Now()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for l.expecting(began) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// expecting says whether a connection in the lobby still has time to bring a request to a server that stops since began.
func (l *lobby) expecting(began time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, g := range l.waiting {
		until := g.since.Add(l.fresh)
		if !g.fresh {
			until = began.Add(l.idle)
			if g.since.After(began) {
				until = g.since.Add(l.idle)
			}
		}
		if now.Before(until) {
			return true
		}
	}
	return false
}
