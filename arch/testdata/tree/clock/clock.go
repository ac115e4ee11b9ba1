// Package clock answers what time it is, and is the one place that may ask.
package clock

import "time"

// Now returns the time.
func Now() time.Time { return time.Now() }
