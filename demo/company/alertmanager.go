package company

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
)

// AlertPace is when Alertmanager speaks, in the words of its configuration.
type AlertPace struct {
	Wait     time.Duration // group_wait: before a new group is sent
	Interval time.Duration // group_interval: before a change of a group is sent
	Repeat   time.Duration // repeat_interval: before the same is said again
}

// Alertmanager plays Prometheus' Alertmanager for a machine without one: it groups alerts by name and service, and sends the webhook of version 4
// when a group is new, when it has changed, when it is time to say it again, and when it has resolved. What it sends is what the genuine one
// would (compared in a test).
type Alertmanager struct {
	webhook string
	self    string // its own address, for people
	pace    AlertPace
	client  *http.Client
	told    func(status string, err error)
	wake    chan struct{}

	mu     sync.Mutex
	groups map[string]*group
}

var _ Alerts = (*Alertmanager)(nil)

// group is what is sent together.
type group struct {
	labels map[string]string // what its alerts have in common by the rule of grouping
	alerts map[string]Alert  // by fingerprint
	due    time.Time         // when it is looked at next
	sent   map[string]string // what the receiver knows: fingerprint → status
	at     time.Time         // when it was told
}

// NewAlertmanager returns one that sends to webhook. told is called after each try to send.
func NewAlertmanager(webhook, self string, p AlertPace, told func(status string, err error)) *Alertmanager {
	return &Alertmanager{webhook: webhook, self: self, pace: p, told: told, wake: make(chan struct{}, 1), groups: map[string]*group{},
		client: &http.Client{Timeout: 10 * time.Second}}
}

// Send implements Alerts.
func (a *Alertmanager) Send(_ context.Context, alerts []Alert) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, alert := range alerts {
		by := grouping(alert)
		key := groupKey(by)
		g := a.groups[key]
		if g == nil {
			g = &group{labels: by, alerts: map[string]Alert{}, sent: map[string]string{}, due: time.Now().Add(a.pace.Wait)}
			a.groups[key] = g
		}
		g.alerts[fingerprint(alert.Labels)] = alert
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return nil
}

// Tell sends alerts that belong to one group at once, as of now, without the waits of its pace.
func (a *Alertmanager) Tell(ctx context.Context, now time.Time, alerts ...Alert) error {
	defer a.client.CloseIdleConnections()
	g := &group{labels: grouping(alerts[0]), alerts: map[string]Alert{}}
	for _, alert := range alerts {
		g.alerts[fingerprint(alert.Labels)] = alert
	}
	_, body := a.webhookBody(groupKey(g.labels), g, now)
	return a.post(ctx, body)
}

// grouping is the labels by which alerts are sent together.
func grouping(a Alert) map[string]string {
	return map[string]string{"alertname": a.Labels["alertname"], "service": a.Labels["service"]}
}

// Run sends groups when they are due, until ctx ends.
func (a *Alertmanager) Run(ctx context.Context) {
	defer a.client.CloseIdleConnections()
	for {
		timer := time.NewTimer(a.next())
		select {
		case <-timer.C:
		case <-a.wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return
		}
		a.flush(ctx)
	}
}

// next is how long nothing is due.
func (a *Alertmanager) next() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	least := time.Hour
	for _, g := range a.groups {
		least = min(least, time.Until(g.due))
	}
	return max(least, 0)
}

// flush sends what is due. A group that could not be sent is due again soon; one whose alerts are all resolved and told is forgotten.
func (a *Alertmanager) flush(ctx context.Context) {
	for _, f := range a.due() {
		err := a.post(ctx, f.body)
		if a.told != nil && ctx.Err() == nil {
			a.told(f.status, err)
		}
		a.settle(f, err)
	}
}

// flushing is one group on its way.
type flushing struct {
	key    string
	status string
	body   []byte
	knows  map[string]string
}

func (a *Alertmanager) due() []flushing {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	var out []flushing
	for key, g := range a.groups {
		if g.due.After(now) {
			continue
		}
		g.due = now.Add(a.pace.Interval)
		knows, tell := g.tells(now, a.pace.Repeat)
		if !tell {
			g.forget(now)
			if len(g.alerts) == 0 {
				delete(a.groups, key)
			}
			continue
		}
		status, body := a.webhookBody(key, g, now)
		out = append(out, flushing{key, status, body, knows})
	}
	return out
}

