// Package prometheus takes counts from Prometheus, and from whatever speaks its query API (Thanos, Mimir, VictoriaMetrics) or writes as it does:
// a Source asks it for the readings of counters, a Door takes what it writes to us (Remote Write 1.0 and 2.0).
//
// Both reckon increments themselves, from the readings of each raw series. PromQL's increase() extrapolates to the edges of its window, so it says
// 1.03 errors where there was one, and a test that counts errors must not be told fractions of them. See docs/adr/0025.
package prometheus

import (
	"frontline/watch"
)

// names returns what each label of the definition is called at the source.
func names(labels []string, renamed []watch.Renaming) []string {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = l
		for _, r := range renamed {
			if r.Label == l {
				out[i] = r.From
			}
		}
	}
	return out
}
