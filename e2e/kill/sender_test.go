package kill

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"frontline/e2e/verity"
)

// sender sends alerts as Alertmanager does: each again until somebody took it.
type sender struct {
	client *http.Client
	began  atomic.Int64 // POSTs that were begun

	mu      sync.Mutex
	took    map[string]bool // alerts that were answered with 2xx
	changed chan struct{}   // closed and replaced whenever one is
}

func newSender() *sender {
	return &sender{client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, took: map[string]bool{}, changed: make(chan struct{})}
}

// again is how soon a refused alert is sent again.
const again = 50 * time.Millisecond

// send sends the alert to one server after the other until one takes it.
func (s *sender) send(ctx context.Context, alert string, servers ...string) {
	for n := 0; ctx.Err() == nil; n++ {
		s.began.Add(1)
		if post(ctx, s.client, servers[n%len(servers)], webhook("firing", alert)) == nil {
			s.mu.Lock()
			s.took[alert] = true
			close(s.changed)
			s.changed = make(chan struct{})
			s.mu.Unlock()
			return
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
		}
	}
}

// answered says whether the alert was taken.
func (s *sender) answered(alert string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took[alert]
}

// reached waits until so many alerts were answered in all, or for the patience.
func (s *sender) reached(patience time.Duration, answers int) {
	late := time.After(patience)
	for {
		s.mu.Lock()
		n, changed := len(s.took), s.changed
		s.mu.Unlock()
		if n >= answers {
			return
		}
		select {
		case <-changed:
		case <-late:
			return
		}
	}
}

func post(ctx context.Context, client *http.Client, server, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/in/alertmanager/"+verity.Token, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", res.Status, said)
	}
	return err
}

// webhook is Alertmanager's message about alerts, each of which is a group of its own when it is sent alone.
func webhook(status string, alerts ...string) string {
	var list []string
	for _, a := range alerts {
		h := fnv.New64a()
		_, _ = h.Write([]byte(a))
		list = append(list, fmt.Sprintf(`{"status":%q,"labels":{"alertname":%q,"service":"decision-pipeline","severity":"critical"},"annotations":{"summary":%q},
"startsAt":"2026-11-24T00:41:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus.verity.example/graph","fingerprint":"%016x"}`, status, a, a, h.Sum64()))
	}
	return fmt.Sprintf(`{"receiver":"frontline","status":%q,"version":"4","groupKey":%q,"truncatedAlerts":0,"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"alerts":[%s]}`,
		status, alerts[0], strings.Join(list, ","))
}
