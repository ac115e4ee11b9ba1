package bench

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"slices"
	"testing"
	"time"

	"frontline/e2e/verity"
)

// BenchmarkScreens fills a SQLite database with 10,000 alerts in 2,000 groups and 1,000 incidents, and reports for each screen the time to its first
// byte and its size.
func BenchmarkScreens(b *testing.B) {
	d := verity.Open(b, verity.Options{Real: true})
	fill(b, d)
	client := signIn(b, d)
	for n := 1; n <= 1000; n++ {
		if _, _, err := send(client, d.URL, fmt.Sprintf("/alerts/G-%d/incident", n)); err != nil {
			b.Fatal(err)
		}
	}
	for _, path := range []string{"/", "/alerts", "/alerts?view=resolved", "/alerts?view=all", "/alerts/G-7", "/oncall", "/actions", "/incidents", "/incidents/INC-500", "/postmortems", "/journal", "/people", "/status"} {
		b.Run(path, func(b *testing.B) { screen(b, client, d.URL+path) })
	}
}

func screen(b *testing.B, client *http.Client, address string) {
	var first []time.Duration
	var size int
	for range 30 {
		took, n, err := open(client, address)
		if err != nil {
			b.Fatal(err)
		}
		first, size = append(first, took), n
	}
	slices.Sort(first)
	b.ReportMetric(float64(first[len(first)/2].Microseconds())/1000, "p50_ms")
	b.ReportMetric(float64(first[len(first)-1].Microseconds())/1000, "max_ms")
	b.ReportMetric(float64(size)/1024, "KB")
	b.ReportMetric(0, "ns/op")
}

// open fetches a screen and returns how long its first byte took, and its size.
func open(client *http.Client, address string) (time.Duration, int, error) {
	began := time.Now()
	var first time.Duration
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, 0, err
	}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotFirstResponseByte: func() { first = time.Since(began) }}))
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, res.Status)
	}
	return first, len(text), err
}

// fill sends 10,000 alerts, five to a group; the groups from 1,001 on are resolved again.
func fill(b *testing.B, d *verity.Desk) {
	load{rate: 1 << 20, senders: 16, lasts: time.Hour, most: 10000}.run(func(client *http.Client, n int) error {
		return post(client, d.URL, body(fmt.Sprintf("Stuck%04d", n/5), fmt.Sprintf("%016x", n)))
	}, b)
}

func signIn(b *testing.B, d *verity.Desk) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	link, _, err := d.App.SetUpLink(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	res, err := client.PostForm(link, url.Values{"name": {"Marika Oja"}, "email": {"marika@verity.example"}, "password": {"correct horse battery staple"}})
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("set-up: %v %v", res, err)
	}
	return client
}

func send(client *http.Client, base, path string) (int, string, error) {
	res, err := client.PostForm(base+path, nil)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 400 && res.Request.URL.Path == path {
		return 0, "", fmt.Errorf("%s: %s", path, res.Status)
	}
	return res.StatusCode, res.Request.URL.Path, nil
}
