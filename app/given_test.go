package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"frontline/alert"
)

func TestFactsAreWhatAllAlertsSay(t *testing.T) {
	labels := func(state alert.State, pod, queue string) alert.Alert {
		return alert.Alert{State: state, Labels: map[string]string{"pod": pod, "queue": queue}}
	}
	for name, c := range map[string]struct {
		alerts []alert.Alert
		want   map[string]string
	}{
		"none":                   {nil, map[string]string{}},
		"one":                    {[]alert.Alert{labels(alert.Open, "decider-0", "decisions")}, map[string]string{"label.pod": "decider-0", "label.queue": "decisions"}},
		"two that differ":        {[]alert.Alert{labels(alert.Open, "decider-0", "decisions"), labels(alert.Open, "decider-1", "decisions")}, map[string]string{"label.queue": "decisions"}},
		"what is over is over":   {[]alert.Alert{labels(alert.Over, "decider-1", "decisions"), labels(alert.Open, "decider-0", "decisions")}, map[string]string{"label.pod": "decider-0", "label.queue": "decisions"}},
		"all over":               {[]alert.Alert{labels(alert.Over, "decider-1", "decisions")}, map[string]string{"label.pod": "decider-1", "label.queue": "decisions"}},
		"one without any labels": {[]alert.Alert{labels(alert.Open, "decider-0", "decisions"), {State: alert.Open}}, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, labelsOf(c.alerts)); d != "" {
				t.Errorf("facts (-want +got):\n%s", d)
			}
		})
	}
}
