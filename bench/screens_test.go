package bench

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"frontline/e2e/verity"
)

// BenchmarkScreens fills a SQLite database with 10,000 alerts in 2,000 groups and 1,000 incidents, as a year leaves them, and reports for each screen
// the time to its first byte and its size.
func BenchmarkScreens(b *testing.B) {
	d := verity.Open(b, verity.Options{Real: true})
	client := signIn(b, d)
	fill(b, d, client)
	for _, path := range []string{
		"/alerts", "/alerts?view=resolved", "/alerts?view=all", "/alerts/G-1007", "/alerts/G-7",
		"/oncall", "/sources", "/actions", "/actions/queue/look",
		"/incidents", "/incidents?view=open", "/incidents?view=resolved", "/incidents/new",
		"/incidents/INC-990", "/incidents/INC-990/timeline", "/incidents/INC-990/impact", "/incidents/INC-990/resolve",
		"/postmortems", "/incidents/INC-500/postmortem", "/incidents/INC-500/postmortem/edit",
		"/journal", "/system", "/people", "/me", "/me/tokens", "/status", "/",
	} {
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

// fill sends 10,000 alerts, five to a group, and opens an incident for each of the groups up to 1,000. All but the last hundred groups and the last
// forty incidents are resolved again.
func fill(b *testing.B, d *verity.Desk, client *http.Client) {
	send := func(status string, most int) {
		load{rate: 1 << 20, senders: 16, lasts: time.Hour, most: most}.run(func(client *http.Client, n int) error {
			text := body(fmt.Sprintf("Stuck%04d", n/5), fmt.Sprintf("%016x", n))
			return post(client, d.URL, strings.ReplaceAll(text, `"status":"firing"`, `"status":"`+status+`"`))
		}, b)
	}
	send("firing", 10000)
	for n := 1; n <= 1000; n++ {
		press(b, client, fmt.Sprintf("%s/alerts/G-%d/incident", d.URL, n))
	}
	send("resolved", 9500)
	for n := 1; n <= 960; n++ {
		press(b, client, fmt.Sprintf("%s/incidents/INC-%d/resolve", d.URL, n))
	}
}

// press presses a button and follows where it leads.
func press(b *testing.B, client *http.Client, address string) {
	b.Helper()
	res, err := client.PostForm(address, nil)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK || res.Request.Method != http.MethodGet {
		b.Fatalf("%s: %s %v", address, res.Status, err)
	}
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
