// Package bench measures what Frontline promises to be fast at, on the machine it runs on: signals a second, time to the provider, first byte
// of each screen. It reports; it never fails on a slow machine.
package bench

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/e2e/neighbour"
	"frontline/e2e/verity"
)

func TestMain(m *testing.M) {
	neighbour.Main(m)
}

// databases force every commit to the disk, as in earnest.
func databases(b *testing.B) map[string]func() string {
	return map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + b.TempDir() + "/frontline.db" },
		"postgres": func() string { return neighbour.OwnPostgres(b).Database(b) },
	}
}

// BenchmarkSignals sends one-signal webhooks from 64 connections at a steady rate, each a new alert in one of 50 groups, and reports how many were committed
// a second and how long the sender waited.
func BenchmarkSignals(b *testing.B) {
	for name, address := range databases(b) {
		for _, rate := range []int{2000, 1 << 20} {
			label := fmt.Sprintf("%s/rate=%d", name, rate)
			if rate > 10000 {
				label = name + "/rate=unlimited"
			}
			b.Run(label, func(b *testing.B) {
				d := verity.Open(b, verity.Options{Database: address(), Real: true})
				signals(b, d, 50, rate, 10*time.Second)
			})
		}
	}
}

func signals(b *testing.B, d *verity.Desk, groups, rate int, lasts time.Duration) {
	send := func(first int) func(*http.Client, int) error {
		return func(client *http.Client, n int) error {
			return post(client, d.URL, body(fmt.Sprintf("Stuck%d", n%groups), fmt.Sprintf("%016x", first+n)))
		}
	}
	// What is measured is what a server sustains: a second before it opens the connections and plans the statements.
	load{rate: min(rate, 2000), senders: 64, lasts: time.Second}.run(send(1<<40), b)
	took := load{rate: rate, senders: 64, lasts: lasts}.run(send(0), b)
	report(b, took, lasts)
}

// load calls one function at a rate from many senders.
type load struct {
	rate, senders int
	lasts         time.Duration
	most          int // calls at most; 0 for no limit
}

func (l load) run(call func(*http.Client, int) error, b *testing.B) []time.Duration {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.senders}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var all []time.Duration
	var next int
	began := time.Now()
	take := func() (int, time.Time, bool) {
		mu.Lock()
		defer mu.Unlock()
		n := next
		next++
		if l.most > 0 && n >= l.most {
			return n, began, false
		}
		due := began.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
		return n, due, due.Sub(began) < l.lasts && time.Since(began) < l.lasts
	}
	var wg sync.WaitGroup
	for range l.senders {
		wg.Go(func() {
			for {
				n, due, more := take()
				if !more {
					return
				}
				time.Sleep(time.Until(due)) // the load's own pace; nothing waits for it to assert
				if l.rate > 10000 {
					due = time.Now()
				}
				if err := call(client, n); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				all = append(all, time.Since(due))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all
}

func report(b *testing.B, took []time.Duration, lasts time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/lasts.Seconds(), "per_s")
	for _, q := range []float64{0.5, 0.99, 0.999} {
		b.ReportMetric(float64(took[int(q*float64(len(took)-1))].Microseconds())/1000, fmt.Sprintf("p%g_ms", q*100))
	}
	b.ReportMetric(0, "ns/op")
}

func post(client *http.Client, url, body string) error {
	res, err := client.Post(url+"/in/alertmanager/"+verity.Token, "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body) // or the connection is not used again
	if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("refused: %s", res.Status)
	}
	return err
}

func body(group, fingerprint string) string {
	return fmt.Sprintf(`{"receiver":"frontline","status":"firing","version":"4","groupKey":%q,"truncatedAlerts":0,"alerts":[{"status":"firing",
"labels":{"alertname":%q,"service":"decision-pipeline","severity":"critical","pod":"worker-%s"},"annotations":{"summary":"Decisions have stopped"},
"startsAt":"2026-11-24T00:41:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":%q}]}`, group, group, fingerprint, fingerprint)
}
