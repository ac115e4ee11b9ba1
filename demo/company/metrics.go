package company

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// The metrics by which the company's monitoring judges.
const (
	queueMetric     = "verity_decision_queue_messages"
	decisionsMetric = "verity_decisions_total"
	failuresMetric  = "verity_decision_failures_total"
	sessionsMetric  = "verity_sessions_total"
)

// metrics answers in Prometheus' text format. Each value is read when it is asked for.
func (c *Company) metrics() http.Handler {
	r := prometheus.NewRegistry()
	counter := func(name, help string, read func(Observed) int) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read(c.log.observed())) }))
	}
	counter(sessionsMetric, "Sessions that came in.", func(o Observed) int { return o.Came })
	counter(decisionsMetric, "Decisions that were made.", func(o Observed) int { return o.Decided })
	counter(failuresMetric, "Tries to decide that failed.", func(o Observed) int { return o.Failed })
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: queueMetric, Help: "Sessions that wait for a decision, the one in the worker's hand included."},
		func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			n, err := c.queue.Waiting(ctx)
			if err != nil {
				return -1 // nobody knows
			}
			return float64(n)
		}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// scrape asks an address for its metrics, as Prometheus does.
func scrape(ctx context.Context, client *http.Client, url string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", url, res.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	values := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			values[name] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return values, nil
}
