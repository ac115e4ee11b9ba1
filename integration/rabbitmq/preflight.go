package rabbitmq

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"frontline/fault"
)

// version is the broker's version as far as its behaviour depends on it.
type version struct{ major, minor int }

func parseVersion(s string) (version, error) {
	major, rest, _ := strings.Cut(s, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err1 := strconv.ParseUint(major, 10, 16)
	b, err2 := strconv.ParseUint(minor, 10, 16)
	if err1 != nil || err2 != nil {
		return version{}, fault.New(fault.Internal, "The broker says its version is %.40q, which Frontline does not understand. Check that the setting broker points at RabbitMQ.", s)
	}
	return version{int(a), int(b)}, nil
}

func (v version) since(major, minor int) bool {
	return v.major > major || (v.major == major && v.minor >= minor)
}

// mode is how messages are held.
type mode string

const (
	// byConsumer is one basic.consume with a high priority: it is served before the application's consumers, and what it held
	// comes back in exact order on quorum queues too. Messages held by basic.get come back there in random order (0 of 96 runs
	// kept it).
	byConsumer mode = "consume"
	// byGet is a row of basic.get, on classic queues where a consumer would be refused, would get nothing, or would take the
	// queue with it when it leaves.
	byGet mode = "get"
)

// preflight is what is known about a queue before anything is held. Its methods decide; they ask nobody.
type preflight struct {
	version   version
	queue     queue
	ready     int // fresh, over AMQP
	consumers int // fresh, over AMQP
	hold      time.Duration
}

func (p preflight) quorum() bool { return p.queue.Type == "quorum" }

func (p preflight) singleActive() bool {
	on, _ := p.queue.Arguments["x-single-active-consumer"].(bool)
	return on
}

func (p preflight) exclusiveConsumer() bool {
	if tag := p.queue.Exclusives; tag != nil && *tag != "" {
		return true
	}
	for _, c := range p.queue.Consumers {
		if c.Exclusive {
			return true
		}
	}
	return false
}

func (p preflight) mode() mode {
	if !p.quorum() && (p.consumers == 0 || p.singleActive() || p.exclusiveConsumer() || p.queue.AutoDelete) {
		return byGet
	}
	return byConsumer
}

// modeFor is mode for a run that may disconnect the consumers: then a consumer of ours must wait in the queue first, so that it gets
// what they had in hand, except beside an exclusive one, where the broker would refuse it.
func (p preflight) modeFor(i inputs) mode {
	if i.Disconnect && !p.exclusiveConsumer() {
		return byConsumer
	}
	return p.mode()
}

// inHand is how many messages the consumers may hold: what the broker last reported, or what their prefetch allows.
func (p preflight) inHand() int {
	allowed := 0
	for _, c := range p.queue.Consumers {
		allowed += c.Prefetch
	}
	return max(p.queue.Unacked, allowed)
}

// setting returns the lower of a queue argument and the same key of its policy, which is what the broker applies.
func (p preflight) setting(name string) (int, bool) {
	lowest, found := math.MaxInt, false
	for _, v := range []any{p.queue.Arguments["x-"+name], p.queue.Policy[name]} {
		if f, ok := v.(float64); ok && f >= 0 {
			lowest, found = min(lowest, int(f)), true
		}
	}
	return lowest, found
}

func (p preflight) text(name string) string {
	for _, v := range []any{p.queue.Arguments["x-"+name], p.queue.Policy[name]} {
		if s, ok := v.(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// limit returns how many failed deliveries a message survives. Classic queues do not count; quorum queues have a limit of 20
// since 4.0 when nobody set another, and none at -1.
func (p preflight) limit() (int, bool) {
	if !p.quorum() {
		return 0, false
	}
	if n, ok := p.setting("delivery-limit"); ok {
		return n, true
	}
	_, argument := p.queue.Arguments["x-delivery-limit"]
	_, policy := p.queue.Policy["delivery-limit"]
	if p.version.since(4, 0) && !argument && !policy {
		return 20, true
	}
	return 0, false
}

// returnsCount says whether giving a message back uses up one of its deliveries. Since 4.3 basic.nack does not.
func (p preflight) returnsCount() bool { return p.quorum() && !p.version.since(4, 3) }

// deadLetters says whether a message over its limit is moved to somewhere instead of being deleted.
func (p preflight) deadLetters() bool {
	_, argument := p.queue.Arguments["x-dead-letter-exchange"]
	_, policy := p.queue.Policy["dead-letter-exchange"]
	return argument || policy
}

// mayLook says whether a message may be held and given back without a place to keep a copy. On a quorum queue with a limit and without a
// dead-letter exchange it may not: a message on its last delivery would be deleted by being looked at.
func (p preflight) mayLook() bool {
	_, limited := p.limit()
	return !limited || p.deadLetters()
}

// doomed says whether the broker will drop or dead-letter a message with that many counted deliveries when it is given back.
func (p preflight) doomed(deliveries int64) bool {
	limit, limited := p.limit()
	return limited && p.returnsCount() && deliveries+1 > int64(limit)
}

// Room that a bounded queue must have, and a life that messages must have, for holding to lose nothing.
const (
	nearlyFull  = 0.9
	shortLiving = time.Minute
)

// refuse says why this queue must not be touched, or nil.
func (p preflight) refuse(i inputs) error {
	name := p.queue.Name
	switch {
	case p.queue.Type == "stream":
		return fault.Wrong("queue", "%s is a stream: nothing can be taken out of a stream. Have its consumer skip the message.", name)
	case p.queue.Type != "classic" && !p.quorum():
		return fault.Wrong("queue", "%s is a queue of type %q, which this action does not know. Use the broker's own tools.", name, p.queue.Type)
	case p.queue.Exclusive:
		return fault.Wrong("queue", "%s belongs to one connection alone and dies with it. Nothing else can read it: restart its owner.", name)
	case i.Disconnect && p.queue.AutoDelete:
		return fault.Wrong("disconnect", "%s deletes itself, with all messages, when its last consumer goes. Plan again without disconnect.", name)
	case p.quorum() && p.queue.AutoDelete:
		return fault.Wrong("queue", "%s would delete itself, with all messages, when Frontline lets go of it. Use the broker's own tools.", name)
	case p.queue.Messages == nil && !p.queue.policyFree:
		return fault.New(fault.Unavailable, "The broker has not reported about %s yet. Try again in a few seconds.", name)
	case !p.queue.runs():
		return fault.New(fault.Unavailable, "The broker says that %s is %s. Wait until it runs, then try again.", name, p.queue.State)
	}
	if err := p.refuseLoss(); err != nil {
		return err
	}
	if p.quorum() && p.singleActive() && !p.version.since(4, 0) && p.consumers > 0 && !i.Disconnect {
		return fault.New(fault.Conflict, "%s serves one consumer at a time, and on this broker nobody else gets anything while that one is there. Stop the consumer or choose to disconnect it, then plan again.", name)
	}
	return nil
}

// refuseLoss refuses queues where messages could vanish because they were held.
func (p preflight) refuseLoss() error {
	name := p.queue.Name
	if overflow := p.text("overflow"); overflow == "" || overflow == "drop-head" {
		arriving := int(p.queue.Rates.Publish.PerSecond * p.hold.Seconds())
		for _, bound := range []struct {
			key string
			has int
		}{{"max-length", max(p.ready, p.queue.Ready) + p.queue.Unacked + arriving}, {"max-length-bytes", p.queue.Bytes}} {
			most, bounded := p.setting(bound.key)
			if bounded && float64(bound.has) >= nearlyFull*float64(most) {
				return fault.New(fault.Conflict, "%s drops its oldest messages when it is full, and it is nearly full (%d of its %s of %d). Raise the limit or stop the publishers, then plan again.", name, bound.has, bound.key, most)
			}
		}
	}
	if ms, set := p.setting("message-ttl"); set && time.Duration(ms)*time.Millisecond < shortLiving {
		return fault.New(fault.Conflict, "Messages in %s live for only %s, so some would expire while they are held. Raise message-ttl above %s, then plan again.", name, time.Duration(ms)*time.Millisecond, shortLiving)
	}
	if ms, set := p.setting("expires"); set && time.Duration(ms)*time.Millisecond < shortLiving {
		return fault.New(fault.Conflict, "%s deletes itself after %s without use. Raise expires above %s, then plan again.", name, time.Duration(ms)*time.Millisecond, shortLiving)
	}
	if kind := p.text("delayed-retry-type"); kind == "all" || kind == "returned" {
		return fault.New(fault.Conflict, "%s delays what is given back (delayed-retry-type %s), so its order would change. Switch that off for the moment, then plan again.", name, kind)
	}
	return nil
}

// costs says what holding costs others, one sentence each.
func (p preflight) costs() []string {
	var all []string
	if p.consumers > 0 {
		all = append(all, fmt.Sprintf("The %s of the queue may wait for up to %s while its first messages are held.", counted(p.consumers, "consumer", "consumers"), p.hold))
	}
	limit, limited := p.limit()
	switch {
	case !p.quorum():
		all = append(all, "Every message that is held is marked as redelivered when it is given back.")
	case !p.returnsCount():
		all = append(all, "Giving messages back does not count as a delivery on this broker; only a crash of Frontline in the middle would.")
	case limited && p.deadLetters():
		all = append(all, fmt.Sprintf("Every message that is held uses one of the %d deliveries that the queue allows; one on its last is dead-lettered by the queue's own rule.", limit))
	case limited:
		all = append(all, fmt.Sprintf("Every message that is held uses one of the %d deliveries that the queue allows, and the queue has no dead-letter exchange: one on its last is kept in quarantine too, so that it is not deleted.", limit))
	default:
		all = append(all, "Every message that is held counts one delivery more; this queue sets no limit.")
	}
	if p.quorum() {
		all = append(all, "Messages that were given back before are held with the others, however many they are, so that all keep their places.")
	}
	if ms, set := p.setting("message-ttl"); set {
		all = append(all, fmt.Sprintf("Messages older than %s expire also while they are held.", time.Duration(ms)*time.Millisecond))
	}
	if !p.queue.Durable {
		all = append(all, "The queue does not survive a restart of the broker.")
	}
	return all
}

// identity is a digest of what makes the queue behave as it does; a plan is good as long as it stays the same.
func (p preflight) identity() (string, error) {
	policy := p.queue.Policy
	if policy == nil {
		policy = definition{}
	}
	b, err := json.Marshal(map[string]any{
		"name": p.queue.Name, "type": p.queue.Type, "durable": p.queue.Durable, "auto_delete": p.queue.AutoDelete,
		"arguments": p.queue.Arguments, "policy": policy, "version": fmt.Sprint(p.version),
	})
	if err != nil {
		return "", fmt.Errorf("identify the queue: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
