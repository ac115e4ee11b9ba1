package counts

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"frontline/catalog"
	"frontline/clock"
	"frontline/e2e/database"
	"frontline/e2e/neighbour"
	"frontline/fault"
	"frontline/integration/prometheus"
	"frontline/people"
	"frontline/secret"
	"frontline/store"
	"frontline/watch"
)

// pipeline is a program whose counters grow by a little each time it is scraped, while it works.
type pipeline struct {
	mu           sync.Mutex
	works        bool
	good, failed int
	scraped      int
}

func (p *pipeline) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scraped++
	if p.works {
		p.good, p.failed = p.good+7, p.failed+p.scraped%3
	}
	_, _ = fmt.Fprintf(w, "# TYPE decisions_total counter\ndecisions_total{outcome=\"ok\",customer=\"nordpank\"} %d\ndecisions_total{outcome=\"error\",customer=\"nordpank\"} %d\n", p.good, p.failed)
}

// work lets the program work or rest, and returns its counters.
func (p *pipeline) work(works bool) (good, failed, scraped int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.works = works
	return p.good, p.failed, p.scraped
}

// frontline is the door and its database, which can be restarted.
type frontline struct {
	t    *testing.T
	path string
	mu   sync.RWMutex
	db   *store.DB // nil while it is down
	lost atomic.Int64
}

func (f *frontline) start() {
	f.t.Helper()
	db, err := store.Open(f.t.Context(), f.path, store.Options{Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.db = db
}

func (f *frontline) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.db != nil {
		if err := f.db.Close(); err != nil {
			f.t.Error(err)
		}
		f.db = nil
	}
}

// ServeHTTP answers as a proxy would while Frontline is down. Each fifth delivery is taken, and its answer lost on the way.
func (f *frontline) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.db == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	door := &prometheus.Door{Tokens: f, Counts: f.db, Book: func(context.Context) (watch.Directory, error) { return f, nil }, Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)}
	if f.lost.Add(1)%5 != 0 {
		door.ServeHTTP(w, r)
		return
	}
	door.ServeHTTP(httptest.NewRecorder(), r)
	w.WriteHeader(http.StatusGatewayTimeout)
}

// ActorByToken implements prometheus.Tokens.
func (f *frontline) ActorByToken(_ context.Context, token secret.Text) (people.Actor, error) {
	if !token.Equal("fl_wanjiru") {
		return people.Actor{}, fault.New(fault.Unauthenticated, "This API token is unknown.")
	}
	return people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: people.Support, Via: "api"}, nil
}

func (f *frontline) Watches() []watch.Definition {
	return []watch.Definition{{ID: "decisions", Service: "decision-pipeline", Labels: []string{"customer", "outcome"},
		Source: watch.Feed{RemoteWrite: &watch.Written{Errors: `decisions_total{outcome="error"}`, Total: `decisions_total{customer=~".+"}`}}}}
}
func (f *frontline) Watch(string) (watch.Definition, bool)     { return f.Watches()[0], true }
func (f *frontline) Service(id string) (catalog.Service, bool) { return catalog.Service{ID: id}, true }
func (f *frontline) Customers() []catalog.Customer             { return nil }

// counted is everything that was counted so far, and whether a reading was followed by another.
func (f *frontline) counted() (errors, requests float64, begun bool) {
	f.t.Helper()
	f.mu.RLock()
	defer f.mu.RUnlock()
	buckets, err := f.db.WatchCounts(f.t.Context(), "decisions", 0, ^uint32(0))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, b := range buckets {
		x, n := watch.Sum(b.Leaves)
		errors, requests = errors+x, requests+n
	}
	return errors, requests, len(buckets) > 0
}

func (f *frontline) until(what string, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(90 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			x, n, _ := f.counted()
			f.t.Fatalf("%s does not happen; %g of %g are counted", what, x, n)
		}
	}
}

// TestPrometheusWrites: a genuine Prometheus writes to us, answers get lost, Frontline is restarted, and so is Prometheus. What the counters grew is counted, no more and no less.
func TestPrometheusWrites(t *testing.T) {
	f := &frontline{t: t, path: database.SQLite(t)}
	f.start()
	t.Cleanup(f.stop)
	door, program := httptest.NewServer(f), &pipeline{good: 1000, failed: 20}
	t.Cleanup(door.Close)
	exporter := httptest.NewServer(program)
	t.Cleanup(exporter.Close)
	p := neighbour.Prometheus(t, fmt.Sprintf(`
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs: [{job_name: decisions, static_configs: [{targets: [%q]}]}]
remote_write:
- url: %s%s
  authorization: {credentials: fl_wanjiru}
  queue_config: {batch_send_deadline: 300ms, min_backoff: 30ms, max_backoff: 300ms}
`, strings.TrimPrefix(exporter.URL, "http://"), door.URL, prometheus.Path))
	grow := func() {
		_, _, from := program.work(true)
		f.until("scraping", func() bool { _, _, n := program.work(true); return n >= from+10 })
	}
	settled := func(what string) {
		good, failed, _ := program.work(false)
		f.until(what, func() bool {
			x, n, _ := f.counted()
			return x == float64(failed-20) && n == float64(good-1000+failed-20)
		})
	}
	f.until("the first readings", func() bool { _, _, begun := f.counted(); return begun })
	grow()
	settled("counting")
	f.stop()
	grow()
	f.start()
	settled("counting what came while Frontline was down")
	grow()
	p.Stop()
	p.Start()
	grow()
	settled("counting across a restart of Prometheus")
	if x, n, _ := f.counted(); x < 5 || n < 200 {
		t.Errorf("%g of %g", x, n)
	}
}
