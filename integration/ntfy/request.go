package ntfy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"frontline/oncall"
	"frontline/plain"
)

// message is ntfy's JSON.
type message struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title,omitempty"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
	Actions  []action `json:"actions,omitempty"`
	Sequence string   `json:"sequence_id,omitempty"`
}

// action is a button: "view" opens, "http" posts at once.
type action struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url"`
	Method string `json:"method,omitempty"`
	Clear  bool   `json:"clear,omitempty"` // the notification goes once the request has succeeded
}

// ntfy's priorities: 5 rings through "do not disturb", 3 is an ordinary notification.
const (
	wakes  = 5
	waits  = 3
	siren  = "rotating_light"
	notice = "bell"
)

// request is the body that publishes m, within ntfy's limits.
func request(topicName string, m oncall.Message) []byte {
	out := message{
		Topic:    topicName,
		Title:    plain.Cut(heading(m), maxTitle),
		Priority: waits,
		Tags:     []string{notice},
		Click:    m.Link,
		Actions:  actions(m.Buttons),
	}
	if m.Urgency == oncall.High {
		out.Priority, out.Tags = wakes, []string{siren}
	}
	if named(m.Attempt) {
		out.Sequence = m.Attempt
	}
	text := words(m)
	for limit := maxMessage; ; {
		out.Message = plain.Cut(text, limit)
		body := encode(out)
		over := len(body) - maxRequest
		if over <= 0 || out.Message == "" {
			return body
		}
		limit = len(out.Message) - min(over, len(out.Message)) // a byte of text is at least a byte of JSON, so this is enough
	}
}

// heading is the title with the page's short name, so that two messages about one matter look alike.
func heading(m oncall.Message) string {
	if m.Page == "" {
		return m.Title
	}
	return "[" + m.Page + "] " + m.Title
}

// words are the lines under the title. ntfy writes "triggered" where there are none, so then the title stands there again.
func words(m oncall.Message) string {
	var lines []string
	for _, l := range []string{m.Body, m.Began()} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return m.Title
	}
	return strings.Join(lines, "\n")
}

func actions(buttons []oncall.Button) []action {
	var out []action
	for _, b := range buttons {
		a := action{Action: "view", Label: plain.Cut(b.Label, maxLabel), URL: b.URL}
		if b.Post {
			a.Action, a.Method, a.Clear = "http", http.MethodPost, true
		}
		out = append(out, a)
	}
	return out
}

// encode leaves <, > and & as they are: escaped they would take six bytes each of the limit.
func encode(m message) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(m) // strings and numbers always encode
	return bytes.TrimSpace(out.Bytes())
}
