package kill

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"frontline/e2e/neighbour"
)

// A restart under 200 signals a second with a socket that is handed over fails no POST: those that come meanwhile wait in the socket.
func TestRestartRefusesNoSignal(t *testing.T) {
	neighbour.Need(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = l.Close() }()
	socket, err := l.(*net.TCPListener).File()
	must(t, err)
	defer func() { _ = socket.Close() }()
	d := open(t, sqlite(t), "10m")
	port := l.Addr().(*net.TCPAddr).Port
	r := d.ready(d.start(port, socket))

	ctx, end := context.WithCancel(t.Context())
	var sent, failed atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() { signalsAt(ctx, t, r.url, &sent, &failed, &wg) })
	for range 3 {
		more := sent.Load() + 100 // half a second of signals between two restarts
		for sent.Load() < more {
			time.Sleep(10 * time.Millisecond)
		}
		r.stop()
		r = d.ready(d.start(port, socket))
	}
	end()
	wg.Wait()
	r.stop()
	t.Logf("%d signals over 3 restarts, %d refused", sent.Load(), failed.Load())
	if failed.Load() > 0 {
		t.Errorf("%d of %d signals were refused", failed.Load(), sent.Load())
	}
}

// signalsAt sends 200 signals a second, each once and on a connection of its own, until ctx ends.
func signalsAt(ctx context.Context, t *testing.T, server string, sent, failed *atomic.Int64, wg *sync.WaitGroup) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		wg.Go(func() {
			if err := post(context.WithoutCancel(ctx), client, server, webhook("firing", fmt.Sprintf("handed-%d", n%20))); err != nil {
				failed.Add(1)
				t.Logf("refused: %v", err)
			}
			sent.Add(1)
		})
	}
}
