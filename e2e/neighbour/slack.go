package neighbour

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack/slacktest"
)

// The secrets of the Slack app that the stories use.
const (
	SlackToken   = "xoxb-4711-0815-aBcDeFgHiJkLmNoPqRsTuVwX"
	SlackApp     = "xapp-1-A0VERITY-4711-fedcba9876543210"
	SlackSigning = "8f742231b10e8888abcd99bbbaaa85a5"
)

// SlackUser is a member of the workspace.
type SlackUser struct {
	ID, Name, Email string
	Unconfirmed     bool
	Guest           bool
	Stranger        bool // of another company's workspace
	Bot             bool
}

// SlackPost is a message as it stands in a channel.
type SlackPost struct {
	Channel, TS, Thread string
	To                  string // of one that only one person sees
	Text                string // what is read of it, without escapes
	Raw                 string // as it was sent
	Buttons             map[string]string
	Edits               int
}

// Workspace plays Slack: slacktest's server, with the methods that it lacks played from Slack's documentation.
type Workspace struct {
	API string // its Web API

	t       testing.TB
	server  *slacktest.Server
	mu      sync.Mutex
	users   map[string]SlackUser
	history map[string][]map[string]any // messages that people wrote, by channel
	posts   []SlackPost
	views   []map[string]any // forms as they were opened or drawn anew
	fails   map[string][]func(http.ResponseWriter)
	calls   map[string]int
	n       int
	changed chan struct{}

	lines chan *websocket.Conn
	acks  chan string
}

// Slack starts a workspace with the members.
func Slack(t testing.TB, members ...SlackUser) *Workspace {
	t.Helper()
	w := &Workspace{t: t, users: map[string]SlackUser{}, history: map[string][]map[string]any{}, fails: map[string][]func(http.ResponseWriter){}, calls: map[string]int{},
		changed: make(chan struct{}), lines: make(chan *websocket.Conn, 8), acks: make(chan string, 100)}
	for _, m := range members {
		w.users[m.ID] = m
	}
	w.server = slacktest.NewTestServer(func(c slacktest.Customize) {
		for path, h := range map[string]func(http.ResponseWriter, url.Values){
			"/auth.test": func(o http.ResponseWriter, _ url.Values) {
				sayJSON(o, map[string]any{"team_id": "T0VERITY", "user_id": "U0FRONTLINE", "bot_id": "B0FRONTLINE", "user": "frontline", "team": "Verity", "url": "https://verity.slack.com/"})
			},
			"/users.info":            w.usersInfo,
			"/users.lookupByEmail":   w.lookup,
			"/chat.postMessage":      w.take(""),
			"/chat.postEphemeral":    w.take("user"),
			"/chat.update":           w.update,
			"/conversations.replies": w.replies,
			"/views.open":            w.view,
			"/views.update":          w.view,
		} {
			c.Handle(path, w.method(path, h))
		}
		c.Handle("/ws", slacktest.Websocket(w.line))
	})
	w.server.Start()
	w.API = w.server.GetAPIURL()
	t.Cleanup(w.server.Stop)
	return w
}

func sayJSON(o http.ResponseWriter, what map[string]any) {
	if _, told := what["ok"]; !told {
		what["ok"] = true
	}
	o.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(o).Encode(what)
}

// method answers one method, and fails first as often as it was told to.
func (w *Workspace) method(path string, h func(http.ResponseWriter, url.Values)) http.HandlerFunc {
	return func(o http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		form, _ := url.ParseQuery(string(raw))
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			form = url.Values{"json": {string(raw)}}
		}
		if token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); token != SlackToken && form.Get("token") != SlackToken {
			sayJSON(o, map[string]any{"ok": false, "error": "invalid_auth"})
			return
		}
		name := strings.TrimPrefix(path, "/")
		w.mu.Lock()
		w.calls[name]++
		var fail func(http.ResponseWriter)
		if all := w.fails[name]; len(all) > 0 {
			fail, w.fails[name] = all[0], all[1:]
		}
		w.mu.Unlock()
		if fail != nil {
			fail(o)
			return
		}
		h(o, form)
	}
}

// Limit lets the next n calls of a method be refused with 429 and a time to wait.
func (w *Workspace) Limit(method string, n int, after time.Duration) {
	w.failNext(method, n, func(o http.ResponseWriter) {
		o.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
		o.WriteHeader(http.StatusTooManyRequests)
	})
}

