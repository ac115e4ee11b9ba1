// Package pagerduty takes in what senders write for PagerDuty's Events API v2 (POST /v2/enqueue), so that a monitoring system comes over
// by changing one address. The form of requests and answers follows PagerDuty's published schema and what its clients expect.
package pagerduty

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/alert"
	"frontline/fault"
	"frontline/plain"
	"frontline/secret"
)

// Event is one request, understood.
type Event struct {
	RoutingKey secret.Text // names the source
	DedupKey   string      // the alert's identity, as it is answered to the sender
	Batch      alert.Batch
}

// request is what a sender writes. What is only for people is read with mercy: an odd link is no reason to refuse an event.
type request struct {
	RoutingKey  loose           `json:"routing_key"`
	EventAction loose           `json:"event_action"`
	DedupKey    loose           `json:"dedup_key"`
	Payload     content         `json:"payload"`
	Client      loose           `json:"client"`
	ClientURL   loose           `json:"client_url"`
	Links       json.RawMessage `json:"links"`
	Images      json.RawMessage `json:"images"`
}

type content struct {
	Summary   loose           `json:"summary"`
	Source    loose           `json:"source"`
	Severity  loose           `json:"severity"`
	Timestamp loose           `json:"timestamp"`
	Component loose           `json:"component"`
	Group     loose           `json:"group"`
	Class     loose           `json:"class"`
	Details   json.RawMessage `json:"custom_details"`
}

// loose is a string, also where the sender wrote a number or a boolean, and empty where there is neither.
type loose string

// UnmarshalJSON implements json.Unmarshaler and never fails.
func (l *loose) UnmarshalJSON(b []byte) error {
	var v any
	_ = json.Unmarshal(b, &v) // b is valid: the decoder has read it
	switch v := v.(type) {
	case string:
		*l = loose(v)
	case float64, bool:
		*l = loose(b)
	}
	return nil
}

const (
	maxKey     = 255
	keyLength  = 32
	notAnEvent = "JSON parse error"
)

// Parse reads a request's body. The faults' fields carry PagerDuty's own words, which senders show to their users.
//
// A trigger without a dedup_key gets the hash of its body: the same request sent again, because its answer was lost, is the same alert.
// An acknowledge or resolve means only its key; senders usually repeat the payload, with a title that says so, and it is ignored.
func Parse(body []byte) (Event, error) {
	var r request
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' || json.Unmarshal(body, &r) != nil {
		return Event{}, fault.Wrong("body", notAnEvent)
	}
	action := strings.ToLower(string(r.EventAction))
	if wrong := r.wrong(action); len(wrong) > 0 {
		return Event{}, &fault.Error{Kind: fault.Invalid, Say: "The event is not one of PagerDuty's Events API v2. Correct the field named.", Fields: wrong}
	}
	var s alert.Signal
	switch action {
	case "trigger":
		s = r.signal(body)
	case "acknowledge":
		s = alert.Signal{Status: alert.Acknowledged, Key: string(r.DedupKey)}
	case "resolve":
		s = alert.Signal{Status: alert.Resolved, Key: string(r.DedupKey)}
	}
	key := string(r.RoutingKey)
	b := alert.Batch{Signals: []alert.Signal{s}, Raw: masked(body, key)}
	return Event{RoutingKey: secret.New(key), DedupKey: s.Key, Batch: b.Tidy()}, nil
}

