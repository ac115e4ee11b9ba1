// Package uptimekuma takes in what Uptime Kuma's webhook sends when a monitor goes down or comes back.
package uptimekuma

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"frontline/alert"
	"frontline/door"
	"frontline/fault"
	"frontline/secret"
)

// Path is where the door is mounted. The token names the source.
const Path = "/in/uptimekuma/{token}"

// Handler is the door: POST at Path, answered with 200 once the signal is committed.
func Handler(accept door.Accept, log *slog.Logger) http.Handler {
	return door.Door{Kind: "uptimekuma", Limit: 1 << 20, Read: read}.Handler(accept, log)
}

func read(r *http.Request, body []byte) (door.Delivery, error) {
	b, err := Parse(body)
	return door.Delivery{Token: secret.New(r.PathValue("token")), Batch: b}, err
}

// notification is the part of the webhook that is read.
type notification struct {
	Heartbeat struct {
		Status *int   `json:"status"` // 0 is down, 1 is up
		Time   string `json:"time"`   // UTC
		Msg    string `json:"msg"`
	} `json:"heartbeat"`
	Monitor struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"monitor"`
}

// Parse reads a webhook's body. A monitor is an alert; its key is the monitor's id.
func Parse(body []byte) (alert.Batch, error) {
	var n notification
	if err := json.Unmarshal(body, &n); err != nil {
		return alert.Batch{}, fault.Wrong("body", "The body is not Uptime Kuma's webhook. Choose application/json as its request body.")
	}
	if n.Monitor.ID == 0 {
		return alert.Batch{}, fault.Wrong("monitor.id", "monitor.id is missing, so nobody can tell which monitor it is. Send the webhook as it is.")
	}
	at, _ := time.Parse(time.DateTime, n.Heartbeat.Time) // an odd time is no reason to refuse: it counts as not said
	s := alert.Signal{
		Key:      fmt.Sprintf("monitor-%d", n.Monitor.ID),
		Severity: alert.Critical,
		Title:    fmt.Sprintf("%s is down", n.Monitor.Name),
		Text:     n.Heartbeat.Msg,
		Labels:   map[string]string{"monitor": n.Monitor.Name},
		Links:    []alert.Link{{Title: "What is watched", URL: n.Monitor.URL}},
		Host:     n.Monitor.Name,
	}
	switch status := n.Heartbeat.Status; {
	case status != nil && *status == 0:
		s.Status, s.StartedAt = alert.Firing, at
	case status != nil && *status == 1:
		s.Status, s.EndedAt = alert.Resolved, at
	default:
		return alert.Batch{}, fault.Wrong("heartbeat.status", "heartbeat.status is neither 0 (down) nor 1 (up). Send the webhook as it is.")
	}
	return alert.Batch{Signals: []alert.Signal{s}, Raw: body}.Tidy(), nil
}
