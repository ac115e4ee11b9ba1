package detect

import "time"

// Sample is one reading of a counter that only grows, as Prometheus and OpenTelemetry have them.
type Sample struct {
	At    time.Time
	Since time.Time // since when it has counted, where the source says so
	Value float64
}

// Increment is what was counted between two readings of a counter, and whether that can be known. every is the usual time between readings.
//
// A counter that is lower than before, or that says it began later, has begun anew: then its value is the increment. The first reading, and
// one after a gap of more than five intervals without a word on when counting began, tell nothing: what a process counted before we looked
// belongs to no bucket. Take errors and requests from the same reading.
func Increment(before *Sample, now Sample, every time.Duration) (float64, bool) {
	if !(now.Value >= 0) || now.Value > 1e300 {
		return 0, false
	}
	if before == nil {
		return 0, false
	}
	if !now.At.After(before.At) {
		return 0, false
	}
	known := !now.Since.IsZero() && !before.Since.IsZero()
	if known && now.Since.After(before.Since) {
		return now.Value, true
	}
	if !known && now.At.Sub(before.At) > 5*every {
		return 0, false
	}
	if now.Value < before.Value {
		return now.Value, true
	}
	return now.Value - before.Value, true
}
