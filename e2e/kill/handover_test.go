package kill

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"frontline/e2e/neighbour"
)

// TestRestartRefusesNoSignal restarts the server under 200 signals a second, with a socket that is handed over: those that come meanwhile wait in
// the socket, and those whose connection was accepted are answered.
//
// A connection that is kept alive is another thing: the client may send a request on it in the moment in which the server gives it up, and HTTP/1.1
// leaves it to the client to send that once more. Go's transport does, when the request says that it may.
func TestRestartRefusesNoSignal(t *testing.T) {
	neighbour.Need(t)
	for name, client := range map[string]*http.Client{
		"a connection for each":  {Transport: &http.Transport{DisableKeepAlives: true}},
		"connections kept alive": {Transport: replayable{&http.Transport{MaxIdleConnsPerHost: 16}}},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer func() { _ = l.Close() }()
			socket, err := l.(*net.TCPListener).File()
			must(t, err)
			defer func() { _ = socket.Close() }()
			d := open(t, sqlite(t), "10m", "FRONTLINE_GRACE=2m")
			port := l.Addr().(*net.TCPAddr).Port
			r := d.ready(d.start(port, socket))

			client.Timeout = 5 * time.Minute
			defer client.CloseIdleConnections()
			ctx, end := context.WithCancel(t.Context())
			f := &fire{t: t, client: client, server: r.url}
			f.wg.Go(func() { f.keep(ctx) })
			defer f.wg.Wait()
			defer end()
			for range 3 {
				f.more(100) // half a second of signals between two restarts
				r.Stop(syscall.SIGTERM, 3*time.Minute)
				r = d.ready(d.start(port, socket))
			}
			f.more(100)
			end()
			f.wg.Wait()
			if f.refused.Load() > 0 {
				t.Errorf("%d signals were refused", f.refused.Load())
			}
			t.Logf("%d signals were taken over 3 restarts, %d refused", f.taken.Load(), f.refused.Load())
		})
	}
}

// replayable says of every request that it may be sent once more. Signals may: what was taken twice is folded.
type replayable struct{ *http.Transport }

func (r replayable) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Idempotency-Key", rand.Text())
	return r.Transport.RoundTrip(req)
}

// fire sends 200 signals a second, each once.
type fire struct {
	t              *testing.T
	client         *http.Client
	server         string
	taken, refused atomic.Int64
	wg             sync.WaitGroup
}

// more waits until n more signals were taken.
func (f *fire) more(n int64) {
	f.t.Helper()
	late := time.Now().Add(3 * time.Minute)
	for until := f.taken.Load() + n; f.taken.Load() < until; time.Sleep(10 * time.Millisecond) {
		if f.refused.Load() > 0 || time.Now().After(late) {
			f.t.Fatalf("%d signals were taken and %d refused", f.taken.Load(), f.refused.Load())
		}
	}
}

// keep sends until ctx ends. It holds back while very many wait, on a machine on which the server takes long to start.
func (f *fire) keep(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	waiting := make(chan struct{}, 2000)
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		waiting <- struct{}{}
		f.wg.Go(func() {
			defer func() { <-waiting }()
			if err := post(context.WithoutCancel(ctx), f.client, f.server, webhook("firing", fmt.Sprintf("Decisions stopped %d", n%20))); err != nil {
				f.refused.Add(1)
				f.t.Logf("refused: %v", err)
				return
			}
			f.taken.Add(1)
		})
	}
}