// wrong lists what PagerDuty would refuse, in its words.
func (r request) wrong(action string) []fault.Field {
	var out []fault.Field
	say := func(field, format string, args ...any) {
		out = append(out, fault.Field{Name: field, Say: fmt.Sprintf(format, args...)})
	}
	switch {
	case plain.Blank(string(r.RoutingKey)):
		say("routing_key", "'routing_key' is missing or blank")
	case utf8.RuneCountInString(string(r.RoutingKey)) != keyLength:
		say("routing_key", "Length of 'routing_key' is incorrect (should be %d characters)", keyLength)
	case strings.ContainsFunc(string(r.RoutingKey), notAlphanumeric):
		say("routing_key", "'routing_key' cannot contain non-alphanumeric characters.")
	}
	switch action {
	case "trigger", "acknowledge", "resolve":
	case "":
		say("event_action", "'event_action' is missing or blank")
	default:
		say("event_action", "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
	}
	switch {
	case utf8.RuneCountInString(string(r.DedupKey)) > maxKey:
		say("dedup_key", "Length of 'dedup_key' is incorrect (should be at most %d characters)", maxKey)
	case plain.Blank(string(r.DedupKey)) && (action == "acknowledge" || action == "resolve"):
		say("dedup_key", "'dedup_key' is missing or blank")
	}
	if action != "trigger" {
		return out
	}
	if plain.Blank(string(r.Payload.Summary)) {
		say("payload.summary", "'payload.summary' is missing or blank")
	}
	if plain.Blank(string(r.Payload.Source)) {
		say("payload.source", "'payload.source' is missing or blank")
	}
	switch strings.ToLower(string(r.Payload.Severity)) {
	case "critical", "error", "warning", "info":
	case "":
		say("payload.severity", "'payload.severity' is missing or blank")
	default:
		say("payload.severity", "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')")
	}
	return out
}

// signal is what a trigger says.
func (r request) signal(body []byte) alert.Signal {
	p := r.Payload
	severity := strings.ToLower(string(p.Severity))
	labels, text := details(p.Details)
	for name, value := range map[string]string{
		"source": string(p.Source), "component": string(p.Component), "group": string(p.Group), "class": string(p.Class), "severity": severity,
	} {
		if !plain.Blank(value) {
			labels[name] = value
		}
	}
	s := alert.Signal{
		Key:       string(r.DedupKey),
		Status:    alert.Firing,
		Severity:  alert.Severity(severity),
		Title:     string(p.Summary),
		Text:      text,
		Labels:    labels,
		Links:     r.links(),
		StartedAt: moment(string(p.Timestamp)),
		Host:      string(p.Source),
	}
	if plain.Blank(s.Key) {
		sum := sha256.Sum256(body)
		s.Key = hex.EncodeToString(sum[:16])
	}
	return s
}

// details makes of custom_details what people read, and of its short plain values labels that rules can route on.
func details(raw json.RawMessage) (labels map[string]string, text string) {
	labels = map[string]string{}
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return labels, s
		}
		return labels, string(raw) // an array, a number: shown as it came
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := written(object[name])
		if plain.Blank(value) {
			continue
		}
		if strings.Contains(value, "\n") {
			lines = append(lines, name+":\n"+value)
			continue
		}
		if len(value) <= maxKey {
			labels[name] = value
		}
		lines = append(lines, name+": "+value)
	}
	return labels, strings.Join(lines, "\n")
}

// written is a value without JSON's quotes where it has none inside.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return ""
	}
	return strings.TrimSpace(out.String())
}

// links gathers what the sender offers to click, pictures included. Tidy drops what is not http or https.
func (r request) links() []alert.Link {
	var out []alert.Link
	add := func(title, url string) {
		if !plain.Blank(url) {
			out = append(out, alert.Link{Title: title, URL: url})
		}
	}
	add("View in "+cmp.Or(string(r.Client), "the sender"), string(r.ClientURL))
	var links []struct{ Href, Text loose }
	if json.Unmarshal(r.Links, &links) == nil {
		for _, l := range links {
			add(string(l.Text), string(l.Href))
		}
	}
	var images []struct{ Src, Href, Alt loose }
	if json.Unmarshal(r.Images, &images) == nil {
		for _, i := range images {
			add(cmp.Or(string(i.Alt), "Picture"), cmp.Or(string(i.Href), string(i.Src)))
		}
	}
	return out
}

// moment reads PagerDuty's ISO 8601, which comes with and without a colon in the offset (its own example has none), and without an
// offset at all, which is UTC. An odd time counts as not said.
func moment(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 {
			return t
		}
	}
	return time.Time{}
}

// masked is the body without its secret: it is kept for 7 days and shown to people who may see alerts, not keys.
func masked(body []byte, key string) []byte {
	return bytes.ReplaceAll(body, []byte(key), bytes.Repeat([]byte("*"), len(key)))
}

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
