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
	"frontline/fault"
)

// metrics are what Frontline tells of itself to Prometheus.
type metrics struct {
	registry *prometheus.Registry
	signals  *prometheus.CounterVec
	sent     *prometheus.CounterVec
	handoff  prometheus.Histogram
	overdue  prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		signals:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "frontline_signals_total", Help: "Signals that were committed, by source and what became of them."}, []string{"source", "became"}),
		sent:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "frontline_attempts_total", Help: "Tries to deliver a page, by channel and outcome."}, []string{"channel", "outcome"}),
		handoff:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "frontline_handoff_seconds", Help: "Time from when an attempt was due to the provider's receipt.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)}),
		overdue:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "frontline_pages_overdue", Help: "Pages past their deadline, as the auditor last saw it. Anything but 0 is an emergency."}),
	}
	m.registry.MustRegister(m.signals, m.sent, m.handoff, m.overdue, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) accepted(source string, a alert.Accepted) {
	m.signals.WithLabelValues(source, "opened").Add(float64(a.Opened))
	m.signals.WithLabelValues(source, "resolved").Add(float64(a.Resolved))
	m.signals.WithLabelValues(source, "repeated").Add(float64(a.Repeated))
	m.signals.WithLabelValues(source, "unrouted").Add(float64(a.Unrouted))
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
