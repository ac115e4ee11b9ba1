package watch

import (
	"math"
	"time"
)

// month is the month that budgets are added up in.
const month = 30 * 24 * time.Hour

// PerMonth is how many false alarms the watches may raise together in 30 days, on average. Budgets that cannot be read count nothing.
func PerMonth(all ...Definition) float64 {
	var n float64
	for _, d := range all {
		if gap, err := Budget(d.FalseAlarms); err == nil {
			n += float64(month) / float64(gap)
		}
	}
	return n
}

// Promised says how many false alarms the watches may raise together: "2 a month", "3 a year".
func Promised(all ...Definition) string {
	n := PerMonth(all...)
	switch {
	case len(all) == 1 && all[0].FalseAlarms != "":
		return all[0].FalseAlarms
	case n >= 0.95:
		return Figure(round(n)) + " a month"
	}
	return Figure(round(n*float64(365*24*time.Hour)/float64(month))) + " a year"
}

// round keeps one place behind the point, so that six quarters of a false alarm do not become none.
func round(n float64) float64 { return float64(int64(10*n+0.5)) / 10 }

// Feeds says in words where the counts come from.
func (d Definition) Feeds() string {
	s := d.Source
	switch {
	case s.Prometheus != nil:
		return "asked from Prometheus at " + s.Prometheus.URL
	case s.RemoteWrite != nil:
		return "what Prometheus writes to us"
	case s.SQL != nil:
		return "asked from a database (" + s.SQL.Driver + ")"
	case s.Push != nil:
		return "sent to the API"
	case s.Own != nil && s.Own.Of == OwnRuns:
		return "runs of Frontline that failed"
	}
	return "requests that came to Frontline"
}

// Joined joins neighbouring points until there are at most that many.
func Joined(points []Point, most int) []Point {
	together := (len(points) + most - 1) / max(most, 1)
	if together <= 1 {
		return points
	}
	var out []Point
	for len(points) > 0 {
		n := min(together, len(points))
		p := Point{At: points[0].At}
		var usual, low, high float64
		for _, x := range points[:n] {
			p.Errors, p.Requests = p.Errors+x.Errors, p.Requests+x.Requests
			usual, low, high = usual+x.Usual*x.Requests, low+x.Low*x.Requests, high+x.High*x.Requests
		}
		p.Usual = share(usual, p.Requests)
		shrink := 1.0 // the sum of n alike varies by √n, its mean by 1/√n
		if n > 1 {
			shrink = 1 / math.Sqrt(float64(n))
		}
		p.Low, p.High = max(0, p.Usual-shrink*(p.Usual-share(low, p.Requests))), p.Usual+shrink*(share(high, p.Requests)-p.Usual)
		out, points = append(out, p), points[n:]
	}
	return out
}
