package company

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/secret"
)

// Phone is somebody's telephone with the ntfy app on it.
type Phone struct {
	Holder
	Notes []Note // newest first
}

// Note is a notification, as ntfy's documentation describes it (docs.ntfy.sh/publish).
type Note struct {
	ID       string    `json:"id"`
	Time     int64     `json:"time"`
	Event    string    `json:"event"`
	Topic    string    `json:"topic"`
	Title    string    `json:"title,omitempty"`
	Message  string    `json:"message"`
	Priority int       `json:"priority,omitempty"` // 1 to 5; 3 is the default, 5 wakes
	Tags     []string  `json:"tags,omitempty"`
	Click    string    `json:"click,omitempty"`
	Buttons  []Button  `json:"actions,omitempty"`
	Sequence string    `json:"sequence_id,omitempty"`
	At       time.Time `json:"-"`
	Cleared  bool      `json:"-"` // a button with clear succeeded
}

// Button is an action of a notification.
type Button struct {
	Action  string            `json:"action"` // "http" sends a request, "view" opens
	Label   string            `json:"label"`
	URL     string            `json:"url"`
	Method  string            `json:"method,omitempty"` // POST when empty
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Clear   bool              `json:"clear,omitempty"`
	Pressed *Pressed          `json:"-"`
}

// Pressed is what came of pressing a button.
type Pressed struct {
	At   time.Time
	OK   bool
	Said string
}

// phones are the phones, and the ntfy server that reaches them.
type phones struct {
	log    *record
	client *http.Client
}

const mostNotes = 30

func newPhones(log *record, holders []Holder) *phones {
	log.change(func(_ time.Time, o *Observed) {
		for _, h := range holders {
			o.Phones = append(o.Phones, Phone{Holder: h})
		}
	})
	return &phones{log: log, client: &http.Client{Timeout: 20 * time.Second}}
}

// publish is ntfy's door: a message as JSON.
func (p *phones) publish(w http.ResponseWriter, r *http.Request) {
	var n Note
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<10))
	if err != nil || json.Unmarshal(raw, &n) != nil {
		refuse(w, http.StatusBadRequest, 40024, "invalid request: request body must be valid JSON")
		return
	}
	if n.Priority == 0 {
		n.Priority = 3
	}
	if n.Message == "" {
		n.Message = "triggered"
	}
	if code, say := n.wrong(); code != 0 {
		refuse(w, code/100, code, say)
		return
	}
	n.ID, n.Event, n.At = secret.Random(12), "message", time.Now()
	n.Time = n.At.Unix()
	p.deliver(n) // a topic that no phone listens to is no error: ntfy does not know who listens
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(n) // a sender that has gone sends again
}

var topicName = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// wrong is ntfy's own code and words for what it does not take; 0 when all is well.
func (n Note) wrong() (code int, say string) {
	switch {
	case !topicName.MatchString(n.Topic):
		return 40009, "invalid request: topic invalid"
	case n.Priority < 1 || n.Priority > 5:
		return 40007, "invalid request: priority invalid"
	case len(n.Buttons) > 3 || slices.ContainsFunc(n.Buttons, Button.broken):
		return 40018, "invalid request: actions invalid"
	case len(n.Message) > 4096:
		return 41303, "JSON body too large"
	}
	return 0, ""
}

func (b Button) broken() bool {
	u, err := url.Parse(b.URL)
	return b.Label == "" || err != nil || (u.Scheme != "http" && u.Scheme != "https") || (b.Action != "http" && b.Action != "view")
}

func refuse(w http.ResponseWriter, status, code int, say string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "http": status, "error": say, "link": "https://ntfy.sh/docs/publish/"})
}

// deliver puts the notification on the phones that listen to its topic. One with the same sequence is replaced.
func (p *phones) deliver(n Note) {
	p.log.change(func(now time.Time, o *Observed) {
		for i := range o.Phones {
			phone := &o.Phones[i]
			if phone.Topic != n.Topic {
				continue
			}
			notes := slices.DeleteFunc(slices.Clone(phone.Notes), func(old Note) bool { return n.Sequence != "" && old.Sequence == n.Sequence })
			notes = slices.Insert(notes, 0, n)
			phone.Notes = notes[:min(len(notes), mostNotes)]
			o.note(now, "", phone.Name+"'s phone "+loudness(n.Priority)+": "+n.Title)
		}
	})
}

// loudness is what a phone does at a priority.
func loudness(priority int) string {
	switch priority {
	case 5:
		return "rings through “do not disturb”"
	case 4:
		return "rings"
	}
	return "shows a notification"
}

// press does what the app does when somebody presses a button: it sends the request, without cookies. Only requests to Frontline are sent.
func (p *phones) press(ctx context.Context, topic, id string, button int, frontline string) (Pressed, error) {
	b, err := p.button(topic, id, button)
	if err != nil {
		return Pressed{}, err
	}
	if !sameOrigin(b.URL, frontline) {
		return Pressed{}, errors.New("this phone sends requests to Frontline only")
	}
	done := p.send(ctx, b)
	p.log.change(func(now time.Time, o *Observed) {
		done.At = now
		for i := range o.Phones {
			if o.Phones[i].Topic != topic {
				continue
			}
			o.Phones[i].Notes = pressed(o.Phones[i].Notes, id, button, done)
			o.note(now, "", fmt.Sprintf("Somebody pressed “%s” on %s's phone: %s.", b.Label, o.Phones[i].Name, done.Said))
		}
	})
	return done, nil
}

func (p *phones) button(topic, id string, button int) (Button, error) {
	for _, phone := range p.log.observed().Phones {
		for _, n := range phone.Notes {
			if phone.Topic == topic && n.ID == id && button >= 0 && button < len(n.Buttons) && n.Buttons[button].Action == "http" {
				return n.Buttons[button], nil
			}
		}
	}
	return Button{}, errors.New("there is no such button on this phone")
}

func (p *phones) send(ctx context.Context, b Button) Pressed {
	method := b.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, b.URL, strings.NewReader(b.Body))
	if err != nil {
		return Pressed{Said: "the request could not be made"}
	}
	for k, v := range b.Headers {
		req.Header.Set(k, v)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return Pressed{Said: "Frontline could not be reached"}
	}
	_ = res.Body.Close()
	return Pressed{OK: res.StatusCode/100 == 2, Said: "Frontline answered " + res.Status}
}

// pressed returns the notes with the button's outcome in them. The old ones are shared with readers and stay as they are.
func pressed(notes []Note, id string, button int, done Pressed) []Note {
	notes = slices.Clone(notes)
	for i := range notes {
		if notes[i].ID == id && button < len(notes[i].Buttons) {
			notes[i].Buttons = slices.Clone(notes[i].Buttons)
			notes[i].Buttons[button].Pressed = &done
			notes[i].Cleared = notes[i].Cleared || done.OK && notes[i].Buttons[button].Clear
		}
	}
	return notes
}

func sameOrigin(a, b string) bool {
	x, err := url.Parse(a)
	y, bad := url.Parse(b)
	return err == nil && bad == nil && x.Scheme == y.Scheme && x.Host == y.Host && x.Host != ""
}

// Rings says whether the notification is new and loud.
func (n Note) Rings(now time.Time) bool {
	return n.Priority >= 4 && !n.Cleared && now.Sub(n.At) < 8*time.Second
}

// Wakes says whether it rings through “do not disturb”.
func (n Note) Wakes() bool { return n.Priority == 5 }