// Refuse lets the next n calls of a method be refused with one of Slack's codes.
func (w *Workspace) Refuse(method string, n int, code string) {
	w.failNext(method, n, func(o http.ResponseWriter) { sayJSON(o, map[string]any{"ok": false, "error": code}) })
}

func (w *Workspace) failNext(method string, n int, fail func(http.ResponseWriter)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		w.fails[method] = append(w.fails[method], fail)
	}
}

// Calls is how often a method was called.
func (w *Workspace) Calls(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

func (u SlackUser) json() map[string]any {
	return map[string]any{"id": u.ID, "team_id": "T0VERITY", "name": strings.ToLower(u.Name), "real_name": u.Name, "is_bot": u.Bot, "is_restricted": u.Guest, "is_stranger": u.Stranger,
		"is_email_confirmed": !u.Unconfirmed, "profile": map[string]any{"email": u.Email, "real_name": u.Name}}
}

func (w *Workspace) usersInfo(o http.ResponseWriter, f url.Values) {
	w.mu.Lock()
	u, ok := w.users[f.Get("user")]
	w.mu.Unlock()
	if !ok {
		sayJSON(o, map[string]any{"ok": false, "error": "user_not_found"})
		return
	}
	sayJSON(o, map[string]any{"user": u.json()})
}

func (w *Workspace) lookup(o http.ResponseWriter, f url.Values) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range w.users {
		if strings.EqualFold(u.Email, f.Get("email")) {
			sayJSON(o, map[string]any{"user": u.json()})
			return
		}
	}
	sayJSON(o, map[string]any{"ok": false, "error": "users_not_found"})
}

// take takes a message; to names the field of whoever alone sees it.
func (w *Workspace) take(to string) func(http.ResponseWriter, url.Values) {
	return func(o http.ResponseWriter, f url.Values) {
		channel := f.Get("channel")
		if strings.HasPrefix(channel, "U") { // a message to a person opens a conversation with them
			channel = "D" + channel[1:]
		}
		p := seen(f)
		p.Channel, p.Thread = channel, f.Get("thread_ts")
		if to != "" {
			p.To = f.Get(to)
		}
		w.mu.Lock()
		w.n++
		p.TS = fmt.Sprintf("1795480000.%06d", w.n)
		w.posts = append(w.posts, p)
		close(w.changed)
		w.changed = make(chan struct{})
		w.mu.Unlock()
		sayJSON(o, map[string]any{"channel": channel, "ts": p.TS, "message_ts": p.TS})
	}
}

func (w *Workspace) update(o http.ResponseWriter, f url.Values) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.posts {
		p := &w.posts[i]
		if p.Channel == f.Get("channel") && p.TS == f.Get("ts") {
			now := seen(f)
			p.Text, p.Raw, p.Buttons = now.Text, now.Raw, now.Buttons
			p.Edits++
			close(w.changed)
			w.changed = make(chan struct{})
			sayJSON(o, map[string]any{"channel": p.Channel, "ts": p.TS})
			return
		}
	}
	sayJSON(o, map[string]any{"ok": false, "error": "message_not_found"})
}

// seen reads what a person sees of a message, and its buttons: what each would send, by its label.
func seen(f url.Values) SlackPost {
	p := SlackPost{Raw: f.Get("blocks"), Buttons: map[string]string{}}
	var blocks any
	if p.Raw == "" || p.Raw == "[]" || json.Unmarshal([]byte(p.Raw), &blocks) != nil || blocks == nil {
		p.Text, p.Raw = html.UnescapeString(f.Get("text")), f.Get("text")
		return p
	}
	var words []string
	walk(blocks, func(m map[string]any) {
		if s, ok := m["text"].(string); ok {
			words = append(words, html.UnescapeString(s))
		}
		if label, ok := m["text"].(map[string]any); ok && m["type"] == "button" {
			p.Buttons[fmt.Sprint(label["text"])] = fmt.Sprint(m["action_id"]) + " " + fmt.Sprint(orEmpty(m["value"]))
		}
	})
	p.Text = strings.Join(words, "\n")
	return p
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// walk visits every object, those that stand first in their lists first.
func walk(v any, visit func(map[string]any)) {
	switch x := v.(type) {
	case []any:
		for _, y := range x {
			walk(y, visit)
		}
	case map[string]any:
		visit(x)
		for _, k := range []string{"text", "title", "label", "hint", "fields", "elements", "element", "accessory", "options", "blocks"} {
			if _, plain := x[k].(string); !plain {
				walk(x[k], visit)
			}
		}
	}
}

func (w *Workspace) replies(o http.ResponseWriter, f url.Values) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sayJSON(o, map[string]any{"messages": w.history[f.Get("channel")], "has_more": false})
}

