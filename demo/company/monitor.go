package company

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Alerts takes what a monitoring system says, as Alertmanager does: the alerts that are active, again and again, and those that have ended.
type Alerts interface {
	Send(ctx context.Context, alerts []Alert) error
}

// Alert is what Prometheus tells Alertmanager. One whose EndsAt has passed is resolved.
type Alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

// monitor is the company's monitoring: it asks the company for its metrics, like anybody could, and has one rule:
//
//	verity_decision_queue_messages > 0 and increase(verity_decisions_total[STUCK]) == 0, kept firing until a decision is made
type monitor struct {
	url    string // of the company
	pace   Pace
	log    *record
	client *http.Client

	looks []look
	since time.Time // when the rule began to hold; zero while it does not
}

// look is one scrape.
type look struct {
	at      time.Time
	waiting float64 // sessions
	made    float64 // decisions, ever
}

func newMonitor(url string, p Pace, log *record) *monitor {
	return &monitor{url: url, pace: p, log: log, client: &http.Client{Timeout: 5 * time.Second}}
}

func (m *monitor) run(ctx context.Context, alerts Alerts) error {
	tick := time.NewTicker(m.pace.Look)
	defer tick.Stop()
	defer m.client.CloseIdleConnections()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		values, err := scrape(ctx, m.client, m.url+"/metrics")
		if err != nil || values[queueMetric] < 0 {
			continue // without data nothing is said, as Prometheus does
		}
		now := time.Now()
		active := m.judge(look{at: now, waiting: values[queueMetric], made: values[decisionsMetric]})
		if len(active) == 0 {
			continue
		}
		if err := alerts.Send(ctx, active); err != nil && ctx.Err() == nil {
			m.log.happened("critical", "The alert cannot be handed on: "+err.Error())
		}
	}
}

// judge takes the newest look and returns what to say: the alert while the rule holds, and once more when it has ended.
func (m *monitor) judge(l look) []Alert {
	m.looks = append(m.looks, l)
	for len(m.looks) > 1 && l.at.Sub(m.looks[1].at) >= m.pace.Stuck {
		m.looks = m.looks[1:]
	}
	first := m.looks[0]
	known := l.at.Sub(first.at) >= m.pace.Stuck
	// Once it fires it goes on until a decision is made: while somebody looks through the queue's messages, none waits and nothing is mended.
	holds := known && l.made == first.made && (l.waiting > 0 || !m.since.IsZero())
	switch {
	case holds && m.since.IsZero():
		m.since = l.at
		m.fires(true, "critical", "Monitoring fires DecisionQueueStopped: sessions wait, and no decision was made for "+m.pace.Stuck.String()+".")
	case !holds && !m.since.IsZero():
		ended := m.alert(l)
		ended.EndsAt = l.at
		m.since = time.Time{}
		m.fires(false, "ok", "Monitoring says that DecisionQueueStopped is over.")
		return []Alert{ended}
	}
	if m.since.IsZero() {
		return nil
	}
	a := m.alert(l)
	a.EndsAt = l.at.Add(10 * m.pace.Look) // until then it holds, should we not be heard of again
	return []Alert{a}
}

func (m *monitor) fires(on bool, look, say string) {
	m.log.change(func(now time.Time, o *Observed) {
		o.Firing = on
		o.note(now, look, say)
	})
}

func (m *monitor) alert(l look) Alert {
	o := m.log.observed()
	what := fmt.Sprintf("%.0f sessions wait for a decision.", l.waiting)
	if o.Stuck() {
		what = fmt.Sprintf("%.0f sessions wait for a decision. The worker fails on one message again and again: %s.", l.waiting, o.Trouble.Why)
	}
	return Alert{
		Labels: map[string]string{"alertname": "DecisionQueueStopped", "service": "decision-pipeline", "severity": "critical", "queue": "decisions.in",
			"instance": "worker-1.verity.example:9100", "job": "decision-worker"},
		Annotations: map[string]string{"summary": "The decision queue has stopped", "description": what, "runbook_url": m.url + "/runbook"},
		StartsAt:    m.since, GeneratorURL: m.url + "/#queue",
	}
}