func (a *Alertmanager) settle(f flushing, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.groups[f.key]
	if err != nil {
		g.due = time.Now().Add(min(time.Second, a.pace.Interval)) // the receiver gave no 2xx
		return
	}
	g.sent, g.at = f.knows, time.Now()
	for print, status := range f.knows {
		if alert := g.alerts[print]; status == "resolved" && alert.resolved(g.at) {
			delete(g.alerts, print)
		}
	}
	if len(g.alerts) == 0 {
		delete(a.groups, f.key)
	}
}

func (a Alert) resolved(now time.Time) bool { return !a.EndsAt.IsZero() && !a.EndsAt.After(now) }

// tells says whether the receiver must be told, by Alertmanager's rules: of an alert that fires and is not known to, of one that is known to fire
// and has resolved, and of the same again after a while. A group that resolved before it was ever told is not told.
func (g *group) tells(now time.Time, repeat time.Duration) (knows map[string]string, tell bool) {
	knows = map[string]string{}
	firing := 0
	for print, alert := range g.alerts {
		status := "firing"
		if alert.resolved(now) {
			status = "resolved"
		} else {
			firing++
		}
		knows[print] = status
		tell = tell || status == "firing" && g.sent[print] != "firing" || status == "resolved" && g.sent[print] == "firing"
	}
	return knows, tell || firing > 0 && !g.at.IsZero() && now.Sub(g.at) >= repeat
}

// forget drops alerts that resolved and need not be told.
func (g *group) forget(now time.Time) {
	maps.DeleteFunc(g.alerts, func(_ string, alert Alert) bool { return alert.resolved(now) })
}

// hook is the webhook, version 4, field by field in the order in which Alertmanager writes it.
type hook struct {
	Receiver          string            `json:"receiver"`
	Status            string            `json:"status"`
	Alerts            []hookAlert       `json:"alerts"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
}

type hookAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // the zero time while it fires
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

func (a *Alertmanager) webhookBody(key string, g *group, now time.Time) (status string, body []byte) {
	h := hook{Receiver: receiver, Status: "resolved", GroupLabels: g.labels, ExternalURL: a.self, Version: "4", GroupKey: key}
	for print, alert := range g.alerts {
		out := hookAlert{Status: "resolved", Labels: alert.Labels, Annotations: alert.Annotations, StartsAt: alert.StartsAt, EndsAt: alert.EndsAt,
			GeneratorURL: alert.GeneratorURL, Fingerprint: print}
		if !alert.resolved(now) {
			out.Status, out.EndsAt, h.Status = "firing", time.Time{}, "firing"
		}
		h.Alerts = append(h.Alerts, out)
	}
	slices.SortFunc(h.Alerts, func(x, y hookAlert) int {
		return cmp.Or(cmp.Compare(x.Labels["job"], y.Labels["job"]), cmp.Compare(x.Labels["instance"], y.Labels["instance"]), cmp.Compare(x.Fingerprint, y.Fingerprint))
	})
	h.CommonLabels, h.CommonAnnotations = maps.Clone(h.Alerts[0].Labels), maps.Clone(h.Alerts[0].Annotations)
	for _, alert := range h.Alerts[1:] {
		keepEqual(h.CommonLabels, alert.Labels)
		keepEqual(h.CommonAnnotations, alert.Annotations)
	}
	body, err := json.Marshal(h)
	if err != nil {
		panic("a webhook of strings and times is not JSON: " + err.Error())
	}
	return h.Status, body
}

func keepEqual(common, other map[string]string) {
	maps.DeleteFunc(common, func(k, v string) bool { return other[k] != v })
}

func (a *Alertmanager) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Alertmanager/played")
	res, err := a.client.Do(req)
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err // the address holds a token
	}
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answered %s: %s", res.Status, said)
	}
	return nil
}

// receiver is the name of Frontline in Alertmanager's configuration.
const receiver = "frontline"

// groupKey is Alertmanager's name of a group below the first route.
func groupKey(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, fmt.Sprintf("%s=%q", k, labels[k]))
	}
	return "{}:{" + strings.Join(parts, ", ") + "}"
}

// fingerprint is Prometheus' own identity of a set of labels.
func fingerprint(labels map[string]string) string {
	set := model.LabelSet{}
	for k, v := range labels {
		set[model.LabelName(k)] = model.LabelValue(v)
	}
	return set.Fingerprint().String()
}
