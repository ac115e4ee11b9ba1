package slack

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	api "github.com/slack-go/slack"

	"frontline/chat"
	"frontline/fault"
	"frontline/job"
)

// Path is where Slack calls us: events, commands and buttons alike.
const Path = "/in/slack"

const (
	largestCall = 1 << 20
	thenLimit   = 20 * time.Second // for what comes after the answer
)

// What sort of call it is: the name of its envelope in Socket Mode.
const (
	envEvents      = "events_api"
	envCommand     = "slash_commands"
	envInteractive = "interactive"
)

// The kinds of calls that are worked off as jobs.
const (
	callEvent = "event"
	callPress = "press"
)

// taken is a call that was taken: what is answered, and what is done once it is answered.
type taken struct {
	answer any // nil: nothing but "yes"
	then   func(context.Context)
}

// ServeHTTP takes one call over HTTP. Slack waits three seconds: what is durable is written down first, then it is answered, then the rest is done.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Slack calls this address with POST.", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestCall))
	if err != nil {
		http.Error(w, "This call is too large, or was cut off.", http.StatusRequestEntityTooLarge)
		return
	}
	if err := verify(a.settings.Signing, r.Header, body, a.now()); err != nil {
		a.note(func(s *Status) { s.Refuse = a.now() })
		a.Log.Warn("a call that is not signed by Slack was refused", "why", fault.Sentence(err))
		http.Error(w, fault.Sentence(err), http.StatusUnauthorized)
		return
	}
	kind, payload, err := envelope(r.Header.Get("Content-Type"), body)
	if err != nil {
		http.Error(w, fault.Sentence(err), http.StatusBadRequest)
		return
	}
	got, err := a.take(r.Context(), kind, payload)
	if err != nil {
		status := http.StatusServiceUnavailable // Slack comes again
		if fault.Is(err, fault.Invalid) {
			status = http.StatusBadRequest
		}
		a.Log.Warn("a call of Slack's cannot be taken", "kind", kind, "why", fault.Sentence(err))
		http.Error(w, fault.Sentence(err), status)
		return
	}
	answered(w, got.answer)
	if got.then == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), thenLimit)
	defer cancel()
	got.then(ctx)
}

// answered sends the whole answer now, before the handler ends.
func answered(w http.ResponseWriter, answer any) {
	var raw []byte
	if answer != nil {
		raw, _ = json.Marshal(answer) // it is made of our own structs
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(raw)                       // Slack is gone when this fails; it comes again
	_ = http.NewResponseController(w).Flush() // as above
}

// envelope finds out what sort of call a body is, and makes it the JSON that Socket Mode would bring.
func envelope(contentType string, body []byte) (kind string, payload []byte, err error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", nil, fault.New(fault.Invalid, "The call does not say what it holds. Slack sends JSON or a form.")
	}
	if media == "application/json" {
		return envEvents, body, nil
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return "", nil, fault.New(fault.Invalid, "The call holds neither JSON nor a form. Slack sends one of the two.")
	}
	if p := values.Get("payload"); p != "" {
		return envInteractive, []byte(p), nil
	}
	flat := map[string]string{}
	for k := range values {
		flat[k] = values.Get(k)
	}
	payload, err = json.Marshal(flat)
	return envCommand, payload, err
}

// outer is the envelope of an event.
type outer struct {
	Type      string          `json:"type"`
	Challenge string          `json:"challenge"`
	EventID   string          `json:"event_id"`
	Event     json.RawMessage `json:"event"`
}

// take takes one call, whichever way it came. What it asks for is durable, or done, or harmless to lose when it returns; a call that came before is
// answered and does nothing.
func (a *App) take(ctx context.Context, kind string, payload []byte) (taken, error) {
	a.note(func(s *Status) { s.Heard = a.now() })
	switch kind {
	case envEvents:
		return a.takeEvent(ctx, payload)
	case envCommand:
		return a.takeCommand(ctx, payload)
	case envInteractive:
		return a.takeInteraction(ctx, payload)
	}
	return taken{}, nil
}

func broken() error {
	return fault.New(fault.Invalid, "This call is not written as Slack writes calls.")
}

