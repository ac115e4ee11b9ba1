package alert

import "time"

// Live stands for open and acknowledged together in a Query.
const Live State = "live"

// Query narrows a list of groups.
type Query struct {
	State    State  // Open, Taken, Over, Live; all when empty
	Service  string // all when empty
	Unrouted bool   // only those that nobody was found for
	Before   int64  // only numbers below; 0: from the newest
	Limit    int
}

// Counts is how many live groups there are.
type Counts struct {
	Open         int
	Acknowledged int
	Unrouted     int // of both
	Critical     int // of the open ones
}

// Activity is what a source sent lately.
type Activity struct {
	Source   string
	LastAt   time.Time
	Messages int64 // with signals, since the time that was asked about
}
