package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"frontline/alert"
	"frontline/clock"
	"frontline/fault"
	"frontline/oncall"
)

// metrics are what Frontline tells of itself to Prometheus.
type metrics struct {
	registry *prometheus.Registry
	signals  *prometheus.CounterVec
	sent     *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		signals:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "frontline_signals_total", Help: "Signals that were committed, by source and what became of them."}, []string{"source", "became"}),
		sent:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "frontline_attempts_total", Help: "Tries to deliver a page, by channel and outcome."}, []string{"channel", "outcome"}),
		took:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "frontline_send_seconds", Help: "How long a provider took to answer, by channel.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 13)}, []string{"channel"}),
	}
	m.registry.MustRegister(m.signals, m.sent, m.took, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) accepted(source string, a alert.Accepted) {
	m.signals.WithLabelValues(source, "opened").Add(float64(a.Opened))
	m.signals.WithLabelValues(source, "resolved").Add(float64(a.Resolved))
	m.signals.WithLabelValues(source, "repeated").Add(float64(a.Repeated))
	m.signals.WithLabelValues(source, "unrouted").Add(float64(a.Unrouted))
}

// watch adds what the auditor last saw.
func (m *metrics) watch(a *oncall.Auditor) {
	gauge := func(name, help string, value func(oncall.Health) int) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value(a.Last())) }))
	}
	gauge("frontline_pages_overdue", "Pages past their time, as the auditor last saw it. Anything but 0 is an emergency.", func(h oncall.Health) int { return len(h.Late) })
	gauge("frontline_attempts_stuck", "Messages that wait or are being sent for too long.", func(h oncall.Health) int { return len(h.Stuck) })
	gauge("frontline_pages_exhausted", "Pages that went through their whole policy without an answer.", func(h oncall.Health) int { return len(h.Exhausted) })
}

// measured is a channel whose sends are counted and timed.
type measured struct {
	oncall.Channel
	metrics *metrics
	clock   clock.Clock
}

// Send implements oncall.Channel.
func (c measured) Send(ctx context.Context, address string, m oncall.Message) (oncall.Receipt, error) {
	began := c.clock.Now()
	receipt, err := c.Channel.Send(ctx, address, m)
	outcome := "sent"
	switch {
	case err != nil && fault.Again(err):
		outcome = "tried_again"
	case err != nil:
		outcome = "failed"
	}
	c.metrics.sent.WithLabelValues(c.Name(), outcome).Inc()
	c.metrics.took.WithLabelValues(c.Name()).Observe(c.clock.Now().Sub(began).Seconds())
	return receipt, err
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// healthz says that the process lives: a load balancer restarts it when this does not answer.
func (a *App) healthz(w http.ResponseWriter, _ *http.Request) {
	say(w, http.StatusOK, map[string]any{"status": "alive"})
}

// readyz says whether to send requests here: not while stopping, and not when the database cannot be written.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	if a.stopping.Load() {
		say(w, http.StatusServiceUnavailable, map[string]any{"status": "stopping"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := a.db.Ping(ctx); err != nil {
		say(w, http.StatusServiceUnavailable, map[string]any{"status": "not ready", "error": fault.Sentence(err)})
		return
	}
	say(w, http.StatusOK, map[string]any{"status": "ready"})
}

func say(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what) // the connection is gone when this fails
}
