package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"frontline/fault"
)

// listener takes over a socket that was handed to the process (systemd's LISTEN_FDS: the first is the main one, the second the status
// page's), so that a restart refuses no signal; otherwise it opens its own.
func listener(ctx context.Context, flag, address string, n int, getenv func(string) string) (net.Listener, error) {
	if l, ok, err := handedOver(n, getenv); ok || err != nil {
		return l, err
	}
	var cfg net.ListenConfig
	l, err := cfg.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "--%s is %q, which cannot be opened: %v. Choose another port or stop what uses it.", flag, address, cause(err))
	}
	return l, nil
}

func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// handedOver follows sd_listen_fds(3): LISTEN_FDS says how many sockets were handed over from number 3 on, LISTEN_PID for whom.
func handedOver(n int, getenv func(string) string) (net.Listener, bool, error) {
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || n >= count {
		return nil, false, nil
	}
	if pid := getenv("LISTEN_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return nil, false, nil
	}
	f := os.NewFile(uintptr(3+n), fmt.Sprintf("socket %d", n))
	l, err := net.FileListener(f)
	if err != nil {
		return nil, false, fault.Wrap(err, fault.Invalid, "LISTEN_FDS says that socket %d was handed over, but it is none. Check the socket unit.", 3+n)
	}
	return l, true, f.Close()
}

// openSockets takes the sockets, so that a wrong address is told before anything else happens. Signals that come from now on wait in them.
func (a *App) openSockets(ctx context.Context) (err error) {
	if a.listener, err = listener(ctx, "listen", a.settings.Listen, 0, a.getenv); err != nil {
		return err
	}
	if a.statusListener, err = a.statusSocket(ctx); err != nil {
		return err
	}
	if a.settings.URL == "" { // the port may have been chosen just now
		if a.settings.base, err = readURL("url", localURL(a.listener.Addr().String())); err != nil {
			return err
		}
	}
	if a.settings.StatusURL == "" {
		a.settings.status = a.settings.base.JoinPath("status")
		if a.statusListener != nil {
			a.settings.status, err = readURL("status-url", localURL(a.statusListener.Addr().String()))
		}
	}
	return err
}

// statusSocket returns the status page's own socket; nil when it was neither asked for nor handed over.
func (a *App) statusSocket(ctx context.Context) (net.Listener, error) {
	if a.settings.StatusListen != "" {
		return listener(ctx, "status-listen", a.settings.StatusListen, 1, a.getenv)
	}
	l, ok, err := handedOver(1, a.getenv)
	if !ok {
		return nil, err
	}
	return l, err
}

// server is one HTTP server on one listener.
type server struct {
	*http.Server
	listener net.Listener
	lobby    *lobby
	ended    chan struct{} // closed when no more connections are accepted
}

func newServer(l net.Listener, h http.Handler) server {
	y := newLobby()
	return server{&http.Server{
		Handler: y.serve(h), ConnState: y.watch, ConnContext: y.remember,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}, l, y, make(chan struct{})}
}

// serve answers until the server is drained; that is no error.
func (s server) serve() error {
	defer close(s.ended)
	err := s.Serve(s.listener)
	if s.lobby.closing.Load() || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// drain refuses nobody whose connection was accepted: first no more are accepted, which leaves them to the socket and to who takes it over; then
// the requests that may still come on the open ones are waited for; then those that are being served.
func (s server) drain(ctx context.Context) error {
	s.lobby.closing.Store(true)
	_ = s.listener.Close()
	<-s.ended
	s.lobby.empty(ctx)
	err := s.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return s.Close()
	}
	return err
}

// Run serves until ctx ends. Then it stops taking connections, lets open requests and sends finish within the grace time, and closes the database.
// What is not finished by then is in the database and goes on at the next start.
func (a *App) Run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var wg sync.WaitGroup
	for _, loop := range a.loops {
		wg.Go(func() { loop(work) })
	}
	failed := make(chan error, len(a.servers))
	for _, s := range a.servers {
		wg.Go(func() {
			if err := s.serve(); err != nil {
				failed <- err
			}
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.log.Info("stopping", "grace", a.settings.Grace)
	a.stopping.Store(true)
	err = errors.Join(err, a.drain(context.WithoutCancel(ctx)))
	stopWork()
	wg.Wait()
	return errors.Join(err, a.release())
}

// release gives up what is held beside the sockets.
func (a *App) release() error {
	for _, f := range a.closers {
		f()
	}
	return a.db.Close()
}

// drain lets open requests finish.
func (a *App) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.settings.Grace)
	defer cancel()
	errs := make([]error, len(a.servers))
	var wg sync.WaitGroup
	for i, s := range a.servers {
		wg.Go(func() { errs[i] = s.drain(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Close gives up what New opened, when Run is never called.
func (a *App) Close() error {
	var errs []error
	for _, l := range []net.Listener{a.listener, a.statusListener} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(append(errs, a.release())...)
}
