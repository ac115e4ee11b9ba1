package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/e2e/verity"
)

// BenchmarkHandOff sends 200 new alerts a second, each its own page, and reports how long it took from the signal until the push server had the
// message.
func BenchmarkHandOff(b *testing.B) {
	for name, address := range databases(b) {
		b.Run(name, func(b *testing.B) {
			p := newPush()
			server := httptest.NewServer(p)
			defer server.Close()
			d := verity.Open(b, verity.Options{Database: address(), Real: true, PushURL: server.URL})
			const rate, lasts = 200, 10 * time.Second
			sent := load{rate: rate, senders: 32, lasts: lasts}.run(func(client *http.Client, n int) error {
				alert := fmt.Sprintf("Stuck%06d", n)
				p.sent(alert)
				return post(client, d.URL, strings.Replace(body(alert, fmt.Sprintf("%016x", n)), "Decisions have stopped", alert+" has stopped", 1))
			}, b)
			took := p.wait(b, len(sent)) // a machine that is too slow for the rate sends fewer
			report(b, took, lasts)
		})
	}
}

// push is an ntfy server that only remembers when it got what.
type push struct {
	mu    sync.Mutex
	begun map[string]time.Time
	took  []time.Duration
	more  chan struct{}
}

func newPush() *push { return &push{begun: map[string]time.Time{}, more: make(chan struct{}, 1)} }

func (p *push) sent(alert string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun[alert] = time.Now()
}

func (p *push) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct{ Title string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.got(m.Title)
	_, _ = fmt.Fprintf(w, `{"id":"m%d","event":"message","topic":"x"}`, time.Now().UnixNano())
}

func (p *push) got(title string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, word := range strings.Fields(title) {
		if at, ok := p.begun[word]; ok {
			p.took = append(p.took, time.Since(at))
			delete(p.begun, word)
		}
	}
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// wait returns how long each took once all have come, or what came within a minute.
func (p *push) wait(b *testing.B, n int) []time.Duration {
	deadline := time.After(time.Minute)
	for {
		p.mu.Lock()
		took := p.took
		p.mu.Unlock()
		if len(took) >= n {
			return took
		}
		select {
		case <-p.more:
		case <-deadline:
			b.Errorf("%d of %d pages came", len(took), n)
			return took
		}
	}
}
