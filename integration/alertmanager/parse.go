// Package alertmanager takes in what Prometheus' Alertmanager sends: its webhook, version 4, as every release since 0.12 writes it.
// Grafana's webhook has the same shape with more in it and comes through as well.
package alertmanager

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/plain"
)

// payload is the part of the webhook that is read. Fields of later versions (notification_reason, routeLabels) and of users' own
// templates are welcome and stay in the raw body.
type payload struct {
	Alerts          []notice `json:"alerts"`
	GroupKey        string   `json:"groupKey"`
	TruncatedAlerts int      `json:"truncatedAlerts"`
}

// notice is one alert in the webhook. Grafana fills the last three.
type notice struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     string            `json:"startsAt"`
	EndsAt       string            `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
	DashboardURL string            `json:"dashboardURL"`
	PanelURL     string            `json:"panelURL"`
	SilenceURL   string            `json:"silenceURL"`
}

// Parse reads a webhook's body. A signal's key is Alertmanager's fingerprint, its group the groupKey. An alert counts as resolved only when
// it is listed as resolved, never because a list is shorter than the one before.
// The fault of a body that says nothing names the field.
func Parse(body []byte) (alert.Batch, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return alert.Batch{}, fault.Wrong("body", "The body is empty. Send Alertmanager's webhook, which is a JSON object.")
	}
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return alert.Batch{}, unreadable(err)
	}
	if len(p.Alerts) == 0 {
		return alert.Batch{}, fault.Wrong("alerts", "alerts is missing or empty. Send Alertmanager's webhook, version 4.")
	}
	b := alert.Batch{Raw: body, Left: max(0, p.TruncatedAlerts)}
	b.Partial = b.Left > 0
	for i, n := range p.Alerts {
		s, err := n.signal(fmt.Sprintf("alerts[%d]", i))
		if err != nil {
			return alert.Batch{}, err
		}
		s.Group = p.GroupKey
		b.Signals = append(b.Signals, s)
	}
	return b.Tidy(), nil
}

// unreadable says where a body stops being the webhook.
func unreadable(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := cmp.Or(wrong.Field, "body")
		return fault.Wrong(field, "%s is a JSON %s, which it is not in Alertmanager's webhook. Correct the template that writes it.", field, wrong.Value)
	}
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.Wrong("body", "The body is not JSON from byte %d on. Send Alertmanager's webhook as it is.", wrong.Offset)
	}
	return fault.Wrap(err, fault.Invalid, "The body is not JSON. Send Alertmanager's webhook as it is.")
}

// signal reads one alert; field is where it stands, for the fault.
func (n notice) signal(field string) (alert.Signal, error) {
	s := alert.Signal{
		Key:       n.Fingerprint,
		Severity:  alert.SeverityOf(n.Labels["severity"]),
		Title:     n.title(),
		Text:      first(n.Annotations, "description", "message"),
		Labels:    n.Labels,
		Links:     n.links(),
		StartedAt: moment(n.StartsAt),
		Host:      first(n.Labels, "instance", "host", "hostname", "node", "pod"),
	}
	switch n.Status {
	case "firing":
		s.Status = alert.Firing
	case "resolved":
		s.Status = alert.Resolved
		s.EndedAt = moment(n.EndsAt)
	default:
		return s, fault.Wrong(field+".status", "%s.status is %q. It is either firing or resolved.", field, n.Status)
	}
	switch {
	case !plain.Blank(n.Fingerprint):
	case len(n.Labels) > 0:
		s.Key = fingerprint(n.Labels)
	default:
		return s, fault.Wrong(field+".labels", "%s has neither labels nor a fingerprint, so nobody can tell which alert it is. Send its labels.", field)
	}
	return s, nil
}

// title is what the rule's author wrote for people, or else the alert's name and the labels that tell it from others.
func (n notice) title() string {
	if t := first(n.Annotations, "summary", "title"); t != "" {
		return t
	}
	name := first(n.Labels, "alertname")
	telling := []string{"service", "job", "namespace", "customer", "queue", "instance", "host", "pod"}
	if name == "" { // nothing has a usual name here: show what there is
		name, telling = "Alert without a name", slices.Sorted(maps.Keys(n.Labels))
	}
	var about []string
	for _, label := range telling {
		if v := n.Labels[label]; !plain.Blank(v) && len(about) < 3 {
			about = append(about, label+" "+v)
		}
	}
	if len(about) == 0 {
		return name
	}
	return name + ": " + strings.Join(about, ", ")
}

// links are the places where the rule's author and the sender say there is more. Tidy drops what is not http or https.
func (n notice) links() []alert.Link {
	var out []alert.Link
	for _, l := range []alert.Link{
		{Title: "Runbook", URL: first(n.Annotations, "runbook_url", "runbook")},
		{Title: "Dashboard", URL: cmp.Or(first(n.Annotations, "dashboard_url", "dashboard"), n.DashboardURL)},
		{Title: "Panel", URL: n.PanelURL},
		{Title: "Rule", URL: n.GeneratorURL},
		{Title: "Silence at the source", URL: n.SilenceURL},
	} {
		if l.URL != "" {
			out = append(out, l)
		}
	}
	return out
}

// first returns the first value that is not blank.
func first(of map[string]string, names ...string) string {
	for _, name := range names {
		if v := of[name]; !plain.Blank(v) {
			return v
		}
	}
	return ""
}

// moment reads a time. An odd one is not worth refusing a signal for: it counts as not said, as year 1 does in an alert that is open.
func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 {
		return time.Time{}
	}
	return t
}

// fingerprint is Prometheus' own for a label set: FNV-1a (64 bits) over the sorted names and values, each ended by a byte 0xFF that no
// UTF-8 text holds. A sender that leaves it out gets the key it would have had.
func fingerprint(labels map[string]string) string {
	const offset, prime = 14695981039346656037, 1099511628211
	sum := uint64(offset)
	add := func(s string) {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * prime
		}
		sum = (sum ^ 0xff) * prime
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		add(name)
		add(labels[name])
	}
	return fmt.Sprintf("%016x", sum)
}
