package gotify

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"

	"frontline/oncall/channeltest"
)

const token = "AQ7v3mK9x2Pw8c1"

// provider plays a Gotify server in every mood.
type provider struct {
	mu    sync.Mutex
	mood  channeltest.Mood
	taken []channeltest.Taken
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	status := map[channeltest.Mood]int{channeltest.Limits: 429, channeltest.Fails: 500, channeltest.Refuses: 403, channeltest.Locks: 401}[p.mood]
	switch {
	case status != 0:
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":"told","errorDescription":%q}`, r.Header.Get("X-Gotify-Key")+string(body))
	case p.mood == channeltest.Hangs:
		<-r.Context().Done()
	case r.Header.Get("X-Gotify-Key") != token || r.URL.Path != "/message" || r.URL.RawQuery != "":
		w.WriteHeader(http.StatusUnauthorized)
	default:
		var m struct{ Title, Message string }
		if err := json.Unmarshal(body, &m); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p.taken = append(p.taken, channeltest.Taken{Title: m.Title, Body: m.Message, Links: regexp.MustCompile(`https://\S+`).FindAllString(m.Message, -1)})
		fmt.Fprintf(w, `{"id":%d,"appid":1}`, len(p.taken))
	}
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Setup {
		p := &provider{}
		server := httptest.NewServer(p)
		t.Cleanup(server.Close)
		return channeltest.Setup{
			Channel: New(),
			Address: server.URL + "/message?token=" + token,
			Wrong:   []string{"https://push.verity.example", "https://push.verity.example/message", "push.verity.example/message?token=x"},
			Secrets: []string{token},
			Behave: func(m channeltest.Mood) {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.mood = m
			},
			Taken: func() []channeltest.Taken {
				p.mu.Lock()
				defer p.mu.Unlock()
				return slices.Clone(p.taken)
			},
			Close:  server.Close,
			Locked: true,
		}
	})
}