func (a *App) takeEvent(ctx context.Context, payload []byte) (taken, error) {
	var o outer
	if err := json.Unmarshal(payload, &o); err != nil {
		return taken{}, broken()
	}
	if o.Type == "url_verification" {
		return taken{answer: map[string]string{"challenge": o.Challenge}}, nil
	}
	var e struct {
		Type string `json:"type"`
	}
	if o.Type != "event_callback" || o.EventID == "" || json.Unmarshal(o.Event, &e) != nil {
		return taken{}, nil // nothing that we asked for
	}
	switch e.Type {
	case "message", "app_mention", "reaction_added":
		_, err := a.Store.TakeCall(ctx, "event "+o.EventID, chat.JobCall().At(time.Time{}, "", chat.CallArgs{Kind: callEvent, Body: o.Event}))
		return taken{}, err
	}
	return taken{}, nil
}

// command is a slash command.
type command struct {
	Command string `json:"command"`
	Text    string `json:"text"`
	User    string `json:"user_id"`
	Channel string `json:"channel_id"`
	Trigger string `json:"trigger_id"`
}

func (a *App) takeCommand(ctx context.Context, payload []byte) (taken, error) {
	var c command
	if err := json.Unmarshal(payload, &c); err != nil || c.User == "" || c.Trigger == "" {
		return taken{}, broken()
	}
	fresh, err := a.Store.TakeCall(ctx, "command "+c.Trigger)
	if err != nil || !fresh {
		return taken{}, err
	}
	return taken{then: func(ctx context.Context) { a.command(ctx, c) }}, nil
}

// press is somebody pressing a button of ours.
type press struct {
	User    string `json:"user"`
	Action  string `json:"action"`
	Value   string `json:"value"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Thread  string `json:"thread"`
}

func (a *App) takeInteraction(ctx context.Context, payload []byte) (taken, error) {
	var c api.InteractionCallback
	if err := json.Unmarshal(payload, &c); err != nil {
		return taken{}, broken()
	}
	switch c.Type {
	case api.InteractionTypeViewSubmission:
		answer, err := a.submitted(ctx, c)
		return taken{answer: answer}, err
	case api.InteractionTypeMessageAction, api.InteractionTypeShortcut:
		fresh, err := a.Store.TakeCall(ctx, "shortcut "+c.TriggerID)
		if err != nil || !fresh {
			return taken{}, err
		}
		return taken{then: func(ctx context.Context) { a.shortcut(ctx, c) }}, nil
	case api.InteractionTypeBlockActions:
		return a.takePress(ctx, c)
	}
	return taken{}, nil
}

// takePress takes what was pressed. What opens a form has to be done at once, within three seconds; the rest is durable.
func (a *App) takePress(ctx context.Context, c api.InteractionCallback) (taken, error) {
	if len(c.ActionCallback.BlockActions) == 0 {
		return taken{}, nil
	}
	b := c.ActionCallback.BlockActions[0]
	p := press{User: c.User.ID, Action: b.ActionID, Value: b.Value, Channel: c.Container.ChannelID, TS: c.Container.MessageTs, Thread: c.Container.ThreadTs}
	if p.Channel == "" {
		p.Channel = c.Channel.ID
	}
	id := "press " + c.TriggerID + " " + b.ActionID
	switch {
	case opensForm(b.ActionID):
		fresh, err := a.Store.TakeCall(ctx, id)
		if err != nil || !fresh {
			return taken{}, err
		}
		return taken{then: func(ctx context.Context) { a.opening(ctx, c, p) }}, nil
	case c.View.ID != "":
		return taken{then: func(ctx context.Context) { a.inForm(ctx, c, b) }}, nil
	case !durable(b.ActionID):
		return taken{}, nil // a button that opens an address, or one of an older version
	}
	body, err := json.Marshal(p)
	if err != nil {
		return taken{}, err
	}
	work := chat.JobCall().At(time.Time{}, "", chat.CallArgs{Kind: callPress, Body: body})
	if p.Action == ackPage || p.Action == escalatePage || p.Action == resolvePage {
		work = work.Ranked(job.Paging)
	}
	_, err = a.Store.TakeCall(ctx, id, work)
	return taken{}, err
}
