package neighbour

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Device is a phone with the ntfy app, subscribed to one topic. Its screen holds the notifications in the order in which they
// came.
type Device struct {
	Topic    string
	Server   *PushServer
	Patience time.Duration // how long Expect waits; 60 s unless changed

	t      testing.TB
	screen []*Notification // under the server's lock, as is the rest
	quiet  bool
}

// Notification is one message as the phone shows it. Its JSON is what ntfy answers to the sender.
type Notification struct {
	ID       string   `json:"id"`
	Time     int64    `json:"time"`
	Event    string   `json:"event"`
	Topic    string   `json:"topic"`
	Title    string   `json:"title,omitempty"`
	Message  string   `json:"message"`
	Priority int      `json:"priority,omitempty"` // 1 to 5; 3 is the default, 5 wakes
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
	Buttons  []Button `json:"actions,omitempty"`

	Authorization string `json:"-"` // the header that it came with
	Cleared       bool   `json:"-"` // gone from the screen, because a button with clear=true succeeded

	device *Device
	read   bool
}

// Button is an action of a notification.
type Button struct {
	Action  string            `json:"action"` // "http" sends a request, "view" opens a URL
	Label   string            `json:"label"`
	URL     string            `json:"url"`
	Method  string            `json:"method,omitempty"` // POST when empty
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Clear   bool              `json:"clear,omitempty"`
}

// Answer is what the pressed button's server said.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Expect waits for a notification that was not expected before and whose title or message contains the text, and returns
// it. The test fails when none comes in time.
func (d *Device) Expect(text string) *Notification {
	d.t.Helper()
	var found *Notification
	d.Server.mu.Lock()
	d.quiet = false
	d.Server.mu.Unlock()
	d.Server.wait(d.Patience, func() bool {
		for _, n := range d.screen {
			if !n.read && (strings.Contains(n.Title, text) || strings.Contains(n.Message, text)) {
				n.read, found = true, n
				return true
			}
		}
		return false
	}, func() {
		d.t.Fatalf("phone of %s: nothing with %q came within %v; the screen shows:%s", d.Topic, text, d.Patience, d.show())
	})
	return found
}

// ExpectNothingMore fails the test if something came that no Expect asked for, or comes until the next Expect or the end
// of the test.
func (d *Device) ExpectNothingMore() {
	d.t.Helper()
	d.Server.mu.Lock()
	defer d.Server.mu.Unlock()
	d.quiet = true
	for _, n := range d.screen {
		if !n.read {
			d.t.Errorf("phone of %s: %q came, which nobody expected; the screen shows:%s", d.Topic, n.Title, d.show())
			return
		}
	}
}

// Screen returns what has come so far, oldest first.
func (d *Device) Screen() []*Notification {
	d.Server.mu.Lock()
	defer d.Server.mu.Unlock()
	return append([]*Notification(nil), d.screen...)
}

func (d *Device) show() string {
	var b strings.Builder
	for _, n := range d.screen {
		fmt.Fprintf(&b, "\n  [%d] %s: %s", n.Priority, n.Title, n.Message)
	}
	if b.Len() == 0 {
		return " nothing"
	}
	return b.String()
}

// Tap returns the URL that opens when the notification itself is tapped.
func (n *Notification) Tap() string {
	n.device.t.Helper()
	if n.Click == "" {
		n.device.t.Fatalf("phone of %s: a tap on %q opens nothing", n.Topic, n.Title)
	}
	return n.Click
}

// Press presses a button. A "view" button answers 200 with its URL as the body and asks nobody: opening it is the
// browser's work. An "http" button sends its request as the app does: without cookies, following redirects.
func (n *Notification) Press(label string) Answer {
	n.device.t.Helper()
	b, ok := n.button(label)
	if !ok {
		n.device.t.Fatalf("phone of %s: %q has no button %q, but %+v", n.Topic, n.Title, label, n.Buttons)
	}
	answer := Answer{Status: http.StatusOK, Body: b.URL}
	if b.Action == "http" {
		var err error
		if answer, err = b.send(n.device.t.Context()); err != nil {
			n.device.t.Fatalf("phone of %s: %q: %v", n.Topic, label, err)
		}
	}
	n.device.Server.mu.Lock()
	defer n.device.Server.mu.Unlock()
	n.Cleared = n.Cleared || b.Clear && answer.Status/100 == 2
	return answer
}

func (n *Notification) button(label string) (Button, bool) {
	for _, b := range n.Buttons {
		if strings.EqualFold(b.Label, label) {
			return b, true
		}
	}
	return Button{}, false
}

func (b Button) send(ctx context.Context) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	method := b.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, b.URL, strings.NewReader(b.Body))
	if err != nil {
		return Answer{}, err
	}
	for name, value := range b.Headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return Answer{Status: res.StatusCode, Header: res.Header, Body: string(body)}, err
}
