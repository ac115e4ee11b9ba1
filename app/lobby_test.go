package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// stand is a server that answers every request, and is to be stopped.
type stand struct {
	t *testing.T
	server
	failed chan error
}

func newStand(t *testing.T, fresh, idle time.Duration, h http.HandlerFunc) *stand {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t, newServer(l, h), make(chan error, 1)}
	s.lobby.fresh, s.lobby.idle = fresh, idle
	go func() { s.failed <- s.serve() }()
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// visitor is one connection of a client.
type visitor struct {
	net.Conn
	answers *bufio.Reader
}

// visit connects and waits until the connection is accepted: no request has been sent on it.
func (s *stand) visit() visitor {
	s.t.Helper()
	s.lobby.mu.Lock()
	before := len(s.lobby.waiting)
	s.lobby.mu.Unlock()
	c, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	s.waiting(before + 1)
	return visitor{c, bufio.NewReader(c)}
}

// waiting waits until so many connections wait for their client.
func (s *stand) waiting(n int) {
	s.t.Helper()
	for range 30_000 {
		s.lobby.mu.Lock()
		has := len(s.lobby.waiting)
		s.lobby.mu.Unlock()
		if has == n {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	s.t.Fatalf("not %d connections wait for their client", n)
}

// ask sends a request and reads its answer. Last says that the server ends the connection with it.
func (v visitor) ask() (last bool, err error) {
	if _, err := fmt.Fprint(v, "GET / HTTP/1.1\r\nHost: frontline\r\n\r\n"); err != nil {
		return false, err
	}
	res, err := http.ReadResponse(v.answers, nil)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		return false, fmt.Errorf("the server answers %s", res.Status)
	}
	return res.Close, nil
}

// drained begins to stop the server, and returns once it accepts no more connections.
func (s *stand) drained() <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- s.drain(context.Background()) }()
	<-s.ended
	return ended
}

func nothing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// A request that comes while the server stops is answered, on a connection that never brought one and on one that did before.
func TestStoppingServerAnswersWhomItAccepted(t *testing.T) {
	s := newStand(t, time.Hour, time.Hour, nothing)
	used := s.visit()
	if last, err := used.ask(); err != nil || last {
		t.Fatalf("the first answer is the last: %v, %v", last, err)
	}
	s.waiting(1)
	fresh := s.visit()
	ended := s.drained()
	for name, v := range map[string]visitor{"new": fresh, "kept alive": used} {
		if last, err := v.ask(); err != nil || !last {
			t.Errorf("a request on a connection that is %s: the answer is the last: %v, %v", name, last, err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("the server stops with %v", err)
	}
	if err := <-s.failed; err != nil {
		t.Errorf("serve = %v", err)
	}
}

// A request that is being served when the server stops is waited for; a connection that stays silent is not, nor is one that was closed.
func TestStoppingServerWaitsForNobodySilent(t *testing.T) {
	begun, answer := make(chan struct{}), make(chan struct{})
	s := newStand(t, time.Nanosecond, time.Nanosecond, func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-answer
		nothing(w, r)
	})
	silent, gone, slow := s.visit(), s.visit(), s.visit()
	_ = gone.Close()
	s.waiting(2)
	asked := make(chan error, 1)
	go func() { _, err := slow.ask(); asked <- err }()
	<-begun
	ended := s.drained()
	close(answer)
	if err := <-asked; err != nil {
		t.Errorf("the request that was being served: %v", err)
	}
	if err := silent.Close(); err != nil { // net/http itself gives a new connection five seconds
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server stops with %v", err)
	}
}

// When the grace is over the server ends, whoever still waits.
func TestGraceEnds(t *testing.T) {
	s := newStand(t, time.Hour, time.Hour, nothing)
	v := s.visit()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.drain(ctx); err != nil {
		t.Errorf("drain = %v", err)
	}
	if _, err := v.answers.ReadByte(); err != io.EOF {
		t.Errorf("the silent connection ends with %v, want EOF", err)
	}
}
