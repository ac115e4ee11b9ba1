package people

import (
	"fmt"
	"net/netip"
	"time"

	"frontline/fault"
	"frontline/secret"
)

// Tally counts the failed attempts to sign in that came under one key: a mail address, or a network address.
type Tally struct {
	Key      string // a hash: nobody reads from the table who tried
	Failures int
	Since    time.Time // the first failure of this run
	Last     time.Time // the newest
}

// When attempts are limited: failures within patienceWindow are free up to a number; from then on each one doubles the
// wait before the next. A run that reached the limit is forgotten after tallyKept without another failure.
const (
	patienceWindow = 15 * time.Minute
	tallyKept      = 24 * time.Hour
	firstWait      = 5 * time.Second
	longestWait    = 15 * time.Minute
)

// Free attempts by key. A whole office may share one network address.
const (
	freeByEmail   = 5
	freeByAddress = 20
)

// gate is one limit that an attempt must pass.
type gate struct {
	key  string
	free int
}

// fresh returns the tally as it counts now.
func (g gate) fresh(t Tally, now time.Time) Tally {
	expired := t.Failures < g.free && now.Sub(t.Since) >= patienceWindow
	if expired || now.Sub(t.Last) >= tallyKept {
		return Tally{Key: t.Key, Since: now}
	}
	return t
}

// wait is how long the next attempt must wait still.
func (g gate) wait(t Tally, now time.Time) time.Duration {
	t = g.fresh(t, now)
	if t.Failures < g.free {
		return 0
	}
	pause := longestWait
	if over := t.Failures - g.free; over < 10 { // 5 s << 8 is beyond the longest wait already
		pause = min(firstWait<<over, longestWait)
	}
	return max(t.Last.Add(pause).Sub(now), 0)
}

// count returns the tally with one more failure.
func (g gate) count(t Tally, now time.Time) Tally {
	t = g.fresh(t, now)
	t.Failures++
	t.Last = now
	return t
}

// pass counts an attempt at every gate before it is made, as a failure until it turns out otherwise: guesses sent side by side
// must not all see the same count. It refuses when one gate is closed, and then counts nothing.
func pass(gates []gate, current []Tally, now time.Time) ([]Tally, error) {
	var wait time.Duration
	next := make([]Tally, len(gates))
	for i, g := range gates {
		wait = max(wait, g.wait(current[i], now))
		next[i] = g.count(current[i], now)
	}
	if wait > 0 {
		return nil, &fault.Error{Kind: fault.TooMany, After: wait, Say: fmt.Sprintf(
			"Too many attempts failed. Wait %s and try again, or ask an admin for a link to set a new password.", inWords(wait))}
	}
	return next, nil
}

// inWords rounds a wait up to what people say.
func inWords(d time.Duration) string {
	if d > time.Minute {
		return fmt.Sprintf("%d minutes", int((d+time.Minute-1)/time.Minute))
	}
	n := int((d + time.Second - 1) / time.Second)
	if n == 1 {
		return "1 second"
	}
	return fmt.Sprintf("%d seconds", n)
}

// gatesFor returns the limits of an attempt. Somebody who is signed in from this network address already has a count of their own
// there, so that a stranger who knows their mail address cannot lock them out of a night's work.
func gatesFor(email, from string, familiar bool) []gate {
	if familiar {
		return []gate{{key: keyOf("both", email+" "+network(from)), free: freeByEmail}}
	}
	gates := []gate{{key: keyOf("email", email), free: freeByEmail}}
	if from != "" {
		gates = append(gates, gate{key: keyOf("address", network(from)), free: freeByAddress})
	}
	return gates
}

func keyOf(kind, value string) string { return secret.Hash("attempt " + kind + " " + value) }

// network is what one household or host commands: the address, and of IPv6 the first 64 bits.
func network(from string) string {
	a, err := netip.ParseAddr(from)
	if err != nil {
		return from
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // 64 bits always fit
		return p.String()
	}
	return a.String()
}