func (w *Workspace) view(o http.ResponseWriter, f url.Values) {
	var v struct {
		Trigger string         `json:"trigger_id"`
		View    map[string]any `json:"view"`
	}
	if err := json.Unmarshal([]byte(f.Get("json")), &v); err != nil {
		sayJSON(o, map[string]any{"ok": false, "error": "invalid_arguments"})
		return
	}
	w.mu.Lock()
	w.views = append(w.views, v.View)
	id := fmt.Sprintf("V%04d", len(w.views))
	close(w.changed)
	w.changed = make(chan struct{})
	w.mu.Unlock()
	sayJSON(o, map[string]any{"view": map[string]any{"id": id, "hash": "h." + id}})
}

// Posts are the messages that stand in a channel now.
func (w *Workspace) Posts(channel string) []SlackPost {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []SlackPost
	for _, p := range w.posts {
		if p.Channel == channel {
			out = append(out, p)
		}
	}
	return out
}

// wait waits until found holds, which is asked whenever something changed.
func (w *Workspace) wait(what string, found func() bool) {
	w.t.Helper()
	late := time.After(60 * time.Second)
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if found() {
			return
		}
		select {
		case <-changed:
		case <-late:
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("%s does not come. There is: %+v", what, w.posts)
		}
	}
}

// See waits for a message in a channel that says all of it, and returns it.
func (w *Workspace) See(channel string, says ...string) (out SlackPost) {
	w.t.Helper()
	w.wait(fmt.Sprintf("a message in %s with %q", channel, says), func() bool {
		for _, p := range w.Posts(channel) {
			all := true
			for _, s := range says {
				all = all && strings.Contains(p.Text, s)
			}
			if all {
				out = p
				return true
			}
		}
		return false
	})
	return out
}

// Form waits for the n-th form that was opened or drawn anew, the first is 1.
func (w *Workspace) Form(n int) (v map[string]any) {
	w.t.Helper()
	w.wait(fmt.Sprintf("form %d", n), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.views) >= n {
			v = w.views[n-1]
		}
		return v != nil
	})
	return v
}

// Forms is how many forms were opened or drawn anew.
func (w *Workspace) Forms() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.views)
}

// Wrote remembers a message that somebody wrote, for those who fetch it.
func (w *Workspace) Wrote(channel, user, ts, thread, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history[channel] = append(w.history[channel], map[string]any{"type": "message", "user": user, "text": text, "ts": ts, "thread_ts": thread})
}

// Signed is a call of Slack's over HTTP, signed at the time.
func Signed(address, contentType string, body []byte, at time.Time) *http.Request {
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(SlackSigning))
	m.Write([]byte("v0:" + stamp + ":" + string(body)))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", fmt.Sprintf("v0=%x", m.Sum(nil)))
	return r
}

// line is one socket of Socket Mode: it greets, and hands on what the app answers.
func (w *Workspace) line(c *websocket.Conn) {
	if err := c.WriteJSON(map[string]any{"type": "hello", "num_connections": 1, "connection_info": map[string]any{"app_id": "A0VERITY"}}); err != nil {
		return
	}
	w.lines <- c
	for {
		_, raw, err := c.ReadMessage()
		if err != nil {
			return
		}
		w.acks <- string(raw)
	}
}

// Line waits for the app to open a socket.
func (w *Workspace) Line() *websocket.Conn {
	w.t.Helper()
	select {
	case c := <-w.lines:
		return c
	case <-time.After(60 * time.Second):
		w.t.Fatal("no socket is opened")
		return nil
	}
}

// Ack waits for what the app answers on its socket.
func (w *Workspace) Ack() string {
	w.t.Helper()
	select {
	case s := <-w.acks:
		return s
	case <-time.After(60 * time.Second):
		w.t.Fatal("nothing is acknowledged on the socket")
		return ""
	}
}
